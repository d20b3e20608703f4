"""Nothing is planned into a training that is over or gone, also where that happens in the same moment."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from attendance import operations as ledger
from attendance.models import Occasion, Training
from attendance.planning import withdraw_training
from courses.operations import CoursePlan, schedule_course
from live import operations
from live.core.plan import LecturePlan
from live.models import Lecture
from live.queries.series import plan_of
from tests import races
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.courses import give_course
from tests.factories.live import make_lecture
from tests.factories.meetings import make_meeting
from tests.factories.organizations import County, make_county

DAY = dt.timedelta(days=1)
OVER = "培训已经结束"
GONE = "这个培训已经撤回"
at_once = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")


@pytest.fixture
def world(transactional_db: None) -> County:
    return make_county()


@pytest.fixture
def training(world: County) -> Training:
    return TrainingFactory(node=world.county, state=Training.State.PUBLISHED)


def plan_in(world: County, training: Training, *, days: int = 1) -> LecturePlan:
    starts_at = timezone.now() + days * DAY
    return LecturePlan(
        training_id=training.pk, title="防汛避险", node_id=world.branch.pk, starts_at=starts_at,
        ends_at=starts_at + DAY / 24, lecturer_id=world.lecturer.pk, rule_id=RuleFactory(node=world.county).pk,
        record=False, webrtc_cap=None,
    )  # fmt: skip


def close(training: Training) -> None:
    Training.objects.filter(pk=training.pk).update(state=Training.State.CLOSED)


def schedule(world: County, training: Training) -> Callable[[], Any]:
    plan, who = plan_in(world, training), world.organiser.pk
    return lambda: operations.schedule_lecture(plan=plan, as_of=timezone.now(), actor_id=who)


def test_a_training_that_is_over_takes_nothing_new_and_says_so_at_its_field(world: County, training: Training) -> None:
    lecture = make_lecture(world, starts_at=timezone.now() + DAY)
    moved = plan_in(world, training)
    close(training)
    now, who = timezone.now(), world.organiser.pk
    for work in (
        schedule(world, training),
        lambda: operations.reschedule_lecture(occasion_id=lecture.pk, plan=moved, as_of=now, actor_id=who),
    ):
        with pytest.raises(operations.UnableToScheduleLecture, match=OVER) as refused:
            work()
        assert refused.value.field == "training"
    with pytest.raises(operations.UnableToScheduleLecture, match=OVER) as one_of:
        operations.schedule_lectures(plans=[plan_in(world, training)], as_of=now, actor_id=who)
    assert (one_of.value.field, one_of.value.number) == ("training", 0)
    assert [one.pk for one in Lecture.objects.all()] == [lecture.pk]
    given = give_course(world.branch)
    course = CoursePlan(
        training_id=training.pk, node_id=world.branch.pk, starts_at=now, ends_at=now + DAY,
        rule_id=given.run.occasion.rule_id,
    )  # fmt: skip
    with pytest.raises(ledger.UnableToPlanOccasion, match=OVER):
        schedule_course(page_id=given.page.pk, plan=course, as_of=now)


def test_what_is_planned_where_it_stands_is_changed_also_when_the_training_is_over(world: County) -> None:
    lecture = make_lecture(world, starts_at=timezone.now() + DAY)
    close(lecture.occasion.training)
    plan = plan_of(Lecture.objects.select_related("occasion").get(pk=lecture.pk))
    operations.reschedule_lecture(occasion_id=lecture.pk, plan=plan, as_of=timezone.now())


def test_the_book_of_a_year_takes_what_is_entered_after_its_end(world: County) -> None:
    first = make_meeting(world)
    close(first.occasion.training)
    assert make_meeting(world).occasion.training_id == first.occasion.training_id


@at_once
def test_a_training_that_is_closed_in_this_moment_is_waited_for(world: County, training: Training) -> None:
    late = races.meanwhile(lambda: close(training), schedule(world, training), operations.UnableToScheduleLecture)
    assert OVER in str(late)


@at_once
def test_a_training_that_is_withdrawn_in_this_moment_is_gone(world: County, training: Training) -> None:
    gone: dict[str, Any] = {"training_id": training.pk, "actor_id": world.organiser.pk, "as_of": timezone.now()}
    late = races.meanwhile(
        lambda: withdraw_training(**gone), schedule(world, training), operations.UnableToScheduleLecture
    )
    assert (late.field, GONE in str(late)) == ("training", True)


@at_once
def test_whoever_withdraws_a_training_waits_for_what_is_planned_in_it(world: County, training: Training) -> None:
    withdraw: dict[str, Any] = {"training_id": training.pk, "actor_id": world.organiser.pk, "as_of": timezone.now()}
    assert races.meanwhile(schedule(world, training), lambda: withdraw_training(**withdraw)) is True
    assert not Training.objects.filter(pk=training.pk).exists()
    assert not Lecture.objects.exists()


@at_once
@pytest.mark.parametrize("state", ["not_held", "settled"])
def test_a_lecture_in_the_place_of_another_holds_the_training_first(world: County, state: str) -> None:
    """As whoever withdraws the training: in the other order each of two waits for the other."""
    old = make_lecture(world, starts_at=timezone.now() - DAY)
    Occasion.objects.filter(pk=old.pk).update(state=state)
    plan = plan_in(world, old.occasion.training)
    anew = operations.hold_again if state == "not_held" else operations.repeat_lecture
    found: list[Any] = []

    def again() -> None:
        try:
            found.append(anew(occasion_id=old.pk, plan=plan, actor_id=world.organiser.pk, as_of=timezone.now()))
        finally:
            connection.close()

    thread = threading.Thread(target=again)
    with transaction.atomic():
        Training.objects.select_for_update().get(pk=plan.training_id)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits for the training"
        Occasion.objects.select_for_update(nowait=True).get(pk=old.pk)  # and holds nothing meanwhile
    thread.join(races.PATIENCE_S)
    assert [type(one) for one in found] == [Lecture]


def test_nothing_is_planned_into_a_training_that_is_gone(world: County, training: Training) -> None:
    plan = plan_in(world, training)
    Training.objects.filter(pk=training.pk).delete()
    with pytest.raises(operations.UnableToScheduleLecture, match="没有这个培训"):
        operations.schedule_lecture(plan=plan, as_of=timezone.now(), actor_id=world.organiser.pk)
    with pytest.raises(ledger.UnableToPlanOccasion, match=GONE):
        ledger.create_occasion(kind="lecture", plan=plan)
