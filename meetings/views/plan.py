"""Planning a meeting in person, changing and withdrawing it, voiding it; the form of any occasion."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from attendance.kinds import plan_steps
from attendance.models import Occasion
from attendance.operations import UnableToPlanOccasion, UnableToVoidOccasion
from attendance.permissions import COUNTS
from attendance.queries.consequences import resting_on
from attendance.queries.ledger import occasions
from attendance.queries.sessions import session_number
from attendance.queries.windows import HELD
from attendance.sentences.records import session_title
from attendance.views.shared import number_or_none
from meetings import operations
from meetings.catalogue import Form
from meetings.forms import ALL, NAMED, GatheringForm, LabelForm, VoidForm
from meetings.models import Audience, Meeting
from meetings.operations.planning import MOST_NAMED
from meetings.permissions import Access
from meetings.queries import form_at, form_code_at, forms_at, groups_in, last_named, named_at, people_of
from meetings.queries.meetings import KIND
from meetings.views.shared import access_or_404, address_of, log_people, node_or_404, today_of
from organizations.models import Node
from organizations.permissions import has_role, role_required, signed_in

LENGTH = dt.timedelta(minutes=90)
MOST_GROUPS = 50
State = Occasion.State


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*COUNTS)
def add(request: HttpRequest) -> HttpResponse:
    """Choose a form, then plan a meeting of it; ``?again=``: filled in from one that was voided or withdrawn, or as a
    further session of one that was held, for those who missed it."""
    as_of, node = timezone.now(), node_or_404(request)
    if node.closed_date is not None:
        raise Http404
    again = _again(request)
    code = again.form_code if again else request.GET.get("form", "")[:20]
    if not code:
        return render(
            request, "meetings/choose.html", {"tab": "branch", "node": node, "forms": forms_at(node).values()}
        )
    kept = form_at(node=node, code=code)
    if kept is None:
        raise Http404
    initial = initial_of(kept, node, again, as_of)
    form = form_for(request, node, kept, initial=initial, as_of=as_of)
    if request.method == "POST" and form.is_valid():
        plan = replace(form.plan(), repeats_id=again.pk if again and again.occasion.state in HELD else None)
        try:
            made = operations.plan_gathering(plan=plan, actor_id=signed_in(request).pk, as_of=as_of)
        except operations.UnableToPlanMeeting as error:
            refuse(form, error)
        else:
            return _planned(request, made)
    back = f"{reverse('meetings')}?node={node.pk}"
    return plan_page(request, form, node, kept, back=back, further=_further_words(again))


def _further_words(again: Meeting | None) -> str:
    """Return what a further session does; "" for what is none."""
    if again is None or again.occasion.state not in HELD:
        return ""
    said = _("给没有参加“%(title)s”的人再开一次：还没参加、也没补上的人应到，参加了算已补学；已经参加的不用再来。")
    return said % {"title": again.occasion.title}


def _planned(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    if meeting.is_late_entry and has_role(request.user, "secretary", node=meeting.occasion.node):
        messages.success(request, _("已补登。请接着登记谁到会了。"))
        return redirect("meeting_attendance", occasion_id=meeting.pk)
    messages.success(request, _("会议已安排，应到的人会在“今天”里看到。"))
    return redirect("meeting", occasion_id=meeting.pk)


def _again(request: HttpRequest) -> Meeting | None:
    asked = number_or_none(request.GET.get("again"))
    if asked is None:
        return None
    access = access_or_404(request, asked)
    if not access.is_gathering or not access.plans:
        raise Http404
    return access.meeting


def initial_of(form: Form, node: Node, again: Meeting | None, as_of: dt.datetime) -> dict[str, Any]:
    """Offer the last whole hour's beginning for a meeting, whom the form expects, and what the other one said."""
    start = as_of.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    named = last_named(node, form_code=form.code)
    is_named = form.audience in (Audience.COMMITTEE, Audience.NAMED) or bool(again and again.occasion.is_named)
    found: dict[str, Any] = {
        "unit": node.pk,
        "starts_at": start,
        "ends_at": start + LENGTH,
        "who": NAMED if is_named else ALL,
        "members": sorted(named),
    }
    if again is not None:
        found |= {name: getattr(again, name) for name in ("place", "chair", "recorder", "agenda")}
        found["title"] = again.occasion.title
        if again.occasion.state in HELD:  # those who missed it, whoever they are
            first = again.occasion.repeats or again.occasion
            found |= {"who": ALL, "title": session_title(first.title, session_number(first))}
    return found


def form_for(
    request: HttpRequest,
    node: Node,
    kept: Form,
    *,
    initial: dict[str, Any],
    as_of: dt.datetime,
    meeting: Meeting | None = None,
    made: type[GatheringForm] = GatheringForm,
) -> GatheringForm:
    """Return the form; names to choose from only for a secretary of the unit, and then it is written down."""
    people = []
    if has_role(request.user, "secretary", node=node):
        people = people_of(node, on_date=today_of(as_of), most=MOST_NAMED)
        log_people(request, node, member_ids=[one.member_id for one in people], as_of=as_of)
    return made(
        request.POST if request.method == "POST" else None,
        node=node,
        units=[node, *groups_in(node, most=MOST_GROUPS)],
        form=kept,
        people=people,
        meeting=meeting,
        initial=initial,
    )


def plan_page(
    request: HttpRequest,
    form: GatheringForm,
    node: Node,
    kept: Form,
    *,
    back: str,
    further: str = "",
    template: str = "meetings/plan.html",
) -> HttpResponse:
    """Return the page of a plan, with what was filled in."""
    context = {"tab": "branch", "form": form, "node": node, "kept": kept, "back": back, "further": further}
    if form.meeting is None:
        context["ways"] = plan_steps(node_id=node.pk, form_code=kept.code)
    return render(request, template, context, status=422 if form.errors else 200)


def refuse(form: Any, error: operations.UnableToPlanMeeting) -> None:
    """Put what an operation says beside the input that it is about."""
    form.add_error(error.field if error.field in form.fields else None, str(error))


def _planned_or_404(request: HttpRequest, occasion_id: int) -> Access:
    """Return the meeting in person, if the reader plans it."""
    access = access_or_404(request, occasion_id)
    if not (access.is_gathering and access.plans):
        raise Http404
    return access


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*COUNTS)
def change(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Change a meeting that has not begun; one that has leads to its book."""
    as_of, access = timezone.now(), _planned_or_404(request, occasion_id)
    meeting, occasion = access.meeting, access.meeting.occasion
    kept = form_at(node=occasion.node, code=meeting.form_code)
    if occasion.state != State.SCHEDULED or kept is None:
        messages.error(request, _("这一场已经开始，不能再改安排。时间以外的内容，请在“会议记录”里改。"))
        return redirect("meeting", occasion_id=occasion_id)
    form = form_for(request, occasion.node, kept, initial=stored(meeting), as_of=as_of, meeting=meeting)
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_gathering(
                occasion_id=occasion_id, plan=form.plan(), actor_id=signed_in(request).pk, as_of=as_of
            )
        except operations.UnableToPlanMeeting as error:
            refuse(form, error)
        else:
            messages.success(request, _("已保存。"))
            return redirect("meeting", occasion_id=occasion_id)
    return plan_page(request, form, occasion.node, kept, back=address_of(access))


def stored(meeting: Meeting) -> dict[str, Any]:
    """Return what is planned, as the form takes it."""
    occasion = meeting.occasion
    return {
        **{name: getattr(meeting, name) for name in ("place", "chair", "recorder", "agenda")},
        **{name: getattr(occasion, name) for name in ("title", "starts_at", "ends_at")},
        "unit": occasion.node_id,
        "who": NAMED if occasion.is_named else ALL,
        "members": named_at(occasion.pk),
        "rule": occasion.rule_id,
    }


@require_POST
@role_required(*COUNTS)
def withdraw(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Withdraw a meeting that has not begun."""
    access = _planned_or_404(request, occasion_id)
    node = access.meeting.occasion.node
    try:
        is_gone = operations.withdraw_gathering(
            occasion_id=occasion_id, actor_id=signed_in(request).pk, as_of=timezone.now()
        )
    except UnableToPlanOccasion as error:
        messages.error(request, str(error))
        return redirect("meeting", occasion_id=occasion_id)
    if not is_gone:
        messages.success(request, _("已取消。有人为它请过假，所以它作为“已作废”留着。"))
        return redirect("meeting", occasion_id=occasion_id)
    messages.success(request, _("已取消这场会议。"))
    return redirect(f"{reverse('meetings')}?node={node.pk}")


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*COUNTS)
def void(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Declare that a meeting that was held counts nowhere, with a reason that members read."""
    access = _planned_or_404(request, occasion_id)
    if access.meeting.occasion.state == State.VOID:
        messages.warning(request, _("这一场已经作废了，不能再改。"))
        return redirect("meeting", occasion_id=occasion_id)
    form = VoidForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.void_gathering(
                occasion_id=occasion_id,
                reason=form.cleaned_data["reason"],
                actor_id=signed_in(request).pk,
                as_of=timezone.now(),
            )
        except UnableToVoidOccasion as error:
            form.add_error("reason", str(error))
        else:
            messages.success(request, _("已作废，到会情况不再计入；记录都还留着。"))
            return redirect("meeting", occasion_id=occasion_id)
    context = {
        "tab": "branch", "form": form, "meeting": access.meeting, "back": address_of(access),
        "rests": resting_on(access.meeting.occasion, user=signed_in(request), as_of=timezone.now()),
    }  # fmt: skip
    return render(request, "meetings/void.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*COUNTS)
def label(request: HttpRequest, occasion_id: int) -> HttpResponse:
    """Give any occasion of one's own units a form, or another: it appears in the book then."""
    occasion = occasions().filter(pk=occasion_id).first()
    if occasion is None or not has_role(request.user, *COUNTS, node=occasion.node):
        raise Http404
    known = form_code_at(occasion_id)
    form = LabelForm(
        request.POST if request.method == "POST" else None,
        choices=list(forms_at(occasion.node).values()),
        may_be_none=occasion.kind != KIND,
        initial=known,
    )
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["form"]
        try:
            operations.label_occasion(
                occasion_id=occasion_id, form_code=code, seen=form.cleaned_data["seen"],
                actor_id=signed_in(request).pk, as_of=timezone.now(),
            )  # fmt: skip
        except operations.UnableToPlanMeeting as error:
            refuse(form, error)
            # The next save is deliberate: it is made on what stands there now.
            form.data = {**request.POST.dict(), "seen": known}
        else:
            messages.success(request, _("已保存。"))
            return redirect("meeting", occasion_id=occasion_id) if code else redirect("meetings")
    back = reverse("meeting", args=[occasion_id]) if known else reverse("meetings")
    context = {"tab": "branch", "form": form, "occasion": occasion, "back": back}
    return render(request, "meetings/label.html", context, status=422 if form.errors else 200)
