"""What the ledger does about who left long ago: it says so before, and takes their words out; what counts stays.

Records, evidence and corrections stay as they are: they are sealed, and know people by a number alone (ADR 88).
"""

import time
from collections import defaultdict
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import (
    CorrectionReview,
    Declaration,
    Dispute,
    Guest,
    Leave,
    MessageAccount,
    Notice,
    NoticeChoice,
    ReminderMessage,
    WatchBudget,
)
from attendance.operations.messaging import NotSent, email_of, send_email
from attendance.operations.notices import tell
from organizations.departing import Leaver, goes_on, leavers, to_be_told, to_be_written_to
from organizations.models import Departure, Node, Role
from organizations.operations.departures import NAMELESS
from organizations.queries import grants_above, keepers_of_the_whole

log = structlog.get_logger(__name__)
TOLD_AT_ONCE = 200
WRITTEN_WITHIN = timedelta(days=7)  # of the notice: the day that a letter names is still far off then
LETTERS_FOR_S, MOST_AWAY = 120.0, 3
KIND = "departures_soon"


def tell_departures(*, as_of: datetime) -> int:
    """Say of those who are taken out soon that they are: to the secretary of their last unit (or of the nearest above
    that has one, or to an operator), and to themselves where they left an address; returns of how many.

    Of whom something keeps, and of whom nobody can be told, nothing is noted: they are asked about again a day later,
    and stay until then. Bounded; repeatable.
    """
    rows = list(to_be_told(as_of=as_of).select_related("member")[:TOLD_AT_ONCE])
    by_unit: dict[int, list[Leaver]] = defaultdict(list)
    kept: list[int] = []
    for one in leavers(rows, as_of=as_of):
        if one.why_not:
            kept.append(one.departure.pk)
        else:
            by_unit[one.unit.pk if one.unit else 0].append(one)
    _ask_again(kept, as_of)
    told = sum(_tell_of(people, as_of) for people in by_unit.values())
    _write_letters(as_of)
    return told


@transaction.atomic
def _tell_of(people: list[Leaver], as_of: datetime) -> int:
    """One notice for all of one unit. Whoever was told of or put on hold meanwhile is left out by the one update."""
    unit = people[0].unit
    ids = [one.departure.pk for one in people]
    readers = _readers(unit, as_of)
    if not readers:
        log.warning("departures_nobody_to_tell", node_id=unit.pk if unit else None, count=len(ids))
        _ask_again(ids, as_of)
        return 0
    told = Departure.objects.filter(pk__in=ids, told_at=None, began_at=None)
    count = told.update(told_at=as_of, asked_at=None)
    if count:
        days = [day for one in people if (day := goes_on(one.departure, as_of=as_of)) is not None]
        data = {"unit": unit.name if unit else "", "count": count, "on": min(days).isoformat()}
        tell(member_ids=readers, kind=KIND, as_of=as_of, data=data)
    return count


def _ask_again(ids: list[int], as_of: datetime) -> None:
    Departure.objects.filter(pk__in=ids, told_at=None, began_at=None).update(asked_at=as_of)


def _readers(unit: Node | None, as_of: datetime) -> set[int]:
    """Who reads of a unit's people: the nearest who hold a role above it; of whoever never had a unit, and where nobody
    holds one, whoever operates the whole."""
    today = timezone.localdate(as_of)
    if unit is None:
        return keepers_of_the_whole(on_date=today)
    for role in (Role.SECRETARY, Role.OPERATOR):
        grants = [one for one in grants_above(unit, role=role, on_date=today) if one.user.is_active]
        if grants:
            return {one.user_id for one in grants if one.node_id == grants[0].node_id}
    return keepers_of_the_whole(on_date=today)


def _write_letters(as_of: datetime) -> None:
    """Write to those of whom it was said within a week and who have an address, until ``LETTERS_FOR_S`` are over.

    What became of each letter is noted by itself, at once: no other repeats it. Where it may go out later the others
    come first; where the server is away nobody else is tried in this turn.
    """
    if not settings.EMAIL_URL:
        return
    until, away = time.monotonic() + LETTERS_FOR_S, 0
    addressed = NoticeChoice.objects.filter(pk=OuterRef("pk"), email_cipher__isnull=False)
    rows = to_be_written_to(as_of=as_of, within=WRITTEN_WITHIN).filter(Exists(addressed)).select_related("member")
    for one in leavers(list(rows[:TOLD_AT_ONCE]), as_of=as_of):
        if time.monotonic() > until or away >= MOST_AWAY:
            log.info("departure_letters_go_on_later")
            return
        is_certain = not one.why_not and _write_to(one)
        away = 0 if is_certain or one.why_not else away + 1
        noted = {"written_at": as_of} if is_certain else {"asked_at": as_of}
        Departure.objects.filter(pk=one.departure.pk, told_at=one.departure.told_at).update(**noted)


def _write_to(one: Leaver) -> bool:
    """Write one letter; False where it did not go out and may do so later."""
    said = _(
        "您已离开“%(unit)s”。按规定，您的姓名等个人信息从 %(day)s 起从本系统清除，不能恢复。"
        "有疑问请在那以前联系原来的组织。"
    )
    try:
        address = email_of(one.departure.member)
        send_email(to=address, subject=_("个人信息清除"), said=said % {"unit": one.unit or "", "day": one.goes_on})
    except NotSent as error:
        log.info("departure_not_written", member_id=one.departure.pk, why=error.why)
        return error.for_good or error.unsure
    except Exception:
        log.exception("departure_letter_broken", member_id=one.departure.pk)
    return True


def take_out(*, member_id: int) -> None:
    """What they were told, what they wrote, and what was written to them; that they did, and what came of it, stays."""
    Notice.objects.filter(member_id=member_id).delete()
    NoticeChoice.objects.filter(pk=member_id).delete()
    MessageAccount.objects.filter(member_id=member_id).delete()
    WatchBudget.objects.filter(member_id=member_id).delete()
    ReminderMessage.objects.filter(member_id=member_id).update(text="", provider_id="", ask_at=None)
    Dispute.objects.filter(member_id=member_id).update(text="", answer="", outages=[])
    Declaration.objects.filter(member_id=member_id).update(source="", reason="")
    Leave.objects.filter(member_id=member_id).update(reason="")
    CorrectionReview.objects.filter(record__member_id=member_id).update(reason="")
    Guest.objects.filter(member_id=member_id).update(name=NAMELESS, unit="", last4="")
