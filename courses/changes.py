"""What a change of pages does to the people who study the course now: asked before it is made, nothing is written.

A course that is still studied follows its pages: the ledger asks for what is there. One that is past its end, while
people make it up, keeps what it was judged by; what they need there cannot be taken away.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.documents import get_document_model
from wagtail.models import Page

from attendance.core.reading import is_reading
from attendance.models import Occasion, RecordState
from attendance.queries import CALLED_OFF
from attendance.queries.concerned import Concerned, concerned_by, watchers_of
from attendance.sentences.records import day_and_hour, length
from attendance.standing import asked_by, due_at, is_due_over
from cms.core.lesson import values_of
from cms.models import CoursePage, LessonPage, PathPage
from cms.permissions import COURSE_DEPTH, may_edit_at
from cms.queries import Lesson, lessons_of, paths_with
from courses.models import CourseRun
from courses.queries import gates_of, is_past, media_items_of
from media.models import Video
from organizations.models import User
from organizations.uses import Use

MOST_PATHS = 8


def runs_in_play(course: CoursePage | int, *, as_of: datetime) -> list[CourseRun]:
    """Return where a course is given and can still be studied so that it counts, or will be; the earliest end first."""
    page_id = course if isinstance(course, int) else course.pk
    runs = runs_of(page_id).exclude(occasion__state__in=CALLED_OFF)
    return [run for run in runs if not is_due_over(run.occasion, as_of)]


def runs_of(page_id: int) -> QuerySet[CourseRun]:
    """Return where a course is or was given."""
    runs = CourseRun.objects.filter(page_id=page_id).select_related(
        "occasion__node", "occasion__training", "occasion__rule"
    )
    return runs.order_by("occasion__ends_at", "pk")


def course_of(page: Page) -> CoursePage | None:
    """Return the course to which a page belongs: itself, or a lesson's."""
    path = page.path if isinstance(page, CoursePage) else page.path[: -Page.steplen]
    return CoursePage.objects.filter(path=path).select_related("node").first()


def shown_by(body: Iterable[Mapping[str, Any]]) -> tuple[Video, ...]:
    """Return the videos in a raw body, in order."""
    ids = values_of(body, "video")
    found = {str(pk): video for pk, video in Video.objects.in_bulk(ids).items()}
    return tuple(found[key] for key in ids if key in found)


def given_among(pages: QuerySet[Page]) -> QuerySet[Page]:
    """Those of the pages whose course is or was given to anybody, or that another page follows; learning paths that
    members see, and courses that are steps of one. Four queries."""
    rows = list(pages.values_list("pk", "path", "depth"))
    starts = {path[: Page.steplen * COURSE_DEPTH] for _pk, path, depth in rows if depth >= COURSE_DEPTH}
    given = set(CourseRun.objects.filter(page__path__in=starts).values_list("page__path", flat=True))
    followed = set(Page.objects.filter(alias_of__in=[pk for pk, *_ in rows]).values_list("alias_of_id", flat=True))
    keys = [pk for pk, *_ in rows]
    is_shown = Q(pk__in=keys) | Q(steps__course__in=keys)
    walked = PathPage.objects.live().filter(is_shown).values_list("pk", "steps__course_id")
    followed |= {pk for pair in walked for pk in pair}
    kept = [pk for pk, path, _depth in rows if path[: Page.steplen * COURSE_DEPTH] in given or pk in followed]
    return pages.filter(pk__in=kept)


def when_made_public(page: LessonPage | CoursePage, *, user: User, as_of: datetime) -> list[Use]:
    """Return what publishing does as the page asks for it: perhaps from a later moment, perhaps only until one."""
    begins = max(as_of, page.go_live_at or as_of)
    uses = _from(begins, when_published(page, user=user, as_of=begins), as_of)
    if page.expire_at is not None and page.live:
        ends = max(as_of, page.expire_at)
        uses += _from(ends, when_withdrawn([page], user=user, as_of=ends), as_of)
    return uses


def when_path_made_public(path: PathPage) -> list[Use]:
    """Return which steps of a learning path, as it is in memory, nobody sees yet who was not given them. One query."""
    courses = [one.course_id for one in path.steps.all()]
    hidden = CoursePage.objects.filter(pk__in=courses, live=False).in_bulk()
    said = _("第 %(number)s 步“%(title)s”还没有发布：没有安排过它的党员看不到这一步，等它发布才有")
    return [
        Use(said % {"number": number, "title": hidden[key].title}, url=reverse("wagtailadmin_pages:edit", args=[key]))
        for number, key in enumerate(courses, start=1)
        if key in hidden
    ]


def _from(at: datetime, uses: list[Use], as_of: datetime) -> list[Use]:
    """Say from when it is so, where that is not now."""
    if at <= as_of:
        return uses
    begins = day_and_hour(at)
    return [replace(use, text=_("从 %(at)s 起，%(what)s") % {"at": begins, "what": use.text}) for use in uses]


def followers_of(page: Page) -> list[LessonPage]:
    """Return the lessons that are made to follow this one, and those that follow them (Wagtail's aliases)."""
    found: dict[int, LessonPage] = {}
    keys = {page.pk}
    while keys:
        some = LessonPage.objects.filter(alias_of__in=keys).exclude(pk__in=[*found, page.pk])
        keys = {one.pk for one in some}
        found |= {one.pk: one for one in some}
    return list(found.values())


def when_published(page: LessonPage | CoursePage, *, user: User, as_of: datetime) -> list[Use]:
    """Return what publishing the page as it is in memory does to whoever studies its course, or one that follows it."""
    uses = _when_published(page, user=user, as_of=as_of)
    for follower in followers_of(page) if isinstance(page, LessonPage) else []:
        follower.body, follower.title = page.body, page.title
        uses += _when_published(follower, user=user, as_of=as_of)
    return uses


def _when_published(page: LessonPage | CoursePage, *, user: User, as_of: datetime) -> list[Use]:
    course = course_of(page)
    if course is None:
        return []
    now = lessons_of(course)
    if isinstance(page, CoursePage):
        return changes(course, now, user=user, as_of=as_of)
    body = list(page.body.raw_data)
    new = Lesson(page, shown_by(body))
    after = [new if lesson.page.pk == page.pk else lesson for lesson in now]
    if all(lesson.page.pk != page.pk for lesson in now):
        after.append(new)
    before: Any = next((lesson.page.body.raw_data for lesson in now if lesson.page.pk == page.pk), [])
    gone = set(values_of(before, "document")) - set(values_of(body, "document"))
    is_shown = course.live or course.pk == page.pk
    return changes(course, after if is_shown else [], user=user, as_of=as_of, documents=gone)


def when_withdrawn(pages: Sequence[LessonPage | CoursePage | PathPage], *, user: User, as_of: datetime) -> list[Use]:
    """Return what taking these published pages away does to whoever studies their courses or walks their paths."""
    lost: dict[int, set[int]] = {}
    whole: set[int] = set()
    courses: dict[int, CoursePage] = {}
    followers = [follower for page in pages if isinstance(page, LessonPage) for follower in followers_of(page)]
    for page in [*pages, *followers]:
        course = course_of(page)
        if course is None or not page.live:
            continue
        courses[course.pk] = course
        if isinstance(page, CoursePage):
            whole.add(course.pk)
        else:
            lost.setdefault(course.pk, set()).add(page.pk)
    found: list[Use] = []
    for pk, course in courses.items():
        left = [one for one in lessons_of(course) if one.page.pk not in lost.get(pk, set()) and pk not in whole]
        found += changes(course, left, user=user, as_of=as_of)
    found += in_paths(whole, _("安排给了党员的，他们在那里看到“老师正在修改”"), user=user)
    return found + [path_gone(page) for page in pages if isinstance(page, PathPage) and page.live]


def path_gone(path: PathPage) -> Use:
    """Say what is left when a learning path is not there any more."""
    words = _("党员看不到学习路径“%(title)s”了；学过的都记在各门课程里，不会丢，课程照样学")
    return Use(words % {"title": path.title})


def in_paths(course_ids: Collection[int], what: str, *, user: User) -> list[Use]:
    """Name the learning paths of which these courses are a step, with what becomes of it there."""
    found = []
    for path in paths_with(course_ids=course_ids)[:MOST_PATHS] if course_ids else ():
        is_reached = may_edit_at(user, path.node)
        name = _("学习路径“%(title)s”") if is_reached else _("“%(unit)s”的一条学习路径")
        url = reverse("wagtailadmin_pages:edit", args=[path.pk]) if is_reached else ""
        values = {"path": name % {"title": path.title, "unit": path.node.name}, "what": what}
        found.append(Use(_("%(path)s里有这门课：%(what)s") % values, url=url))
    return found


def changes(
    course: CoursePage, after: list[Lesson], *, user: User, as_of: datetime, documents: Collection[str] = ()
) -> list[Use]:
    """Return what becomes of each place where the course is studied, if its lessons are these."""
    runs = runs_in_play(course, as_of=as_of)
    gates = gates_of(after) if runs else set()
    return [use for run in runs for use in _change(run, after, gates, user, as_of, documents)]


def _change(
    run: CourseRun, after: list[Lesson], gates: set[str], user: User, as_of: datetime, documents: Collection[str]
) -> list[Use]:
    items = media_items_of(after, reads=run.reads)
    # A video that is still being processed has no length yet, and is there.
    keys = items.keys() | {key for lesson in after if not lesson.is_optional for key in lesson.media_keys}
    occasion, had = run.occasion, run.occasion.media_items or {}
    people = concerned_by(occasion, as_of=as_of)
    is_reached = may_edit_at(user, occasion.node)
    url = reverse("course_runs:edit", args=[run.pk]) if is_reached else ""
    name = name_of(run, is_reached)
    gone = had.keys() - keys
    if is_past(occasion, as_of):
        values = {"run": name, "people": people.undone, "until": day_and_hour(due_at(occasion))}
        text = _("%(run)s 已经截止，%(people)s 人还可以补学到 %(until)s：补学结束以后才能这样改") % values
        return [Use(text, blocks=True, url=url)] if gone and people.undone else []
    sentences = []
    if items != had and (had or items):
        sentences += _minutes(occasion, had, items, people)
    if gone:
        watched = watchers_of(occasion, gone)
        if watched:
            is_text = any(is_reading(key) for key in gone)
            said = (
                _("%(people)s 人学过撤下的内容，学过的都保存着")
                if is_text
                else _("%(people)s 人学过撤下的视频，学过的都保存着")
            )
            sentences.append(said % {"people": watched})
    if items or occasion.media_items is None:  # what shows nothing any more keeps its quizzes (refresh_length)
        sentences += _quizzes(occasion, gates, people)
    if documents and occasion.state != Occasion.State.SCHEDULED:
        titles = get_document_model().objects.filter(pk__in=documents).values_list("title", flat=True)
        names = _("、").join(f"“{title}”" for title in titles)
        sentences.append(_("文件%(names)s以后打不开，已经下载的不受影响") % {"names": names})
    if not sentences:
        return []
    return [Use(_("%(run)s：%(what)s") % {"run": name, "what": _("；").join(sentences)}, url=url)]


def _minutes(occasion: Occasion, had: dict[str, int], items: dict[str, int], people: Concerned) -> list[str]:
    """Say how many people it touches, and what is asked of them before and after."""
    rule = asked_by(occasion)
    before, after = rule.needed_ms(sum(had.values())), rule.needed_ms(sum(items.values()))
    if occasion.state == Occasion.State.SCHEDULED:
        said = [_("还没有开始，%(people)s 人到时按新的内容学") % {"people": people.expected}]
        return said if items else [_("还没有开始，%(people)s 人到时没有内容可学") % {"people": people.expected}]
    values = {"people": people.expected, "done": people.done, "left": people.expected - people.done}
    said = [_("%(people)s 人在学，%(done)s 人已经学完，结果不变") % values]
    if not items:
        exempt = RecordState.EXEMPT.label
        left = _("其余 %(left)s 人暂时没有要学的，到截止时记为“%(state)s”，不算未参加") % {**values, "state": exempt}
    elif not had:
        left = _("其余 %(left)s 人要学 %(after)s") % {**values, "after": length(after)}
    elif before == after:
        left = _("其余 %(left)s 人换学新的视频，要学的仍是 %(after)s") % {**values, "after": length(after)}
    else:
        lengths = {"before": length(before), "after": length(after)}
        left = _("其余 %(left)s 人要学的从 %(before)s 变为 %(after)s") % {**values, **lengths}
    return [*said, left]


def _quizzes(occasion: Occasion, gates: set[str], people: Concerned) -> list[str]:
    """Say which quizzes more, or fewer, have to be passed."""
    new, old = len(gates - occasion.gates.keys()), len(occasion.gates.keys() - gates)
    said = []
    if new:
        values = {"count": new, "left": people.expected - people.done, "done": people.done}
        said.append(_("没学完的 %(left)s 人还要通过 %(count)s 个练习，已经学完的 %(done)s 人不用") % values)
    if old:
        said.append(_("有 %(count)s 个练习不再要求") % {"count": old})
    return said


def name_of(run: CourseRun, is_reached: bool) -> str:
    """Name the training in which a course is given, and for whom; without its title beyond somebody's reach."""
    occasion = run.occasion
    if not is_reached:
        return _("“%(unit)s”的一个培训") % {"unit": occasion.node.name}
    values = {"training": occasion.training.title, "unit": occasion.node.name, "until": day_and_hour(occasion.ends_at)}
    return _("培训“%(training)s”（%(unit)s，%(until)s 截止）") % values
