"""Covers of courses, for ``cms/_cover.html``: the author's picture, or the title on one of our colours."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cms.core.covers import lines_of, tone_of

SIZE = "fill-640x360"
"""The picture as lists and pages of courses show it; twice as wide as it is drawn, for phones."""


@dataclass(frozen=True)
class Line:
    words: str
    y: int  # of 180


@dataclass(frozen=True)
class Cover:
    """``url``: of the author's picture; empty: the title is drawn."""

    title: str
    url: str = ""

    @property
    def tone(self) -> int:
        return tone_of(self.title)

    @property
    def lines(self) -> tuple[Line, ...]:
        lines = lines_of(self.title)
        top = 106 if len(lines) == 1 else 80
        return tuple(Line(words, top + 56 * number) for number, words in enumerate(lines))


def file_of(image: Any) -> Any:
    """Return the file of a cover's picture in the one size in which covers are shown. Raises OSError: it is lost."""
    return image.get_rendition(SIZE).file


def cover_in_preview(page: Any) -> Cover:
    """Return the cover for those who write the course: the picture comes from the library."""
    if page.cover is None:
        return Cover(page.title)
    with suppress(OSError):
        return Cover(page.title, str(file_of(page.cover).url))
    return Cover(page.title)
