"""What a member meets where a lesson was withdrawn: a sentence and the way on, never a 404 about their rights."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cms.queries import was_in
from courses.models import CourseRun
from courses.permissions import is_member_of, may_read_run
from courses.queries import studies_of
from organizations.models import User


def told_if_withdrawn(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """View decorator: where a lesson, or what stands in it, is gone, say so to whoever may read the course.

    Everybody else, and everything that never was, stays 404. A script, which takes no page, is answered 410 with
    ``error`` and ``message``, as by the watch API.
    """

    @wraps(view)
    def guarded(request: HttpRequest, occasion_id: int, lesson_id: int, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, occasion_id, lesson_id, *args, **kwargs)
        except Http404:
            said = _said(request, occasion_id, lesson_id)
            if said is None:
                raise
            return said

    return guarded


def _said(request: HttpRequest, occasion_id: int, lesson_id: int) -> HttpResponse | None:
    runs = CourseRun.objects.select_related("occasion__node", "occasion__training", "occasion__rule", "page")
    run = runs.filter(pk=occasion_id).first()
    user = request.user
    if run is None or not isinstance(user, User) or not may_read_run(user, run):
        return None
    if not was_in(run.page, lesson_id=lesson_id):
        return None
    if request.path.endswith(".json") or not request.accepts("text/html"):
        course = reverse("courses_course", args=[run.pk])
        answer = {"error": "withdrawn", "message": _("这一讲老师正在修改，学过的都保存着。"), "url": course}
        return JsonResponse(answer, status=410)
    study = studies_of(runs=[run], member_id=user.pk, as_of=timezone.now())[0]
    context = {"tab": "courses", "run": run, "study": study, "records": is_member_of(user, run)}
    return render(request, "courses/withdrawn.html", context)
