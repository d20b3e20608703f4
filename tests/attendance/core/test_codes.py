"""The code of a hall: fresh for some twenty seconds, of this site, of one hall."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.core.codes import EVERY_S, GRACE, UnableToReadCode, code_of, hall_of_code

pytestmark = pytest.mark.unit
KEY, AT = b"a key of this site", 1_800_000_003


def why(code: str, *, key: bytes = KEY, at_s: int = AT) -> str:
    """How a code is read: the hall's id, "old" or "none"."""
    try:
        return str(hall_of_code(code, key=key, at_s=at_s))
    except UnableToReadCode as error:
        return "old" if error.is_old else "none"


def test_a_code_changes_every_ten_seconds_and_is_read_through_its_grace() -> None:
    code = code_of(7, key=KEY, at_s=AT)
    assert code_of(7, key=KEY, at_s=AT + 6) == code
    assert code_of(7, key=KEY, at_s=AT + EVERY_S) != code
    last = (AT // EVERY_S + GRACE + 1) * EVERY_S - 1
    assert why(code, at_s=last) == "7"
    assert why(code, at_s=last + 1) == "old"
    assert why(code, at_s=AT - EVERY_S) == "old"  # of a clock that runs ahead


@pytest.mark.parametrize(
    "code",
    ["", "7", "7-1", "7-1-", "-1-0", "7-x-00", "７-1-00", "7-1-0-0",
     "9" * 70, "7-" + "9" * 30 + "-0", "7-180000000-" + "0" * 20]
)  # fmt: skip
def test_what_is_no_code_is_none(code: str) -> None:
    assert why(code) == "none"


def test_a_code_is_of_one_hall_and_one_site() -> None:
    code = code_of(7, key=KEY, at_s=AT)
    assert why("8" + code[1:]) == "none"
    assert why(code, key=b"another key") == "none"


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert why(text) in ("none", "old") or text.count("-") == 2
