"""Two organisers at one series at once: who comes second sees what the first has saved."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from attendance.models import Occasion
from live import operations
from live.models import Lecture, LectureSeries
from live.queries.series import plan_of
from organizations.models import Role
from tests import races
from tests.factories.attendance import TrainingFactory
from tests.factories.live import make_lecture
from tests.factories.organizations import County, RoleGrantFactory, make_county

DAY = dt.timedelta(days=1)
pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def world() -> County:
    return make_county()


def planned(world: County) -> list[Lecture]:
    """Three lectures of a series, one a week, for the branch."""
    now = timezone.now()
    series = LectureSeries.objects.create(every="week", made_at=now)
    lectures = [make_lecture(world, starts_at=now + (1 + 7 * number) * DAY) for number in range(3)]
    Lecture.objects.filter(pk__in=[one.pk for one in lectures]).update(series=series)
    Occasion.objects.filter(lecture__series=series).update(title="一课", training=TrainingFactory(node=world.county))
    return standing()


def standing() -> list[Lecture]:
    return list(Lecture.objects.select_related("occasion").order_by("occasion__starts_at"))


def change(lecture: Lecture, actor_id: int, *, all_that_follow: bool = False, **fields: Any) -> Callable[[], Any]:
    step = operations.reschedule_following if all_that_follow else operations.reschedule_lecture
    plan = replace(plan_of(lecture), **fields)
    return lambda: step(occasion_id=lecture.pk, plan=plan, as_of=timezone.now(), actor_id=actor_id)


def test_what_another_has_just_saved_of_a_later_one_stays(world: County) -> None:
    lectures, actor = planned(world), world.organiser.pk
    other = change(lectures[1], actor, title="另有题目")
    assert races.meanwhile(other, change(lectures[0], actor, all_that_follow=True, record=False)) == 3
    found = standing()
    assert [one.occasion.title for one in found] == ["一课", "另有题目", "一课"]
    assert {one.record for one in found} == {False}


def test_what_is_moved_to_another_unit_in_this_moment_stays(world: County) -> None:
    lectures = planned(world)
    mine = RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user
    moved = change(lectures[2], world.organiser.pk, node_id=world.neighbour.pk)
    cancel = {"occasion_id": lectures[0].pk, "as_of": timezone.now(), "actor_id": mine.pk}
    assert races.meanwhile(moved, lambda: operations.cancel_following(**cancel)) == 2
    assert [one.pk for one in standing()] == [lectures[2].pk]


def test_one_that_is_cancelled_in_this_moment_takes_none_with_it(world: County) -> None:
    lectures = planned(world)
    gone = {"occasion_id": lectures[0].pk, "as_of": timezone.now(), "actor_id": world.organiser.pk}
    late = races.meanwhile(
        lambda: operations.cancel_lecture(**gone),
        change(lectures[0], world.organiser.pk, all_that_follow=True, title="改名"),
        operations.UnableToScheduleLecture,
    )
    assert isinstance(late, operations.UnableToScheduleLecture)
    assert [one.occasion.title for one in standing()] == ["一课", "一课"]


def test_two_from_different_ones_on_wait_for_one_another(world: County) -> None:
    """The last of a series is held first by nobody: one waits at the first that both need."""
    lectures, actor = planned(world), world.organiser.pk
    last = {"starts_at": timezone.now() + 30 * DAY, "ends_at": timezone.now() + 30.1 * DAY}
    Occasion.objects.filter(pk=lectures[0].pk).update(**last)
    from_here = [one for one in standing() if one.pk != lectures[0].pk]
    works = [change(one, actor, all_that_follow=True, record=False) for one in from_here]
    assert sorted(races.together(*works)) == [2, 3]
    assert {one.record for one in standing()} == {False}
