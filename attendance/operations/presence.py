"""Presence in live rooms: one lease a worker, one row a stay, closed exactly once at the last moment it was heard.

While a row is open it costs nothing; its worker refreshes one lease. When the worker dies, whoever notices closes its
rows at the lease's last beat. Nothing is judged here: whoever's evidence changed is marked, the sweep does the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from attendance.models import Evidence, PresenceSpan, WorkerLease
from attendance.operations.marks import mark_dirty, mark_pairs
from attendance.operations.texts import checked

log = structlog.get_logger(__name__)

DEAD_AFTER = timedelta(seconds=15)  # three missed beats
CLAIM_WITHIN = timedelta(hours=24)  # a phone keeps what it could not deliver for so long
MOST_CLAIMS = 200  # of one person at one occasion in that time: a line that breaks every minute for three hours
MAX_QUIET = 1000  # a worker whose network is gone lists no more than this at a beat


class UnableToRecordPresence(Exception):
    """It cannot be kept; the message says why, for the person whose phone sent it."""


class _UnfitText(UnableToRecordPresence):
    """A device or an id that no page of ours sends."""

    def __init__(self, _reason: str) -> None:
        super().__init__(_("这条记录读不出来，不能计入。请刷新页面再试。"))


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


def beat_lease(
    *,
    lease_id: int,
    as_of: datetime,
    quiet: Mapping[int, datetime] | None = None,
    measured: timedelta | None = None,
) -> bool:
    """Refresh a lease, every 5 s; False when it was taken for dead (its rows are closed, open new ones).

    ``quiet`` names open presences that answer no more, with when each was last heard. Should the worker die before it
    closes them, they end there and not at this beat. A clock that stepped back never takes a beat back; one that
    stepped forward never takes it further than ``measured``, the time since the last beat by a clock that cannot be
    set, and the 15 s after which everybody takes the worker for dead.
    """
    heard = {str(key): moment.isoformat() for key, moment in list((quiet or {}).items())[:MAX_QUIET]}
    alive = WorkerLease.objects.filter(pk=lease_id, ended_at=None)
    if measured is not None:
        last = alive.values_list("beat_at", flat=True).first()
        as_of = min(as_of, last + measured + DEAD_AFTER) if last else as_of
    if alive.filter(beat_at__lte=as_of).update(beat_at=as_of, quiet=heard):
        return True
    return alive.exists()


def end_lease(*, lease_id: int, as_of: datetime) -> None:
    """End the lease of a worker that stops in good order; rows it left open end now."""
    with transaction.atomic():
        WorkerLease.objects.filter(pk=lease_id, ended_at=None, beat_at__lte=as_of).update(beat_at=as_of)
        _bury(lease_id, as_of)


def reap_leases(*, as_of: datetime) -> int:
    """End the leases that missed three beats and close their open rows at the last beat; returns how many died."""
    dead = WorkerLease.objects.filter(ended_at=None, beat_at__lt=as_of - DEAD_AFTER).values_list("pk", flat=True)
    count = 0
    for lease_id in list(dead):
        with transaction.atomic():
            count += _bury(lease_id, as_of)
    return count


def _bury(lease_id: int, as_of: datetime) -> int:
    """Claim a lease's end, close what it kept open, mark whom that changes; 0 if another was quicker."""
    # A beat of a clock that ran ahead must not end anything in the future.
    ended = Least(F("beat_at"), Value(as_of), output_field=DateTimeField())
    if not WorkerLease.objects.filter(pk=lease_id, ended_at=None).update(ended_at=ended):
        return 0
    lease = WorkerLease.objects.get(pk=lease_id)
    lost_at = lease.ended_at or as_of
    opened = PresenceSpan.objects.filter(lease_id=lease_id, ended_at=None)
    # Locked by id, as by those who close a batch of these at the same moment (a worker that only hung).
    held = list(opened.select_for_update().order_by("pk").values_list("occasion_id", "member_id"))
    quiet = {int(key): datetime.fromisoformat(moment) for key, moment in lease.quiet.items()}
    for key, heard_at in quiet.items():
        opened.filter(pk=key, started_at__lte=heard_at).update(ended_at=heard_at, end_reason=PresenceSpan.End.SILENT)
    # Who joined after the last beat was seen to join and no more.
    opened.filter(started_at__gt=lost_at).update(ended_at=F("started_at"), end_reason=PresenceSpan.End.WORKER_LOST)
    opened.update(ended_at=lost_at, end_reason=PresenceSpan.End.WORKER_LOST)
    if held:
        log.warning("lease_ended_with_open_presences", lease_id=lease_id, closed=len(held))
    mark_pairs(pairs=held, as_of=lost_at)
    return 1


@transaction.atomic
def open_presences(*, joins: Sequence[Join]) -> list[int]:
    """Write a batch of stays in one INSERT; returns their ids in the order given. Raises UnableToRecordPresence.

    A batch may come late (the database was away): whoever's occasion is over meanwhile is marked.
    """
    rows = [
        PresenceSpan(
            occasion_id=join.occasion_id,
            member_id=join.member_id,
            device=checked(join.device, 40, _UnfitText),
            lease_id=join.lease_id,
            started_at=join.started_at,
        )
        for join in joins
    ]
    ids = [row.pk for row in PresenceSpan.objects.bulk_create(rows)]
    if rows:
        pairs = [(row.occasion_id, row.member_id) for row in rows]
        mark_pairs(pairs=pairs, as_of=max(join.started_at for join in joins))
    return ids


@transaction.atomic
def close_presences(*, ends: Sequence[End]) -> None:
    """Close a batch of stays. A row closed before stays as it was; none ends before it starts.

    Members of an occasion that is over are marked; the sweep judges them again.
    """
    if not ends:
        return
    pairs = _close_at_once(ends) if connection.vendor == "postgresql" else _close_each(ends)
    mark_pairs(pairs=pairs, as_of=max(end.ended_at for end in ends))


def _close_at_once(ends: Sequence[End]) -> list[tuple[int, int]]:
    # Rows are locked by id, as by whoever buries the lease that they hang on.
    sql = (
        "WITH held AS MATERIALIZED (SELECT id FROM attendance_presencespan WHERE id = ANY(%s::bigint[]) "
        "AND ended_at IS NULL ORDER BY id FOR UPDATE) "
        "UPDATE attendance_presencespan AS row "
        "SET ended_at = GREATEST(row.started_at, given.ended_at), end_reason = given.reason "
        "FROM held JOIN unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS given(id, ended_at, reason) "
        "ON given.id = held.id "
        "WHERE row.id = held.id AND row.ended_at IS NULL RETURNING row.occasion_id, row.member_id"
    )
    keys, moments, reasons = zip(*((end.presence_id, end.ended_at, end.reason) for end in ends), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(keys), list(keys), list(moments), list(reasons)])
        return [(int(row[0]), int(row[1])) for row in cursor.fetchall()]


def _close_each(ends: Sequence[End]) -> list[tuple[int, int]]:
    sql = (
        "UPDATE attendance_presencespan SET ended_at = MAX(started_at, %s), end_reason = %s "
        "WHERE id = %s AND ended_at IS NULL RETURNING occasion_id, member_id"
    )
    closed: list[tuple[int, int]] = []
    with connection.cursor() as cursor:
        for end in ends:
            ended_at = connection.ops.adapt_datetimefield_value(end.ended_at)
            cursor.execute(sql, [ended_at, end.reason, end.presence_id])
            closed += [(int(row[0]), int(row[1])) for row in cursor.fetchall()]
    return closed


@transaction.atomic
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

    Only what can count is kept: of the last 24 h, nothing after ``as_of``, from a device that was in that room. How
    much of it counts is judged from the presences, whenever those are closed. Raises UnableToRecordPresence.
    """
    device, client_id = checked(device, 40, _UnfitText), checked(client_id, 64, _UnfitText)
    claims = Evidence.objects.filter(member_id=member_id, kind=Evidence.Kind.OUTBOX)
    if claims.filter(client_id=client_id).exists():
        return False
    if ended_at <= started_at:
        raise UnableToRecordPresence(_("这条补传的结束时间早于开始时间，不能计入。"))
    start, end = max(started_at, as_of - CLAIM_WITHIN), min(ended_at, as_of)
    if ended_at <= as_of - CLAIM_WITHIN:
        raise UnableToRecordPresence(_("断网补传只收 24 小时以内的记录，这条太久了，不能计入。可以看回放补学。"))
    if end <= start:
        raise UnableToRecordPresence(_("这条补传的时间还没有到，不能计入。请检查手机的时间设置。"))
    here = {"occasion_id": occasion_id, "member_id": member_id}
    if not PresenceSpan.objects.filter(**here, device=device).exists():
        raise UnableToRecordPresence(_("这部手机没有进入过这场直播，补传不能计入。可以看回放补学。"))
    if claims.filter(occasion_id=occasion_id, recorded_at__gt=as_of - CLAIM_WITHIN).count() >= MOST_CLAIMS:
        raise UnableToRecordPresence(_("今天的补传次数太多，这条不能计入。可以看回放补学。"))
    row = Evidence(
        **here,
        kind=Evidence.Kind.OUTBOX,
        device=device,
        client_id=client_id,
        started_at=start,
        ended_at=end,
        recorded_at=as_of,
    )
    # Two at the same moment: the constraint keeps one, and both are told that it is kept.
    Evidence.objects.bulk_create([row], ignore_conflicts=True)
    mark_dirty(occasion_id=occasion_id, member_ids=[member_id], as_of=as_of)
    return True
