"""The boxes of an MP4 file, whole and cut."""

import io

import pytest

from media.core.boxes import HEAD, LARGE, boxes

pytestmark = pytest.mark.unit


def box(name: bytes, content: bytes = b"") -> bytes:
    return HEAD.pack(HEAD.size + len(content), name) + content


def large(name: bytes, content: bytes) -> bytes:
    return HEAD.pack(1, name) + LARGE.pack(HEAD.size + LARGE.size + len(content)) + content


def read(data: bytes) -> list[tuple[bytes, int, int]]:
    return list(boxes(io.BytesIO(data)))


def test_a_whole_file_is_read_to_its_end() -> None:
    assert read(box(b"ftyp", b"isom") + large(b"mdat", b"abc")) == [(b"ftyp", 8, 12), (b"mdat", 28, 31)]


@pytest.mark.parametrize("rest", [b"", b"\0\0\0", HEAD.pack(1, b"mdat")])
def test_a_file_that_was_cut_shows_its_last_box_with_the_length_that_it_should_have(rest: bytes) -> None:
    assert read(box(b"ftyp", b"isom") + rest) == [(b"ftyp", 8, 12)]
    assert read(box(b"moof", b"a" * 10)[:-4]) == [(b"moof", 8, 18)]


@pytest.mark.parametrize(
    "wrong",
    [
        HEAD.pack(0, b"mdat"),
        HEAD.pack(7, b"mdat"),
        HEAD.pack(20, b"\0\0\0\0"),
        HEAD.pack(1, b"mdat") + LARGE.pack(15),
    ],
)
def test_nothing_is_given_from_where_no_box_begins(wrong: bytes) -> None:
    assert read(box(b"ftyp", b"isom") + wrong + box(b"moov", b"x" * 20)) == [(b"ftyp", 8, 12)]
