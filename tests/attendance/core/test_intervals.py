"""Interval algebra: tables, and properties with ``portion`` as the oracle."""

import datetime as dt

import portion
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.intervals import EPOCH, Span, Spans, moment_of, ms_of

pytestmark = pytest.mark.unit

PAIRS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), max_size=12)


def oracle(pairs: list[tuple[int, int]]) -> portion.Interval:
    joined = portion.empty()
    for start, end in pairs:
        joined |= portion.closedopen(start, end) if start < end else portion.empty()
    return joined


def listed(interval: portion.Interval) -> list[list[int]]:
    return [[part.lower, part.upper] for part in interval if not part.empty]


@given(PAIRS, PAIRS)
def test_union_intersection_difference_agree_with_portion(
    one: list[tuple[int, int]], two: list[tuple[int, int]]
) -> None:
    assert (Spans.of(one) | Spans.of(two)).as_lists() == listed(oracle(one) | oracle(two))
    assert (Spans.of(one) & Spans.of(two)).as_lists() == listed(oracle(one) & oracle(two))
    assert (Spans.of(one) - Spans.of(two)).as_lists() == listed(oracle(one) - oracle(two))


@given(PAIRS, st.integers(-60, 60), st.integers(-60, 60))
def test_clip_and_total_agree_with_portion(pairs: list[tuple[int, int]], start: int, end: int) -> None:
    clipped = oracle(pairs) & oracle([(start, end)])
    assert Spans.of(pairs).clip(start, end).as_lists() == listed(clipped)
    assert Spans.of(pairs).clip(start, end).total == sum(high - low for low, high in listed(clipped))


@given(PAIRS, st.integers(-9, 9))
def test_a_shift_keeps_the_total(pairs: list[tuple[int, int]], by: int) -> None:
    spans = Spans.of(pairs)
    assert spans.shift(by).total == spans.total
    assert spans.shift(by).shift(-by) == spans


def test_touching_spans_become_one_and_empty_ones_vanish() -> None:
    spans = Spans.of([(10, 20), (0, 10), (30, 30), (50, 40)])
    assert list(spans) == [Span(0, 20)]
    assert len(spans) == 1
    assert not Spans.of([(5, 5)])


@pytest.mark.parametrize(("microseconds", "ms"), [(0, 0), (499, 0), (500, 1), (1_000_499, 1000), (-500, 0), (-501, -1)])
def test_moments_round_to_the_nearest_millisecond(microseconds: int, ms: int) -> None:
    assert ms_of(EPOCH + dt.timedelta(microseconds=microseconds)) == ms


@given(st.integers(-(10**13), 10**13))
def test_milliseconds_come_back(ms: int) -> None:
    assert ms_of(moment_of(ms)) == ms
