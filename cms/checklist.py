"""What a lesson, a course or a learning path lacks, beside its form while it is written.

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
from wagtail.documents import get_document_model
from wagtail.models import Page

from cms.core.lesson import VIDEO, held_in
from cms.core.moments import ASKS
from cms.forms import circle_in, faults_in_steps
from cms.models import CoursePage, LessonPage, PathPage
from cms.queries import drawn_papers, lessons_written
from cms.reviewing import ReviewSaid, review_of
from cms.sentences import paper_advice
from media.models import Video
from quizzes.core.asked import moment_ms
from quizzes.models import Question, Quiz

# As Wagtail calls the parts of its form.
FIELD = "#id_{}-label"
BODY = "#body"
STEPS = "#panel-child-content-steps-section"
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


def refused_for(page: LessonPage | CoursePage | PathPage) -> list[Lack]:
    """Return for what publishing would refuse the page as it is in memory: asked by form, bulk, clock and review.

    No query beyond what its blocks show, and of a course what it asks for first.
    """
    found = []
    if fault := page.base_form_class.fault_in(page.title):
        found.append(Lack(str(fault), FIELD.format("title")))
    if isinstance(page, LessonPage):
        found += _faults_in(page)
    elif isinstance(page, PathPage):
        found += [Lack(str(fault), STEPS) for fault in faults_in_steps([one.course for one in page.steps.all()])]
    elif page.pk and (circle := circle_in(page, page.requires.all())):
        found.append(Lack(circle.messages[0], FIELD.format("requires")))
    return found


def refused_in(form: Any) -> list[Lack]:
    """Return for what a form was refused just now: the page in memory has nothing of what was not taken."""
    found = []
    for name, errors in form.errors.as_data().items():
        if name not in form.fields:
            found += [Lack(words) for error in errors for words in error.messages]
            continue
        field = form[name]
        for error in errors:
            if getattr(error, "block_errors", None):
                found += _faults_of(error, field.value())
                continue
            found += [Lack(f"{field.label}：{words}", FIELD.format(name)) for words in error.messages]
    for formset in form.formsets.values():
        said = [*formset.non_form_errors(), *(_said_in(one) for one in formset.errors if one)]
        found += [Lack(str(words), STEPS if formset.prefix == "steps" else "") for words in said]
    return found


def _said_in(errors: Any) -> str:
    return " ".join(words for several in errors.values() for words in several)


def checklist_of(page: LessonPage | CoursePage | PathPage, form: Any = None) -> Checklist:
    """Return what the page lacks, as it is in memory; ``form``: one that was sent and refused. Then it says for what,
    and there is no advice: what was written is in the form alone.

    A number of queries that does not grow with its blocks.
    """
    said = refused_in(form) if form is not None and form.is_bound else []
    refused = tuple(said or refused_for(page))
    is_published = page.live and not page.has_unpublished_changes
    review = review_of(page) if page.pk else None
    if isinstance(page, LessonPage):
        add_url = lesson_to_add(page.get_parent()) if page.pk else ""
        advice = () if said else tuple(_advice_for_lesson(page))
        return Checklist(refused, advice, add_url=add_url, is_published=is_published, review=review)
    if isinstance(page, PathPage):
        steps = () if said else tuple(_advice_for_path(page))
        return Checklist(refused, steps, is_published=is_published, review=review)
    written = list(lessons_written(page)) if page.pk else []
    lessons = tuple(
        WrittenLesson(one.draft_title or one.title, reverse("wagtailadmin_pages:edit", args=[one.pk]), _state(one))
        for one in written[:MOST_LESSONS]
    )
    add_url = lesson_to_add(page) if page.pk else ""
    advice = () if said else tuple(_advice_for_course(page, written))
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
        yield from _faults_of(error, lesson.body)


def _faults_of(error: ValidationError, body: Any) -> Iterator[Lack]:
    by_block: dict[int, Any] = getattr(error, "block_errors", {})
    for number, fault in by_block.items():
        block = body[number]
        for words in _sentences(block.block, fault):
            text = _("第 %(number)s 块“%(block)s”：%(fault)s")
            values = {"number": number + 1, "block": block.block.label, "fault": words}
            yield Lack(text % values, BLOCK.format(block.id) if block.id else BODY)


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
    yield from _advice_for_papers(lesson)
    yield from _advice_for_moments(lesson)
    if lesson.asks_quiz and not lesson.is_optional:
        yield from _advice_for_quizzes(lesson)
    course = lesson.get_parent().specific if lesson.pk else None
    if isinstance(course, CoursePage) and not course.live:
        where = reverse("wagtailadmin_pages:edit", args=[course.pk])
        yield Lack(_("课程“%(title)s”还没有发布，党员看不到里面的课。") % {"title": course.title}, where, _("去看课程"))


def _advice_for_papers(lesson: LessonPage) -> Iterator[Lack]:
    """The PDFs that a phone cannot show page by page, or not yet. One query for all."""
    documents = get_document_model()
    shown = [(block.id, block.value) for block in lesson.body if isinstance(block.value, documents)]
    papers = drawn_papers(str(document.pk) for _block_id, document in shown)
    for block_id, document in shown:
        paper = papers.get(document.pk)
        if paper is not None and (text := paper_advice(paper, title=document.title)):
            yield Lack(text, BLOCK.format(block_id))


def _advice_for_moments(lesson: LessonPage) -> Iterator[Lack]:
    """Questions of the lesson's videos that nobody will be asked."""
    video: Video | None = None
    seen: set[int] = set()
    for block in lesson.body:
        if held_in(block.block_type) == VIDEO:
            video = block.value if isinstance(block.value, Video) else None
        if block.block_type != ASKS:
            continue
        at, question = moment_ms(block.value.get("at") or ""), block.value.get("question")
        if at is None or not isinstance(question, Question):
            continue
        said = {"at": block.value["at"].strip(), "title": video.title if video else ""}
        if video is None:
            text = _("%(at)s 的提问上面没有视频，不会问：请把它移到视频下面。") % said
        elif question.pk in seen:
            text = _("%(at)s 的提问，同一道题前面已经问过，不会再问。") % said
        elif question.withdrawn_at is not None:
            text = _("%(at)s 的提问，题目已经撤下，不会问：请换一道题。") % said
        else:
            seen.add(question.pk)
            continue
        yield Lack(text, BLOCK.format(block.id))


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


def _same_name(page: CoursePage | PathPage) -> Iterator[Lack]:
    """A copy has the name of what it was made from until somebody writes another. One query."""
    if page.title.endswith(_("%(title)s（副本）") % {"title": ""}):
        yield Lack(_("这是复制来的，名称里还写着“副本”：请改名称，看过内容再发布。"), FIELD.format("title"))
    others = type(page).objects.filter(title=page.title, node_id=page.node_id).exclude(pk=page.pk)
    if page.node_id is not None and page.title and others.exists():
        said = _("“%(unit)s”还有一个叫这个名字的，分不清是哪一个：请改名称，例如写上年份或者对象。")
        yield Lack(said % {"unit": page.node.name}, FIELD.format("title"))


def _advice_for_course(course: CoursePage, lessons: list[LessonPage]) -> Iterator[Lack]:
    yield from _same_name(course)
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


def _advice_for_path(path: PathPage) -> Iterator[Lack]:
    """What members would miss in a learning path. Three queries whatever the number of steps."""
    yield from _same_name(path)
    steps = list(path.steps.all())
    courses = CoursePage.objects.filter(pk__in=[one.course_id for one in steps]).select_related("node").in_bulk()
    for number, step in enumerate(steps, start=1):
        course = courses.get(step.course_id or 0)
        if course is None:
            continue
        values = {"number": number, "title": course.title, "unit": course.node.name}
        where = reverse("wagtailadmin_pages:edit", args=[course.pk])
        if not course.live:
            said = _(
                "第 %(number)s 步“%(title)s”没有发布，或已经撤下：安排过它的党员看到“老师正在修改”，别人看不到这一步。"
            )
            yield Lack(said % values, where, _("去看课程"))
        elif not _is_in_line(course.node.path, path.node.path):
            said = _(
                "第 %(number)s 步“%(title)s”现在归“%(unit)s”，和这条路径不在一条线上，这里的党员多半没有被安排学它。"
            )
            yield Lack(said % values, STEPS)
    if steps and all(one.is_optional for one in steps):
        yield Lack(_("每一步都是选修：这条路径没有“学完”的时候。"), STEPS)
    if not path.aim.strip():
        yield Lack(_("还没有写为什么学、给谁学。"), FIELD.format("aim"))
    if path.cover is None:
        yield Lack(_("没有选封面，现在用名称做成封面。"), FIELD.format("cover"))


def _is_in_line(one: str, other: str) -> bool:
    """Whether one of two units is above the other, or both are the same."""
    return one.startswith(other) or other.startswith(one)
