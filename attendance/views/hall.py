"""What a secretary writes down: who sat in the hall, a leave, study elsewhere, a correction, an answer, a call."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from attendance import operations
from attendance.forms import AnswerForm, CorrectForm, DeclareForm, HallForm, LeaveForm
from attendance.models import Dispute, Occasion, RecordState, RosterEntry
from attendance.permissions import NAMES, may_record_for, may_reveal_phone
from attendance.reports.base import Scope
from attendance.reports.standing import UNDONE, node_names, occasions_of, place, standings
from attendance.views.shared import number_or_none, scope_or_404, signed_in
from organizations.models import User
from organizations.operations import UnableToRevealPhone, reveal_phone
from organizations.permissions import role_required

TICKABLE = (*UNDONE, RecordState.PENDING)
MOST_TICKS = 500


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_hall(request: HttpRequest, training_id: int) -> HttpResponse:
    """Tick the people who watched an occasion together."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    occasions = [one for one in occasions_of(scope) if one.opened_at is not None]
    wanted = number_or_none(request.POST.get("occasion") or request.GET.get("occasion"))
    occasion = next((one for one in reversed(occasions) if wanted in (None, one.pk)), None)
    if occasion is None and wanted is not None:
        raise Http404
    context: dict[str, Any] = {"tab": "branch", "scope": scope, "occasions": occasions, "occasion": occasion}
    if occasion is not None:
        people = _tickable(scope, occasion, reader_id=signed_in(request).pk)
        form = HallForm(request.POST or None, people=people, initial=_hall_initial(request, occasion, scope.as_of))
        if form.is_valid() and _record_hall(request, scope, occasion, form):
            return redirect(f"{reverse('branch_training', args=[training_id])}?node={scope.node.pk}")
        context |= {"form": form, "people": people, "is_cut": len(people) >= MOST_TICKS}
    status = 422 if request.method == "POST" else 200
    return render(request, "attendance/branch_hall.html", context, status=status)


def _tickable(scope: Scope, occasion: Occasion, *, reader_id: int) -> list[tuple[int, str]]:
    names = node_names(scope)
    people = []
    for one in standings(scope, states=TICKABLE, occasion_id=occasion.pk):
        if one.member_id != reader_id:
            where = place(one.node_path, names=names, below=scope.node.path)
            people.append((one.member_id, one.name if one.node_path == scope.node.path else f"{one.name} · {where}"))
        if len(people) == MOST_TICKS:
            break
    return people


def _hall_initial(request: HttpRequest, occasion: Occasion, as_of: datetime) -> dict[str, Any]:
    return {
        "started_at": occasion.window_start_at or occasion.starts_at,
        "ended_at": occasion.window_end_at or min(occasion.ends_at, as_of),
        "members": [number_or_none(request.GET.get("member"))],
    }


def _record_hall(request: HttpRequest, scope: Scope, occasion: Occasion, form: HallForm) -> bool:
    ticked = form.cleaned_data["members"]
    try:
        operations.record_hall(
            occasion_id=occasion.pk,
            member_ids=ticked,
            started_at=form.cleaned_data["started_at"],
            ended_at=form.cleaned_data["ended_at"],
            recorded_by_id=signed_in(request).pk,
            as_of=scope.as_of,
        )
    except operations.UnableToRecord as error:
        form.add_error(None, str(error))
        return False
    said = ngettext("已登记 %(count)s 位集中收看。", "已登记 %(count)s 位集中收看。", len(ticked))
    messages.success(request, said % {"count": len(ticked)})
    return True


Save = Callable[[dict[str, Any], dict[str, Any]], None]


def _save_leave(who: dict[str, Any], data: dict[str, Any]) -> None:
    operations.approve_leave(**who, category=data["category"])


def _save_declared(who: dict[str, Any], data: dict[str, Any]) -> None:
    operations.declare(**who, category=data["category"])


def _save_correction(who: dict[str, Any], data: dict[str, Any]) -> None:
    author = {"author_id" if key == "recorded_by_id" else key: value for key, value in who.items()}
    operations.correct_record(**author, state=data["state"], reason=data["reason"])


ENTRIES: dict[str, tuple[Any, type[forms.Form], Save]] = {
    "leave": (gettext_lazy("登记请假"), LeaveForm, _save_leave),
    "declare": (gettext_lazy("登记其他方式学习"), DeclareForm, _save_declared),
    "correct": (gettext_lazy("更正结果"), CorrectForm, _save_correction),
}


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_entry(request: HttpRequest, occasion_id: int, member_id: int, what: str) -> HttpResponse:
    """Write down a leave, a study elsewhere or a correction for one person other than oneself."""
    user = signed_in(request)
    occasion = get_object_or_404(Occasion.objects.select_related("training"), pk=occasion_id)
    if what not in ENTRIES or member_id == user.pk or not may_record_for(user, occasion=occasion, member_id=member_id):
        raise Http404
    title, form_class, save = ENTRIES[what]
    form = form_class(request.POST or None)
    back = reverse("branch_member", args=[occasion.training_id, member_id])
    entry = RosterEntry.objects.select_related("member").get(occasion=occasion, member_id=member_id)
    back = f"{back}?node={entry.node_id}#o{occasion.pk}"
    who = {"occasion_id": occasion.pk, "member_id": member_id, "recorded_by_id": user.pk, "as_of": timezone.now()}
    if form.is_valid() and _saved(form, save, who):
        messages.success(request, _("已保存，本人可以看到。"))
        return redirect(back)
    context = {
        "tab": "branch",
        "title": title,
        "form": form,
        "occasion": occasion,
        "member": entry.member,
        "back": back,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "attendance/branch_entry.html", context, status=status)


def _saved(form: forms.Form, save: Save, who: dict[str, Any]) -> bool:
    try:
        save(who, form.cleaned_data)
    except operations.UnableToRecord as error:
        form.add_error(None, str(error))
        return False
    return True


@require_POST
@role_required(*NAMES)
def branch_answer(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Answer somebody's dispute."""
    user = signed_in(request)
    dispute = get_object_or_404(Dispute.objects.select_related("occasion"), pk=dispute_id)
    member_id = dispute.member_id
    if member_id == user.pk or not may_record_for(user, occasion=dispute.occasion, member_id=member_id):
        raise Http404
    form = AnswerForm(request.POST)
    try:
        operations.answer_dispute(
            dispute_id=dispute.pk,
            answer=form.cleaned_data["answer"] if form.is_valid() else "",
            answered_by_id=user.pk,
            as_of=timezone.now(),
        )
    except operations.UnableToAnswerDispute:
        messages.error(request, _("没有保存：请写下答复，最多 1000 字；已经答复过的不能再改。"))
    else:
        messages.success(request, _("已答复，本人可以看到。"))
    entry = RosterEntry.objects.get(occasion_id=dispute.occasion_id, member_id=member_id)
    back = reverse("branch_member", args=[dispute.occasion.training_id, member_id])
    return redirect(f"{back}?node={entry.node_id}#o{dispute.occasion_id}")


@require_POST
@never_cache
@role_required(*NAMES)
@transaction.atomic
def branch_phone(request: HttpRequest, training_id: int, member_id: int) -> HttpResponse:
    """Reveal one person's phone number, to be called; the reveal is written down."""
    as_of = timezone.now()
    scope = scope_or_404(request, training_id, as_of=as_of, roles=NAMES)
    reader = signed_in(request)
    if not may_reveal_phone(reader, member_id=member_id, on_date=timezone.localdate(as_of)):
        raise Http404
    try:
        phone = reveal_phone(reader_id=reader.pk, subject_id=member_id, as_of=as_of)
    except UnableToRevealPhone as error:
        raise Http404 from error
    context = {"tab": "branch", "scope": scope, "member": User.objects.get(pk=member_id), "phone": phone}
    return render(request, "attendance/branch_phone.html", context)
