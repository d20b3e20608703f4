"""What a member should know besides the verdict: edges of the window, breaks, devices, what was sent afterwards."""

from __future__ import annotations

from attendance.core.evidence import Ended, Evidence, Presence, Window
from attendance.core.intervals import Spans
from attendance.core.live import Live
from attendance.core.reasons import Code, Reason
from attendance.core.rules import Basis, Rule


def edges(together: Spans, window: Window, rule: Rule) -> list[Reason]:
    """Return who came late or left early, where an occasion has a time of its own."""
    if not together or rule.basis is Basis.MEDIA:
        return []
    found: list[Reason] = []
    late = window.frame.clip(window.start, together.items[0].start).total
    early = window.frame.clip(together.items[-1].end, window.end).total
    if late > rule.late_after_s * 1000:
        found.append(Reason(Code.LATE, {"ms": late}))
    if window.final and early > rule.leave_early_s * 1000:
        found.append(Reason(Code.LEFT_EARLY, {"ms": early}))
    return found


def breaks(live: Live, together: Spans, evidence: Evidence, window: Window) -> list[Reason]:
    """Return what interrupted the time in a room, and what a phone sent afterwards."""
    found: list[Reason] = []
    inside = [row for row in evidence.presences if row.start < window.end and row.end >= window.start]
    if evidence.presences and not inside and min(row.start for row in evidence.presences) >= window.end:
        found.append(Reason(Code.AFTER_WINDOW))
    if live.bridges:
        found.append(Reason(Code.BRIDGED, {"count": live.bridges, "ms": live.bridged.total}))
    hidden = sum(row.ended is Ended.HIDDEN for row in inside)
    if hidden:
        lost = _hidden(inside, window) - together
        found.append(Reason(Code.HIDDEN, {"count": hidden, "ms": lost.total}))
    devices = {row.device for row in inside}
    if len(devices) > 1:
        found.append(Reason(Code.TWO_DEVICES, {"count": len(devices)}))
    for code, ended in ((Code.SILENT, Ended.SILENT), (Code.WORKER_LOST, Ended.WORKER_LOST)):
        count = sum(row.ended is ended for row in inside)
        if count:
            found.append(Reason(code, {"count": count}))
    return [*found, *_outbox_remarks(live, evidence, window)]


def _hidden(inside: list[Presence], window: Window) -> Spans:
    """Return the time that pages were hidden: from the hiding to the device's next presence, if it came back."""
    found: list[tuple[int, int]] = []
    for row in inside:
        if row.ended is Ended.HIDDEN:
            later = [other.start for other in inside if other.device == row.device and other.start >= row.end]
            found.append((row.end, min(later, default=window.end)))
    return Spans.of(found) & window.frame


def _outbox_remarks(live: Live, evidence: Evidence, window: Window) -> list[Reason]:
    found: list[Reason] = []
    if live.proven:
        found.append(Reason(Code.OUTBOX, {"ms": live.proven.total}))
    claimed = Spans.of((claim.start, claim.end) for claim in evidence.outboxes) & window.frame
    refused = claimed - live.spans
    if refused:
        found.append(Reason(Code.OUTBOX_CUT, {"ms": refused.total}))
    return found
