"""Nothing that was accepted stays unjudged: evidence beside a settling, one bad row, an ending that is undone."""

import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connections

from attendance import operations, surviving
from attendance.models import Evidence, Occasion, PresenceSpan, Record, RosterEntry
from attendance.operations import reconciling, settling
from attendance.queries import judged
from tests.attendance.tampering import unguarded
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
PATIENCE_S = 1.0


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    return open_lecture(county.branch)


def stay(lecture: Occasion, member: Any, *, until: float | None = None) -> int:
    """``member`` is there from the start; with ``until``, the phone falls silent then."""
    lease = operations.start_lease(name="w1", as_of=START)
    [key] = operations.open_presences(joins=[operations.Join(lecture.pk, member.pk, "p1", lease, START)])
    operations.beat_lease(lease_id=lease, as_of=NOON)
    if until is not None:
        operations.close_presences(ends=[operations.End(key, after(until), "silent")])
    return key


def end(lecture: Occasion, at: dt.datetime = NOON) -> None:
    operations.close_occasion(occasion_id=lecture.pk, as_of=at)


def claim(lecture: Occasion, member: Any, start: float, until: float, **values: Any) -> bool:
    return operations.record_outbox(
        **{
            "occasion_id": lecture.pk, "member_id": member.pk, "device": "p1", "client_id": "u1",
            "started_at": after(start), "ended_at": after(until), "as_of": after(3606), **values,
        }
    )  # fmt: skip


def held(lecture: Occasion, member: Any) -> tuple[str, int]:
    record = Record.objects.get(occasion=lecture, member=member)
    return record.state, record.live_ms


def truth(lecture: Occasion, member: Any) -> tuple[str, int]:
    """What the evidence says when it is read anew."""
    lecture.refresh_from_db()
    verdict = judged(occasion=lecture, member_id=member.pk, as_of=NOON + 24 * HOUR)
    return verdict.state.value, verdict.live_ms


def marked(lecture: Occasion) -> dict[int, dt.datetime]:
    rows = RosterEntry.objects.filter(occasion=lecture, dirty_at__isnull=False)
    return dict(rows.values_list("member_id", "dirty_at"))


@contextmanager
def between_chunks(monkeypatch: Any, event: Callable[[], Any]) -> Iterator[None]:
    """``event`` happens once, after the first chunk of a settling is committed and before the next thing."""
    real, due = settling._settle_chunk, [event]

    def chunk(*values: Any, **named: Any) -> int:
        changed = real(*values, **named)
        if due:
            due.pop()()
        return changed

    with monkeypatch.context() as patch:
        patch.setattr(settling, "_settle_chunk", chunk)
        yield


@contextmanager
def while_reading(monkeypatch: Any, event: Callable[[], Any]) -> Iterator[None]:
    """``event`` begins in another connection once, when the evidence is read and nothing is written yet.

    It gets a second to finish: where it has to wait for the settling, that goes on.
    """
    real, begun = settling.evidence_of, []

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patch:

        def read(**values: Any) -> Any:
            found = real(**values)
            if not begun:
                begun.append(pool.submit(in_own_connection, event))
                wait(begun, PATIENCE_S)
            return found

        patch.setattr(settling, "evidence_of", read)
        yield
        begun[0].result(30)


def in_own_connection(work: Callable[[], Any]) -> None:
    try:
        work()
    finally:
        connections.close_all()


# --- evidence beside a settling -------------------------------------------------------------------------------------


def test_a_presence_closed_while_everybody_is_settled_is_judged(
    county: County, lecture: Occasion, monkeypatch: Any
) -> None:
    key = stay(lecture, county.member)
    end(lecture)
    late = operations.End(key, after(2870), "silent")
    with between_chunks(monkeypatch, lambda: operations.close_presences(ends=[late])):
        operations.settle(occasion_id=lecture.pk, as_of=after(3605))
    assert held(lecture, county.member) == ("attended", 3_600_000)
    assert operations.settle_dirty(as_of=after(3610)) == 1
    assert held(lecture, county.member) == truth(lecture, county.member) == ("missing", 2_870_000)
    assert marked(lecture) == {}


def test_an_outbox_kept_while_everybody_is_settled_is_judged(
    county: County, lecture: Occasion, monkeypatch: Any
) -> None:
    stay(lecture, county.member, until=2850)
    end(lecture)
    with between_chunks(monkeypatch, lambda: claim(lecture, county.member, 2850, 2910)):
        operations.settle(occasion_id=lecture.pk, as_of=after(3605))
    assert held(lecture, county.member) == ("missing", 2_850_000)
    operations.reconcile(as_of=after(3640))
    assert held(lecture, county.member) == truth(lecture, county.member) == ("attended", 2_910_000)


@pytest.mark.django_db(transaction=True)
def test_what_comes_in_while_the_evidence_is_read_waits_and_is_judged(county: County, monkeypatch: Any) -> None:
    lecture = open_lecture(county.branch)
    one, other = stay(lecture, county.members[0]), stay(lecture, county.members[1])
    end(lecture)
    ends = [operations.End(one, after(2870), "silent"), operations.End(other, after(3600), "closed")]
    with while_reading(monkeypatch, lambda: operations.close_presences(ends=ends)):
        operations.settle(occasion_id=lecture.pk, as_of=after(3605))
    operations.settle_dirty(as_of=after(3610))
    for member in county.members:
        assert held(lecture, member) == truth(lecture, member)
    assert held(lecture, county.members[0]) == ("missing", 2_870_000)


@pytest.mark.django_db(transaction=True)
def test_two_settlings_of_one_person_never_leave_the_older_reading(county: County, monkeypatch: Any) -> None:
    """Leave is read, the hall is written and judged beside it, and only then is the leave written."""
    lecture = open_lecture(county.branch)
    end(lecture)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    about = {"occasion_id": lecture.pk, "recorded_by_id": county.secretary.pk, "as_of": after(5000)}

    def hall() -> None:
        operations.record_hall(**about, member_ids=[county.member.pk], started_at=START, ended_at=NOON)

    with while_reading(monkeypatch, hall):
        operations.approve_leave(**about, member_id=county.member.pk, category="sick")
    operations.settle_dirty(as_of=after(5010))
    assert held(lecture, county.member)[0] == truth(lecture, county.member)[0] == "attended"


def test_work_that_comes_after_an_occasion_was_deleted_is_none() -> None:
    settling.settle(occasion_id=2**40, as_of=NOON)
    operations.complete_roster(occasion_id=2**40)
    assert operations.excuse_absent(occasion_id=2**40, as_of=NOON) == 0


@pytest.mark.django_db(transaction=True)
def test_closing_presences_settling_and_burying_never_wait_in_a_circle(county: County) -> None:
    lectures = [open_lecture(county.branch), open_lecture(county.branch)]
    lease = operations.start_lease(name="w1", as_of=START)
    joins = [
        operations.Join(lecture.pk, member.pk, f"p{number}", lease, START)
        for number in range(8)
        for lecture in lectures
        for member in county.members
    ]
    keys = operations.open_presences(joins=joins)
    operations.beat_lease(lease_id=lease, as_of=NOON)
    for lecture in lectures:
        end(lecture)
    ends = [operations.End(key, after(3000 + key % 7), "left") for key in keys]

    def close(step: int) -> None:
        for first in range(0, len(ends), 6):
            operations.close_presences(ends=ends[first : first + 6][::step])

    works: list[Callable[[], Any]] = [
        lambda: close(1),
        lambda: close(-1),
        lambda: operations.end_lease(lease_id=lease, as_of=after(3601)),
        lambda: [operations.settle(occasion_id=lecture.pk, as_of=after(3602)) for lecture in lectures],
        lambda: [operations.settle_dirty(as_of=after(3603), limit=2) for _turn in range(6)],
    ]
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(in_own_connection, work) for work in works]:
            done.result(60)
    operations.settle_dirty(as_of=after(3700))
    assert not PresenceSpan.objects.filter(ended_at=None).exists()
    for lecture in lectures:
        for member in county.members:
            assert held(lecture, member) == truth(lecture, member)


# --- whom a mark is for ---------------------------------------------------------------------------------------------


def test_a_lecture_that_runs_needs_no_marks_and_a_course_does(county: County, lecture: Occasion) -> None:
    stay(lecture, county.member, until=100)
    course = open_lecture(county.branch, kind="course", rule=RuleFactory(basis="media"), media_ms=60_000)
    operations.mark_dirty(occasion_id=course.pk, member_ids=[county.member.pk], as_of=after(10))
    assert (marked(lecture), marked(course)) == ({}, {county.member.pk: after(10)})
    operations.mark_dirty(occasion_id=course.pk, member_ids=[county.member.pk], as_of=after(20))
    assert marked(course) == {county.member.pk: after(10)}
    assert operations.settle_dirty(as_of=after(20)) == 1
    assert (marked(course), held(course, county.member)[0]) == ({}, "pending")


def test_a_presence_written_late_is_judged(county: County, lecture: Occasion) -> None:
    """The database was away when the phone came and when the lecture ended."""
    lease = operations.start_lease(name="w1", as_of=START)
    operations.beat_lease(lease_id=lease, as_of=NOON)
    end(lecture)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    [key] = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p1", lease, START)])
    operations.close_presences(ends=[operations.End(key, NOON, "closed")])
    operations.settle_dirty(as_of=after(3610))
    assert held(lecture, county.member) == ("attended", 3_600_000)


@pytest.mark.parametrize("state", ["not_held", "void"])
def test_nobody_is_judged_where_it_was_not_held_or_is_void(county: County, lecture: Occasion, state: str) -> None:
    key = stay(lecture, county.member)
    end(lecture)
    operations.close_presences(ends=[operations.End(key, after(3000), "left")])
    assert marked(lecture)
    Occasion.objects.filter(pk=lecture.pk).update(state=state)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    operations.settle_dirty(as_of=after(3610))
    lecture.refresh_from_db()
    assert (lecture.state, Record.objects.count(), marked(lecture)) == (state, 0, {})


# --- an ending that is undone ---------------------------------------------------------------------------------------


def test_a_settling_of_an_ending_that_was_undone_settles_nothing(
    county: County, lecture: Occasion, monkeypatch: Any
) -> None:
    be_present(lecture, county.member, 0, 3600)
    end(lecture, after(600))

    def undo() -> None:
        Occasion.objects.filter(pk=lecture.pk).update(state="open", window_end_at=None)

    with between_chunks(monkeypatch, undo):
        operations.settle(occasion_id=lecture.pk, as_of=after(605))
    lecture.refresh_from_db()
    assert lecture.state == Occasion.State.OPEN
    end(lecture)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    assert held(lecture, county.member) == ("attended", 3_600_000)


def test_a_slow_settling_never_finishes_for_the_next_ending(
    county: County, lecture: Occasion, monkeypatch: Any
) -> None:
    """Ended, undone and ended again between two chunks of the first settling: the second one is still due."""
    be_present(lecture, county.member, 0, 3600)
    end(lecture, after(600))

    def undo_and_end() -> None:
        Occasion.objects.filter(pk=lecture.pk).update(state="open", window_end_at=None)
        end(lecture, NOON)

    with between_chunks(monkeypatch, undo_and_end):
        operations.settle(occasion_id=lecture.pk, as_of=after(605))
    lecture.refresh_from_db()
    assert (lecture.state, held(lecture, county.member)) == ("closed", ("attended", 600_000))
    operations.reconcile(as_of=NOON + HOUR)
    lecture.refresh_from_db()
    assert (lecture.state, held(lecture, county.member)) == ("settled", ("attended", 3_600_000))


# --- who cannot be judged -------------------------------------------------------------------------------------------


def spoil(lecture: Occasion, member: Any) -> Evidence:
    return Evidence.objects.create(
        occasion=lecture, member=member, kind="watched", media="replay", ranges_ms=[7], recorded_at=START
    )


def test_one_who_cannot_be_judged_stops_nobody_and_is_tried_again(county: County, lecture: Occasion) -> None:
    bad, *good = county.members
    for member in county.members:
        be_present(lecture, member, 0, 3600)
    row = spoil(lecture, bad)
    end(lecture)
    before = settling.PUT_ASIDE._value.get()
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    lecture.refresh_from_db()
    assert lecture.state == Occasion.State.SETTLED
    assert [held(lecture, member)[0] for member in good] == ["attended"] * len(good)
    assert (settling.PUT_ASIDE._value.get() - before, set(marked(lecture))) == (1, {bad.pk})
    with unguarded("attendance_evidence"):
        Evidence.objects.filter(pk=row.pk).update(ranges_ms=[])
    assert operations.settle_dirty(as_of=after(3605)) == 0
    assert operations.settle_dirty(as_of=NOON + HOUR) == 1
    assert held(lecture, bad)[0] == "attended"


def test_a_bad_row_among_the_marked_stops_nobody(county: County, lecture: Occasion) -> None:
    end(lecture)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    for member in county.members:
        be_present(lecture, member, 0, 3600)
    spoil(lecture, county.members[1])
    operations.settle_dirty(as_of=after(3605))
    assert [held(lecture, county.members[number])[0] for number in (0, 2)] == ["attended", "attended"]
    assert set(marked(lecture)) == {county.members[1].pk}


def test_a_database_that_is_away_puts_nobody_aside(county: County, lecture: Occasion, monkeypatch: Any) -> None:
    stay(lecture, county.member, until=3000)
    end(lecture)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    RosterEntry.objects.filter(occasion=lecture, member=county.member).update(dirty_at=NOON)

    def is_away(**_asked: Any) -> Any:
        raise OperationalError("the database is away")

    with monkeypatch.context() as away:
        away.setattr(settling, "evidence_of", is_away)
        with pytest.raises(OperationalError):
            operations.settle_dirty(as_of=NOON)
    assert marked(lecture) == {county.member.pk: NOON}
    assert (operations.settle_dirty(as_of=NOON), marked(lecture)) == (1, {})


def test_nobody_is_judged_before_it_opens(county: County) -> None:
    coming = OccasionFactory(training=TrainingFactory(node=county.branch))
    with pytest.raises(operations.UnableToSettle) as refused:
        operations.settle(occasion_id=coming.pk, as_of=START)
    assert (str(refused.value), Record.objects.count()) == (f"occasion {coming.pk} has not opened", 0)


def test_a_turn_ends_where_the_database_is_away_and_counts_no_failure(county: County, monkeypatch: Any) -> None:
    course = OccasionFactory(training=TrainingFactory(node=county.branch), rule=RuleFactory(basis="media"))
    before = surviving.FAILURES._value.get()

    def is_away(**_asked: Any) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as away:
        away.setattr(reconciling, "open_occasion", is_away)
        with pytest.raises(OperationalError):
            operations.reconcile(as_of=START)
    assert (
        Occasion.objects.get(pk=course.pk).state,
        surviving.FAILURES._value.get(),
    ) == ("scheduled", before)
    operations.reconcile(as_of=START)
    assert Occasion.objects.get(pk=course.pk).state == "open"


def test_an_unreadable_rule_stops_no_other_occasion(county: County, lecture: Occasion) -> None:
    other = open_lecture(county.branch)
    for each in (lecture, other):
        be_present(each, county.member, 0, 3600)
        end(each)
    Occasion.objects.filter(pk=lecture.pk).update(rule_stamp={"hours": "many"})
    operations.reconcile(as_of=NOON + HOUR)
    assert held(other, county.member)[0] == "attended"
    be_present(lecture, county.members[1], 0, 3600)
    be_present(other, county.members[1], 0, 3600)
    operations.settle_dirty(as_of=NOON + HOUR)
    assert held(other, county.members[1])[0] == "attended"
    assert set(marked(lecture)) == {county.members[1].pk}


# --- what nobody asked for ------------------------------------------------------------------------------------------


def test_a_forgotten_lecture_is_not_closed_while_somebody_is_there(county: County, lecture: Occasion) -> None:
    key = stay(lecture, county.member)
    operations.reconcile(as_of=NOON + 4 * HOUR)
    lecture.refresh_from_db()
    assert lecture.state == Occasion.State.OPEN
    operations.close_presences(ends=[operations.End(key, NOON, "left")])
    operations.reconcile(as_of=NOON + 4 * HOUR)
    lecture.refresh_from_db()
    assert lecture.state == Occasion.State.SETTLED


# --- what a phone sends late ----------------------------------------------------------------------------------------


def test_an_outbox_is_kept_once_and_answered_the_same(county: County, lecture: Occasion) -> None:
    stay(lecture, county.member, until=100)
    assert claim(lecture, county.member, 100, 140)
    assert not claim(lecture, county.member, 100, 140)
    assert not claim(lecture, county.member, 100, 140, as_of=NOON + 48 * HOUR)
    assert Evidence.objects.filter(kind="outbox").count() == 1


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"ended_at": after(100)}, "结束时间早于开始时间"),
        ({"as_of": NOON + 30 * HOUR}, "24 小时"),
        ({"started_at": after(9000), "ended_at": after(9060)}, "还没有到"),
        ({"device": "p2"}, "没有进入过这场直播"),
        ({"device": "\x00"}, "读不出来"),
    ],
)
def test_an_outbox_that_cannot_count_is_refused_with_a_sentence(
    county: County, lecture: Occasion, values: dict[str, Any], sentence: str
) -> None:
    stay(lecture, county.member, until=100)
    with pytest.raises(operations.UnableToRecordPresence, match=sentence):
        claim(lecture, county.member, 100, 140, **values)
    assert not Evidence.objects.exists()


def test_an_outbox_is_clipped_to_what_can_count(county: County, lecture: Occasion) -> None:
    """From 1970 to 2286 is what a phone said once."""
    stay(lecture, county.member, until=100)
    zero = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert claim(lecture, county.member, 0, 0, started_at=zero, ended_at=zero.replace(year=2286), as_of=NOON)
    row = Evidence.objects.get()
    assert (row.started_at, row.ended_at) == (NOON - dt.timedelta(days=1), NOON)


def test_too_many_outboxes_a_day_are_refused(county: County, lecture: Occasion, monkeypatch: Any) -> None:
    monkeypatch.setattr("attendance.operations.presence.MOST_CLAIMS", 2)
    stay(lecture, county.member, until=100)
    for number in range(2):
        assert claim(lecture, county.member, 100, 140, client_id=f"u{number}")
    with pytest.raises(operations.UnableToRecordPresence, match="次数太多"):
        claim(lecture, county.member, 100, 140, client_id="u9")
    assert claim(lecture, county.member, 100, 140, client_id="u1") is False


# --- a course is edited while people study ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_course_that_is_edited_and_reports_of_those_who_study_never_wait_in_a_circle() -> None:
    county = make_county(members=4)
    course = open_lecture(county.branch, rule=RuleFactory(basis="media"))
    operations.set_media_items(occasion_id=course.pk, items={"v:a": 600_000, "v:b": 600_000})
    start = {"occasion_id": course.pk, "device": "p1", "media": "v:a", "as_of": START}
    sessions = [operations.start_watch(member_id=member.pk, **start).session_id for member in county.members]

    def study(number: int) -> None:
        for turn in range(12):
            operations.report_watched(
                session_id=sessions[number], member_id=county.members[number].pk, client_id=f"{number}-{turn}",
                rate=1.0,
                ranges_ms=[(turn * 1000, turn * 1000 + 900)], position_ms=0, as_of=after(5 * (turn + 1)),
            )  # fmt: skip

    def edit() -> None:
        for turn in range(8):
            operations.set_media_items(occasion_id=course.pk, items={"v:a": 600_000 - turn, "v:b": 600_000})

    works: list[Callable[[], Any]] = [*(lambda number=number: study(number) for number in range(4)), edit]
    with ThreadPoolExecutor(5) as pool:
        for done in [pool.submit(in_own_connection, work) for work in works]:
            done.result(60)
    assert Evidence.objects.filter(kind="watched").count() == 48
