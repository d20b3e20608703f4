"""The boxes of an MP4 file (ISO/IEC 14496-12, 4.2), read one after the other. Pure: the caller opens the file."""

from collections.abc import Iterator
from struct import Struct
from typing import IO

HEAD = Struct(">I4s")
LARGE = Struct(">Q")


def boxes(file: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of the highest level: name, where the content begins, where the box says that it ends.

    At each the file stands where the content begins. The last may end beyond the file: it is cut. Where no box begins,
    nothing more is given.
    """
    start = 0
    file.seek(start)
    while len(header := file.read(HEAD.size)) == HEAD.size:
        size, name = HEAD.unpack(header)
        if size == 1:
            size = LARGE.unpack(file.read(LARGE.size).rjust(LARGE.size, b"\0"))[0]
        content = file.tell()
        if start + size < content or not name.isalnum():
            return
        yield name, content, start + size
        start += size
        file.seek(start)
