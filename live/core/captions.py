"""Lines of live captions: how a long one is parted, and where each stands in the recording. Pure."""

from collections.abc import Iterable, Sequence

from live.core.media.holes import media_position

MAX_LINE = 40
"""Two lines of a phone, in the size of its text."""
MAX_TEXT = 400
MOST_LINES = 5_000
LONGEST_MS = 8_000
"""A line that no other follows stands so long: nobody reads what was said before."""
APART_MS = 1_500
"""Lines that were sent together follow one another, each long enough to be read."""
LEAST_MS = 300
PAUSES = "，。！？；：、…,.!?;:）)》”"


def part_line(text: str, *, most: int = MAX_LINE) -> list[str]:
    """Return a line in parts of at most ``most`` characters: parted after punctuation, else at a space or anywhere."""
    parts, rest = [], text.strip()
    while len(rest) > most:
        pause = max(rest.rfind(mark, 1, most) for mark in PAUSES) + 1
        space = rest.rfind(" ", 1, most + 1)
        at = pause or (space if space > 0 else most)
        parts.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [part for part in [*parts, rest] if part]


def cues_of(
    lines: Sequence[tuple[int, str]], *, began: int, media_ms: int, cuts: Iterable[tuple[int, int]]
) -> list[tuple[int, int, str]]:
    """Return ``(start, end, text)`` in ms of a recording for lines with the moment (Unix ms) at which each was sent.

    ``began``: the moment of media time 0; ``cuts``: what the recording leaves out, as ``(media time, length)``. A line
    that was sent while nothing was recorded is left out, too.
    """
    gaps = list(cuts)
    starts: list[tuple[int, str]] = []
    for at, text in sorted(lines, key=lambda line: line[0]):
        if not _is_recorded(at, began, media_ms, gaps):
            continue
        start = media_position(at, began=began, media_ms=media_ms, cuts=gaps)
        starts.append((max(start, starts[-1][0] + APART_MS) if starts else start, text))
    ends = [*(start for start, _text in starts[1:]), media_ms][: len(starts)]
    cues = [
        (start, min(end, start + LONGEST_MS, media_ms), text) for (start, text), end in zip(starts, ends, strict=True)
    ]
    return [cue for cue in cues if cue[1] - cue[0] >= LEAST_MS]


def _is_recorded(at: int, began: int, media_ms: int, cuts: Sequence[tuple[int, int]]) -> bool:
    left_out = 0
    for media_at, missing in cuts:
        start = began + media_at + left_out
        if start <= at < start + missing:
            return False
        left_out += missing if at >= start else 0
    return 0 <= at - began - left_out < media_ms
