"""Where the samples of a fragmented MP4 segment lie in time, as a browser reads them (tfdt, trun). Pure.

Edit lists are left out of account, for MediaSource does so too.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"moof", b"traf", b"mvex"})
# Flags of tfhd and trun (ISO/IEC 14496-12, 8.8.7 and 8.8.8).
BASE_OFFSET, DESCRIPTION, DEFAULT_DURATION = 0x01, 0x02, 0x08
DATA_OFFSET, FIRST_FLAGS, DURATION, SIZE, FLAGS, OFFSET = 0x01, 0x04, 0x100, 0x200, 0x400, 0x800


class UnableToReadSegment(Exception):
    """Not an init or media segment of fragmented MP4."""


@dataclass(frozen=True)
class Lane:
    """A track of an init segment: ``kind`` is "video" or "audio", ``scale`` its ticks a second."""

    kind: str
    scale: int
    duration: int


def read_lanes(init: bytes) -> dict[int, Lane]:
    """Return the tracks of an init segment by their numbers. Raises UnableToReadSegment."""
    lanes: dict[int, Lane] = {}
    scale = number = 0
    kinds = {b"vide": "video", b"soun": "audio"}
    defaults: dict[int, int] = {}
    try:
        for name, body in _boxes(init):
            if name == b"tkhd":
                number = struct.unpack_from(">I", body, 20 if body[0] else 12)[0]
            elif name == b"mdhd":
                scale = struct.unpack_from(">I", body, 20 if body[0] else 12)[0]
            elif name == b"hdlr" and body[8:12] in kinds and scale:
                lanes[number] = Lane(kinds[body[8:12]], scale, 0)
            elif name == b"trex":
                track, _description, duration = struct.unpack_from(">III", body, 4)
                defaults[track] = duration
    except (struct.error, IndexError) as error:
        raise UnableToReadSegment from error
    if not lanes:
        raise UnableToReadSegment
    return {number: Lane(lane.kind, lane.scale, defaults.get(number, 0)) for number, lane in lanes.items()}


def read_spans(head: bytes, lanes: dict[int, Lane]) -> dict[str, tuple[float, float]]:
    """Return by kind the seconds that the samples of a segment cover; ``head`` holds its ``moof`` boxes.

    Raises UnableToReadSegment.
    """
    spans: dict[str, tuple[float, float]] = {}
    lane, duration, base = None, 0, 0
    try:
        for name, body in _boxes(head):
            if name == b"tfhd":
                lane, duration = _track(body, lanes)
            elif name == b"tfdt":
                base = struct.unpack_from(">Q" if body[0] else ">I", body, 4)[0]
            elif name == b"trun" and lane is not None:
                start, end, base = _run(body, base, duration)
                before = spans.get(lane.kind, (start / lane.scale, end / lane.scale))
                spans[lane.kind] = (min(before[0], start / lane.scale), max(before[1], end / lane.scale))
    except (struct.error, IndexError) as error:
        raise UnableToReadSegment from error
    return spans


def _track(body: bytes, lanes: dict[int, Lane]) -> tuple[Lane | None, int]:
    flags, number = struct.unpack_from(">II", body)
    flags &= 0xFFFFFF
    lane = lanes.get(number)
    at = 8 + (8 if flags & BASE_OFFSET else 0) + (4 if flags & DESCRIPTION else 0)
    duration = struct.unpack_from(">I", body, at)[0] if flags & DEFAULT_DURATION else lane.duration if lane else 0
    return lane, duration


def _run(body: bytes, base: int, duration: int) -> tuple[int, int, int]:
    """First shown tick, last shown tick, and the tick after the last sample in decoding order."""
    version, count = body[0], struct.unpack_from(">I", body, 4)[0]
    flags = struct.unpack_from(">I", body)[0] & 0xFFFFFF
    at = 8 + (4 if flags & DATA_OFFSET else 0) + (4 if flags & FIRST_FLAGS else 0)
    start, end = None, base
    for _ in range(count):
        length, offset = duration, 0
        if flags & DURATION:
            length, at = struct.unpack_from(">I", body, at)[0], at + 4
        at += (4 if flags & SIZE else 0) + (4 if flags & FLAGS else 0)
        if flags & OFFSET:
            offset, at = struct.unpack_from(">i" if version else ">I", body, at)[0], at + 4
        start = base + offset if start is None else min(start, base + offset)
        end = max(end, base + offset + length)
        base += length
    return base if start is None else start, end, base


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every box in order, with the bytes that follow its header; containers are entered, cut off ones end it."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, at + 8)[0], 16
        if size == 0:
            size = len(data) - at
        if size < header or name == b"mdat":
            return
        body = data[at + header : at + size]
        if name in CONTAINERS:
            yield from _boxes(body)
        else:
            yield name, body
        at += size
