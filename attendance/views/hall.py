"""登记集中收看: who sat in a hall together, who is ticked already and by whom, and taking a tick back.

Everything works without a script: finding a name and ticking everybody send the form, and nothing typed is lost. With
one (``frontend/src/hall``) a name is found while it is typed, and what is ticked without a line waits on the phone.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from attendance import operations
from attendance.forms import GuestForm, HallForm, WithdrawForm
from attendance.models import Occasion, Record, Rule
from attendance.operations.notes import takes_no_ticks
from attendance.permissions import NAMES
from attendance.queries import CALLED_OFF, entries_below, occasions, records_of
from attendance.queries.listing import is_being_listed
from attendance.reports.base import Scope
from attendance.reports.standing import occasions_of
from attendance.sentences.records import hall_words
from attendance.standing import DONE, amount_of, asked_of
from attendance.views.hall_beside import BESIDE
from attendance.views.hall_rows import MOST_TICKS, Choice, GuestRow, Hall, found_among, hall_of, initial_times
from attendance.views.shared import id_or_none, log_shown, number_or_none, scope_or_404
from attendance.views.training import being_listed_words
from organizations.models import User
from organizations.permissions import role_required, signed_in

MOST_NAMED = 3
ISLAND_PAGES = ("branch_sheet", "branch_hall_sync", "branch_hall_find")
LOOKING = ("find", "all", "none")  # buttons that only show the list another way


Failed = HallForm | WithdrawForm | GuestForm | None


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(*NAMES)
def branch_hall(request: HttpRequest, training_id: int) -> HttpResponse:
    """Show who is ticked at an occasion, tick the people who watched it together, take a tick back."""
    scope = scope_or_404(request, training_id, as_of=timezone.now(), roles=NAMES)
    occasions = [one for one in occasions_of(scope) if one.opened_at is not None and one.state not in CALLED_OFF]
    wanted = number_or_none(request.POST.get("occasion") or request.GET.get("occasion"))
    occasion = _chosen(occasions, wanted)
    context: dict[str, Any] = {"tab": "branch", "scope": scope, "occasion": occasion}
    if occasion is None:
        return render(request, "attendance/branch_hall.html", context)
    context |= _choices(occasions, occasion, scope)
    if request.method == "GET" and takes_no_ticks(occasion, scope.node, scope.as_of):
        return render(request, "attendance/branch_hall.html", context | {"is_over": True})
    with transaction.atomic():
        hall = hall_of(scope, occasion, reader_id=signed_in(request).pk, wanted=_asked_for(request))
        log_shown(scope, reader=signed_in(request), member_ids=hall.named, what="hall", title=occasion.title)
    do, failed = request.POST.get("do", ""), None
    if request.method == "POST" and do not in LOOKING:
        failed = _written(request, hall, do)
        if failed is None:
            return redirect(hall.address)
    context |= {"hall": hall, "form": _form(request, hall, failed), "failed": failed}
    context |= _shown(request, hall, do) | _beside(signed_in(request), hall, failed)
    return render(request, "attendance/branch_hall.html", context, status=422 if failed else 200)


def _choices(occasions: list[Occasion], occasion: Occasion, scope: Scope) -> dict[str, Any]:
    """Return what the page says of its occasion, and the others that it could be about."""
    return {
        "chosen": Choice.of(occasion, scope),
        "others": [Choice.of(one, scope) for one in occasions if one != occasion],
        "listed": being_listed_words([occasion] if is_being_listed(occasion) else []),
    }


def _beside(reader: User, hall: Hall, failed: Failed) -> dict[str, Any]:
    """Return what the page has beside the names: guests, the way to the sheet, and what its script needs."""
    here = f"?node={hall.scope.node.pk}&occasion={hall.occasion.pk}"
    pages = {name: reverse(name, args=[hall.scope.training.pk]) + here for name in ISLAND_PAGES}
    ours = [GuestRow.like_ours(guest, one) for guest, one in hall.like_ours]
    return {
        "guest_form": failed if isinstance(failed, GuestForm) else GuestForm(),
        "guest_rows": {"here": [GuestRow.of(one) for one in hall.guests], "ours": ours},
        "sheet_url": pages["branch_sheet"],
        "island": {
            "key": f"{hall.occasion.pk}-{hall.scope.node.pk}",
            "sync": pages["branch_hall_sync"],
            "find": pages["branch_hall_find"],
            "owner": str(reader.public_id),
            "words": hall_words(),
        },
    }


def _written(request: HttpRequest, hall: Hall, do: str) -> Failed:
    """Do as posted; returns the form that says what is wrong, None when it is done."""
    if do in BESIDE:
        return BESIDE[do](request, hall)
    if do == "withdraw":
        back = WithdrawForm(request.POST, ticks=_own_right(hall))
        return None if back.is_valid() and _withdraw(request, hall, back) else back
    posted = request.POST.getlist("members")[:MOST_TICKS]
    form = HallForm(request.POST, people=on_roster_here(hall.scope, hall.occasion, posted, reader_id=hall.reader_id))
    return None if form.is_valid() and _tick(request, hall, form) else form


def on_roster_here(scope: Scope, occasion: Occasion, posted: Iterable[str], *, reader_id: int) -> list[tuple[int, str]]:
    """Return those of the posted people who are expected here: also who was ticked meanwhile, never the reader."""
    keys = [key for text in posted if (key := id_or_none(text)) is not None]
    found = entries_below(scope.node.path).filter(occasion=occasion, member_id__in=keys)
    return list(found.exclude(member_id=reader_id).values_list("member_id", "member__name"))


def _form(request: HttpRequest, hall: Hall, failed: Failed) -> HallForm:
    """Return the form as it was typed, else with the occasion's own time."""
    if isinstance(failed, HallForm):
        return failed
    typed = {name: request.POST[name] for name in ("started_at", "ended_at") if name in request.POST}
    return HallForm(initial=typed or initial_times(hall.occasion, hall.scope.as_of))


def _chosen(occasions: list[Occasion], wanted: int | None) -> Occasion | None:
    """Return the occasion asked for, else the one that runs now, else the last."""
    if wanted is not None:
        found = next((one for one in occasions if one.pk == wanted), None)
        if found is None:
            raise Http404
        return found
    running = (one for one in occasions if one.state == Occasion.State.OPEN and one.rule.basis == Rule.Basis.WINDOW)
    return next(running, occasions[-1] if occasions else None)


def _asked_for(request: HttpRequest) -> set[int]:
    return {key for text in request.GET.getlist("member")[:MOST_TICKS] if (key := id_or_none(text)) is not None}


def _own_right(hall: Hall) -> list[int]:
    """Return the ticks that the reader may take back."""
    return [one.pk for batch in hall.batches for one in batch.ticks if one.member_id != hall.reader_id]


def _shown(request: HttpRequest, hall: Hall, do: str) -> dict[str, Any]:
    """Return the list as the page shows it: who is ticked stays in sight, whatever name is looked for."""
    people = hall.people
    ticked, sought = set(request.POST.getlist("members")), request.POST.get("name", "").strip()[:40]
    found = found_among(hall.scope, people, sought, reader=signed_in(request))
    for one in people:
        posted = str(one.member_id) in ticked if request.method == "POST" else one.checked
        one.checked = (posted or (do == "all" and one.member_id in found)) and do != "none"
    shown = [one for one in people if one.checked or one.member_id in found]
    units = [(unit, list(among)) for unit, among in groupby(shown, key=lambda one: one.unit)]
    is_found = bool(found) or not sought
    said = _("没有叫“%(sought)s”的人；已参加的不用登记。不在名单里的，写在来宾里。") % {"sought": sought}
    return {
        "units": units,
        "sought": sought,
        "not_found": "" if is_found else said,
        "is_cut": len(people) >= MOST_TICKS,
    }


def _tick(request: HttpRequest, hall: Hall, form: HallForm) -> bool:
    is_from_scan = form.cleaned_data["from_scan"] or "times" not in request.POST
    try:
        ticks = operations.record_hall(
            occasion_id=hall.occasion.pk,
            member_ids=form.cleaned_data["members"],
            started_at=form.cleaned_data["started_at"],
            ended_at=form.cleaned_data["ended_at"],
            recorded_by_id=hall.reader_id,
            as_of=hall.scope.as_of,
            arrivals=hall.scans if is_from_scan else None,
        )
    except operations.UnableToRecord as error:
        form.add_error(error.field, str(error))
        return False
    said, is_enough = outcome_of(hall.occasion.pk, ticks, hall.scope.as_of)
    (messages.success if is_enough else messages.warning)(request, said)
    return True


def outcome_of(occasion_id: int, ticks: operations.HallTicks, as_of: datetime) -> tuple[str, bool]:
    """Return what came of the ticks in a sentence, and whether nobody is left short by them."""
    occasion = occasions().get(pk=occasion_id)
    count = len(ticks.fresh)
    said = ngettext("已登记 %(count)s 位", "已登记 %(count)s 位", count) % {"count": count}
    if ticks.known:
        said += _("，另有 %(count)s 位之前登记过") % {"count": len(ticks.known)}
    members = [*ticks.fresh, *ticks.known]
    records = records_of(occasion_id=occasion_id, member_ids=members)
    is_judged = occasion.state == Occasion.State.SETTLED or occasion.rule.basis == Rule.Basis.MEDIA
    if not is_judged:
        return said + _("。结束后认定。"), True
    short = [one for one in records if one.stands not in DONE]
    enough = len(members) - len(short)
    if not short:
        return said + _("，都达到了要求。"), True
    numbers = {"enough": enough, "short": len(short), "who": _who_is_short(occasion, short, as_of)}
    return said + _("，其中 %(enough)s 位达到要求，%(short)s 位还不够（%(who)s）。") % numbers, False


def _who_is_short(occasion: Occasion, short: list[Record], as_of: datetime) -> str:
    asked = asked_of(occasion=occasion, as_of=as_of)
    amounts = [(one.member.name, amount_of(asked, one.reasons, state=one.stands)) for one in short[:MOST_NAMED]]
    named = [_("%(name)s还差 %(length)s") % {"name": name, "length": amount.left} for name, amount in amounts]
    return _("、").join(named) + (_("等") if len(short) > MOST_NAMED else "")


def _withdraw(request: HttpRequest, hall: Hall, form: WithdrawForm) -> bool:
    try:
        count = operations.withdraw(
            occasion_id=hall.occasion.pk,
            evidence_ids=form.cleaned_data["ticks"],
            recorded_by_id=hall.reader_id,
            as_of=hall.scope.as_of,
        )
    except operations.UnableToRecord as error:
        form.add_error(None, str(error))
        return False
    said = ngettext("已撤回 %(count)s 位的登记，本人可以看到。", "已撤回 %(count)s 位的登记，本人可以看到。", count)
    messages.success(request, said % {"count": count})
    return True
