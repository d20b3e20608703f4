"""The clock that does not step, with hands that the test moves."""

import datetime as dt

import pytest

from attendance.clock import SteadyClock

pytestmark = pytest.mark.unit
START = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
HALF_AN_HOUR = dt.timedelta(minutes=30)


class Hands:
    def __init__(self) -> None:
        self.passed, self.set_by = 0.0, dt.timedelta()
        self.clock = SteadyClock(wall=self.wall, steady=lambda: self.passed)

    def wall(self) -> dt.datetime:
        return self.real() + self.set_by

    def real(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.passed)


def test_it_is_the_wall_clock_as_long_as_that_runs_evenly() -> None:
    hands = Hands()
    for _turn in range(100):
        hands.passed += 60
        hands.set_by += dt.timedelta(milliseconds=20)  # slewed by an NTP daemon
        assert hands.clock.now() == hands.wall()


@pytest.mark.parametrize("step", [HALF_AN_HOUR, -HALF_AN_HOUR])
def test_a_step_there_and_back_is_never_believed(step: dt.timedelta) -> None:
    hands = Hands()
    for second in range(20):
        hands.passed += 1
        hands.set_by = step if 5 <= second < 10 else dt.timedelta()
        assert hands.clock.now() == hands.real()


@pytest.mark.parametrize("step", [HALF_AN_HOUR, -HALF_AN_HOUR])
def test_a_step_that_lasts_is_believed_after_a_minute(step: dt.timedelta) -> None:
    hands = Hands()
    hands.set_by = step
    assert hands.clock.now() == hands.real()
    hands.passed = 59
    assert hands.clock.now() == hands.real()
    hands.passed = 61
    assert hands.clock.now() == hands.wall()


def test_who_lost_the_thread_believes_at_once() -> None:
    hands = Hands()
    hands.set_by = HALF_AN_HOUR
    assert hands.clock.believe() == hands.clock.now() == hands.wall()
