"""A meeting by video: its room, for who leads it and for everybody else, and its plan."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from attendance.permissions import COUNTS
from attendance.sentences.records import near_span
from live import operations
from live.core import lifecycle
from live.meeting_forms import OnlineForm
from live.models import Lecture
from live.permissions import expects, may_host
from live.sentences.meeting import meeting_words
from live.views.access import lecture_page
from live.views.addresses import urls_of
from live.views.api import room_state
from meetings.models import Meeting
from meetings.operations import UnableToPlanMeeting
from meetings.queries import form_at
from meetings.queries.meetings import meeting_at
from meetings.views.plan import form_for, initial_of, plan_page, refuse, stored
from meetings.views.shared import node_or_404
from organizations.permissions import role_required, signed_in

PAGE = "live/meeting_plan.html"


def meeting_room(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """The room: who leads it sits among the others, with more keys."""
    user, now, occasion = signed_in(request), timezone.now(), lecture.occasion
    is_host = may_host(user, lecture)
    data = {
        "occasion": lecture.pk,
        "you": user.pk,
        "owner": str(user.public_id),
        "host": is_host,
        "counted": expects(occasion, user.pk),
        "opens_at": round(lifecycle.opens_at(occasion.starts_at).timestamp() * 1000),
        "urls": urls_of(lecture) | {"book": reverse("meeting", args=[lecture.pk])},
        "words": meeting_words(),
        **room_state(lecture, user, as_of=now),
    }
    context = {
        "lecture": lecture,
        "occasion": occasion,
        "data": data,
        "is_host": is_host,
        "when": near_span(occasion.starts_at, occasion.ends_at, now),
    }
    return render(request, "live/meeting.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*COUNTS)
def add(request: HttpRequest) -> HttpResponse:
    """Plan a meeting of one form by video; whoever plans it leads it."""
    as_of, node = timezone.now(), node_or_404(request)
    kept = form_at(node=node, code=request.GET.get("form", "")[:20])
    if node.closed_date is not None or kept is None:
        raise Http404
    form = form_for(request, node, kept, initial=initial_of(kept, node, None, as_of), as_of=as_of, made=OnlineForm)
    if request.method == "POST" and form.is_valid():
        lobby, host = form.cleaned_data["has_lobby"], signed_in(request).pk
        try:
            made = operations.schedule_meeting(plan=form.plan(), has_lobby=lobby, host_id=host, as_of=as_of)
        except UnableToPlanMeeting as error:
            refuse(form, error)
        else:
            messages.success(request, _("会议已安排，应到的人会在“今天”里看到。到时间请从这一页进入会议室。"))
            return redirect("meeting", occasion_id=made.pk)
    back = f"{reverse('meeting_plan')}?node={node.pk}&form={kept.code}"
    return plan_page(request, form, node, kept, back=back, template=PAGE)


@require_http_methods(["GET", "POST"])
@lecture_page(may_host, meets=True)
def change(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Change a meeting that has not begun; one that has leads to its book."""
    as_of, meeting = timezone.now(), _meeting(lecture)
    kept = form_at(node=lecture.occasion.node, code=meeting.form_code)
    if lecture.state != Lecture.State.SCHEDULED or kept is None:
        messages.error(request, _("这一场已经开始，不能再改安排。"))
        return redirect("meeting", occasion_id=lecture.pk)
    initial = stored(meeting) | {"has_lobby": lecture.has_lobby}
    form = form_for(
        request, lecture.occasion.node, kept, initial=initial, as_of=as_of, meeting=meeting, made=OnlineForm
    )
    if request.method == "POST" and form.is_valid():
        lobby, actor = form.cleaned_data["has_lobby"], signed_in(request).pk
        try:
            operations.reschedule_meeting(
                occasion_id=lecture.pk, plan=form.plan(), has_lobby=lobby, actor_id=actor, as_of=as_of
            )
        except UnableToPlanMeeting as error:
            refuse(form, error)
        else:
            messages.success(request, _("已保存。"))
            return redirect("meeting", occasion_id=lecture.pk)
    back = reverse("meeting", args=[lecture.pk])
    return plan_page(request, form, lecture.occasion.node, kept, back=back, template=PAGE)


@require_POST
@lecture_page(may_host, meets=True)
def cancel(request: HttpRequest, lecture: Lecture) -> HttpResponse:
    """Withdraw a meeting that has not begun."""
    _meeting(lecture)
    try:
        operations.cancel_lecture(occasion_id=lecture.pk, as_of=timezone.now(), actor_id=signed_in(request).pk)
    except operations.UnableToCancelLecture:
        messages.error(request, _("会议已经开始，不能再取消。请在会议室里结束它。"))
        return redirect("meeting", occasion_id=lecture.pk)
    messages.success(request, _("已取消这场会议。"))
    return redirect(f"{reverse('meetings')}?node={lecture.occasion.node_id}")


def _meeting(lecture: Lecture) -> Meeting:
    found = meeting_at(lecture.pk) if lecture.is_meeting else None
    if found is None:
        raise Http404
    return found
