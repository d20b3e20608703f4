"""What people write down, take back, say and answer: the whole life of each, and two secretaries at the same moment."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from attendance import operations
from attendance.models import (
    Correction,
    Declaration,
    Dispute,
    Evidence,
    Guest,
    Hall,
    Occasion,
    Record,
    RosterEntry,
    Rule,
)
from attendance.operations import UnableToAnswerDispute, UnableToRecord
from organizations.models import User
from tests.factories.attendance import HOUR, START, OccasionFactory, RuleFactory, TrainingFactory, open_lecture
from tests.factories.organizations import County, make_county
from tests.races import meanwhile

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = START + HOUR


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    return open_lecture(county.branch)


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def close_and_settle(occasion: Occasion, at: dt.datetime = NOON) -> None:
    operations.close_occasion(occasion_id=occasion.pk, as_of=at)
    operations.settle(occasion_id=occasion.pk, as_of=at)


def tick(occasion: Occasion, *members: User, by: User | None, **changed: Any) -> operations.HallTicks:
    values: dict[str, Any] = {"started_at": START, "ended_at": NOON, "as_of": after(60), **changed}
    ids = [one.pk for one in members]
    return operations.record_hall(occasion_id=occasion.pk, member_ids=ids, recorded_by_id=by and by.pk, **values)


def back(occasion: Occasion, *rows: Evidence, by: User, as_of: dt.datetime = NOON) -> int:
    ids = [one.pk for one in rows]
    return operations.withdraw(occasion_id=occasion.pk, evidence_ids=ids, recorded_by_id=by.pk, as_of=as_of)


def stands(occasion: Occasion, member: User) -> str:
    return Record.objects.get(occasion=occasion, member=member).stands


# --- The hall ------------------------------------------------------------------------------------------------------


def test_a_span_is_clipped_to_the_plan_while_it_runs_and_to_the_window_after(county: County, lecture: Occasion) -> None:
    one, two, _three = county.members
    long = {"started_at": after(-3000), "ended_at": after(6000)}
    assert tick(lecture, one, by=county.secretary, **long).ended_at == NOON
    close_and_settle(lecture, after(1800))
    kept = tick(lecture, two, by=county.secretary, **long, as_of=NOON)
    assert (kept.started_at, kept.ended_at) == (START, after(1800))
    assert [stands(lecture, member) for member in (one, two)] == ["attended", "attended"]


@pytest.mark.parametrize(
    ("start_s", "end_s", "field"),
    [
        (10 * 86400, 375 * 86400, "started_at"),
        (3600, 7200, "started_at"),
        (-7200, 0, "ended_at"),
        (0, 3 * 365 * 86400, "ended_at"),
        (60, 60, "ended_at"),
    ],
)
def test_a_span_that_can_only_be_a_slip_is_refused(
    county: County, lecture: Occasion, start_s: int, end_s: int, field: str
) -> None:
    """Finding: ledger S3 hall: spans in the future or 3 years long were accepted."""
    span = {"started_at": after(start_s), "ended_at": after(end_s)}
    for at in (after(60), NOON):
        with pytest.raises(UnableToRecord) as refused:
            tick(lecture, county.member, by=county.secretary, **span, as_of=at)
        assert refused.value.field == field
        close_and_settle(lecture)
    assert Evidence.objects.count() == 0


def test_nobody_ticks_themselves_by_whatever_door(county: County, lecture: Occasion) -> None:
    """Finding: ledger S3 hall: only the page hid it."""
    with pytest.raises(UnableToRecord, match="自己"):
        tick(lecture, county.member, county.secretary, by=county.secretary)
    assert Evidence.objects.count() == 0


def test_somebody_not_on_the_roster_is_refused_before_and_after_it_opens(county: County, lecture: Occasion) -> None:
    coming = OccasionFactory(training=TrainingFactory(node=county.branch))
    for occasion in (lecture, coming):
        with pytest.raises(UnableToRecord, match="应到名单"):
            tick(occasion, county.member, county.neighbour_member, by=county.secretary)
        with pytest.raises(UnableToRecord, match="应到名单"):
            operations.approve_leave(
                occasion_id=occasion.pk, member_id=county.neighbour_member.pk, category="duty",
                recorded_by_id=county.secretary.pk, as_of=START,
            )  # fmt: skip
    assert Evidence.objects.count() == 0
    tick(coming, county.member, by=county.secretary)
    assert Evidence.objects.count() == 1


@pytest.mark.parametrize("category", ["", "x" * 21, "sick\n"])
@pytest.mark.parametrize("write", [operations.approve_leave, operations.declare])
def test_a_category_is_a_short_word(
    county: County, lecture: Occasion, write: Callable[..., None], category: str
) -> None:
    by = {"recorded_by_id": county.secretary.pk, "as_of": START}
    with pytest.raises(UnableToRecord) as refused:
        write(occasion_id=lecture.pk, member_id=county.member.pk, category=category, **by)
    assert (str(refused.value), Evidence.objects.count()) == ("类别不合适。", 0)


@pytest.mark.parametrize("state", [Occasion.State.NOT_HELD, Occasion.State.VOID])
def test_nothing_is_written_down_where_nothing_was_held(county: County, lecture: Occasion, state: str) -> None:
    tick(lecture, county.member, by=county.secretary)
    Occasion.objects.update(state=state)
    with pytest.raises(UnableToRecord):
        tick(lecture, county.members[1], by=county.secretary)
    with pytest.raises(UnableToRecord):
        back(lecture, Evidence.objects.get(), by=county.secretary)
    assert Evidence.objects.count() == 1


def test_the_same_tick_twice_is_one_and_another_time_is_another(county: County, lecture: Occasion) -> None:
    one, two, _three = county.members
    assert tick(lecture, one, by=county.secretary).fresh == (one.pk,)
    again = tick(lecture, one, two, by=county.neighbour_secretary, started_at=after(600))
    assert (again.fresh, again.known) == ((two.pk,), (one.pk,))
    assert tick(lecture, two, by=county.secretary).fresh == (two.pk,)  # begins earlier
    assert Evidence.objects.count() == 3


def test_a_tick_taken_back_counts_no_more_and_can_be_made_again(county: County, lecture: Occasion) -> None:
    """Finding: secretary 12 (d)."""
    member = county.member
    tick(lecture, member, by=county.secretary)
    assert back(lecture, Evidence.objects.get(), by=county.secretary, as_of=after(120)) == 1
    close_and_settle(lecture)
    assert stands(lecture, member) == "missing"
    tick(lecture, member, by=county.secretary, as_of=NOON)
    assert stands(lecture, member) == "attended"
    last = Evidence.objects.get(kind="hall", withdrawn_by=None)
    back(lecture, last, by=county.neighbour_secretary)
    assert stands(lecture, member) == "missing"
    with pytest.raises(UnableToRecord, match="已经有人撤回过"):
        back(lecture, last, by=county.secretary)
    assert [one.kind for one in Evidence.objects.order_by("id")] == ["hall", "withdrawn", "hall", "withdrawn"]


def test_taking_back_ends_with_the_make_up_time_but_a_slip_has_a_week(county: County, lecture: Occasion) -> None:
    tick(lecture, county.member, by=county.secretary)
    close_and_settle(lecture)
    row = Evidence.objects.get()
    lecture.refresh_from_db()
    late = lecture.make_up_until_at
    assert late is not None
    operations.declare(
        occasion_id=lecture.pk, member_id=county.members[1].pk, category="visit",
        recorded_by_id=county.secretary.pk, as_of=late,
    )  # fmt: skip
    with pytest.raises(UnableToRecord, match="更正结果"):
        back(lecture, row, by=county.secretary, as_of=late)
    visit = Evidence.objects.get(kind="declared")
    with pytest.raises(UnableToRecord, match="更正结果"):
        back(lecture, visit, by=county.secretary, as_of=late + dt.timedelta(days=7))
    assert back(lecture, visit, by=county.secretary, as_of=late + dt.timedelta(days=6)) == 1
    assert stands(lecture, county.members[1]) == "missing"


def test_what_a_phone_saw_and_what_is_about_oneself_is_not_taken_back(county: County, lecture: Occasion) -> None:
    seen = Evidence.objects.create(
        occasion=lecture, member=county.member, kind="watched", ranges_ms=[[0, 1]], recorded_at=START
    )
    with pytest.raises(UnableToRecord):
        back(lecture, seen, by=county.secretary)
    tick(lecture, county.secretary, by=county.neighbour_secretary)
    with pytest.raises(UnableToRecord, match="自己"):
        back(lecture, Evidence.objects.get(kind="hall"), by=county.secretary)
    assert not Evidence.objects.filter(kind="withdrawn").exists()


# --- Leave and study elsewhere -------------------------------------------------------------------------------------


def leave(occasion: Occasion, member: User, category: str, by: User) -> None:
    operations.approve_leave(
        occasion_id=occasion.pk, member_id=member.pk, category=category, recorded_by_id=by.pk, as_of=NOON
    )


def test_there_is_one_leave_at_a_time(county: County, lecture: Occasion) -> None:
    for category in ("duty", "duty", "sick"):
        leave(lecture, county.member, category, county.secretary)
    held = Evidence.objects.filter(kind="leave", withdrawn_by=None)
    assert [one.category for one in held] == ["sick"]
    assert Evidence.objects.count() == 3  # duty, its withdrawal, sick
    back(lecture, held.get(), by=county.secretary)
    close_and_settle(lecture)
    assert stands(lecture, county.member) == "missing"


def test_a_leave_taken_back_after_a_correction_leaves_what_holds_to_the_evidence(
    county: County, lecture: Occasion
) -> None:
    """Finding: ledger S1-6: a correction was the only way, and it hid what came later."""
    close_and_settle(lecture)
    leave(lecture, county.member, "duty", county.secretary)
    assert stands(lecture, county.member) == "excused"
    back(lecture, Evidence.objects.get(), by=county.secretary)
    assert stands(lecture, county.member) == "missing"
    tick(lecture, county.member, by=county.secretary, as_of=NOON)
    assert stands(lecture, county.member) == "attended"
    assert Correction.objects.count() == 0


def test_a_leave_before_it_opens_is_taken_back_before_it_opens(county: County) -> None:
    coming = OccasionFactory(training=TrainingFactory(node=county.branch))
    leave(coming, county.member, "duty", county.secretary)
    back(coming, Evidence.objects.get(), by=county.secretary, as_of=START)
    operations.open_occasion(occasion_id=coming.pk, as_of=START)
    close_and_settle(coming)
    assert stands(coming, county.member) == "missing"


# --- Two at the same moment ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_secretaries_tick_the_same_people_at_once(county: County, lecture: Occasion) -> None:
    one, two, three = county.members
    second = meanwhile(
        lambda: tick(lecture, one, two, by=county.secretary),
        lambda: tick(lecture, two, three, by=county.neighbour_secretary),
    )
    assert (second.fresh, second.known) == ((three.pk,), (two.pk,))
    assert sorted(Evidence.objects.values_list("member_id", flat=True)) == sorted([one.pk, two.pk, three.pk])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_open", [True, False])
def test_two_secretaries_take_the_same_back_at_once(county: County, is_open: bool) -> None:
    occasion = open_lecture(county.branch) if is_open else OccasionFactory(training=TrainingFactory(node=county.branch))
    leave(occasion, county.member, "duty", county.secretary)
    row = Evidence.objects.get()
    second = meanwhile(
        lambda: back(occasion, row, by=county.secretary),
        lambda: back(occasion, row, by=county.neighbour_secretary),
        UnableToRecord,
    )
    assert isinstance(second, UnableToRecord)
    assert Evidence.objects.filter(kind="withdrawn").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_secretaries_approve_different_leaves_at_once(county: County, lecture: Occasion) -> None:
    meanwhile(
        lambda: leave(lecture, county.member, "duty", county.secretary),
        lambda: leave(lecture, county.member, "sick", county.neighbour_secretary),
    )
    assert [one.category for one in Evidence.objects.filter(kind="leave", withdrawn_by=None)] == ["sick"]


@pytest.mark.django_db(transaction=True)
def test_two_secretaries_answer_at_once(county: County, lecture: Occasion) -> None:
    close_and_settle(lecture)
    dispute = operations.raise_dispute(occasion_id=lecture.pk, member_id=county.member.pk, text="我在场", as_of=NOON)
    answer = {"dispute_id": dispute.pk, "as_of": NOON, "correct_to": "attended"}
    second = meanwhile(
        lambda: operations.answer_dispute(**answer, answer="按到场", answered_by_id=county.secretary.pk),
        lambda: operations.answer_dispute(**answer, answer="也对", answered_by_id=county.neighbour_secretary.pk),
        UnableToAnswerDispute,
    )
    assert isinstance(second, UnableToAnswerDispute)
    assert "赵书记" in str(second)
    assert (Dispute.objects.get().answer, Correction.objects.count()) == ("按到场", 1)


# --- Disputes ------------------------------------------------------------------------------------------------------


def test_answer_and_correction_are_one(county: County, lecture: Occasion) -> None:
    """Finding: secretary 13."""
    close_and_settle(lecture)
    dispute = operations.raise_dispute(occasion_id=lecture.pk, member_id=county.member.pk, text="我在场", as_of=NOON)
    answer: dict[str, Any] = {"dispute_id": dispute.pk, "answered_by_id": county.secretary.pk, "as_of": NOON}
    for text, state in (("", ""), ("x" * 1001, ""), ("a\x00", ""), ("好", "pending"), ("好\x01", "attended")):
        with pytest.raises(UnableToAnswerDispute):
            operations.answer_dispute(**answer, answer=text, correct_to=state)
    assert (Dispute.objects.get().state, Correction.objects.count()) == ("raised", 0)
    answered = operations.answer_dispute(**answer, answer="已核实\n" * 200, correct_to="attended")
    correction = Correction.objects.get()
    assert (answered.correction, correction.state) == (correction, "attended")
    assert len(correction.reason) == 400
    assert stands(lecture, county.member) == "attended"


@pytest.mark.parametrize("text", ["", " \n ", "x" * 1001, "我\x00在场"])
def test_a_dispute_says_what_is_wrong_in_a_thousand_characters(county: County, lecture: Occasion, text: str) -> None:
    values = {"occasion_id": lecture.pk, "member_id": county.member.pk, "as_of": NOON}
    with pytest.raises(operations.UnableToRaiseDispute) as refused:
        operations.raise_dispute(**values, text=text)
    assert str(refused.value) == "请写下哪里不对，最多 1000 字。"
    assert operations.raise_dispute(**values, text=" " + "x" * 1000).text == "x" * 1000


def test_whoever_is_not_expected_has_no_record_to_dispute(county: County, lecture: Occasion) -> None:
    with pytest.raises(operations.UnableToRaiseDispute) as refused:
        operations.raise_dispute(
            occasion_id=lecture.pk, member_id=county.neighbour_member.pk, text="我在场", as_of=NOON
        )
    assert (str(refused.value), Dispute.objects.count()) == ("您不在这一场的应到名单里。", 0)


def test_a_dispute_can_be_raised_again_after_its_answer(county: County, lecture: Occasion) -> None:
    values = {"occasion_id": lecture.pk, "member_id": county.member.pk, "text": "我在场"}
    first = operations.raise_dispute(**values, as_of=START)
    with pytest.raises(operations.UnableToRaiseDispute, match="正在等"):
        operations.raise_dispute(**values, as_of=START)
    with pytest.raises(UnableToAnswerDispute, match="自己"):
        operations.answer_dispute(dispute_id=first.pk, answer="对", answered_by_id=county.member.pk, as_of=NOON)
    operations.answer_dispute(dispute_id=first.pk, answer="不对", answered_by_id=county.secretary.pk, as_of=NOON)
    operations.mark_answers_seen(occasion_id=lecture.pk, member_id=county.member.pk, as_of=NOON)
    operations.mark_answers_seen(occasion_id=lecture.pk, member_id=county.member.pk, as_of=NOON + HOUR)
    assert Dispute.objects.get().seen_at == NOON
    operations.raise_dispute(**values, as_of=NOON)
    assert Dispute.objects.filter(state="raised", seen_at=None).count() == 1
    assert RosterEntry.objects.filter(occasion=lecture, member=county.member).exists()


def test_a_dispute_has_a_reason_of_the_list(county: County, lecture: Occasion) -> None:
    values = {"occasion_id": lecture.pk, "member_id": county.member.pk, "as_of": NOON}
    with pytest.raises(operations.UnableToRaiseDispute, match="请选一个理由"):
        operations.raise_dispute(**values, text="我在场", reason="because")
    assert not Dispute.objects.exists()
    assert operations.raise_dispute(**values, reason="in_hall").reason == "in_hall"


# --- What members declare --------------------------------------------------------------------------------------------


def study(occasion: Occasion, member: User, **changed: Any) -> Declaration:
    values: dict[str, Any] = {
        "category": "platform", "source": "学习强国", "studied_at": START, "minutes": 30, "as_of": NOON, **changed
    }  # fmt: skip
    return operations.ask_declaration(occasion_id=occasion.pk, member_id=member.pk, **values)


def test_what_has_not_begun_is_not_declared_yet(county: County) -> None:
    coming = OccasionFactory(training=TrainingFactory(node=county.branch))
    with pytest.raises(UnableToRecord, match="还没有开始，开始以后才能申报"):
        study(coming, county.member)
    assert not Declaration.objects.exists()


def test_whoever_is_not_expected_declares_nothing(county: County, lecture: Occasion) -> None:
    with pytest.raises(UnableToRecord, match="您不在这一场的应到名单里"):
        study(lecture, county.neighbour_member)
    assert not Declaration.objects.exists()


@pytest.mark.parametrize(
    ("changed", "said", "field"),
    [
        ({"source": " "}, "请写明在哪里学的", "source"),
        ({"source": "长" * 61}, "请写明在哪里学的", "source"),
        ({"minutes": 0}, "学习时长请填 1 到 1440 分钟", "minutes"),
        ({"minutes": 1441}, "学习时长请填 1 到 1440 分钟", "minutes"),
        ({"minutes": 90}, "学习的时间还没有到", "studied_at"),
        ({"studied_at": START - dt.timedelta(days=367)}, "在一年以前", "studied_at"),
    ],
)
def test_a_declaration_that_can_only_be_a_slip_is_refused(
    county: County, lecture: Occasion, changed: dict[str, Any], said: str, field: str
) -> None:
    with pytest.raises(UnableToRecord, match=said) as refused:
        study(lecture, county.member, **changed)
    assert refused.value.field == field
    assert not Declaration.objects.exists()


def test_nobody_answers_their_own_declaration(county: County, lecture: Occasion) -> None:
    one = study(lecture, county.secretary)
    own: dict[str, Any] = {"declaration_id": one.pk, "as_of": NOON}
    with pytest.raises(UnableToRecord, match="自己申报的，要由其他负责人确认"):
        operations.confirm_declaration(**own, confirmed_by_id=county.secretary.pk)
    with pytest.raises(UnableToRecord, match="自己申报的，要由其他负责人确认"):
        operations.refuse_declaration(**own, reason="不算", refused_by_id=county.secretary.pk)
    one.refresh_from_db()
    assert (one.state, one.reason, Evidence.objects.count()) == ("asked", "", 0)


@pytest.mark.parametrize("reason", ["", " \n", "x" * 201])
def test_a_declaration_is_refused_with_a_reason(county: County, lecture: Occasion, reason: str) -> None:
    one = study(lecture, county.member)
    by: dict[str, Any] = {"declaration_id": one.pk, "refused_by_id": county.secretary.pk, "as_of": NOON}
    with pytest.raises(UnableToRecord, match="请写明没有通过的理由") as refused:
        operations.refuse_declaration(**by, reason=reason)
    assert refused.value.field == "reason"
    one.refresh_from_db()
    assert one.state == "asked"
    operations.refuse_declaration(**by, reason="不是同一内容")
    one.refresh_from_db()
    assert (one.state, one.reason, one.answered_by) == ("refused", "不是同一内容", county.secretary)


# --- Halls beside the screen, and their guests ------------------------------------------------------------------------


def test_a_hall_is_opened_once_it_has_begun_and_a_course_has_no_code(county: County) -> None:
    by: dict[str, Any] = {"node_id": county.branch.pk, "opened_by_id": county.secretary.pk, "as_of": NOON}
    coming = OccasionFactory(training=TrainingFactory(node=county.branch))
    with pytest.raises(UnableToRecord, match="场次还没有开始，开始以后再登记"):
        operations.open_hall(**by, occasion_id=coming.pk)
    course = open_lecture(county.branch, rule=RuleFactory(basis=Rule.Basis.MEDIA))
    with pytest.raises(UnableToRecord, match="不用扫码签到；请在看完以后登记"):
        operations.open_hall(**by, occasion_id=course.pk)
    assert not Hall.objects.exists()
    assert operations.open_hall(**by, occasion_id=course.pk, is_offline=True).closed_at is None


def test_the_place_of_a_hall_fits_on_a_line(county: County, lecture: Occasion) -> None:
    by: dict[str, Any] = {"occasion_id": lecture.pk, "node_id": county.branch.pk, "opened_by_id": county.secretary.pk}
    for place in ("长" * 61, "村\x00委"):
        with pytest.raises(UnableToRecord, match="写得太长，或有不能保存的字符"):
            operations.open_hall(**by, as_of=NOON, place=place)
    assert not Hall.objects.exists()
    assert operations.open_hall(**by, as_of=NOON, place=" 村委  会议室 ").place == "村委 会议室"


def write_guest(occasion: Occasion, county: County, **changed: Any) -> Guest:
    values: dict[str, Any] = {
        "occasion_id": occasion.pk, "node_id": county.branch.pk, "name": "来宾甲", "unit": "县农业局", "last4": "",
        "started_at": START, "ended_at": NOON, "client_id": "g1", "recorded_by_id": county.secretary.pk, "as_of": NOON,
        **changed,
    }  # fmt: skip
    return operations.write_guest(**values)


@pytest.mark.parametrize(
    ("changed", "said", "field"),
    [
        ({"name": " "}, "请写来宾的姓名", "name"),
        ({"name": "长" * 61}, "请写来宾的姓名", "name"),
        ({"last4": "123"}, "手机尾号是 4 位数字", "last4"),
        ({"last4": "12a4"}, "手机尾号是 4 位数字", "last4"),
        ({"last4": "１２３４"}, "手机尾号是 4 位数字", "last4"),
        ({"unit": " "}, "请写来宾的单位，或者手机尾号", "unit"),
        ({"unit": "长" * 61}, "写得太长", None),
    ],
)
def test_a_guest_is_somebody_who_can_be_found_again(
    county: County, lecture: Occasion, changed: dict[str, Any], said: str, field: str | None
) -> None:
    with pytest.raises(UnableToRecord, match=said) as refused:
        write_guest(lecture, county, **changed)
    assert refused.value.field == field
    assert not Guest.objects.exists()


def test_a_guest_is_one_person_and_is_found_once(county: County, lecture: Occasion) -> None:
    guest = write_guest(lecture, county)
    found: dict[str, Any] = {"guest_id": guest.pk, "found_by_id": county.secretary.pk, "as_of": NOON}
    operations.find_guest(**found, member_id=county.member.pk)
    with pytest.raises(UnableToRecord, match="这位来宾已经核对过了"):
        operations.find_guest(**found, member_id=county.members[1].pk)
    assert not operations.cross_out_guest(guest_id=guest.pk, by_id=county.secretary.pk, as_of=NOON)
    guest.refresh_from_db()
    assert guest.member == county.member
    assert Evidence.objects.get(kind="hall").member == county.member
