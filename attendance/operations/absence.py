"""The site's own absence: when none of its web processes lived, nobody could be there, and that is nobody's fault.

Every web process holds a lease from its start to its end (``leases.start_lease``). What of an occasion's window no
lease covers is time that was ours; the judge takes it out of the window.
"""

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from attendance.core.freshness import WORKER_BEATS_EVERY, is_fresh
from attendance.core.intervals import Spans, ms_of
from attendance.kinds import is_in_person
from attendance.models import Occasion, Rule, WorkerLease

log = structlog.get_logger(__name__)

SHORTEST_MS = 1_000  # less is the seam between two processes


@transaction.atomic
def record_absence(*, occasion_id: int, as_of: datetime) -> bool:
    """Keep when the site was away during an occasion's window so far; True when that is not what was known before.

    Nothing is away where there never was a lease (a site without rooms), nor at an occasion counted by media, which has
    no hour, nor where people met in a place. Called before a whole settling; safe to repeat.
    """
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    start, end = occasion.window_start_at, occasion.window_end_at or as_of
    if start is None or end <= start or (occasion.rule_stamp or {}).get("basis") == Rule.Basis.MEDIA:
        return False
    if is_in_person(occasion.kind):
        return False
    covered = _covered(start, end, as_of)
    # A window that no lease touches was wholly ours, if the site ever had one: it died before and came back after.
    is_known = bool(covered) or WorkerLease.objects.filter(started_at__lt=end).exists()
    gaps = covered.gaps_within(ms_of(start), ms_of(end)) if is_known else Spans()
    away = [[gap.start, gap.end] for gap in gaps if gap.end - gap.start >= SHORTEST_MS]
    if away == occasion.away_ms:
        return False
    occasion.away_ms = away
    occasion.save(update_fields=["away_ms"])
    log.warning("site_was_away", occasion_id=occasion_id, away_ms=Spans.of((one, two) for one, two in away).total)
    return True


def _covered(start: datetime, end: datetime, as_of: datetime) -> Spans:
    """Return when at least one web process lived, of the leases that overlap ``[start, end)``."""
    touching = WorkerLease.objects.filter(
        Q(ended_at__gt=start) | Q(ended_at=None, beat_at__gt=start), started_at__lt=end
    )
    spans = []
    for started_at, beat_at, ended_at in touching.values_list("started_at", "beat_at", "ended_at"):
        until = ms_of(ended_at or beat_at)
        is_alive = ended_at is None and is_fresh(beat_at, every=WORKER_BEATS_EVERY, as_of=as_of)
        spans.append((ms_of(started_at), ms_of(as_of) if is_alive else until))
    return Spans.of(spans)
