"""What the ledger does about who left long ago: it says so before, and takes their words out; what counts stays.

Records, evidence and corrections stay as they are: they are sealed, and know people by a number alone (ADR 88).
"""

from collections import defaultdict
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
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
from organizations.departing import Leaver, goes_on, leavers, to_be_told
from organizations.models import Departure, Node, Role
from organizations.operations.departures import NAMELESS
from organizations.queries import grants_above

log = structlog.get_logger(__name__)
TOLD_AT_ONCE = 200
KIND = "departures_soon"


def tell_departures(*, as_of: datetime) -> int:
    """Say of those who are taken out soon that they are: to the secretary of their last unit (or of the nearest above
    that has one, or to the operator), and to themselves where they left an address; returns of how many.

    The letters go first: whoever is interrupted sends some of them twice, and leaves nobody out. Bounded; repeatable.
    """
    rows = list(to_be_told(as_of=as_of).select_related("member")[:TOLD_AT_ONCE])
    by_unit: dict[int, list[Leaver]] = defaultdict(list)
    for one in leavers(rows, as_of=as_of):
        by_unit[one.unit.pk if one.unit else 0].append(one)
        if settings.EMAIL_URL:
            _write_to(one)
    return sum(_tell_of(people, as_of) for people in by_unit.values())


def _write_to(one: Leaver) -> None:
    try:
        address = email_of(one.departure.member)
        said = _(
            "您已离开“%(unit)s”。按规定，您的姓名等个人信息从 %(day)s 起从本系统清除，不能恢复。"
            "有疑问请在那以前联系原来的组织。"
        )
        send_email(to=address, subject=_("个人信息清除"), said=said % {"unit": one.unit or "", "day": one.goes_on})
    except NotSent as error:
        log.info("departure_not_written", member_id=one.departure.pk, why=error.why)


@transaction.atomic
def _tell_of(people: list[Leaver], as_of: datetime) -> int:
    """One notice for all of one unit. Whoever was told of or put on hold meanwhile is left out by the one update."""
    told = Departure.objects.filter(pk__in=[one.departure.pk for one in people], told_at=None, began_at=None)
    count = told.update(told_at=as_of)
    unit = people[0].unit
    if count and unit is not None:
        days = [day for one in people if (day := goes_on(one.departure, as_of=as_of)) is not None]
        data = {"unit": unit.name, "count": count, "on": min(days).isoformat()}
        tell(member_ids=_readers(unit, as_of), kind=KIND, as_of=as_of, data=data)
    return count


def _readers(unit: Node, as_of: datetime) -> set[int]:
    for role in (Role.SECRETARY, Role.OPERATOR):
        grants = list(grants_above(unit, role=role, on_date=timezone.localdate(as_of)))
        if grants:
            return {one.user_id for one in grants if one.node_id == grants[0].node_id}
    return set()


def take_out(*, member_id: int) -> None:
    """What they were told, what they wrote, and what was written to them; that they did, and what came of it, stays."""
    Notice.objects.filter(member_id=member_id).delete()
    NoticeChoice.objects.filter(pk=member_id).delete()
    MessageAccount.objects.filter(member_id=member_id).delete()
    WatchBudget.objects.filter(member_id=member_id).delete()
    ReminderMessage.objects.filter(member_id=member_id).update(text="")
    Dispute.objects.filter(member_id=member_id).update(text="", answer="", outages=[])
    Declaration.objects.filter(member_id=member_id).update(source="", reason="")
    Leave.objects.filter(member_id=member_id).update(reason="")
    CorrectionReview.objects.filter(record__member_id=member_id).update(reason="")
    Guest.objects.filter(member_id=member_id).update(name=NAMELESS, unit="", last4="")
