"""What time does to halls: one that was announced and never delivered lapses, guests are forgotten (ADR 40)."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from attendance.models import Guest, Hall, RosterEntry
from attendance.operations.marks import mark_dirty
from attendance.operations.notices import tell
from attendance.queries.halls import guests_over, lapses_at
from attendance.surviving import survived
from organizations.models import Role
from organizations.queries import grants_above

log = structlog.get_logger(__name__)
WARN_BEFORE = timedelta(days=2)


def lapse_halls(*, as_of: datetime) -> int:
    """Let announced halls lapse whose time is over, and warn of those whose time is nearly over; returns how many
    lapsed. Safe to repeat, twice at once too; what fails at one hall stops no other.
    """
    wait = timedelta(days=settings.HALL_WAIT_DAYS)
    warn = min(WARN_BEFORE, wait / 2)
    waiting = Hall.objects.filter(
        is_offline=True, closed_at=None, opened_at__lte=as_of - wait + warn,
        occasion__window_end_at__lte=as_of - wait + warn,
    )  # fmt: skip
    lapsed = 0
    for hall in waiting.select_related("occasion", "node").order_by("opened_at", "pk"):
        at = lapses_at(hall)
        if at is not None and at <= as_of:
            lapsed += survived(_lapse, event="hall_not_lapsed", hall=hall, as_of=as_of) or 0
        elif hall.warned_at is None:
            survived(_warn, event="hall_not_lapsed", hall=hall, as_of=as_of)
    return lapsed


@transaction.atomic
def _lapse(*, hall: Hall, as_of: datetime) -> bool:
    """Wait for this hall no longer: from here on its people are judged by what is there (``settle_dirty``).

    What is delivered later counts as ever, and judges them again.
    """
    # By nobody: that is how it is told from one that somebody closed. Who delivers in this moment comes first or after.
    if not Hall.objects.filter(pk=hall.pk, closed_at=None).update(closed_at=as_of):
        return False
    there = RosterEntry.objects.filter(occasion_id=hall.occasion_id, node__path__startswith=hall.node.path)
    members = list(there.order_by("member_id").values_list("member_id", flat=True))
    mark_dirty(occasion_id=hall.occasion_id, member_ids=members, as_of=as_of)
    _tell(hall, "hall_lapsed", as_of)
    log.info("hall_lapsed", hall_id=hall.pk, occasion_id=hall.occasion_id, people=len(members))
    return True


@transaction.atomic
def _warn(*, hall: Hall, as_of: datetime) -> bool:
    """Tell once that a hall lapses soon; whoever comes second has told nobody."""
    if not Hall.objects.filter(pk=hall.pk, closed_at=None, warned_at=None).update(warned_at=as_of):
        return False
    _tell(hall, "hall_lapses_soon", as_of)
    return True


def _tell(hall: Hall, kind: str, as_of: datetime) -> None:
    """Tell whoever announced the hall, and the secretaries of its unit, or of the nearest above that has one."""
    grants = list(grants_above(hall.node, role=Role.SECRETARY, on_date=timezone.localdate(as_of)))
    nearest = {one.user_id for one in grants if one.node_id == grants[0].node_id}
    at = lapses_at(hall)
    data = {"place": hall.place or hall.node.name, "node": hall.node_id, "at": at.isoformat() if at else ""}
    tell(member_ids={hall.opened_by_id, *nearest}, kind=kind, as_of=as_of, occasion_id=hall.occasion_id, data=data)


def prune_guests(*, as_of: datetime) -> int:
    """Delete guests written down more than ``GUEST_KEEP_DAYS`` ago, a bounded number a call; returns how many.

    Whoever was found to be a member keeps the tick that was made of it: that is evidence of their own.
    """
    over = list(guests_over(as_of=as_of))
    deleted: tuple[int, dict[str, Any]] = Guest.objects.filter(pk__in=over).delete() if over else (0, {})
    if deleted[0]:
        log.info("guests_deleted", guests=deleted[0])
    return deleted[0]
