"""Planning, holding, writing down and voiding meetings in person; what the ledger makes of them."""

import datetime as dt

import pytest
from django.db import IntegrityError
from django.utils import timezone

from attendance.models import Evidence, Named, Occasion, RosterEntry, Rule, Training
from attendance.operations import (
    UnableToPlanOccasion,
    UnableToRecord,
    approve_leave,
    declare,
    end_lease,
    settle,
    start_lease,
)
from attendance.queries import is_expected, occasions_ahead, trainings_touching
from attendance.queries.coming import coming_for, node_at
from attendance.queries.concerned import people_at
from meetings.models import Meeting, MeetingForm, YearBook
from meetings.operations import (
    UnableToPlanMeeting,
    UnableToWriteMinutes,
    book_mark,
    change_form,
    change_gathering,
    close_year_books,
    label_occasion,
    plan_gathering,
    reset_form,
    void_gathering,
    withdraw_gathering,
    write_minutes,
    year_book,
)
from meetings.operations.forms import UnableToChangeForm
from meetings.operations.planning import GatheringPlan
from meetings.queries import forms_at, last_named, unit_years, year_of
from organizations.models import NodeKind
from organizations.queries import membership_on
from tests.factories.attendance import RuleFactory, open_lecture
from tests.factories.organizations import County, MembershipFactory, NodeFactory
from tests.meetings.conftest import HOUR, gathering, held, states, whole_hour

pytestmark = pytest.mark.django_db


# --- Planning ---------------------------------------------------------------------------------------------------------


def test_the_first_meeting_of_a_year_makes_its_book_once(county: County) -> None:
    one, two = gathering(county), gathering(county, form="theme_day")
    book = YearBook.objects.get(node=county.branch)
    assert {one.occasion.training_id, two.occasion.training_id} == {book.training_id}
    assert (book.training.is_standing, book.training.node, book.training.state) == (True, county.branch, "published")


def test_a_years_book_is_listed_in_its_unit_and_not_above(county: County) -> None:
    training = gathering(county).occasion.training
    assert training in trainings_touching([county.branch])
    assert training not in trainings_touching([county.county])
    assert training not in trainings_touching([county.neighbour])


def test_a_years_book_is_closed_a_while_after_its_year(county: County) -> None:
    training = year_book(node_id=county.branch.pk, year=2024)
    assert close_year_books(as_of=training.deadline_at + dt.timedelta(days=89)) == 0
    assert close_year_books(as_of=training.deadline_at + dt.timedelta(days=90)) == 1
    training.refresh_from_db()
    assert training.state == Training.State.CLOSED


def test_the_rule_of_meetings_is_made_once_and_the_nearest_units_is_taken(county: County) -> None:
    first, second = gathering(county), gathering(county)
    assert first.occasion.rule == second.occasion.rule == Rule.objects.get(name="现场会议规则")
    own = Rule.objects.create(node=county.township, name="现场会议规则", version=1, min_share=0.9)
    assert gathering(county).occasion.rule == own


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"form_code": "nothing"}, "form"),
        ({"ends_at": None}, "ends_at"),
        ({"member_ids": []}, "members"),
        ({"member_ids": [10**9]}, "members"),
        ({"node_id": 10**9}, "node"),
    ],
)
def test_what_cannot_stand_is_refused_at_its_field(county: County, changed: dict[str, object], field: str) -> None:
    start = whole_hour()
    values = {
        "node_id": county.branch.pk, "form_code": "assembly", "title": "", "starts_at": start,
        "ends_at": start + HOUR, **changed,
    }  # fmt: skip
    values["ends_at"] = values["ends_at"] or start
    with pytest.raises(UnableToPlanMeeting) as error:
        plan_gathering(plan=GatheringPlan(**values), actor_id=None, as_of=start)  # type: ignore[arg-type]
    assert error.value.field == field
    assert Occasion.objects.count() == 0


def test_those_named_alone_are_expected_before_and_after_the_opening(county: County) -> None:
    first, second, third = county.members
    meeting = gathering(county, form="committee", hours_ago=-24, member_ids=[first.pk, second.pk])
    occasion, day = meeting.occasion, timezone.localdate()
    ahead = {}
    for member in (first, third):
        membership = membership_on(member_id=member.pk, on_date=day)
        assert membership is not None
        ahead[member.pk] = list(occasions_ahead(membership, since=timezone.now(), on_date=day))
    assert ahead == {first.pk: [occasion], third.pk: []}
    occasion.refresh_from_db()
    assert [is_expected(occasion=occasion, member_id=one.pk) for one in (first, third)] == [True, False]
    assert node_at(occasion=occasion, member_id=third.pk) is None
    assert coming_for(member_id=third.pk, training_id=occasion.training_id) == []
    assert people_at([occasion], as_of=timezone.now()) == 2
    with pytest.raises(UnableToRecord):
        approve_leave(
            occasion_id=occasion.pk, member_id=third.pk, category="duty", recorded_by_id=None, as_of=timezone.now()
        )
    past = gathering(county, form="committee", member_ids=[first.pk, second.pk])
    held(county, past, listed=[first.pk, second.pk], present={first.pk: None}, excused={})
    assert set(RosterEntry.objects.filter(occasion_id=past.pk).values_list("member_id", flat=True)) == {
        first.pk, second.pk,
    }  # fmt: skip
    assert last_named(county.branch, form_code="committee") == {first.pk, second.pk}


def test_a_named_person_who_has_moved_away_by_the_day_is_refused(county: County) -> None:
    with pytest.raises(UnableToPlanMeeting) as error:
        gathering(county, member_ids=[county.member.pk, county.neighbour_member.pk])
    assert error.value.field == "members"


def test_a_plan_is_changed_until_it_begins(county: County) -> None:
    meeting = gathering(county, hours_ago=-24, member_ids=[county.member.pk])
    start = whole_hour() + 48 * HOUR
    plan = GatheringPlan(
        node_id=county.branch.pk, form_code="lesson", title="第三季度党课", starts_at=start, ends_at=start + HOUR
    )
    change_gathering(occasion_id=meeting.pk, plan=plan, actor_id=county.secretary.pk, as_of=timezone.now())
    meeting = Meeting.objects.select_related("occasion").get(pk=meeting.pk)
    assert (meeting.form_name, meeting.occasion.title, meeting.occasion.starts_at) == ("党课", "第三季度党课", start)
    assert (meeting.occasion.is_named, Named.objects.count()) == (False, 0)
    past = gathering(county)
    held(county, past)
    with pytest.raises(UnableToPlanMeeting):
        change_gathering(occasion_id=past.pk, plan=plan, actor_id=county.secretary.pk, as_of=timezone.now())


def test_a_meeting_withdrawn_before_it_begins_is_gone_unless_a_leave_stands_for_it(county: County) -> None:
    now, by = timezone.now(), county.secretary.pk
    one, two = gathering(county, hours_ago=-24), gathering(county, hours_ago=-48)
    approve_leave(occasion_id=two.pk, member_id=county.member.pk, category="duty", recorded_by_id=by, as_of=now)
    assert withdraw_gathering(occasion_id=one.pk, actor_id=by, as_of=now) is True
    assert withdraw_gathering(occasion_id=two.pk, actor_id=by, as_of=now) is False
    assert list(Meeting.objects.values_list("pk", "occasion__state")) == [(two.pk, "void")]
    begun = gathering(county)
    held(county, begun)
    with pytest.raises(UnableToPlanOccasion):
        withdraw_gathering(occasion_id=begun.pk, actor_id=by, as_of=now)


# --- Holding ----------------------------------------------------------------------------------------------------------


def test_who_came_was_excused_and_was_absent_follows_from_the_book(county: County) -> None:
    occasion = held(county, gathering(county))
    assert occasion.state == Occasion.State.SETTLED
    assert states(occasion) == {"王一0": "attended", "王一1": "excused", "王一2": "missing", "赵书记": "attended"}
    assert set(Evidence.objects.values_list("kind", "recorded_by__name")) == {("hall", "赵书记"), ("leave", "赵书记")}


def test_a_meeting_entered_afterwards_says_so_and_leaves_its_days_to_make_up(county: County) -> None:
    now = timezone.now()
    meeting = gathering(county, hours_ago=24 * 60, as_of=now)
    occasion = held(county, meeting)
    assert meeting.is_late_entry
    assert meeting.entered_at == now
    assert occasion.window_end_at == occasion.ends_at
    assert occasion.make_up_until_at is not None
    assert occasion.make_up_until_at >= now + dt.timedelta(days=30)
    assert not gathering(county).is_late_entry


def test_the_roster_is_that_of_the_day_of_the_meeting(county: County) -> None:
    meeting = gathering(county, hours_ago=24 * 60, as_of=timezone.now())
    MembershipFactory(node=county.branch, active_from_date=timezone.localdate() - dt.timedelta(days=3))
    occasion = held(county, meeting)
    assert occasion.roster.count() == 4


def test_late_and_early_by_the_book(county: County) -> None:
    meeting = gathering(county)
    start, end = meeting.occasion.starts_at, meeting.occasion.ends_at
    first, second, third = county.members
    spans = {first.pk: (start + HOUR / 2, end), second.pk: (start, start + HOUR / 2), third.pk: None}
    occasion = held(county, meeting, present=spans, excused={})
    assert states(occasion) == {"王一0": "attended", "王一1": "missing", "王一2": "attended", "赵书记": "missing"}
    assert set(Evidence.objects.values_list("member_id", "started_at", "ended_at")) == {
        (first.pk, start + HOUR / 2, end), (second.pk, start, start + HOUR / 2), (third.pk, start, end),
    }  # fmt: skip


def test_the_book_put_right_takes_back_and_adds_and_deletes_nothing(county: County) -> None:
    meeting = gathering(county)
    held(county, meeting)
    first, second, third = county.members
    occasion = held(county, meeting, present={second.pk: None, third.pk: None}, excused={first.pk: "sick"})
    assert states(occasion) == {"王一0": "excused", "王一1": "attended", "王一2": "attended", "赵书记": "missing"}
    before = Evidence.objects.count()
    assert Evidence.objects.filter(kind="withdrawn").count() == 2  # one came after all, and so did not the secretary
    held(county, meeting, present={second.pk: None, third.pk: None}, excused={first.pk: "sick"})
    assert Evidence.objects.count() == before  # the same once more writes nothing


def test_a_meeting_can_be_entered_while_it_runs_and_ends_when_that_is_said(county: County) -> None:
    meeting = gathering(county, hours_ago=1)
    occasion = held(county, meeting, ended_at=whole_hour() + HOUR)
    assert occasion.state == Occasion.State.OPEN
    occasion = held(county, meeting, ended_at=whole_hour() - HOUR / 2)
    assert (occasion.state, occasion.window_end_at) == (Occasion.State.SETTLED, whole_hour() - HOUR / 2)
    assert states(occasion)["王一0"] == "attended"


def test_times_that_can_only_be_a_slip_are_refused_and_nothing_is_kept(county: County) -> None:
    meeting = gathering(county)
    start = meeting.occasion.starts_at
    wrong = [
        ({"ended_at": start}, "ended_at"),
        ({"ended_at": start + dt.timedelta(minutes=4)}, "ended_at"),
        ({"ended_at": start + 13 * HOUR}, "ended_at"),
        ({"started_at": timezone.now() + HOUR, "ended_at": timezone.now() + 2 * HOUR}, "started_at"),
    ]
    for said, field in wrong:
        with pytest.raises(UnableToRecord) as error:
            held(county, meeting, **said)
        assert error.value.field == field
    assert (Occasion.objects.get().state, Evidence.objects.count()) == (Occasion.State.SCHEDULED, 0)


def test_nobody_keeps_a_book_that_names_themselves_alone_nor_their_own_leave(county: County) -> None:
    meeting, own = gathering(county), county.secretary.pk
    for said in (
        {"present": {own: None}, "excused": {}},
        {"present": {county.member.pk: None}, "excused": {own: "duty"}},
    ):
        with pytest.raises(UnableToRecord):
            held(county, meeting, **said)
    assert Evidence.objects.count() == 0


def test_nobody_adds_their_own_presence_alone_once_a_meeting_is_settled(county: County) -> None:
    meeting, own = gathering(county), county.secretary.pk
    first, second, third = county.members
    occasion = held(county, meeting, present={first.pk: None}, excused={second.pk: "duty"})
    for said in (
        {"present": {first.pk: None, own: None}, "excused": {second.pk: "duty"}},
        {"present": {first.pk: None, own: None}, "excused": {second.pk: "sick"}},  # another leave vouches for nobody
        {"present": {own: None}, "excused": {second.pk: "duty"}},
        {
            "present": {first.pk: (occasion.starts_at + HOUR / 4, occasion.ends_at), own: None},
            "excused": {second.pk: "duty"},
        },
    ):
        with pytest.raises(UnableToRecord):
            held(county, meeting, **said)
    assert states(occasion)["赵书记"] == "missing"
    occasion = held(county, meeting, present=dict.fromkeys((first.pk, third.pk, own)), excused={})
    assert states(occasion)["赵书记"] == "attended"


def test_whoever_is_taken_back_in_the_same_save_vouches_for_nobody(county: County) -> None:
    meeting, own = gathering(county, hours_ago=1), county.secretary.pk
    until = whole_hour() + HOUR
    held(county, meeting, present={county.member.pk: None}, excused={}, ended_at=until)
    with pytest.raises(UnableToRecord):
        held(county, meeting, present={own: None}, excused={}, ended_at=until)
    assert list(Evidence.objects.values_list("member_id", "withdrawn_by")) == [(county.member.pk, None)]


def test_that_the_site_was_away_takes_nothing_from_a_meeting_in_a_place(county: County) -> None:
    end_lease(lease_id=start_lease(name="w", as_of=whole_hour() - 100 * HOUR), as_of=whole_hour() - 99 * HOUR)
    occasion = held(county, gathering(county))
    assert (occasion.away_ms, states(occasion)["王一2"]) == ([], "missing")


def test_whoever_was_absent_makes_it_up_with_the_secretary(county: County) -> None:
    occasion = held(county, gathering(county))
    declare(
        occasion_id=occasion.pk, member_id=county.members[2].pk, category="makeup_class",
        recorded_by_id=county.secretary.pk, as_of=timezone.now(),
    )  # fmt: skip
    assert states(occasion)["王一2"] == "made_up"


def test_what_was_voided_counts_nowhere_and_keeps_all(county: County) -> None:
    occasion = held(county, gathering(county))
    void_gathering(occasion_id=occasion.pk, reason="登记错了日期", actor_id=county.secretary.pk, as_of=timezone.now())
    assert Evidence.objects.count() == 3
    assert sum(one.held for one in year_of(county.branch, year=occasion.starts_at.year, as_of=timezone.now())) == 0
    with pytest.raises(UnableToRecord):
        held(county, occasion.meeting)


# --- Minutes ----------------------------------------------------------------------------------------------------------


def minutes(county: County, meeting: Meeting, *, seen: int, studied: str = "学习了防汛手册", **said: object) -> int:
    values = {"decisions": [("修水渠", "五月底前完成"), ("", "")], "place": "村部", "chair": "赵", "recorder": "王"}
    meeting.refresh_from_db()
    written = write_minutes(
        occasion_id=meeting.pk, studied=studied, seen=seen, seen_book=book_mark(meeting),
        actor_id=county.secretary.pk, as_of=timezone.now(),
        **{**values, **said},
    )  # type: ignore[arg-type]  # fmt: skip
    return written.number


def test_minutes_are_versions_and_nobody_overwrites_anothers(county: County) -> None:
    meeting = gathering(county)
    held(county, meeting)
    assert minutes(county, meeting, seen=0) == 1
    with pytest.raises(UnableToWriteMinutes):
        minutes(county, meeting, seen=0, studied="别人写的")
    assert minutes(county, meeting, seen=1) == 1  # nothing was changed
    assert minutes(county, meeting, seen=1, studied="改过") == 2
    assert list(meeting.minutes.order_by("number").values_list("studied", "decisions")) == [
        ("学习了防汛手册", [["修水渠", "五月底前完成"]]), ("改过", [["修水渠", "五月底前完成"]]),
    ]  # fmt: skip
    meeting.refresh_from_db()
    assert (meeting.place, meeting.chair, meeting.recorder) == ("村部", "赵", "王")


def test_minutes_before_the_meeting_of_a_void_one_and_of_nothing_are_refused(county: County) -> None:
    coming, past = gathering(county, hours_ago=-24), gathering(county)
    occasion = held(county, past)
    with pytest.raises(UnableToWriteMinutes):
        minutes(county, coming, seen=0)
    with pytest.raises(UnableToWriteMinutes):
        minutes(county, past, seen=0, studied=" ", decisions=[("", " ")])
    void_gathering(occasion_id=occasion.pk, reason="重复", actor_id=county.secretary.pk, as_of=timezone.now())
    with pytest.raises(UnableToWriteMinutes):
        minutes(county, past, seen=0)


# --- Forms and years --------------------------------------------------------------------------------------------------


def say(county: County, node: object, **said: object) -> None:
    values = {"code": "lesson", "name": "微党课", "audience": "all", "per": "half", "times": 2, "is_used": True}
    change_form(node=node, actor_id=county.organiser.pk, as_of=timezone.now(), **{**values, **said})  # type: ignore[arg-type]


def test_the_nearest_unit_says_what_a_form_is_and_can_take_it_back(county: County) -> None:
    assert forms_at(county.branch)["lesson"].asked == 4
    say(county, None, times=5)
    say(county, county.county)
    say(county, county.neighbour, is_used=False)
    assert (forms_at(county.branch)["lesson"].name, forms_at(county.branch)["lesson"].asked) == ("微党课", 4)
    assert "lesson" not in forms_at(county.neighbour)
    assert reset_form(node=county.county, code="lesson") is True
    assert forms_at(county.branch)["lesson"].asked == 10
    assert reset_form(node=county.county, code="lesson") is False


def test_a_meeting_keeps_the_name_of_its_form_and_its_place_when_that_is_used_no_more(county: County) -> None:
    occasion = held(county, gathering(county, form="lesson"))
    say(county, county.branch, name="别的", is_used=False)
    assert Meeting.objects.get().form_name == "党课"
    (row,) = [one for one in year_of(county.branch, year=occasion.starts_at.year, as_of=timezone.now())
              if one.form.code == "lesson"]  # fmt: skip
    assert (row.held, row.asked) == (1, 0)


def test_a_lecture_with_a_form_counts_for_every_unit_below_it(county: County) -> None:
    lecture = open_lecture(county.county, starts_at=whole_hour() - 3 * HOUR)
    label_occasion(
        occasion_id=lecture.pk, form_code="lesson", seen="", actor_id=county.organiser.pk, as_of=timezone.now()
    )
    Occasion.objects.filter(pk=lecture.pk).update(state=Occasion.State.SETTLED)
    year = lecture.starts_at.year
    counts = [
        next(one.held for one in year_of(node, year=year, as_of=timezone.now()) if one.form.code == "lesson")
        for node in (county.branch, county.neighbour)
    ]
    assert counts == [1, 1]
    units = unit_years([county.branch, county.neighbour], below=county.county, year=year)
    assert [(one.held, one.place) for one in units] == [({"lesson": 1}, "永安镇")] * 2
    label_occasion(
        occasion_id=lecture.pk, form_code="", seen="lesson", actor_id=county.organiser.pk, as_of=timezone.now()
    )
    assert Meeting.objects.count() == 0


def test_a_committee_above_is_not_the_branchs_own(county: County) -> None:
    meeting = gathering(county, form="committee", node_id=county.township.pk, member_ids=[county.member.pk])
    occasion = held(county, meeting, listed=[county.member.pk], present={county.member.pk: None}, excused={})
    year = occasion.starts_at.year
    held_there = {
        node.name: sum(one.held for one in year_of(node, year=year, as_of=timezone.now()))
        for node in (county.township, county.branch)
    }
    assert held_there == {"永安镇": 1, "东风村第一支部": 0}


def test_what_is_asked_of_groups_is_asked_of_each(county: County) -> None:
    groups = [NodeFactory(parent=county.branch, name=f"第{n}小组", kind=NodeKind.GROUP) for n in (1, 2)]
    MembershipFactory(member=county.members[0], node=groups[0], active_from_date=dt.date(2019, 1, 1),
                      active_to_date=dt.date(2019, 2, 1))  # fmt: skip
    year = timezone.localdate().year
    (row,) = [one for one in year_of(county.branch, year=year, as_of=timezone.now()) if one.form.code == "group"]
    assert (row.groups, row.asked) == (2, 24)
    (unit,) = unit_years([county.branch], below=county.branch, year=year)
    assert unit.asked["group"] == 24


def test_a_gathering_always_has_a_form_and_minutes_keep_it(county: County) -> None:
    meeting = gathering(county)
    with pytest.raises(UnableToPlanMeeting):
        label_occasion(
            occasion_id=meeting.pk, form_code="", seen="assembly", actor_id=county.secretary.pk, as_of=timezone.now()
        )
    label_occasion(
        occasion_id=meeting.pk, form_code="review", seen="assembly", actor_id=county.secretary.pk, as_of=timezone.now()
    )
    assert Meeting.objects.get().form_name == "组织生活会"


def test_settling_twice_changes_nothing(county: County) -> None:
    occasion = held(county, gathering(county))
    before = list(occasion.records.order_by("pk").values())
    settle(occasion_id=occasion.pk, as_of=timezone.now())
    assert list(occasion.records.order_by("pk").values()) == before


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"name": " \x00 "}, "name", "不超过 30 个字"),
        ({"name": "长" * 31}, "name", "不超过 30 个字"),
        ({"audience": "everybody"}, "audience", "应到的人"),
        ({"per": "week"}, "times", "0 到 31"),
        ({"times": 32}, "times", "0 到 31"),
    ],
)
def test_what_a_form_cannot_be_is_said_at_its_field(
    county: County, said: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(UnableToChangeForm, match=words) as refused:
        say(county, county.branch, **said)
    assert refused.value.field == field
    assert not MeetingForm.objects.exists()


def test_of_two_who_say_a_form_for_the_first_time_one_is_asked_to_save_again(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(**_values: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(MeetingForm.objects, "update_or_create", taken)
    with pytest.raises(UnableToChangeForm, match="再保存一次"):
        say(county, county.branch)


def test_who_left_before_they_came_is_refused(county: County) -> None:
    meeting = gathering(county)
    start = meeting.occasion.starts_at
    with pytest.raises(UnableToRecord, match="不晚于到会的时间"):
        held(county, meeting, present={county.member.pk: (start + dt.timedelta(hours=3), start)}, excused={})
    assert not Evidence.objects.exists()


def test_a_form_that_minutes_were_written_under_can_be_changed_and_not_taken_away(county: County) -> None:
    lecture = open_lecture(county.branch, starts_at=whole_hour() - 3 * HOUR)
    given = {"occasion_id": lecture.pk, "actor_id": county.organiser.pk, "as_of": timezone.now()}
    with pytest.raises(UnableToPlanMeeting, match="没有这种会议形式"):
        label_occasion(form_code="party", seen="", **given)
    label_occasion(form_code="lesson", seen="", **given)
    minutes(county, Meeting.objects.get(pk=lecture.pk), seen=0)
    with pytest.raises(UnableToPlanMeeting, match="不能去掉"):
        label_occasion(form_code="", seen="lesson", **given)
    label_occasion(form_code="theme_day", seen="lesson", **given)
    assert Meeting.objects.get(pk=lecture.pk).form_code == "theme_day"


def test_what_a_meeting_cannot_be_planned_as(county: County) -> None:
    with pytest.raises(UnableToPlanMeeting, match="按场次时间"):
        gathering(county, rule_id=RuleFactory(basis="media").pk)
    start = whole_hour()
    plan = GatheringPlan(
        form_code="assembly", node_id=county.branch.pk, title="", place="", chair="", starts_at=start,
        ends_at=start + 13 * HOUR,
    )  # fmt: skip
    with pytest.raises(UnableToPlanMeeting, match="12 小时"):
        plan_gathering(plan=plan, actor_id=county.secretary.pk, as_of=start)
    assert not Meeting.objects.exists()
