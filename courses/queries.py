"""Courses as occasions: which ones a person is expected at, and how far they got. Nothing here writes."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance.models import Occasion, RosterEntry, Training
from courses.models import CourseRun
from organizations.models import Node
from organizations.queries import membership_on


def runs_expecting(*, member_id: int) -> QuerySet[CourseRun]:
    """Return the courses on whose roster a person is; before the roster is fixed: those given above their branch."""
    on_roster = Exists(RosterEntry.objects.filter(occasion_id=OuterRef("occasion_id"), member_id=member_id))
    membership = membership_on(member_id=member_id, on_date=timezone.localdate())
    above = _path_and_above(membership.node.path) if membership else []
    to_come = Q(occasion__state=Occasion.State.SCHEDULED, occasion__node__path__in=above)
    published = CourseRun.objects.exclude(occasion__training__state=Training.State.DRAFT)
    return published.filter(Q(on_roster) | to_come).select_related("occasion__node", "occasion__training")


def _path_and_above(path: str) -> list[str]:
    return [path[:end] for end in range(Node.steplen, len(path) + 1, Node.steplen)]
