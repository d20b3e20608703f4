"""The ledger's verbs: one member inside, one in the neighbouring branch, the clock given."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from attendance import operations
from attendance.models import Evidence, Occasion, PresenceSpan, Record, RosterEntry, WorkerLease
from attendance.queries import credited, is_expected
from organizations.models import Exemption
from tests.factories.attendance import (
    HOUR,
    START,
    OccasionFactory,
    RuleFactory,
    TrainingFactory,
    be_present,
    open_lecture,
)
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = START + HOUR


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    return open_lecture(county.branch)


def close_and_settle(occasion: Occasion, at: dt.datetime = NOON) -> None:
    operations.close_occasion(occasion_id=occasion.pk, as_of=at)
    operations.settle(occasion_id=occasion.pk, as_of=at)
    occasion.refresh_from_db()


def record(occasion: Occasion, member: Any) -> Record:
    return Record.objects.get(occasion=occasion, member=member)


def test_the_roster_is_who_belongs_that_day(county: County) -> None:
    Exemption.objects.create(member=county.members[2], active_from_date=START.date())
    lecture = open_lecture(county.branch)
    operations.open_occasion(occasion_id=lecture.pk, as_of=NOON)
    states = dict(RosterEntry.objects.filter(occasion=lecture).values_list("member_id", "state"))
    assert states == {
        county.members[0].pk: "expected",
        county.members[1].pk: "expected",
        county.members[2].pk: "exempt",
        county.secretary.pk: "expected",
    }
    assert lecture.rule_stamp["min_share"] == 0.8
    assert not is_expected(occasion=lecture, member_id=county.neighbour_member.pk)
    assert is_expected(occasion=lecture, member_id=county.member.pk)


def test_a_late_start_moves_the_window_and_its_end_is_fixed_once(county: County) -> None:
    lecture = OccasionFactory(training=TrainingFactory(node=county.branch))
    operations.open_occasion(occasion_id=lecture.pk, as_of=after(600))
    operations.close_occasion(occasion_id=lecture.pk, as_of=after(3000))
    operations.close_occasion(occasion_id=lecture.pk, as_of=after(3500))
    lecture.refresh_from_db()
    assert (lecture.window_start_at, lecture.window_end_at) == (after(600), after(3000))
    assert lecture.make_up_until_at == after(3000) + dt.timedelta(days=14)
    with pytest.raises(operations.UnableToOpenOccasion):
        operations.open_occasion(occasion_id=lecture.pk, as_of=NOON)


def test_settling_gives_everybody_a_record_and_repeating_it_changes_nothing(county: County, lecture: Occasion) -> None:
    be_present(lecture, county.member, 0, 3600)
    close_and_settle(lecture)
    assert lecture.state == Occasion.State.SETTLED
    mine = record(lecture, county.member)
    assert (mine.state, mine.live_ms, mine.hours) == ("attended", 3_600_000, 1)
    assert record(lecture, county.members[1]).state == "missing"
    assert not Record.objects.filter(member=county.neighbour_member).exists()
    operations.settle(occasion_id=lecture.pk, as_of=NOON + HOUR)
    assert record(lecture, county.member).judged_at == mine.judged_at


def test_a_presence_is_closed_once_and_never_before_it_began(county: County, lecture: Occasion) -> None:
    lease = operations.start_lease(name="w1", as_of=START)
    [key] = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p1", lease, after(60))])
    operations.close_presences(ends=[operations.End(key, after(30), "left")])
    operations.close_presences(ends=[operations.End(key, after(900), "silent")])
    row = PresenceSpan.objects.get(pk=key)
    assert (row.ended_at, row.end_reason) == (after(60), "left")


def test_a_batch_of_stays_costs_the_same_whatever_its_size(
    county: County, lecture: Occasion, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """Two statements and the transactions': the rows, and how their occasions are. Ids come in the order given."""
    lease = operations.start_lease(name="w", as_of=START)
    people = [*county.members, county.secretary] * 40
    joins = [
        operations.Join(lecture.pk, one.pk, f'p"{number}', lease, after(number)) for number, one in enumerate(people)
    ]
    with django_assert_num_queries(2 + 4):
        keys = operations.open_presences(joins=joins)
    kept = PresenceSpan.objects.in_bulk(keys)
    assert [(kept[key].member_id, kept[key].device, kept[key].started_at) for key in keys] == [
        (join.member_id, join.device, join.started_at) for join in joins
    ]
    with django_assert_num_queries(2 + 4):
        operations.close_presences(ends=[operations.End(key, after(3000.25), "left") for key in keys])
    assert set(PresenceSpan.objects.values_list("ended_at", "end_reason")) == {(after(3000.25), "left")}


def test_a_stay_that_a_batch_ends_twice_ends_as_was_said_first(county: County, lecture: Occasion) -> None:
    lease = operations.start_lease(name="w", as_of=START)
    [key] = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p1", lease, START)])
    operations.close_presences(ends=[operations.End(key, after(60), "left"), operations.End(key, after(40), "silent")])
    span = PresenceSpan.objects.get(pk=key)
    assert (span.ended_at, span.end_reason) == (after(60), "left")
    assert operations.open_presences(joins=[]) == []


def test_a_dead_worker_ends_its_rows_at_its_last_beat(county: County, lecture: Occasion) -> None:
    lease = operations.start_lease(name="w1", as_of=START)
    joins = [operations.Join(lecture.pk, member.pk, "p1", lease, START) for member in county.members]
    heard, quiet, _third = operations.open_presences(joins=joins)
    [late] = operations.open_presences(
        joins=[operations.Join(lecture.pk, county.secretary.pk, "p1", lease, after(603))]
    )
    assert operations.beat_lease(lease_id=lease, as_of=after(600), quiet={quiet: after(570)})
    assert operations.beat_lease(lease_id=lease, as_of=after(590))
    assert operations.reap_leases(as_of=after(610)) == 0
    assert operations.reap_leases(as_of=after(616)) == 1
    assert operations.reap_leases(as_of=after(616)) == 0
    ends = dict(PresenceSpan.objects.values_list("pk", "ended_at"))
    assert (ends[heard], ends[quiet], ends[late]) == (after(600), after(570), after(603))
    assert not operations.beat_lease(lease_id=lease, as_of=after(620))
    assert WorkerLease.objects.get(pk=lease).ended_at == after(600)


def test_silence_noticed_after_settling_is_judged_again(county: County, lecture: Occasion) -> None:
    lease = operations.start_lease(name="w1", as_of=START)
    [key] = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p1", lease, START)])
    operations.beat_lease(lease_id=lease, as_of=after(3595))
    close_and_settle(lecture)
    assert record(lecture, county.member).live_ms == 3_600_000
    operations.close_presences(ends=[operations.End(key, after(2000), "silent")])
    assert operations.settle_dirty(as_of=NOON) == 1
    assert (record(lecture, county.member).live_ms, record(lecture, county.member).state) == (2_000_000, "missing")


def watch(lecture: Occasion, member: Any, at: dt.datetime, device: str = "p1") -> int:
    state = operations.start_watch(occasion_id=lecture.pk, member_id=member.pk, device=device, media="replay", as_of=at)
    return state.session_id


def report(session: int, member: Any, start: int, end: int, at: dt.datetime, key: str = "") -> operations.WatchState:
    return operations.report_watched(
        session_id=session, member_id=member.pk, client_id=key or f"{session}-{at}", ranges_ms=[(start, end)],
        rate=1.0, position_ms=end, as_of=at,
    )  # fmt: skip


def test_whoever_watches_enough_has_made_it_up_at_once(county: County, lecture: Occasion) -> None:
    close_and_settle(lecture)
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=NOON)
    assert record(lecture, county.member).stands == "missing"
    session = watch(lecture, county.member, NOON)
    for upto in range(600, 2880, 600):
        report(session, county.member, (upto - 600) * 1000, upto * 1000, NOON + dt.timedelta(seconds=upto))
    state = report(session, county.member, 2_400_000, 2_879_999, NOON + dt.timedelta(seconds=2880), "a")
    assert (state.state, state.accepted_ms) == ("missing", 479_999)
    again = report(session, county.member, 0, 3_600_000, NOON + HOUR, "a")
    assert (again.accepted_ms, again.credited_ms) == (0, [[0, 2_879_999]])
    state = report(session, county.member, 2_879_000, 2_890_000, NOON + dt.timedelta(seconds=2900), "b")
    assert (state.state, state.credited_ms, state.total_ms) == ("made_up", [[0, 2_890_000]], 3_600_000)
    assert record(lecture, county.member).replay_ms == 2_890_000
    assert credited(occasion_id=lecture.pk, member_id=county.member.pk, media="replay") == [[0, 2_890_000]]
    assert record(lecture, county.member).stands == "made_up"
    assert operations.start_watch(
        occasion_id=lecture.pk, member_id=county.member.pk, device="p2", media="replay", as_of=NOON + HOUR
    ).position_ms == 2_890_000  # fmt: skip


def test_two_reports_at_once_share_one_allowance(county: County, lecture: Occasion, monkeypatch: Any) -> None:
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=NOON)
    session = watch(lecture, county.member, NOON)
    from attendance.operations import watch as module

    read, stale = module.read_session, []

    def read_and_be_overtaken(*args: Any) -> Any:
        found = read(*args)
        if not stale:
            stale.append(found)
            report(session, county.member, 0, 15_000, NOON + dt.timedelta(seconds=15), "first")
        return found

    monkeypatch.setattr(module, "read_session", read_and_be_overtaken)
    second = report(session, county.member, 100_000, 115_000, NOON + dt.timedelta(seconds=15), "second")
    assert second.accepted_ms == 3_000
    assert second.credited_ms == [[0, 15_000], [100_000, 103_000]]
    assert Evidence.objects.filter(kind="watched").count() == 2


@pytest.mark.parametrize(
    "change",
    [{"client_id": "a\x00"}, {"client_id": ""}, {"ranges_ms": [(1,)]}, {"ranges_ms": [(0, 1.5)]},
     {"rate": float("nan")},
     {"position_ms": -1}, {"ranges_ms": [(0, 1)] * 501}, {"ranges_ms": 7}, {"rate": "1"}],
    ids=str,
)  # fmt: skip
def test_an_unreadable_report_is_refused(county: County, lecture: Occasion, change: dict[str, Any]) -> None:
    values = {"client_id": "a", "ranges_ms": [(0, 1)], "rate": 1.0, "position_ms": 0, **change}
    with pytest.raises(operations.UnableToReportWatched) as refused:
        operations.report_watched(session_id=1, member_id=county.member.pk, as_of=NOON, **values)
    assert refused.value.code == "bad_request"


def test_a_report_to_somebody_elses_session_is_refused(county: County, lecture: Occasion) -> None:
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=NOON)
    session = watch(lecture, county.member, NOON)
    with pytest.raises(operations.UnableToReportWatched) as refused:
        report(session, county.members[1], 0, 1000, NOON)
    assert refused.value.code == "no_session"


def test_what_cannot_be_watched(county: County, lecture: Occasion) -> None:
    with pytest.raises(operations.UnableToStartWatch) as nothing:
        watch(lecture, county.member, NOON)
    operations.set_media_items(occasion_id=lecture.pk, items={"a": 1000, "b": 2000})
    with pytest.raises(operations.UnableToStartWatch) as no_such:
        watch(lecture, county.member, NOON)
    with pytest.raises(operations.UnableToStartWatch) as stranger:
        operations.start_watch(
            occasion_id=lecture.pk, member_id=county.neighbour_member.pk, device="p1", media="a", as_of=NOON
        )
    assert [error.value.code for error in (nothing, no_such, stranger)] == ["no_media", "withdrawn", "not_expected"]


def test_a_course_is_attended_when_enough_was_watched(county: County) -> None:
    training = TrainingFactory(node=county.branch)
    course = OccasionFactory(training=training, rule=RuleFactory(basis="media"), kind="course", media_ms=100_000)
    operations.reconcile(as_of=START)
    state = report(watch(course, county.member, START), county.member, 0, 80_000, after(80))
    assert state.state == "attended"
    operations.reconcile(as_of=NOON)
    course.refresh_from_db()
    assert course.state == Occasion.State.CLOSED
    operations.reconcile(as_of=NOON + HOUR)
    assert record(course, county.members[1]).state == "missing"


def test_notes_of_people_are_judged_again(county: County, lecture: Occasion) -> None:
    close_and_settle(lecture)
    one, two, three = county.members
    by = {"occasion_id": lecture.pk, "recorded_by_id": county.secretary.pk, "as_of": NOON}
    operations.record_hall(member_ids=[one.pk], started_at=START, ended_at=NOON, **by)
    operations.approve_leave(member_id=two.pk, category="sick", **by)
    operations.declare(member_id=three.pk, category="visit", **by)
    assert [record(lecture, member).state for member in county.members] == ["attended", "excused", "made_up"]
    with pytest.raises(operations.UnableToRecord):
        operations.record_hall(member_ids=[county.neighbour_member.pk], started_at=START, ended_at=NOON, **by)
    with pytest.raises(operations.UnableToRecord):
        operations.approve_leave(member_id=county.secretary.pk, category="sick", **by)


def test_a_correction_is_signed_and_never_an_edit(county: County, lecture: Occasion) -> None:
    close_and_settle(lecture)
    values = {"occasion_id": lecture.pk, "member_id": county.member.pk, "state": "attended", "as_of": NOON}
    correction = operations.correct_record(**values, reason="在现场", author_id=county.secretary.pk)
    assert (correction.state, record(lecture, county.member).state) == ("attended", "missing")
    assert record(lecture, county.member).stands == "attended"
    for reason, author in (("", county.secretary), ("在现场", county.member)):
        with pytest.raises(operations.UnableToRecord):
            operations.correct_record(**values, reason=reason, author_id=author.pk)


def test_a_dispute_waits_for_one_answer(county: County, lecture: Occasion) -> None:
    values = {"occasion_id": lecture.pk, "member_id": county.member.pk, "text": "我在场", "as_of": NOON}
    dispute = operations.raise_dispute(**values)
    with pytest.raises(operations.UnableToRaiseDispute):
        operations.raise_dispute(**values)
    answer = {"dispute_id": dispute.pk, "answer": "已更正", "as_of": NOON}
    with pytest.raises(operations.UnableToAnswerDispute):
        operations.answer_dispute(**answer, answered_by_id=county.member.pk)
    operations.answer_dispute(**answer, answered_by_id=county.secretary.pk)
    dispute.refresh_from_db()
    assert (dispute.state, dispute.answered_by) == ("answered", county.secretary)
