"""What the site itself knows of breaks during an occasion that may have cost somebody time. Nothing here writes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from attendance.core.intervals import Spans, moment_of, ms_of
from attendance.models import Occasion, PresenceSpan, Rule

SHORTEST_MS = 5_000  # less is no break that anybody noticed
MOST = 20


class Broke(StrEnum):
    """What broke: the whole site, the one process that a phone was connected to, the phone's own line, the capture."""

    AWAY = "away"
    WORKER_LOST = "worker_lost"
    SILENT = "silent"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Outage:
    """One break over ``[start_ms, end_ms)``, in ms since 1970, clipped to the occasion."""

    kind: str
    start_ms: int
    end_ms: int

    @property
    def started_at(self) -> datetime:
        return moment_of(self.start_ms)

    @property
    def ended_at(self) -> datetime:
        return moment_of(self.end_ms)

    def as_row(self) -> list[str | int]:
        """Return it as it is kept with a dispute."""
        return [self.kind, self.start_ms, self.end_ms]


def outages_of(
    *,
    occasion: Occasion,
    member_id: int,
    as_of: datetime,
    spans: Sequence[PresenceSpan] | None = None,
    gaps: Collection[tuple[int, int]] = (),
) -> list[Outage]:
    """Return what the log says of breaks for this person at this occasion, the first first; at most one query.

    A time when no process lived is everybody's; a process that was lost, or a phone that fell silent, is a break until
    one of the person's devices is back, or to the end of the window. ``gaps``: when nothing was captured, as
    ``[start, end)`` in ms since 1970. Nothing where there is no window: a course, a lecture that has not begun.
    """
    if occasion.window_start_at is None or occasion.rule.basis == Rule.Basis.MEDIA:
        return []
    if spans is None:
        found = PresenceSpan.objects.filter(occasion_id=occasion.pk, member_id=member_id)
        spans = list(found.order_by("started_at", "id"))
    start, end = ms_of(occasion.window_start_at), ms_of(occasion.window_end_at or as_of)
    rows = [Outage(Broke.AWAY, one, two) for one, two in occasion.away_ms]
    rows += [Outage(Broke.GAP, one, two) for one, two in gaps]
    rows += _broken(spans, end)
    clipped = (Outage(one.kind, max(one.start_ms, start), min(one.end_ms, end)) for one in rows)
    told = sorted((one for one in clipped if one.end_ms - one.start_ms >= SHORTEST_MS), key=_begin)
    return told[:MOST]


def _begin(one: Outage) -> tuple[int, int]:
    return one.start_ms, one.end_ms


def _broken(spans: Iterable[PresenceSpan], end: int) -> list[Outage]:
    """Return the breaks of a person's own devices, without what another of their devices covered."""
    rows = list(spans)
    there = Spans.of((ms_of(one.started_at), ms_of(one.ended_at) if one.ended_at else end) for one in rows)
    found = []
    for one in rows:
        if one.ended_at is None or one.end_reason not in (PresenceSpan.End.SILENT, PresenceSpan.End.WORKER_LOST):
            continue
        begin = ms_of(one.ended_at)
        gaps = there.gaps_within(begin, end) if begin < end else Spans()
        first = next(iter(gaps), None)
        if first is not None and first.start == begin:
            found.append(Outage(str(one.end_reason), begin, first.end))
    return found
