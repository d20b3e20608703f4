"""Watch time: a session a device, reports of played ranges, credit of what clock and budget allow. Durable, idempotent.

A report costs one read and one write: the evidence, the session's and the budget's new state and the mark on the
roster go in together, under the condition that no other report of this person took the budget's turn in between. Two
reports at the same moment, in whatever sessions, can so never both use the same stretch of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from attendance.core.intervals import ms_of
from attendance.core.rules import Basis
from attendance.core.text import checked
from attendance.core.watch import BUDGET_START_MS, BUFFER_MS, Acceptance, accept
from attendance.models import Occasion, Record, RecordState, WatchBudget, WatchSession
from attendance.operations.rosters import is_on_roster
from attendance.operations.settling import settle
from attendance.operations.watch_store import Session, read_session, store_report
from attendance.queries import credited

MAX_RANGES = 500
MAX_MS = 1 << 40
MOST_RATE = 1000  # no player is so fast; more than 2 is taken as 2
TRIES = 8
UNDECIDED = frozenset({RecordState.MISSING, RecordState.PENDING, RecordState.INCOMPLETE, RecordState.EXCUSED})


class UnableToStartWatch(Exception):
    """Nothing can be watched there. ``code``: not_open, void, final, no_media, withdrawn, not_expected, bad_request."""

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
    if occasion.evidence_removed_at is not None:
        raise UnableToStartWatch("final")
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
        session = read_session(session_id, member_id, client_id)
        if session is None or occasion_id not in (None, session.occasion_id):
            raise UnableToReportWatched("no_session")
        if session.is_known:
            return _answer(session, (), session.position_ms, as_of)
        if session.budget is None:
            # A session from before there were budgets.
            _give_budget(member_id, session.last_at)
            continue
        budget = session.budget.filled(ms_of(as_of))
        taken = accept(
            ranges,
            elapsed_ms=ms_of(as_of) - ms_of(session.last_at),
            rate=rate,
            buffer_ms=session.buffer_ms,
            media_ms=0 if session.is_over else session.media_ms,
            budget_ms=budget.held_ms,
        )
        position = min(position_ms, session.media_ms)
        if store_report(session, taken, budget.paid(taken.accepted_ms), client_id, position, as_of):
            state = _answer(session, taken.ranges, position, as_of)
            return _settled(session, taken, state, as_of)
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


def _answer(session: Session, new: Sequence[tuple[int, int]], position_ms: int, as_of: datetime) -> WatchState:
    until = session.make_up_until_at
    return WatchState(
        session_id=session.session_id,
        position_ms=position_ms,
        accepted_ms=sum(end - start for start, end in new),
        credited_ms=session.credited(new).as_lists(),
        total_ms=session.media_ms,
        state=session.record_state or RecordState.PENDING.value,
        is_late=until is not None and as_of > until,
        is_withdrawn=session.is_withdrawn,
    )


def _settled(session: Session, taken: Acceptance, state: WatchState, as_of: datetime) -> WatchState:
    """Judge the member again when this report may decide; the sweep of marks does it else (``settle_dirty``)."""
    if not taken.ranges or not _is_worth_judging(session, taken):
        return state
    settle(occasion_id=session.occasion_id, member_ids=[session.member_id], as_of=as_of)
    of = Record.objects.filter(occasion_id=session.occasion_id, member_id=session.member_id)
    judged = of.values_list("stands", flat=True).first() or state.state
    return replace(state, state=judged)


def _is_worth_judging(session: Session, taken: Acceptance) -> bool:
    is_media = session.rule.get("basis") == Basis.MEDIA
    # Closed with a record: all are being judged again (another replay), and who was judged before need not wait for it.
    is_again = session.occasion_state == Occasion.State.CLOSED and session.record_state is not None
    is_settled = session.occasion_state == Occasion.State.SETTLED or is_again
    if not (is_settled or (is_media and session.occasion_state == Occasion.State.OPEN)):
        return False
    if session.record_state is None:
        return True  # from the first report on a page has a record to show
    if session.record_state not in UNDECIDED:
        return False
    best = session.credited_in_all(taken.ranges) + session.record_ms
    return best >= session.least_ms
