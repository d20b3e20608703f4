"""How much waits for a secretary's word, for the card of the day: leaves and declarations. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet, Value, Window
from django.db.models.functions import RowNumber

from attendance.queries.halls import declarations_for
from attendance.queries.leaves import leaves_waiting_for
from organizations.models import User

LEAVES, DECLARATIONS = "leave", "declaration"


@dataclass(frozen=True, slots=True)
class Waits:
    """How many of one kind wait, since when the oldest does and in which unit."""

    among: int
    since: datetime
    unit: str


def waits_for(user: User) -> dict[str, Waits]:
    """Return what waits for this secretary by kind, kinds without any left out; one query for all of them."""
    leaves = leaves_waiting_for(user).prefetch_related(None).select_related(None)
    found = _oldest(leaves, LEAVES, "node__name").union(
        _oldest(declarations_for(user).select_related(None), DECLARATIONS, "entry_unit"), all=True
    )
    return {kind: Waits(among, since, unit) for kind, among, since, unit in found}


def _oldest(found: QuerySet[Any], kind: str, unit: str) -> QuerySet[Any, Any]:
    """Return one row with the oldest and the number of all; by its number in line, as no LIMIT stands in a union."""
    numbered = found.order_by().annotate(
        of_kind=Value(kind), in_unit=F(unit), among=Window(Count("pk")),
        in_line=Window(RowNumber(), order_by=[F("asked_at"), F("pk")]),
    )  # fmt: skip
    return numbered.filter(in_line=1).values_list("of_kind", "among", "asked_at", "in_unit")
