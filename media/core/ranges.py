"""The Range header of one request (RFC 9110, 14): one range or none."""

import re
from dataclasses import dataclass

# The unit is case-insensitive (RFC 9110, 14.1).
ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


class UnableToSatisfy(Exception):
    """No byte of the file lies in the range: answer 416."""


@dataclass(frozen=True)
class ByteRange:
    """Bytes ``first`` to ``last``, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def parse_range(header: str, *, size: int) -> ByteRange | None:
    """Return the wanted bytes, or None where the whole file is to be sent (no, several or malformed ranges).

    Raises UnableToSatisfy.
    """
    match = ONE_RANGE.fullmatch(header.strip().replace(" ", ""))
    if match is None or match.group(1) == match.group(2) == "":
        return None
    if match.group(1) == "":
        count = min(int(match.group(2)), size)
        if count == 0:
            raise UnableToSatisfy
        return ByteRange(size - count, size - 1)
    first = int(match.group(1))
    last = int(match.group(2)) if match.group(2) else size - 1
    if match.group(2) and last < first:
        return None
    if first >= size:
        raise UnableToSatisfy
    return ByteRange(first, min(last, size - 1))
