"""``judge(evidence, window, rule) -> Verdict``: pure. Same evidence and same rule give the same verdict on any day.

All moments are milliseconds since 1970, all ranges of media are milliseconds of media time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from attendance.core.intervals import Span, Spans
from attendance.core.reasons import Code, Reason
from attendance.core.rules import Basis, Rule


class State(StrEnum):
    """What can become of one member at one occasion."""

    ATTENDED = "attended"
    MADE_UP = "made_up"
    EXCUSED = "excused"
    EXEMPT = "exempt"
    MISSING = "missing"
    PENDING = "pending"
    INCOMPLETE = "incomplete"


class Ended(StrEnum):
    """How a presence ended; a broken one starts an outage, of which the phone's outbox may prove the beginning."""

    LEFT = "left"
    SILENT = "silent"
    HIDDEN = "hidden"
    WORKER_LOST = "worker_lost"
    CLOSED = "closed"
    OPEN = ""


BROKEN = frozenset({Ended.SILENT, Ended.WORKER_LOST})


@dataclass(frozen=True, slots=True)
class Presence:
    """One device was in the room over ``[start, end)``."""

    device: str
    start: int
    end: int
    ended: Ended = Ended.LEFT


@dataclass(frozen=True, slots=True)
class Outbox:
    """A phone claims, at ``at``, that it kept playing over ``[start, end)``."""

    device: str
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Watched:
    """Ranges of one piece of media, accepted at ``at``."""

    media: str
    ranges: tuple[tuple[int, int], ...]
    at: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that witnesses saw of one member at one occasion. ``leave``, ``declared``, ``exempt`` are categories."""

    presences: tuple[Presence, ...] = ()
    outboxes: tuple[Outbox, ...] = ()
    halls: tuple[Span, ...] = ()
    watched: tuple[Watched, ...] = ()
    leave: str | None = None
    declared: str | None = None
    exempt: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The occasion's frame. ``media_ms`` is the length of all its media together; ``media_offset`` is the media time
    at which the window begins; ``media_cuts`` are the pauses that the recording left out, as ``(media time, length)``;
    ``deadline`` bounds what is on time for a course; ``final`` is false while it runs."""

    start: int
    end: int
    media_ms: int = 0
    media_offset: int = 0
    media_cuts: tuple[tuple[int, int], ...] = ()
    deadline: int | None = None
    make_up_until: int | None = None
    capture_failed: bool = False
    final: bool = True

    @property
    def length(self) -> int:
        return max(0, self.end - self.start)

    def lay(self, media: Spans) -> Spans:
        """Return media time on the window's axis, clipped to the window."""
        laid, begin, later = Spans(), 0, self.start - self.media_offset
        length = max((span.end for span in media), default=0)
        for at, missing in (*self.media_cuts, (length, 0)):
            laid |= media.clip(begin, at).shift(later)
            begin, later = at, later + missing
        return laid.clip(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: a state, why, the three clocks apart and their union (ms), and the spans behind them for a page."""

    state: State
    reasons: tuple[Reason, ...]
    live_ms: int
    replay_ms: int
    hall_ms: int
    union_ms: int
    hours: Decimal
    live: Spans = field(default_factory=Spans)
    bridged: Spans = field(default_factory=Spans)
    hall: Spans = field(default_factory=Spans)
    replay: dict[str, Spans] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Clocks:
    """What the evidence comes to before any rule about states is asked."""

    live: Spans
    bridged: Spans
    proven: Spans
    hall: Spans
    replay: dict[str, Spans]
    on_time: dict[str, Spans]
    made_up: dict[str, Spans]

    @property
    def together(self) -> Spans:
        return self.live | self.hall


def judge(evidence: Evidence, window: Window, rule: Rule) -> Verdict:
    """Return the verdict on one member at one occasion."""
    clocks = _clocks(evidence, window, rule)
    count = _count_media if rule.basis is Basis.MEDIA else _count_window
    reached, union_ms, share = count(clocks, window, rule)
    state = _state(reached, evidence, window)
    done = reached if reached is not None else (State.MADE_UP if evidence.declared is not None else None)
    return Verdict(
        state=state,
        reasons=(*_outcome(state, evidence, window, share), *_remarks(clocks, evidence, window, rule)),
        live_ms=clocks.live.total,
        replay_ms=_total(clocks.replay),
        hall_ms=clocks.hall.total,
        union_ms=union_ms,
        hours=rule.hours if done is not None else Decimal(0),
        live=clocks.live,
        bridged=clocks.bridged,
        hall=clocks.hall,
        replay=clocks.replay,
    )


def outages(presences: tuple[Presence, ...], limit: int) -> dict[str, Spans]:
    """Return, by device, the beginnings of its outages that an outbox may prove: at most ``limit`` of each.

    An outage lasts from a broken end to the device's next presence. A second socket of the same device that was still
    heard at that moment means that there was none.
    """
    by_device: dict[str, list[Presence]] = {}
    for presence in presences:
        by_device.setdefault(presence.device, []).append(presence)
    return {device: _outages_of(rows, limit) for device, rows in by_device.items()}


def _outages_of(rows: list[Presence], limit: int) -> Spans:
    # An empty presence (joined, never heard again) is no time, but its broken end still begins an outage.
    broken = sorted({row.end for row in rows if row.ended in BROKEN})
    starts = sorted(row.start for row in rows)
    found: list[tuple[int, int]] = []
    for end in broken:
        if any(row.start <= end < row.end for row in rows):
            continue
        following = next((start for start in starts if start > end), end + limit)
        found.append((end, min(end + limit, following)))
    return Spans.of(found)


def _clocks(evidence: Evidence, window: Window, rule: Rule) -> _Clocks:
    frame = Spans.of([(window.start, window.end)])
    seen = Spans.of((row.start, row.end) for row in evidence.presences) & frame
    proven = _proven(evidence, rule) & frame
    live, bridged = (seen | proven).bridge(rule.bridge_ms)
    return _Clocks(
        live=live,
        bridged=bridged,
        proven=proven - seen,
        hall=Spans.of(evidence.halls) & frame,
        replay=_ranges(evidence.watched, None),
        on_time=_ranges(evidence.watched, window.deadline),
        made_up=_ranges(evidence.watched, window.make_up_until),
    )


def _proven(evidence: Evidence, rule: Rule) -> Spans:
    if not evidence.outboxes:
        return Spans()
    allowed = outages(evidence.presences, rule.outbox_ms)
    proven = Spans()
    for claim in evidence.outboxes:
        # Nobody can have kept playing in the future: the server received the claim at ``at``.
        claimed = Spans.of([(claim.start, min(claim.end, claim.at))])
        proven |= claimed & allowed.get(claim.device, Spans())
    return proven


def _ranges(watched: tuple[Watched, ...], until: int | None) -> dict[str, Spans]:
    by_media: dict[str, list[tuple[int, int]]] = {}
    for report in watched:
        if until is None or report.at <= until:
            by_media.setdefault(report.media, []).extend(report.ranges)
    return {media: Spans.of(pairs) for media, pairs in by_media.items()}


def _total(ranges: dict[str, Spans]) -> int:
    return sum(spans.total for spans in ranges.values())


def _on_axis(ranges: dict[str, Spans], window: Window) -> Spans:
    laid = Spans()
    for spans in ranges.values():
        laid |= window.lay(spans)
    return laid


def _count_window(clocks: _Clocks, window: Window, rule: Rule) -> tuple[State | None, int, Reason]:
    together = clocks.together
    union = together | _on_axis(clocks.replay, window)
    timely = together | _on_axis(clocks.made_up, window)
    need = rule.needed_ms(window.length)
    reached: State | None = None
    clock, counted = _clock_of(clocks), together.total
    if window.length and together.total >= need:
        reached = State.ATTENDED
    elif timely.total > together.total:
        clock, counted = "union", timely.total
        if counted >= need:
            reached = State.MADE_UP
    return reached, union.total, _share(clock, counted, window.length, need)


def _clock_of(clocks: _Clocks) -> str:
    if clocks.live and clocks.hall:
        return "live_hall"
    return "hall" if clocks.hall else "live"


def _count_media(clocks: _Clocks, window: Window, rule: Rule) -> tuple[State | None, int, Reason]:
    # Hall time and media time have no common axis: the larger counts, never their sum.
    need = rule.needed_ms(window.media_ms)
    on_time = max(_total(clocks.on_time), clocks.hall.total)
    timely = max(_total(clocks.made_up), clocks.hall.total)
    reached: State | None = None
    counted = on_time
    if window.media_ms and on_time >= need:
        reached = State.ATTENDED
    elif timely > on_time:
        counted = timely
        reached = State.MADE_UP if timely >= need else None
    union = max(_total(clocks.replay), clocks.hall.total)
    return reached, union, _share("media", min(counted, window.media_ms), window.media_ms, need)


def _share(clock: str, ms: int, of_ms: int, need_ms: int) -> Reason:
    share = round(ms / of_ms, 4) if of_ms else 0.0
    return Reason(Code.SHARE, {"clock": clock, "ms": ms, "of_ms": of_ms, "share": share, "need_ms": need_ms})


def _state(reached: State | None, evidence: Evidence, window: Window) -> State:
    if evidence.exempt is not None:
        return State.EXEMPT
    if reached is not None:
        return reached
    if evidence.declared is not None:
        return State.MADE_UP
    if evidence.leave is not None:
        return State.EXCUSED
    if not window.final:
        return State.PENDING
    return State.INCOMPLETE if window.capture_failed else State.MISSING


def _outcome(state: State, evidence: Evidence, window: Window, share: Reason) -> list[Reason]:
    """Give the reasons that carry the state, most telling first."""
    found: list[Reason] = []
    if evidence.exempt is not None:
        found.append(Reason(Code.EXEMPT, {"why": evidence.exempt}))
    if state is State.PENDING:
        found.append(Reason(Code.NOT_FINAL))
    if share.params["ms"]:
        found.append(share)
    elif state in (State.MISSING, State.INCOMPLETE):
        found.append(Reason(Code.NO_EVIDENCE))
    if evidence.declared is not None:
        found.append(Reason(Code.DECLARED, {"category": evidence.declared}))
    if evidence.leave is not None:
        found.append(Reason(Code.LEAVE, {"category": evidence.leave}))
    if state is State.INCOMPLETE:
        found.append(Reason(Code.CAPTURE_FAILED))
    if not window.length:
        found.append(Reason(Code.EMPTY_WINDOW))
    return found


def _remarks(clocks: _Clocks, evidence: Evidence, window: Window, rule: Rule) -> list[Reason]:
    """Give what else a member should know: edges, breaks, other clocks."""
    found = [*_edges(clocks.together, window, rule), *_breaks(clocks, evidence, window, rule)]
    if clocks.hall:
        found.append(Reason(Code.HALL, {"ms": clocks.hall.total}))
    replay_ms = _total(clocks.replay)
    if replay_ms:
        found.append(Reason(Code.WATCHED, {"ms": replay_ms, "of_ms": window.media_ms}))
    late_ms = replay_ms - _total(clocks.made_up)
    if late_ms:
        found.append(Reason(Code.WATCHED_LATE, {"ms": late_ms}))
    return found


def _edges(together: Spans, window: Window, rule: Rule) -> list[Reason]:
    if not together or rule.basis is Basis.MEDIA:
        return []
    found: list[Reason] = []
    late = together.items[0].start - window.start
    early = window.end - together.items[-1].end
    if late > rule.late_after_s * 1000:
        found.append(Reason(Code.LATE, {"ms": late}))
    if early > rule.leave_early_s * 1000:
        found.append(Reason(Code.LEFT_EARLY, {"ms": early}))
    return found


def _breaks(clocks: _Clocks, evidence: Evidence, window: Window, rule: Rule) -> list[Reason]:
    found: list[Reason] = []
    inside = [row for row in evidence.presences if row.start < window.end and row.end >= window.start]
    if evidence.presences and not inside and min(row.start for row in evidence.presences) >= window.end:
        found.append(Reason(Code.AFTER_WINDOW))
    if clocks.bridged:
        found.append(Reason(Code.BRIDGED, {"count": len(clocks.bridged), "ms": clocks.bridged.total}))
    hidden = sum(row.ended is Ended.HIDDEN for row in inside)
    if hidden:
        lost = _hidden(inside, window) - clocks.together
        found.append(Reason(Code.HIDDEN, {"count": hidden, "ms": lost.total}))
    devices = {row.device for row in inside}
    if len(devices) > 1:
        found.append(Reason(Code.TWO_DEVICES, {"count": len(devices)}))
    for code, ended in ((Code.SILENT, Ended.SILENT), (Code.WORKER_LOST, Ended.WORKER_LOST)):
        count = sum(row.ended is ended for row in inside)
        if count:
            found.append(Reason(code, {"count": count}))
    return [*found, *_outbox_remarks(clocks, evidence, window)]


def _hidden(inside: list[Presence], window: Window) -> Spans:
    """Return the time that pages were hidden: from the hiding to the device's next presence, if it came back."""
    found: list[tuple[int, int]] = []
    for row in inside:
        if row.ended is Ended.HIDDEN:
            later = [other.start for other in inside if other.device == row.device and other.start >= row.end]
            found.append((row.end, min(later, default=window.end)))
    return Spans.of(found).clip(window.start, window.end)


def _outbox_remarks(clocks: _Clocks, evidence: Evidence, window: Window) -> list[Reason]:
    found: list[Reason] = []
    if clocks.proven:
        found.append(Reason(Code.OUTBOX, {"ms": clocks.proven.total}))
    claimed = Spans.of((claim.start, claim.end) for claim in evidence.outboxes).clip(window.start, window.end)
    refused = claimed - clocks.live
    if refused:
        found.append(Reason(Code.OUTBOX_CUT, {"ms": refused.total}))
    return found
