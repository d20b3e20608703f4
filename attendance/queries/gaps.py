"""Occasions at which the site itself was away while they went on: what was not captured, and for how many."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from attendance.models import Occasion, Record, RecordState
from attendance.queries.ledger import CALLED_OFF
from organizations.models import Node


@dataclass(frozen=True, slots=True)
class Gap:
    """One occasion: how long nobody could be there (ms), and whose record is incomplete by it."""

    occasion: Occasion
    away_ms: int
    incomplete: int


def gaps(*, nodes: QuerySet[Node], since: datetime, limit: int) -> list[Gap]:
    """Return the occasions since then, at these nodes, of whose window the site missed something; latest first.

    Two queries, whatever there is.
    """
    found = Occasion.objects.filter(starts_at__gte=since, node__in=nodes.order_by()).exclude(away_ms=[])
    found = found.exclude(state__in=[*CALLED_OFF, Occasion.State.SCHEDULED]).select_related("training", "node")
    occasions = list(found.order_by("-starts_at", "-pk")[:limit])
    counted = Record.objects.filter(occasion__in=occasions, stands=RecordState.INCOMPLETE).order_by()
    incomplete = dict(counted.values_list("occasion_id").annotate(Count("pk")))
    return [Gap(one, sum(end - start for start, end in one.away_ms), incomplete.get(one.pk, 0)) for one in occasions]
