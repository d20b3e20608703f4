"""Watch time: one budget a person, whatever the session, device or occasion; courses as they are now."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import F

from attendance import operations
from attendance.core.watch import BUDGET_START_MS
from attendance.models import Evidence, Occasion, Record, RosterEntry, Training, WatchBudget, WatchSession
from attendance.operations import watch as watching
from attendance.queries import judged
from attendance.sentences.records import sentence
from organizations.models import User
from tests.factories.attendance import HOUR, START, OccasionFactory, RuleFactory, TrainingFactory, open_lecture
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = START + HOUR


def after(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    """A settled lecture with a replay of an hour; nobody came."""
    lecture = open_lecture(county.branch)
    operations.close_occasion(occasion_id=lecture.pk, as_of=NOON)
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=NOON)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    return lecture


@pytest.fixture
def course(county: County) -> Occasion:
    """A running course of two films, 100 s each, of which 160 s are asked."""
    training = TrainingFactory(node=county.branch)
    course = OccasionFactory(training=training, rule=RuleFactory(basis="media"), kind="course")
    operations.set_media_items(occasion_id=course.pk, items={"a": 100_000, "b": 100_000})
    operations.open_occasion(occasion_id=course.pk, as_of=START)
    return course


def play(occasion: Occasion, member: User, at: float, media: str = "replay", device: str = "p1") -> int:
    return operations.start_watch(
        occasion_id=occasion.pk, member_id=member.pk, device=device, media=media, as_of=after(at)
    ).session_id


def report(session: int, member: User, start_s: float, end_s: float, at: float, **values: Any) -> operations.WatchState:
    return operations.report_watched(
        **{
            "session_id": session, "member_id": member.pk, "client_id": f"{session}-{at}", "rate": 1.0,
            "ranges_ms": [(int(start_s * 1000), int(end_s * 1000))], "position_ms": 0, "as_of": after(at), **values,
        }
    )  # fmt: skip


def watch(course: Occasion, member: User, media: str, seconds: int, at: float) -> operations.WatchState:
    return report(play(course, member, at, media), member, 0, seconds, at + seconds)


def record(occasion: Occasion, member: User) -> Record:
    return Record.objects.get(occasion=occasion, member=member)


def dirty(occasion: Occasion) -> list[int]:
    marked = RosterEntry.objects.filter(occasion=occasion, dirty_at__isnull=False)
    return list(marked.order_by("member_id").values_list("member_id", flat=True))


# --- The budget ----------------------------------------------------------------------------------------------------
def test_many_sessions_earn_no_more_than_one(county: County, lecture: Occasion) -> None:
    """28 sessions, six seconds later a report in each of 14 s: the budget holds 30 s and 2 s for each second."""
    sessions = [play(lecture, county.member, 0, device=f"p{n}") for n in range(28)]
    taken = [report(one, county.member, 14 * n, 14 * n + 14, 6, rate=16.0) for n, one in enumerate(sessions)]
    assert sum(state.accepted_ms for state in taken) == 42_000
    assert taken[-1].credited_ms == [[0, 42_000]]
    assert report(sessions[0], county.member, 100, 200, 16, rate=2.0).accepted_ms == 20_000


def test_the_budget_is_the_persons_at_every_occasion(county: County, lecture: Occasion, course: Occasion) -> None:
    one, two = play(lecture, county.member, 0), play(course, county.member, 0, "a", "p2")
    assert report(one, county.member, 0, 60, 30, rate=2.0).accepted_ms == 60_000
    assert report(two, county.member, 0, 60, 30, rate=2.0).accepted_ms == BUDGET_START_MS
    other = play(lecture, county.members[1], 0)
    assert report(other, county.members[1], 0, 60, 30, rate=2.0).accepted_ms == 60_000


def test_one_report_is_ten_minutes_of_clock_at_most(county: County, lecture: Occasion) -> None:
    assert report(play(lecture, county.member, 0), county.member, 0, 3600, 8 * 3600).accepted_ms == 603_000


def test_a_session_from_before_there_were_budgets_gets_one(county: County, lecture: Occasion) -> None:
    session = play(lecture, county.member, 0)
    WatchBudget.objects.all().delete()
    assert report(session, county.member, 0, 15, 15).accepted_ms == 15_000
    budget = WatchBudget.objects.get(member=county.member)
    assert (budget.held_ms, budget.filled_at, budget.turn) == (30_000 + 30_000 - 15_000, after(15), 1)


def test_a_clock_that_stepped_back_fills_no_budget_twice(county: County, lecture: Occasion) -> None:
    session = play(lecture, county.member, 0)
    assert report(session, county.member, 0, 15, 15).accepted_ms == 15_000
    assert report(session, county.member, 15, 60, -40).accepted_ms == 3_000
    assert report(session, county.member, 20, 60, 25).accepted_ms == 10_000
    assert WatchBudget.objects.get().filled_at == after(25)


def test_a_clock_that_was_set_a_day_ahead_and_back_takes_nothing_from_anybody(
    county: County, lecture: Occasion
) -> None:
    session = play(lecture, county.member, 0)
    assert report(session, county.member, 0, 15, 15).accepted_ms == 15_000
    report(session, county.member, 15, 30, 86_400)
    report(session, county.member, 30, 45, 45)  # back: what lies ahead is taken for a slip, and time goes on from here
    taken = [report(session, county.member, at, at + 15, at + 15).accepted_ms for at in range(45, 345, 15)]
    assert taken == [15_000] * 20


@pytest.mark.django_db(transaction=True)
def test_reports_of_many_sessions_at_once_share_the_budget() -> None:
    """Eight connections at the same moment: none of them spends what another spent, and every answer is true."""
    county = make_county()
    lecture = open_lecture(county.branch)
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=NOON)
    sessions = [play(lecture, county.member, 0, device=f"p{n}") for n in range(8)]

    def post(number: int) -> int:
        try:
            start = number * 20
            return report(
                sessions[number % 8], county.member, start, start + 20, 10, client_id=f"r{number}"
            ).accepted_ms
        except operations.UnableToReportWatched:
            return 0  # busy: the phone sends it again
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as threads:
        accepted = list(threads.map(post, range(16)))
    budget = WatchBudget.objects.get(member=county.member)
    kept = sum(end - start for one in Evidence.objects.filter(kind="watched") for start, end in one.ranges_ms)
    assert sum(accepted) == kept <= BUDGET_START_MS + 20_000
    assert budget.held_ms == BUDGET_START_MS + 20_000 - kept
    assert budget.turn == Evidence.objects.filter(kind="watched").count()
    assert sum(WatchSession.objects.values_list("reports", flat=True)) == budget.turn


# --- Which session, when ------------------------------------------------------------------------------------------
def test_a_session_of_another_occasion_is_none(county: County, lecture: Occasion, course: Occasion) -> None:
    session = play(lecture, county.member, 0)
    with pytest.raises(operations.UnableToReportWatched) as refused:
        report(session, county.member, 0, 15, 15, occasion_id=course.pk)
    assert (refused.value.code, Evidence.objects.count()) == ("no_session", 0)
    assert report(session, county.member, 0, 15, 15, occasion_id=lecture.pk).accepted_ms == 15_000


@pytest.mark.parametrize("state", [Occasion.State.VOID, Occasion.State.NOT_HELD])
def test_nothing_is_to_be_watched_where_nothing_counts(county: County, lecture: Occasion, state: str) -> None:
    Occasion.objects.update(state=state)
    with pytest.raises(operations.UnableToStartWatch) as refused:
        play(lecture, county.member, 0)
    assert refused.value.code == "void"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"device": ""}, "bad_request"),
        ({"device": "p" * 41}, "bad_request"),
        ({"media": "a\x00"}, "bad_request"),
        ({"occasion_id": 0}, "not_open"),
    ],
    ids=str,
)
def test_what_no_page_asks_for_begins_nothing(
    county: County, lecture: Occasion, changed: dict[str, Any], code: str
) -> None:
    values = {"occasion_id": lecture.pk, "member_id": county.member.pk, "device": "p1", "media": "replay", **changed}
    with pytest.raises(operations.UnableToStartWatch) as refused:
        operations.start_watch(**values, as_of=NOON)
    assert (refused.value.code, WatchSession.objects.count()) == (code, 0)


def test_a_course_is_not_watched_before_it_opens(county: County) -> None:
    coming = OccasionFactory(training=TrainingFactory(node=county.branch), kind="course", media_ms=100_000)
    with pytest.raises(operations.UnableToStartWatch) as refused:
        play(coming, county.member, 0)
    assert refused.value.code == "not_open"


def overtaken(monkeypatch: pytest.MonkeyPatch, event: Callable[[], Any], *, times: int) -> None:
    """Let something happen between the reading and the writing of the next so many tries."""
    read, left = watching.read_session, [event] * times

    def read_and_be_overtaken(*asked: Any) -> Any:
        found = read(*asked)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(watching, "read_session", read_and_be_overtaken)


def test_one_id_through_two_sessions_at_once_is_one_report(
    county: County, lecture: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = play(lecture, county.member, 0), play(lecture, county.member, 0, device="p2")
    overtaken(monkeypatch, lambda: report(two, county.member, 0, 15, 15, client_id="same"), times=1)
    second = report(one, county.member, 0, 15, 15, client_id="same")
    assert (second.accepted_ms, second.credited_ms) == (0, [[0, 15_000]])
    assert list(Evidence.objects.filter(kind="watched").values_list("client_id", "ranges_ms")) == [
        ("same", [[0, 15_000]])
    ]


@pytest.mark.parametrize(("times", "code"), [(watching.TRIES - 1, ""), (watching.TRIES, "busy")])
def test_a_report_that_is_always_overtaken_is_to_be_sent_again(
    county: County, lecture: Occasion, monkeypatch: pytest.MonkeyPatch, times: int, code: str
) -> None:
    session = play(lecture, county.member, 0)
    overtaken(monkeypatch, lambda: WatchBudget.objects.update(turn=F("turn") + 1), times=times)
    said = ""
    try:
        report(session, county.member, 0, 15, 15)
    except operations.UnableToReportWatched as refused:
        said = refused.code
    assert (said, Evidence.objects.count()) == (code, 0 if code else 1)


def test_after_the_deadline_it_is_kept_and_said(county: County, lecture: Occasion) -> None:
    session = play(lecture, county.member, 14 * 86400 - 10)
    assert not report(session, county.member, 0, 10, 14 * 86400).is_late
    late = report(session, county.member, 10, 20, 14 * 86400 + 10)
    assert (late.is_late, late.accepted_ms) == (True, 10_000)
    operations.settle_dirty(as_of=after(14 * 86400 + 30))
    assert [reason["code"] for reason in record(lecture, county.member).reasons] == ["share", "watched", "watched_late"]


# --- When it is judged --------------------------------------------------------------------------------------------
def test_the_first_report_of_a_course_makes_a_record(county: County, course: Occasion) -> None:
    """Who is half through is not somebody without a record, for any page."""
    state = watch(course, county.member, "a", 40, 0)
    mine = record(course, county.member)
    assert (state.state, mine.state, mine.union_ms) == ("pending", "pending", 40_000)
    assert dirty(course) == []


def test_later_reports_wait_for_the_sweep_or_decide(county: County, course: Occasion) -> None:
    watch(course, county.member, "a", 40, 0)
    session = play(course, county.member, 100, "a")
    report(session, county.member, 40, 60, 120)
    assert (record(course, county.member).union_ms, dirty(course)) == (40_000, [county.member.pk])
    assert operations.settle_dirty(as_of=after(130)) == 1
    assert (record(course, county.member).union_ms, dirty(course)) == (60_000, [])
    watch(course, county.member, "b", 99, 200)
    assert record(course, county.member).state == "pending"
    assert report(session, county.member, 60, 61, 500).state == "attended"
    assert dirty(course) == []


def test_what_nobody_accepted_is_not_judged(county: County, course: Occasion) -> None:
    session = play(course, county.member, 0, "a")
    assert report(session, county.member, 0, 0, 10).state == "pending"
    assert not Record.objects.exists()


def test_a_short_recording_is_made_up_at_once(county: County, lecture: Occasion) -> None:
    """45 of 60 minutes recorded; 36 of them are enough, and the very report that reaches it is judged."""
    operations.set_replay(occasion_id=lecture.pk, media_ms=2_700_000, media_offset_ms=-900_000, as_of=NOON)
    session = play(lecture, county.member, 0)
    states = [report(session, county.member, at - 540, at, at).state for at in range(540, 2161, 540)]
    assert states == ["missing", "missing", "missing", "made_up"]
    [said] = [sentence(one) for one in record(lecture, county.member).reasons if one["code"] == "share"]
    assert said == "有录像的部分已看 36 分钟，占 80%"


# --- Courses that change ------------------------------------------------------------------------------------------
def change(course: Occasion, items: dict[str, int]) -> None:
    operations.set_media_items(occasion_id=course.pk, items=items)
    operations.settle_dirty(as_of=after(5_000))


def test_what_was_taken_out_of_a_course_earns_nothing(county: County, course: Occasion) -> None:
    watch(course, county.member, "a", 100, 0)
    change(course, {"b": 100_000, "c": 100_000})
    mine = record(course, county.member)
    assert (mine.state, mine.union_ms, mine.replay_ms) == ("pending", 0, 0)
    watch(course, county.member, "b", 100, 1_000)
    assert watch(course, county.member, "c", 60, 2_000).state == "attended"


def test_a_film_that_became_shorter_earns_its_length(county: County, course: Occasion) -> None:
    watch(course, county.member, "a", 100, 0)
    change(course, {"a": 30_000, "b": 100_000})
    assert record(course, county.member).union_ms == 30_000
    assert watch(course, county.member, "b", 73, 1_000).state == "pending"
    assert report(play(course, county.member, 2_000, "b"), county.member, 73, 74, 2_001).state == "attended"


def test_who_had_finished_stays_finished_with_what_they_finished(county: County, course: Occasion) -> None:
    watch(course, county.member, "a", 100, 0)
    assert watch(course, county.member, "b", 60, 1_000).state == "attended"
    watch(course, county.members[1], "a", 100, 0)
    change(course, {"b": 100_000, "c": 100_000})
    change(course, {"b": 60_000, "c": 100_000})
    mine = record(course, county.member)
    assert (mine.state, mine.hours) == ("attended", 1)
    assert [sentence(reason) for reason in mine.reasons][1] == (
        "课程后来有改动；改动前（截至 2026年9月1日）已经学完，仍然有效"
    )
    assert record(course, county.members[1]).state == "pending"
    operations.close_occasion(occasion_id=course.pk, as_of=NOON + HOUR)
    operations.settle(occasion_id=course.pk, as_of=NOON + HOUR)
    assert [record(course, member).state for member in county.members] == ["attended", "missing", "missing"]
    course.refresh_from_db()
    assert judged(occasion=course, member_id=county.member.pk, as_of=NOON).done_ms == 160_000


def test_nothing_is_kept_of_a_course_that_nobody_watched_or_that_stays_the_same(
    county: County, course: Occasion
) -> None:
    operations.set_media_items(occasion_id=course.pk, items={"b": 100_000})
    operations.set_media_items(occasion_id=course.pk, items={"a": 100_000, "b": 100_000})
    watch(course, county.member, "a", 50, 0)
    operations.set_media_items(occasion_id=course.pk, items={"b": 100_000, "a": 100_000})
    course.refresh_from_db()
    assert (course.media_history, dirty(course)) == ([], [])
    assert Training.objects.count() == 1


def test_a_report_costs_one_read_and_one_write(
    county: County, lecture: Occasion, django_assert_num_queries: Any
) -> None:
    session = play(lecture, county.member, 0)
    report(session, county.member, 0, 15, 15)
    at_once = connection.vendor == "postgresql"
    # On SQLite, in a test, the four of a write stand in a savepoint.
    with django_assert_num_queries(1 + (1 if at_once else 6)):
        report(session, county.member, 15, 30, 30)


def test_beginning_costs_three_statements(
    county: County, lecture: Occasion, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """How it stands here, what was watched of it on any phone, the session; and the transaction's two."""
    play(lecture, county.member, 0)  # the first ever gives a budget too
    with django_assert_num_queries(3 + 2):
        play(lecture, county.member, 1, device="p2")


def test_where_one_left_off_and_what_counts_is_of_all_phones(county: County, lecture: Occasion) -> None:
    first, second = play(lecture, county.member, 0), play(lecture, county.member, 0, device="p2")
    report(first, county.member, 0, 20, 60, position_ms=20_000)
    report(second, county.member, 30, 50, 120, position_ms=50_000)
    begun = operations.start_watch(
        occasion_id=lecture.pk, member_id=county.member.pk, device="p3", media="replay", as_of=after(180)
    )
    assert (begun.position_ms, begun.credited_ms) == (50_000, [[0, 20_000], [30_000, 50_000]])
    kept = WatchSession.objects.get(pk=begun.session_id)
    assert (kept.started_at, kept.last_at, kept.position_ms) == (after(180), after(180), 50_000)
    assert (kept.ranges_ms, kept.reports, kept.media_ms, kept.buffer_ms) == ([], 0, 3_600_000, 3000)
