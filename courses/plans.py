"""Verbs about a course that was given: withdraw it, let it end at another time, declare it void."""

from datetime import datetime

from django.db import transaction
from wagtail.log_actions import log as log_action

from attendance.models import Occasion
from attendance.operations import move_end, void_occasion, withdraw_occasion
from attendance.operations.cancelled import log_cancelled
from courses.models import CourseRun
from organizations.models import User


@transaction.atomic
def withdraw_course(*, occasion_id: int, actor_id: int, as_of: datetime) -> None:
    """Withdraw a course that has not begun; nobody can have studied it. In the log of its training.

    Raises UnableToPlanOccasion (attendance) once it has begun.
    """
    run = CourseRun.objects.select_related("occasion__training").get(pk=occasion_id)
    log_cancelled(action="courses.withdraw", occasion=run.occasion, actor_id=actor_id)
    if not withdraw_occasion(occasion_id=occasion_id, actor_id=actor_id, as_of=as_of):
        # Its occasion stays, void, for the leave that was written down for it.
        CourseRun.objects.filter(pk=occasion_id).delete()


@transaction.atomic
def move_course_end(*, occasion_id: int, ends_at: datetime, actor_id: int, as_of: datetime) -> None:
    """Let a course that runs end earlier or later; who has finished stays finished.

    Raises UnableToPlanOccasion (attendance).
    """
    run = CourseRun.objects.select_related("occasion").get(pk=occasion_id)
    move_end(occasion_id=occasion_id, ends_at=ends_at, as_of=as_of)
    told = {"from": run.occasion.ends_at.isoformat(), "to": ends_at.isoformat()}
    log_action(instance=run, action="courses.move_end", user=User.objects.get(pk=actor_id), data=told)


@transaction.atomic
def void_course(*, occasion_id: int, reason: str, actor_id: int, as_of: datetime) -> None:
    """Declare that a course that has begun counts nowhere, with a reason that members read; signed and logged.

    Raises UnableToVoidOccasion (attendance).
    """
    void_occasion(occasion_id=occasion_id, reason=reason, voided_by_id=actor_id, as_of=as_of)
    run = CourseRun.objects.select_related("occasion").get(pk=occasion_id)
    actor = User.objects.get(pk=actor_id)
    told = {"reason": Occasion.objects.get(pk=occasion_id).void_reason}
    log_action(instance=run, action="courses.void", user=actor, data=told)
