"""Pictures of numbers as inline SVG, made from data alone; beside each stands the table of the same numbers.

No colours here: what a part is (``look``) is a class, and ``frontend/styles/components/charts.css`` paints it, so that
dark mode and paper come from the tokens. Every picture says in words what it shows (title and description).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

WIDE, HIGH = 1000, 240  # the line's picture, in its own units
BAR_HIGH = 24
LEAST = 6  # units: what there is stays visible however small


@dataclass(frozen=True)
class Chart:
    """A picture and the table beside it: a row a part, what a screen reader or a printer needs of it."""

    svg: SafeString
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.rows)


@dataclass(frozen=True)
class Part:
    """One part of a whole: how many, in words, and how it looks (done, made-up, excused, due, missing, open)."""

    count: int
    words: str
    look: str


@dataclass(frozen=True)
class Piece:
    """One piece of a strip, in ms from its beginning: what it was in words, when in words, and how it looks."""

    start_ms: int
    end_ms: int
    words: str
    when: str
    look: str


def bars(parts: Sequence[Part], *, key: str, title: str) -> Chart:
    """Return one bar of parts that together are the whole; ``key`` tells pictures of one page apart."""
    shown = [part for part in parts if part.count]
    total = sum(part.count for part in shown)
    said = _("，").join(f"{part.words} {part.count}" for part in shown)
    widths = _widths([part.count for part in shown])
    rects, x = [], 0
    for part, width in zip(shown, widths, strict=True):
        rects.append((part.look, x, width, BAR_HIGH))
        x += width
    svg = _svg(key, title, said, WIDE, BAR_HIGH, _rects(rects), stretched=True)
    rows = [(part.words, str(part.count)) for part in parts] if total else []
    return Chart(svg, (_("怎么样"), _("多少位")), rows)


def strip(pieces: Sequence[Piece], *, length_ms: int, key: str, title: str) -> Chart:
    """Return a strip of a stretch of time: what counted, by how it came, and what lies between, in its order."""
    rects = []
    for piece in pieces:
        x = max(0, piece.start_ms) * WIDE // max(1, length_ms)
        end = min(length_ms, piece.end_ms) * WIDE // max(1, length_ms)
        rects.append((piece.look, x, max(1, end - x), BAR_HIGH))
    said = _("；").join(f"{piece.when} {piece.words}" for piece in pieces)
    svg = _svg(key, title, said, WIDE, BAR_HIGH, _rects(rects), stretched=True)
    return Chart(svg, (_("时间"), _("怎么样")), [(piece.when, piece.words) for piece in pieces])


def line(
    points: Sequence[tuple[datetime, int]],
    *,
    whole: int,
    until: datetime,
    as_of: datetime,
    key: str,
    title: str,
    day: str = "%Y-%m-%d",
) -> Chart:
    """Return how a number grew up to ``as_of``, against the whole and the deadline ``until``.

    ``points``: moments with the number from then on, in their order; in local time.
    """
    if not points or not whole:
        return Chart(SafeString(""), (_("日期"), _("多少")))
    first, last = points[0][0], max(until, as_of, points[-1][0])
    span = max((last - first).total_seconds(), 1)

    def at(moment: datetime, number: int) -> tuple[int, int]:
        across = int((moment - first).total_seconds() * WIDE / span)
        return across, HIGH - int(min(number, whole) * HIGH / whole)

    path, height = [], points[0][1]
    for moment, number in points:
        path += [at(moment, height), at(moment, number)]
        height = number
    path.append(at(min(as_of, last), height))
    drawn = " ".join(f"{x},{y}" for x, y in path)
    end = at(until, 0)[0]
    inside = format_html(
        '<line class="c-whole" x1="0" y1="0" x2="{}" y2="0"/><polyline class="c-line" points="{}"/>'
        '<line class="c-until" x1="{}" y1="0" x2="{}" y2="{}"/>',
        WIDE, drawn, end, end, HIGH,
    )  # fmt: skip
    values = {"number": points[-1][1], "whole": whole, "until": f"{until:{day}}"}
    said = _("到现在 %(number)s，一共 %(whole)s，截止 %(until)s") % values
    rows = [(f"{moment:{day}}", str(number)) for moment, number in points]
    return Chart(_svg(key, title, said, WIDE, HIGH, inside, stretched=True), (_("日期"), _("多少")), rows)


def _widths(counts: Sequence[int]) -> list[int]:
    """Return widths that together are ``WIDE``, none so small that it cannot be seen."""
    total = sum(counts)
    widths = [max(LEAST, count * WIDE // total) for count in counts] if total else []
    if widths:
        largest = widths.index(max(widths))
        widths[largest] += WIDE - sum(widths)
    return widths


def _rects(rects: Sequence[tuple[str, int, int, int]]) -> SafeString:
    return format_html_join("", '<rect class="c-{}" x="{}" y="0" width="{}" height="{}"/>', rects)


def _svg(
    key: str, title: str, said: str, width: int, height: int, inside: SafeString, *, stretched: bool
) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}"{} role="img" aria-labelledby="{}-t {}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>',
        width, height, SafeString(' preserveAspectRatio="none"') if stretched else "",
        key, key, key, title, key, said, inside,
    )  # fmt: skip
