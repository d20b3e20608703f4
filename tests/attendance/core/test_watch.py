"""What of a player's report is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.watch import BUFFER_MS, accept, credit

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
    ],
)
def test_a_report_is_cut_from_its_end(
    ranges: list[tuple[int, int]], elapsed: int, rate: float, buffer: int,
    accepted: tuple[tuple[int, int], ...], left: int, refused: int,
) -> None:  # fmt: skip
    taken = accept(ranges, elapsed_ms=elapsed, rate=rate, buffer_ms=buffer, media_ms=HOUR)
    assert (taken.ranges, taken.buffer_ms, taken.refused_ms) == (accepted, left, refused)
    assert taken.accepted_ms == sum(end - start for start, end in accepted)


@given(st.lists(st.tuples(RANGES, st.integers(0, 30_000), st.floats(0, 5)), max_size=8))
def test_no_series_of_reports_earns_more_than_waiting(reports: list[tuple[list[tuple[int, int]], int, float]]) -> None:
    buffer, earned, credited = BUFFER_MS, 0.0, credit([], [])
    for ranges, elapsed, rate in reports:
        taken = accept(ranges, elapsed_ms=elapsed, rate=rate, buffer_ms=buffer, media_ms=60_000)
        assert 0 <= taken.buffer_ms <= buffer
        assert all(0 <= start < end <= 60_000 for start, end in taken.ranges)
        buffer, earned = taken.buffer_ms, earned + elapsed * min(rate, 2.0)
        credited = credit(credited.items, taken.ranges)
    assert credited.total <= min(earned + BUFFER_MS, 60_000)


def test_watching_again_earns_nothing() -> None:
    assert credit([[0, 15]], [(0, 15), (5, 20)]).as_lists() == [[0, 20]]
