"""What the organiser's desk asks the ledger: the days of a calendar, trainings, drafts. Nothing here writes."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Case, Count, F, IntegerField, Model, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber, TruncDate

from attendance.models import Occasion, Rule, Training
from attendance.queries.ledger import CALLED_OFF, trainings_touching
from organizations.models import Node
from organizations.queries import subtree

STANDS = [state for state in Occasion.State.values if state not in CALLED_OFF]
LONGEST_COURSE = timedelta(days=400)
OVER_LATELY = timedelta(days=14)
Row = TypeVar("Row", bound=Model)


def _inside(nodes: list[Node]) -> Q:
    """What stands at these units or below them."""
    return subtree((node.path for node in nodes), at="node")


def _listed(nodes: list[Node], given: Q) -> QuerySet[Occasion]:
    """What a person's calendar has: of their units and below, and what they give.

    A unit's own standing trainings (its meetings of a year) are listed in that unit alone: a county has thousands.
    """
    own = Q(training__is_standing=False) | Q(node__in=nodes)
    found = Occasion.objects.filter((_inside(nodes) & own) | given, state__in=STANDS)
    return found.select_related("node", "rule")


def _first_of_each_day(found: QuerySet[Row], moment: str, most: int) -> QuerySet[Row]:
    """The first ones of each day, with ``of_day``: how many there are on it; one query, however many there are."""
    day = TruncDate(moment)
    ranked: QuerySet[Any] = found.annotate(
        of_day=Window(Count("pk"), partition_by=[day]),
        place=Window(RowNumber(), partition_by=[day], order_by=[F(moment).asc(), F("pk").asc()]),
    )
    return ranked.filter(place__lte=most).order_by(moment, "pk")


def beginning(nodes: list[Node], given: Q, *, since: datetime, until: datetime, most: int) -> QuerySet[Occasion]:
    """Return what begins in ``[since, until)``: the first ``most`` of each day."""
    found = _listed(nodes, given).filter(starts_at__gte=since, starts_at__lt=until)
    return _first_of_each_day(found, "starts_at", most)


def courses_ending(nodes: list[Node], given: Q, *, since: datetime, until: datetime, most: int) -> QuerySet[Occasion]:
    """Return what is studied in one's own time and is due in ``[since, until)``: the first ``most`` of each day."""
    found = _listed(nodes, given).filter(rule__basis=Rule.Basis.MEDIA, ends_at__gte=since, ends_at__lt=until)
    # By the one index there is on moments: nothing runs for longer.
    return _first_of_each_day(found.filter(starts_at__gte=since - LONGEST_COURSE, starts_at__lt=until), "ends_at", most)


def deadlines(nodes: list[Node], *, since: datetime, until: datetime, most: int) -> QuerySet[Training]:
    """Return the trainings that touch these units and are due in ``[since, until)``: the first ``most`` of each day."""
    found = trainings_touching(nodes).filter(is_standing=False, state=Training.State.PUBLISHED)
    due = found.filter(deadline_at__gte=since, deadline_at__lt=until)
    # How far each has got is not asked of those that are counted alone.
    return _first_of_each_day(Training.objects.filter(pk__in=due.values("pk")), "deadline_at", most)


def trainings_shown(nodes: list[Node], *, as_of: datetime, limit: int) -> QuerySet[Training]:
    """Return the published trainings that touch these units and go on, or were due within a fortnight.

    First those of the units themselves and of those above, then those below, each the next due first: nothing of how
    well anybody does.
    """
    line = {path for node in nodes for path in node.line_paths()}
    own = Case(When(node__path__in=line, then=Value(0)), default=Value(1), output_field=IntegerField())
    found = trainings_touching(nodes).filter(state=Training.State.PUBLISHED, deadline_at__gt=as_of - OVER_LATELY)
    return found.alias(distance=own).order_by("distance", "deadline_at", "pk")[:limit]


def draft_trainings(nodes: list[Node], *, limit: int) -> QuerySet[Training]:
    """Return the trainings of these units and below that nobody has published yet, the newest first."""
    found = Training.objects.filter(_inside(nodes), state=Training.State.DRAFT, is_standing=False)
    return found.select_related("node").order_by("-pk")[:limit]
