"""The pieces of the fallback: read, put in order, and refused where they cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.wire import fallback
from live.core.wire.fallback import HEAD, MOST_PIECE, BadPiece, Order, Piece, door_of, packed, read_piece

pytestmark = pytest.mark.unit


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=100))
def test_a_piece_is_read_as_it_was_packed(run: int, number: int, data: bytes) -> None:
    piece = Piece(run, number, data)
    assert read_piece(packed(piece)) == piece


@pytest.mark.parametrize("length", [0, HEAD.size - 1, HEAD.size, HEAD.size + MOST_PIECE + 1])
def test_a_piece_without_bytes_or_with_too_many_is_none(length: int) -> None:
    with pytest.raises(BadPiece):
        read_piece(b"\0" * length)
    assert len(read_piece(b"\0" * (HEAD.size + MOST_PIECE)).data) == MOST_PIECE


def test_pieces_come_in_order_each_once_and_a_new_recording_begins_with_its_first() -> None:
    order = Order()
    numbers = [(1, 0), (1, 1), (1, 1), (1, 0), (1, 2), (2, 0), (1, 3), (5, 0), (5, 1)]
    assert [order.is_new(Piece(run, number, b"x")) for run, number in numbers] == [
        True, True, False, False, True, True, False, True, True,
    ]  # fmt: skip
    for run, number in ((5, 3), (6, 1)):
        with pytest.raises(BadPiece):
            order.is_new(Piece(run, number, b"x"))
    assert order == Order(5, 2)


def test_the_agents_door_lies_beside_the_engines_folder() -> None:
    assert door_of("janus+unix:/var/lib/site/engine/janus.sock") == "/var/lib/site/fallback.sock"


def test_every_reason_has_a_code_that_a_browser_may_get() -> None:
    assert all(code == 1013 or 4000 <= code < 5000 for code in fallback.CLOSES.values())
