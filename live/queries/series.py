"""What follows a lecture in its series, a lecture's plan as it stands, and which plans stand already.

Nothing here writes.
"""

import datetime as dt
from collections.abc import Sequence

from django.db.models import QuerySet

from attendance.models import Occasion
from live.core.plan import LecturePlan
from live.models import Lecture
from organizations.models import Node, Role, User
from organizations.permissions import visible_nodes


def following(lecture: Lecture, *, user: User) -> QuerySet[Lecture]:
    """Return what ``user`` may change of what is planned after a lecture in its series and has not begun.

    One of a series may have been moved to a neighbour's unit since: it is that neighbour's then. None for a lecture
    that is in no series.
    """
    return _later(lecture).filter(occasion__node__in=organised(user).values("pk"))


def following_elsewhere(lecture: Lecture, *, user: User) -> int:
    """Return how many of those that follow a lecture in its series ``user`` may not change."""
    return _later(lecture).exclude(occasion__node__in=organised(user).values("pk")).count()


def organised(user: User) -> QuerySet[Node]:
    """Return the units whose lectures ``user`` may plan, change and cancel."""
    return visible_nodes(user, Role.ORGANISER)


def _later(lecture: Lecture) -> QuerySet[Lecture]:
    if lecture.series_id is None:
        return Lecture.objects.none()
    later = Lecture.objects.filter(
        series_id=lecture.series_id, state=Lecture.State.SCHEDULED, occasion__starts_at__gt=lecture.occasion.starts_at
    )
    return later.select_related("occasion__training", "occasion__node", "lecturer").order_by("occasion__starts_at")


def plan_of(lecture: Lecture) -> LecturePlan:
    """Return the plan of a lecture, with its occasion."""
    plan = lecture.occasion
    return LecturePlan(
        training_id=plan.training_id,
        title=plan.title,
        node_id=plan.node_id,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        rule_id=plan.rule_id,
        lecturer_id=lecture.lecturer_id,
        record=lecture.record,
        webrtc_cap=lecture.webrtc_cap,
    )


def key_of(plan: LecturePlan) -> tuple[int, int, str, dt.datetime]:
    """Return what makes two plans the same lecture."""
    return plan.training_id, plan.node_id, plan.title, plan.starts_at


def planned_keys(plans: Sequence[LecturePlan]) -> set[tuple[int, int, str, dt.datetime]]:
    """Return the keys of lectures that stand at the times of these plans in their trainings; one query."""
    found = Lecture.objects.filter(
        occasion__training_id__in={plan.training_id for plan in plans},
        occasion__starts_at__in={plan.starts_at for plan in plans},
    ).exclude(occasion__state=Occasion.State.VOID)
    return set(
        found.values_list("occasion__training_id", "occasion__node_id", "occasion__title", "occasion__starts_at")
    )
