"""Slides in step with a recording, and the chapters that follow from them. Pure; times in milliseconds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from live.core.media.holes import media_position

LEAFED_MS = 500
"""A page that was shown for less was leafed through on the way to another."""

SHORTEST_CHAPTER_MS = 20_000


@dataclass(frozen=True)
class Turn:
    """From ``at`` (Unix ms) on this page of this deck was shown; deck "": none."""

    at: int
    deck: str
    page: int


@dataclass(frozen=True)
class Step:
    """From ``at`` (in the recording) on this page is shown; deck "": none."""

    at: int
    deck: str
    page: int


@dataclass(frozen=True)
class Chapter:
    """A stretch of the recording, named after the page that it begins with."""

    start: int
    end: int
    deck: str
    page: int
    title: str


def in_step(turns: Iterable[Turn], *, began: int, media_ms: int, cuts: Sequence[tuple[int, int]]) -> list[Step]:
    """Map page turns onto a recording: in order, one for each place in it, the same page not twice in a row.

    ``began``, ``cuts``: as in ``media_position``. What was turned while nothing was recorded (before the beginning, in
    a break, in a hole) holds where the recording goes on; what was turned after its end is left out.
    """
    found: list[Step] = []
    for turn in sorted(turns, key=lambda each: each.at):
        at = media_position(turn.at, began=began, media_ms=media_ms, cuts=cuts)
        if at >= media_ms:
            break
        # A page at the very beginning of the recording is seen there, however soon it was turned.
        while found and at - found[-1].at < (LEAFED_MS if found[-1].at else 1):
            at = found.pop().at
        if (found[-1].deck, found[-1].page) != (turn.deck, turn.page) if found else turn.deck:
            found.append(Step(at, turn.deck, turn.page))
    return found


def chapters(
    steps: Sequence[Step], *, media_ms: int, titles: Mapping[tuple[str, int], str], shortest: int = SHORTEST_CHAPTER_MS
) -> list[Chapter]:
    """Return the chapters of a recording: one a page, in the order of playing.

    A stretch shorter than ``shortest`` is joined to the one before it. Before the first chapter is what was too short
    to be one: each begins where its page begins to be shown. Where no slide was shown the page before goes on.
    ``titles``: by deck and page.
    """
    shown = [step for step in steps if step.deck]
    ends = [*(step.at for step in shown[1:]), media_ms]
    joined: list[Chapter] = []
    for step, end in zip(shown, ends, strict=False):
        chapter = Chapter(step.at, end, step.deck, step.page, titles.get((step.deck, step.page), ""))
        last = joined[-1] if joined else None
        if last is None:
            joined.append(chapter)
        elif (last.deck, last.page) == (step.deck, step.page) or end - step.at < shortest:
            joined[-1] = replace(last, end=end)
        elif last.end - last.start < shortest:
            joined[-1] = chapter
        else:
            joined.append(chapter)
    return joined
