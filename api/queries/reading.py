"""What other programs read, a page at a time, by keyset: a page costs the same wherever it stands (ADR 77).

People are read unit by unit in the order of the tree, some dozens of units a question: by the index of who is where, in
memory that does not grow. A page may be shorter than it was asked to be, and still go on.
"""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db.models import Q, QuerySet

from api.core.cursors import Place
from attendance.models import Occasion, RosterEntry, Training
from attendance.permissions import touches
from attendance.queries import CALLED_OFF, trainings_touching
from attendance.queries.hours import PersonYear, done_between, tables_for, years_of
from attendance.reports.base import Scope
from attendance.standing import Amount, amount_of, asked_of, due_at, with_standing
from organizations.models import Membership, Node
from organizations.queries import valid_on

UNITS = 20  # units that one question is asked of
TURNS = 3  # such questions a page
Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows in order, and after which place the next page begins (None: this was the last)."""

    rows: list[Row]
    next: Place | None


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit."""

    id: int
    path: str
    code: str
    name: str
    kind: str
    parent_id: int | None
    is_closed: bool


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who belongs to a unit today."""

    member_id: int
    public_id: Any
    name: str
    number: str
    unit_id: int
    path: str
    unit_code: str
    unit: str


@dataclass(frozen=True, slots=True)
class RecordRow:
    """How one person stands at one occasion, as the pages say it."""

    member_id: int
    public_id: Any
    name: str
    number: str
    unit_id: int
    path: str
    occasion_id: int
    state: str
    amount: Amount
    live_ms: int
    replay_ms: int
    hall_ms: int
    hours: Decimal
    is_corrected: bool
    rule: str
    due_at: dt.datetime


@dataclass(frozen=True, slots=True)
class EarnedRow:
    """What a person has earned within some days: hours, and at how many occasions."""

    person: PersonRow
    hours: Decimal
    occasions: int


# --- where ----------------------------------------------------------------------------------------------------------


def unit_below(node: Node, unit_id: int | None) -> Node | None:
    """Return a unit at or below ``node`` (``node`` itself where none is named), or None."""
    if unit_id is None or unit_id == node.pk:
        return node
    return Node.objects.filter(pk=unit_id, path__startswith=node.path).first()


def training_at(node: Node, training_id: int) -> Training | None:
    """Return a training that concerns a part of the tree and is no draft, or None."""
    found = Training.objects.exclude(state=Training.State.DRAFT).select_related("node")
    training = found.filter(pk=training_id).first()
    return training if training is not None and touches(training, node) else None


def _units_from(node: Node, path: str) -> list[tuple[int, str]]:
    """Return the ids and paths of the units from ``path`` on, those of a page and the one after them."""
    found = Node.objects.filter(path__startswith=node.path, path__gte=max(path, node.path)).order_by("path")
    return list(found.values_list("pk", "path")[: UNITS * TURNS + 1])


def _by_units(
    node: Node, after: Place, limit: int, read: Callable[[list[int], int], list[Row]], place: Callable[[Row], Place]
) -> Page[Row]:
    units = _units_from(node, after.path)
    rows: list[Row] = []
    for start in range(0, min(len(units), UNITS * TURNS), UNITS):
        rows += read([pk for pk, _path in units[start : start + UNITS]], limit + 1 - len(rows))
        if len(rows) > limit:
            return Page(rows[:limit], place(rows[limit - 1]))
    return Page(rows, Place(units[-1][1]) if len(units) > UNITS * TURNS else None)


def _after(place: Place, *, second: str = "") -> Q:
    """Rows after a place, by the unit's path, the member, and what stands third."""
    later = Q(node__path__gt=place.path) | Q(node__path=place.path, member_id__gt=place.first)
    if second:
        later |= Q(**{"node__path": place.path, "member_id": place.first, f"{second}__gt": place.second})
    return later


# --- what -----------------------------------------------------------------------------------------------------------


def units_page(node: Node, *, after: Place, limit: int) -> Page[UnitRow]:
    """Return the units of a part of the tree, from the top; two queries."""
    found = Node.objects.filter(path__startswith=node.path, path__gt=after.path).order_by("path")
    rows = list(found[: limit + 1])
    above = {row.path[: -Node.steplen] for row in rows if row.path != node.path}
    ids = dict(Node.objects.filter(path__in=above).values_list("path", "pk"))
    shown = [
        UnitRow(
            row.pk, row.path, row.code, row.name, row.kind, ids.get(row.path[: -Node.steplen]),
            row.closed_date is not None,
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return Page(shown, Place(shown[-1].path) if len(rows) > limit else None)


def people_page(node: Node, *, on_date: dt.date, after: Place, limit: int) -> Page[PersonRow]:
    """Return who belongs to a part of the tree that day; at most four queries."""

    def read(units: list[int], most: int) -> list[PersonRow]:
        found = Membership.objects.filter(valid_on(on_date), _after(after), node_id__in=units)
        rows = found.order_by("node__path", "member_id").values_list(
            "member_id", "member__public_id", "member__name", "member__number", "node_id", "node__path", "node__code",
            "node__name",
        )[:most]  # fmt: skip
        return [
            PersonRow(pk, public_id, name, number or "", unit_id, path, code, unit)
            for pk, public_id, name, number, unit_id, path, code, unit in rows
        ]

    return _by_units(node, after, limit, read, lambda row: Place(row.path, row.member_id))


def trainings_page(node: Node, *, after: Place, limit: int) -> Page[Training]:
    """Return the trainings that concern a part of the tree, the oldest first; one query."""
    rows = list(trainings_touching([node]).filter(pk__gt=after.first).order_by("pk")[: limit + 1])
    return Page(rows[:limit], Place("", rows[limit - 1].pk) if len(rows) > limit else None)


def occasions_page(training: Training, node: Node, *, after: Place, limit: int) -> Page[Occasion]:
    """Return the occasions of a training that concern a part of the tree, as they were made; one query."""
    rows = list(_occasions(training, node).filter(pk__gt=after.first).order_by("pk")[: limit + 1])
    return Page(rows[:limit], Place("", rows[limit - 1].pk) if len(rows) > limit else None)


def _occasions(training: Training, node: Node) -> QuerySet[Occasion]:
    touching = Q(node__path__in=node.line_paths()) | Q(node__path__startswith=node.path)
    return Occasion.objects.filter(touching, training_id=training.pk).select_related("rule", "node")


def records_page(
    scope: Scope,
    *,
    after: Place,
    limit: int,
    states: Collection[str] | None = None,
    occasion_id: int | None = None,
) -> Page[RecordRow]:
    """Return how everybody of a scope stands, by place in the tree and person; at most five queries.

    What was called off is left out, and what a roster is still written for, as in every report.
    """
    counted = _occasions(scope.training, scope.node).exclude(state__in=CALLED_OFF).filter(roster_work=None)
    if occasion_id is not None:
        counted = counted.filter(pk=occasion_id)
    occasions = {occasion.pk: occasion for occasion in counted}
    asked = {pk: asked_of(occasion=one, as_of=scope.as_of) for pk, one in occasions.items()}

    def read(units: list[int], most: int) -> list[RecordRow]:
        entries = RosterEntry.objects.filter(node_id__in=units, occasion_id__in=list(occasions))
        found = with_standing(entries).filter(_after(after, second="occasion_id"))
        if states is not None:
            found = found.filter(stands__in=states)
        rows = found.order_by("node__path", "member_id", "occasion_id").values_list(
            "member_id", "member__public_id", "member__name", "member__number", "node_id", "node__path", "occasion_id",
            "stands", "rec__reasons", "rec__live_ms", "rec__replay_ms", "rec__hall_ms", "rec__stands_hours",
            "rec__stands_by", "rec__rule_version",
        )[:most]  # fmt: skip
        return [_record(row, occasions, asked) for row in rows]

    return _by_units(scope.node, after, limit, read, lambda row: Place(row.path, row.member_id, row.occasion_id))


def _record(row: tuple[Any, ...], occasions: dict[int, Occasion], asked: dict[int, Amount]) -> RecordRow:
    member_id, public_id, name, number, unit_id, path, pk, state, reasons, live, replay, hall, hours, by, rule = row
    return RecordRow(
        member_id, public_id, name, number or "", unit_id, path, pk, state,
        amount_of(asked[pk], reasons, state=state), live or 0, replay or 0, hall or 0, hours or Decimal(0),
        by is not None, rule or str(occasions[pk].rule), due_at(occasions[pk]),
    )  # fmt: skip


def years_page(
    node: Node, *, year: int, on_date: dt.date, after: Place, limit: int
) -> Page[tuple[PersonRow, PersonYear]]:
    """Return the year's hours of who belongs to a part of the tree that day; at most eleven queries."""
    page = people_page(node, on_date=on_date, after=after, limit=limit)
    tables = tables_for(paths={row.path for row in page.rows}, year=year)
    years = years_of(member_ids=[row.member_id for row in page.rows], year=year, tables=tables)
    return Page([(row, years[row.member_id]) for row in page.rows], page.next)


def month_page(
    node: Node, *, since: dt.datetime, until: dt.datetime, on_date: dt.date, after: Place, limit: int
) -> Page[EarnedRow]:
    """Return what they have earned at what began in ``[since, until)``, before any yearly limit; at most five."""
    page = people_page(node, on_date=on_date, after=after, limit=limit)
    done = done_between([row.member_id for row in page.rows], since=since, until=until)
    rows = [EarnedRow(row, *done.get(row.member_id, (Decimal(0), 0))) for row in page.rows]
    return Page(rows, page.next)
