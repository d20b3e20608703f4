"""What the plan of a training asks: who there is, and what else is on at the time. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from attendance.models import Occasion, Rule, Training, TrainingUnit
from attendance.queries.leaves import day_start
from attendance.queries.ledger import CALLED_OFF
from attendance.queries.naming import in_units
from organizations.models import Node, NodeKind, Role, User
from organizations.permissions import visible_nodes
from organizations.queries import exempt_member_ids, members_at, nodes_where

MOST_NAMED, MOST_BUSY = 5, 8
LONGEST, DAY = timedelta(days=92), timedelta(days=1)


@dataclass(frozen=True)
class Part:
    """A unit that a training names, and how many people are expected there, or are not because it is left out."""

    name: str
    people: int
    is_left_out: bool


@dataclass(frozen=True)
class Audience:
    """Who a unit has on a day: people who are expected at trainings, branches, the first of those by name."""

    people: int
    branches: int
    named: list[str]
    parts: list[Part] = field(default_factory=list)


def named_units(training: Training) -> list[tuple[Node, bool]]:
    """Return the units a training names, as ``(unit, is_left_out)``, in the order of the tree."""
    if not training.is_narrowed:
        return []
    rows = TrainingUnit.objects.filter(training_id=training.pk).select_related("node").order_by("node__path")
    return [(one.node, one.is_left_out) for one in rows]


def audience_of(node: Node, *, on_date: date, units: Sequence[tuple[Node, bool]] = ()) -> Audience:
    """Count who belongs to a unit and below it, of ``units`` there alone; three queries, whatever its size.

    ``units`` as of ``named_units``; what each has is counted in the same question.
    """
    exempt = exempt_member_ids(on_date=on_date)
    paths = [(one.path, is_left_out) for one, is_left_out in units]
    expected = in_units(paths)
    asked = {"all": Count("pk", filter=expected)}
    for number, (path, is_left_out) in enumerate(paths):
        there = Q(node__path__startswith=path)
        asked[f"part{number}"] = Count("pk", filter=there if is_left_out else there & expected)
    members = members_at(node=node, on_date=on_date).exclude(member_id__in=exempt).order_by()
    counts = members.aggregate(**asked)
    branches = nodes_where(Q(path__startswith=node.path, kind=NodeKind.BRANCH, closed_date=None))
    branches = branches.filter(in_units(paths, at="path"))
    return Audience(
        counts["all"],
        branches.order_by().count(),
        list(branches.values_list("name", flat=True)[:MOST_NAMED]),
        [Part(one.name, counts[f"part{at}"], is_left_out) for at, (one, is_left_out) in enumerate(units)],
    )


def busy_around(training: Training, *, user: User) -> list[Occasion]:
    """Return what the same people have at an hour of its own in the training's days, by other plans; one query.

    Of drafts only those that ``user`` plans: what a unit above has not published yet is nobody else's.
    """
    at = Q(node__path__startswith=training.node.path) | Q(node__path__in=training.node.line_paths())
    found = Occasion.objects.filter(at, training__is_standing=False, rule__basis=Rule.Basis.WINDOW)
    last = min(timezone.localdate(training.deadline_at), training.starts_date + LONGEST)
    found = found.filter(starts_at__gte=day_start(training.starts_date), starts_at__lt=day_start(last + DAY))
    shown = ~Q(training__state=Training.State.DRAFT) | Q(
        training__node__in=visible_nodes(user, Role.ORGANISER).order_by()
    )
    others = found.filter(shown).exclude(state__in=CALLED_OFF).exclude(training=training)
    return list(others.select_related("node").order_by("starts_at", "pk")[:MOST_BUSY])
