"""Several lectures at once: planned together, and what is changed or cancelled from one of a series on. All or none."""

import datetime as dt
from collections.abc import Sequence

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Occasion, Training
from attendance.sentences.records import moment
from live.core.plan import LecturePlan, followed
from live.core.series import Every
from live.models import Lecture, LectureSeries
from live.operations.plan import (
    UnableToScheduleLecture,
    cancel_lecture,
    check_parts,
    checked_alone,
    columns,
    log_plan,
    make_occasion,
    reschedule_lecture,
)
from live.queries.series import following, key_of, organised, plan_of, planned_keys
from organizations.models import User

log = structlog.get_logger(__name__)
State = Lecture.State


@transaction.atomic
def schedule_lectures(
    *, plans: Sequence[LecturePlan], as_of: dt.datetime, actor_id: int, every: Every | None = None
) -> list[Lecture]:
    """Plan several lectures, all or none; with ``every`` they are a series. Each in the log of its training.

    The same twice is noticed, also where two clicks came at once: a lecture of that title, for that unit, at that time
    stands already. Raises ``UnableToScheduleLecture`` with the ``number`` of the plan.
    """
    tidied = _checked(plans, as_of=as_of)
    trainings = {plan.training_id for plan in tidied}
    list(Training.objects.select_for_update(no_key=True).filter(pk__in=trainings).order_by("pk").values_list("pk"))
    known = planned_keys(tidied)
    series = None if every is None else LectureSeries.objects.create(every=every, made_at=as_of)
    made = []
    for number, plan in enumerate(tidied):
        if key_of(plan) in known:
            raise UnableToScheduleLecture("starts_at", _already(plan), number=number)
        known.add(key_of(plan))
        occasion = make_occasion(plan, number=number)
        made.append(Lecture.objects.create(occasion=occasion, series=series, **columns(plan)))
        log_plan("live.plan", occasion, actor_id)
    log.info("lectures_scheduled", count=len(made), series=series.pk if series else None, actor_id=actor_id)
    return made


def _already(plan: LecturePlan) -> str:
    words = _("“{title}”（{at}）已经安排过，没有再安排一次。")
    return words.format(title=plan.title, at=moment(plan.starts_at))


def _checked(plans: Sequence[LecturePlan], *, as_of: dt.datetime) -> list[LecturePlan]:
    """Return the plans with their titles tidied; what several have in common is looked at once."""
    found, fit = [], set()
    for number, plan in enumerate(plans):
        parts = (plan.training_id, plan.node_id, plan.rule_id, plan.lecturer_id)
        try:
            found.append(checked_alone(plan, as_of=as_of))
            if parts not in fit:
                check_parts(plan, as_of=as_of)
        except UnableToScheduleLecture as error:
            raise UnableToScheduleLecture(error.field, str(error), number=number) from error
        fit.add(parts)
    return found


@transaction.atomic
def reschedule_following(*, occasion_id: int, plan: LecturePlan, as_of: dt.datetime, actor_id: int) -> int:
    """Change one of a series and all that follow it in the same way; return how many were changed.

    Only what is changed here is changed there, a time by as much; what is of a unit where the actor is no organiser
    stays. Raises ``UnableToScheduleLecture``: then none is changed.
    """
    held = _held(occasion_id, actor_id)
    reschedule_lecture(occasion_id=occasion_id, plan=plan, as_of=as_of, actor_id=actor_id)
    for one in held[1:]:
        own = plan_of(one)
        try:
            after = followed(own, before=plan_of(held[0]), after=plan)
            reschedule_lecture(occasion_id=one.pk, plan=after, as_of=as_of, actor_id=actor_id)
        except UnableToScheduleLecture as error:
            words = _("{at} 的一场改不了：{why}").format(at=moment(own.starts_at), why=str(error))
            raise UnableToScheduleLecture(error.field, words) from error
    log.info("series_rescheduled", occasion_id=occasion_id, count=len(held), actor_id=actor_id)
    return len(held)


@transaction.atomic
def cancel_following(*, occasion_id: int, as_of: dt.datetime, actor_id: int) -> int:
    """Cancel one of a series and all that follow it; return how many. Raises UnableToCancelLecture where it has begun.

    What follows and has begun meanwhile stays as it is: it can be ended, not cancelled. So does what is of a unit where
    the actor is no organiser.
    """
    held = _held(occasion_id, actor_id)
    cancel_lecture(occasion_id=occasion_id, as_of=as_of, actor_id=actor_id)
    for one in held[1:]:
        cancel_lecture(occasion_id=one.pk, as_of=as_of, actor_id=actor_id)
    log.info("series_cancelled", occasion_id=occasion_id, count=len(held), actor_id=actor_id)
    return len(held)


def _held(occasion_id: int, actor_id: int) -> list[Lecture]:
    """Return a lecture and, after it, those that follow which the actor may change; held, so that none begins before
    the commit. Nothing for a lecture that is gone.

    All are read once they are held, lectures before their occasions as everywhere, each in the order of their keys:
    what somebody else has just saved is seen, and two who hold the same wait for one another.
    """
    actor = User.objects.get(pk=actor_id)
    seen = Lecture.objects.select_related("occasion").filter(pk=occasion_id).first()
    later_ids = following(seen, user=actor).values_list("pk", flat=True) if seen else []
    ids = [occasion_id, *later_ids]
    lectures = {one.pk: one for one in Lecture.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    # Not its key, as where one alone is cancelled: a step of its roster may refer to it.
    for occasion in Occasion.objects.select_for_update(no_key=True).filter(pk__in=lectures).order_by("pk"):
        lectures[occasion.pk].occasion = occasion
    first = lectures.pop(occasion_id, None)
    if first is None:
        return []
    mine = set(organised(actor).filter(pk__in={one.occasion.node_id for one in lectures.values()}).values_list("pk"))
    later = [
        one
        for one in lectures.values()
        if one.state == State.SCHEDULED
        and one.occasion.starts_at > first.occasion.starts_at
        and (one.occasion.node_id,) in mine
    ]
    return [first, *sorted(later, key=lambda one: one.occasion.starts_at)]
