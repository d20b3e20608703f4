"""Presence in live rooms: one row a stay, closed exactly once at the last moment it was heard; a phone's late claims.

While a row is open it costs nothing; its worker refreshes one lease (``leases``). Nothing is judged here: whoever's
evidence changed is marked, the sweep does the rest.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from attendance.core.text import checked
from attendance.models import Evidence, PresenceSpan
from attendance.operations.marks import mark_dirty, mark_pairs

CLAIM_WITHIN = timedelta(hours=24)  # a phone keeps what it could not deliver for so long
MOST_CLAIMS = 1000  # of one person at one occasion in that time: a line that breaks every minute of a long day
Pairs = list[tuple[int, int]]  # occasion and member


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


@transaction.atomic
def open_presences(*, joins: Sequence[Join]) -> list[int]:
    """Write a batch of stays in one INSERT; returns their ids in the order given. Raises UnableToRecordPresence.

    A batch may come late (the database was away): whoever's occasion is over meanwhile is marked.
    """
    if not joins:
        return []
    ids = _insert(joins, [checked(join.device, 40, _UnfitText) for join in joins])
    mark_pairs(
        pairs=[(join.occasion_id, join.member_id) for join in joins], as_of=max(join.started_at for join in joins)
    )
    return ids


def _insert(joins: Sequence[Join], devices: Sequence[str]) -> list[int]:
    """Insert a batch, sent as one text: the ORM takes longer to say a row than the database to store it (ADR 47)."""
    adapt = connection.ops.adapt_datetimefield_value
    rows = [
        [join.occasion_id, join.member_id, device, join.lease_id, str(adapt(join.started_at))]
        for join, device in zip(joins, devices, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_ALL if connection.vendor == "postgresql" else _OPEN_EACH, [json.dumps(rows)])
        return [int(row[0]) for row in cursor.fetchall()]


_OPEN_ALL = """
    INSERT INTO attendance_presencespan (occasion_id, member_id, device, lease_id, started_at, end_reason)
    SELECT (row->>0)::bigint, (row->>1)::bigint, row->>2, (row->>3)::bigint, (row->>4)::timestamptz, ''
    FROM json_array_elements(%s::json) WITH ORDINALITY AS given(row, place) ORDER BY place RETURNING id"""
_OPEN_EACH = """
    INSERT INTO attendance_presencespan (occasion_id, member_id, device, lease_id, started_at, end_reason)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
        json_extract(value, '$[3]'), json_extract(value, '$[4]'), ''
    FROM json_each(%s) ORDER BY key RETURNING id"""


@transaction.atomic
def close_presences(*, ends: Sequence[End]) -> None:
    """Close a batch of stays. A row closed before stays as it was; none ends before it starts.

    Members of an occasion that is over are marked; the sweep judges them again.
    """
    if not ends:
        return
    first: dict[int, End] = {}
    for end in ends:
        first.setdefault(end.presence_id, end)
    mark_pairs(pairs=_close(first.values()), as_of=max(end.ended_at for end in ends))


# Rows are locked by id, as by whoever ends the lease that they hang on.
_CLOSE_ALL = """
    WITH given AS MATERIALIZED (
            SELECT (row->>0)::bigint AS id, (row->>1)::timestamptz AS ended_at, row->>2 AS reason
            FROM json_array_elements(%s::json) AS sent(row)),
         held AS MATERIALIZED (
            SELECT id FROM attendance_presencespan
            WHERE id = ANY(ARRAY(SELECT id FROM given)) AND ended_at IS NULL ORDER BY id FOR UPDATE)
    UPDATE attendance_presencespan AS row
    SET ended_at = GREATEST(row.started_at, given.ended_at), end_reason = given.reason
    FROM held JOIN given ON given.id = held.id
    WHERE row.id = held.id AND row.ended_at IS NULL RETURNING row.occasion_id, row.member_id"""
_CLOSE_EACH = """
    UPDATE attendance_presencespan AS row
    SET ended_at = MAX(row.started_at, json_extract(given.value, '$[1]')),
        end_reason = json_extract(given.value, '$[2]')
    FROM json_each(%s) AS given
    WHERE row.id = json_extract(given.value, '$[0]') AND row.ended_at IS NULL RETURNING occasion_id, member_id"""


def _close(ends: Iterable[End]) -> Pairs:
    """Close these rows, each named once, where they are open; returns whose they are."""
    adapt = connection.ops.adapt_datetimefield_value
    rows = [[end.presence_id, str(adapt(end.ended_at)), end.reason] for end in ends]
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_ALL if connection.vendor == "postgresql" else _CLOSE_EACH, [json.dumps(rows)])
        return [(int(row[0]), int(row[1])) for row in cursor.fetchall()]


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
