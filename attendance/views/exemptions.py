"""Long absences and exemptions: who is exempt, entering one, ending one; what that does to rosters is said before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

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
from attendance.leave_forms import EndExemptionForm, ExemptionForm
from attendance.models import RosterEntry
from attendance.queries.exempting import (
    KEEPERS,
    Effect,
    Period,
    all_exemptions,
    effects_of,
    exemptions_below,
    exemptions_held_by,
    may_exempt,
    periods_beside,
    periods_held,
)
from attendance.sentences.leaves import exemption_words
from attendance.sentences.records import day_and_hour
from attendance.views.shared import log_visit
from organizations.models import Exemption, User
from organizations.operations import UnableToExempt
from organizations.permissions import role_required, signed_in

A_PAGE = 50


@dataclass(frozen=True)
class ExemptionRow:
    """One exemption of a list; ``url``: where it is ended."""

    name: str
    text: str
    url: str
    label: str

    @classmethod
    def of(cls, one: Exemption) -> "ExemptionRow":
        label = _("结束") + _("：") + one.member.name
        return cls(one.member.name, exemption_words(one), reverse("exemption_end", args=[one.pk]), label)


def effect_lines(effects: Sequence[Effect]) -> list[str]:
    """Return what becomes of rosters, a sentence an occasion; that nothing does is a sentence too."""
    if not effects:
        return [_("现在没有进行中、还能补学或已经排好的场次受影响。以后排的场次按这个日期算。")]
    return [_effect(one) for one in effects]


def _effect(one: Effect) -> str:
    said = {"title": one.occasion.title, "at": day_and_hour(one.occasion.starts_at)}
    if one.state == RosterEntry.State.EXEMPT:
        if one.is_ahead:
            return _("%(title)s（%(at)s，还没开始）：不再应到") % said
        return _("%(title)s（%(at)s）：从应到改为免") % said
    if one.is_ahead:
        return _("%(title)s（%(at)s，还没开始）：恢复应到") % said
    return _("%(title)s（%(at)s）：从免改为应到，可以补学") % said


def effects_title(effects: Sequence[Effect]) -> str:
    """Return how many occasions are touched."""
    said = ngettext("影响 %(number)s 场", "影响 %(number)s 场", len(effects))
    return said % {"number": len(effects)}


@require_GET
@never_cache
@role_required(*KEEPERS)
def exemptions(request: HttpRequest) -> HttpResponse:
    """List who is exempt now or later below one's own units, by name; logged."""
    user, as_of = signed_in(request), timezone.now()
    with transaction.atomic():
        found = exemptions_below(user, on_date=timezone.localdate(as_of)).exclude(member_id=user.pk)
        page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
        log_visit(reader_id=user.pk, subject_ids=[one.member_id for one in page], what="exemption", as_of=as_of)
    context = {"tab": "branch", "page": page, "rows": [ExemptionRow.of(one) for one in page]}
    return render(request, "attendance/exemptions.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*KEEPERS)
def exemptions_of(request: HttpRequest, member_id: int) -> HttpResponse:
    """Show one person's exemptions and enter another: first what it does, then ``do=save`` keeps it."""
    user, as_of = signed_in(request), timezone.now()
    member = _person_or_404(user, member_id, as_of)
    form = ExemptionForm(request.POST or None)
    effects: list[Effect] | None = None
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") == "save" and _entered(request, member, form, as_of):
            return redirect("exemptions_of", member.pk)
        held = periods_held([member.pk])[member.pk]
        wanted = Period(form.cleaned_data["from_date"], form.to_date)
        effects = effects_of(member_id=member.pk, periods=[*held, wanted], as_of=as_of)
    with transaction.atomic():
        log_visit(reader_id=user.pk, subject_ids=[member.pk], what="exemption", as_of=as_of)
    rows = exemptions_held_by(member.pk)[:A_PAGE]
    context = {"tab": "branch", "member": member, "form": form} | _shown(effects)
    context["rows"] = [(exemption_words(one), _end_url(one, as_of)) for one in rows]
    return render(request, "attendance/exemptions_of.html", context, status=422 if form.errors else 200)


def _person_or_404(user: User, member_id: int, as_of: datetime) -> User:
    if not may_exempt(user, member_id=member_id, on_date=timezone.localdate(as_of)):
        raise Http404
    return get_object_or_404(User, pk=member_id)


def _shown(effects: list[Effect] | None) -> dict[str, object]:
    if effects is None:
        return {}
    return {"effects": effect_lines(effects), "effects_title": effects_title(effects)}


def _end_url(one: Exemption, as_of: datetime) -> str:
    """Return where an exemption is ended; "" once it is over."""
    is_over = one.active_to_date is not None and one.active_to_date <= timezone.localdate(as_of)
    return "" if is_over else reverse("exemption_end", args=[one.pk])


def _entered(request: HttpRequest, member: User, form: ExemptionForm, as_of: datetime) -> bool:
    data = form.cleaned_data
    try:
        operations.enter_exemption(
            member_id=member.pk,
            from_date=data["from_date"],
            to_date=form.to_date,
            category=data["category"],
            document=data["document"],
            entered_by_id=signed_in(request).pk,
            as_of=as_of,
        )
    except UnableToExempt as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("已登记%(name)s，本人可以看到。") % {"name": member.name})
    return True


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*KEEPERS)
def exemption_end(request: HttpRequest, exemption_id: int) -> HttpResponse:
    """Expect somebody again from a day on: first what that does, then ``do=save`` keeps it."""
    user, as_of = signed_in(request), timezone.now()
    one = get_object_or_404(all_exemptions(), pk=exemption_id)
    member = _person_or_404(user, one.member_id, as_of)
    form = EndExemptionForm(request.POST or None, initial={"on_date": timezone.localdate(as_of)})
    effects: list[Effect] | None = None
    if request.method == "POST" and form.is_valid():
        on_date = form.cleaned_data["on_date"]
        if request.POST.get("do") == "save" and _ended(request, one, form, on_date, as_of):
            return redirect("exemptions_of", member.pk)
        effects = effects_of(member_id=member.pk, periods=_without(one, on_date), as_of=as_of)
    with transaction.atomic():
        log_visit(reader_id=user.pk, subject_ids=[member.pk], what="exemption", as_of=as_of)
    context = {"tab": "branch", "member": member, "words": exemption_words(one), "form": form} | _shown(effects)
    return render(request, "attendance/exemption_end.html", context, status=422 if form.errors else 200)


def _without(one: Exemption, on_date: date) -> list[Period]:
    """Return a person's exemptions if this one ended on that day."""
    return [*periods_beside(one), Period(one.active_from_date, max(on_date, one.active_from_date))]


def _ended(request: HttpRequest, one: Exemption, form: EndExemptionForm, on_date: date, as_of: datetime) -> bool:
    try:
        operations.end_exemption_early(
            exemption_id=one.pk, on_date=on_date, ended_by_id=signed_in(request).pk, as_of=as_of
        )
    except UnableToExempt as error:
        form.add_error("on_date", str(error))
        return False
    messages.success(request, _("已恢复应学，本人可以看到。"))
    return True
