"""Which trainings need a course, a lesson, or a video in it (``settings.USES``)."""

from datetime import datetime

from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import Page

from attendance.concerned import concerned_by
from attendance.standing import due_at
from attendance.templatetags.ledger import day_and_hour
from cms.core.lesson import media_key
from cms.models import CoursePage, LessonPage
from cms.permissions import may_edit_at
from courses.changes import course_of, name_of, runs_in_play, runs_of
from courses.models import CourseRun
from media.models import Video
from organizations.models import User
from organizations.uses import Use


def uses_of(*, thing: Model, user: User, as_of: datetime) -> list[Use]:
    """The trainings in which a course, a lesson or a video is studied; what is over needs the course alone."""
    if isinstance(thing, Video):
        return [_needs(run, user, as_of) for run in _runs_with(thing, as_of)]
    page = thing.specific if isinstance(thing, Page) else None
    if isinstance(page, CoursePage):
        running = {run.pk for run in runs_in_play(page, as_of=as_of)}
        return [_needs(run, user, as_of) if run.pk in running else _past(run, user) for run in runs_of(page.pk)]
    if isinstance(page, LessonPage) and page.live:
        course = course_of(page)
        return [_needs(run, user, as_of) for run in runs_in_play(course, as_of=as_of)] if course else []
    return []


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


def _past(run: CourseRun, user: User) -> Use:
    is_reached = may_edit_at(user, run.occasion.node)
    text = _("在%(run)s里学过，学习记录要一直留着") % {"run": name_of(run, is_reached)}
    return Use(text, blocks=True, url=_url(run, is_reached))


def _url(run: CourseRun, is_reached: bool) -> str:
    return reverse("course_runs:edit", args=[run.pk]) if is_reached else ""
