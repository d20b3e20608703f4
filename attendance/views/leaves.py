"""Leaves as the secretary has them: what waits for an answer, many at once; one in detail; entering one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from attendance import operations
from attendance.leave_forms import LeaveWishForm, PartForm, ReasonForm, TakeBackForm
from attendance.models import Leave
from attendance.permissions import NAMES
from attendance.queries.leaves import (
    leaves,
    leaves_decided_in,
    leaves_waiting_for,
    leaves_waiting_in,
    may_decide,
    offered_to,
)
from attendance.queries.waiting import Waits
from attendance.sentences.leaves import became_of, late_words, look_of, what_for
from attendance.sentences.records import day_and_hour, month_day
from attendance.views.own_leaves import choices_of
from attendance.views.shared import log_visit
from organizations.models import Role, User
from organizations.operations import log_list
from organizations.permissions import has_role, role_required, signed_in, visible_nodes
from organizations.queries import members_named, membership_on

A_PAGE = 50
MOST_FOUND = 50


@dataclass(frozen=True)
class LeaveRow:
    """One leave in a list: whose, for when, whether it was asked late, and the page that has the rest."""

    pk: int
    name: str
    texts: list[str]
    url: str
    state: str
    look: str

    @classmethod
    def of(cls, one: Leave) -> "LeaveRow":
        why = f"{one.get_category_display()} · {what_for(one)}"
        asked = _("%(day)s提出 · %(unit)s") % {"day": month_day(one.asked_at), "unit": one.node.name}
        texts = [text for text in (why, late_words(one), asked) if text]
        url = reverse("branch_leave", args=[one.pk])
        return cls(one.pk, one.member.name, texts, url, one.get_state_display(), look_of(one))

    @property
    def label(self) -> str:
        """What its page is called where the row is not seen."""
        return _("查看") + _("：") + self.name


def waiting_card(waits: Waits) -> tuple[str, str, str, str]:
    """Return what a secretary has to do of leaves, as title, text, address and step."""
    title = ngettext("%(waiting)s 条请假等您批准", "%(waiting)s 条请假等您批准", waits.among)
    text = _("最早的是 %(day)s，%(unit)s") % {"day": month_day(waits.since), "unit": waits.unit}
    return title % {"waiting": waits.among}, text, reverse("branch_leaves"), _("去批准 ›")


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_leaves(request: HttpRequest) -> HttpResponse:
    """List what waits for one's own answer, to be answered many at once; what waits below; what is approved."""
    user, as_of = signed_in(request), timezone.now()
    form = ReasonForm(request.POST if request.POST.get("do") == "refuse" else None)
    failed = _answer_many(request, user, form, as_of) if request.method == "POST" else ""
    if request.method == "POST" and not failed:
        return redirect("branch_leaves")
    with transaction.atomic():
        mine = leaves_waiting_for(user)
        page = Paginator(mine, A_PAGE).get_page(request.GET.get("page"))
        below = leaves_waiting_in(user).exclude(pk__in=mine.order_by().values("pk"))
        further, decided = list(below[:A_PAGE]), list(leaves_decided_in(user, as_of=as_of)[:A_PAGE])
        named = [one.member_id for one in (*page, *further, *decided)]
        log_visit(reader_id=user.pk, subject_ids=named, what="leave", as_of=as_of)
    context = {
        "tab": "branch",
        "page": page,
        "waiting": [LeaveRow.of(one) for one in page],
        "ticked": set(request.POST.getlist("leaves")),
        "below": [LeaveRow.of(one) for one in further],
        "decided": [LeaveRow.of(one) for one in decided],
        "form": form,
        "failed": failed,
    }
    return render(request, "attendance/branch_leaves.html", context, status=422 if failed else 200)


def _answer_many(request: HttpRequest, user: User, form: forms.Form, as_of: datetime) -> str:
    """Answer what was ticked; returns what is wrong, or "". Nobody can tick what is not theirs to decide."""
    keys = [int(key) for key in request.POST.getlist("leaves") if key.isascii() and key.isdigit() and len(key) < 19]
    chosen = [one.pk for one in leaves().filter(pk__in=keys[:A_PAGE]) if may_decide(user, one, as_of=as_of)]
    if not chosen:
        return _("请先勾选要答复的请假。")
    by: dict[str, Any] = {"leave_ids": chosen, "as_of": as_of}
    try:
        if request.POST.get("do") != "refuse":
            done = operations.approve_leaves(**by, approved_by_id=user.pk)
            said = ngettext(
                "已批准 %(number)s 条请假，本人可以看到。", "已批准 %(number)s 条请假，本人可以看到。", len(done)
            )
        elif form.is_valid():
            done = operations.refuse_leaves(**by, refused_by_id=user.pk, reason=form.cleaned_data["reason"])
            said = ngettext(
                "没有批准 %(number)s 条，理由本人会看到。", "没有批准 %(number)s 条，理由本人会看到。", len(done)
            )
        else:
            return _("不批准的要写明理由，本人会看到。")
    except operations.UnableToDecideLeave as error:
        return str(error)
    messages.success(request, said % {"number": len(done)})
    return ""


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_leave(request: HttpRequest, leave_id: int) -> HttpResponse:
    """Show one leave; approve it in part, refuse it, or take an approval back."""
    user, as_of = signed_in(request), timezone.now()
    leave = get_object_or_404(leaves(), pk=leave_id)
    if not may_decide(user, leave, as_of=as_of):
        raise Http404
    do = request.POST.get("do", "") if request.method == "POST" else ""
    sent = {name: request.POST if do == name else None for name in ("approve", "refuse", "take_back")}
    offered = [
        (one.occasion_id, f"{one.occasion.title} · {day_and_hour(one.occasion.starts_at)}") for one in leave.ticks.all()
    ]
    forms_by = {
        "approve": PartForm(sent["approve"], leave=leave, offered=offered),
        "refuse": ReasonForm(sent["refuse"]),
        "take_back": TakeBackForm(sent["take_back"], is_period=leave.is_period),
    }
    if do in forms_by and forms_by[do].is_valid() and _answered(request, leave, forms_by[do], do, as_of):
        return redirect("branch_leaves")
    with transaction.atomic():
        log_visit(reader_id=user.pk, subject_ids=[leave.member_id], what="leave", as_of=as_of)
    context = {
        "tab": "branch",
        "leave": leave,
        "row": LeaveRow.of(leave),
        "said": became_of(leave),
        "occasions": [words for _pk, words in offered],
        "waits": leave.state == Leave.State.ASKED,
        "holds": leave.state == Leave.State.APPROVED,
        "form": forms_by,
        "failed": forms_by.get(do),
    }
    return render(request, "attendance/branch_leave.html", context, status=422 if request.method == "POST" else 200)


def _answered(request: HttpRequest, leave: Leave, form: Any, do: str, as_of: datetime) -> bool:
    by, name = signed_in(request).pk, {"name": leave.member.name}
    try:
        if do == "approve":
            operations.approve_in_part(leave_id=leave.pk, approved_by_id=by, as_of=as_of, **form.part())
            said = _("已批准%(name)s的请假，本人可以看到。") % name
        elif do == "refuse":
            operations.refuse_leaves(
                leave_ids=[leave.pk], reason=form.cleaned_data["reason"], refused_by_id=by, as_of=as_of
            )
            said = _("没有批准%(name)s的请假，理由本人会看到。") % name
        else:
            stays = operations.take_back_leave(leave_id=leave.pk, taken_back_by_id=by, as_of=as_of, **form.cleaned_data)
            said = _("已撤销%(name)s的请假，结果已按现在的记录重新认定。") % name + stays
    except operations.UnableToDecideLeave as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, said)
    return True


@require_GET
@never_cache
@role_required(Role.SECRETARY, Role.OPERATOR)
def absent_people(request: HttpRequest) -> HttpResponse:
    """Find somebody of one's own units, to enter a leave or a long absence; the first fifty, or by name."""
    user, as_of = signed_in(request), timezone.now()
    sought = request.GET.get("name", "").replace("\x00", "").strip()[:40]
    nodes = visible_nodes(user, Role.SECRETARY, Role.OPERATOR)
    found = members_named(sought, nodes=nodes, on_date=timezone.localdate(as_of)).exclude(member_id=user.pk)
    top = nodes.first()
    with transaction.atomic():
        rows = list(found[: MOST_FOUND + 1])
        named = [one.member_id for one in rows[:MOST_FOUND]]
        if top is not None:
            log_list(
                reader_id=user.pk, node_id=top.pk, member_ids=named, what="people", as_of=as_of, reason=sought,
                role=Role.SECRETARY,
            )  # fmt: skip
    context = {
        "tab": "branch",
        "sought": sought,
        "people": [(one, has_role(user, *NAMES, node=one.node)) for one in rows[:MOST_FOUND]],
        "is_cut": len(rows) > MOST_FOUND,
    }
    return render(request, "attendance/absent_people.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_leave_new(request: HttpRequest, member_id: int) -> HttpResponse:
    """Enter an approved leave for somebody of one's own units: several occasions of any training, or a time."""
    user, as_of = signed_in(request), timezone.now()
    member = _mine_or_404(user, member_id, as_of)
    offered = offered_to(member_id=member.pk, as_of=as_of, by_secretary=True)
    offered = [one for one in offered if has_role(user, *NAMES, node=one.node)]
    form = LeaveWishForm(request.POST or None, offered=choices_of(offered))
    if request.method == "POST" and form.is_valid():
        try:
            operations.enter_leave(member_id=member.pk, wish=form.wish(), entered_by_id=user.pk, as_of=as_of)
        except (operations.UnableToAskLeave, operations.UnableToDecideLeave) as error:
            form.blame(str(error), getattr(error, "field", None))
        else:
            messages.success(request, _("已登记%(name)s的请假，本人可以看到。") % {"name": member.name})
            return redirect("branch_leaves")
    with transaction.atomic():
        log_visit(reader_id=user.pk, subject_ids=[member.pk], what="leave", as_of=as_of)
    context = {"tab": "branch", "form": form, "member": member}
    return render(request, "attendance/branch_leave_new.html", context, status=422 if request.method == "POST" else 200)


def _mine_or_404(user: User, member_id: int, as_of: datetime) -> User:
    """Return somebody who belongs below one's own units today, other than oneself."""
    there = membership_on(member_id=member_id, on_date=timezone.localdate(as_of))
    if there is None or member_id == user.pk or not has_role(user, *NAMES, node=there.node):
        raise Http404
    return there.member
