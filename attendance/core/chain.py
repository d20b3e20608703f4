"""The canonical form of what is sealed, and the digests over it. Pure.

A row's form names only what it holds: a column that is empty (null, "", 0, an empty list) is not in it, so that a
column added in later years leaves old rows as they were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
ROW_BYTES = 16  # of a row's SHA-256: nobody finds a second row for it
ENTRY = 8 + ROW_BYTES
MOST_ROWS = 1000  # of a block


def row_digest(table: str, names: Sequence[str], values: Sequence[Any]) -> bytes:
    """Return the digest of one row: moments are microseconds since 1970, what is empty is left out."""
    held = [[name, value] for name, value in zip(names, values, strict=True) if value]
    text = json.dumps([table, held], ensure_ascii=False, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).digest()[:ROW_BYTES]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND
    return str(value)  # a date: as in ISO 8601


def pack(rows: Iterable[tuple[int, bytes]]) -> bytes:
    """Return ``(id, digest)`` of the rows of one block as they are kept."""
    return b"".join(key.to_bytes(8, "big") + digest for key, digest in rows)


def unpack(packed: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(packed), ENTRY):
        yield int.from_bytes(packed[at : at + 8], "big"), packed[at + 8 : at + ENTRY]


def block_digest(kind: str, occasion_id: int, packed: bytes) -> str:
    """Return what names a block: which occasion's, and every row in it."""
    return hashlib.sha256(f"{kind}:{occasion_id}:".encode() + packed).hexdigest()


class SealDigest:
    """The digest of one day: the seal before, what the day covers, and its blocks in order."""

    def __init__(self, *, previous: str, day: date, through: Mapping[str, int], open_spans: Sequence[int]) -> None:
        head = [previous, day.isoformat(), dict(sorted(through.items())), list(open_spans)]
        self._sum = hashlib.sha256(json.dumps(head, separators=(",", ":")).encode())

    def add(self, *, number: int, kind: str, occasion_id: int, count: int, digest: str) -> None:
        self._sum.update(f"\n{number}:{kind}:{occasion_id}:{count}:{digest}".encode())

    def hexdigest(self) -> str:
        return self._sum.hexdigest()
