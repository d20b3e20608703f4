"""Leases: a clock that steps, a worker that dies, a site that was away."""

import datetime as dt

import pytest
from django.db import OperationalError

from attendance import operations
from attendance.models import Occasion, PresenceSpan, WorkerLease
from tests.factories.attendance import HOUR, START, open_lecture
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


@pytest.fixture
def county() -> County:
    return make_county()


def beat(lease: int, at: float, measured: float = 5) -> bool:
    return operations.beat_lease(lease_id=lease, as_of=after(at), measured=dt.timedelta(seconds=measured))


def test_a_clock_that_steps_forward_and_back_never_ends_rows_in_the_future(county: County) -> None:
    """At 60 s the clock is set half an hour ahead, at 65 s back; at 70 s the worker dies."""
    lecture = open_lecture(county.branch)
    lease = operations.start_lease(name="w", as_of=START)
    [key] = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p", lease, START)])
    assert beat(lease, 55, 55)
    assert beat(lease, 1860)
    assert WorkerLease.objects.get(pk=lease).beat_at == after(75)
    assert beat(lease, 65)
    assert operations.reap_leases(as_of=after(91)) == 1
    assert PresenceSpan.objects.get(pk=key).ended_at == after(75)


def test_a_worker_that_stops_with_a_beat_ahead_of_time_ends_its_rows_now(county: County) -> None:
    lecture = open_lecture(county.branch)
    lease = operations.start_lease(name="w", as_of=START)
    [key] = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p", lease, START)])
    assert beat(lease, 1800, 60)
    operations.end_lease(lease_id=lease, as_of=after(62))
    assert PresenceSpan.objects.get(pk=key).ended_at == after(62)


def is_settled(lecture: Occasion) -> tuple[str, list[list[int]]]:
    lecture.refresh_from_db()
    zero = round(START.timestamp() * 1000)
    return lecture.state, [[(start - zero) // 1000, (end - zero) // 1000] for start, end in lecture.away_ms]


def end_and_settle(lecture: Occasion, at: float = 3600) -> None:
    operations.close_occasion(occasion_id=lecture.pk, as_of=after(at))
    operations.settle(occasion_id=lecture.pk, as_of=after(at))
    assert is_settled(lecture) == ("settled", [])


def test_a_worker_found_dead_after_the_end_changes_what_the_window_was(county: County) -> None:
    """It died at 3590 s; at 3600 s everybody still took it for alive. A county away, nothing is settled anew."""
    lecture, elsewhere = open_lecture(county.branch), open_lecture(county.branch, starts_at=START - 3 * HOUR)
    before = operations.start_lease(name="before", as_of=START - 3 * HOUR)
    lease = operations.start_lease(name="w", as_of=START - HOUR)
    operations.beat_lease(lease_id=before, as_of=START - HOUR)
    operations.end_lease(lease_id=before, as_of=START - HOUR)
    operations.beat_lease(lease_id=lease, as_of=after(3590))
    operations.close_occasion(occasion_id=elsewhere.pk, as_of=START - 2 * HOUR)
    operations.settle(occasion_id=elsewhere.pk, as_of=START - 2 * HOUR)
    end_and_settle(lecture)
    assert operations.reap_leases(as_of=after(3606)) == 1
    assert is_settled(lecture) == ("closed", [[3590, 3600]])
    operations.reconcile(as_of=after(3700))
    assert is_settled(lecture) == ("settled", [[3590, 3600]])
    assert is_settled(elsewhere) == ("settled", [])


def test_a_lease_after_a_gap_looks_at_what_closed_meanwhile(county: County) -> None:
    lecture = open_lecture(county.branch)
    lease = operations.start_lease(name="w", as_of=START)
    operations.beat_lease(lease_id=lease, as_of=after(3500))
    Occasion.objects.filter(pk=lecture.pk).update(state="settled", window_end_at=after(3600), settled_at=after(3600))
    operations.start_lease(name="next", as_of=after(4000))
    assert is_settled(lecture) == ("closed", [[3500, 3600]])


def test_a_lease_beside_another_looks_at_nothing(county: County) -> None:
    lecture = open_lecture(county.branch)
    lease = operations.start_lease(name="w", as_of=START)
    operations.beat_lease(lease_id=lease, as_of=after(3595))
    end_and_settle(lecture)
    operations.start_lease(name="next", as_of=after(3605))
    assert is_settled(lecture) == ("settled", [])


def test_an_absence_that_cannot_be_recorded_keeps_no_worker_from_its_lease(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    lecture = open_lecture(county.branch)
    operations.start_lease(name="w", as_of=START)
    Occasion.objects.filter(pk=lecture.pk).update(state="settled", window_end_at=after(3600))

    def fails(**_values: object) -> bool:
        raise ValueError("nobody foresaw this")

    monkeypatch.setattr("attendance.operations.leases.record_absence", fails)
    lease = operations.start_lease(name="next", as_of=after(4000))
    assert WorkerLease.objects.get(pk=lease).ended_at is None


def test_a_database_that_is_away_is_no_fault_of_an_occasion(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    lecture = open_lecture(county.branch)
    lease = operations.start_lease(name="w", as_of=START - HOUR)
    operations.beat_lease(lease_id=lease, as_of=after(3590))
    end_and_settle(lecture)

    def is_away(**_values: object) -> bool:
        raise OperationalError("the database is away")

    monkeypatch.setattr("attendance.operations.leases.record_absence", is_away)
    with pytest.raises(OperationalError):
        operations.start_lease(name="next", as_of=after(4000))
    assert is_settled(lecture) == ("settled", [])


def test_a_worker_that_only_hung_ends_nothing_a_second_time(county: County) -> None:
    lecture = open_lecture(county.branch)
    lease = operations.start_lease(name="w", as_of=START)
    [key] = operations.open_presences(joins=[operations.Join(lecture.pk, county.member.pk, "p", lease, START)])
    assert beat(lease, 55, 55)
    assert [operations.reap_leases(as_of=after(at)) for at in (71, 72)] == [1, 0]
    operations.end_lease(lease_id=lease, as_of=after(90))
    assert PresenceSpan.objects.get(pk=key).ended_at == after(55)
    assert WorkerLease.objects.get(pk=lease).ended_at == after(55)


@pytest.mark.parametrize("first", ["settling", "lease"])
def test_too_little_left_of_a_window_is_not_held_whoever_notices_first(county: County, first: str) -> None:
    """The machine is away from minute 2 to after the end: the same, whether its lease or the settling comes first."""
    lecture = open_lecture(county.branch)
    lease = operations.start_lease(name="w", as_of=START - HOUR)
    operations.beat_lease(lease_id=lease, as_of=after(120))
    operations.close_occasion(occasion_id=lecture.pk, as_of=after(3660))
    if first == "settling":
        operations.settle(occasion_id=lecture.pk, as_of=after(3661))
    operations.start_lease(name="next", as_of=after(3662))
    operations.settle(occasion_id=lecture.pk, as_of=after(3663))
    lecture.refresh_from_db()
    assert (lecture.state, lecture.records.count()) == ("not_held", 0)
