"""Leave becomes evidence: of what was ticked at once, of a period as its occasions open; and who is away for long."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from attendance import operations
from attendance.models import Evidence, Leave, Notice, Occasion, Record, RosterEntry, Rule, Training
from attendance.operations import Wish
from attendance.queries.leaves import leaves_waiting_for, may_decide
from organizations.models import Exemption, Role
from organizations.operations import UnableToExempt, UnableToMoveMember, join_node, transfer_member
from tests.factories.attendance import OccasionFactory, RuleFactory, TrainingFactory, be_present, open_lecture
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county

pytestmark = pytest.mark.integration
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def training(county: County) -> Training:
    return TrainingFactory(node=county.county, deadline_at=timezone.now() + 60 * DAY)


def lecture(training: Training, starts_at: dt.datetime, **values: Any) -> Occasion:
    return OccasionFactory(training=training, node=training.node, starts_at=starts_at, **values)


def period(county: County, first: dt.date, after: dt.date, **values: Any) -> Leave:
    wish = Wish(values.pop("category", "work"), from_date=first, to_date=after)
    values = {"member_id": county.member.pk, "as_of": timezone.now(), **values}
    return operations.ask_leave(wish=wish, **values)[0]


def approve(county: County, leave: Leave) -> None:
    operations.approve_leaves(leave_ids=[leave.pk], approved_by_id=county.secretary.pk, as_of=timezone.now())


def excused(county: County) -> list[int]:
    held = Evidence.objects.filter(member=county.member, kind="leave", withdrawn_by=None)
    return sorted(held.values_list("occasion_id", flat=True))


def test_a_period_covers_what_opens_later_within_it_and_nothing_else(county: County, training: Training) -> None:
    now = timezone.now()
    today = timezone.localdate()
    approve(county, period(county, today, today + 3 * DAY))
    inside, outside = lecture(training, now + DAY), lecture(training, now + 4 * DAY)
    assert excused(county) == []
    for one in (inside, outside):
        operations.open_occasion(occasion_id=one.pk, as_of=one.starts_at)
        operations.excuse_absent(occasion_id=one.pk, as_of=one.starts_at)
        operations.excuse_absent(occasion_id=one.pk, as_of=one.starts_at)  # twice is as once
    assert excused(county) == [inside.pk]


def test_settling_excuses_whom_the_task_left_out(county: County, training: Training) -> None:
    """The task after an opening is a hint: the broker may have been away."""
    start = timezone.now() - 2 * HOUR
    day = timezone.localdate(start)
    approve(county, period(county, day, day + DAY))
    one = lecture(training, start)
    operations.open_occasion(occasion_id=one.pk, as_of=start)
    operations.close_occasion(occasion_id=one.pk, as_of=start + HOUR)
    operations.settle(occasion_id=one.pk, as_of=start + HOUR)
    assert Record.objects.get(occasion=one, member=county.member).stands == "excused"
    assert Record.objects.get(occasion=one, member=county.members[1]).stands == "missing"


def test_an_approval_reaches_what_has_opened_and_who_came_is_attended(county: County, training: Training) -> None:
    start = timezone.now() - 3 * HOUR
    one = open_lecture(county.branch, training=training, starts_at=start)
    be_present(one, county.member, 0, 3600)
    operations.close_occasion(occasion_id=one.pk, as_of=start + HOUR)
    operations.settle(occasion_id=one.pk, as_of=start + HOUR)
    day = timezone.localdate(start)
    approve(county, period(county, day, day + DAY))
    assert excused(county) == [one.pk]
    assert Record.objects.get(occasion=one, member=county.member).stands == "attended"


def test_a_course_is_covered_only_as_a_whole(county: County, training: Training) -> None:
    now, today = timezone.now(), timezone.localdate()
    rule = RuleFactory(basis=Rule.Basis.MEDIA)
    short = lecture(training, now - HOUR, ends_at=now + DAY, rule=rule)
    long = lecture(training, now - HOUR, ends_at=now + 9 * DAY, rule=rule)
    for one in (short, long):
        operations.open_occasion(occasion_id=one.pk, as_of=now)
    approve(county, period(county, timezone.localdate(now - HOUR), today + 5 * DAY))
    assert excused(county) == [short.pk]


def test_ending_a_period_early_keeps_what_lies_before(county: County, training: Training) -> None:
    now, today = timezone.now(), timezone.localdate()
    leave = period(county, today, today + 5 * DAY)
    approve(county, leave)
    first, second = lecture(training, now + HOUR / 60), lecture(training, now + 3 * DAY)
    for one in (first, second):
        operations.open_occasion(occasion_id=one.pk, as_of=one.starts_at)
        operations.excuse_absent(occasion_id=one.pk, as_of=one.starts_at)
    by: dict[str, Any] = {"leave_id": leave.pk, "taken_back_by_id": county.secretary.pk, "as_of": now}
    operations.take_back_leave(**by, reason="提前回来了", from_date=today + 2 * DAY)
    assert excused(county) == [first.pk]
    operations.take_back_leave(**by, reason="登记错了")
    assert excused(county) == []
    leave.refresh_from_db()
    assert leave.state == "taken_back"
    third = lecture(training, now + DAY / 2)
    operations.open_occasion(occasion_id=third.pk, as_of=third.starts_at)
    assert operations.excuse_absent(occasion_id=third.pk, as_of=third.starts_at) == 0
    with pytest.raises(operations.UnableToDecideLeave, match="现在没有批准"):
        operations.take_back_leave(**by, reason="再撤一次")


def test_leave_from_one_leap_day_to_the_next_year(county: County) -> None:
    leap = dt.date(2028, 2, 29)
    as_of = dt.datetime(2028, 3, 5, 1, tzinfo=dt.UTC)
    leave = period(county, leap, leap + 366 * DAY, as_of=as_of)
    assert (leave.from_date, leave.to_date) == (leap, dt.date(2029, 3, 1))
    with pytest.raises(operations.UnableToAskLeave, match="已经请过假"):
        period(county, dt.date(2029, 2, 28), dt.date(2029, 3, 2), as_of=as_of)
    assert period(county, dt.date(2029, 3, 1), dt.date(2029, 3, 2), as_of=as_of).pk
    with pytest.raises(operations.UnableToAskLeave, match="最多请一年"):
        period(county, leap, leap + 367 * DAY, as_of=as_of, member_id=county.members[1].pk)


@pytest.mark.parametrize(
    ("first", "after", "said"),
    [(0, 0, "结束日期不能早于"), (400, 401, "核对年份"), (-90, -80, "最近 60 天")],
)
def test_days_that_cannot_be_are_refused(county: County, first: int, after: int, said: str) -> None:
    today = timezone.localdate()
    with pytest.raises(operations.UnableToAskLeave, match=said):
        period(county, today + first * DAY, today + after * DAY)


def test_of_two_secretaries_at_once_one_answers_and_the_other_is_told(county: County) -> None:
    second = RoleGrantFactory(user__name="副书记", node=county.branch, role=Role.SECRETARY).user
    today = timezone.localdate()
    leave = period(county, today, today + DAY)
    assert [leaves_waiting_for(one).count() for one in (county.secretary, second)] == [1, 1]
    approve(county, leave)
    with pytest.raises(operations.UnableToDecideLeave, match="赵书记 已在"):
        operations.refuse_leaves(leave_ids=[leave.pk], reason="人手不够", refused_by_id=second.pk, as_of=timezone.now())
    leave.refresh_from_db()
    assert (leave.state, leave.decided_by) == ("approved", county.secretary)


def test_ones_own_goes_to_the_secretary_above_and_everybody_is_told(county: County) -> None:
    above = RoleGrantFactory(user__name="吴镇书记", node=county.township, role=Role.SECRETARY).user
    today = timezone.localdate()
    leave = period(county, today, today + DAY, member_id=county.secretary.pk)
    assert not leaves_waiting_for(county.secretary).exists()
    assert leaves_waiting_for(above).get() == leave
    with pytest.raises(operations.UnableToDecideLeave, match="自己的请假"):
        approve(county, leave)
    operations.approve_leaves(leave_ids=[leave.pk], approved_by_id=above.pk, as_of=timezone.now())
    told = Notice.objects.order_by("pk").values_list("member", "kind")
    assert list(told) == [(above.pk, "leave_asked"), (county.secretary.pk, "leave_approved")]


def test_a_transfer_on_the_day_a_leave_waits(county: County, training: Training) -> None:
    """Both secretaries can answer; the roster is that of the occasion's day."""
    today = timezone.localdate()
    leave = period(county, today, today + 2 * DAY)
    transfer_member(member_id=county.member.pk, node_id=county.neighbour.pk, on_date=today)
    now = timezone.now()
    assert may_decide(county.secretary, leave, as_of=now)
    assert may_decide(county.neighbour_secretary, leave, as_of=now)
    approve(county, leave)
    one = lecture(training, now + HOUR / 60)
    operations.open_occasion(occasion_id=one.pk, as_of=one.starts_at)
    operations.excuse_absent(occasion_id=one.pk, as_of=one.starts_at)
    assert RosterEntry.objects.get(occasion=one, member=county.member).node == county.neighbour
    assert excused(county) == [one.pk]


def test_nobody_belongs_to_two_branches_on_one_day(county: County, training: Training) -> None:
    now = timezone.now()
    with pytest.raises(UnableToMoveMember):
        join_node(member_id=county.member.pk, node_id=county.neighbour.pk, on_date=timezone.localdate())
    one = lecture(training, now)
    operations.open_occasion(occasion_id=one.pk, as_of=now)
    assert RosterEntry.objects.filter(occasion=one, member=county.member).count() == 1


def test_ticks_under_two_branches_are_two_leaves(county: County, training: Training) -> None:
    today, now = timezone.localdate(), timezone.now()
    transfer_member(member_id=county.member.pk, node_id=county.neighbour.pk, on_date=today + 2 * DAY)
    before, after = lecture(training, now + HOUR / 60), lecture(training, now + 3 * DAY)
    wish = Wish("duty", (before.pk, after.pk))
    made = operations.ask_leave(member_id=county.member.pk, wish=wish, as_of=now)
    assert {(one.node_id, one.ticks.get().occasion_id) for one in made} == {
        (county.branch.pk, before.pk),
        (county.neighbour.pk, after.pk),
    }
    with pytest.raises(operations.UnableToAskLeave, match="正在等答复"):
        operations.ask_leave(member_id=county.member.pk, wish=Wish("duty", (before.pk,)), as_of=now)


def test_a_training_that_is_over_is_left_alone(county: County, training: Training) -> None:
    """A deadline in the past: nothing is excused afterwards; a correction with a second person is the way."""
    start = timezone.now() - 3 * HOUR
    one = lecture(training, start)
    operations.open_occasion(occasion_id=one.pk, as_of=start)
    operations.close_occasion(occasion_id=one.pk, as_of=start + HOUR)
    Training.objects.update(state=Training.State.CLOSED)
    day = timezone.localdate(start)
    approve(county, period(county, day, day + DAY))
    assert excused(county) == []
    with pytest.raises(operations.UnableToAskLeave, match="不能请假"):
        operations.ask_leave(member_id=county.member.pk, wish=Wish("duty", (one.pk,)), as_of=timezone.now())


# --- long absences ----------------------------------------------------------------------------------------------------


def exempt(county: County, first: dt.date, after: dt.date | None, **values: Any) -> Exemption:
    made = operations.enter_exemption(
        **{
            "member_id": county.member.pk, "from_date": first, "to_date": after, "category": "away", "document": "",
            "entered_by_id": county.secretary.pk, "as_of": timezone.now(), **values,
        }
    )  # fmt: skip
    operations.follow_exemptions(member_ids=[county.member.pk], as_of=timezone.now())
    return made


def entry(one: Occasion, county: County) -> tuple[str, str]:
    row = RosterEntry.objects.get(occasion=one, member=county.member)
    return row.state, row.why


def test_a_roster_changed_while_open_and_back_again(county: County, training: Training) -> None:
    now, today = timezone.now(), timezone.localdate()
    running, old = lecture(training, now - HOUR / 60), lecture(training, now - 30 * DAY)
    for one in (old, running):
        operations.open_occasion(occasion_id=one.pk, as_of=one.starts_at)
    operations.close_occasion(occasion_id=old.pk, as_of=old.ends_at)
    Occasion.objects.filter(pk=old.pk).update(make_up_until_at=now - DAY)
    made = exempt(county, today - 60 * DAY, None)
    assert entry(running, county) == ("exempt", "roster")
    assert entry(old, county) == ("expected", ""), "what is over stays"
    operations.end_exemption_early(
        exemption_id=made.pk, on_date=today - DAY, ended_by_id=county.secretary.pk, as_of=now
    )
    operations.follow_exemptions(member_ids=[county.member.pk], as_of=now)
    assert entry(running, county) == ("expected", "")
    kinds = Notice.objects.filter(member=county.member).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["exemption_entered", "exemption_ended"]


def test_two_exemptions_never_overlap_and_nobody_exempts_themselves(county: County) -> None:
    today = timezone.localdate()
    exempt(county, today, today + 5 * DAY)
    with pytest.raises(UnableToExempt, match="已经有一条"):
        exempt(county, today + 4 * DAY, None)
    assert exempt(county, today + 5 * DAY, None).pk
    with pytest.raises(UnableToExempt, match="自己"):
        exempt(county, today, None, member_id=county.secretary.pk)


# --- what is refused, and what is given in part -----------------------------------------------------------------------


def test_nobody_enters_their_own_leave(county: County) -> None:
    today = timezone.localdate()
    by: dict[str, Any] = {"entered_by_id": county.secretary.pk, "as_of": timezone.now()}
    wish = Wish("work", from_date=today, to_date=today + DAY)
    with pytest.raises(operations.UnableToAskLeave, match="不能登记自己的"):
        operations.enter_leave(member_id=county.secretary.pk, wish=wish, **by)
    assert not Leave.objects.exists()
    operations.enter_leave(member_id=county.member.pk, wish=wish, **by)
    assert Leave.objects.get().state == "approved"


@pytest.mark.parametrize(
    ("wish", "said", "field"),
    [
        (Wish("holiday", from_date=dt.date(2026, 9, 1), to_date=dt.date(2026, 9, 2)), "请选请假的类别", "category"),
        (Wish("work", from_date=dt.date(2026, 9, 1)), "请同时填写从哪天到哪天", "from_date"),
        (Wish("work", to_date=dt.date(2026, 9, 2)), "请同时填写从哪天到哪天", "from_date"),
        (Wish("work"), "请勾选要请假的场次", "occasions"),
    ],
)
def test_what_is_not_filled_in_is_named(county: County, wish: Wish, said: str, field: str) -> None:
    as_of = dt.datetime(2026, 8, 31, 1, tzinfo=dt.UTC)
    with pytest.raises(operations.UnableToAskLeave, match=said) as refused:
        operations.ask_leave(member_id=county.member.pk, wish=wish, as_of=as_of)
    assert refused.value.field == field
    assert not Leave.objects.exists()


def test_who_belongs_nowhere_needs_no_leave(county: County) -> None:
    today = timezone.localdate()
    with pytest.raises(operations.UnableToAskLeave, match="不属于任何组织，不用请假"):
        period(county, today, today + DAY, member_id=UserFactory().pk)
    assert not Leave.objects.exists()


def test_what_was_taken_back_before_an_answer_is_not_answered(county: County) -> None:
    today, now = timezone.localdate(), timezone.now()
    leave = period(county, today, today + DAY)
    with pytest.raises(Leave.DoesNotExist):
        operations.withdraw_leave(leave_id=leave.pk, member_id=county.members[1].pk, as_of=now)
    operations.withdraw_leave(leave_id=leave.pk, member_id=county.member.pk, as_of=now)
    leave.refresh_from_db()
    assert (leave.state, leave.ended_at, leave.ended_by) == ("withdrawn", now, county.member)
    assert not leaves_waiting_for(county.secretary).exists()
    with pytest.raises(operations.UnableToDecideLeave, match="本人已经撤回了，不用再答复"):
        approve(county, leave)
    with pytest.raises(operations.UnableToDecideLeave, match="已经有答复了"):
        operations.withdraw_leave(leave_id=leave.pk, member_id=county.member.pk, as_of=now + DAY)
    leave.refresh_from_db()
    assert (leave.state, leave.ended_at) == ("withdrawn", now)
    assert not Notice.objects.filter(kind="leave_approved").exists()


def test_a_period_is_approved_in_part_and_never_widened(county: County, training: Training) -> None:
    now, today = timezone.now(), timezone.localdate()
    leave = period(county, today, today + 5 * DAY)
    by: dict[str, Any] = {"leave_id": leave.pk, "approved_by_id": county.secretary.pk, "as_of": now}
    for first, after in [(-1, 3), (0, 6), (2, 2)]:
        with pytest.raises(operations.UnableToDecideLeave, match="要在申请的日期以内"):
            operations.approve_in_part(**by, from_date=today + first * DAY, to_date=today + after * DAY)
        leave.refresh_from_db()
        assert (leave.state, leave.from_date, leave.to_date) == ("asked", today, today + 5 * DAY)
    operations.approve_in_part(**by, to_date=today + 2 * DAY)
    leave.refresh_from_db()
    assert (leave.state, leave.from_date, leave.to_date) == ("approved", today, today + 2 * DAY)
    inside, outside = lecture(training, now + DAY), lecture(training, now + 3 * DAY)
    for one in (inside, outside):
        operations.open_occasion(occasion_id=one.pk, as_of=one.starts_at)
        operations.excuse_absent(occasion_id=one.pk, as_of=one.starts_at)
    assert excused(county) == [inside.pk]


def test_of_ticked_occasions_those_are_approved_that_are_named_or_all(county: County, training: Training) -> None:
    now = timezone.now()
    few, all_of = [lecture(training, now + n * DAY) for n in (1, 2)], [lecture(training, now + n * DAY) for n in (3, 4)]
    in_part, whole = (
        operations.ask_leave(member_id=county.member.pk, wish=Wish("duty", tuple(one.pk for one in some)), as_of=now)[0]
        for some in (few, all_of)
    )
    by: dict[str, Any] = {"approved_by_id": county.secretary.pk, "as_of": now}
    with pytest.raises(operations.UnableToDecideLeave, match="请至少勾选一场"):
        operations.approve_in_part(**by, leave_id=in_part.pk, occasion_ids=[all_of[0].pk])
    assert excused(county) == []
    operations.approve_in_part(**by, leave_id=in_part.pk, occasion_ids=[few[1].pk])
    assert excused(county) == [few[1].pk]
    operations.approve_in_part(**by, leave_id=whole.pk)
    assert excused(county) == sorted([few[1].pk, *(one.pk for one in all_of)])


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 201, "不\x00行"])
def test_a_refusal_and_a_taking_back_have_a_reason(county: County, reason: str) -> None:
    today = timezone.localdate()
    leave, by = period(county, today, today + DAY), county.secretary.pk
    with pytest.raises(operations.UnableToDecideLeave, match="请写明理由，最多 200 字"):
        operations.refuse_leaves(leave_ids=[leave.pk], reason=reason, refused_by_id=by, as_of=timezone.now())
    leave.refresh_from_db()
    assert leave.state == "asked"
    approve(county, leave)
    with pytest.raises(operations.UnableToDecideLeave, match="请写明理由，最多 200 字"):
        operations.take_back_leave(leave_id=leave.pk, reason=reason, taken_back_by_id=by, as_of=timezone.now())
    leave.refresh_from_db()
    assert (leave.state, leave.reason) == ("approved", "")


def test_an_approval_is_not_taken_back_by_oneself_nor_after_its_end(county: County) -> None:
    today = timezone.localdate()
    leave = period(county, today, today + 2 * DAY)
    approve(county, leave)
    about: dict[str, Any] = {"leave_id": leave.pk, "reason": "回来了", "as_of": timezone.now()}
    with pytest.raises(operations.UnableToDecideLeave, match="自己的请假要由上级书记处理"):
        operations.take_back_leave(**about, taken_back_by_id=county.member.pk)
    with pytest.raises(operations.UnableToDecideLeave, match="到这一天已经结束了"):
        operations.take_back_leave(**about, taken_back_by_id=county.secretary.pk, from_date=today + 2 * DAY)
    leave.refresh_from_db()
    assert (leave.state, leave.to_date, leave.ended_at) == ("approved", today + 2 * DAY, None)


def test_what_can_be_made_up_no_more_stays_excused_and_is_said(county: County, training: Training) -> None:
    start = timezone.now() - 3 * HOUR
    day = timezone.localdate(start)
    one = lecture(training, start)
    operations.open_occasion(occasion_id=one.pk, as_of=start)
    operations.close_occasion(occasion_id=one.pk, as_of=start + HOUR)
    leave = period(county, day, day + 60 * DAY)
    approve(county, leave)
    over = timezone.now() + 40 * DAY
    late = lecture(training, over - HOUR)
    operations.open_occasion(occasion_id=late.pk, as_of=late.starts_at)
    operations.excuse_absent(occasion_id=late.pk, as_of=late.starts_at)
    assert excused(county) == sorted([one.pk, late.pk])
    said = operations.take_back_leave(
        leave_id=leave.pk, reason="登记错了", taken_back_by_id=county.secretary.pk, as_of=over
    )
    assert said == "有 1 场补学时间已过，仍按请假。"
    assert excused(county) == [one.pk], "what still runs counts as missing again"
    leave.refresh_from_db()
    assert leave.state == "taken_back"


def test_before_an_occasion_opens_nobody_is_excused_by_a_period(county: County, training: Training) -> None:
    today = timezone.localdate()
    approve(county, period(county, today, today + 5 * DAY))
    one = lecture(training, timezone.now() + DAY)
    assert operations.excuse_absent(occasion_id=one.pk, as_of=timezone.now()) == 0
    assert excused(county) == []
    operations.open_occasion(occasion_id=one.pk, as_of=one.starts_at)
    operations.close_occasion(occasion_id=one.pk, as_of=one.ends_at)
    Training.objects.update(state=Training.State.CLOSED)
    assert operations.excuse_absent(occasion_id=one.pk, as_of=one.ends_at) == 0
    assert excused(county) == []


def test_days_leave_alone_what_lies_outside_them(county: County, training: Training) -> None:
    now, today = timezone.now(), timezone.localdate()
    far = lecture(training, now + 20 * DAY)
    wish = Wish("work", (far.pk,))
    (single,) = operations.ask_leave(member_id=county.member.pk, wish=wish, as_of=now)
    held = period(county, today + DAY, today + 3 * DAY)
    assert list(Leave.objects.filter(state="asked").order_by("pk")) == [single, held]


def test_a_secretary_enters_no_leave_within_days_that_were_asked_for(county: County, training: Training) -> None:
    now, today = timezone.now(), timezone.localdate()
    one = lecture(training, now + 2 * DAY)
    period(county, today + DAY, today + 4 * DAY)
    wish = Wish("work", (one.pk,))
    with pytest.raises(operations.UnableToAskLeave, match="不用再请"):
        operations.enter_leave(
            member_id=county.member.pk, wish=wish, entered_by_id=county.secretary.pk, as_of=timezone.now()
        )
    assert Leave.objects.count() == 1
