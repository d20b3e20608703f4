"""Media segments as they lie on disk (fragmented MP4, ISO/IEC 14496-12): whole or torn, and which time they hold. Pure.

A full disk leaves files that are cut, a machine that lost its power leaves zeros; neither may be offered to a player.
"""

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO

from media.core.boxes import boxes

INDEX = {0: Struct(">IIIII"), 1: Struct(">IIQQI")}
"""sidx: reference id, timescale, earliest time, first offset, and (reserved, count of references) in one."""
REFERENCE = Struct(">III")
FIRST_TRACK = 1


class Torn(Exception):
    """Not all of it was written."""


def read_fragment(file: BinaryIO, size: int) -> tuple[float, float]:
    """Where a segment begins in its run and how long it is, in seconds, as its first track says. Raises Torn."""
    found: tuple[float, float] | None = None
    names = set()
    for name, start, end in _whole_boxes(file, size):
        names.add(name)
        if name == b"sidx" and found is None:
            file.seek(start)
            found = _indexed(file.read(end - start))
    if found is None or not {b"moof", b"mdat"} <= names:
        raise Torn
    return found


def check_init(file: BinaryIO, size: int) -> None:
    """Raise Torn unless this is a whole initialisation segment."""
    if not {b"ftyp", b"moov"} <= {name for name, _start, _end in _whole_boxes(file, size)}:
        raise Torn


def _whole_boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of the highest level, one after the other until the end of the file; raises Torn for any other end."""
    read = 0
    for name, start, end in boxes(file):
        if end > size:
            raise Torn
        yield name, start, end
        read = end
    if read != size:
        raise Torn


def _indexed(body: bytes) -> tuple[float, float] | None:
    """Time and length from a segment index; None for the index of another track."""
    shape = INDEX.get(body[0]) if body else None
    if shape is None or len(body) < 4 + shape.size:
        raise Torn
    track, scale, earliest, _first, count = shape.unpack_from(body, 4)
    if track != FIRST_TRACK:
        return None
    places = [4 + shape.size + REFERENCE.size * index for index in range(count & 0xFFFF)]
    if not scale or not places or places[-1] + REFERENCE.size > len(body):
        raise Torn
    length = sum(REFERENCE.unpack_from(body, place)[1] for place in places)
    return earliest / scale, length / scale
