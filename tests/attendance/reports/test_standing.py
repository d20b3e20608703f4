"""How everybody stands: corrections above records, running courses not done yet, nothing outside the scope."""

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Occasion, Record, RecordState, RosterEntry, Rule
from attendance.operations import correct_record, fold_summary
from attendance.reports.standing import occasions_of, overview, rolled_up, standings, undone_by_training
from tests.attendance.people import expect, make_occasion, make_rule, make_training, stand
from tests.attendance.reports.conftest import World

pytestmark = pytest.mark.integration


def states(world: World, node: object) -> dict[str, str]:
    return {one.name: one.state for one in standings(world.scope(node))}  # type: ignore[arg-type]


def test_a_secretary_sees_their_branch_and_nothing_of_the_neighbour(world: World) -> None:
    assert states(world, world.county.branch) == {
        "王一0": "attended",
        "王一1": "missing",
        "王一2": "made_up",
        "赵书记": "excused",
    }


def test_the_last_correction_holds_above_the_record(world: World) -> None:
    record = Record.objects.get(member=world.county.members[1])
    for state in (RecordState.EXCUSED, RecordState.ATTENDED):
        correct_record(
            occasion_id=world.occasion.pk, member_id=record.member_id, state=state, reason="在集中收看点",
            author_id=world.county.secretary.pk, as_of=timezone.now(),
        )  # fmt: skip
    one = next(one for one in standings(world.scope(world.county.branch)) if one.member_id == record.member_id)
    assert (one.state, one.corrected) == ("attended", True)


@pytest.mark.parametrize(
    ("basis", "state", "expected"),
    [
        (Rule.Basis.MEDIA, Occasion.State.OPEN, "due"),
        (Rule.Basis.MEDIA, Occasion.State.CLOSED, "pending"),
        (Rule.Basis.WINDOW, Occasion.State.OPEN, "pending"),
        (Rule.Basis.WINDOW, Occasion.State.CLOSED, "pending"),
    ],
)
def test_without_a_record_a_running_course_is_not_done_and_a_lecture_is_pending(
    world: World, basis: str, state: str, expected: str
) -> None:
    training = make_training(world.county.county, "课程")
    occasion = make_occasion(training, state=state, rule=make_rule(name=basis, basis=basis))
    expect(occasion, world.county.member, world.county.branch)
    world.training = training
    assert states(world, world.county.branch) == {"王一0": expected}


def test_a_pending_record_of_a_running_course_is_not_done(world: World) -> None:
    training = make_training(world.county.county, "课程")
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    occasion = make_occasion(training, state=Occasion.State.OPEN, rule=rule)
    stand(occasion, world.county.member, world.county.branch, RecordState.PENDING, replay=4)
    world.training = training
    assert states(world, world.county.branch) == {"王一0": "due"}


def test_an_exempt_person_without_a_record_is_exempt(world: World) -> None:
    occasion = make_occasion(world.training, title="第二场", state=Occasion.State.OPEN)
    expect(occasion, world.county.member, world.county.branch, state=RosterEntry.State.EXEMPT)
    found = [one.state for one in standings(world.scope(world.county.branch), occasion_id=occasion.pk)]
    assert found == ["exempt"]


def test_counts_by_person_take_the_worst_of_the_occasions(world: World) -> None:
    second = make_occasion(world.training, title="第二场")
    stand(second, world.county.members[0], world.county.branch, RecordState.MISSING)
    stand(second, world.county.members[1], world.county.branch, RecordState.ATTENDED)
    seen = overview(world.scope(world.county.branch))
    assert seen.counts.by_state == {"missing": 2, "made_up": 1, "excused": 1}
    assert seen.counts.done == 1
    assert (seen.counts.expected, seen.counts.not_excused) == (4, 3)
    assert seen.by_occasion[second.pk].by_state == {"missing": 1, "attended": 1}
    undone = {person.member_id: person.undone for person in seen.people if person.undone}
    assert undone == {
        world.county.members[0].pk: (second.pk,),
        world.county.members[1].pk: (world.occasion.pk,),
    }


def test_a_county_sees_its_children_apart(world: World) -> None:
    fold_summary()
    assert rolled_up(world.scope(world.county.county)).counts["missing"] == 4
    seen = rolled_up(world.scope(world.county.township))
    assert seen.counts_below(world.county.branch.path)["missing"] == 1
    assert seen.counts_below(world.county.neighbour.path)["missing"] == 3
    assert seen.ids == {one.path: one.pk for one in (world.county.branch, world.county.neighbour)}


def test_missing_people_are_counted_once_a_training(world: World) -> None:
    second = make_occasion(world.training, title="第二场")
    stand(second, world.county.members[1], world.county.branch, RecordState.MISSING)
    fold_summary()
    counted = undone_by_training(training_ids=[world.training.pk], paths=[world.county.branch.path])
    assert counted == {world.training.pk: (1, 0)}


def test_occasions_of_a_branch_are_its_own_and_those_above(world: World) -> None:
    own = make_occasion(world.training, title="支部自己的", node=world.county.branch)
    make_occasion(world.training, title="邻支部的", node=world.county.neighbour)
    assert {one.pk for one in occasions_of(world.scope(world.county.branch))} == {world.occasion.pk, own.pk}


def test_an_overview_is_three_queries(world: World, django_assert_num_queries: type[CaptureQueriesContext]) -> None:
    scope = world.scope(world.county.county)
    with django_assert_num_queries(3):  # type: ignore[call-arg,arg-type]
        overview(scope)
