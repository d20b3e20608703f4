"""When the site was away, nobody could be there: that time leaves the window and makes nobody missing."""

import datetime as dt
from typing import Any

import pytest

from attendance import operations
from attendance.core.intervals import ms_of
from attendance.models import Occasion, Record, WorkerLease
from attendance.queries import window_of
from attendance.sentences.records import sentence
from tests.factories.attendance import HOUR, START, OccasionFactory, RuleFactory, TrainingFactory, open_lecture
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


def lease(start_s: float, beat_s: float, *, ended: bool = True) -> None:
    WorkerLease.objects.create(
        name="w", started_at=after(start_s), beat_at=after(beat_s), ended_at=after(beat_s) if ended else None
    )


def away(occasion: Occasion) -> list[tuple[float, float]]:
    occasion.refresh_from_db()
    return [((start - ms_of(START)) / 1000, (end - ms_of(START)) / 1000) for start, end in occasion.away_ms]


CASES: list[tuple[str, list[tuple[float, float, bool]], float, list[tuple[float, float]]]] = [
    ("no lease ever", [], 3600, []),
    ("one that lasted", [(-100, 4000, True)], 3600, []),
    ("one that still beats", [(-100, 3590, False)], 3600, []),
    ("one that died unnoticed", [(-100, 3000, False)], 3600, [(3000, 3600)]),
    ("the only worker dead from minute 5 on", [(-100, 300, True)], 3600, [(300, 3600)]),
    ("one after the other", [(-100, 1800, True), (1850, 4000, True)], 3600, [(1800, 1850)]),
    ("one while the other was dead", [(-100, 1800, True), (1850, 4000, True), (0, 1900, True)], 3600, []),
    ("a seam is no absence", [(-100, 1800, True), (1800.9, 4000, True)], 3600, []),
    ("away from before it began until after it ended", [(-100, -1, True), (3601, 4000, True)], 3600, [(0, 3600)]),
    ("died at its first moment", [(-100, 0, True), (3601, 4000, True)], 3600, [(0, 3600)]),
    ("in an open occasion, so far", [(-100, 600, True), (700, 890, False)], 900, [(600, 700)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "leases", "at", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_no_lease_covers_was_ours(
    lecture: Occasion, name: str, leases: list[tuple[float, float, bool]], at: float, expected: list[Any]
) -> None:
    for start, beat, ended in leases:
        lease(start, beat, ended=ended)
    if at == 3600:
        operations.close_occasion(occasion_id=lecture.pk, as_of=NOON)
    assert operations.record_absence(occasion_id=lecture.pk, as_of=after(at)) is bool(expected)
    assert away(lecture) == expected
    assert not operations.record_absence(occasion_id=lecture.pk, as_of=after(at))


def test_a_course_has_no_hour_in_which_anybody_could_be_away(county: County) -> None:
    course = OccasionFactory(training=TrainingFactory(node=county.branch), rule=RuleFactory(basis="media"))
    operations.open_occasion(occasion_id=course.pk, as_of=START)
    lease(0, 60)
    assert not operations.record_absence(occasion_id=course.pk, as_of=NOON)
    Occasion.objects.filter(pk=course.pk).update(away_ms=[[ms_of(START), ms_of(NOON)]], paused_ms=[[0, 1]])
    course.refresh_from_db()
    window = window_of(course, as_of=NOON)
    assert (window.away_ms, window.paused.total) == (0, 0)


def test_a_plan_has_no_window_yet(county: County) -> None:
    plan = OccasionFactory(training=TrainingFactory(node=county.branch))
    assert not operations.record_absence(occasion_id=plan.pk, as_of=NOON)


def present(lecture: Occasion, member: Any, start_s: float, end_s: float, reason: str) -> None:
    found = WorkerLease.objects.filter(started_at__lte=after(start_s)).latest("started_at")
    joins = [operations.Join(lecture.pk, member.pk, "p1", found.pk, after(start_s))]
    ends = [operations.End(key, after(end_s), reason) for key in operations.open_presences(joins=joins)]
    operations.close_presences(ends=ends)


def settled(lecture: Occasion) -> dict[int, Record]:
    operations.close_occasion(occasion_id=lecture.pk, as_of=NOON)
    operations.settle(occasion_id=lecture.pk, as_of=NOON)
    return {record.member_id: record for record in Record.objects.filter(occasion=lecture)}


def said(record: Record) -> list[str]:
    return [sentence(reason) for reason in record.reasons]


def test_a_web_process_killed_in_a_lecture_costs_nobody_anything(county: County, lecture: Occasion) -> None:
    """An hour, our only process dead for ten minutes: who was there before and after was there, who was not is told."""
    lease(-60, 1500)
    lease(2100, 4000)
    here, late, _absent = county.members
    present(lecture, here, 0, 1500, "worker_lost")
    present(lecture, here, 2120, 3600, "left")
    present(lecture, late, 2160, 3600, "left")
    records = settled(lecture)
    assert [records[member.pk].state for member in county.members] == ["attended", "missing", "missing"]
    assert (records[here.pk].live_ms, records[late.pk].live_ms) == (3_000_000, 1_440_000)
    assert said(records[here.pk]) == [
        "在线 50 分钟，占 100%", "短暂断开 1 次，共 20 秒，已按连续计算", "服务器故障中断 1 次",
        "系统中断 10 分钟，不影响认定",
    ]  # fmt: skip


def test_a_site_that_was_away_for_most_of_it_makes_nobody_missing(county: County, lecture: Occasion) -> None:
    lease(-60, 300)
    records = settled(lecture)
    assert {record.state for record in records.values()} == {"incomplete"}
    assert said(records[county.member.pk]) == [
        "还没有参加的记录", "系统中断 55 分钟，超过这一场的五分之一，不按未参加处理"
    ]  # fmt: skip


def test_the_time_from_an_end_to_its_undoing_is_nobodys(county: County, lecture: Occasion) -> None:
    """Ended by mistake after 20 minutes, held again 10 minutes later: the hour has 50 minutes."""
    lease(-60, 4000)
    present(lecture, county.member, 0, 1200, "closed")
    present(lecture, county.member, 1800, 3000, "left")
    Occasion.objects.filter(pk=lecture.pk).update(paused_ms=[[ms_of(after(1200)), ms_of(after(1800))]])
    records = settled(lecture)
    mine = records[county.member.pk]
    assert (mine.state, mine.live_ms, mine.reasons[0]["of_ms"]) == ("attended", 2_400_000, 3_000_000)
    assert records[county.members[1].pk].state == "missing"


def test_while_it_is_open_a_window_lasts_as_long_as_was_planned(county: County) -> None:
    late = OccasionFactory(training=TrainingFactory(node=county.branch))
    operations.open_occasion(occasion_id=late.pk, as_of=after(3000))
    late.refresh_from_db()
    window = window_of(late, as_of=after(3100))
    assert (window.start, window.end) == (ms_of(after(3000)), ms_of(after(6600)))


def test_leases_of_other_days_are_not_read(lecture: Occasion, django_assert_num_queries: Any) -> None:
    for day in range(1, 20):
        lease(-day * 86400, -day * 86400 + 3600)
    lease(-60, 4000)
    operations.close_occasion(occasion_id=lecture.pk, as_of=NOON)
    with django_assert_num_queries(4):  # savepoint, occasion, leases, release
        operations.record_absence(occasion_id=lecture.pk, as_of=NOON)
