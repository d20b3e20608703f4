"""Large rosters are prepared ahead and completed in steps: always what one snapshot at the opening would have been."""

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from attendance import events, operations, tasks
from attendance.models import Evidence, Occasion, Record, RosterEntry, RosterWork, Rule, Training, WatchSession
from attendance.operations import rosters
from attendance.operations.narrowing import UnableToNarrowTraining, narrow_training
from attendance.queries import is_expected
from attendance.queries.concerned import concerned_by
from attendance.queries.personal import held_about
from attendance.reports import Scope, report_named
from attendance.reports.render import facts
from attendance.reports.standing import overview
from live.models import Lecture
from live.operations import cancel_lecture, go_live
from live.permissions import rights_now
from organizations.models import Membership, Node, User
from organizations.operations import end_membership, exempt_member, join_node, leave_node, transfer_member
from tests.factories.attendance import HOUR, START, OccasionFactory, RuleFactory, TrainingFactory, be_present
from tests.factories.live import LectureFactory
from tests.factories.organizations import County, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = START.date()
BEFORE = START - dt.timedelta(minutes=20)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight people are a city here."""
    monkeypatch.setattr(rosters, "AT_ONCE", 4)
    monkeypatch.setattr(rosters, "STEP", 3)


@pytest.fixture
def county() -> County:
    return make_county(members=3)


@pytest.fixture
def lecture(county: County) -> Occasion:
    planned: Occasion = OccasionFactory(training=TrainingFactory(node=county.county), node=county.county)
    return planned


def roster(occasion: Occasion, manager: str = "objects") -> dict[int, tuple[int, str, str]]:
    rows = getattr(RosterEntry, manager).filter(occasion_id=occasion.pk)
    return {row[0]: row[1:] for row in rows.values_list("member_id", "node_id", "state", "why")}


def at_once(occasion: Occasion) -> dict[int, tuple[int, str, str]]:
    """What one snapshot of now would be."""
    twin: Occasion = OccasionFactory(training=occasion.training, node=occasion.node)
    rosters.write_members(twin.pk, twin.node, DAY)
    found = roster(twin)
    twin.roster.all().delete()
    twin.delete()
    return found


def prepare(as_of: dt.datetime = BEFORE) -> int:
    return operations.prepare_rosters(as_of=as_of)


def open_it(occasion: Occasion, *, complete: bool = True) -> None:
    operations.open_occasion(occasion_id=occasion.pk, as_of=START)
    if complete:
        operations.complete_roster(occasion_id=occasion.pk)


def test_a_small_roster_is_whole_with_the_opening(county: County) -> None:
    small: Occasion = OccasionFactory(training=TrainingFactory(node=county.branch), node=county.branch)
    assert prepare() == 0
    open_it(small, complete=False)
    assert set(roster(small)) == {one.pk for one in [*county.members, county.secretary]}
    assert not RosterWork.objects.exists()


def test_what_is_prepared_is_nobodys_expectation(county: County, lecture: Occasion, client: Client) -> None:
    """Finding: ops 12b. Every row is there, and no page, count, download or question knows of one."""
    scope = Scope(lecture.training, county.county, BEFORE)
    member = county.member
    client.force_login(member)
    assert held_about(member, BEFORE)["roster"] == []
    assert prepare() > 1
    assert len(roster(lecture, "prepared_too")) == len(at_once(lecture))
    assert roster(lecture) == {}
    assert lecture.title not in client.get("/me/").content.decode()
    assert held_about(member, BEFORE)["roster"] == []
    assert client.get(f"/me/{lecture.pk}/").status_code == 404
    assert overview(scope).people == []
    assert list(report_named("records").rows(scope)) == []
    assert list(lecture.roster.all()) == []
    assert is_expected(occasion=lecture, member_id=member.pk), "by where they belong, as before"
    assert prepare() == 0, "everybody is written"


@pytest.mark.parametrize("is_prepared", [True, False])
def test_the_roster_is_what_one_snapshot_would_be(county: County, lecture: Occasion, is_prepared: bool) -> None:
    if is_prepared:
        prepare()
    gone, moved, excused, left = county.members[0], county.members[1], county.members[2], county.neighbours[0]
    leave_node(member_id=gone.pk, on_date=DAY)
    transfer_member(member_id=moved.pk, node_id=county.neighbour.pk, on_date=DAY)
    exempt_member(member_id=excused.pk, from_date=DAY)
    end_membership(member_id=left.pk, because="transferred", on_date=DAY, as_of=START)
    fresh = UserFactory()
    join_node(member_id=fresh.pk, node_id=county.branch.pk, on_date=DAY)
    open_it(lecture)
    assert roster(lecture) == at_once(lecture)
    assert fresh.pk in roster(lecture)
    assert gone.pk not in roster(lecture)
    assert not RosterWork.objects.exists()


def test_opening_is_short_and_the_rest_is_written_in_steps(county: County, lecture: Occasion) -> None:
    prepare()
    open_it(lecture, complete=False)
    assert RosterWork.objects.get(pk=lecture.pk).is_ahead is False
    assert set(roster(lecture)) == set(at_once(lecture)), "what was prepared holds at once"
    steps = []
    while rosters.take_step(lecture.pk, is_ahead=False, size=3):
        steps.append(RosterWork.objects.get(pk=lecture.pk).after_member_id)
    assert len(steps) >= 2
    assert steps == sorted(steps)


def test_who_is_not_on_it_yet_is_entered_by_their_own_door(county: County, lecture: Occasion) -> None:
    LectureFactory(occasion=lecture, lecturer=county.lecturer)
    outsider = UserFactory()
    open_it(lecture, complete=False)
    lecture.refresh_from_db()
    assert roster(lecture) == {}
    assert is_expected(occasion=lecture, member_id=county.member.pk)
    assert not is_expected(occasion=lecture, member_id=outsider.pk)
    rights = rights_now(occasion_id=lecture.pk, user_ids=[county.member.pk, outsider.pk], on_date=DAY)
    assert rights.allowed == {county.member.pk}
    be_present(lecture, county.member, 0, 600)
    assert set(roster(lecture)) == {county.member.pk}
    be_present(lecture, outsider, 0, 600)
    assert set(roster(lecture)) == {county.member.pk}
    # Whoever took part stays, wherever they go in the same minute.
    transfer_member(member_id=county.member.pk, node_id=county.neighbour.pk, on_date=DAY)
    operations.complete_roster(occasion_id=lecture.pk)
    assert roster(lecture)[county.member.pk] == (county.branch.pk, "expected", "")
    assert set(roster(lecture)) == set(at_once(lecture))


@pytest.mark.parametrize("page", ["/", "/me/"])
def test_a_page_of_ones_own_shows_it_at_once(county: County, lecture: Occasion, client: Client, page: str) -> None:
    LectureFactory(occasion=lecture, lecturer=county.lecturer)
    open_it(lecture, complete=False)
    client.force_login(county.member)
    assert lecture.title in client.get(page).content.decode()


def test_counts_say_that_the_roster_is_being_written(county: County, lecture: Occasion, client: Client) -> None:
    client.force_login(county.organiser)
    open_it(lecture, complete=False)
    prepared_half = rosters.take_step(lecture.pk, is_ahead=False, size=3)
    assert prepared_half
    assert roster(lecture)
    page = f"/branch/{lecture.training_id}/?node={county.county.pk}"
    text = client.get(page).content.decode()
    assert "名单正在整理" in text
    assert "大家都参加了" not in text
    assert "名单正在整理" in client.get("/branch/").content.decode()
    scope = Scope(lecture.training, Node.objects.get(pk=county.county.pk), START)
    assert overview(scope).people == []
    assert lecture.title in dict(facts(report_named("missing"), scope)).get("名单正在整理，还没有列入", "")
    lecture.refresh_from_db()
    assert concerned_by(lecture, as_of=START).expected == len(at_once(lecture))
    operations.complete_roster(occasion_id=lecture.pk)
    assert "名单正在整理" not in client.get(page).content.decode()
    assert len(overview(scope).people) == len(at_once(lecture))


def test_settling_waits_for_the_roster(county: County, lecture: Occasion) -> None:
    prepare()
    open_it(lecture, complete=False)
    operations.close_occasion(occasion_id=lecture.pk, as_of=START + HOUR)
    operations.settle(occasion_id=lecture.pk, as_of=START + HOUR)
    assert Occasion.objects.get(pk=lecture.pk).state == Occasion.State.SETTLED
    assert set(Record.objects.values_list("member_id", flat=True)) == set(roster(lecture)) == set(at_once(lecture))


def test_a_worker_that_died_is_followed_by_reconcile(county: County, lecture: Occasion) -> None:
    open_it(lecture, complete=False)
    rosters.take_step(lecture.pk, is_ahead=False, size=3)
    operations.reconcile(as_of=START + dt.timedelta(seconds=30))
    assert RosterWork.objects.exists(), "its own task is still at it"
    operations.reconcile(as_of=START + dt.timedelta(seconds=61))
    assert roster(lecture) == at_once(lecture)


def test_mark_of_a_course_is_kept_while_its_roster_is_written(county: County) -> None:
    course: Occasion = OccasionFactory(
        training=TrainingFactory(node=county.county), node=county.county, kind="course",
        rule=RuleFactory(basis=Rule.Basis.MEDIA), ends_at=START + 48 * HOUR, media_ms=60_000,
    )  # fmt: skip
    open_it(course, complete=False)
    watch = operations.start_watch(
        occasion_id=course.pk, member_id=county.member.pk, device="p", media="v", as_of=START
    )
    assert set(roster(course)) == {county.member.pk}
    operations.report_watched(
        session_id=watch.session_id, member_id=county.member.pk, client_id="c1", ranges_ms=[[0, 60_000]], rate=1,
        position_ms=60_000, as_of=START + dt.timedelta(seconds=60),
    )  # fmt: skip
    operations.complete_roster(occasion_id=course.pk)
    operations.settle_dirty(as_of=START + HOUR)
    assert Record.objects.get(member=county.member).state == "attended"


def seen_in_the_room(occasion: Occasion, member_id: int) -> None:
    lease_id = operations.start_lease(name="one", as_of=START)
    join = operations.Join(occasion.pk, member_id, "p", lease_id, START)
    operations.open_presences(joins=[join])


def seen_at_the_replay(occasion: Occasion, member_id: int) -> None:
    WatchSession.objects.create(
        occasion=occasion, member_id=member_id, device="p", media="v", media_ms=60_000, started_at=START, last_at=START
    )


def known_by_evidence(occasion: Occasion, member_id: int) -> None:
    Evidence.objects.create(
        occasion=occasion, member_id=member_id, kind="hall", device="", recorded_at=START,
        started_at=START, ended_at=START + HOUR,
    )  # fmt: skip


def judged_already(occasion: Occasion, member_id: int) -> None:
    Record.objects.create(occasion=occasion, member_id=member_id, state="attended", judged_at=START)


@pytest.mark.parametrize("trace", [seen_in_the_room, seen_at_the_replay, known_by_evidence, judged_already])
def test_whoever_has_taken_part_is_not_taken_off(
    county: County, lecture: Occasion, trace: Callable[[Occasion, int], None]
) -> None:
    """Both moved away in the evening before, and stand there by what was prepared; one of them has left a trace."""
    prepare()
    there, gone = county.members[0], county.members[1]
    open_it(lecture, complete=False)
    trace(lecture, there.pk)
    for one in (there, gone):
        leave_node(member_id=one.pk, on_date=DAY)
    operations.complete_roster(occasion_id=lecture.pk)
    assert there.pk in roster(lecture)
    assert gone.pk not in roster(lecture)


def test_what_is_small_is_not_counted_at_every_turn(
    county: County, lecture: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding: the people of each lecture of a township were counted every 30 s for five hours."""
    monkeypatch.setattr(rosters, "AT_ONCE", 100)
    with CaptureQueriesContext(connection) as first:
        assert prepare() == 0
    with CaptureQueriesContext(connection) as second:
        assert prepare(BEFORE + dt.timedelta(seconds=30)) == 0
    assert len(second) == 2 < len(first), "what was called off, and what is soon"
    monkeypatch.setattr(rosters, "AT_ONCE", 4)  # many have come in meanwhile
    assert prepare(BEFORE + dt.timedelta(seconds=599)) == 0
    assert prepare(BEFORE + dt.timedelta(seconds=600)) > 1


def test_a_broker_that_is_away_keeps_no_event_back(
    county: County, lecture: Occasion, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """The tasks are lost, in a worker or a command too; who must hear it hears it, and ``reconcile`` does the work."""
    heard: list[str] = []

    def away(**_which: Any) -> None:
        raise OperationalError("redis is away")

    def opened(**_more: Any) -> None:
        heard.append("opened")

    def closed(**_more: Any) -> None:
        heard.append("closed")

    for task in (tasks.complete_roster, tasks.settle_occasion):
        monkeypatch.setattr(task, "delay", away)
    events.occasion_opened.connect(opened)
    events.occasion_closed.connect(closed)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            operations.open_occasion(occasion_id=lecture.pk, as_of=START)
        with django_capture_on_commit_callbacks(execute=True):
            operations.close_occasion(occasion_id=lecture.pk, as_of=START + HOUR)
    finally:
        events.occasion_opened.disconnect(opened)
        events.occasion_closed.disconnect(closed)
    assert heard == ["opened", "closed"]
    operations.reconcile(as_of=START + HOUR + dt.timedelta(seconds=61))
    assert Occasion.objects.get(pk=lecture.pk).state == Occasion.State.SETTLED
    assert set(Record.objects.values_list("member_id", flat=True)) == set(at_once(lecture))


def test_a_plan_for_another_unit_takes_the_preparation_back(county: County, lecture: Occasion) -> None:
    prepare()
    plan = operations.OccasionPlan(
        training_id=lecture.training_id, title=lecture.title, node_id=county.township.pk, starts_at=START,
        ends_at=START + HOUR, rule_id=lecture.rule_id,
    )  # fmt: skip
    operations.reschedule_occasion(occasion_id=lecture.pk, plan=plan, as_of=timezone.now())
    assert roster(lecture) == {}
    prepare()
    assert set(roster(lecture, "prepared_too")) == set(at_once(Occasion.objects.get(pk=lecture.pk)))
    assert roster(lecture) == {}
    operations.reschedule_occasion(occasion_id=lecture.pk, plan=replace(plan, title="改名"), as_of=timezone.now())
    assert RosterWork.objects.get().is_through, "another title changes nobody's expectation"
    later = replace(plan, node_id=county.branch.pk, starts_at=START + 24 * HOUR, ends_at=START + 25 * HOUR)
    operations.reschedule_occasion(occasion_id=lecture.pk, plan=later, as_of=timezone.now())
    operations.open_occasion(occasion_id=lecture.pk, as_of=START + 24 * HOUR)
    assert set(roster(lecture)) == {one.pk for one in [*county.members, county.secretary]}


def test_midnight_between_preparation_and_opening(county: County, lecture: Occasion) -> None:
    prepare()
    leave_node(member_id=county.member.pk, on_date=DAY + dt.timedelta(days=1))
    assert prepare(START + 23 * HOUR) == 0, "too late to be expected any more"
    operations.open_occasion(occasion_id=lecture.pk, as_of=START + 14 * HOUR)
    operations.complete_roster(occasion_id=lecture.pk)
    assert county.member.pk not in roster(lecture)


def test_moved_to_a_small_unit_and_opened_before_the_task_came(county: County, lecture: Occasion) -> None:
    prepare()
    plan = operations.OccasionPlan(
        training_id=lecture.training_id, title=lecture.title, node_id=county.branch.pk, starts_at=START,
        ends_at=START + HOUR, rule_id=lecture.rule_id,
    )  # fmt: skip
    operations.reschedule_occasion(occasion_id=lecture.pk, plan=plan, as_of=timezone.now())
    open_it(lecture, complete=False)
    assert set(roster(lecture)) == {one.pk for one in [*county.members, county.secretary]}
    assert not RosterWork.objects.exists()


def test_what_an_older_process_opened_keeps_its_roster(county: County, lecture: Occasion) -> None:
    """While versions change, a process of the one before may open what this one took back: it knows no such mark."""
    prepare()
    plan = operations.OccasionPlan(
        training_id=lecture.training_id, title=lecture.title, node_id=county.county.pk, starts_at=START + 24 * HOUR,
        ends_at=START + 25 * HOUR, rule_id=lecture.rule_id,
    )  # fmt: skip
    operations.reschedule_occasion(occasion_id=lecture.pk, plan=plan, as_of=timezone.now())
    operations.open_occasion(occasion_id=lecture.pk, as_of=START + 24 * HOUR)
    work = {"occasion_id": lecture.pk, "node": county.county, "day": DAY + dt.timedelta(days=1)}
    RosterWork.objects.filter(pk=lecture.pk).delete()
    RosterWork.objects.create(**work, is_ahead=False, is_taken_back=True, began_at=START + 24 * HOUR)
    expected = set(at_once(Occasion.objects.get(pk=lecture.pk)))
    operations.complete_roster(occasion_id=lecture.pk)
    prepare(START + 24 * HOUR)
    assert set(roster(lecture)) == expected
    assert not RosterWork.objects.exists()


def test_what_was_prepared_for_a_withdrawn_lecture_is_hidden_at_once_and_gone_after_the_task(
    county: County, client: Client, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = timezone.now() + HOUR / 2
    given = LectureFactory(
        occasion__training=TrainingFactory(node=county.county), occasion__node=county.county,
        occasion__starts_at=start, occasion__ends_at=start + HOUR, lecturer=county.lecturer,
    )  # fmt: skip
    assert prepare(timezone.now()) > 1
    queued: list[str] = []
    monkeypatch.setattr(tasks.prepare_rosters, "delay", lambda: queued.append("prepare_rosters"))
    client.force_login(county.organiser)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(reverse("live_schedule_cancel", args=[given.pk])).status_code == 302
    assert queued == ["prepare_rosters"]
    assert not Lecture.objects.exists()
    assert RosterEntry.prepared_too.filter(occasion_id=given.pk).exists(), "the request deleted none"
    assert roster(given.occasion) == {}
    client.force_login(county.member)
    assert given.occasion.title not in client.get("/me/").content.decode()
    assert client.get(f"/me/{given.pk}/").status_code == 404
    assert held_about(county.member, timezone.now())["roster"] == []

    tasks.prepare_rosters()
    assert not RosterEntry.prepared_too.exists()
    assert not RosterWork.objects.exists()
    assert not Occasion.objects.exists()


def test_withdrawing_holds_no_request_however_many_are_prepared(lecture: Occasion) -> None:
    """No question of it touches the rows, and each step of the task as many as it was told."""
    prepare()
    with CaptureQueriesContext(connection) as asked:
        assert not operations.withdraw_occasion(occasion_id=lecture.pk, actor_id=None, as_of=BEFORE)
    assert [one["sql"] for one in asked if "attendance_rosterentry" in one["sql"]] == []
    left = [len(roster(lecture, "prepared_too"))]
    while rosters.take_back_step(lecture.pk, size=3):
        left.append(len(roster(lecture, "prepared_too")))
    assert [before - after for before, after in pairwise(left)] == [3] * (len(left) - 1)
    assert len(left) > 2
    assert not Occasion.objects.exists()
    assert not rosters.take_back_step(lecture.pk, size=3)


def test_withdrawn_with_a_leave_written_down(county: County, lecture: Occasion) -> None:
    given = LectureFactory(occasion__training=lecture.training, occasion__node=county.county, lecturer=county.lecturer)
    prepare()
    operations.approve_leave(
        occasion_id=given.pk,
        member_id=county.member.pk,
        category="sick",
        recorded_by_id=county.secretary.pk,
        as_of=BEFORE,
    )
    cancel_lecture(occasion_id=given.pk, as_of=BEFORE)
    prepare()
    assert Occasion.objects.get(pk=given.pk).state == Occasion.State.VOID
    assert Evidence.objects.filter(occasion_id=given.pk).exists()
    assert not RosterEntry.prepared_too.filter(occasion_id=given.pk).exists()
    assert not RosterWork.objects.filter(pk=given.pk).exists()


def test_drafts_and_what_is_far_away_are_not_prepared(county: County, lecture: Occasion) -> None:
    assert prepare(START - 2 * HOUR) == 0
    Training.objects.update(state=Training.State.DRAFT)
    assert prepare() == 0


def one_step(as_of: dt.datetime = BEFORE) -> int:
    """A turn whose time is over after its first step."""
    ticks = iter(range(100))
    return operations.prepare_rosters(as_of=as_of, seconds=1.5, clock=lambda: float(next(ticks)))


def test_a_turn_ends_in_time_and_the_next_goes_on(lecture: Occasion) -> None:
    second: Occasion = OccasionFactory(training=lecture.training, node=lecture.node)
    assert one_step() == 1
    written = len(roster(lecture, "prepared_too"))
    assert 0 < written < len(at_once(lecture))
    assert roster(second, "prepared_too") == {}
    prepare()
    assert [len(roster(one, "prepared_too")) for one in (lecture, second)] == [len(at_once(lecture))] * 2


@pytest.mark.parametrize(("quick_s", "slow_s", "steps"), [(99, 100, 2), (-1, 100, 3), (-2, -1, 7)])
def test_a_step_is_as_long_as_nobody_minds(
    lecture: Occasion, monkeypatch: pytest.MonkeyPatch, quick_s: float, slow_s: float, steps: int
) -> None:
    """Eight people: the first three, then twice as many, as many, or one at a time."""
    monkeypatch.setattr(rosters, "QUICK_S", quick_s)
    monkeypatch.setattr(rosters, "SLOW_S", slow_s)
    assert prepare() == steps
    assert roster(lecture, "prepared_too") == at_once(lecture)


def in_the_turn(event: Callable[[], Any]) -> int:
    """Prepare; after the list of what is soon was read, something happens to one of it."""
    waiting = [event]

    def clock() -> float:
        if waiting and RosterWork.objects.filter(is_through=True).exists():
            waiting.pop()()
        return 0.0

    return operations.prepare_rosters(as_of=BEFORE, clock=clock)


def test_a_lecture_that_opens_in_the_turn_is_left_to_its_opening(lecture: Occasion) -> None:
    later: Occasion = OccasionFactory(training=lecture.training, node=lecture.node)
    assert in_the_turn(lambda: operations.open_occasion(occasion_id=later.pk, as_of=START)) == 2
    work = RosterWork.objects.get(pk=later.pk)
    assert (work.is_ahead, roster(later)) == (False, {})


def test_a_lecture_whose_plan_changes_in_the_turn_begins_anew_in_the_next(county: County, lecture: Occasion) -> None:
    assert one_step() == 1
    first: Occasion = OccasionFactory(
        training=lecture.training, node=lecture.node, starts_at=START - dt.timedelta(minutes=5)
    )
    plan = operations.OccasionPlan(
        training_id=lecture.training_id, title=lecture.title, node_id=county.township.pk, starts_at=START,
        ends_at=START + HOUR, rule_id=lecture.rule_id,
    )  # fmt: skip
    before = roster(lecture, "prepared_too")
    in_the_turn(lambda: operations.reschedule_occasion(occasion_id=lecture.pk, plan=plan, as_of=timezone.now()))
    assert roster(first, "prepared_too") == at_once(first)
    assert (RosterWork.objects.get(pk=lecture.pk).is_taken_back, roster(lecture, "prepared_too")) == (True, before)
    prepare()
    lecture.refresh_from_db()
    assert roster(lecture, "prepared_too") == at_once(lecture)


def test_midnight_in_the_middle_of_the_preparation(county: County) -> None:
    """What was written for the day before is put right: who has left is off it, who is exempt stands there so."""
    late: Occasion = OccasionFactory(
        training=TrainingFactory(node=county.county), starts_at=dt.datetime(2026, 9, 1, 15, 50, tzinfo=dt.UTC)
    )
    gone, excused = county.members[:2]
    leave_node(member_id=gone.pk, on_date=DAY + dt.timedelta(days=1))
    exempt_member(member_id=excused.pk, from_date=DAY + dt.timedelta(days=1))
    assert one_step(late.starts_at - dt.timedelta(minutes=10)) == 1
    assert [roster(late, "prepared_too")[one.pk][1] for one in (gone, excused)] == ["expected", "expected"]
    prepare(late.starts_at + dt.timedelta(minutes=20))
    found = roster(late, "prepared_too")
    everybody = {one.pk for one in [*county.members, *county.neighbours, county.secretary, county.neighbour_secretary]}
    assert set(found) == everybody - {gone.pk}
    assert found[excused.pk][1:] == ("exempt", "roster")


def test_leaving_after_the_opening_is_kept(county: County, lecture: Occasion) -> None:
    prepare()
    open_it(lecture, complete=False)
    operations.expect_no_longer(member_id=county.member.pk, on_date=DAY, as_of=START)
    operations.complete_roster(occasion_id=lecture.pk)
    assert roster(lecture)[county.member.pk][1:] == ("exempt", "left")


def test_reopened_while_its_roster_is_written(county: County, lecture: Occasion) -> None:
    open_it(lecture, complete=False)
    operations.close_occasion(occasion_id=lecture.pk, as_of=START + HOUR)
    operations.reopen_occasion(occasion_id=lecture.pk, as_of=START + HOUR + dt.timedelta(minutes=1))
    operations.complete_roster(occasion_id=lecture.pk)
    assert roster(lecture) == at_once(lecture)


@pytest.mark.django_db(transaction=True)
def test_many_at_once(county: County) -> None:
    """Four workers prepare, the lecturer begins, two complete, people arrive: one roster, everybody once."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, and tests' database of it one connection")
    lecture = LectureFactory(
        occasion__training=TrainingFactory(node=county.county), occasion__node=county.county, lecturer=county.lecturer
    )
    crowd = User.objects.bulk_create(User(username=f"c{n}", name=f"c{n}", password="") for n in range(60))
    Membership.objects.bulk_create(
        Membership(member=one, node=county.branch, active_from_date=DAY - dt.timedelta(days=9)) for one in crowd
    )
    failures: list[BaseException] = []

    def run(work: Callable[[], Any]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)
        finally:
            connections.close_all()

    begun = threading.Event()

    def begin() -> None:
        go_live(occasion_id=lecture.pk, as_of=START)
        begun.set()

    def arrive() -> None:
        begun.wait(20)
        lease = operations.start_lease(name="w", as_of=START)
        joins = [operations.Join(lecture.pk, one.pk, "p", lease, START) for one in crowd[::-2]]
        operations.open_presences(joins=joins)

    def complete() -> None:
        begun.wait(20)
        operations.complete_roster(occasion_id=lecture.pk)

    with ThreadPoolExecutor(8) as pool:
        for work in [prepare, prepare, begin, arrive, complete, complete, prepare, arrive]:
            pool.submit(run, work)
    operations.complete_roster(occasion_id=lecture.pk)
    assert failures == []
    assert roster(lecture.occasion) == at_once(lecture.occasion)
    assert len(roster(lecture.occasion)) == 68


def test_before_eight_in_the_morning_the_roster_is_that_of_the_day_in_china(county: County) -> None:
    """It is yesterday yet in UTC: whoever joined today is expected, whoever left today is not."""
    begins, today = dt.datetime(2026, 9, 1, 23, 30, tzinfo=dt.UTC), dt.date(2026, 9, 2)
    early: Occasion = OccasionFactory(
        training=TrainingFactory(node=county.branch), node=county.branch, starts_at=begins, ends_at=begins + HOUR
    )
    fresh = UserFactory()
    join_node(member_id=fresh.pk, node_id=county.branch.pk, on_date=today)
    leave_node(member_id=county.member.pk, on_date=today)
    operations.open_occasion(occasion_id=early.pk, as_of=begins)
    assert fresh.pk in roster(early)
    assert county.member.pk not in roster(early)


def test_units_that_are_left_out_stand_on_no_roster_however_it_is_written(county: County, lecture: Occasion) -> None:
    assert prepare()
    assert len(roster(lecture, "prepared_too")) == 8
    narrow_training(training_id=lecture.training_id, chosen=[county.township.pk], left_out=[county.branch.pk])
    assert RosterWork.objects.get(pk=lecture.pk).is_taken_back
    while prepare():
        pass
    theirs = {county.neighbour_secretary.pk, *(one.pk for one in county.neighbours)}
    assert set(roster(lecture, "prepared_too")) == theirs
    open_it(lecture, complete=False)
    with pytest.raises(UnableToNarrowTraining, match="名单正在写"):
        narrow_training(training_id=lecture.training_id, chosen=[], left_out=[])
    assert not rosters.is_on_roster(occasion_id=lecture.pk, member_id=county.member.pk)
    operations.complete_roster(occasion_id=lecture.pk)
    assert set(roster(lecture)) == theirs
