"""What the organiser's desk asks about lectures. Nothing here writes."""

from collections.abc import Collection

from django.db.models import Count, Q, QuerySet

from attendance.models import PresenceSpan
from live.models import Lecture, Question


def present_at(occasion_ids: Collection[int]) -> dict[int, int]:
    """Return how many people are in each of these rooms now; one query, none for no room."""
    if not occasion_ids:
        return {}
    here = PresenceSpan.objects.filter(occasion_id__in=occasion_ids, ended_at=None).order_by()
    return dict(here.values_list("occasion_id").annotate(people=Count("member_id", distinct=True)))


def waiting_questions(lectures: QuerySet[Lecture], *, limit: int) -> list[tuple[Lecture, int]]:
    """Return the lectures of these in which questions wait for an answer, the latest first, with how many; one
    query."""
    waiting = Count("questions", filter=Q(questions__state=Question.State.WAITING))
    found = lectures.annotate(waiting=waiting).filter(waiting__gt=0)
    return [(one, one.waiting) for one in found.order_by("-occasion__starts_at", "-pk")[:limit]]
