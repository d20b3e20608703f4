"""The register as everybody knows it from paper: people by occasions, with how each stands. Nothing here writes."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from attendance.models import Named, Occasion, RecordState, RosterEntry, Rule, Training
from attendance.queries.ledger import CALLED_OFF
from attendance.queries.listing import being_listed
from attendance.queries.naming import units_of
from attendance.standing import DONE, with_standing
from organizations.core.pinyin import sort_key
from organizations.models import Node
from organizations.namesakes import told_apart

MOST_OCCASIONS = 40  # columns that a page can show
MOST_PEOPLE = 500  # rows; of more, one unit below at a time


@dataclass(frozen=True, slots=True)
class Cell:
    """How one person stands at one occasion, and the reasons of the record."""

    state: str
    reasons: list[dict[str, Any]]
    hours: Decimal


@dataclass(slots=True)
class PersonLine:
    """One person in one unit, with their cells by occasion; who was not expected somewhere has none there."""

    member_id: int
    name: str
    has_phone: bool
    node_path: str
    cells: dict[int, Cell] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return sum(cell.state in DONE for cell in self.cells.values())

    @property
    def asked(self) -> int:
        """At how many occasions they were expected."""
        return sum(cell.state != "exempt" for cell in self.cells.values())

    @property
    def hours(self) -> Decimal:
        return sum((cell.hours for cell in self.cells.values() if cell.state in DONE), Decimal(0))


def month_of(day: date) -> tuple[datetime, datetime]:
    """Return the month of a day as moments in local time: [first, first of the next)."""
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return _midnight(first), _midnight(after)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def register_occasions(
    *, node: Node, training_id: int | None, month: tuple[datetime, datetime] | None
) -> list[Occasion]:
    """Return the occasions of a register in their order, ``MOST_OCCASIONS`` and one: of a training, a month or both.

    Only of trainings that are no drafts, at this unit, below or above it; nothing that was called off.
    """
    found = Occasion.objects.filter(Q(node__path__in=node.line_paths()) | Q(node__path__startswith=node.path))
    found = found.exclude(training__state=Training.State.DRAFT).exclude(state__in=CALLED_OFF)
    if training_id is not None:
        found = found.filter(training_id=training_id)
    if month is not None:
        found = found.filter(starts_at__gte=month[0], starts_at__lt=month[1])
    return list(found.select_related("rule", "training").order_by("starts_at", "pk")[: MOST_OCCASIONS + 1])


def months_of(occasions: Iterable[Occasion]) -> list[date]:
    """Return the first days of the months in which these begin."""
    return sorted({timezone.localdate(one.starts_at).replace(day=1) for one in occasions})


def _entries(node: Node, occasion_ids: Collection[int]) -> QuerySet[RosterEntry]:
    found = RosterEntry.objects.filter(occasion_id__in=occasion_ids, node__path__startswith=node.path)
    return found.exclude(occasion_id__in=being_listed().values("pk"))


def people_on(*, node: Node, occasion_ids: Collection[int]) -> int:
    """Return how many people stand on the rosters of these occasions below a unit; one query, none of no occasion."""
    if not occasion_ids:
        return 0
    return _entries(node, occasion_ids).values("member_id").distinct().count()


def register_lines(*, node: Node, occasion_ids: Collection[int]) -> list[PersonLine]:
    """Return everybody on these rosters below a unit, by unit and name, once a unit; one query."""
    lines: dict[tuple[str, int], PersonLine] = {}
    rows = with_standing(_entries(node, occasion_ids)).values_list(
        "member_id", "member__name", "member__phone_last4", "node__path", "occasion_id", "stands", "rec__reasons",
        "rec__stands_hours", "member__number",
    )  # fmt: skip
    people: dict[int, tuple[int, str, str, str | None]] = {}
    for member_id, name, last4, path, occasion_id, state, reasons, hours, number in rows.iterator(chunk_size=5000):
        people[member_id] = (member_id, name, last4, number)
        line = lines.setdefault((path, member_id), PersonLine(member_id, name, bool(last4), path))
        line.cells[occasion_id] = Cell(state, reasons or [], hours or Decimal(0))
    found = sorted(lines.values(), key=lambda one: (one.node_path, sort_key(one.name), one.member_id))
    names = told_apart(people.values())
    for line in found:
        line.name = names[line.member_id]
    return found


def named_ahead(occasions: Iterable[Occasion]) -> dict[int, set[int]]:
    """Return who is expected at those that have not begun and name them; one query where any do."""
    found: dict[int, set[int]] = {one.pk: set() for one in occasions if one.is_named and not one.opened_at}
    if found:
        for occasion_id, member_id in Named.objects.filter(occasion__in=found).values_list("occasion_id", "member_id"):
            found[occasion_id].add(member_id)
    return found


def units_ahead(occasions: Iterable[Occasion]) -> dict[int, list[tuple[str, bool]]]:
    """Return the units for which those are that have not begun and are not for everybody; a query for each training."""
    ahead = [one for one in occasions if one.is_narrowed and not one.opened_at]
    by_training = {pk: units_of(pk) for pk in {one.training_id for one in ahead}}
    return {one.pk: by_training[one.training_id] for one in ahead}


def year_of(*, member_id: int, paths: Iterable[str], year: int) -> QuerySet[Any, Any]:
    """Return a person's roster entries of a year in the subtrees at ``paths``, with how they stand; called off ones
    are left out."""
    inside = Q(pk__in=())
    for path in paths:
        inside |= Q(node__path__startswith=path)
    found = RosterEntry.objects.filter(
        inside,
        member_id=member_id,
        occasion__starts_at__gte=_midnight(date(year, 1, 1)),
        occasion__starts_at__lt=_midnight(date(year + 1, 1, 1)),
    ).exclude(occasion__state__in=CALLED_OFF)
    related = with_standing(found).select_related("occasion__training", "occasion__rule", "node")
    return related.order_by("occasion__starts_at", "occasion_id")


def done_by_day(*, training_id: int, path: str) -> tuple[list[tuple[date, int]], int]:
    """Return how many were done by the end of each day on which the number grew, of how many asked, in a training
    below a unit: people by occasions. One query.

    A lecture is done when it ended, what is studied or made up when it was judged enough.
    """
    rows = RosterEntry.objects.filter(node__path__startswith=path, occasion__training_id=training_id)
    rows = rows.exclude(occasion__state__in=CALLED_OFF).exclude(occasion_id__in=being_listed().values("pk"))
    grouped = (
        with_standing(rows)
        .annotate(on=TruncDate(_DONE_AT))
        .order_by()
        .values("on", "stands")
        .annotate(people=Count("pk"))
        .values_list("on", "stands", "people")
    )
    days: defaultdict[date, int] = defaultdict(int)
    whole = 0
    for day, state, people in grouped:
        whole += people if state != RecordState.EXEMPT else 0
        if state in DONE and day is not None:
            days[day] += people
    return list(zip(sorted(days), accumulate(days[day] for day in sorted(days)), strict=True)), whole


_DONE_AT = Case(
    When(
        stands=RecordState.ATTENDED,
        occasion__rule__basis=Rule.Basis.WINDOW,
        occasion__window_end_at__isnull=False,
        then=F("occasion__window_end_at"),
    ),
    default=F("rec__judged_at"),
)
