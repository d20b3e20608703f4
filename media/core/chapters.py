"""Chapters of a video, as their author writes them: a line each, the time and then the title. Pure; times in ms."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from media.core.captions import clean
from media.core.clock import clock

MAX_CHAPTERS = 100
MAX_TITLE = 60
# Digits and colons as a Chinese keyboard gives them; what people put between a time and a title.
LINE = re.compile(r"\s*(?:(\d{1,3})\s*[:：]\s*)?(\d{1,3})\s*[:：]\s*(\d{1,2})(?!\d)(.*)")
BETWEEN = " \t\u3000-—–、，,.．|:："


class UnableToReadChapters(Exception):
    """``code``: "no_time", "bad_time", "no_title", "too_long", "order", "outside" or "too_many"; ``line``: from 1."""

    def __init__(self, code: str, line: int) -> None:
        super().__init__(code)
        self.code = code
        self.line = line


@dataclass(frozen=True, slots=True)
class Chapter:
    """What begins at a moment of the media and goes on until the next chapter, or to the end."""

    start_ms: int
    title: str


def read_chapters(text: str, *, within_ms: int | None) -> list[Chapter]:
    """Return the chapters of a text in their order; empty lines are left out. Raises UnableToReadChapters.

    ``within_ms``: how long the media is; None: that is not known yet.
    """
    found: list[Chapter] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        chapter = _chapter(line, number)
        if found and chapter.start_ms <= found[-1].start_ms:
            raise UnableToReadChapters("order", number)
        if within_ms is not None and chapter.start_ms >= within_ms:
            raise UnableToReadChapters("outside", number)
        if len(found) == MAX_CHAPTERS:
            raise UnableToReadChapters("too_many", number)
        found.append(chapter)
    return found


def _chapter(line: str, number: int) -> Chapter:
    parts = LINE.fullmatch(line)
    if parts is None:
        raise UnableToReadChapters("no_time", number)
    hours, minutes, seconds = (int(part or 0) for part in parts.groups()[:3])
    if seconds > 59 or (parts[1] and minutes > 59):
        raise UnableToReadChapters("bad_time", number)
    title = clean([parts[4].lstrip(BETWEEN)])
    if not title:
        raise UnableToReadChapters("no_title", number)
    if len(title) > MAX_TITLE:
        raise UnableToReadChapters("too_long", number)
    return Chapter(((hours * 60 + minutes) * 60 + seconds) * 1000, title)


def write_chapters(chapters: Iterable[Chapter]) -> str:
    """Return chapters as their author writes them; a moment within a second is written as that second."""
    return "\n".join(f"{clock(chapter.start_ms)} {chapter.title}" for chapter in chapters)


def cut_chapters(chapters: Sequence[Chapter], *, spans: Sequence[tuple[int, int]]) -> list[Chapter]:
    """Return the chapters of a media of which only ``spans`` (start and end in ms, in order) are left, in its time.

    A chapter whose beginning was cut away begins where it is first seen; one of which nothing is left is left out.
    """
    found: list[Chapter] = []
    before, last = 0, None
    for start, end in spans:
        for chapter, first in _within(chapters, start, end):
            if chapter != last:
                found.append(Chapter(first - start + before, chapter.title))
                last = chapter
        before += end - start
    return found


def _within(chapters: Sequence[Chapter], start: int, end: int) -> Iterator[tuple[Chapter, int]]:
    """Each chapter of which something lies within a span, with where that begins."""
    ends = [*(chapter.start_ms for chapter in chapters[1:]), end]
    for chapter, over in zip(chapters, ends, strict=False):
        first = max(chapter.start_ms, start)
        if first < min(over, end):
            yield chapter, first
