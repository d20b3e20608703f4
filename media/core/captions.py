"""Captions as cues: WebVTT and SubRip as people's programs write them, read strictly and written as WebVTT. Pure.

WebVTT: https://www.w3.org/TR/webvtt1/. SubRip has no standard: the same blocks, a comma before the milliseconds, markup
of several programs. Tags, settings and styles are left out: what is kept is when which words stand there.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MAX_BYTES = 1_000_000
MAX_CUES = 10_000
MAX_TEXT = 500
LEAST_MS = 200
"""What is left of a cue at a cut and is shorter can be read by nobody."""

ARROW = "-->"
TIME = re.compile(r"(?:([0-9]{1,3}):)?([0-5]?[0-9]):([0-5]?[0-9])(?:[.,]([0-9]{1,3}))?")
TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
ASIDE = ("NOTE", "STYLE", "REGION")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class UnableToReadCaptions(Exception):
    """``code``: "too_large", "encoding", "nothing", "no_time", "bad_time", "backwards", "too_long" or "too_many".

    ``line``: where in the file, counted from 1; 0: the file as a whole.
    """

    def __init__(self, code: str, line: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.line = line


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """Words that stand there from a moment to a moment of the media, in ms; ``text`` has no empty line."""

    start_ms: int
    end_ms: int
    text: str


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 with its mark, or GB 18030 (GBK). Raises UnableToReadCaptions."""
    if len(data) > MAX_BYTES:
        raise UnableToReadCaptions("too_large")
    names = ("utf-16",) if data.startswith(UTF_16) else ("utf-8-sig", "gb18030")
    for name in names:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnableToReadCaptions("encoding")


def read_captions(text: str) -> list[Cue]:
    """Return the cues of a WebVTT or SubRip text, by their beginning; they may overlap. Raises UnableToReadCaptions."""
    cues: list[Cue] = []
    for number, lines in _blocks(text):
        if (number == 1 and lines[0].startswith("WEBVTT")) or lines[0].split(" ")[0] in ASIDE:
            continue
        if len(lines) == 1 and lines[0].strip().isdigit():
            continue  # a number at the end, without a cue
        at = next((place for place, line in enumerate(lines[:2]) if ARROW in line), None)
        if at is None:
            raise UnableToReadCaptions("no_time", number)
        start, end = _times(lines[at], number + at)
        words = clean(lines[at + 1 :])
        if len(words) > MAX_TEXT:
            raise UnableToReadCaptions("too_long", number + at + 1)
        if words:
            cues.append(Cue(start, end, words))
        if len(cues) > MAX_CUES:
            raise UnableToReadCaptions("too_many", number)
    if not cues:
        raise UnableToReadCaptions("nothing")
    return sorted(cues)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each block of lines between empty ones, with the number of its first line."""
    block: list[str] = []
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _times(line: str, number: int) -> tuple[int, int]:
    before, _arrow, after = line.partition(ARROW)
    settings = after.split()
    start, end = _moment(before.strip()), _moment(settings[0] if settings else "")
    if start is None or end is None:
        raise UnableToReadCaptions("bad_time", number)
    if end <= start:
        raise UnableToReadCaptions("backwards", number)
    return start, end


def _moment(word: str) -> int | None:
    found = TIME.fullmatch(word)
    if found is None:
        return None
    hours, minutes, seconds, rest = found.groups()
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int((rest or "0").ljust(3, "0"))


def clean(lines: Iterable[str]) -> str:
    """Return lines without tags, controls and direction marks; those with nothing in them are left out."""
    plain = (html.unescape(TAG.sub("", line)) for line in lines)
    kept = (
        "".join(each if not unicodedata.category(each).startswith("C") else " " for each in line).split()
        for line in plain
    )
    return "\n".join(" ".join(words) for words in kept if words)


def shifted(cues: Sequence[Cue], *, by_ms: int, within_ms: int) -> list[Cue]:
    """Return cues later (or, below zero, earlier), of them what lies within a media of that length."""
    return cut([Cue(cue.start_ms + by_ms, cue.end_ms + by_ms, cue.text) for cue in cues], spans=[(0, within_ms)])


def cut(cues: Sequence[Cue], *, spans: Sequence[tuple[int, int]]) -> list[Cue]:
    """Return the cues of a media of which only ``spans`` (start and end in ms, in order) are left, in its new time."""
    found, before = [], 0
    for start, end in spans:
        for cue in cues:
            first, last = max(cue.start_ms, start), min(cue.end_ms, end)
            if last - first >= LEAST_MS:
                found.append(Cue(first - start + before, last - start + before, cue.text))
        before += end - start
    return sorted(found)


def write_vtt(cues: Iterable[Cue]) -> str:
    """Return cues as a WebVTT file."""
    blocks = [
        f"{_said(cue.start_ms)} {ARROW} {_said(cue.end_ms)}\n{html.escape(cue.text, quote=False)}" for cue in cues
    ]
    return "\n\n".join(["WEBVTT", *blocks]) + "\n"


def _said(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
