"""How long work goes on, and how loud sound is made."""

import pytest

from media.core.loudness import gain_of, read_loudness
from media.core.outlook import seconds_left

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("percent", "elapsed_s", "left"), [(2, 60.0, None), (50, 5.0, None), (25, 60.0, 180), (100, 60.0, 0)]
)
def test_a_number_is_said_when_it_is_more_than_a_guess(percent: int, elapsed_s: float, left: int | None) -> None:
    assert seconds_left(percent=percent, elapsed_s=elapsed_s) == left


@pytest.mark.parametrize(
    ("measured", "gain"),
    [
        (-23.0, 7.0),
        (-8.0, -8.0),
        (-45.0, 24.0),
        (-16.9, 0.0),
        (-70.0, 0.0),
        (float("nan"), 0.0),
        (float("-inf"), 0.0),
        (None, 0.0),
    ],
)
def test_sound_is_brought_to_one_loudness_and_silence_stays_silent(measured: float | None, gain: float) -> None:
    assert gain_of(measured) == gain


def test_the_last_moment_says_how_loud_the_whole_was() -> None:
    said = "0.9\nframe:0 pts:0 pts_time:0\nlavfi.r128.I=-70.000\nframe:1 pts:4800 pts_time:0.1\nlavfi.r128.I=-21.300\n"
    assert read_loudness(said) == -21.3
    assert read_loudness("frame:0\nlavfi.r128.I=loud\n") is None
    assert read_loudness("") is None
