"""Who leaves the organisation, or comes back, while occasions run: their places on the rosters that exist already."""

from datetime import date, datetime, time

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance import events
from attendance.models import Occasion, Record, RecordState, RosterEntry
from attendance.operations.marks import hold
from attendance.operations.summary import mark_counts

log = structlog.get_logger(__name__)
LEFT = "left"
HELD = (RecordState.ATTENDED, RecordState.MADE_UP, RecordState.EXCUSED)
BEGUN = (Occasion.State.OPEN, Occasion.State.CLOSED, Occasion.State.SETTLED)


@transaction.atomic
def expect_no_longer(*, member_id: int, on_date: date, as_of: datetime) -> int:
    """Expect the person nowhere from ``on_date`` on: exempt them where something could still be done on that day.

    That is an open occasion, one that ended later, and one that could still be made up. What they have done by then
    stays theirs, and so does what was over. Marks the changed for settling; returns how many. Safe to repeat.
    """
    start = _start_of(on_date)
    reaching = Q(occasion__state=Occasion.State.OPEN)
    reaching |= Q(occasion__window_end_at__gt=start) | Q(occasion__make_up_until_at__gt=start)
    done = Record.objects.filter(occasion=OuterRef("occasion"), member_id=member_id, stands__in=HELD)
    entries = _entries(member_id, RosterEntry.State.EXPECTED).filter(reaching).exclude(Exists(done))
    return _change(entries, state=RosterEntry.State.EXEMPT, why=LEFT, as_of=as_of)


@transaction.atomic
def expect_again(*, member_id: int, on_date: date, left_date: date, as_of: datetime) -> int:
    """Undo ``expect_no_longer`` where something can still be done from ``on_date`` on.

    What began and ended while the person was away (since ``left_date``) stays exempt. Safe to repeat.
    """
    start = _start_of(on_date)
    known = Q(occasion__window_start_at__lt=_start_of(left_date), occasion__make_up_until_at__gt=start)
    running = Q(occasion__state=Occasion.State.OPEN) | Q(occasion__window_end_at__gt=start)
    entries = _entries(member_id, RosterEntry.State.EXEMPT).filter(running | known, why=LEFT)
    return _change(entries, state=RosterEntry.State.EXPECTED, why="", as_of=as_of)


def _entries(member_id: int, state: str) -> QuerySet[RosterEntry]:
    return RosterEntry.objects.filter(member_id=member_id, state=state, occasion__state__in=BEGUN)


def _change(entries: QuerySet[RosterEntry], *, state: str, why: str, as_of: datetime) -> int:
    # Locked before they change, in everybody's order (``marks``): a settling that reads them now must not clear the
    # mark that is set here.
    hold(sorted(set(entries.values_list("occasion_id", flat=True))))
    locked = entries.select_for_update(of=("self",)).order_by("occasion_id", "member_id")
    found = list(locked.values_list("pk", "occasion_id", "node_id", "member_id"))
    keys = [key for key, _occasion, _node, _member in found]
    changed = RosterEntry.objects.filter(pk__in=keys).update(state=state, why=why, dirty_at=as_of)
    for _key, occasion_id, node_id, member_id in found:  # as many as one person has running occasions
        mark_counts(occasion_id=occasion_id, node_ids=[node_id])
        events.tell(events.standing_changed, occasion_id=occasion_id, member_ids=[member_id])
    log.info("roster_followed_person", changed=changed, state=state)
    return changed


def _start_of(day: date) -> datetime:
    """The first moment of a day where the organisation lives."""
    return timezone.make_aware(datetime.combine(day, time.min))
