"""Moments of a recording as people write them: 1:02:03, 12:30 or 45. Pure."""

import re
import unicodedata

CLOCK = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})", re.ASCII)
BETWEEN = re.compile(r"\s*(?:-|–|—|~|～|－|到|至)+\s*")


class UnableToReadSpan(Exception):
    """``line``: which line of the text, from 1; ``code``: "unclear" or "backwards"."""

    def __init__(self, code: str, line: int) -> None:
        super().__init__(code)
        self.code = code
        self.line = line


def read_clock(text: str) -> int | None:
    """Return hours, minutes and seconds (or fewer of them) in ms; None where it is none.

    Full-width forms are read. Only the first part may be above 59: 90:00 and 90 are moments, 1:90 is none.
    """
    found = CLOCK.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if (found[2] and seconds > 59) or (found[1] and minutes > 59):
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def read_spans(text: str) -> list[tuple[int, int]]:
    """Return what stands there, one ``12:30-15:00`` a line, in ms. Raises UnableToReadSpan."""
    spans = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        moments = [read_clock(part) for part in BETWEEN.split(line.strip())]
        if len(moments) != 2 or moments[0] is None or moments[1] is None:
            raise UnableToReadSpan("unclear", number)
        if moments[1] <= moments[0]:
            raise UnableToReadSpan("backwards", number)
        spans.append((moments[0], moments[1]))
    return spans
