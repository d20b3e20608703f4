"""What a question asks for, and where in a text that stands: pure.

Chinese has no spaces: a run of Chinese is sought as a whole, and where it does not stand so, by its pairs (ADR 61).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")

# Quotes, stars and brackets mean something to SQLite's search; in a question they are only between words.
NO_WORD = re.compile(r"[\W\x00]+")
WORD = re.compile(rf"{CJK.pattern}|[^\W\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")

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
    """Return the words of a question, each once: 安全ABC 第1讲 gives 安全, ABC, 第, 1, 讲."""
    return tuple(dict.fromkeys(WORD.findall(question)))


def marked(text: str, words: Iterable[str]) -> tuple[Piece, ...]:
    """Return the whole text in pieces; what is sought is found in any case. No text: no piece."""
    return _pieces(text, _spans(text, words), 0, len(text))


def excerpt(text: str, words: Iterable[str]) -> tuple[Piece, ...]:
    """Return the part of a text around the first place that is found, in pieces; () where nothing is."""
    text = " ".join(text.split())
    spans = _spans(text, words)
    if not spans:
        return ()
    start = max(0, min(spans[0][0] - SIGNS_BEFORE, len(text) - MOST_SIGNS))
    end = max(start + MOST_SIGNS, spans[0][1])
    before, after = "…" if start else "", "…" if end < len(text) else ""
    pieces = _pieces(text, spans, start, end)
    return (*([Piece(before)] if before else []), *pieces, *([Piece(after)] if after else []))


def _spans(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Return where the words stand, in order and apart: the longest at each place."""
    parts: set[str] = set()
    for word in words:
        stands = re.search(re.escape(word), text, re.IGNORECASE)
        parts.update([word] if stands or not CJK.fullmatch(word) else pairs(word))
    if not parts:
        return []
    found = re.finditer("|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True)), text, re.IGNORECASE)
    spans: list[tuple[int, int]] = []
    for match in found:
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
