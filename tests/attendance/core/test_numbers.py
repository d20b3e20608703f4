"""Numbers off a sheet of paper, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.numbers import UnableToReadNumbers, numbers_of

pytestmark = pytest.mark.unit


def but(*left_out: int, most: int = 30) -> set[int]:
    return set(range(1, most + 1)) - set(left_out)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1-3", {1, 2, 3}),
        ("1—3，5、7 9;11。", {1, 2, 3, 5, 7, 9, 11}),
        ("１～３", {1, 2, 3}),
        ("1 到 3 和 5", {1, 2, 3, 5}),
        ("3号、17号", {3, 17}),
        ("全部", but()),
        ("全到", but()),
        ("全部，除 3、17、29", but(3, 17, 29)),
        ("全部除了3,17,29", but(3, 17, 29)),
        ("除 3 17 29", but(3, 17, 29)),
        ("缺 3、4-6", but(3, 4, 5, 6)),
        ("all but 3", but(3)),
        ("除3、17外", but(3, 17)),
        ("1-10 除 4", set(range(1, 11)) - {4}),
        ("5 5 5", {5}),
    ],
)
def test_what_people_write_is_read(text: str, numbers: set[int]) -> None:
    assert numbers_of(text, most=30) == numbers


@pytest.mark.parametrize(
    ("text", "code", "piece"),
    [
        ("", "empty", ""),
        ("，、", "empty", ""),
        ("除", "empty", ""),
        ("缺席", "empty", ""),
        ("1-2 除 1 2", "empty", ""),
        ("31", "beyond", "31"),
        ("0", "beyond", "0"),
        ("1-99", "beyond", "1-99"),
        ("9-3", "turned", "9-3"),
        ("张三", "word", "张三"),
        ("全部 张三", "word", "张三"),
        ("1--3", "word", "1--3"),
        ("1-9999999999", "word", "1-9999999999"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_piece(text: str, code: str, piece: str) -> None:
    with pytest.raises(UnableToReadNumbers) as found:
        numbers_of(text, most=30)
    assert (found.value.code, found.value.piece) == (code, piece)


@given(st.text(alphabet="0123456789 ,、-除全部号缺", max_size=60), st.integers(0, 500))
def test_what_is_read_stands_on_the_sheet(text: str, most: int) -> None:
    try:
        found = numbers_of(text, most=most)
    except UnableToReadNumbers:
        return
    assert found <= set(range(1, most + 1))
