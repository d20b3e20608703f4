"""What was watched of each piece of media, as the judge counts it."""

from __future__ import annotations

from collections.abc import Iterable

from attendance.core.evidence import Items, Watched
from attendance.core.intervals import Spans


def ranges_of(watched: Iterable[Watched], until: int | None, items: Items | None, media_ms: int) -> dict[str, Spans]:
    """Return what was watched up to ``until`` of each piece there is, clipped to its length."""
    lengths = None if items is None else dict(items)
    by_media: dict[str, list[tuple[int, int]]] = {}
    for report in watched:
        if (until is None or report.at <= until) and (lengths is None or report.media in lengths):
            by_media.setdefault(report.media, []).extend(report.ranges)
    found = {media: Spans.of(pairs) for media, pairs in by_media.items()}
    # A recording whose length is not known any more keeps what was seen of it.
    most = {media: media_ms if lengths is None else lengths[media] for media in found}
    return {media: spans.clip(0, most[media]) if most[media] else spans for media, spans in found.items()}


def total_of(ranges: dict[str, Spans], items: Items | None) -> int:
    """Return how much was watched: of each piece, or, where there is only one, of it, by whatever name."""
    if items is None:
        return Spans.of(span for spans in ranges.values() for span in spans).total
    return sum(spans.total for spans in ranges.values())
