"""Short texts that clients send."""

import pytest

from attendance.core.text import checked

pytestmark = pytest.mark.unit


class Refused(Exception):
    pass


def test_printable_text_within_its_length_is_taken() -> None:
    assert checked("第一支部", 4, Refused) == "第一支部"


@pytest.mark.parametrize("text", ["", "12345", "a\0b", "a\nb", "\ud800", "\x7f", 5, None])
def test_what_a_database_would_refuse_is_refused_before(text: str) -> None:
    with pytest.raises(Refused):
        checked(text, 4, Refused)


HIDDEN = ["\u200b", "\u200e", "\u200f", "\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\ufeff"]


@pytest.mark.parametrize("mark", HIDDEN)
def test_what_nobody_sees_is_left_out(mark: str) -> None:
    assert checked(f"第{mark}一支部{mark}", 4, Refused) == "第一支部"
    with pytest.raises(Refused):
        checked(mark, 4, Refused)


@pytest.mark.parametrize("text", ["\u0645\u0649\u200c\u0631", "👨\u200d👩"])
def test_what_joins_letters_stays(text: str) -> None:
    assert checked(text, 9, Refused) == text
