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
