"""Where a browser places the samples of a segment."""

import struct

import pytest

from media.core.fragments import Lane, UnableToReadSegment, read_lanes, read_spans

pytestmark = pytest.mark.unit


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, name) + body


def track(number: int, kind: bytes, scale: int) -> bytes:
    tkhd = box(b"tkhd", struct.pack(">IIII", 0, 0, 0, number) + bytes(60))
    mdhd = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, scale, 0) + bytes(4))
    hdlr = box(b"hdlr", struct.pack(">II4s", 0, 0, kind) + bytes(13))
    return box(b"trak", tkhd + box(b"mdia", mdhd + hdlr))


INIT = box(
    b"moov",
    track(1, b"vide", 1000)
    + track(2, b"soun", 48_000)
    + box(b"mvex", box(b"trex", struct.pack(">IIIIII", 0, 2, 1, 1024, 0, 0))),
)
LANES = {1: Lane("video", 1000, 0), 2: Lane("audio", 48_000, 1024)}


def moof() -> bytes:
    """Three pictures of 40 ms, reordered, from 25 ms on; two frames of sound from 4 ms on."""
    seen = struct.pack(">II", (1 << 24) | 0x801, 3) + struct.pack(">i", 0) + struct.pack(">iii", 0, 40, -40)
    heard = struct.pack(">II", 0x001, 2) + struct.pack(">i", 0)
    return box(
        b"moof",
        box(
            b"traf",
            box(b"tfhd", struct.pack(">III", 0x020008, 1, 40))
            + box(b"tfdt", struct.pack(">IQ", 1 << 24, 25))
            + box(b"trun", seen),
        )
        + box(
            b"traf",
            box(b"tfhd", struct.pack(">II", 0x020000, 2))
            + box(b"tfdt", struct.pack(">II", 0, 192))
            + box(b"trun", heard),
        ),
    )


def test_tracks_are_read_from_the_init_segment() -> None:
    assert read_lanes(INIT) == LANES


def test_samples_are_placed_by_their_showing_order() -> None:
    spans = read_spans(moof() + box(b"mdat", b"moof"), LANES)
    assert spans == {"video": (0.025, 0.145), "audio": (0.004, (192 + 2048) / 48_000)}


@pytest.mark.parametrize("data", [b"", b"\0\0\0\1moov", bytes(100), box(b"moov", box(b"tkhd", b""))])
def test_what_is_no_init_segment_is_refused(data: bytes) -> None:
    with pytest.raises(UnableToReadSegment):
        read_lanes(data)


def test_a_run_that_is_cut_off_is_refused() -> None:
    with pytest.raises(UnableToReadSegment):
        read_spans(moof()[:-6], LANES)


def run_of(number: int) -> bytes:
    """Two samples of one track, each with its own length."""
    samples = struct.pack(">II", 0x101, 2) + struct.pack(">iII", 0, 40, 60)
    return box(b"traf", box(b"tfhd", struct.pack(">II", 0, number)) + box(b"trun", samples))


def test_samples_may_have_lengths_of_their_own() -> None:
    assert read_spans(box(b"moof", run_of(1)), LANES) == {"video": (0.0, 0.1)}


def test_a_track_that_nobody_plays_is_passed_over() -> None:
    assert read_spans(box(b"moof", run_of(9) + run_of(1)), LANES) == {"video": (0.0, 0.1)}
