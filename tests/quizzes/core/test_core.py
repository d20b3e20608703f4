"""What is asked, what is right, what is drawn: pure."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance.core.check import UnfitQuestion
from quizzes.core.drawing import drawn, needed, number_words
from quizzes.core.questions import Draft, Kind, answer_of, is_right, normalised, order_of
from quizzes.core.tags import tags_of
from tests.factories.quizzes import DRAFTS, FILL, ORDER, SEVERAL, SINGLE

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda one: one.kind)
def test_one_of_each_kind_can_be_asked(draft: Draft) -> None:
    draft.check()


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (replace(SINGLE, text=" "), "text"),
        (replace(FILL, text=" "), "text"),
        (replace(SINGLE, right=(0, 1)), "one_right"),
        (replace(SEVERAL, right=()), "right"),
        (replace(ORDER, choices=()), "order"),
        (replace(ORDER, choices=("呼救", "按压")), "order"),  # of two, the order would give itself away
        (replace(ORDER, choices=("呼救", "按压", " ")), "choices"),
        (replace(ORDER, choices=("呼救", "呼救 ")), "same"),
        (replace(ORDER, choices=tuple("一二三四五六七")), "choices"),
        (replace(FILL, choices=()), "answers"),
        (replace(FILL, choices=("120", " ")), "answers"),
        (replace(FILL, choices=("120", "１２０")), "same"),
    ],
)
def test_what_nobody_could_answer_is_refused(draft: Draft, code: str) -> None:
    with pytest.raises(UnfitQuestion) as refused:
        draft.check()
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "same"),
    [("１２０", "120"), (" Ａ b　C ", "abc"), ("ＣＰＲ", "cpr"), ("一 二 〇", "一二〇"), ("（甲）", "(甲)")],
)
def test_width_case_and_spaces_make_no_difference(typed: str, same: str) -> None:
    assert normalised(typed) == normalised(same)


@pytest.mark.parametrize(
    ("draft", "given", "right"),
    [
        (SINGLE, [1], True),
        (SINGLE, [0], False),
        (SEVERAL, [1, 0], True),
        (SEVERAL, [0], False),
        (SEVERAL, [0, 1, 2], False),
        (ORDER, [0, 1, 2], True),
        (ORDER, [1, 0, 2], False),
        (FILL, ["１２ 0"], True),
        (FILL, ["一二〇"], True),
        (FILL, ["110"], False),
    ],
)
def test_marking(draft: Draft, given: list[int | str], right: bool) -> None:
    assert is_right(kind=draft.kind, choices=draft.choices, right=draft.right, given=given) is right


def test_choices_lie_the_same_for_the_same_key_and_never_in_order_where_order_is_asked() -> None:
    keys = [f"k{number}" for number in range(60)]
    assert {order_of(kind=Kind.TRUE_FALSE, size=2, key=key) for key in keys} == {(0, 1)}
    assert len({order_of(kind=Kind.SINGLE, size=3, key=key) for key in keys}) == 6
    shown = {order_of(kind=Kind.ORDER, size=3, key=key) for key in keys}
    assert (0, 1, 2) not in shown
    assert len(shown) == 5
    assert order_of(kind=Kind.ORDER, size=3, key="k") == order_of(kind=Kind.ORDER, size=3, key="k")


@pytest.mark.parametrize(
    ("kind", "shown", "places"),
    [
        (Kind.SINGLE, [0], [2]),
        (Kind.SINGLE, [0, 1], None),
        (Kind.SINGLE, [], None),
        (Kind.SINGLE, [7], None),
        (Kind.SEVERAL, [0, 1], [0, 2]),
        (Kind.SEVERAL, [1, 1], None),
        (Kind.ORDER, [1, 2, 0], [0, 1, 2]),
        (Kind.ORDER, [1, 2], None),
    ],
)
def test_what_was_ticked_is_read_by_the_order_in_which_it_was_shown(
    kind: Kind, shown: list[int], places: object
) -> None:
    assert answer_of(kind=kind, shown=shown, order=(2, 0, 1)) == places


def test_a_draw_is_the_same_for_a_seed_and_takes_no_question_twice() -> None:
    pools = [([1, 2, 3, 4, 5, 6], 3), ([1, 2], 2)]
    first = drawn(pools=pools, seed="a")
    assert first == drawn(pools=pools, seed="a")
    assert len(first) == len(set(first)) == 5
    assert {1, 2} <= set(first)  # the narrow pool is not emptied by the wide one
    assert len({tuple(drawn(pools=pools, seed=str(seed))) for seed in range(20)}) > 10


def most_of(pools: list[tuple[list[int], int]]) -> int:
    """Return how many can be drawn at most (Hall): whichever pools one takes, they give no more than they hold."""
    picks = [set(one) for size in range(len(pools) + 1) for one in combinations(range(len(pools)), size)]
    return min(
        len({key for at in pick for key in pools[at][0]})
        + sum(count for at, (_keys, count) in enumerate(pools) if at not in pick)
        for pick in picks
    )


@pytest.mark.parametrize(
    ("pools", "most"),
    [
        ([([1, 2, 3], 2), ([2, 3, 4, 5], 3)], 5),
        ([([0, 1, 2, 3, 4, 5], 4), ([3, 4, 5, 6, 7, 8], 4)], 8),
        ([([1, 2, 3], 1), ([1, 2, 4], 3)], 4),
        ([([1, 2], 1), ([2, 3], 1), ([3, 4], 2)], 4),
        ([([1, 2], 2), ([1, 2], 1), ([1, 2, 3], 1)], 3),
    ],
)
def test_a_draw_is_whole_for_every_seed_if_it_can_be(pools: list[tuple[list[int], int]], most: int) -> None:
    assert most_of(pools) == most
    for seed in range(300):
        found = drawn(pools=pools, seed=str(seed))
        assert len(found) == len(set(found)) == most, seed


@settings(deadline=None)
@given(
    pools=st.lists(st.tuples(st.lists(st.integers(0, 9), unique=True), st.integers(1, 5)), max_size=6), seed=st.text()
)
def test_no_pools_leave_less_than_there_is(pools: list[tuple[list[int], int]], seed: str) -> None:
    found = drawn(pools=pools, seed=seed)
    assert len(found) == len(set(found)) == most_of(pools)


def test_a_pool_that_is_short_gives_what_it_has() -> None:
    assert sorted(drawn(pools=[([1, 2], 5), ([], 2)], seed="a")) == [1, 2]


@pytest.mark.parametrize(("percent", "of", "need"), [(60, 5, 3), (50, 5, 3), (100, 4, 4), (1, 4, 1), (60, 3, 2)])
def test_the_pass_mark_is_rounded_up(percent: int, of: int, need: int) -> None:
    assert needed(percent=percent, of=of) == need


@pytest.mark.parametrize(
    ("numbers", "words"), [([], ""), ([2], "2"), ([1, 2], "1、2"), ([5, 1, 3, 4], "1、3–5"), ([1, 2, 4], "1、2、4")]
)
def test_numbers_in_short(numbers: list[int], words: str) -> None:
    assert number_words(numbers, comma="、", dash="–") == words


def test_tags_in_a_line() -> None:
    assert tags_of(" 防汛，急救、防汛 ＡＢ;c\n") == ("防汛", "急救", "AB", "c")
    assert tags_of("") == ()
