"""Packing, allowances and the life of a lecture."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core import lifecycle
from live.core.allowance import Allowance
from live.core.wire import packing

pytestmark = pytest.mark.unit
NOON = dt.datetime(2026, 9, 1, 4, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def test_what_fits_is_all_shown() -> None:
    assert packing.sample(["a" * 500, "b" * 524]) == (["a" * 500, "b" * 524], 0)
    assert packing.sample([]) == ([], 0)


def test_sample_is_spread_over_the_tick() -> None:
    lines = [f"{number:03}" + "x" * 97 for number in range(100)]
    chosen, left_out = packing.sample(lines, budget=1000)
    assert (chosen, left_out) == (lines[::10], 90)


def test_one_line_is_always_shown() -> None:
    assert packing.sample(["x" * 3000, "y" * 3000]) == (["x" * 3000], 1)
    assert packing.sample(["x"], budget=0) == (["x"], 0)


@given(st.lists(st.text(max_size=400), max_size=60), st.integers(0, 2000))
def test_sample_keeps_order_and_budget(lines: list[str], budget: int) -> None:
    chosen, left_out = packing.sample(lines, budget=budget)
    assert len(chosen) + left_out == len(lines)
    rest = iter(lines)
    assert all(line in rest for line in chosen)
    assert len(chosen) <= 1 or sum(len(line.encode()) for line in chosen) <= budget


def test_tick_is_the_frame_of_the_protocol() -> None:
    text = packing.tick(seq=3, people=2, left_out=1, events=['{"t":"picture","on":true}'])
    expected = {"t": "tick", "seq": 3, "people": 2, "left_out": 1, "events": [{"t": "picture", "on": True}]}
    assert json.loads(text) == expected


def test_allowance_fills_with_time() -> None:
    allowance = Allowance.full(burst=2, every_s=2, at=0)
    assert [allowance.take(0), allowance.take(0), allowance.take(1), allowance.take(2)] == [True, True, False, True]
    assert [allowance.take(100), allowance.take(100), allowance.take(100)] == [True, True, False]


def test_allowance_survives_a_clock_that_steps_back() -> None:
    allowance = Allowance.full(burst=1, every_s=1, at=10)
    assert [allowance.take(10), allowance.take(5), allowance.take(6)] == [True, False, True]


def test_nothing_goes_back_but_an_end() -> None:
    order = ["scheduled", "live", "ended", "recorded", "unrecorded"]
    forward = {("scheduled", "live"), ("live", "ended"), ("ended", "recorded"), ("ended", "unrecorded")}
    undone = {("ended", "live"), ("recorded", "live"), ("unrecorded", "live")}
    # A host that was away brings its segments; a recording is deleted.
    later = {("unrecorded", "recorded"), ("recorded", "unrecorded")}
    allowed = {(old, new) for old in order for new in order if lifecycle.may_follow(old, new)}  # type: ignore[arg-type]
    assert allowed == forward | undone | later


@pytest.mark.parametrize(
    ("state", "occasion_state", "stage"),
    [
        ("scheduled", "scheduled", "scheduled"),
        ("live", "open", "live"),
        ("recorded", "settled", "recorded"),
        ("ended", "not_held", "not_held"),
        ("recorded", "not_held", "not_held"),
        ("unrecorded", "void", "void"),
    ],
)
def test_what_was_not_held_or_is_void_stands_before_everything_else(
    state: str, occasion_state: str, stage: str
) -> None:
    assert lifecycle.stage_of(state, occasion_state) == stage


@pytest.mark.parametrize(
    ("as_of", "why"),
    [
        (NOON - 31 * MINUTE, "too_early"),
        (NOON - 30 * MINUTE, ""),
        (NOON + 4 * HOUR, ""),
        (NOON + 4 * HOUR + MINUTE, "too_late"),
    ],
)
def test_when_a_lecture_may_start(as_of: dt.datetime, why: str) -> None:
    assert lifecycle.start_refusal(starts_at=NOON, ends_at=NOON + HOUR, as_of=as_of) == why


@pytest.mark.parametrize(
    ("ends_at", "as_of", "why"),
    [
        (NOON + HOUR, NOON, ""),
        (NOON, NOON, "order"),
        (NOON + 13 * HOUR, NOON, "too_long"),
        (NOON + HOUR, NOON + HOUR, "past"),
    ],
)
def test_which_plan_stands(ends_at: dt.datetime, as_of: dt.datetime, why: str) -> None:
    assert lifecycle.plan_refusal(starts_at=NOON, ends_at=ends_at, as_of=as_of) == why


@pytest.mark.parametrize(
    ("picture_at", "as_of", "forgotten"),
    [
        (NOON, NOON + 29 * MINUTE, False),
        (NOON - HOUR, NOON + 30 * MINUTE, True),
        (NOON + 20 * MINUTE, NOON + 49 * MINUTE, False),
        (NOON + 20 * MINUTE, NOON + 50 * MINUTE, True),
        (NOON + 3 * HOUR, NOON + 3 * HOUR, True),
    ],
)
def test_when_a_lecture_ends_by_itself(picture_at: dt.datetime, as_of: dt.datetime, forgotten: bool) -> None:
    assert lifecycle.is_forgotten(ends_at=NOON, picture_at=picture_at, as_of=as_of) is forgotten


def test_a_long_line_that_is_always_chosen_leaves_no_room_for_others() -> None:
    lines = ["x" * 100, *"123456789"]
    assert packing.sample(lines, budget=50) == (["x" * 100], 9)
