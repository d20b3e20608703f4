"""What a lesson or a course lacks, beside its form while it is written.

What publishing refuses comes from where it is refused: the blocks' own ``clean`` and the form's rule for a name. The
rest is advice: it can be published so, but members would miss something.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from wagtail.models import Page

from cms.core.lesson import VIDEO, held_in
from cms.forms import circle_in
from cms.models import CoursePage, LessonPage
from cms.queries import lessons_written
from cms.reviewing import ReviewSaid, review_of
from media.models import Video
from quizzes.models import Quiz

# As Wagtail calls the parts of its form.
FIELD = "#id_{}-label"
BODY = "#body"
BLOCK = "#block-{}-section"
MOST_LESSONS = 100


@dataclass(frozen=True)
class Lack:
    """One line: what is missing, and where it is put right (``url``: an address or the place in the form)."""

    text: str
    url: str = ""
    step: str = ""


@dataclass(frozen=True)
class WrittenLesson:
    title: str
    url: str
    state: str


@dataclass(frozen=True)
class Checklist:
    """``refused``: without it nothing is published; ``advice``: it may be; of a course ``lessons`` and ``more``.

    ``review``: how it stands with a second person. ``is_published``: as it stands here, members have it already.
    """

    refused: tuple[Lack, ...]
    advice: tuple[Lack, ...]
    lessons: tuple[WrittenLesson, ...] = ()
    more: int = 0
    add_url: str = ""
    is_published: bool = False
    review: ReviewSaid | None = None


def refused_for(page: LessonPage | CoursePage) -> list[Lack]:
    """Return for what publishing would refuse the page as it is in memory: asked by form, bulk, clock and review.

    No query beyond what its blocks show, and of a course what it asks for first.
    """
    found = []
    if fault := page.base_form_class.fault_in(page.title):
        found.append(Lack(str(fault), FIELD.format("title")))
    if isinstance(page, LessonPage):
        found += _faults_in(page)
    elif page.pk and (circle := circle_in(page, page.requires.all())):
        found.append(Lack(circle.messages[0], FIELD.format("requires")))
    return found


def checklist_of(page: LessonPage | CoursePage) -> Checklist:
    """Return what the page lacks, as it is in memory. A number of queries that does not grow with its blocks."""
    refused = tuple(refused_for(page))
    is_published = page.live and not page.has_unpublished_changes
    review = review_of(page) if page.pk else None
    if isinstance(page, LessonPage):
        add_url = lesson_to_add(page.get_parent()) if page.pk else ""
        advice = tuple(_advice_for_lesson(page))
        return Checklist(refused, advice, add_url=add_url, is_published=is_published, review=review)
    written = list(lessons_written(page)) if page.pk else []
    lessons = tuple(
        WrittenLesson(one.draft_title or one.title, reverse("wagtailadmin_pages:edit", args=[one.pk]), _state(one))
        for one in written[:MOST_LESSONS]
    )
    add_url = lesson_to_add(page) if page.pk else ""
    advice = tuple(_advice_for_course(page, written))
    return Checklist(refused, advice, lessons, len(written) - len(lessons), add_url, is_published, review)


def lesson_to_add(course: Page) -> str:
    """Return the address at which a course gets its next lesson."""
    return reverse("wagtailadmin_pages:add", args=["cms", "lessonpage", course.pk])


def _state(lesson: LessonPage) -> str:
    if not lesson.live:
        return _("草稿")
    return _("已发布，有没发布的修改") if lesson.has_unpublished_changes else _("已发布")


def _faults_in(lesson: LessonPage) -> Iterator[Lack]:
    try:
        lesson.body.stream_block.clean(lesson.body)
    except ValidationError as error:
        by_block: dict[int, Any] = getattr(error, "block_errors", {})
        for number, fault in by_block.items():
            block = lesson.body[number]
            for words in _sentences(block.block, fault):
                text = _("第 %(number)s 块“%(block)s”：%(fault)s")
                values = {"number": number + 1, "block": block.block.label, "fault": words}
                yield Lack(text % values, BLOCK.format(block.id))


def _sentences(block: Any, error: Any) -> Iterator[str]:
    """Give the sentences of an error of a block and of what it is made of, each part by its name."""
    parts: dict[Any, Any] = getattr(error, "block_errors", {})
    if not parts and not getattr(error, "non_block_errors", None):
        yield from error.messages
        return
    for key, fault in parts.items():
        part = block.child_block if isinstance(key, int) else block.child_blocks[key]
        name = _("第 %(number)s 张") % {"number": key + 1} if isinstance(key, int) else part.label
        yield from (f"{name}：{words}" for words in _sentences(part, fault))
    for fault in getattr(error, "non_block_errors", []):
        yield str(fault)


def _advice_for_lesson(lesson: LessonPage) -> Iterator[Lack]:
    if not len(lesson.body):
        yield Lack(_("这一讲还没有内容。"), BODY)
    for block in lesson.body:
        if held_in(block.block_type) != VIDEO or not isinstance(block.value, Video):
            continue
        at, title = BLOCK.format(block.id), {"title": block.value.title}
        if block.value.state == Video.State.FAILED:
            yield Lack(_("“%(title)s”没有处理成功，请换一个，或者重新上传。") % title, at)
        elif block.value.state != Video.State.READY:
            yield Lack(_("“%(title)s”还在处理，处理好了才能看。") % title, at)
    if lesson.asks_quiz and not lesson.is_optional:
        yield from _advice_for_quizzes(lesson)
    course = lesson.get_parent().specific if lesson.pk else None
    if isinstance(course, CoursePage) and not course.live:
        where = reverse("wagtailadmin_pages:edit", args=[course.pk])
        yield Lack(_("课程“%(title)s”还没有发布，党员看不到里面的课。") % {"title": course.title}, where, _("去看课程"))


def _advice_for_quizzes(lesson: LessonPage) -> Iterator[Lack]:
    """What a lesson lacks that is finished only once its quizzes are passed."""
    quizzes = [(block.id, block.value) for block in lesson.body if isinstance(block.value, Quiz)]
    if not quizzes:
        yield Lack(_("勾了“通过练习才算学完”，里面还没有练习：请加一份练习，或者不勾。"), BODY)
    for block_id, quiz in quizzes:
        at, title = BLOCK.format(block_id), {"title": quiz.title}
        if quiz.withdrawn_at is not None:
            yield Lack(_("练习“%(title)s”已经撤下，不会要求通过。") % title, at)
        elif quiz.most_attempts is not None:
            yield Lack(_("练习“%(title)s”限了次数：做完次数还没通过的人学不完这一讲，最好不限。") % title, at)


def _advice_for_course(course: CoursePage, lessons: list[LessonPage]) -> Iterator[Lack]:
    if not lessons:
        yield Lack(_("课程里还没有课。"), lesson_to_add(course) if course.pk else "", _("加一讲"))
    elif not any(lesson.live for lesson in lessons):
        yield Lack(
            _("里面的课都还没有发布。"), reverse("wagtailadmin_pages:edit", args=[lessons[0].pk]), _("去看第一讲")
        )
    if not strip_tags(course.intro).strip():
        yield Lack(_("还没有写课程介绍。"), FIELD.format("intro"))
    if course.cover is None:
        yield Lack(_("没有选封面，现在用课程名称做成封面。"), FIELD.format("cover"))
