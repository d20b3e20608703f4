"""The life of an occasion: its window, whether it was held, the undoing of its end, and voiding it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from attendance import operations
from attendance.models import Named, Occasion, Record, Rule
from attendance.operations import settling
from attendance.operations.cancelled import cancelled_words, log_cancelled
from attendance.queries import due_to_open
from attendance.queries.windows import resumed_at, roster_day, undone_until, window_limit
from tests.factories.attendance import START, OccasionFactory, RuleFactory, TrainingFactory, be_present
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
State = Occasion.State


@pytest.fixture
def world() -> County:
    return make_county()


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def opened(world: County, *, at: float, **values: Any) -> Occasion:
    occasion: Occasion = OccasionFactory(training=TrainingFactory(node=world.branch), node=world.branch, **values)
    operations.open_occasion(occasion_id=occasion.pk, as_of=after(at))
    return Occasion.objects.get(pk=occasion.pk)


def closed(occasion: Occasion, *, at: float) -> Occasion:
    operations.close_occasion(occasion_id=occasion.pk, as_of=after(at))
    return Occasion.objects.get(pk=occasion.pk)


def reopened(occasion: Occasion, *, at: float) -> Occasion:
    operations.reopen_occasion(occasion_id=occasion.pk, as_of=after(at))
    return Occasion.objects.get(pk=occasion.pk)


def state_of(occasion: Occasion, member: Any) -> str:
    return Record.objects.get(occasion=occasion, member=member).state


# --- the plan -------------------------------------------------------------------------------------------------------


def planned(occasion: Occasion, **changed: Any) -> operations.OccasionPlan:
    names = ("training_id", "title", "node_id", "starts_at", "ends_at", "rule_id")
    return operations.OccasionPlan(**{**{name: getattr(occasion, name) for name in names}, **changed})


def changed_plan(occasion: Occasion, world: County) -> None:
    operations.reschedule_occasion(occasion_id=occasion.pk, plan=planned(occasion, title="改名"), as_of=timezone.now())


def backwards(occasion: Occasion, world: County) -> None:
    operations.reschedule_occasion(
        occasion_id=occasion.pk, plan=planned(occasion, ends_at=occasion.starts_at), as_of=timezone.now()
    )


def withdrawn(occasion: Occasion, world: County) -> None:
    operations.withdraw_occasion(occasion_id=occasion.pk, actor_id=world.organiser.pk, as_of=after(60))


def ended_now(occasion: Occasion, world: County) -> None:
    operations.move_end(occasion_id=occasion.pk, ends_at=after(60), as_of=after(60))


def ended_later(occasion: Occasion, world: County) -> None:
    operations.move_end(occasion_id=occasion.pk, ends_at=after(9000), as_of=after(60))


STARTED = "这一场已经开始，不能再改安排。"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (changed_plan, STARTED),
        (backwards, "结束时间要晚于开始时间。"),
        (withdrawn, STARTED),
        (ended_now, "新的截止时间要晚于现在。"),
        (ended_later, "只有正在进行的课程可以改截止时间。"),
    ],
)
def test_the_plan_of_a_lecture_that_runs_stays_and_it_is_said_why(
    world: County, change: Callable[[Occasion, County], None], sentence: str
) -> None:
    occasion = opened(world, at=0)
    with pytest.raises(operations.UnableToPlanOccasion) as refused:
        change(occasion, world)
    assert str(refused.value) == sentence
    assert planned(Occasion.objects.get(pk=occasion.pk)) == planned(occasion)


def test_people_are_named_before_it_opens_and_at_least_one(world: County) -> None:
    coming = OccasionFactory(training=TrainingFactory(node=world.branch), node=world.branch)
    with pytest.raises(operations.UnableToPlanOccasion, match="请至少选一位应到的人"):
        operations.expect_only(occasion_id=coming.pk, member_ids=[])
    coming.refresh_from_db()
    assert not coming.is_named
    operations.expect_only(occasion_id=coming.pk, member_ids=[world.member.pk, world.member.pk])
    operations.open_occasion(occasion_id=coming.pk, as_of=START)
    assert [one.member for one in coming.roster.all()] == [world.member]
    for named in (None, [world.members[1].pk]):
        with pytest.raises(operations.UnableToPlanOccasion) as refused:
            operations.expect_only(occasion_id=coming.pk, member_ids=named)
        assert str(refused.value) == STARTED
    assert [one.member_id for one in Named.objects.all()] == [world.member.pk]


@pytest.mark.parametrize("by_somebody", [True, False])
def test_what_was_cancelled_is_told_to_the_organisers_of_its_unit_alone(world: County, by_somebody: bool) -> None:
    """Who cancelled it may not be known: the site itself, or an account that is gone."""
    occasion = OccasionFactory(training=TrainingFactory(node=world.branch), node=world.branch, title="防汛直播")
    log_cancelled(action="courses.withdraw", occasion=occasion, actor_id=world.organiser.pk if by_somebody else None)
    about = {"action": "courses.withdraw", "occasion_id": occasion.pk}
    said = cancelled_words(**about, reader=world.organiser)
    assert said.startswith(f"“防汛直播”已由{world.organiser.name}于 " if by_somebody else "“防汛直播”已于 ")
    assert said.endswith(" 取消。")
    assert cancelled_words(**about, reader=world.member) == ""
    assert cancelled_words(action="courses.withdraw", occasion_id=occasion.pk + 1, reader=world.organiser) == ""


def test_what_is_over_opens_no_more_and_what_never_opened_does_not_end(world: County) -> None:
    over, coming = closed(opened(world, at=0), at=3600), OccasionFactory()
    with pytest.raises(operations.UnableToOpenOccasion) as not_again:
        operations.open_occasion(occasion_id=over.pk, as_of=after(3601))
    with pytest.raises(operations.UnableToCloseOccasion) as not_yet:
        operations.close_occasion(occasion_id=coming.pk, as_of=after(3601))
    assert str(not_again.value) == f"occasion {over.pk} is over"
    assert str(not_yet.value) == f"occasion {coming.pk} has not opened"
    assert list(Occasion.objects.order_by("pk").values_list("state", flat=True)) == ["closed", "scheduled"]


def test_a_piece_of_media_has_a_length(world: County) -> None:
    occasion = closed(opened(world, at=0), at=3600)
    for length in (0, -1):
        with pytest.raises(operations.UnableToSetMedia, match="a replay has a length"):
            operations.set_replay(occasion_id=occasion.pk, media_ms=length, media_offset_ms=0, as_of=after(3600))
        with pytest.raises(operations.UnableToSetMedia, match="every piece of media has a length"):
            operations.set_media_items(occasion_id=occasion.pk, items={"a": 1000, "b": length})
    assert list(Occasion.objects.values_list("media_ms", "media_items")) == [(None, None)]


# --- the window -----------------------------------------------------------------------------------------------------

WINDOWS = [  # went live, ended, the window
    ("on time", 0, 3600, (0, 3600)),
    ("ran over", 0, 5000, (0, 3600)),
    ("ended early", 0, 3000, (0, 3000)),
    ("50 min late, a full hour", 3000, 6600, (3000, 6600)),
    ("50 min late, ran over", 3000, 9999, (3000, 6600)),
    ("a second before the planned end", 3599, 7200, (3599, 7199)),
    ("a second after the planned end", 3601, 7205, (3601, 7201)),
    ("before the planned time and on", -1500, 3700, (0, 3600)),
    ("before the planned time, ended in it", -1500, 1000, (0, 1000)),
]


@pytest.mark.parametrize(("name", "live", "end", "window"), WINDOWS, ids=[case[0] for case in WINDOWS])
def test_window_lasts_as_long_as_was_planned(
    world: County, name: str, live: float, end: float, window: tuple[float, float]
) -> None:
    occasion = closed(opened(world, at=live), at=end)
    assert (occasion.window_start_at, occasion.window_end_at) == tuple(after(at) for at in window)
    assert occasion.make_up_until_at == after(window[1]) + dt.timedelta(days=14)
    assert (occasion.state, occasion.closed_at) == (State.CLOSED, after(end))


def test_late_start_is_no_stump_of_itself(world: County) -> None:
    """50 of 60 minutes late, a full hour given: the last 50 minutes are enough, the first 8 are not."""
    occasion = opened(world, at=3000)
    be_present(occasion, world.members[0], 3000, 3500)
    be_present(occasion, world.members[1], 3600, 6600)
    closed(occasion, at=6600)
    operations.settle(occasion_id=occasion.pk, as_of=after(6600))
    assert [state_of(occasion, world.members[index]) for index in (0, 1)] == ["missing", "attended"]


def test_course_ends_on_its_day_however_late_it_opened(world: County) -> None:
    course = opened(world, at=100, rule=RuleFactory(basis=Rule.Basis.MEDIA))
    assert window_limit(course) == course.ends_at
    assert closed(course, at=3700).window_end_at == course.ends_at


def test_nobody_closes_a_lecture_that_began_late_while_it_may_run(world: County) -> None:
    occasion = opened(world, at=10_000)
    operations.reconcile(as_of=after(3600 + 3 * 3600))
    occasion.refresh_from_db()
    assert occasion.state == State.OPEN
    operations.reconcile(as_of=after(10_000 + 3599 + 3 * 3600))
    occasion.refresh_from_db()
    assert occasion.state == State.OPEN
    operations.reconcile(as_of=after(10_000 + 3600 + 3 * 3600))
    occasion.refresh_from_db()
    assert occasion.window_end_at == after(13_600)


def test_roster_is_that_of_the_day_it_begins(world: County) -> None:
    late = OccasionFactory(starts_at=dt.datetime(2026, 9, 1, 15, 50, tzinfo=dt.UTC))  # 23:50 in Shanghai
    assert roster_day(late, as_of=START) == dt.date(2026, 9, 1)
    operations.open_occasion(occasion_id=late.pk, as_of=late.starts_at + dt.timedelta(minutes=40))
    late.refresh_from_db()
    assert roster_day(late, as_of=START) == dt.date(2026, 9, 2)


# --- not held -------------------------------------------------------------------------------------------------------

NOT_HELD = [
    ("ended at once", 0, 0, 60),
    ("ended before the planned start", -1500, -10, 60),
    ("a moment too short", 0, 299.999, 60),
    ("a minute of three", 0, 60, 3),
]


@pytest.mark.parametrize(("name", "live", "end", "minutes"), NOT_HELD, ids=[case[0] for case in NOT_HELD])
def test_what_was_too_short_was_not_held(world: County, name: str, live: float, end: float, minutes: int) -> None:
    occasion = opened(world, at=live, ends_at=START + dt.timedelta(minutes=minutes))
    be_present(occasion, world.member, live, 3600)
    occasion = closed(occasion, at=end)
    assert (occasion.state, occasion.make_up_until_at) == (State.NOT_HELD, None)
    operations.settle(occasion_id=occasion.pk, as_of=after(4000))
    operations.reconcile(as_of=after(90_000))
    assert Record.objects.count() == 0


@pytest.mark.parametrize(("end", "minutes"), [(300, 60), (180, 3), (90, 3), (3600, 60)])
def test_what_was_long_enough_was_held(world: County, end: float, minutes: int) -> None:
    occasion = opened(world, at=0, ends_at=START + dt.timedelta(minutes=minutes))
    assert closed(occasion, at=end).state == State.CLOSED


def test_course_is_always_held(world: County) -> None:
    course = opened(world, at=3590, rule=RuleFactory(basis=Rule.Basis.MEDIA))
    assert closed(course, at=3600).state == State.CLOSED


def test_time_that_was_left_out_later_can_show_that_it_was_not_held(world: County) -> None:
    occasion = closed(opened(world, at=0), at=400)
    assert operations.mark_not_held(occasion_id=occasion.pk, as_of=after(4000)) is False
    start = round(START.timestamp() * 1000)
    Occasion.objects.update(away_ms=[[start + 50_000, start + 200_000]])
    assert operations.mark_not_held(occasion_id=occasion.pk, as_of=after(4000)) is True
    occasion.refresh_from_db()
    assert (occasion.state, occasion.make_up_until_at) == (State.NOT_HELD, None)
    assert operations.mark_not_held(occasion_id=occasion.pk, as_of=after(4000)) is False


# --- undoing the end ------------------------------------------------------------------------------------------------


def test_undone_end_leaves_no_hole_but_its_own(world: County) -> None:
    occasion = closed(opened(world, at=0), at=1800)
    be_present(occasion, world.member, 0, 1800)
    operations.settle(occasion_id=occasion.pk, as_of=after(1800))
    assert state_of(occasion, world.member) == "attended"
    occasion = reopened(occasion, at=2100)
    assert (occasion.state, occasion.window_end_at, occasion.make_up_until_at) == (State.OPEN, None, None)
    assert (occasion.closed_at, occasion.settled_at) == (None, None)
    assert (resumed_at(occasion), undone_until(occasion)) == (after(2100), None)
    assert window_limit(occasion) == after(3900)
    be_present(occasion, world.members[1], 2100, 3900)
    occasion = closed(occasion, at=5000)
    assert occasion.window_end_at == after(3900)
    assert (occasion.state, undone_until(occasion)) == (State.CLOSED, after(5600))


def test_ten_minutes_and_no_longer(world: County) -> None:
    occasion = closed(opened(world, at=0), at=1800)
    assert undone_until(occasion) == after(2400)
    with pytest.raises(operations.UnableToReopenOccasion, match="10 分钟"):
        reopened(occasion, at=2400.001)
    occasion = reopened(occasion, at=2400)
    with pytest.raises(operations.UnableToReopenOccasion):
        reopened(occasion, at=2400)


def test_mistaken_end_of_a_lecture_that_was_not_held_is_undone_too(world: County) -> None:
    occasion = closed(opened(world, at=0), at=3)
    assert occasion.state == State.NOT_HELD
    occasion = closed(reopened(occasion, at=60), at=3000)
    assert occasion.state == State.CLOSED


def test_pauses_do_not_make_a_lecture_held(world: County) -> None:
    occasion = closed(reopened(closed(opened(world, at=0), at=100), at=600), at=700)
    assert occasion.state == State.NOT_HELD


def test_course_is_not_reopened(world: County) -> None:
    course = closed(opened(world, at=0, rule=RuleFactory(basis=Rule.Basis.MEDIA)), at=3600)
    with pytest.raises(operations.UnableToReopenOccasion):
        reopened(course, at=3601)
    assert not due_to_open(as_of=after(9999)).exists()


def test_end_undone_while_it_is_being_settled(world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older end is not stored over the newer one, in either order of what each of the two writes."""
    occasion = closed(opened(world, at=0), at=1800)
    be_present(occasion, world.members[0], 0, 1800)
    be_present(occasion, world.members[1], 0, 1800)
    monkeypatch.setattr(settling, "CHUNK", 1)
    evidence_of, calls = settling.evidence_of, 0

    def undone_between_chunks(**asked: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            operations.reopen_occasion(occasion_id=occasion.pk, as_of=after(1900))
            operations.close_occasion(occasion_id=occasion.pk, as_of=after(3700))
        return evidence_of(**asked)

    monkeypatch.setattr(settling, "evidence_of", undone_between_chunks)
    operations.settle(occasion_id=occasion.pk, as_of=after(1850))
    occasion.refresh_from_db()
    assert (occasion.state, occasion.settled_at) == (State.CLOSED, None)
    operations.settle(occasion_id=occasion.pk, as_of=after(3700))
    occasion.refresh_from_db()
    # 1800 s of a window of 3600 s: attended by the older end, missing by the one that holds.
    assert (occasion.state, state_of(occasion, world.members[0])) == (State.SETTLED, "missing")
    assert state_of(occasion, world.members[1]) == "missing"


def test_settling_of_an_end_that_was_undone_does_not_end_it_again(
    world: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    occasion = closed(opened(world, at=0), at=1800)
    chunks = settling._chunks

    def undone_first(*asked: Any) -> Any:
        operations.reopen_occasion(occasion_id=occasion.pk, as_of=after(1900))
        return chunks(*asked)

    monkeypatch.setattr(settling, "_chunks", undone_first)
    operations.settle(occasion_id=occasion.pk, as_of=after(1850))
    occasion.refresh_from_db()
    assert (occasion.state, occasion.settled_at) == (State.OPEN, None)


# --- voiding --------------------------------------------------------------------------------------------------------


def void(occasion: Occasion, world: County, reason: str = "演练时误开") -> Occasion:
    operations.void_occasion(occasion_id=occasion.pk, reason=reason, voided_by_id=world.organiser.pk, as_of=after(9000))
    return Occasion.objects.get(pk=occasion.pk)


@pytest.mark.parametrize("end", [3, 3600])
def test_voided_occasion_is_signed_and_stays_so(world: County, end: float) -> None:
    occasion = void(closed(opened(world, at=0), at=end), world, " 演练时\x00  误开 ")
    assert (occasion.state, occasion.void_reason, occasion.make_up_until_at) == (State.VOID, "演练时 误开", None)
    assert (occasion.voided_at, occasion.voided_by) == (after(9000), world.organiser)
    with pytest.raises(operations.UnableToVoidOccasion):
        void(occasion, world)
    with pytest.raises(operations.UnableToReopenOccasion):
        reopened(occasion, at=end + 1)
    operations.settle(occasion_id=occasion.pk, as_of=after(9000))
    operations.reconcile(as_of=after(99_000))
    assert Record.objects.count() == 0


@pytest.mark.parametrize("reason", ["", " \x00 ", "长" * 201])
def test_voiding_needs_a_reason(world: County, reason: str) -> None:
    occasion = closed(opened(world, at=0), at=3600)
    with pytest.raises(operations.UnableToVoidOccasion, match="原因"):
        void(occasion, world, reason)


def test_only_what_has_ended_is_voided(world: County) -> None:
    with pytest.raises(operations.UnableToVoidOccasion):
        void(OccasionFactory(), world)
    with pytest.raises(operations.UnableToVoidOccasion):
        void(opened(world, at=0), world)


def test_voided_while_it_is_being_settled_stays_void(world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    occasion = closed(opened(world, at=0), at=3600)
    chunks = settling._chunks

    def voided_first(*asked: Any) -> Any:
        void(occasion, world)
        return chunks(*asked)

    monkeypatch.setattr(settling, "_chunks", voided_first)
    operations.settle(occasion_id=occasion.pk, as_of=after(3600))
    occasion.refresh_from_db()
    assert (occasion.state, occasion.settled_at) == (State.VOID, None)
