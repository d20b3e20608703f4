"""Watch time: a session a device, reports of played ranges, credit of what clock and budget allow. Durable, idempotent.

A report costs one read and one write: the evidence, the session's and the budget's new standing and the mark on the
roster go in together, under the condition that no other report of this person took the budget's turn in between. Two
reports at the same moment, in whatever sessions, can so never both use the same stretch of time.
"""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.dateparse import parse_datetime

from attendance.core.intervals import Spans, moment_of, ms_of
from attendance.core.rules import Basis, Rule
from attendance.core.text import checked
from attendance.core.watch import BUFFER_MS, BUDGET_START_MS, Acceptance, Budget, accept, credit, known_moment
from attendance.models import Occasion, Record, RecordState, WatchBudget, WatchSession
from attendance.operations.rosters import is_on_roster
from attendance.operations.settling import settle
from attendance.queries import credited

MAX_RANGES = 500
MAX_MS = 1 << 40
MOST_RATE = 1000  # no player is so fast; more than 2 is taken as 2
TRIES = 8
UNDECIDED = frozenset({RecordState.MISSING, RecordState.PENDING, RecordState.INCOMPLETE, RecordState.EXCUSED})


class UnableToStartWatch(Exception):
    """Nothing can be watched there. ``code``: not_open, void, no_media, withdrawn, not_expected or bad_request."""

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
    items: dict[str, int] | None
    history: list[tuple[int, dict[str, int]]]
    occasion_state: str
    rule: dict[str, Any]
    window_ms: int
    make_up_until_at: datetime | None
    record_state: str | None
    record_ms: int
    budget: Budget | None
    turn: int
    is_known: bool

    def credited(self, new: Sequence[tuple[int, int]] = ()) -> Spans:
        same = [pair for media, ranges in self.others if media == self.media for pair in ranges]
        return credit([*self.ranges, *same], new)

    def credited_in_all(self, new: Sequence[tuple[int, int]]) -> int:
        """Return how much of the occasion's media is watched, as the judge counts it: each piece to its length."""
        if self.items is None:
            return credit([*self.ranges, *(pair for _media, ranges in self.others for pair in ranges)], new).total
        by_media: dict[str, list[Sequence[int]]] = {self.media: [*self.ranges, *new]}
        for media, ranges in self.others:
            by_media.setdefault(media, []).extend(ranges)
        return sum(credit(by_media.get(media, ()), ()).clip(0, length).total for media, length in self.items.items())

    @property
    def is_withdrawn(self) -> bool:
        return self.items is not None and self.media not in self.items

    @property
    def is_over(self) -> bool:
        """Whether this session has reported since its piece was withdrawn: that report told of what came before."""
        until = max((until for until, had in self.history if self.media in had), default=None)
        return self.is_withdrawn and self.reports > 0 and (until is None or ms_of(self.last_at) > until)

    @property
    def least_ms(self) -> int:
        """How much has to be watched or attended at least before the judge can find that it is enough."""
        rule = Rule.from_stamp(self.rule)
        if rule.basis is Basis.MEDIA:
            return rule.needed_ms(self.course_ms)
        recorded = self.course_ms if self.course_ms * 2 >= self.window_ms else self.window_ms
        return rule.needed_ms(min(self.window_ms, recorded))


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
    if occasion.state in (Occasion.State.VOID, Occasion.State.NOT_HELD):
        raise UnableToStartWatch("void")
    length = _length_of(occasion, media)
    if not length:
        raise UnableToStartWatch("no_media" if occasion.media_items is None else "withdrawn")
    if not is_on_roster(occasion_id=occasion_id, member_id=member_id):
        raise UnableToStartWatch("not_expected")
    mine = WatchSession.objects.filter(occasion_id=occasion_id, member_id=member_id)
    resume = mine.filter(media=media).order_by("-last_at", "-id").values_list("position_ms", flat=True).first() or 0
    _give_budget(member_id, as_of)
    session = WatchSession.objects.create(
        occasion_id=occasion_id,
        member_id=member_id,
        device=device,
        media=media,
        started_at=as_of,
        last_at=as_of,
        media_ms=length,
        buffer_ms=BUFFER_MS,
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


def _give_budget(member_id: int, as_of: datetime) -> None:
    """Two first sessions at the same moment: one budget, for it is the member's key."""
    budget = WatchBudget(member_id=member_id, held_ms=BUDGET_START_MS, filled_at=as_of)
    WatchBudget.objects.bulk_create([budget], ignore_conflicts=True)


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
    occasion_id: int | None = None,
) -> WatchState:
    """Store a report of played ranges; the answer is after the commit. The same ``client_id`` twice changes nothing.

    What is more than clock and budget allow is cut from the end, not refused whole. Of a piece that was withdrawn the
    first report of each session is credited, and no later one. ``occasion_id``: where the session must belong to, if
    the caller knows. Raises UnableToReportWatched.
    """
    ranges = _checked_report(client_id, ranges_ms, rate, position_ms)
    for _attempt in range(TRIES):
        standing = _read(session_id, member_id, client_id)
        if standing is None or occasion_id not in (None, standing.occasion_id):
            raise UnableToReportWatched("no_session")
        if standing.is_known:
            return _answer(standing, (), standing.position_ms, as_of)
        if standing.budget is None:
            # A session from before there were budgets.
            _give_budget(member_id, standing.last_at)
            continue
        budget = standing.budget.filled(ms_of(as_of))
        taken = accept(
            ranges,
            elapsed_ms=ms_of(as_of) - ms_of(standing.last_at),
            rate=rate,
            buffer_ms=standing.buffer_ms,
            media_ms=0 if standing.is_over else standing.media_ms,
            budget_ms=budget.held_ms,
        )
        position = min(position_ms, standing.media_ms)
        if _store(standing, taken, budget.paid(taken.accepted_ms), client_id, position, as_of):
            state = _answer(standing, taken.ranges, position, as_of)
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
    is_rate = isinstance(rate, int | float) and abs(rate) < MOST_RATE  # no number is what is not less
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
               s.media_ms, o.media_ms, o.media_items, o.media_history, o.state, o.rule_stamp, o.window_start_at,
               o.window_end_at, o.away_ms, o.paused_ms, o.make_up_until_at, r.stands, r.live_ms, r.hall_ms,
               p.held_ms, p.filled_at, p.turn,
               EXISTS (SELECT 1 FROM attendance_evidence e
                       WHERE e.member_id = s.member_id AND e.kind = 'watched' AND e.client_id = %s)
        FROM attendance_watchsession s
        JOIN attendance_occasion o ON o.id = s.occasion_id
        LEFT JOIN attendance_watchpurse p ON p.member_id = s.member_id
        LEFT JOIN attendance_record r ON r.occasion_id = s.occasion_id AND r.member_id = s.member_id
        WHERE s.id = %s AND s.member_id = %s"""  # noqa: S608 - no value is put into the text
    with connection.cursor() as cursor:
        cursor.execute(sql, [client_id, session_id, member_id])
        row = cursor.fetchone()
    return _standing_of(session_id, member_id, row) if row else None


def _standing_of(session_id: int, member_id: int, row: tuple[Any, ...]) -> _Standing:
    occasion_id, media, last_at, buffer_ms, position_ms, reports, ranges, others = row[:8]
    media_ms, course_ms, items, history, state, stamp, start_at, end_at, away, paused, until_at = row[8:19]
    record_state, live_ms, hall_ms, held_ms, filled_at, turn, is_known = row[19:]
    filled = _moment(filled_at)
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
        items=_loaded(items),
        history=_loaded(history) or [],
        occasion_state=state,
        rule=_loaded(stamp) or {},
        window_ms=_window_ms(_moment(start_at), _moment(end_at), [*_loaded(away), *_loaded(paused)]),
        make_up_until_at=_moment(until_at),
        record_state=record_state,
        record_ms=(live_ms or 0) + (hall_ms or 0),
        budget=Budget(held_ms, ms_of(filled)) if filled else None,
        turn=turn or 0,
        is_known=bool(is_known),
    )


def _window_ms(start: datetime | None, end: datetime | None, out: list[tuple[int, int]]) -> int:
    if start is None or end is None:
        return 0
    return (Spans.of([(ms_of(start), ms_of(end))]) - Spans.of((one, two) for one, two in out)).total


def _moment(value: Any) -> datetime | None:
    """SQLite gives moments as text or without a zone; they are in UTC."""
    moment = parse_datetime(value) if isinstance(value, str) else value
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else value


def _store(
    standing: _Standing, taken: Acceptance, budget: Budget, client_id: str, position_ms: int, as_of: datetime
) -> bool:
    """Claim the budget's next turn and keep the evidence, both or neither; False if another report was quicker."""
    values = {
        "member": standing.member_id,
        "held_ms": budget.held_ms,
        "filled_at": moment_of(budget.filled_at),
        "turn": standing.turn,
        "session": standing.session_id,
        "last_at": moment_of(known_moment(ms_of(standing.last_at), ms_of(as_of))),
        "buffer_ms": taken.buffer_ms,
        "position_ms": position_ms,
        "ranges": json.dumps(credit(standing.ranges, taken.ranges).as_lists() if taken.ranges else standing.ranges),
        "client_id": client_id,
        "accepted": json.dumps(taken.ranges),
        "refused_ms": taken.refused_ms,
        "as_of": as_of,
        "occasion": standing.occasion_id,
    }
    guard = transaction.atomic() if connection.in_atomic_block else nullcontext()
    try:
        with guard:
            return _store_at_once(values) if connection.vendor == "postgresql" else _store_in_turn(values)
    except IntegrityError:
        # The same id came in through another session at the same moment; the next reading finds it.
        return False


# The person's budget is the one place where all their reports meet: whoever claims its turn has read the newest standing
# of every session. The mark on the roster is unconditional, so that it waits for a settling that holds the row and did
# not see this evidence (``marks.py``).
_CLAIM = """
    UPDATE attendance_watchpurse SET held_ms = %(held_ms)s, filled_at = %(filled_at)s, turn = turn + 1
    WHERE member_id = %(member)s AND turn = %(turn)s"""
_SESSION = """
    UPDATE attendance_watchsession SET last_at = %(last_at)s, buffer_ms = %(buffer_ms)s,
        position_ms = %(position_ms)s, reports = reports + 1, ranges_ms = %(ranges)s WHERE id = %(session)s"""
_MARK = """
    UPDATE attendance_rosterentry SET dirty_at = %(as_of)s
    WHERE occasion_id = %(occasion)s AND member_id = %(member)s"""
_KEEP = """
    INSERT INTO attendance_evidence
        (occasion_id, member_id, kind, device, client_id, media, ranges_ms, refused_ms, category, recorded_at)
    SELECT occasion_id, member_id, 'watched', device, %(client_id)s, media, %(accepted)s, %(refused_ms)s, '', %(as_of)s
    FROM attendance_watchsession WHERE id = %(session)s"""


def _store_at_once(values: dict[str, Any]) -> bool:
    sql = f"""
        WITH claimed AS ({_CLAIM} RETURNING turn),
             reported AS ({_SESSION} AND EXISTS (SELECT 1 FROM claimed) RETURNING id),
             marked AS ({_MARK} AND EXISTS (SELECT 1 FROM claimed) RETURNING id)
        {_KEEP} AND EXISTS (SELECT 1 FROM claimed)"""  # noqa: S608 - made of the texts above alone
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return bool(cursor.rowcount == 1)


def _store_in_turn(values: dict[str, Any]) -> bool:
    adapt = connection.ops.adapt_datetimefield_value
    said = {key: adapt(value) if isinstance(value, datetime) else value for key, value in values.items()}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, said)
        if cursor.rowcount != 1:
            return False
        for sql in (_SESSION, _MARK, _KEEP):
            cursor.execute(sql, said)
    return True


def _answer(standing: _Standing, new: Sequence[tuple[int, int]], position_ms: int, as_of: datetime) -> WatchState:
    until = standing.make_up_until_at
    return WatchState(
        session_id=standing.session_id,
        position_ms=position_ms,
        accepted_ms=sum(end - start for start, end in new),
        credited_ms=standing.credited(new).as_lists(),
        total_ms=standing.media_ms,
        state=standing.record_state or RecordState.PENDING.value,
        is_late=until is not None and as_of > until,
        is_withdrawn=standing.is_withdrawn,
    )


def _settled(standing: _Standing, taken: Acceptance, state: WatchState, as_of: datetime) -> WatchState:
    """Judge the member again when this report may decide; the sweep of marks does it else (``settle_dirty``)."""
    if not taken.ranges or not _is_worth_judging(standing, taken):
        return state
    settle(occasion_id=standing.occasion_id, member_ids=[standing.member_id], as_of=as_of)
    of = Record.objects.filter(occasion_id=standing.occasion_id, member_id=standing.member_id)
    judged = of.values_list("stands", flat=True).first() or state.state
    return replace(state, state=judged)


def _is_worth_judging(standing: _Standing, taken: Acceptance) -> bool:
    is_media = standing.rule.get("basis") == Basis.MEDIA
    # Closed with a record: all are being judged again (another replay), and who was judged before need not wait for it.
    is_again = standing.occasion_state == Occasion.State.CLOSED and standing.record_state is not None
    is_settled = standing.occasion_state == Occasion.State.SETTLED or is_again
    if not (is_settled or (is_media and standing.occasion_state == Occasion.State.OPEN)):
        return False
    if standing.record_state is None:
        return True  # from the first report on a page has a record to show
    if standing.record_state not in UNDECIDED:
        return False
    best = standing.credited_in_all(taken.ranges) + standing.record_ms
    return best >= standing.least_ms
