"""What of a player's report is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.watch import BUDGET_MOST_MS, BUDGET_START_MS, BUFFER_MS, Budget, accept, credit

pytestmark = pytest.mark.unit

HOUR = 3_600_000
RANGES = st.lists(st.tuples(st.integers(-5_000, 70_000), st.integers(-5_000, 70_000)), max_size=8)


@pytest.mark.parametrize(
    ("ranges", "elapsed", "rate", "buffer", "accepted", "left", "refused"),
    [
        ([(0, 15_000)], 15_000, 1.0, 3_000, ((0, 15_000),), 3_000, 0),
        ([(0, 16_000)], 15_000, 1.0, 3_000, ((0, 16_000),), 2_000, 0),
        ([(0, HOUR)], 30_000, 1.0, 3_000, ((0, 33_000),), 0, HOUR - 33_000),
        ([(0, HOUR)], 30_000, 1.0, 0, ((0, 30_000),), 0, HOUR - 30_000),
        ([(0, 30_000)], 15_000, 2.0, 0, ((0, 30_000),), 0, 0),
        ([(0, 45_000)], 15_000, 3.0, 0, ((0, 30_000),), 0, 15_000),
        ([(0, 15_000)], 15_000, -1.0, 3_000, ((0, 3_000),), 0, 12_000),
        ([(0, 15_000)], -9_000, 1.0, 3_000, ((0, 3_000),), 0, 12_000),
        ([(50_000, 60_000), (0, 10_000)], 15_000, 1.0, 0, ((50_000, 60_000), (0, 5_000)), 0, 5_000),
        ([(HOUR - 5_000, HOUR + 5_000)], 15_000, 1.0, 0, ((HOUR - 5_000, HOUR),), 0, 0),
        ([(-5_000, 5_000)], 15_000, 1.0, 0, ((0, 5_000),), 0, 0),
        ([(9_000, 3_000), (4_000, 4_000)], 15_000, 1.0, 3_000, (), 3_000, 0),
        ([(0, 5_000), (0, 5_000)], 5_000, 1.0, 0, ((0, 5_000),), 0, 5_000),
        ([], 15_000, 1.0, 3_000, (), 3_000, 0),
        ([(0, HOUR)], 8 * HOUR, 1.0, 3_000, ((0, 603_000),), 0, HOUR - 603_000),
        ([(0, HOUR)], 8 * HOUR, 2.0, 3_000, ((0, 1_203_000),), 0, HOUR - 1_203_000),
    ],
)
def test_a_report_is_cut_from_its_end(
    ranges: list[tuple[int, int]], elapsed: int, rate: float, buffer: int,
    accepted: tuple[tuple[int, int], ...], left: int, refused: int,
) -> None:  # fmt: skip
    taken = accept(ranges, elapsed_ms=elapsed, rate=rate, buffer_ms=buffer, media_ms=HOUR, budget_ms=2 * HOUR)
    assert (taken.ranges, taken.buffer_ms, taken.refused_ms) == (accepted, left, refused)
    assert taken.accepted_ms == sum(end - start for start, end in accepted)


def test_the_budget_bounds_what_the_clock_allows() -> None:
    taken = accept([(0, 9_000), (20_000, 40_000)], elapsed_ms=20_000, rate=1.0, buffer_ms=3_000, media_ms=HOUR,
                   budget_ms=10_000)  # fmt: skip
    assert (taken.ranges, taken.buffer_ms, taken.refused_ms) == (((0, 9_000), (20_000, 21_000)), 3_000, 19_000)


@pytest.mark.parametrize(
    ("held", "at", "filled"),
    [(0, 1_000, (2_000, 1_000)), (30_000, 0, (30_000, 0)), (30_000, -5_000, (30_000, 0)),
     (1_199_000, 1_000, (BUDGET_MOST_MS, 1_000))],
)  # fmt: skip
def test_a_budget_fills_with_the_clock(held: int, at: int, filled: tuple[int, int]) -> None:
    budget = Budget(held, 0).filled(at)
    assert (budget.held_ms, budget.filled_at) == filled
    assert budget.paid(1_000) == Budget(filled[0] - 1_000, filled[1])


STEPS = st.lists(st.tuples(st.integers(0, 4), RANGES, st.integers(-5_000, 30_000), st.floats(0, 5)), max_size=30)


@given(STEPS)
def test_no_number_of_sessions_earns_more_than_waiting(
    steps: list[tuple[int, list[tuple[int, int]], int, float]],
) -> None:
    """Five sessions of one person report in any order, on a clock that may step back: together never more than two of
    film for each of clock, and the start of the budget. One session never more than its own clock and one buffer."""
    budget, now, latest = Budget(BUDGET_START_MS, 0), 0, 0
    buffers, last = [BUFFER_MS] * 5, [0] * 5
    earned, allowed = [0] * 5, [float(BUFFER_MS)] * 5
    for session, ranges, elapsed, rate in steps:
        now += elapsed
        budget = budget.filled(now)
        taken = accept(ranges, elapsed_ms=now - last[session], rate=rate, buffer_ms=buffers[session],
                       media_ms=60_000, budget_ms=budget.held_ms)  # fmt: skip
        assert 0 <= taken.buffer_ms <= buffers[session]
        assert all(0 <= start < end <= 60_000 for start, end in taken.ranges)
        budget = budget.paid(taken.accepted_ms)
        allowed[session] += max(0, now - last[session]) * min(rate, 2.0)
        latest, last[session], buffers[session] = max(latest, now), max(last[session], now), taken.buffer_ms
        earned[session] += taken.accepted_ms
        assert budget.held_ms >= 0
    assert sum(earned) <= BUDGET_START_MS + 2 * latest
    assert all(one <= most for one, most in zip(earned, allowed, strict=True))


@given(st.lists(st.integers(1_000, 60_000), min_size=1, max_size=40))
def test_an_honest_player_is_never_cut(waits: list[int]) -> None:
    """One film at a time at any speed up to twice, reported as it plays: nothing is ever refused."""
    budget, buffer, at, position = Budget(BUDGET_START_MS, 0), BUFFER_MS, 0, 0
    for wait in waits:
        at += wait
        budget = budget.filled(at)
        taken = accept([(position, position + 2 * wait)], elapsed_ms=wait, rate=2.0, buffer_ms=buffer,
                       media_ms=HOUR * 9, budget_ms=budget.held_ms)  # fmt: skip
        assert taken.refused_ms == 0
        budget, buffer, position = budget.paid(taken.accepted_ms), taken.buffer_ms, position + 2 * wait


def test_watching_again_earns_nothing() -> None:
    assert credit([[0, 15]], [(0, 15), (5, 20)]).as_lists() == [[0, 20]]
