"""Watch time: a session a device, reports of played ranges, credit of what clock and budget allow. Durable, idempotent.

A report costs one read and one write: the evidence, the session's and the budget's new state and the mark on the
roster go in together, under the condition that no other report of this person took the budget's turn in between. Two
reports at the same moment, in whatever sessions, can so never both use the same stretch of time.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from attendance.core.intervals import Spans, moment_of, ms_of
from attendance.core.reading import is_reading
from attendance.core.rules import Basis
from attendance.core.text import checked
from attendance.core.watch import Acceptance, Budget, accept, credit
from attendance.models import Occasion, Record, RecordState
from attendance.operations.settling import settle
from attendance.operations.watch_batch import store_reports
from attendance.operations.watch_start import WatchState, give_budget
from attendance.operations.watch_store import (
    Session,
    Storing,
    read_session,
    read_sessions,
    store_report,
)

MAX_RANGES = 500
MAX_MS = 1 << 40
MOST_RATE = 1000  # no player is so fast; more than 2 is taken as 2
TRIES = 8
UNDECIDED = frozenset({RecordState.MISSING, RecordState.PENDING, RecordState.INCOMPLETE, RecordState.EXCUSED})


class UnableToReportWatched(Exception):
    """The report is not taken. ``code``: no_session, bad_request, or busy (send it again)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _UnfitText(Exception):
    pass


@dataclass(frozen=True, slots=True)
class WatchReport:
    """A report as ``report_watched`` takes it; ``ranges_ms`` and the numbers as a phone sent them.

    ``of_reading``: the server itself reports how long a text stood open; no phone reports of one.
    """

    session_id: int
    member_id: int
    client_id: str
    ranges_ms: Sequence[Sequence[int]]
    rate: float
    position_ms: int
    as_of: datetime
    occasion_id: int | None = None
    of_reading: bool = False

    def fits(self, session: Session) -> bool:
        """Whether it may report of that session of the same member."""
        is_there = self.occasion_id in (None, session.occasion_id)
        return is_there and is_reading(session.media) == self.of_reading


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
    of_reading: bool = False,
) -> WatchState:
    """Store a report of played ranges; the answer is after the commit. The same ``client_id`` twice changes nothing.

    What is more than clock and budget allow is cut from the end, not refused whole. Of a piece that was withdrawn the
    first report of each session is credited, and no later one. ``occasion_id``: where the session must belong to, if
    the caller knows. Raises UnableToReportWatched.
    """
    report = WatchReport(
        session_id, member_id, client_id, ranges_ms, rate, position_ms, as_of, occasion_id, of_reading
    )  # fmt: skip
    return report_one_watched(report=report)


def report_one_watched(*, report: WatchReport) -> WatchState:
    """``report_watched`` for a report that is one thing already. Raises UnableToReportWatched."""
    _check(report)
    for _attempt in range(TRIES):
        session = _session_for(report, read_session(report.session_id, report.member_id, report.client_id))
        if session.is_known:
            return _answer(session, credit(session.ranges, ()), 0, session.position_ms, report.as_of)
        if session.budget is None:
            # A session from before there were budgets.
            give_budget(report.member_id, moment_of(session.last_ms))
            continue
        one = _measured(report, session, session.budget)
        if store_report(one):
            return _settled(session, one.taken, _answer_to(one), report.as_of)
    raise UnableToReportWatched("busy")


def report_all_watched(*, reports: Sequence[WatchReport]) -> list[WatchState | UnableToReportWatched]:
    """Store the reports of many phones in one transaction; each gets its own answer, in order, after the commit.

    Each is credited exactly as ``report_watched`` would: what does not fit into the batch (a second report of one
    person, a turn that another process took, a budget that is missing) is taken by itself, after the others.
    """
    answers: dict[int, WatchState | UnableToReportWatched] = {}
    first: dict[int, int] = {}  # member: the first of their reports
    for number, report in enumerate(reports):
        try:
            _check(report)
        except UnableToReportWatched as error:
            answers[number] = error
        else:
            first.setdefault(report.member_id, number)
    taken = _store_first([(number, reports[number]) for number in first.values()])
    answers |= _judged(taken)
    for number, report in enumerate(reports):
        if number not in answers:
            answers[number] = _by_itself(report)
    return [answers[number] for number in range(len(reports))]


def _store_first(given: Sequence[tuple[int, WatchReport]]) -> dict[int, Storing]:
    """Store reports of different people at once; returns what went in, by its number."""
    found = read_sessions([(one.session_id, one.member_id, one.client_id) for _number, one in given]) if given else {}
    ready: dict[int, Storing] = {}
    for number, one in given:
        session = found.get((one.session_id, one.member_id))
        if session is not None and one.fits(session) and not session.is_known and session.budget is not None:
            ready[number] = _measured(one, session, session.budget)
    stored = store_reports(list(ready.values())) if ready else set()
    return {number: one for number, one in ready.items() if one.session.member_id in stored}


def _judged(stored: dict[int, Storing]) -> dict[int, WatchState | UnableToReportWatched]:
    """Return the answers to stored reports, after judging whoever they may decide for, each occasion at once."""
    worth: defaultdict[int, list[int]] = defaultdict(list)
    for one in stored.values():
        if one.taken.ranges and _is_worth_judging(one.session, one.taken):
            worth[one.session.occasion_id].append(one.session.member_id)
    states: dict[tuple[int, int], str] = {}
    for occasion_id, member_ids in worth.items():
        as_of = max(one.as_of for one in stored.values() if one.session.occasion_id == occasion_id)
        settle(occasion_id=occasion_id, member_ids=member_ids, as_of=as_of)
        held = Record.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
        states |= {(occasion_id, key): state for key, state in held.values_list("member_id", "stands")}
    answers: dict[int, WatchState | UnableToReportWatched] = {}
    for number, one in stored.items():
        state = _answer_to(one)
        judged = states.get((one.session.occasion_id, one.session.member_id))
        answers[number] = replace(state, state=judged) if judged else state
    return answers


def _by_itself(report: WatchReport) -> WatchState | UnableToReportWatched:
    try:
        return report_one_watched(report=report)
    except UnableToReportWatched as error:
        return error


def _session_for(report: WatchReport, session: Session | None) -> Session:
    if session is None or not report.fits(session):
        raise UnableToReportWatched("no_session")
    return session


def _measured(report: WatchReport, session: Session, budget: Budget) -> Storing:
    """Return what a report earns by the session's clock and the person's budget, and what it so writes."""
    at = ms_of(report.as_of)
    filled = budget.filled(at)
    taken = accept(
        report.ranges_ms,
        elapsed_ms=at - session.last_ms,
        rate=report.rate,
        buffer_ms=session.buffer_ms,
        media_ms=0 if session.is_over else session.media_ms,
        budget_ms=filled.held_ms,
    )
    position = min(report.position_ms, session.media_ms)
    return Storing.of(session, taken, filled.paid(taken.accepted_ms), report.client_id, position, report.as_of)


def _check(report: WatchReport) -> None:
    """Raise UnableToReportWatched for what no page of ours sends."""
    try:
        checked(report.client_id, 64, _UnfitText)
        pairs = [(start, end) for start, end in report.ranges_ms]
    except (_UnfitText, TypeError, ValueError) as error:
        raise UnableToReportWatched("bad_request") from error
    position_ms, rate = report.position_ms, report.rate
    numbers = [position_ms, *(value for pair in pairs for value in pair)]
    is_whole = all(isinstance(value, int) and abs(value) < MAX_MS for value in numbers)
    is_rate = isinstance(rate, int | float) and abs(rate) < MOST_RATE  # no number is what is not less
    if not is_whole or not is_rate or position_ms < 0 or len(pairs) > MAX_RANGES:
        raise UnableToReportWatched("bad_request")


def _answer_to(one: Storing) -> WatchState:
    return _answer(one.session, one.credited, one.taken.accepted_ms, one.position_ms, one.as_of)


def _answer(session: Session, own: Spans, accepted_ms: int, position_ms: int, as_of: datetime) -> WatchState:
    until = session.make_up_until_at
    return WatchState(
        session_id=session.session_id,
        position_ms=position_ms,
        accepted_ms=accepted_ms,
        credited_ms=session.credited(own).as_lists(),
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
