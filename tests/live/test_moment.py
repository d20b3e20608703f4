"""The clock that media hosts share: what a wrong one, a slow answer and one within a second come to (ADR 102)."""

import datetime as dt
from types import SimpleNamespace

import pytest

from live.agent import moment

pytestmark = pytest.mark.unit
NOW = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> moment.Shared:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return moment.Shared()


def answers(monkeypatch: pytest.MonkeyPatch, ahead: dt.timedelta, *, took_s: float = 0.0) -> None:
    """The database's next answer: what the host's clock is ahead of it, and how long it took."""
    ticks = iter((100.0, 100.0 + took_s))
    monkeypatch.setattr(moment, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    monkeypatch.setattr("live.agent.moment.ahead_of_database", lambda *, as_of: ahead)


@pytest.mark.parametrize("wrong", [HOUR, -HOUR])
def test_a_clock_that_is_wrong_is_put_right(
    clock: moment.Shared, monkeypatch: pytest.MonkeyPatch, wrong: dt.timedelta
) -> None:
    assert clock.now() == NOW
    answers(monkeypatch, wrong)
    clock.measure()
    assert (clock.ahead, clock.now()) == (wrong, NOW - wrong)


def test_a_slow_answer_is_no_wrong_clock(clock: moment.Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a host that was taken for dead, and its lecture taken away, because a database stood still for 16 s."""
    answers(monkeypatch, HOUR)
    clock.measure()
    answers(monkeypatch, HOUR - 16 * SECOND, took_s=16)
    clock.measure()
    assert clock.ahead == HOUR


def test_the_first_answer_counts_however_slow(clock: moment.Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, HOUR - 3 * SECOND, took_s=6)
    clock.measure()
    assert clock.ahead == HOUR


def test_within_a_second_the_hosts_own_clock_is_as_good(clock: moment.Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, SECOND / 2)
    clock.measure()
    assert (clock.ahead, clock.now()) == (SECOND / 2, NOW)
