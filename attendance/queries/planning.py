"""What the plan of a training asks: who there is, and what else is on at the time. Nothing here writes."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q
from django.utils import timezone

from attendance.models import Occasion, Rule, Training
from attendance.queries.leaves import day_start
from attendance.queries.ledger import CALLED_OFF
from organizations.models import Node, NodeKind, Role, User
from organizations.permissions import visible_nodes
from organizations.queries import exempt_member_ids, members_at, nodes_where

MOST_NAMED, MOST_BUSY = 5, 8
LONGEST, DAY = timedelta(days=92), timedelta(days=1)


@dataclass(frozen=True)
class Audience:
    """Who a unit has on a day: people who are expected at trainings, branches, the first of those by name."""

    people: int
    branches: int
    named: list[str]


def audience_of(node: Node, *, on_date: date) -> Audience:
    """Count who belongs to a unit and below it; three queries, whatever its size."""
    exempt = exempt_member_ids(on_date=on_date)
    people = members_at(node=node, on_date=on_date).exclude(member_id__in=exempt).order_by().count()
    branches = nodes_where(Q(path__startswith=node.path, kind=NodeKind.BRANCH, closed_date=None))
    return Audience(people, branches.order_by().count(), list(branches.values_list("name", flat=True)[:MOST_NAMED]))


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
