"""Honest watch time: what of a player's report is accepted. Media time in milliseconds; no clock in here.

Credit is the union of accepted ranges, so seeking back and watching again earn nothing, and a forged report earns no
more than waiting would have: a session's own clock bounds each report, and one budget a person bounds all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from attendance.core.intervals import Spans

BUFFER_MS = 3_000
MAX_RATE = 2.0
MOST_CLOCK_MS = 600_000  # of one report: a player reports every few seconds, and what waits longer was not watched
BUDGET_START_MS = 30_000
BUDGET_MOST_MS = 1_200_000
FILM_PER_CLOCK = 2
STEP_MS = 60_000  # more than two answers of one moment can lie apart


def known_moment(last: int, at: int) -> int:
    """Return the later of two moments (ms); ``at`` where ``last`` lies so far ahead that a clock must have been set
    wrong: nobody earns nothing for a day because it was."""
    return at if last - at > STEP_MS else max(last, at)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one person may still be credited, whatever the session, device or occasion, as of ``filled_at`` (ms)."""

    held_ms: int
    filled_at: int

    def filled(self, at: int) -> Budget:
        """Return the budget at ``at``: two of film for each of clock, up to its most. A clock that went back fills
        nothing, and what it went back by does not fill twice; but for a step, after which it goes on from there."""
        if at <= self.filled_at:
            return Budget(self.held_ms, known_moment(self.filled_at, at))
        earned = FILM_PER_CLOCK * (at - self.filled_at)
        return Budget(min(BUDGET_MOST_MS, self.held_ms + earned), at)

    def paid(self, ms: int) -> Budget:
        """Return the budget after ``ms`` of film, which it must hold."""
        return replace(self, held_ms=self.held_ms - ms)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of one report: the ranges accepted, the buffer left to the session, and what was cut."""

    ranges: tuple[tuple[int, int], ...]
    buffer_ms: int
    refused_ms: int

    @property
    def accepted_ms(self) -> int:
        """Milliseconds played according to this report and believed; a stretch played twice counts twice here."""
        return sum(end - start for start, end in self.ranges)


def accept(
    ranges: Iterable[Sequence[int]], *, elapsed_ms: int, rate: float, buffer_ms: int, media_ms: int, budget_ms: int
) -> Acceptance:
    """Accept at most ``elapsed_ms`` (at most 10 min of it) x ``rate`` (at most 2) plus what is left of the session's
    buffer, and never more than ``budget_ms``.

    Ranges are clipped to the media first and taken in the order given; the surplus is cut from the end of the report.
    A clock that went backwards counts as no time.
    """
    clipped = [(max(0, start), min(end, media_ms)) for start, end in ranges]
    played = [(start, end) for start, end in clipped if start < end]
    earned = int(min(max(0, elapsed_ms), MOST_CLOCK_MS) * min(max(rate, 0.0), MAX_RATE))
    left = min(earned + buffer_ms, budget_ms)
    accepted: list[tuple[int, int]] = []
    for start, end in played:
        if left <= 0:
            break
        taken = min(end - start, left)
        accepted.append((start, start + taken))
        left -= taken
    asked = sum(end - start for start, end in played)
    taken_ms = sum(end - start for start, end in accepted)
    spent = max(0, taken_ms - earned)
    return Acceptance(ranges=tuple(accepted), buffer_ms=buffer_ms - spent, refused_ms=asked - taken_ms)


def credit(old: Iterable[Sequence[int]], new: Iterable[Sequence[int]]) -> Spans:
    """Return the union of ranges credited so far and newly accepted ones."""
    pairs = [(start, end) for start, end in old]
    pairs += [(start, end) for start, end in new]
    return Spans.of(pairs)
