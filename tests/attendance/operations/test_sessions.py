"""Further sessions: who missed the first and takes part makes it up; nobody is counted, or given hours, twice."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance import operations
from attendance.core.plan import OccasionPlan
from attendance.models import Occasion, PresenceSpan, Record, RecordState, RosterEntry, Rule, Training
from attendance.operations import rosters
from attendance.queries.coming import coming_for
from attendance.queries.concerned import people_at
from attendance.queries.listing import on_roster
from attendance.queries.naming import may_be_expected
from attendance.queries.sessions import sessions_ahead, sessions_planned
from attendance.reports.base import Scope
from attendance.reports.standing import overview, rolled_up
from tests.attendance.tampering import unguarded
from tests.factories.attendance import HOUR, START, OccasionFactory, RuleFactory, be_present, open_lecture
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)
NOON = START + HOUR
LATER = START + 2 * DAY
State = Occasion.State
S = RecordState


@pytest.fixture
def county() -> County:
    return make_county(members=4)


@pytest.fixture
def first(county: County) -> Occasion:
    """A lecture that the first member attended, and the second was excused from; the third is missing."""
    lecture = open_lecture(county.branch)
    be_present(lecture, county.members[0], 0, 3600)
    end(lecture)
    operations.approve_leave(
        occasion_id=lecture.pk, member_id=county.members[1].pk, category="sick", recorded_by_id=None, as_of=NOON
    )
    lecture.refresh_from_db()
    return lecture


def end(occasion: Occasion, at: dt.datetime | None = None) -> None:
    at = at or occasion.starts_at + HOUR
    operations.close_occasion(occasion_id=occasion.pk, as_of=at)
    operations.settle(occasion_id=occasion.pk, as_of=at)
    operations.settle_dirty(as_of=at)


def planned(first: Occasion, **fields: Any) -> Occasion:
    values = {"training": first.training, "node": first.node, "title": first.title, "starts_at": LATER, **fields}
    occasion: Occasion = OccasionFactory(rule=first.rule, **values)
    operations.make_session(occasion_id=occasion.pk, of_id=first.pk)
    first.refresh_from_db()
    occasion.refresh_from_db()
    return occasion


def opened(occasion: Occasion) -> Occasion:
    operations.open_occasion(occasion_id=occasion.pk, as_of=occasion.starts_at)
    lease = operations.start_lease(name="there", as_of=occasion.starts_at - HOUR)  # the site is there
    operations.end_lease(lease_id=lease, as_of=occasion.starts_at + 3 * HOUR)
    occasion.refresh_from_db()
    return occasion


def stands(occasion: Occasion) -> dict[int, str]:
    return dict(Record.objects.filter(occasion=occasion).values_list("member_id", "stands"))


def listed(occasion: Occasion) -> set[int]:
    return set(RosterEntry.objects.filter(occasion=occasion).values_list("member_id", flat=True))


def test_expected_is_who_missed_the_first(county: County, first: Occasion) -> None:
    again = planned(first)
    attended, excused, missing = (one.pk for one in county.members[:3])
    assert [may_be_expected(again, member_id=one) for one in (attended, excused, missing)] == [False, False, True]
    coming = {one: coming_for(member_id=one, training_id=first.training_id) for one in (attended, missing)}
    assert [len(coming[attended]), [one.occasion.pk for one in coming[missing]]] == [0, [again.pk]]
    expected = {member for member, state in stands(first).items() if state == S.MISSING}
    assert people_at([again], as_of=START + DAY) == len(expected)
    assert listed(opened(again)) == expected
    assert missing in expected
    assert {attended, excused}.isdisjoint(expected)


def test_who_takes_part_has_made_the_first_up_and_has_its_hours_once(county: County, first: Occasion) -> None:
    again = opened(planned(first))
    came, away = county.members[2], county.members[3]
    be_present(again, came, 0, 3600)
    end(again)
    assert (stands(again)[came.pk], stands(again)[away.pk]) == (S.ATTENDED, S.EXEMPT)
    assert (stands(first)[came.pk], stands(first)[away.pk]) == (S.MADE_UP, S.MISSING)
    hours = Record.objects.filter(member=came).order_by("occasion_id").values_list("stands_hours", flat=True)
    assert list(hours) == [Decimal(1), Decimal(0)]
    reasons = Record.objects.get(occasion=first, member=came).reasons
    assert {"code": "repeated", "at": round(LATER.timestamp() * 1000)} in reasons
    assert {"code": "further"} in Record.objects.get(occasion=again, member=away).reasons


def test_whoever_attended_the_first_comes_for_nothing(county: County, first: Occasion) -> None:
    again = opened(planned(first))
    be_present(again, county.members[0], 0, 3600)
    end(again)
    assert county.members[0].pk not in stands(again)
    assert stands(first)[county.members[0].pk] == S.ATTENDED


def test_who_was_still_being_judged_is_expected_and_nothing_becomes_of_it(county: County) -> None:
    first = open_lecture(county.branch)
    be_present(first, county.members[0], 0, 3600)
    operations.close_occasion(occasion_id=first.pk, as_of=NOON)
    again = opened(planned(first))
    assert county.members[0].pk in listed(again)
    operations.settle(occasion_id=first.pk, as_of=NOON)
    end(again)
    assert (stands(first)[county.members[0].pk], stands(again)[county.members[0].pk]) == (S.ATTENDED, S.EXEMPT)
    assert stands(first)[county.members[1].pk] == S.MISSING


@pytest.mark.parametrize("how", ["voided", "undone", "not_held"])
def test_where_the_session_counts_no_more_the_first_is_as_it_was(county: County, first: Occasion, how: str) -> None:
    before = stands(first)
    again = opened(planned(first))
    be_present(again, county.members[2], 0, 3600)
    end(again)
    assert stands(first) != before
    at = LATER + HOUR + dt.timedelta(minutes=1)
    if how == "voided":
        operations.void_occasion(occasion_id=again.pk, reason="录错", voided_by_id=county.organiser.pk, as_of=at)
    elif how == "undone":
        operations.reopen_occasion(occasion_id=again.pk, as_of=at)
    else:
        start = round(LATER.timestamp() * 1000)
        Occasion.objects.filter(pk=again.pk).update(away_ms=[[start, start + 3_500_000]])
        assert operations.mark_not_held(occasion_id=again.pk, as_of=at)
    operations.settle_dirty(as_of=at)
    assert stands(first) == before
    if how == "undone":  # and ended again: the same verdicts, and the first follows once more
        end(again, at=at)
        assert stands(first)[county.members[2].pk] == S.MADE_UP


def test_a_session_that_is_withdrawn_leaves_nothing(county: County, first: Occasion) -> None:
    again = planned(first)
    assert operations.withdraw_occasion(occasion_id=again.pk, actor_id=None, as_of=START + DAY)
    assert sessions_ahead([first], as_of=START + DAY) == {}
    operations.void_occasion(occasion_id=first.pk, reason="重复", voided_by_id=county.organiser.pk, as_of=START + DAY)


def test_the_first_is_not_voided_while_a_session_stands(county: County, first: Occasion) -> None:
    again = planned(first)
    assert sessions_planned(first) == [again]
    with pytest.raises(operations.UnableToVoidOccasion, match="请先取消或作废再讲的那一场"):
        operations.void_occasion(
            occasion_id=first.pk, reason="重复", voided_by_id=county.organiser.pk, as_of=START + DAY
        )


def test_a_correction_of_the_session_reaches_the_first(county: County, first: Occasion) -> None:
    again = opened(planned(first))
    end(again)
    who, at = county.members[2], LATER + 2 * HOUR
    values: dict[str, Any] = {
        "occasion_id": again.pk,
        "member_id": who.pk,
        "author_id": county.secretary.pk,
        "as_of": at,
    }
    with pytest.raises(operations.UnableToRecord, match="请更正为“免”"):
        operations.correct_record(state=S.MISSING, reason="没来", **values)
    operations.correct_record(state=S.ATTENDED, reason="在现场", **values)
    operations.settle_dirty(as_of=at)
    record = Record.objects.get(occasion=again, member=who)
    assert (record.stands, record.stands_hours, stands(first)[who.pk]) == (S.ATTENDED, Decimal(0), S.MADE_UP)
    operations.correct_record(state=S.EXEMPT, reason="看错了", **values)
    operations.settle_dirty(as_of=at)
    assert stands(first)[who.pk] == S.MISSING


def test_evidence_that_comes_after_the_session_is_settled_reaches_the_first(county: County, first: Occasion) -> None:
    again = opened(planned(first))
    end(again)
    operations.record_hall(
        occasion_id=again.pk, member_ids=[county.members[2].pk], started_at=LATER, ended_at=LATER + HOUR,
        recorded_by_id=county.secretary.pk, as_of=LATER + 2 * HOUR,
    )  # fmt: skip
    operations.settle_dirty(as_of=LATER + 2 * HOUR)
    assert stands(first)[county.members[2].pk] == S.MADE_UP


def test_what_gets_worse_while_the_session_is_still_being_judged_reaches_the_first(
    county: County, first: Occasion
) -> None:
    again, who, at = opened(planned(first)), county.members[2].pk, LATER + HOUR
    be_present(again, county.members[2], 0, 3600)
    operations.close_occasion(occasion_id=again.pk, as_of=at)
    operations.mark_dirty(occasion_id=again.pk, member_ids=[who], as_of=at)
    for _turn in range(2):
        operations.settle_dirty(as_of=at)
    assert (stands(again)[who], stands(first)[who]) == (S.ATTENDED, S.MADE_UP)
    with unguarded("attendance_presencespan"):
        PresenceSpan.objects.filter(occasion=again).update(ended_at=LATER + dt.timedelta(minutes=1))
    operations.settle(occasion_id=again.pk, as_of=at)
    operations.settle_dirty(as_of=at)
    assert (stands(again)[who], stands(first)[who]) == (S.EXEMPT, S.MISSING)


def test_there_is_no_further_session_of_what_nobody_is_judged_at_any_more(county: County, first: Occasion) -> None:
    Occasion.objects.filter(pk=first.pk).update(evidence_removed_at=LATER)
    with pytest.raises(operations.UnableToPlanOccasion, match="原始数据到期已经删除"):
        planned(first)


def test_a_session_of_a_session_is_one_of_the_first(county: County, first: Occasion) -> None:
    again = planned(first)
    end(opened(again))
    again.refresh_from_db()
    third: Occasion = OccasionFactory(training=first.training, node=first.node, rule=first.rule, starts_at=LATER + DAY)
    operations.make_session(occasion_id=third.pk, of_id=again.pk)
    third.refresh_from_db()
    assert third.repeats_id == first.pk


def test_what_cannot_be_a_further_session(county: County, first: Occasion) -> None:
    running, course = open_lecture(county.branch), RuleFactory(basis=Rule.Basis.MEDIA)
    of_course = open_lecture(county.branch, rule=course)
    operations.close_occasion(occasion_id=of_course.pk, as_of=NOON)
    plan: Occasion = OccasionFactory(training=first.training, node=first.node, rule=first.rule)
    elsewhere: Occasion = OccasionFactory(node=first.node, rule=first.rule)
    for occasion, of, why in (
        (plan, running, "只有已经结束"),
        (plan, of_course, "只有已经结束"),
        (first, first, "不能再改安排"),
        (running, first, "不能再改安排"),
        (elsewhere, first, "同一个培训"),
    ):
        with pytest.raises(operations.UnableToPlanOccasion, match=why):
            operations.make_session(occasion_id=occasion.pk, of_id=of.pk)
    Training.objects.filter(pk=first.training_id).update(state=Training.State.CLOSED)
    with pytest.raises(operations.UnableToPlanOccasion, match="培训已经结束"):
        operations.make_session(occasion_id=plan.pk, of_id=first.pk)


def test_a_further_session_stays_in_its_training(county: County, first: Occasion) -> None:
    session, other = planned(first), OccasionFactory(node=first.node, rule=first.rule).training
    plan = OccasionPlan(
        training_id=other.pk, node_id=first.node_id, title="再讲", starts_at=LATER, ends_at=LATER + HOUR,
        rule_id=first.rule_id,
    )  # fmt: skip
    with pytest.raises(operations.UnableToPlanOccasion, match="同一个培训"):
        operations.reschedule_occasion(occasion_id=session.pk, plan=plan, as_of=timezone.now())
    operations.reschedule_occasion(
        occasion_id=session.pk, plan=replace(plan, training_id=first.training_id), as_of=timezone.now()
    )


def test_the_sums_of_pages_agree(county: County, first: Occasion) -> None:
    again = opened(planned(first))
    be_present(again, county.members[2], 0, 3600)
    end(again)
    operations.fold_summary()
    county.county.refresh_from_db()
    scope = Scope(first.training, county.county, LATER + 2 * HOUR)
    seen, summed = overview(scope), rolled_up(scope)
    assert {key: dict(one.by_state) for key, one in seen.by_occasion.items()} == {
        key: {state: people for state, people in one.by_state.items() if people}
        for key, one in summed.by_occasion.items()
    }
    states = {person.member_id: person.state for person in seen.people}
    assert (states[county.members[0].pk], states[county.members[2].pk]) == (S.ATTENDED, S.MADE_UP)
    assert states[county.members[3].pk] == S.MISSING
    assert operations.differences(occasion_id=again.pk) == []


def test_a_large_roster_is_written_in_steps_and_leaves_out_who_has_done_it(
    county: County, first: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rosters, "AT_ONCE", 1)
    again = opened(planned(first))
    expected = {member for member, state in stands(first).items() if state == S.MISSING}
    assert on_roster(occasion_id=again.pk, member_ids=[one.pk for one in county.members]) <= expected
    operations.enter_at_once(member_ids=[county.members[0].pk, county.members[2].pk])
    assert listed(again) == {county.members[2].pk}
    operations.complete_roster(occasion_id=again.pk)
    assert listed(again) == expected


def test_nothing_is_asked_of_what_was_never_held_again(county: County, first: Occasion) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert (sessions_ahead([first], as_of=NOON), sessions_planned(first)) == ({}, [])
    assert len(queries) == 0
