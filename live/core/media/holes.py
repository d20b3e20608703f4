"""Holes in a recording: what was on the air and is not recorded, and why. Pure; all times are Unix milliseconds.

A pause of the lecturer is no hole, nor is the time between an end and its undoing: nothing was on the air. A fault that
lost nothing is none either, for a hole is what of a fault's time no segment holds.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from attendance.core.intervals import Span, Spans

Because = Literal["disk", "agent", "engine", "packager", "load", "web"]
BECAUSE: tuple[Because, ...] = get_args(Because)
"""The disk has no room; there was no media agent; no engine; ffmpeg died or hung; more came than could be written; the
web process on which the lecturer's picture hung was gone (no agent sees that: ``live.queries.holes_of_web``)."""

WITH_PICTURE: frozenset[Because] = frozenset({"disk", "packager", "load"})
"""Faults during which the picture goes on: they are holes only while there is one."""

SAME_PICTURE_MS = 10_000
LEAST_MS = 1_000
TELL_AFTER_MS = 5_000
GOES_ON_MS = 15_000
NOTED_WITHIN_MS = 8_000
"""How old the last note of a picture is at most while one is on the air: a beat, and a slow database."""


class Hole(NamedTuple):
    """``end`` None: it lasts."""

    start: int
    end: int | None
    because: str


def as_lists(holes: Iterable[Hole]) -> list[list[int | str | None]]:
    """Return ``[[start, end, because], …]`` for JSON."""
    return [list(hole) for hole in holes]


def from_lists(rows: Iterable[Sequence[int | str | None]]) -> list[Hole]:
    """Return what ``as_lists`` stored."""
    return [Hole(int(start or 0), None if end is None else int(end), str(because)) for start, end, because in rows]


def media_position(at: int, *, began: int, media_ms: int, cuts: Iterable[tuple[int, int]]) -> int:
    """Where in a recording a moment lies; for one that is missing, where the recording goes on.

    ``began``: the moment of media time 0; ``cuts``: what the recording leaves out, as ``(media time, length)``.
    """
    left_out = 0
    for media_at, missing in cuts:
        start = began + media_at + left_out
        if at < start:
            break
        if at < start + missing:
            return media_at
        left_out += missing
    return max(0, min(media_ms, at - began - left_out))


def noted_before(end: Span, since: int, up_since: int | None) -> int:
    """Up to when a picture that was noted is one of before this end, and none that came after its undoing.

    ``since``: the last that is recorded or noted; ``up_since``: when the agent that asks began. An agent that was there
    all the time takes the last picture for a fresh one for some seconds, also when the end is undone so soon: noted
    then, it would be a hole from the undoing until the lecturer's page is back.
    """
    is_same_agent = up_since is not None and up_since <= end.end
    return end.end + NOTED_WITHIN_MS if is_same_agent and since <= end.end else end.end


def unexplained(recorded: Spans, holes: Iterable[Hole], *, ended: Spans) -> Spans:
    """Where nothing is recorded between what is, and none of these holes says why."""
    if not recorded:
        return Spans()
    between = recorded.gaps_within(recorded.items[0].start, recorded.items[-1].end)
    told = Spans.of((hole.start, hole.end) for hole in holes if hole.end is not None)
    left = Spans.of((gap.start, gap.end) for gap in between) - told - ended
    return Spans.of((gap.start, gap.end) for gap in left if gap.end - gap.start >= LEAST_MS)


class HoleLog:
    """What is on the air and what goes wrong, as it happens. ``earlier``: holes that an agent before found."""

    def __init__(self, earlier: Iterable[Hole] = ()) -> None:
        self._air: list[list[int]] = []
        self._open: dict[Because, int] = {}
        self._closed: list[tuple[Because, int, int]] = []
        self._earlier = [hole for hole in earlier if hole.end is not None]
        self._first = 0

    def nothing_before(self, at: int) -> None:
        """What other agents recorded is here now, and begins at ``at``: what they had to say of before, they said."""
        self._first = at

    def picture(self, at: int) -> None:
        """A picture has come in."""
        # A short stop is the same picture: one span instead of thousands in a lecture of two hours.
        if self._air and 0 <= at - self._air[-1][1] < SAME_PICTURE_MS:
            self._air[-1][1] = at
        elif not self._air or at > self._air[-1][1]:
            self._air.append([at, at])

    def begin(self, because: Because, at: int) -> None:
        """Something keeps what comes from being recorded, from ``at`` on; it may have begun already."""
        # The first beginning counts: a fault is noticed again and again while it lasts.
        self._open.setdefault(because, at)

    def end(self, because: Because, at: int) -> None:
        """It keeps it no longer."""
        if (start := self._open.pop(because, None)) is not None:
            self._closed.append((because, start, at))

    def note(self, because: Because, start: int, end: int) -> None:
        """Something has kept what came from being recorded, and is over."""
        if end > start:
            self._closed.append((because, start, end))

    def since(self, because: Because) -> int | None:
        """When what goes wrong now began; None while nothing of that kind does."""
        return self._open.get(because)

    def holes(self, recorded: Spans, *, until: int, over: bool = False, ended: Spans | None = None) -> list[Hole]:
        """What is missing up to ``until``; ``over``: nothing more will be recorded, so that nothing lasts.

        ``ended``: when the lecture had ended and its end was not undone yet.
        """
        horizon = recorded.items[-1].end if recorded.items else 0
        found: list[Hole] = []
        told = recorded | (ended or Spans())
        # In this order, each without what is told already: a time has one reason, the weightiest.
        for because in BECAUSE:
            faults = self._faults(because, until)
            for start, end in faults - told:
                lasts = not over and end > horizon and until - end < GOES_ON_MS
                if lasts and until - start >= TELL_AFTER_MS:
                    found.append(Hole(start, None, because))
                elif not lasts and end - start >= LEAST_MS:
                    found.append(Hole(start, end, because))
            told |= faults
        return sorted(found)

    def _faults(self, because: Because, until: int) -> Spans:
        spans = Spans.of((start, end) for each, start, end in self._closed if each == because)
        if because in self._open:
            spans |= Spans.of([(self._open[because], until)])
        if because in WITH_PICTURE:
            spans &= Spans.of((start, end) for start, end in self._air)
        earlier = Spans.of((hole.start, hole.end or 0) for hole in self._earlier if hole.because == because)
        first = min(self._first, until) if because == "agent" else 0
        return (spans | earlier).clip(first, until)
