"""Recorded RTP: 13-byte records (kind u8: 0 video, 1 audio; time f64; length u32; big-endian), each with its packet."""

from collections.abc import Iterator
from pathlib import Path
from struct import Struct

from live.core.media.scrubber import Kind

RECORD = Struct(">BdI")
LONGEST = 65_535
KINDS: tuple[Kind, Kind] = ("video", "audio")


class UnableToReadTrace(Exception):
    """Not a trace, or cut inside a record."""


def read_trace(path: Path) -> Iterator[tuple[Kind, float, bytes]]:
    """Kind, time of arrival in seconds, datagram. Raises UnableToReadTrace."""
    with path.open("rb") as file:
        while head := file.read(RECORD.size):
            if len(head) < RECORD.size:
                raise UnableToReadTrace("the file ends inside a record")
            kind, at, length = RECORD.unpack(head)
            datagram = file.read(min(length, LONGEST))
            if kind > 1 or len(datagram) != length:
                raise UnableToReadTrace("not a record of a trace")
            yield KINDS[kind], at, datagram
