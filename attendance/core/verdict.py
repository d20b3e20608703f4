"""``judge(evidence, window, rule) -> Verdict``: pure. Same evidence and same rule give the same verdict on any day.

All moments are milliseconds since 1970, all ranges of media are milliseconds of media time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from attendance.core import gates, remarks, understood
from attendance.core.evidence import Earlier, Evidence, Gate, Window
from attendance.core.hours import OWN, Form
from attendance.core.intervals import Spans
from attendance.core.live import Live, live_time
from attendance.core.reasons import Code, Reason
from attendance.core.rules import Basis, Rule
from attendance.core.watched import ranges_of, total_of


class State(StrEnum):
    """What can become of one member at one occasion."""

    ATTENDED = "attended"
    MADE_UP = "made_up"
    EXCUSED = "excused"
    EXEMPT = "exempt"
    MISSING = "missing"
    PENDING = "pending"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: a state, why, the three clocks apart and their union (ms), and the spans behind them for a page.

    ``done_ms`` of ``needed_ms``: how much of what is asked is done, on the way to it that is shortest from here. The
    difference is what is left to do; a ``share`` reason says the same as ``ms`` and ``need_ms``. ``form``: how it was
    done, where that is not the occasion's own way (``core.hours``).
    """

    state: State
    reasons: tuple[Reason, ...]
    live_ms: int
    replay_ms: int
    hall_ms: int
    union_ms: int
    hours: Decimal
    done_ms: int = 0
    needed_ms: int = 0
    live: Spans = field(default_factory=Spans)
    bridged: Spans = field(default_factory=Spans)
    hall: Spans = field(default_factory=Spans)
    replay: dict[str, Spans] = field(default_factory=dict)
    form: str = OWN


@dataclass(frozen=True, slots=True)
class _Clocks:
    """What the evidence comes to before any rule about states is asked."""

    live: Live
    hall: Spans
    replay: dict[str, Spans]
    made_up: dict[str, Spans]

    @property
    def together(self) -> Spans:
        return self.live.spans | self.hall


@dataclass(frozen=True, slots=True)
class _Count:
    """How far the evidence reaches: ``reached`` is a state or None, ``earlier`` the version of a course it was reached
    under, if that is not today's."""

    reached: State | None
    clock: str
    done_ms: int
    of_ms: int
    needed_ms: int
    earlier: Earlier | None = None

    @property
    def left_ms(self) -> int:
        return max(0, self.needed_ms - self.done_ms)

    def as_reason(self) -> Reason:
        done = min(self.done_ms, self.of_ms)
        share = round(done / self.of_ms, 4) if self.of_ms else 0.0
        params = {"clock": self.clock, "ms": done, "of_ms": self.of_ms, "share": share, "need_ms": self.needed_ms}
        return Reason(Code.SHARE, params)


VISITED = "visit"  # the category of a declaration: somebody came to the member's home
_WORTH = {None: 0, State.MADE_UP: 1, State.ATTENDED: 2}
_SETTLED = frozenset({State.ATTENDED, State.MADE_UP, State.EXEMPT})  # nothing is left to do


def judge(evidence: Evidence, window: Window, rule: Rule) -> Verdict:
    """Return the verdict on one member at one occasion."""
    clocks = _clocks(evidence, window, rule)
    count = _best_count(clocks, evidence, window, rule)
    # The quizzes first: whoever passes one late has made up, and it is of them that the check is asked.
    count, asked, lacking = _gated(count, clocks, evidence, window, rule)
    lacks_check = _lacks_check(count, evidence, window, rule)
    if lacks_check:
        count = replace(count, reached=None)
    state = _state(count.reached, evidence, window)
    left = () if state in _SETTLED else lacking
    is_done = count.reached is not None or evidence.declared is not None or evidence.repeated is not None
    form = _form(count, evidence, window)
    return Verdict(
        state=state,
        reasons=(
            *_outcome(state, clocks, evidence, window, count),
            *(understood.reasons(evidence, window, is_lacking=lacks_check) if rule.asks_check else ()),
            *gates.reasons(evidence, window, asked, left),
            *_remarks(state, clocks, evidence, window, rule),
        ),
        live_ms=clocks.live.spans.total,
        replay_ms=total_of(clocks.replay, window.items),
        hall_ms=clocks.hall.total,
        union_ms=_union_ms(clocks, window, rule),
        hours=_hours(form, count, window, rule) if is_done and not window.is_further else Decimal(0),
        done_ms=count.done_ms,
        needed_ms=count.needed_ms,
        live=clocks.live.spans,
        bridged=clocks.live.bridged,
        hall=clocks.hall,
        replay=clocks.replay,
        form=form,
    )


def full_hours(window: Window, rule: Rule) -> Decimal:
    """Return what an occasion credits for having taken part in its own way: what a correction gives."""
    if window.is_further:
        return Decimal(0)  # given once: by the occasion of which this is a further session
    return rule.hours_for(OWN, window.media_ms if rule.basis is Basis.MEDIA else window.length)


def _hours(form: str, count: _Count, window: Window, rule: Rule) -> Decimal:
    """Return the hours of whoever has done it; of a course that they finished in an earlier version, that one's."""
    return rule.hours_for(form, count.of_ms if rule.basis is Basis.MEDIA else window.length)


def _form(count: _Count, evidence: Evidence, window: Window) -> str:
    """Return how it was done; the occasion's own way while it is not. A room is the own way of a meeting."""
    if count.reached is not None:
        return Form.HALL.value if count.clock == "hall" else OWN
    if evidence.declared is None or evidence.repeated is not None:
        return OWN
    return Form.VISIT.value if evidence.declared == VISITED else Form.DECLARED.value


def asked_at_first(window: Window, rule: Rule) -> tuple[int, int]:
    """Return how much (ms) is asked of somebody who has done nothing so far, on the shortest way, and of how much."""
    count = _count(_clocks(Evidence(), window, rule), Evidence(), window, rule)
    return count.needed_ms, count.of_ms


def _best_count(clocks: _Clocks, evidence: Evidence, window: Window, rule: Rule) -> _Count:
    count = _count(clocks, evidence, window, rule)
    if window.away and count.reached is not State.ATTENDED:
        # What was ours leaves the window to their good. Whoever sat in a hall all the while has it as it was, too.
        whole = replace(window, away=Spans())
        count = max(count, _count(_clocks(evidence, whole, rule), evidence, whole, rule), key=_worth)
    return count


def _lacks_check(count: _Count, evidence: Evidence, window: Window, rule: Rule) -> bool:
    """Whether enough was made up, and the check of understanding that is asked for has not been passed in time.

    Whoever had made up before there were questions is not asked for anything afterwards.
    """
    if not rule.asks_check or window.check is None or count.reached is not State.MADE_UP:
        return False
    if understood.is_passed(evidence, window):
        return False
    return not _was_enough(window.check.since, evidence, window, rule)


def _was_enough(until: int, evidence: Evidence, window: Window, rule: Rule) -> bool:
    """Whether what was watched up to a moment was enough already."""
    early = replace(evidence, watched=tuple(report for report in evidence.watched if report.at <= until))
    return _best_count(_clocks(early, window, rule), early, window, rule).reached is not None


def _gated(
    count: _Count, clocks: _Clocks, evidence: Evidence, window: Window, rule: Rule
) -> tuple[_Count, tuple[Gate, ...], tuple[Gate, ...]]:
    """Return the count as the quizzes leave it, which are asked of this member, and those that alone are missing.

    Whoever sat in a hall long enough had no phone there, and lacks none.
    """
    asked = gates.asked(evidence, window, was_enough=lambda until: _was_enough(until, evidence, window, rule))
    if count.reached is None or clocks.hall.total >= count.needed_ms:
        return count, asked, ()
    lacking = gates.still_open(asked, evidence, window.make_up_until)
    if lacking:
        return replace(count, reached=None), asked, lacking
    if count.reached is State.ATTENDED and gates.still_open(asked, evidence, window.deadline):
        return replace(count, reached=State.MADE_UP), asked, ()
    return count, asked, ()


def _worth(count: _Count) -> int:
    return _WORTH[count.reached]


def _clocks(evidence: Evidence, window: Window, rule: Rule) -> _Clocks:
    return _Clocks(
        live=live_time(evidence.presences, evidence.outboxes, window, rule),
        hall=Spans.of(evidence.halls) & window.frame,
        replay=ranges_of(evidence.watched, None, window.items, window.media_ms),
        made_up=ranges_of(evidence.watched, window.make_up_until, window.items, window.media_ms),
    )


def _on_axis(ranges: dict[str, Spans], window: Window) -> Spans:
    laid = Spans()
    for spans in ranges.values():
        laid |= window.lay(spans)
    return laid


def _union_ms(clocks: _Clocks, window: Window, rule: Rule) -> int:
    if rule.basis is Basis.MEDIA:
        return max(total_of(clocks.replay, window.items), clocks.hall.total)
    return (clocks.together | _on_axis(clocks.replay, window)).total


def _count(clocks: _Clocks, evidence: Evidence, window: Window, rule: Rule) -> _Count:
    if rule.basis is Basis.MEDIA:
        return _count_media(clocks, evidence, window, rule)
    return _count_window(clocks, window, rule)


def _count_window(clocks: _Clocks, window: Window, rule: Rule) -> _Count:
    together, length = clocks.together, window.length
    needed = rule.needed_ms(length)
    there = _Count(State.ATTENDED, _clock_of(clocks, window), together.total, length, needed)
    if length and not there.left_ms:
        return there
    watched = _on_axis(clocks.made_up, window)
    timely = together | watched
    adds = timely.total > together.total
    best = _Count(None, "union" if adds else there.clock, timely.total, length, needed)
    # What was not recorded is not owed by whoever makes up, if at least half of the window can be watched.
    recorded = window.recorded
    if length and recorded.total * 2 >= length:
        of_ms = recorded.total
        part = _Count(None, "recorded", (timely & recorded).total, of_ms, rule.needed_ms(of_ms))
        if (watched or part.left_ms) and part.left_ms < best.left_ms:
            best = part
    return replace(best, reached=State.MADE_UP) if length and not best.left_ms else best


def _clock_of(clocks: _Clocks, window: Window) -> str:
    if clocks.hall and window.is_in_person:
        return "room"
    if clocks.live.spans and clocks.hall:
        return "live_hall"
    return "hall" if clocks.hall else "live"


def _count_media(clocks: _Clocks, evidence: Evidence, window: Window, rule: Rule) -> _Count:
    now = _count_items(evidence, clocks.hall, window, rule, None)
    if now.reached is State.ATTENDED:
        return now
    # Who had finished before the course was changed stays finished, with what they finished.
    for earlier in window.earlier:
        known = replace(evidence, watched=tuple(report for report in evidence.watched if report.at <= earlier.until))
        halls = clocks.hall & Spans.of((span.start, span.end) for span in evidence.halls if span.end <= earlier.until)
        before = replace(window, items=earlier.items, media_ms=earlier.media_ms)
        now = max(now, _count_items(known, halls, before, rule, earlier), key=_worth)
    return now


def _count_items(evidence: Evidence, hall: Spans, window: Window, rule: Rule, earlier: Earlier | None) -> _Count:
    # Hall time and media time have no common axis: the larger counts, never their sum.
    def counted(until: int | None) -> int:
        ranges = ranges_of(evidence.watched, until, window.items, window.media_ms)
        return max(total_of(ranges, window.items), hall.total)

    needed = rule.needed_ms(window.media_ms)
    of_ms = window.media_ms
    timely = _Count(State.MADE_UP, "media", counted(window.make_up_until), of_ms, needed, earlier)
    on_time = _Count(State.ATTENDED, "media", counted(window.deadline), of_ms, needed, earlier)
    for count in (on_time, timely):
        if window.media_ms and not count.left_ms:
            return count
    return replace(max(on_time, timely, key=lambda count: count.done_ms), reached=None)


def _state(reached: State | None, evidence: Evidence, window: Window) -> State:
    if evidence.exempt is not None:
        return State.EXEMPT
    if reached is not None:
        return reached
    if evidence.declared is not None or evidence.repeated is not None:
        return State.MADE_UP
    if evidence.leave is not None:
        return State.EXCUSED
    if not window.final:
        return State.PENDING
    if window.asks_nothing:
        return State.EXEMPT
    is_known = not (window.is_torn or evidence.awaited or _waits(evidence))
    if is_known and window.is_further:
        return State.EXEMPT
    return State.MISSING if is_known else State.INCOMPLETE


def _waits(evidence: Evidence) -> bool:
    """Whether a scanned code waits for the word of whoever answers for the hall: it says who came, not who stayed."""
    return evidence.checked_in is not None and not evidence.halls


def _outcome(state: State, clocks: _Clocks, evidence: Evidence, window: Window, count: _Count) -> list[Reason]:
    """Give the reasons that carry the state, most telling first."""
    found: list[Reason] = []
    if evidence.exempt is not None:
        found.append(Reason(Code.EXEMPT, {"why": evidence.exempt}))
    if state is State.PENDING and not window.asks_nothing:
        found.append(Reason(Code.NOT_FINAL))
    # Whoever was there outside of what was recorded has done nothing of that part, and is not told to have no record.
    if count.of_ms and (count.done_ms or clocks.together or clocks.made_up):
        found.append(count.as_reason())
    elif state in (State.MISSING, State.INCOMPLETE) and window.length:
        found.append(Reason(Code.NO_EVIDENCE))
    if count.earlier is not None:
        found.append(Reason(Code.EARLIER_VERSION, {"until": count.earlier.until}))
    if evidence.declared is not None:
        found.append(Reason(Code.DECLARED, {"category": evidence.declared, "ms": evidence.declared_ms}))
    if evidence.repeated is not None:
        found.append(Reason(Code.REPEATED, {"at": evidence.repeated}))
    if window.is_further and evidence.exempt is None:
        found.append(Reason(Code.FURTHER))
    if evidence.leave is not None:
        found.append(Reason(Code.LEAVE, {"category": evidence.leave}))
    if window.asks_nothing and count.reached is None and evidence.exempt is None:
        found.append(Reason(Code.NOTHING_ASKED))
    if state is State.INCOMPLETE and window.is_torn:
        found.append(Reason(Code.TORN, {"ms": window.away_ms}))
    if state in (State.INCOMPLETE, State.PENDING) and _waits(evidence):
        found.append(Reason(Code.CHECKED_IN, {"at": evidence.checked_in}))
    if state is State.INCOMPLETE and evidence.awaited:
        found.append(Reason(Code.AWAITED))
    if not window.length and not window.away_ms:
        found.append(Reason(Code.EMPTY_WINDOW))
    return found


def _remarks(state: State, clocks: _Clocks, evidence: Evidence, window: Window, rule: Rule) -> list[Reason]:
    """Give what else a member should know: edges, breaks, other clocks."""
    found = [
        *remarks.edges(clocks.together, window, rule),
        *remarks.breaks(clocks.live, clocks.together, evidence, window),
    ]
    if window.away_ms and not (state is State.INCOMPLETE and window.is_torn):
        found.append(Reason(Code.AWAY, {"ms": window.away_ms}))
    if clocks.hall:
        found.append(Reason(Code.ROOM if window.is_in_person else Code.HALL, {"ms": clocks.hall.total}))
    replay_ms = total_of(clocks.replay, window.items)
    if replay_ms:
        found.append(Reason(Code.WATCHED, {"ms": replay_ms, "of_ms": window.media_ms}))
    late_ms = replay_ms - total_of(clocks.made_up, window.items)
    if late_ms:
        found.append(Reason(Code.WATCHED_LATE, {"ms": late_ms}))
    return found
