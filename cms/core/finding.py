"""What a question asks for, and where in a text that stands: pure.

Chinese has no spaces: a run of Chinese is sought as a whole, and where it stands so nowhere, by its pairs (ADR 61).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")

# Quotes, stars and brackets mean something to SQLite's search; in a question they are only between words.
NO_WORD = re.compile(r"[\W\x00]+")
WORD = re.compile(rf"{CJK.pattern}|[^\W\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")

# Each is looked for in all that ten lessons say.
MOST_SOUGHT = 8
MOST_SIGNS = 72
SIGNS_BEFORE = 20


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text as it is shown; ``is_found``: it is what was asked for."""

    text: str
    is_found: bool = False


def pairs(run: str) -> list[str]:
    """Return each two neighbouring signs of a run."""
    return [run[start : start + 2] for start in range(len(run) - 1)]


def sought(question: str) -> tuple[str, ...]:
    """Return the first words of a question, each once: 安全ABC 第1讲 gives 安全, ABC, 第, 1, 讲."""
    return tuple(dict.fromkeys(WORD.findall(question)))[:MOST_SOUGHT]


def to_mark(words: Iterable[str], texts: Iterable[str]) -> re.Pattern[str] | None:
    """Return what is marked in the texts of one page: each word as a whole, or, where it stands so in none of them,
    its pairs. None: nothing is sought."""
    everything = "\n".join(texts).lower()
    parts: set[str] = set()
    for word in words:
        parts.update([word] if word.lower() in everything or not CJK.fullmatch(word) else pairs(word))
    # The longest at each place.
    ordered = sorted(parts, key=lambda part: (-len(part), part))
    return re.compile("|".join(re.escape(part) for part in ordered), re.IGNORECASE) if ordered else None


def marked(text: str, parts: re.Pattern[str] | None) -> tuple[Piece, ...]:
    """Return the whole text in pieces; what is sought is found in any case. No text: no piece."""
    return _pieces(text, _spans(text, parts), 0, len(text))


def excerpt(text: str, parts: re.Pattern[str] | None) -> tuple[Piece, ...]:
    """Return the part of a text around the first place that is found, in pieces; () where nothing is."""
    text = " ".join(text.split())
    spans = _spans(text, parts)
    if not spans:
        return ()
    start = max(0, min(spans[0][0] - SIGNS_BEFORE, len(text) - MOST_SIGNS))
    end = max(start + MOST_SIGNS, spans[0][1])
    before, after = "…" if start else "", "…" if end < len(text) else ""
    pieces = _pieces(text, spans, start, end)
    return (*([Piece(before)] if before else []), *pieces, *([Piece(after)] if after else []))


@dataclass(frozen=True, slots=True)
class Speech:
    """All that is said in one video as one text, so that a sentence is found that goes on in the next cue.

    ``starts``: where in the text each cue begins.
    """

    text: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, cues: Iterable[str]) -> "Speech":
        """Join cues, and the lines of each: Chinese goes on without a space, other words keep one between them."""
        said, starts, length, last = [], [], 0, ""
        for cue in cues:
            for number, line in enumerate(cue.split("\n")):
                between = " " if last and line and not (CJK.match(last) and CJK.match(line)) else ""
                length += len(between)
                if not number:
                    starts.append(length)
                said += [between, line]
                length += len(line)
                last = line[-1:] or last
        return cls("".join(said), tuple(starts))

    def first(self, parts: re.Pattern[str] | None) -> tuple[int, str] | None:
        """Return the number of the cue in which what is sought begins first, and the words of all cues it is in."""
        found = parts.search(self.text) if parts else None
        if found is None:
            return None
        place = bisect_right(self.starts, found.start()) - 1
        after = bisect_left(self.starts, found.end())
        end = self.starts[after] if after < len(self.starts) else len(self.text)
        return place, self.text[self.starts[place] : end]


def _spans(text: str, parts: re.Pattern[str] | None) -> list[tuple[int, int]]:
    """Return where something sought stands, in order and apart."""
    spans: list[tuple[int, int]] = []
    for match in parts.finditer(text) if parts else ():
        if spans and match.start() == spans[-1][1]:
            spans[-1] = (spans[-1][0], match.end())
        else:
            spans.append(match.span())
    return spans


def _pieces(text: str, spans: Iterable[tuple[int, int]], start: int, end: int) -> tuple[Piece, ...]:
    pieces, at = [], start
    for first, last in spans:
        if last <= start or first >= end:
            continue
        pieces += [Piece(text[at : max(first, start)]), Piece(text[max(first, start) : min(last, end)], is_found=True)]
        at = min(last, end)
    return tuple(piece for piece in (*pieces, Piece(text[at:end])) if piece.text)
