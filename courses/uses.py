"""Which trainings need a course, a lesson, or a video in it (``settings.USES``)."""

from datetime import datetime

from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import Page

from attendance.queries.concerned import concerned_by
from attendance.sentences.records import day_and_hour
from attendance.standing import due_at
from cms.core.lesson import media_key
from cms.material import FIELDS, Material, owner_model
from cms.models import CoursePage, LessonPage, PathPage
from cms.permissions import may_edit_at
from courses.changes import course_of, in_paths, name_of, path_gone, runs_in_play, runs_of
from courses.models import CourseRun
from courses.queries import runs_asking
from media.models import Video
from organizations.models import User
from organizations.uses import Use
from quizzes.models import Quiz


def uses_of(*, thing: Model, user: User, as_of: datetime) -> list[Use]:
    """The trainings in which a course, a lesson or a video is studied; what is over needs the course alone. Of a quiz
    those in which it has to be passed, or would have to be: none of them blocks."""
    if isinstance(thing, Quiz):
        return [_asks(run, user, as_of) for run in runs_asking(quiz_id=thing.pk, as_of=as_of)]
    if isinstance(thing, Video):
        return [_needs(run, user, as_of) for run in _runs_with(thing, as_of)]
    page = thing.specific if isinstance(thing, Page) else None
    if isinstance(page, CoursePage):
        running = {run.pk for run in runs_in_play(page, as_of=as_of)}
        uses = [_needs(run, user, as_of) if run.pk in running else _past(run, user) for run in runs_of(page.pk)]
        return [*uses, *in_paths([page.pk], _("删除以后，那里没有这一步了"), user=user)]
    if isinstance(page, PathPage):
        return [path_gone(page)] if page.live else []
    if isinstance(page, LessonPage) and page.live:
        course = course_of(page)
        return [_needs(run, user, as_of) for run in runs_in_play(course, as_of=as_of)] if course else []
    return []


def changed(*, thing: Model, user: User, as_of: datetime) -> list[Use]:
    """The people who study the published lessons that show a picture or a document, a line for each training."""
    fields = [field for field in FIELDS.values() if field != "video" and isinstance(thing, owner_model(field))]
    if not fields:
        return []
    shown = Material.objects.filter(version=Material.Version.STORED, lesson__live=True, **{f"{fields[0]}_id": thing.pk})
    paths = {path[: -Page.steplen] for path in shown.values_list("lesson__path", flat=True)}
    page_ids = CourseRun.objects.filter(page__path__in=paths).values_list("page_id", flat=True).distinct()
    runs = [run for page_id in page_ids.order_by("page_id") for run in runs_in_play(page_id, as_of=as_of)]
    return [_reads(run, user, as_of) for run in runs]


def _reads(run: CourseRun, user: User, as_of: datetime) -> Use:
    values = {
        "run": name_of(run, may_edit_at(user, run.occasion.node)),
        "people": concerned_by(run.occasion, as_of=as_of).expected,
    }
    return Use(_("%(run)s：%(people)s 人在学") % values)


def _runs_with(video: Video, as_of: datetime) -> list[CourseRun]:
    key = media_key(video.pk)
    runs = CourseRun.objects.filter(occasion__media_items__has_key=key)
    pages = set(runs.values_list("page_id", flat=True))
    keyed = set(runs.values_list("pk", flat=True))
    return [run for page_id in sorted(pages) for run in runs_in_play(page_id, as_of=as_of) if run.pk in keyed]


def _needs(run: CourseRun, user: User, as_of: datetime) -> Use:
    is_reached = may_edit_at(user, run.occasion.node)
    people = concerned_by(run.occasion, as_of=as_of)
    values = {
        "run": name_of(run, is_reached),
        "people": people.expected,
        "undone": people.undone,
        "until": day_and_hour(due_at(run.occasion)),
    }
    text = _("正在%(run)s里使用：%(people)s 人在学，%(undone)s 人还没有学完，可以学到 %(until)s") % values
    return Use(text, blocks=True, url=_url(run, is_reached))


def _asks(run: CourseRun, user: User, as_of: datetime) -> Use:
    is_reached = may_edit_at(user, run.occasion.node)
    people = concerned_by(run.occasion, as_of=as_of)
    values = {"run": name_of(run, is_reached), "people": people.expected, "undone": people.undone}
    text = _("%(run)s要求通过它：%(people)s 人在学，%(undone)s 人还没有学完") % values
    return Use(text, url=_url(run, is_reached))


def _past(run: CourseRun, user: User) -> Use:
    is_reached = may_edit_at(user, run.occasion.node)
    text = _("在%(run)s里学过，学习记录要一直留着") % {"run": name_of(run, is_reached)}
    return Use(text, blocks=True, url=_url(run, is_reached))


def _url(run: CourseRun, is_reached: bool) -> str:
    return reverse("course_runs:edit", args=[run.pk]) if is_reached else ""
