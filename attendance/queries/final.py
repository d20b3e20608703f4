"""Which occasions are final and rest, so that their raw evidence may go; and what of it there is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet, Sum

from attendance.models import (
    CheckAnswer,
    Correction,
    Dispute,
    Evidence,
    Occasion,
    PresenceSpan,
    RosterEntry,
    Seal,
    SealedBlock,
    WatchSession,
)
from attendance.queries.sealing import RAW, last_seal

State = Occasion.State
OVER = (State.SETTLED, State.VOID, State.NOT_HELD)
RAW_BLOCKS = (SealedBlock.Kind.REPORTED, SealedBlock.Kind.PRESENCE, SealedBlock.Kind.ANSWER)


@dataclass(frozen=True, slots=True)
class Removable:
    """An occasion whose raw evidence may be removed, since when, and how many rows of each kind that are."""

    occasion: Occasion
    final_at: datetime
    counts: dict[str, int]


def removable(*, as_of: datetime) -> Iterator[Removable]:
    """Yield the occasions whose record has been final for ``EVIDENCE_KEEP_DAYS``, the oldest first.

    Final: settled or called off, the make-up over, every dispute answered and every correction made that long ago.
    Whoever still waits to be judged, or a row that no seal covers, keeps the whole occasion.
    """
    before = as_of - timedelta(days=settings.EVIDENCE_KEEP_DAYS)
    seal = last_seal()
    found = Occasion.objects.filter(evidence_removed_at=None, starts_at__lt=before, state__in=OVER)
    for occasion in found.select_related("training", "node").order_by("starts_at", "id").iterator(chunk_size=200):
        final_at = _final_at(occasion)
        if seal is not None and final_at < before and is_at_rest(occasion, seal=seal, since=before):
            yield Removable(occasion, final_at, raw_counts(occasion))


def _final_at(occasion: Occasion) -> datetime:
    moments = (
        occasion.ends_at, occasion.make_up_until_at, occasion.settled_at, occasion.voided_at, occasion.closed_at,
    )  # fmt: skip
    return max(one for one in moments if one)


def is_at_rest(occasion: Occasion, *, seal: Seal, since: datetime) -> bool:
    """Whether nothing about this occasion waits or was decided since then, and the seals cover all of it."""
    here = {"occasion_id": occasion.pk}
    spans = PresenceSpan.objects.filter(**here)
    waiting: tuple[QuerySet[Any, Any], ...] = (
        # Whoever takes part in a further session is judged here once more.
        Occasion.objects.filter(repeats_id=occasion.pk, state__in=(State.SCHEDULED, State.OPEN, State.CLOSED)),
        Dispute.objects.filter(**here, state=Dispute.State.RAISED),
        Dispute.objects.filter(**here, answered_at__gte=since),
        Correction.objects.filter(record__occasion_id=occasion.pk, at__gte=since),
        RosterEntry.objects.filter(**here, dirty_at__isnull=False),
        spans.filter(pk__in=seal.open_spans),
        spans.filter(pk__gt=seal.through["presence"]),
        Evidence.objects.filter(**here, pk__gt=seal.through["evidence"]),
        CheckAnswer.objects.filter(**here, pk__gt=seal.through.get("answer", 0)),
    )
    return not any(one.exists() for one in waiting)


def raw_counts(occasion: Occasion) -> dict[str, int]:
    """Return how many raw rows of each kind one occasion holds, kinds without any left out."""
    reported = Evidence.objects.filter(occasion_id=occasion.pk, kind__in=RAW).values_list("kind").annotate(Count("pk"))
    counts = {str(kind): int(count) for kind, count in reported.order_by("kind")}
    counts["presence"] = PresenceSpan.objects.filter(occasion_id=occasion.pk).count()
    counts["answer"] = CheckAnswer.objects.filter(occasion_id=occasion.pk).count()
    counts["watch_session"] = WatchSession.objects.filter(occasion_id=occasion.pk).count()
    return {kind: count for kind, count in counts.items() if count}


def blocks_of(occasion_id: int) -> QuerySet[SealedBlock]:
    """The sealed blocks of raw rows of one occasion that still have them."""
    found = SealedBlock.objects.filter(occasion_id=occasion_id, kind__in=RAW_BLOCKS, rows__isnull=False)
    return found.exclude(seal__digest="").order_by("pk")


def removed_rows(removal_id: int) -> int:
    """Return how many rows of presence and reports went by one removal, as its blocks count them."""
    found = SealedBlock.objects.filter(removal_id=removal_id).aggregate(rows=Sum("count"))
    return int(found["rows"] or 0)
