"""How long the window of an occasion lasts and whether there was one. Pure; moments and lengths in milliseconds.

``paused`` and ``left_out`` are pairs ``(start, end)``: breaks and time between an end and its undoing, and time
that the site was away. Such time is nobody's: it neither uses up what was planned nor counts as held.
"""

from collections.abc import Iterable

from attendance.core.intervals import Spans

SHORTEST_HELD = 5 * 60_000
Pairs = Iterable[tuple[int, int]]


def latest_end(*, start: int, planned: int, paused: Pairs = ()) -> int:
    """Return when a window that began at ``start`` ends at the latest: after ``planned``, pauses not counted.

    What is paused after that end does not lengthen the window any more.
    """
    end = start + planned
    for pause in Spans.of(paused):
        if pause.end > start and pause.start < end:
            end += pause.end - max(pause.start, start)
    return end


def net_length(*, start: int, end: int, left_out: Pairs = ()) -> int:
    """Return how much of a window is left without what is left out of it."""
    return (Spans.of([(start, end)]) - Spans.of(left_out)).total


def was_held(*, net: int, planned: int) -> bool:
    """Whether a window of ``net`` is one that anybody can have taken part in: 5 minutes, or half of a shorter plan."""
    return net >= min(SHORTEST_HELD, planned / 2)
