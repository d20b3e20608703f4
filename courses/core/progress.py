"""How far somebody got: pure arithmetic on milliseconds of counted media."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """What counted of a piece of learning, and what is asked for. A text is finished by hand."""

    credited_ms: int
    duration_ms: int
    needed_ms: int
    completed: bool = False

    @property
    def done(self) -> bool:
        """Whether it is finished: enough of its videos counted, or the reader said so of a text."""
        return self.completed or (self.duration_ms > 0 and self.credited_ms >= self.needed_ms)

    @property
    def left_ms(self) -> int:
        return 0 if self.done else max(0, self.needed_ms - self.credited_ms)

    @property
    def left_minutes(self) -> int:
        """Minutes left, rounded up: never "0 minutes" while something is missing."""
        return math.ceil(self.left_ms / 60_000)

    @property
    def share(self) -> float:
        """How much of what there is counted, 0 to 1: for the map, never before somebody's name."""
        return min(1.0, self.credited_ms / self.duration_ms) if self.duration_ms else 0.0


def needed_ms(duration_ms: int, *, min_share: float, min_minutes: int | None = None) -> int:
    """Return how much must count of ``duration_ms``: the rule's share, or its minutes where these are more."""
    return min(duration_ms, max(math.ceil(duration_ms * min_share), (min_minutes or 0) * 60_000))


def total(parts: Iterable[Progress], *, min_share: float, min_minutes: int | None = None) -> Progress:
    """Return the progress of a whole course from that of its distinct videos."""
    known = list(parts)
    duration = sum(part.duration_ms for part in known)
    asked = needed_ms(duration, min_share=min_share, min_minutes=min_minutes)
    return Progress(sum(part.credited_ms for part in known), duration, asked)
