"""What a secretary does for one person: a leave, study elsewhere, a correction, taking one back, a call."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from attendance import operations
from attendance.forms import CorrectForm, DeclareForm, LeaveForm
from attendance.models import Evidence, Occasion
from attendance.permissions import NAMES, may_record_for, may_reveal_phone
from attendance.queries import CALLED_OFF, announced_occasions, entries_below, occasions
from attendance.queries.coming import Coming, coming_for, node_at
from attendance.queries.written import WRITTEN, absence_of, may_be_withdrawn, written_about
from attendance.sentences.records import category, day_and_hour, written_down
from attendance.views.detail import Detail, review_state
from attendance.views.disputes import review_note
from attendance.views.shared import list_address, log_visit, scope_or_404
from attendance.views.timeline import kind_words
from organizations.core import phones
from organizations.models import Role, User
from organizations.operations import UnableToRevealPhone, reveal_phone
from organizations.permissions import has_role, role_required, signed_in

# Returns whether it waits for a second person.
Save = Callable[[dict[str, Any], dict[str, Any]], bool]


def _save_leave(who: dict[str, Any], data: dict[str, Any]) -> bool:
    wish = operations.Wish(data["category"], (who["occasion_id"], *data.get("also", ())))
    by = {"entered_by_id": who["recorded_by_id"], "as_of": who["as_of"]}
    try:
        operations.enter_leave(member_id=who["member_id"], wish=wish, **by)
    except (operations.UnableToAskLeave, operations.UnableToDecideLeave) as error:
        raise operations.UnableToRecord(str(error)) from error
    return False


def _save_declared(who: dict[str, Any], data: dict[str, Any]) -> bool:
    study = None
    if data["source"]:
        study = operations.Study(" ".join(data["source"].split()), data["studied_at"], data["minutes"])
    operations.declare(**who, category=data["category"], study=study)
    return False


def _save_correction(who: dict[str, Any], data: dict[str, Any]) -> bool:
    author = {"author_id" if key == "recorded_by_id" else key: value for key, value in who.items()}
    return bool(review_state(operations.correct_record(**author, state=data["state"], reason=data["reason"])))


ENTRIES: dict[str, tuple[Any, Callable[..., forms.Form], Save]] = {
    "leave": (gettext_lazy("登记请假"), LeaveForm, _save_leave),
    "declare": (gettext_lazy("登记其他方式学习"), DeclareForm, _save_declared),
    "correct": (gettext_lazy("更正结果"), CorrectForm, _save_correction),
}


@dataclass(frozen=True)
class Note:
    """One thing that stands written down about a person; ``url``: where the reader can take it back."""

    what: str
    text: str
    url: str = ""
    together: str = ""  # where it is one of several leaves of an absence: the words that take all of them back

    @property
    def label(self) -> str:
        """What taking it back is called where the row is not seen."""
        return _("撤回") + _("：") + self.what


@dataclass(frozen=True)
class Ahead:
    """One occasion that has not begun, as the page of a person shows it; ``url``: where a leave is written down."""

    pk: int
    title: str
    text: str
    notes: list[Note]
    url: str = ""

    @property
    def label(self) -> str:
        """What writing down a leave is called where the row is not seen."""
        return _("登记请假") + _("：") + self.title


def notes_of(
    details: list[Detail], coming: list[Coming], *, member_id: int, as_of: datetime, is_self: bool
) -> dict[int, list[Note]]:
    """Return by occasion what stands written down about a person; one query. Nobody takes back what is their own."""
    ids = [one.occasion.pk for one in details] + [one.occasion.pk for one in coming]
    written = list(written_about(member_id=member_id, occasion_ids=ids))
    open_ones = {one.pk for one in written if may_be_withdrawn(one, one.occasion, as_of=as_of)}
    absences = Counter(absence_of(one) for one in written if one.pk in open_ones)
    notes: dict[int, list[Note]] = {}
    for one in written:
        together = absences[absence_of(one)] if one.pk in open_ones and not is_self else 0
        notes.setdefault(one.occasion_id, []).append(_note(one, together))
    return notes


def _note(one: Evidence, together: int) -> Note:
    what = kind_words(one.occasion, one.kind) + (_("：") + category(one.category) if one.category else "")
    text = written_down(one.recorded_by, one.recorded_at)
    if not together:
        return Note(what, text)
    all_of_them = _("撤回这次请假的 %(number)s 场") % {"number": together} if together > 1 else ""
    return Note(what, text, reverse("branch_withdraw", args=[one.pk]), all_of_them)


def ahead_of(coming: list[Coming], notes: dict[int, list[Note]], *, member_id: int, is_self: bool) -> list[Ahead]:
    """Return what is to come for a person, with what stands written down there."""
    return [_ahead(one, notes.get(one.occasion.pk, []), member_id, is_self=is_self) for one in coming]


def _ahead(one: Coming, notes: list[Note], member_id: int, *, is_self: bool) -> Ahead:
    occasion = one.occasion
    text = f"{day_and_hour(occasion.starts_at)} · {one.node.name}"
    url = "" if is_self or notes else reverse("branch_entry", args=[occasion.pk, member_id, "leave"])
    return Ahead(occasion.pk, occasion.title, text, notes, url)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_entry(request: HttpRequest, occasion_id: int, member_id: int, what: str) -> HttpResponse:
    """Write down a leave, a study elsewhere or a correction for one person other than oneself."""
    user, now = signed_in(request), timezone.now()
    occasion = _occasion_or_404(user, occasion_id, member_id, what)
    title, form_class, save = ENTRIES[what]
    others = {"others": _other_occasions(user, occasion, member_id)} if what == "leave" else {}
    form = form_class(request.POST or None, **others)
    back = _back(occasion, member_id)
    who = {"occasion_id": occasion.pk, "member_id": member_id, "recorded_by_id": user.pk, "as_of": now}
    if form.is_valid() and (said := _saved(form, save, who)):
        messages.success(request, said)
        return redirect(back)
    with transaction.atomic():
        name = get_object_or_404(User, pk=member_id).name
        log_visit(reader_id=user.pk, subject_ids=[member_id], as_of=now)
    context = {"tab": "branch", "title": title, "form": form, "occasion": occasion, "back": back}
    context["head"] = name + _("：") + str(title)
    context["note"] = review_note(occasion, author_id=user.pk, as_of=now) if what == "correct" else ""
    status = 422 if request.method == "POST" else 200
    return render(request, "attendance/branch_entry.html", context, status=status)


def _occasion_or_404(user: User, occasion_id: int, member_id: int, what: str) -> Occasion:
    """Return the occasion at which the user may write this down about the person."""
    occasion = get_object_or_404(announced_occasions(), pk=occasion_id)
    if occasion.state == Occasion.State.SCHEDULED and what != "leave":  # nothing else can be known before
        raise Http404
    if what not in ENTRIES or member_id == user.pk or not may_record_for(user, occasion=occasion, member_id=member_id):
        raise Http404
    return occasion


def _back(occasion: Occasion, member_id: int) -> str:
    page = reverse("branch_member", args=[occasion.training_id, member_id])
    node = node_at(occasion=occasion, member_id=member_id)
    return f"{page}?node={node.pk if node else ''}#o{occasion.pk}"


def _other_occasions(user: User, occasion: Occasion, member_id: int) -> list[tuple[int, str]]:
    """Return the person's other occasions in this training without a leave, for an absence that covers several."""
    found = entries_below("").filter(member_id=member_id, occasion__training_id=occasion.training_id)
    found = found.exclude(occasion__state__in=CALLED_OFF)
    ahead = coming_for(member_id=member_id, training_id=occasion.training_id)
    rows = [(one.occasion, one.node) for one in found.order_by("occasion__starts_at", "occasion_id")]
    rows += [(one.occasion, one.node) for one in ahead]
    excused = written_about(member_id=member_id, occasion_ids=[one.pk for one, _node in rows])
    known = {occasion.pk, *excused.filter(kind=Evidence.Kind.LEAVE).values_list("occasion_id", flat=True)}
    return [
        (one.pk, f"{one.title} {date_format(localtime(one.starts_at), 'MONTH_DAY_FORMAT')}")
        for one, node in rows
        if one.pk not in known and has_role(user, *NAMES, node=node)
    ]


def _saved(form: forms.Form, save: Save, who: dict[str, Any]) -> str:
    """Return what is said of having saved it; "" where it could not be."""
    try:
        waits = save(who, form.cleaned_data)
    except operations.UnableToRecord as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return ""
    return _("已提出，另一位负责人复核同意以后生效，本人可以看到。") if waits else _("已保存，本人可以看到。")


@require_POST
@role_required(*NAMES)
def branch_withdraw(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """Take back one thing that was written down about somebody else; with ``all``, every leave of one absence."""
    user = signed_in(request)
    one = get_object_or_404(Evidence, pk=evidence_id, kind__in=WRITTEN)
    if one.member_id == user.pk or not may_record_for(user, occasion=one.occasion, member_id=one.member_id):
        raise Http404
    rows = _absence(user, one, as_of=timezone.now()) if "all" in request.POST else [one]
    try:
        _take_back(rows, recorded_by_id=user.pk, as_of=timezone.now())
    except operations.UnableToRecord as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("已撤回，结果已按现在的记录重新认定。本人可以看到。"))
    return redirect(_back(one.occasion, one.member_id))


def _absence(user: User, leave: Evidence, *, as_of: datetime) -> list[Evidence]:
    """Return the leaves written down in one step with this one that the user can still take back."""
    trainings = occasions().filter(training_id=leave.occasion.training_id).values("pk")
    same = written_about(member_id=leave.member_id, occasion_ids=trainings).filter(recorded_at=leave.recorded_at)
    return [
        one
        for one in same
        if absence_of(one) == absence_of(leave)
        and may_be_withdrawn(one, one.occasion, as_of=as_of)
        and may_record_for(user, occasion=one.occasion, member_id=one.member_id)
    ] or [leave]


@transaction.atomic
def _take_back(rows: list[Evidence], *, recorded_by_id: int, as_of: datetime) -> None:
    """Take back all of these or none; in the order of the occasions, as they are written down."""
    for one in sorted(rows, key=lambda row: row.occasion_id):
        operations.withdraw(
            occasion_id=one.occasion_id, evidence_ids=[one.pk], recorded_by_id=recorded_by_id, as_of=as_of
        )


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
        phone = reveal_phone(reader_id=reader.pk, subject_id=member_id, as_of=as_of, role=Role.SECRETARY)
    except UnableToRevealPhone as error:
        raise Http404 from error
    context = {"tab": "branch", "scope": scope, "member": get_object_or_404(User, pk=member_id), "phone": phone}
    context["spoken"] = phones.spoken(phone)
    context["back"] = list_address(request, scope, member_id)
    return render(request, "attendance/branch_phone.html", context)
