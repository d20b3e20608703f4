"""How long a window lasts and whether it was held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core import frame

pytestmark = pytest.mark.unit
MINUTE = 60_000
HOUR = 60 * MINUTE

PAUSES = [
    ("none", [], HOUR),
    ("inside", [(10, 30)], HOUR + 20),
    ("two", [(10, 30), (HOUR, HOUR + 5)], HOUR + 25),
    ("before it began", [(-50, -10)], HOUR),
    ("from before into it", [(-50, 10)], HOUR + 10),
    ("from its last moment", [(HOUR - 1, HOUR + 99)], HOUR + 100),
    ("after its end", [(HOUR, HOUR + 99)], HOUR),
    ("overlapping", [(10, 30), (20, 40)], HOUR + 30),
]


@pytest.mark.parametrize(("name", "paused", "end"), PAUSES, ids=[case[0] for case in PAUSES])
def test_pauses_lengthen_a_window_while_it_lasts(name: str, paused: list[tuple[int, int]], end: int) -> None:
    assert frame.latest_end(start=0, planned=HOUR, paused=paused) == end


@given(st.integers(-100, 100), st.integers(1, 200), st.lists(st.tuples(st.integers(-200, 500), st.integers(0, 50))))
def test_what_is_left_of_a_full_window_is_what_was_planned(
    start: int, planned: int, found: list[tuple[int, int]]
) -> None:
    paused = [(at, at + length) for at, length in found]
    end = frame.latest_end(start=start, planned=planned, paused=paused)
    assert frame.net_length(start=start, end=end, left_out=paused) == planned


@pytest.mark.parametrize(
    ("net", "planned", "held"),
    [
        (5 * MINUTE, HOUR, True),
        (5 * MINUTE - 1, HOUR, False),
        (5 * MINUTE - 1, 10 * MINUTE, False),
        (3 * MINUTE, 3 * MINUTE, True),
        (90_000, 3 * MINUTE, True),
        (90_000 - 1, 3 * MINUTE, False),
        (0, MINUTE, False),
    ],
)
def test_too_short_is_not_held(net: int, planned: int, held: bool) -> None:
    assert frame.was_held(net=net, planned=planned) is held
