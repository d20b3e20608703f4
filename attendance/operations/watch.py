"""Watch time: a session a device, reports of played ranges, credit of what the clock allows. Durable and idempotent.

A report costs one read and one write: the evidence and the session's new standing go in together, under the condition
that no other report took the session's turn in between. Two reports at the same moment can so never both use the same
stretch of time, and none waits for a lock.
"""

import json
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.dateparse import parse_datetime

from attendance.core.intervals import Spans, ms_of
from attendance.core.rules import Basis, Rule
from attendance.core.watch import BUFFER_MS, Acceptance, accept, credit
from attendance.models import Occasion, Record, RecordState, RosterEntry, WatchSession
from attendance.operations.settling import settle
from attendance.operations.texts import checked
from attendance.queries import credited

MAX_RANGES = 500
MAX_MS = 1 << 40
MOST_BUFFERS = 30  # sessions an hour that get the 3 s buffer: reloading a page in a loop earns nothing
REFRESH_AFTER_MS = 600_000
STOPPED_AFTER = timedelta(minutes=2)
TRIES = 8
UNDECIDED = frozenset({RecordState.MISSING, RecordState.PENDING, RecordState.INCOMPLETE, RecordState.EXCUSED})


class UnableToStartWatch(Exception):
    """Nothing can be watched there. ``code``: not_open, no_media, not_expected or bad_request."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnableToReportWatched(Exception):
    """The report is not taken. ``code``: no_session, bad_request, or busy (send it again)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _UnfitText(Exception):
    pass


@dataclass(frozen=True)
class WatchState:
    """How a member stands with one piece of media after a call.

    ``accepted_ms``: of this report; ``credited_ms``: all ranges that count, over all devices; ``total_ms``: the
    media's length; ``state``: the record's state, "pending" while there is none.
    """

    session_id: int
    position_ms: int
    accepted_ms: int
    credited_ms: list[list[int]]
    total_ms: int
    state: str


@dataclass(frozen=True, slots=True)
class _Standing:
    """One session as read, with what a report is measured by."""

    session_id: int
    occasion_id: int
    member_id: int
    media: str
    last_at: datetime
    buffer_ms: int
    position_ms: int
    reports: int
    ranges: list[list[int]]
    others: list[tuple[str, list[list[int]]]]
    media_ms: int
    course_ms: int
    occasion_state: str
    rule: dict[str, Any]
    window_ms: int
    record_state: str | None
    record_ms: int
    judged_at: datetime | None
    is_known: bool

    def credited(self, new: Sequence[tuple[int, int]] = ()) -> Spans:
        same = [pair for media, ranges in self.others if media == self.media for pair in ranges]
        return credit([*self.ranges, *same], new)

    def credited_in_all(self, new: Sequence[tuple[int, int]]) -> int:
        by_media: dict[str, list[list[int]]] = {}
        for media, ranges in self.others:
            by_media.setdefault(media, []).extend(ranges)
        by_media.pop(self.media, None)
        return self.credited(new).total + sum(credit(ranges, ()).total for ranges in by_media.values())


@transaction.atomic
def start_watch(*, occasion_id: int, member_id: int, device: str, media: str, as_of: datetime) -> WatchState:
    """Begin a session on a device; ``position_ms`` of the answer is where this member left off, on any device.

    Raises UnableToStartWatch.
    """
    try:
        device, media = checked(device, 40, _UnfitText), checked(media, 60, _UnfitText)
    except _UnfitText as error:
        raise UnableToStartWatch("bad_request") from error
    occasion = Occasion.objects.filter(pk=occasion_id).first()
    if occasion is None or occasion.state == Occasion.State.SCHEDULED:
        raise UnableToStartWatch("not_open")
    length = _length_of(occasion, media)
    if not length:
        raise UnableToStartWatch("no_media")
    if not RosterEntry.objects.filter(occasion_id=occasion_id, member_id=member_id).exists():
        raise UnableToStartWatch("not_expected")
    mine = WatchSession.objects.filter(occasion_id=occasion_id, member_id=member_id)
    resume = mine.filter(media=media).order_by("-last_at", "-id").values_list("position_ms", flat=True).first() or 0
    recent = mine.filter(started_at__gt=as_of - timedelta(hours=1)).count()
    session = WatchSession.objects.create(
        occasion_id=occasion_id,
        member_id=member_id,
        device=device,
        media=media,
        started_at=as_of,
        last_at=as_of,
        media_ms=length,
        buffer_ms=BUFFER_MS if recent < MOST_BUFFERS else 0,
        position_ms=resume,
    )
    state = Record.objects.filter(occasion_id=occasion_id, member_id=member_id).values_list("state", flat=True).first()
    return WatchState(
        session_id=session.pk,
        position_ms=resume,
        accepted_ms=0,
        credited_ms=credited(occasion_id=occasion_id, member_id=member_id, media=media),
        total_ms=length,
        state=state or RecordState.PENDING.value,
    )


def _length_of(occasion: Occasion, media: str) -> int:
    """Return how long a piece of the occasion's media is; 0 when there is no such piece."""
    items = occasion.media_items
    return int((items.get(media, 0) if items else occasion.media_ms) or 0)


def report_watched(
    *,
    session_id: int,
    member_id: int,
    client_id: str,
    ranges_ms: Sequence[Sequence[int]],
    rate: float,
    position_ms: int,
    as_of: datetime,
) -> WatchState:
    """Store a report of played ranges; the answer is after the commit. The same ``client_id`` twice changes nothing.

    What is more than the clock allows is cut from the end, not refused whole. Raises UnableToReportWatched.
    """
    ranges = _checked_report(client_id, ranges_ms, rate, position_ms)
    for _attempt in range(TRIES):
        standing = _read(session_id, member_id, client_id)
        if standing is None:
            raise UnableToReportWatched("no_session")
        if standing.is_known:
            return _answer(standing, (), standing.position_ms)
        taken = accept(
            ranges,
            elapsed_ms=ms_of(as_of) - ms_of(standing.last_at),
            rate=rate,
            buffer_ms=standing.buffer_ms,
            media_ms=standing.media_ms,
        )
        position = min(position_ms, standing.media_ms)
        if _store(standing, taken, client_id, position, as_of):
            state = _answer(standing, taken.ranges, position)
            return _settled(standing, taken, state, as_of)
    raise UnableToReportWatched("busy")


def _checked_report(
    client_id: str, ranges_ms: Sequence[Sequence[int]], rate: float, position_ms: int
) -> list[tuple[int, int]]:
    try:
        checked(client_id, 64, _UnfitText)
        ranges = [(start, end) for start, end in ranges_ms]
    except (_UnfitText, TypeError, ValueError) as error:
        raise UnableToReportWatched("bad_request") from error
    numbers = [position_ms, *(value for pair in ranges for value in pair)]
    is_whole = all(isinstance(value, int) and abs(value) < MAX_MS for value in numbers)
    is_rate = isinstance(rate, int | float) and math.isfinite(rate)
    if not is_whole or not is_rate or position_ms < 0 or len(ranges) > MAX_RANGES:
        raise UnableToReportWatched("bad_request")
    return ranges


def _read(session_id: int, member_id: int, client_id: str) -> _Standing | None:
    """Read all that a report needs in one statement; by hand, for the ORM takes longer to say it than to do it."""
    pair = "json_build_array(t.media, t.ranges_ms)"
    gather = f"json_agg({pair})"
    if connection.vendor == "sqlite":
        gather = "json_group_array(json_array(t.media, json(t.ranges_ms)))"
    sql = f"""
        SELECT s.occasion_id, s.media, s.last_at, s.buffer_ms, s.position_ms, s.reports, s.ranges_ms,
               (SELECT {gather} FROM attendance_watchsession t
                WHERE t.member_id = s.member_id AND t.occasion_id = s.occasion_id AND t.id <> s.id AND t.reports > 0),
               s.media_ms, o.media_ms, o.state, o.rule_stamp, o.window_start_at, o.window_end_at,
               r.state, r.live_ms, r.hall_ms, r.judged_at,
               EXISTS (SELECT 1 FROM attendance_evidence e
                       WHERE e.member_id = s.member_id AND e.kind = 'watched' AND e.client_id = %s)
        FROM attendance_watchsession s
        JOIN attendance_occasion o ON o.id = s.occasion_id
        LEFT JOIN attendance_record r ON r.occasion_id = s.occasion_id AND r.member_id = s.member_id
        WHERE s.id = %s AND s.member_id = %s"""  # noqa: S608 - no value is put into the text
    with connection.cursor() as cursor:
        cursor.execute(sql, [client_id, session_id, member_id])
        row = cursor.fetchone()
    if row is None:
        return None
    occasion_id, media, last_at, buffer_ms, position_ms, reports, ranges, others = row[:8]
    media_ms, course_ms, state, stamp = row[8:12]
    start, end = _moment(row[12]), _moment(row[13])
    return _Standing(
        session_id=session_id,
        occasion_id=occasion_id,
        member_id=member_id,
        media=media,
        last_at=_moment(last_at) or datetime.max.replace(tzinfo=UTC),
        buffer_ms=buffer_ms,
        position_ms=position_ms,
        reports=reports,
        ranges=_loaded(ranges) or [],
        others=_loaded(others) or [],
        media_ms=media_ms,
        course_ms=course_ms or 0,
        occasion_state=state,
        rule=_loaded(stamp) or {},
        window_ms=ms_of(end) - ms_of(start) if start and end else 0,
        record_state=row[14],
        record_ms=(row[15] or 0) + (row[16] or 0),
        judged_at=_moment(row[17]),
        is_known=bool(row[18]),
    )


def _moment(value: Any) -> datetime | None:
    """SQLite gives moments as text or without a zone; they are in UTC."""
    moment = parse_datetime(value) if isinstance(value, str) else value
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def _store(standing: _Standing, taken: Acceptance, client_id: str, position_ms: int, as_of: datetime) -> bool:
    """Claim the session's next turn and keep the evidence, both or neither; False if another report was quicker."""
    ranges = credit(standing.ranges, taken.ranges).as_lists() if taken.ranges else standing.ranges
    turn = {
        "last_at": max(as_of, standing.last_at),
        "buffer_ms": taken.buffer_ms,
        "position_ms": position_ms,
        "reports": standing.reports + 1,
        "ranges_ms": ranges,
    }
    guard = transaction.atomic() if connection.in_atomic_block else nullcontext()
    try:
        with guard:
            if connection.vendor == "postgresql":
                return _store_at_once(standing, turn, taken, client_id, as_of)
            return _store_in_turn(standing, turn, taken, client_id, as_of)
    except IntegrityError:
        # The same id came in through another session at the same moment; the next reading finds it.
        return False


def _store_at_once(
    standing: _Standing, turn: dict[str, Any], taken: Acceptance, client_id: str, as_of: datetime
) -> bool:
    sql = """
        WITH claimed AS (
            UPDATE attendance_watchsession
            SET last_at = %s, buffer_ms = %s, position_ms = %s, reports = %s, ranges_ms = %s::jsonb
            WHERE id = %s AND reports = %s
            RETURNING occasion_id, member_id, device, media)
        INSERT INTO attendance_evidence
            (occasion_id, member_id, kind, device, client_id, media, ranges_ms, refused_ms, category, recorded_at)
        SELECT occasion_id, member_id, 'watched', device, %s, media, %s::jsonb, %s, '', %s FROM claimed"""
    values = [*turn.values(), standing.session_id, standing.reports]
    values[4] = json.dumps(values[4])
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, client_id, json.dumps(taken.ranges), taken.refused_ms, as_of])
        return bool(cursor.rowcount == 1)


def _store_in_turn(
    standing: _Standing, turn: dict[str, Any], taken: Acceptance, client_id: str, as_of: datetime
) -> bool:
    moments = [connection.ops.adapt_datetimefield_value(moment) for moment in (turn["last_at"], as_of)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE attendance_watchsession SET last_at = %s, buffer_ms = %s, position_ms = %s, reports = %s, "
            "ranges_ms = %s WHERE id = %s AND reports = %s",
            [
                moments[0], turn["buffer_ms"], turn["position_ms"], turn["reports"], json.dumps(turn["ranges_ms"]),
                standing.session_id, standing.reports,
            ],
        )  # fmt: skip
        if cursor.rowcount != 1:
            return False
        cursor.execute(
            "INSERT INTO attendance_evidence (occasion_id, member_id, kind, device, client_id, media, ranges_ms, "
            "refused_ms, category, recorded_at) SELECT occasion_id, member_id, 'watched', device, %s, media, %s, %s, "
            "'', %s FROM attendance_watchsession WHERE id = %s",
            [client_id, json.dumps(taken.ranges), taken.refused_ms, moments[1], standing.session_id],
        )
    return True


def _answer(standing: _Standing, new: Sequence[tuple[int, int]], position_ms: int) -> WatchState:
    return WatchState(
        session_id=standing.session_id,
        position_ms=position_ms,
        accepted_ms=sum(end - start for start, end in new),
        credited_ms=standing.credited(new).as_lists(),
        total_ms=standing.media_ms,
        state=standing.record_state or RecordState.PENDING.value,
    )


def _settled(standing: _Standing, taken: Acceptance, state: WatchState, as_of: datetime) -> WatchState:
    """Judge the member again when this report may decide, else now and then; a task does it when they stop."""
    if not taken.ranges or not _is_worth_judging(standing, taken, as_of):
        return state
    settle(occasion_id=standing.occasion_id, member_ids=[standing.member_id], as_of=as_of)
    of = Record.objects.filter(occasion_id=standing.occasion_id, member_id=standing.member_id)
    judged = of.values_list("state", flat=True).first() or state.state
    return WatchState(**{**state.__dict__, "state": judged})


def _is_worth_judging(standing: _Standing, taken: Acceptance, as_of: datetime) -> bool:
    rule = Rule.from_stamp(standing.rule)
    is_media = rule.basis is Basis.MEDIA
    is_settled = standing.occasion_state == Occasion.State.SETTLED
    if not (is_settled or (is_media and standing.occasion_state == Occasion.State.OPEN)):
        return False
    if standing.record_state is None or standing.record_state in UNDECIDED:
        length = standing.course_ms if is_media else standing.window_ms
        best = standing.credited_in_all(taken.ranges) + (0 if is_media else standing.record_ms)
        if best >= rule.needed_ms(length):
            return True
    if standing.judged_at is None:
        return False
    return ms_of(as_of) - ms_of(standing.judged_at) >= REFRESH_AFTER_MS


def watched_since_judged(*, as_of: datetime, limit: int = 500) -> list[tuple[int, int]]:
    """Return ``(occasion_id, member_id)`` of records older than the last report of a member who stopped watching."""
    sql = """
        SELECT DISTINCT r.occasion_id, r.member_id FROM attendance_record r
        JOIN attendance_watchsession s ON s.occasion_id = r.occasion_id AND s.member_id = r.member_id
        WHERE s.reports > 0 AND s.last_at > r.judged_at AND s.last_at < %s LIMIT %s"""
    until = connection.ops.adapt_datetimefield_value(as_of - STOPPED_AFTER)
    with connection.cursor() as cursor:
        cursor.execute(sql, [until, limit])
        return [(int(occasion_id), int(member_id)) for occasion_id, member_id in cursor.fetchall()]
