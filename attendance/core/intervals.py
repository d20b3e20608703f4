"""Interval algebra on whole milliseconds. All spans are half-open ``[start, end)``; an empty span is no span."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HALF = timedelta(microseconds=500)


def ms_of(moment: datetime) -> int:
    """Return an aware moment as milliseconds since 1970, rounded to the nearest."""
    return (moment - EPOCH + _HALF) // _MILLISECOND


def moment_of(ms: int) -> datetime:
    """Return milliseconds since 1970 as an aware moment in UTC; the inverse of ``ms_of``."""
    return EPOCH + timedelta(milliseconds=ms)


class Span(NamedTuple):
    """One half-open stretch of time in milliseconds."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spans:
    """A set of moments, kept as sorted, disjoint, non-touching, non-empty spans."""

    items: tuple[Span, ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Spans:
        """Return the union of ``(start, end)`` pairs in any order; pairs that end before they start are no span."""
        merged: list[Span] = []
        for start, end in sorted(pair for pair in pairs if pair[0] < pair[1]):
            if merged and start <= merged[-1].end:
                if end > merged[-1].end:
                    merged[-1] = Span(merged[-1].start, end)
            else:
                merged.append(Span(start, end))
        return cls(tuple(merged))

    def __iter__(self) -> Iterator[Span]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __or__(self, other: Spans) -> Spans:
        if not other.items:
            return self
        return Spans.of((*self.items, *other.items)) if self.items else other

    def __and__(self, other: Spans) -> Spans:
        met: list[Span] = []
        left, right = 0, 0
        while left < len(self.items) and right < len(other.items):
            mine, theirs = self.items[left], other.items[right]
            start, end = max(mine.start, theirs.start), min(mine.end, theirs.end)
            if start < end:
                met.append(Span(start, end))
            if mine.end <= theirs.end:
                left += 1
            else:
                right += 1
        return Spans(tuple(met))

    def __sub__(self, other: Spans) -> Spans:
        if not self.items:
            return self
        return self & other.gaps_within(self.items[0].start, self.items[-1].end)

    def gaps_within(self, start: int, end: int) -> Spans:
        """Return what of ``[start, end)`` these spans leave free."""
        free: list[tuple[int, int]] = []
        at = start
        for span in self.items:
            free.append((at, min(span.start, end)))
            at = max(at, span.end)
        free.append((at, end))
        return Spans.of(free)

    def clip(self, start: int, end: int) -> Spans:
        """Return the part inside ``[start, end)``."""
        return self & Spans.of([(start, end)])

    def shift(self, by: int) -> Spans:
        """Return the same spans, ``by`` milliseconds later."""
        return Spans(tuple(Span(span.start + by, span.end + by) for span in self.items))

    @property
    def total(self) -> int:
        """Milliseconds covered."""
        return sum(span.end - span.start for span in self.items)

    def as_lists(self) -> list[list[int]]:
        """Return ``[[start, end], …]`` for JSON."""
        return [[span.start, span.end] for span in self.items]
