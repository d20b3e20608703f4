"""Slides in step with a recording, and its chapters."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.slides import Chapter, Step, Turn, chapters, in_step

pytestmark = pytest.mark.unit
BEGAN, HOUR = 1_000_000, 3_600_000
CUTS = [(60_000, 30_000), (120_000, 300_000)]


def steps(*turns: tuple[int, str, int], cuts: list[tuple[int, int]] | None = None) -> list[tuple[int, str, int]]:
    """Turns at milliseconds after the recording began."""
    found = in_step(
        [Turn(BEGAN + at, deck, page) for at, deck, page in turns], began=BEGAN, media_ms=HOUR, cuts=cuts or []
    )
    return [(step.at, step.deck, step.page) for step in found]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([], []),
        ([(5000, "a", 1), (9000, "a", 2)], [(5000, "a", 1), (9000, "a", 2)]),
        # Out of order, as rows of two processes may be.
        ([(9000, "a", 2), (5000, "a", 1)], [(5000, "a", 1), (9000, "a", 2)]),
        # Before the beginning: the last one holds there.
        ([(-9000, "a", 1), (-5000, "a", 2), (9000, "a", 3)], [(0, "a", 2), (9000, "a", 3)]),
        ([(-9000, "a", 1), (100, "a", 2)], [(0, "a", 1), (100, "a", 2)]),
        # After its end nothing is seen.
        ([(5000, "a", 1), (HOUR, "a", 2), (HOUR + 1, "a", 3)], [(5000, "a", 1)]),
        # Leafed through on the way.
        ([(5000, "a", 1), (9000, "a", 2), (9200, "a", 3), (9400, "a", 4)], [(5000, "a", 1), (9000, "a", 4)]),
        ([(5000, "a", 1), (9000, "a", 2), (9200, "a", 1)], [(5000, "a", 1)]),
        # Hidden, and shown again; hidden from the start is no step.
        ([(1000, "", 0), (5000, "a", 1), (9000, "", 0)], [(5000, "a", 1), (9000, "", 0)]),
        ([(5000, "a", 1), (9000, "b", 1)], [(5000, "a", 1), (9000, "b", 1)]),
    ],
)
def test_turns_on_a_recording(turns: list[tuple[int, str, int]], expected: list[tuple[int, str, int]]) -> None:
    assert steps(*turns) == expected


def test_what_the_recording_leaves_out_moves_the_turns_with_it() -> None:
    turns = [
        (50_000, "a", 1),
        (70_000, "a", 2),
        (80_000, "a", 3),
        (100_000, "a", 4),
        (200_000, "a", 5),
        (460_000, "a", 6),
    ]
    # Page 2 and 3 were turned in the first hole, 5 in the second: the last of each holds where the recording goes on.
    assert steps(*turns, cuts=CUTS) == [
        (50_000, "a", 1), (60_000, "a", 3), (70_000, "a", 4), (120_000, "a", 5), (130_000, "a", 6),
    ]  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(-60_000, 600_000), st.sampled_from("ab"), st.integers(1, 9)), max_size=30),
    st.lists(st.tuples(st.integers(0, 300_000), st.integers(1, 60_000)), max_size=4).map(sorted),
)
def test_steps_rise_and_change_and_chapters_cover_them(
    turns: list[tuple[int, str, int]], cuts: list[tuple[int, int]]
) -> None:
    found = [Step(*step) for step in steps(*turns, cuts=cuts)]
    assert all(one.at < other.at for one, other in itertools.pairwise(found))
    assert all((a.deck, a.page) != (b.deck, b.page) for a, b in itertools.pairwise(found))
    made = chapters(found, media_ms=HOUR, titles={})
    assert all(one.end == other.start for one, other in itertools.pairwise(made))
    assert (made[-1].end == HOUR and made[0].start - found[0].at < 20_000) if found else made == []
    assert {(one.start, one.deck, one.page) for one in made} <= {(one.at, one.deck, one.page) for one in found}


def made(*shown: tuple[int, str, int]) -> list[tuple[int, int, int]]:
    found = chapters([Step(*one) for one in shown], media_ms=600_000, titles={})
    return [(one.start, one.end, one.page) for one in found]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ([], []),
        ([(0, "a", 1), (30_000, "a", 2)], [(0, 30_000, 1), (30_000, 600_000, 2)]),
        # A short one belongs to the one before it; before the first there is none.
        ([(0, "a", 1), (30_000, "a", 2), (40_000, "a", 3)], [(0, 40_000, 1), (40_000, 600_000, 3)]),
        ([(0, "a", 1), (5_000, "a", 2)], [(5_000, 600_000, 2)]),
        ([(0, "a", 1), (5_000, "a", 2), (9_000, "a", 3)], [(9_000, 600_000, 3)]),
        # Back to the same page after a short look at another: one chapter.
        ([(0, "a", 1), (30_000, "a", 2), (40_000, "a", 1)], [(0, 600_000, 1)]),
        # Hidden meanwhile: the page before goes on.
        ([(0, "a", 1), (30_000, "", 0), (90_000, "a", 2)], [(0, 90_000, 1), (90_000, 600_000, 2)]),
        ([(5_000, "", 0)], []),
        # The last one is short: at the end nobody waits for it.
        ([(0, "a", 1), (590_000, "a", 2)], [(0, 600_000, 1)]),
    ],
)
def test_chapters(shown: list[tuple[int, str, int]], expected: list[tuple[int, int, int]]) -> None:
    assert made(*shown) == expected


def test_a_chapter_is_called_as_the_outline_calls_its_page() -> None:
    titles = {("a", 1): "开场", ("b", 1): "别的"}
    found = chapters([Step(0, "a", 1), Step(30_000, "a", 2)], media_ms=60_000, titles=titles)
    assert found == [Chapter(0, 30_000, "a", 1, "开场"), Chapter(30_000, 60_000, "a", 2, "")]
