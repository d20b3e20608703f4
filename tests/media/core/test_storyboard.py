"""Which small pictures there are of a film, and from where they come."""

import pytest

from media.core.playlists import Segment
from media.core.storyboard import BYTES_AN_HOUR, Storyboard, most_bytes, pick, plan_storyboard

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("length_s", "size", "board"),
    [
        (29.9, (426, 240), None),
        (30.0, (426, 240), Storyboard(3, 3, 128, 72, 10_000)),
        (95.0, (426, 240), Storyboard(10, 10, 128, 72, 9_500)),
        (3600.0, (426, 240), Storyboard(10, 40, 128, 72, 90_000)),
        (5400.0, (240, 426), Storyboard(10, 60, 54, 96, 90_000)),
        (60.0, (1000, 4), Storyboard(6, 6, 128, 2, 10_000)),
    ],
)
def test_there_are_forty_an_hour_and_none_nearer_than_ten_seconds(
    length_s: float, size: tuple[int, int], board: Storyboard | None
) -> None:
    assert plan_storyboard(length_s=length_s, width=size[0], height=size[1]) == board


def test_rows_hold_all_of_them() -> None:
    assert [Storyboard(10, count, 2, 2, 1).rows for count in (9, 10, 11)] == [1, 1, 2]


def test_a_sheet_weighs_no_more_than_its_hours_allow() -> None:
    assert [most_bytes(seconds) // BYTES_AN_HOUR for seconds in (60, 3600, 7200)] == [1, 1, 2]


def segments(*lengths: float) -> list[Segment]:
    return [Segment(str(number), length, "init") for number, length in enumerate(lengths)]


@pytest.mark.parametrize(
    ("lengths", "picked", "first_s"),
    [
        ((4.0,) * 8, ["1", "3", "6"], 4.0),
        # One long segment holds the middle of two tiles.
        ((4.0, 14.0, 12.0), ["1", "2"], 4.0),
        ((30.0,), ["0"], 0.0),
    ],
)
def test_each_tile_has_the_segment_of_its_middle(lengths: tuple[float, ...], picked: list[str], first_s: float) -> None:
    found, first = pick(Storyboard(3, 3, 128, 72, 10_000), segments(*lengths))
    assert ([segment.uri for segment in found], first) == (picked, first_s)


def test_moments_that_do_not_go_on_have_none() -> None:
    board = Storyboard(3, 3, 128, 72, 10_000)
    broken = [*segments(4.0, 4.0), Segment("2", 4.0, "init", begins_anew=True)]
    assert pick(board, broken) == ([], 0.0)
    assert pick(board, [Segment("0", 20.0, "a"), Segment("1", 20.0, "b")]) == ([], 0.0)
