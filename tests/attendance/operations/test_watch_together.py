"""Reports of many phones in one transaction: each credited as it would be alone, each answered after the commit."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import OperationalError, connection, connections
from django.db.models import F

from attendance import operations
from attendance.core.intervals import moment_of, ms_of
from attendance.models import Evidence, Occasion, Record, RosterEntry, WatchBudget, WatchSession
from attendance.operations import UnableToReportWatched, WatchReport, WatchState, watch
from attendance.operations.watch_batch import quoted
from attendance.operations.watch_queue import ReportQueue
from organizations.models import User
from tests.attendance.operations.test_watch import NOON, after, play
from tests.factories.attendance import open_lecture
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def lecture(county: County) -> Occasion:
    return settled(county)


def settled(county: County) -> Occasion:
    """A settled lecture with a replay of an hour; nobody came."""
    lecture = open_lecture(county.branch)
    operations.close_occasion(occasion_id=lecture.pk, as_of=NOON)
    operations.set_replay(occasion_id=lecture.pk, media_ms=3_600_000, media_offset_ms=0, as_of=NOON)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    lecture.refresh_from_db()
    return lecture


def said(session: int, member: User, start_s: float, end_s: float, at: float, client_id: str = "") -> WatchReport:
    ranges = [(int(start_s * 1000), int(end_s * 1000))]
    return WatchReport(session, member.pk, client_id or f"{session}-{at}", ranges, 1.0, int(end_s * 1000), after(at))


def test_each_is_credited_as_it_would_be_alone(county: County, lecture: Occasion) -> None:
    """Honest, too much, nothing, again; the same lines through both doors."""
    other = settled(county)
    took: dict[int, list[list[WatchState | UnableToReportWatched]]] = {}
    for occasion in (lecture, other):
        WatchBudget.objects.all().delete()
        sessions = [play(occasion, member, 0) for member in county.members]
        rounds = [
            [said(key, one, 0, end, 15) for key, one, end in zip(sessions, county.members, (15, 900, 0), strict=True)],
            [said(key, one, 10, 40, 45) for key, one in zip(sessions, county.members, strict=True)],
        ]
        if occasion == lecture:
            took[occasion.pk] = [operations.report_all_watched(reports=each) for each in rounds]
        else:
            took[occasion.pk] = [[watch.report_one_watched(report=one) for one in each] for each in rounds]
    first, second = (
        [(one.accepted_ms, one.credited_ms, one.state, one.position_ms) for each in rounds for one in each]  # type: ignore[union-attr]
        for rounds in took.values()
    )
    assert first == second
    assert first[1] == (18_000, [[0, 18_000]], "missing", 900_000)
    names = ("member_id", "kind", "device", "media", "ranges_ms", "refused_ms", "recorded_at")
    kept = [list(Evidence.objects.filter(occasion=one).order_by("id").values(*names)) for one in (lecture, other)]
    assert kept[0] == kept[1]
    kept = [
        list(WatchSession.objects.filter(occasion=one).order_by("id").values("reports", "ranges_ms", "last_at"))
        for one in (lecture, other)
    ]  # fmt: skip
    assert kept[0] == kept[1]
    marked = RosterEntry.objects.filter(dirty_at__isnull=False, member__in=county.members)
    assert [marked.filter(occasion=one).count() for one in (lecture, other)] == [3, 3]


def test_each_gets_its_own_answer_in_order(county: County, lecture: Occasion) -> None:
    """A second report of one person, one that was kept before, and three that no page of ours sends."""
    one, two, three = county.members
    sessions = {member.pk: play(lecture, member, 0) for member in county.members}
    known = said(sessions[two.pk], two, 0, 5, 5, "known")
    watch.report_one_watched(report=known)
    answers = operations.report_all_watched(
        reports=[
            said(sessions[one.pk], one, 0, 10, 10, "a"),
            said(sessions[one.pk], one, 10, 20, 20, "b"),
            known,
            said(sessions[one.pk], three, 0, 10, 10, "not theirs"),
            said(sessions[three.pk], three, 0, 10, 10, "x" * 65),
        ]
    )
    assert [getattr(answer, "code", "taken") for answer in answers] == [
        "taken", "taken", "taken", "no_session", "bad_request",
    ]  # fmt: skip
    taken = [answer for answer in answers if isinstance(answer, WatchState)]
    assert [(one.accepted_ms, one.credited_ms) for one in taken] == [
        (10_000, [[0, 10_000]]), (10_000, [[0, 20_000]]), (0, [[0, 5_000]]),
    ]  # fmt: skip
    assert Evidence.objects.filter(kind="watched").count() == 3
    assert operations.report_all_watched(reports=[]) == []


def test_whoever_has_no_budget_yet_gets_one(county: County, lecture: Occasion) -> None:
    sessions = [play(lecture, member, 0) for member in county.members]
    WatchBudget.objects.filter(member=county.members[1]).delete()
    reports = [said(key, member, 0, 10, 10) for key, member in zip(sessions, county.members, strict=True)]
    answers = operations.report_all_watched(reports=reports)
    assert [answer.accepted_ms for answer in answers if isinstance(answer, WatchState)] == [10_000] * 3


def test_a_turn_that_another_process_took_is_taken_by_itself(
    county: County, lecture: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading and storing, another process stored a report of one of them: nothing is credited twice."""
    sessions = [play(lecture, member, 0) for member in county.members]
    reports = [said(key, member, 0, 40, 12) for key, member in zip(sessions, county.members, strict=True)]
    real = watch.store_reports

    def late(storing: Sequence[watch.Storing]) -> set[int]:
        monkeypatch.setattr(watch, "store_reports", real)
        watch.report_one_watched(report=said(sessions[0], county.members[0], 100, 140, 11, "quicker"))
        stored = real(storing)
        assert stored == {one.pk for one in county.members[1:]}
        return stored

    monkeypatch.setattr(watch, "store_reports", late)
    answers = operations.report_all_watched(reports=reports)
    taken = [answer.accepted_ms for answer in answers if isinstance(answer, WatchState)]
    assert taken == [1_000, 15_000, 15_000]
    assert Evidence.objects.filter(member=county.members[0]).count() == 2


def test_who_has_enough_is_judged_at_once(county: County, lecture: Occasion) -> None:
    Occasion.objects.filter(pk=lecture.pk).update(media_ms=1_800_000)
    sessions = [play(lecture, member, 0) for member in county.members]
    for n in range(1, 5):
        reports = [
            said(key, member, (n - 1) * 500, n * 500, n * 500)
            for key, member in zip(sessions, county.members[:2], strict=False)
        ]
        answers = operations.report_all_watched(reports=reports)
    assert [answer.state for answer in answers if isinstance(answer, WatchState)] == ["made_up", "made_up"]
    assert Record.objects.get(occasion=lecture, member=county.members[2]).stands == "missing"


def test_a_batch_asks_one_question_more_than_one_report(
    county: County, lecture: Occasion, django_assert_num_queries: Callable[[int], object]
) -> None:
    sessions = [play(lecture, member, 0) for member in county.members]
    reports = [said(key, member, 0, 10, 10) for key, member in zip(sessions, county.members, strict=True)]
    # What an occasion's sessions share is read once, not once a report. With the two of a savepoint, in a test only.
    count = 3 if connection.vendor == "postgresql" else 9
    with django_assert_num_queries(count):  # type: ignore[attr-defined]
        operations.report_all_watched(reports=reports)
    assert WatchBudget.objects.filter(turn=1).count() == 3


ODD = ['a"b', "a\\", "{1,2}", "NULL", "a, b", "中文'", "%s"]


def test_any_id_and_any_moment_is_kept_as_it_was(county: County, lecture: Occasion) -> None:
    """A batch goes over as text, taken apart by the database."""
    one, two, _three = county.members
    sessions = {member.pk: play(lecture, member, 0) for member in (one, two)}
    for number, odd in enumerate(ODD):
        reports = [
            replace(said(sessions[member.pk], member, number * 5, number * 5 + 5, 0, odd), as_of=moment(number))
            for member in (one, two)
        ]
        answers = operations.report_all_watched(reports=reports)
        assert [getattr(answer, "accepted_ms", answer) for answer in answers] == [5_000, 5_000], odd
        kept = Evidence.objects.filter(client_id=odd).order_by("member_id")
        assert [(row.member_id, row.recorded_at) for row in kept] == [
            (one.pk, moment(number)),
            (two.pk, moment(number)),
        ]
        last_at = moment_of(ms_of(moment(number)))
        assert WatchSession.objects.get(pk=sessions[one.pk]).last_at == last_at
        assert WatchBudget.objects.get(member=one).filled_at == last_at


def moment(number: int) -> dt.datetime:
    """A moment with microseconds, as the clock gives it."""
    return after(10 * number + 5) + dt.timedelta(microseconds=123_456 + number)


def test_who_is_marked_stays_so_and_who_was_put_aside_comes_back(county: County, lecture: Occasion) -> None:
    """A mark that is there is not written again by each report; one that waits for later is."""
    sessions = [play(lecture, member, 0) for member in county.members]
    earlier, later = NOON, after(7200)
    entries = RosterEntry.objects.filter(occasion=lecture)
    for member, at in zip(county.members, (earlier, later, None), strict=True):
        entries.filter(member=member).update(dirty_at=at)
    reports = [said(key, member, 0, 10, 10) for key, member in zip(sessions, county.members, strict=True)]
    operations.report_all_watched(reports=reports)
    now = reports[0].as_of
    assert [entries.get(member=member).dirty_at for member in county.members] == [earlier, now, now]


@pytest.mark.django_db(transaction=True)
def test_many_threads_report_for_the_same_people() -> None:
    """Three people, four phones each, at the same moment: nobody earns more than one clock and one budget allow."""
    county = make_county()
    lecture = settled(county)
    sessions = [(play(lecture, one, 0, device=f"p{n}"), one) for one in county.members for n in range(4)]
    start = threading.Barrier(len(sessions))

    def post(key: int, member: User, number: int) -> WatchState:
        start.wait()
        try:
            return operations.report_together(said(key, member, number * 30, number * 30 + 30, 10))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(sessions)) as pool:
        done = [pool.submit(post, key, one, n) for n, (key, one) in enumerate(sessions)]
        answers = [one.result() for one in done]
    assert len(answers) == 12
    for member in county.members:
        ranges = Evidence.objects.filter(member=member, kind="watched").values_list("ranges_ms", flat=True)
        assert sum(end - start for pairs in ranges for start, end in pairs) == 50_000  # 30 + 2 x 10
        assert WatchBudget.objects.get(member=member).turn == 4


# --- The queue -----------------------------------------------------------------------------------------------------
STATE = WatchState(session_id=1, position_ms=0, accepted_ms=0, credited_ms=[], total_ms=1, state="pending")


def numbered(number: int) -> WatchReport:
    return WatchReport(number, number, str(number), [], 1.0, 0, dt.datetime(2026, 9, 1, tzinfo=dt.UTC))


class Store:
    """What stores waits until it is let go, as a slow commit does."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.first = threading.Event()
        self.go = threading.Event()

    def alone(self, report: WatchReport) -> WatchState:
        self.batches.append([report.member_id])
        self.first.set()
        assert self.go.wait(60)
        if report.member_id == 13:
            raise OperationalError("thirteen")
        return STATE

    def all(self, reports: Sequence[WatchReport]) -> list[WatchState | UnableToReportWatched]:
        if any(one.member_id == 13 for one in reports):
            raise ValueError("one of them")
        self.batches.append([one.member_id for one in reports])
        return [UnableToReportWatched("no_session") if one.member_id == 7 else STATE for one in reports]


def queued(numbers: Sequence[int]) -> tuple[Store, dict[int, object]]:
    """Let one report begin and the others come while it is stored; return how they were stored and answered."""
    store, answers = Store(), {}
    queue = ReportQueue(store=store.all, alone=store.alone)

    def take(number: int) -> None:
        try:
            answers[number] = queue.take(numbered(number))
        except (OperationalError, UnableToReportWatched) as error:
            answers[number] = error

    with ThreadPoolExecutor(len(numbers)) as pool:
        pool.submit(take, numbers[0])
        assert store.first.wait(60)
        for number in numbers[1:]:
            pool.submit(take, number)
        until = time.monotonic() + 60
        while len(queue._waiting) < len(numbers) - 1 and time.monotonic() < until:
            time.sleep(0.005)
        store.go.set()
    assert queue._waiting == []
    return store, answers


def test_a_lone_report_waits_for_nobody() -> None:
    store, answers = queued([1])
    assert (store.batches, answers) == ([[1]], {1: STATE})


def test_who_comes_while_one_is_stored_goes_together() -> None:
    store, answers = queued([1, 2, 7, 4])
    assert (store.batches[0], sorted(store.batches[1])) == ([1], [2, 4, 7])
    assert [answers[one] for one in (1, 2, 4)] == [STATE] * 3
    assert isinstance(answers[7], UnableToReportWatched)


def test_one_that_fails_takes_nobody_with_it() -> None:
    store, answers = queued([1, 2, 13, 4])
    assert sorted(store.batches) == [[1], [2], [4], [13]]
    assert [answers[one] for one in (1, 2, 4)] == [STATE] * 3
    assert str(answers[13]) == "thirteen"


def test_after_a_failure_the_next_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    store.go.set()
    queue = ReportQueue(store=store.all, alone=store.alone)
    with pytest.raises(OperationalError):
        queue.take(numbered(13))
    assert queue.take(numbered(1)) == STATE


def test_more_than_a_batch_holds_is_stored_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.operations.watch_queue.MOST", 2)
    store, answers = queued([1, 2, 3, 4, 5])
    assert sorted(len(one) for one in store.batches) == [1, 2, 2]
    assert list(answers.values()) == [STATE] * 5


def test_unused_turns_are_none(county: County, lecture: Occasion) -> None:
    """The queue of the process stores through the real thing."""
    key = play(lecture, county.member, 0)
    assert operations.report_together(said(key, county.member, 0, 10, 10)).accepted_ms == 10_000
    assert WatchBudget.objects.filter(member=county.member).update(turn=F("turn")) == 1


def test_a_text_stays_itself_as_an_element_of_an_array() -> None:
    assert quoted('a"b\\c') == '"a\\"b\\\\c"'
