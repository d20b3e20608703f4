"""Courses in Wagtail's admin: giving one to a part of the tree, and the way from a page to where members read it."""

from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.models import Page

from attendance.operations.cancelled import WithTitle
from cms.models import CoursePage, LessonPage, PathPage
from courses.publishing import before_publishing, publish
from courses.queries import runs_expecting
from courses.schedule import CourseRunViewSet
from courses.walking import paths_of
from organizations.models import User


@hooks.register("before_serve_page")
def members_read_in_their_course(page: Page, request: HttpRequest, args: Any, kwargs: Any) -> Any:
    """A published page's own address leads a member to the course they are in; for everybody else it is 404."""
    if isinstance(request.user, User) and isinstance(page, PathPage):
        is_theirs = paths_of(member_id=request.user.pk).filter(pk=page.pk).exists()
        return HttpResponseRedirect(reverse("courses_path", args=[page.pk])) if is_theirs else None
    if not isinstance(request.user, User) or not isinstance(page, (CoursePage, LessonPage)):
        return None
    course_path = page.path if isinstance(page, CoursePage) else page.path[: -Page.steplen]
    run = runs_expecting(member_id=request.user.pk).filter(page__path=course_path).order_by("-pk").first()
    if run is None:
        return None
    if isinstance(page, LessonPage):
        return HttpResponseRedirect(reverse("courses_lesson", args=[run.pk, page.pk]))
    return HttpResponseRedirect(reverse("courses_course", args=[run.pk]))


@hooks.register("before_publish_page")
def say_whom_it_touches(request: HttpRequest, page: Page) -> Any:
    return before_publishing(request, page)


@hooks.register("register_admin_urls")
def register_publishing() -> list[Any]:
    return [path("uses/publish/<int:page_id>/<int:revision_id>/", publish, name="uses_publish")]


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    """What the back office's log says about courses that were given."""
    actions.register_action("courses.void", _("作废"), _("作废了这一场"))
    words = {"label": _("取消安排"), "message": _("取消了课程“%(title)s”的安排（%(starts_at)s）")}
    actions.register_action("courses.withdraw")(type("Titled", (WithTitle,), words))
    actions.register_action("courses.move_end", _("改截止时间"), _("改了截止时间"))


@hooks.register("register_admin_viewset")
def register_schedule() -> CourseRunViewSet:
    return CourseRunViewSet("course_runs", url_prefix="course-runs")
