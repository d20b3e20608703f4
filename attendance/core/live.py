"""Live time of one member: what the server saw, what an outbox proves, which short gaps are bridged. Milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from attendance.core.evidence import BROKEN, Outbox, Presence, Window
from attendance.core.intervals import Span, Spans
from attendance.core.rules import Rule

# A phone is heard at least this often: a presence that broke may have lasted so much longer than it was heard.
BEAT_MS = 15_000


@dataclass(frozen=True, slots=True)
class Live:
    """``spans`` is all that counts; ``bridged`` and ``proven`` are parts of it, ``bridges`` the number of gaps."""

    spans: Spans
    bridged: Spans
    bridges: int
    proven: Spans


def live_time(presences: tuple[Presence, ...], outboxes: tuple[Outbox, ...], window: Window, rule: Rule) -> Live:
    """Return a member's live time inside the window's frame, over all devices."""
    seen = Spans.of((row.start, row.end) for row in presences) & window.frame
    claimed, later = _proven(presences, outboxes, rule) if outboxes else (Spans(), {})
    proven = claimed & window.frame
    joined = seen | proven
    leeway = {row.end: BEAT_MS for row in presences if row.ended in BROKEN} | later
    gaps = _bridges(joined, leeway, window.frame, limit=rule.bridge_ms, connected=seen.total)
    bridged = Spans.of(part for gap in gaps for part in gap)
    return Live(spans=joined | bridged, bridged=bridged, bridges=len(gaps), proven=proven - seen)


def provable(presences: Iterable[Presence], limit: int) -> dict[str, tuple[Span, ...]]:
    """Return, by device, the beginnings of its outages that an outbox may prove: at most ``limit`` of each, and at most
    as much as the presence that broke had lasted, for a phone that was never there proves nothing.

    An outage lasts from a broken end to the device's next presence. A second socket of the same device that was still
    heard at that moment means that there was none.
    """
    by_device: dict[str, list[Presence]] = {}
    for presence in presences:
        by_device.setdefault(presence.device, []).append(presence)
    return {device: tuple(_provable(rows, limit)) for device, rows in by_device.items()}


def _provable(rows: list[Presence], limit: int) -> Iterable[Span]:
    starts = sorted(row.start for row in rows)
    lasted: dict[int, int] = {}
    for row in rows:
        if row.ended in BROKEN:
            lasted[row.end] = max(lasted.get(row.end, 0), row.end - row.start)
    for end in sorted(lasted):
        until = end + min(limit, lasted[end])
        following = next((start for start in starts if start > end), until)
        if end < until and not any(row.start <= end < row.end for row in rows):
            yield Span(end, min(until, following))


def _proven(presences: tuple[Presence, ...], outboxes: tuple[Outbox, ...], rule: Rule) -> tuple[Spans, dict[int, int]]:
    """Return what the outboxes prove, and by how much later than its start a gap after it is to be measured."""
    claimed: dict[str, Spans] = {}
    for claim in outboxes:
        # Nobody can have kept playing in the future: the server received the claim at ``at``.
        span = Spans.of([(claim.start, min(claim.end, claim.at))])
        claimed[claim.device] = claimed.get(claim.device, Spans()) | span
    found, leeway = Spans(), dict[int, int]()
    for device, outages in provable(presences, rule.outbox_ms).items():
        for outage in outages:
            proven = claimed.get(device, Spans()).clip(outage.start, outage.end)
            if not proven:
                continue
            # The phone itself says when it was cut off, up to a beat after it was last heard: so much later its
            # outage, and what remains of it as a gap, began.
            begins_after = proven.items[0].start - outage.start
            if begins_after <= BEAT_MS:
                leeway[proven.items[-1].end] = begins_after
            found |= proven
    return found, leeway


def _bridges(joined: Spans, leeway: dict[int, int], frame: Spans, *, limit: int, connected: int) -> list[Spans]:
    """Return the gaps that are closed: the earliest first, whole ones only, together at most a quarter of the time that
    the person was connected. Of a gap only what lies in ``frame`` counts."""
    closed: list[Spans] = []
    used = 0
    for one, two in pairwise(joined):
        gap = frame.clip(one.end, two.start)
        length = gap.total
        measured = length - leeway.get(one.end, 0)
        if length and measured <= limit and (used + length) * 4 <= connected:
            closed.append(gap)
            used += length
    return closed
