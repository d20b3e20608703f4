"""The short code of a lecture, made and typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.short_code import ALPHABET, LENGTH, RANDOM_BYTES, code_from, code_typed, spoken

pytestmark = pytest.mark.unit


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_a_code_is_read_as_it_was_printed_and_typed_small(random: bytes) -> None:
    code = code_from(random)
    assert (len(code), set(code) <= set(ALPHABET)) == (LENGTH, True)
    assert [code_typed(text) for text in (code, spoken(code), f" {code.lower()}/")] == [code] * 3


def test_no_sign_looks_like_another_and_what_is_none_is_no_code() -> None:
    assert not set("01ILOU") & set(ALPHABET)
    assert [code_typed(text) for text in ("", "2345678", "23456780", "234567890", "二" * 8)] == [""] * 5
