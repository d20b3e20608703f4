"""The schedule in Wagtail's admin: an organiser plans, changes, cancels and, if need be, ends lectures."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from live import operations
from live.forms import LectureForm
from live.models import Lecture
from live.queries import lectures_for
from organizations.models import Role, User
from organizations.permissions import has_role, role_required

A_PAGE = 30


@require_GET
@role_required(Role.ORGANISER)
def index(request: HttpRequest) -> HttpResponse:
    """All lectures of the subtree, the newest plan first, with their states."""
    lectures = lectures_for(_user(request))
    page = Paginator(lectures, A_PAGE).get_page(request.GET.get("page"))
    return render(request, "live/admin/index.html", {"page": page, "now": timezone.now()})


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
def add(request: HttpRequest) -> HttpResponse:
    form = LectureForm(request.POST or None, user=_user(request))
    if request.method == "POST" and form.is_valid() and form.save(as_of=timezone.now()):
        messages.success(request, _("直播已安排。讲师会在“直播”里看到它。"))
        return redirect("live_schedule")
    return render(request, "live/admin/form.html", {"form": form, "title": _("安排直播")})


@require_http_methods(["GET", "POST"])
@role_required(Role.ORGANISER)
def edit(request: HttpRequest, occasion_id: int) -> HttpResponse:
    lecture = _mine(request, occasion_id)
    if lecture.state != Lecture.State.SCHEDULED:
        return render(request, "live/admin/given.html", {"lecture": lecture, "occasion": lecture.occasion})
    form = LectureForm(request.POST or None, user=_user(request), lecture=lecture)
    if request.method == "POST" and form.is_valid() and form.save(as_of=timezone.now()):
        messages.success(request, _("安排已修改。"))
        return redirect("live_schedule")
    context = {"form": form, "title": _("修改直播安排"), "lecture": lecture}
    return render(request, "live/admin/form.html", context)


@require_POST
@role_required(Role.ORGANISER)
def cancel(request: HttpRequest, occasion_id: int) -> HttpResponse:
    lecture = _mine(request, occasion_id)
    try:
        operations.cancel_lecture(occasion_id=lecture.pk)
    except operations.UnableToCancelLecture:
        messages.error(request, _("直播已经开始，不能取消，只能结束。"))
    else:
        messages.success(request, _("直播已取消。"))
    return redirect("live_schedule")


@require_POST
@role_required(Role.ORGANISER)
def end(request: HttpRequest, occasion_id: int) -> HttpResponse:
    lecture = _mine(request, occasion_id)
    try:
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    except operations.UnableToEndLecture:
        messages.error(request, _("这场直播没有在进行。"))
    else:
        messages.success(request, _("直播已结束，记录正在认定。"))
    return redirect("live_schedule")


def _mine(request: HttpRequest, occasion_id: int) -> Lecture:
    """Return a lecture of the organiser's subtree; a neighbour's does not exist for them."""
    found = lectures_for(_user(request)).filter(pk=occasion_id).first() if occasion_id < 2**63 else None
    if found is None or not has_role(request.user, Role.ORGANISER, node=found.occasion.node):
        raise Http404
    return found


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - role_required let nobody else in
    return request.user
