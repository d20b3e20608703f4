"""A cursor comes back as it was given; anything else is refused, whatever it is."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.core.cursors import LARGEST, Place, UnableToReadCursor, read, written

pytestmark = pytest.mark.unit
PATHS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=40)
NUMBERS = st.integers(0, LARGEST)


@given(PATHS, NUMBERS, NUMBERS)
def test_comes_back(path: str, first: int, second: int) -> None:
    place = Place(path, first, second)
    assert read(written(place)) == place
    assert "=" not in written(place)


def cursor(plain: bytes) -> str:
    return base64.urlsafe_b64encode(plain).decode()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 601, "页", "a", "!!!!!", cursor(b"\xff.1.2"), cursor(b"0001.1"), cursor(b"0001.1.2.3"),
        cursor(b"00%1.1.2"), cursor(b"0001.x.2"), cursor(b"0001.-1.2"), cursor(b"0001.1.99999999999999999999999"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UnableToReadCursor):
        read(text)


@given(st.text(max_size=80))
def test_no_text_is_worse_than_refused(text: str) -> None:
    with contextlib.suppress(UnableToReadCursor):
        read(text)
