"""Presence in live rooms: one lease a worker, one row a stay, closed exactly once at the last moment it was heard.

While a row is open it costs nothing; its worker refreshes one lease. When the worker dies, whoever notices closes its
rows at the lease's last beat.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F

from attendance.models import Evidence, Occasion, PresenceSpan, WorkerLease
from attendance.operations.settling import settle
from attendance.operations.texts import checked

log = structlog.get_logger(__name__)

DEAD_AFTER = timedelta(seconds=15)  # three missed beats
MAX_QUIET = 1000  # a worker whose network is gone lists no more than this at a beat


class UnableToRecordPresence(Exception):
    """The device is no text, or the span ends before it starts."""


@dataclass(frozen=True, slots=True)
class Join:
    """A socket joined a room at the server's ``started_at``."""

    occasion_id: int
    member_id: int
    device: str
    lease_id: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class End:
    """A stay ended at ``ended_at``, when the phone was last heard; ``reason`` is a ``PresenceSpan.End``."""

    presence_id: int
    ended_at: datetime
    reason: str


def start_lease(*, name: str, as_of: datetime) -> int:
    """Begin a worker's lease and return its id; a worker that starts again takes a new one."""
    return WorkerLease.objects.create(name=name[:80], started_at=as_of, beat_at=as_of).pk


def beat_lease(*, lease_id: int, as_of: datetime, quiet: Mapping[int, datetime] | None = None) -> bool:
    """Refresh a lease, every 5 s; False when it was taken for dead (its rows are closed, open new ones).

    ``quiet`` names open presences that answer no more, with when each was last heard. Should the worker die before it
    closes them, they end there and not at this beat. A clock that stepped back never takes a beat back.
    """
    heard = {str(key): moment.isoformat() for key, moment in list((quiet or {}).items())[:MAX_QUIET]}
    alive = WorkerLease.objects.filter(pk=lease_id, ended_at=None)
    if alive.filter(beat_at__lte=as_of).update(beat_at=as_of, quiet=heard):
        return True
    return alive.exists()


def end_lease(*, lease_id: int, as_of: datetime) -> None:
    """End the lease of a worker that stops in good order; rows it left open end now."""
    with transaction.atomic():
        WorkerLease.objects.filter(pk=lease_id, ended_at=None, beat_at__lte=as_of).update(beat_at=as_of)
        _bury(lease_id)


def reap_leases(*, as_of: datetime) -> int:
    """End the leases that missed three beats and close their open rows at the last beat; returns how many died."""
    dead = WorkerLease.objects.filter(ended_at=None, beat_at__lt=as_of - DEAD_AFTER).values_list("pk", flat=True)
    count = 0
    for lease_id in list(dead):
        with transaction.atomic():
            count += _bury(lease_id)
    return count


def _bury(lease_id: int) -> int:
    """Claim a lease's end, close what it kept open, settle again whom that changes; 0 if another was quicker."""
    if not WorkerLease.objects.filter(pk=lease_id, ended_at=None).update(ended_at=F("beat_at")):
        return 0
    lease = WorkerLease.objects.get(pk=lease_id)
    opened = PresenceSpan.objects.filter(lease_id=lease_id, ended_at=None)
    changed = _judged_before(list(opened.values_list("occasion_id", "member_id")), lease.beat_at)
    quiet = {int(key): datetime.fromisoformat(moment) for key, moment in lease.quiet.items()}
    for key, heard_at in quiet.items():
        opened.filter(pk=key, started_at__lte=heard_at).update(ended_at=heard_at, end_reason=PresenceSpan.End.SILENT)
    # Who joined after the last beat was seen to join and no more.
    closed = opened.filter(started_at__gt=lease.beat_at).update(
        ended_at=F("started_at"), end_reason=PresenceSpan.End.WORKER_LOST
    )
    closed += opened.update(ended_at=lease.beat_at, end_reason=PresenceSpan.End.WORKER_LOST)
    if closed:
        log.warning("lease_ended_with_open_presences", lease_id=lease_id, closed=closed)
    for occasion_id, member_ids in changed.items():
        settle(occasion_id=occasion_id, member_ids=sorted(member_ids), as_of=lease.beat_at)
    return 1


def open_presences(*, joins: Sequence[Join]) -> list[int]:
    """Write a batch of stays in one INSERT; returns their ids in the order given. Raises UnableToRecordPresence."""
    rows = [
        PresenceSpan(
            occasion_id=join.occasion_id,
            member_id=join.member_id,
            device=checked(join.device, 40, UnableToRecordPresence),
            lease_id=join.lease_id,
            started_at=join.started_at,
        )
        for join in joins
    ]
    return [row.pk for row in PresenceSpan.objects.bulk_create(rows)]


def close_presences(*, ends: Sequence[End]) -> None:
    """Close a batch of stays. A row closed before stays as it was; none ends before it starts.

    Closing a row whose occasion is settled judges that member again, if the row ends inside the window.
    """
    if not ends:
        return
    with transaction.atomic():
        pairs = _close_at_once(ends) if connection.vendor == "postgresql" else _close_each(ends)
        _settle_again(pairs)


def _close_at_once(ends: Sequence[End]) -> list[tuple[int, int, datetime]]:
    sql = (
        "UPDATE attendance_presencespan AS row "
        "SET ended_at = GREATEST(row.started_at, given.ended_at), end_reason = given.reason "
        "FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS given(id, ended_at, reason) "
        "WHERE row.id = given.id AND row.ended_at IS NULL RETURNING row.occasion_id, row.member_id, row.ended_at"
    )
    keys, moments, reasons = zip(*((end.presence_id, end.ended_at, end.reason) for end in ends), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(keys), list(moments), list(reasons)])
        return [(int(row[0]), int(row[1]), row[2]) for row in cursor.fetchall()]


def _close_each(ends: Sequence[End]) -> list[tuple[int, int, datetime]]:
    sql = (
        "UPDATE attendance_presencespan SET ended_at = MAX(started_at, %s), end_reason = %s "
        "WHERE id = %s AND ended_at IS NULL RETURNING occasion_id, member_id"
    )
    closed: list[tuple[int, int, datetime]] = []
    with connection.cursor() as cursor:
        for end in ends:
            ended_at = connection.ops.adapt_datetimefield_value(end.ended_at)
            cursor.execute(sql, [ended_at, end.reason, end.presence_id])
            closed += [(int(row[0]), int(row[1]), end.ended_at) for row in cursor.fetchall()]
    return closed


def _settle_again(closed: Iterable[tuple[int, int, datetime]]) -> None:
    by_occasion: dict[int, list[tuple[int, datetime]]] = {}
    for occasion_id, member_id, ended_at in closed:
        by_occasion.setdefault(occasion_id, []).append((member_id, ended_at))
    settled = Occasion.objects.filter(pk__in=by_occasion, state=Occasion.State.SETTLED)
    for occasion in settled.only("window_end_at", "ends_at"):
        occasion_id, window_end_at = occasion.pk, occasion.window_end_at or occasion.ends_at
        inside = sorted({member for member, ended_at in by_occasion[occasion_id] if ended_at < window_end_at})
        if inside:
            latest = max(ended_at for _member, ended_at in by_occasion[occasion_id])
            settle(occasion_id=occasion_id, member_ids=inside, as_of=max(latest, window_end_at))


def _judged_before(open_rows: Iterable[tuple[int, int]], beat_at: datetime) -> dict[int, set[int]]:
    """Return whom a late end can still change: members of settled occasions whose window lasted beyond it."""
    rows = list(open_rows)
    late = set(
        Occasion.objects.filter(
            pk__in={occasion_id for occasion_id, _member in rows},
            state=Occasion.State.SETTLED,
            window_end_at__gt=beat_at,
        ).values_list("pk", flat=True)
    )
    found: dict[int, set[int]] = {}
    for occasion_id, member_id in rows:
        if occasion_id in late:
            found.setdefault(occasion_id, set()).add(member_id)
    return found


def record_outbox(
    *,
    occasion_id: int,
    member_id: int,
    device: str,
    client_id: str,
    started_at: datetime,
    ended_at: datetime,
    as_of: datetime,
) -> bool:
    """Keep a phone's claim that it went on playing through an outage; False when that id was kept before.

    How much of it counts is judged from the presences, whenever those are closed. Raises UnableToRecordPresence.
    """
    if ended_at <= started_at:
        raise UnableToRecordPresence("it ends before it starts")
    row = Evidence(
        occasion_id=occasion_id,
        member_id=member_id,
        kind=Evidence.Kind.OUTBOX,
        device=checked(device, 40, UnableToRecordPresence),
        client_id=checked(client_id, 64, UnableToRecordPresence),
        started_at=started_at,
        ended_at=ended_at,
        recorded_at=as_of,
    )
    with transaction.atomic():
        same = Evidence.objects.filter(member_id=member_id, kind=Evidence.Kind.OUTBOX, client_id=row.client_id)
        if same.exists():
            return False
        # Two at the same moment: the constraint keeps one, and both are told that it is kept.
        Evidence.objects.bulk_create([row], ignore_conflicts=True)
        if Occasion.objects.filter(pk=occasion_id, state=Occasion.State.SETTLED).exists():
            settle(occasion_id=occasion_id, member_ids=[member_id], as_of=as_of)
    return True
