"""A package in a lesson: whoever may read the lesson finds it there, whoever is on the roster has a result (ADR 82)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cms.core.lesson import values_of
from cms.models import LessonPage
from courses.before import tell_first
from courses.views import Opened, open_run
from courses.withdrawn import told_if_withdrawn
from organizations.permissions import role_required
from packages.models import Package
from packages.queries import package_by_id
from packages.sentences import why_not_kept
from packages.views.playing import Place, keep, play


@require_safe
@never_cache
@role_required()
@told_if_withdrawn
def package(request: HttpRequest, occasion_id: int, lesson_id: int, package_id: int) -> HttpResponse:
    """Play a package that stands in a published lesson; one that was withdrawn leads back, and is told of."""
    opened = open_run(request, occasion_id)
    page, found = _found(opened, lesson_id, package_id)
    if before := opened.before():
        tell_first(request, before)
        return redirect("courses_course", occasion_id)
    if found.withdrawn_at is not None:
        messages.info(request, why_not_kept("withdrawn"))
        return redirect("courses_lesson", occasion_id, lesson_id)
    place = Place(
        back_url=reverse("courses_lesson", args=[occasion_id, lesson_id]),
        back_title=page.title,
        report_url=reverse("courses_package_report", args=[occasion_id, lesson_id, package_id])
        if _records(opened)
        else "",
        note="" if _records(opened) else "reading",
    )
    return play(request, found, place)


@require_POST
@role_required()
@told_if_withdrawn
def report(request: HttpRequest, occasion_id: int, lesson_id: int, package_id: int) -> HttpResponse:
    """Keep what a package says of a member of the roster."""
    opened = open_run(request, occasion_id)
    _page, found = _found(opened, lesson_id, package_id)
    if not _records(opened):
        raise Http404
    return keep(request, found)


def _records(opened: Opened) -> bool:
    """Whether this reader's study is kept here now."""
    return opened.records and not opened.study.is_void and opened.run.occasion.starts_at <= timezone.now()


def _found(opened: Opened, lesson_id: int, package_id: int) -> tuple[LessonPage, Package]:
    """Return the lesson and a package that stands in it. Raises Http404."""
    page = opened.lesson(lesson_id).lesson.page
    found = package_by_id(package_id)
    if found is None or str(package_id) not in values_of(page.body.raw_data, "package"):
        raise Http404
    return page, found
