"""Beginning to watch: a session a device. Three statements by hand, as for a report (ADR 47): a class opens a replay
together, and each would have cost the process ten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from attendance.core.intervals import Spans
from attendance.core.text import checked
from attendance.core.watch import BUDGET_START_MS, BUFFER_MS
from attendance.models import Occasion, RecordState
from attendance.operations.rosters import is_on_roster
from attendance.operations.watch_store import loaded


class UnableToStartWatch(Exception):
    """Nothing can be watched there. ``code``: not_open, void, final, no_media, withdrawn, not_expected, bad_request."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _UnfitText(Exception):
    pass


@dataclass(frozen=True)
class WatchState:
    """How a member stands with one piece of media after a call.

    ``accepted_ms``: of this report; ``credited_ms``: all ranges that count, over all devices; ``total_ms``: the
    media's length; ``state``: the record's state, "pending" while there is none; ``is_late``: this report came after
    the deadline for making up, so that it is kept and decides nothing; ``is_withdrawn``: the piece is no part of the
    occasion any more: what was credited stays, nothing more is asked or credited.
    """

    session_id: int
    position_ms: int
    accepted_ms: int
    credited_ms: list[list[int]]
    total_ms: int
    state: str
    is_late: bool = False
    is_withdrawn: bool = False


@transaction.atomic
def start_watch(*, occasion_id: int, member_id: int, device: str, media: str, as_of: datetime) -> WatchState:
    """Begin a session on a device; ``position_ms`` of the answer is where this member left off, on any device.

    Raises UnableToStartWatch.
    """
    try:
        device, media = checked(device, 40, _UnfitText), checked(media, 60, _UnfitText)
    except _UnfitText as error:
        raise UnableToStartWatch("bad_request") from error
    with connection.cursor() as cursor:
        cursor.execute(_PLACE, [member_id, member_id, member_id, occasion_id])
        place = cursor.fetchone()
        length = _length_of(place, media)
        state, is_listed, has_budget = place[_ASKED:]
        if not is_listed and not is_on_roster(occasion_id=occasion_id, member_id=member_id):
            raise UnableToStartWatch("not_expected")
        cursor.execute(_EARLIER, [member_id, occasion_id, media])
        earlier = cursor.fetchall()
        resume = int(earlier[0][0]) if earlier else 0
        if not has_budget:
            give_budget(member_id, as_of)
        at = connection.ops.adapt_datetimefield_value(as_of)
        cursor.execute(_BEGIN, [occasion_id, member_id, device, media, at, at, length, BUFFER_MS, resume])
        (session_id,) = cursor.fetchone()
    return WatchState(
        session_id=int(session_id),
        position_ms=resume,
        accepted_ms=0,
        credited_ms=Spans.of((start, end) for _at, pairs in earlier for start, end in loaded(pairs)).as_lists(),
        total_ms=length,
        state=state or RecordState.PENDING.value,
    )


def give_budget(member_id: int, as_of: datetime) -> None:
    """Two first sessions at the same moment: one budget, for it is the member's key."""
    with connection.cursor() as cursor:
        at = connection.ops.adapt_datetimefield_value(as_of)
        cursor.execute(_BUDGET, [member_id, BUDGET_START_MS, at])


_ASKED = 4  # columns of the occasion, before what is the member's
_PLACE = """
    SELECT o.state, o.evidence_removed_at, o.media_items, o.media_ms,
        (SELECT r.state FROM attendance_record r WHERE r.occasion_id = o.id AND r.member_id = %s),
        EXISTS (SELECT 1 FROM attendance_rosterentry e WHERE e.occasion_id = o.id AND e.member_id = %s),
        EXISTS (SELECT 1 FROM attendance_watchpurse p WHERE p.member_id = %s)
    FROM attendance_occasion o WHERE o.id = %s"""
_EARLIER = """
    SELECT position_ms, ranges_ms FROM attendance_watchsession
    WHERE member_id = %s AND occasion_id = %s AND media = %s ORDER BY last_at DESC, id DESC"""
_BUDGET = """
    INSERT INTO attendance_watchpurse (member_id, held_ms, filled_at, turn) VALUES (%s, %s, %s, 0)
    ON CONFLICT DO NOTHING"""
_BEGIN = """
    INSERT INTO attendance_watchsession (occasion_id, member_id, device, media, started_at, last_at, media_ms,
        buffer_ms, position_ms, reports, ranges_ms)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, '[]') RETURNING id"""


def _length_of(place: Sequence[Any] | None, media: str) -> int:
    """Return how long a piece of an occasion's media is; raises UnableToStartWatch where it cannot be watched."""
    if place is None or place[0] == Occasion.State.SCHEDULED:
        raise UnableToStartWatch("not_open")
    state, removed_at, items, course_ms = place[:_ASKED]
    if state in (Occasion.State.VOID, Occasion.State.NOT_HELD):
        raise UnableToStartWatch("void")
    if removed_at is not None:
        raise UnableToStartWatch("final")
    pieces = loaded(items)
    length = int((pieces.get(media, 0) if pieces else course_ms) or 0)
    if not length:
        raise UnableToStartWatch("no_media" if pieces is None else "withdrawn")
    return length
