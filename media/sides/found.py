"""A file that was found, on whichever side, and how its bytes come."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from asgiref.sync import sync_to_async


class Stream:
    """Bytes on their way, read as they are asked for, by a thread of its own under ASGI; closing is safe to repeat."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], None]) -> None:
        self._pieces, self.close = pieces, close

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        finally:
            self.close()

    async def pieces(self) -> AsyncIterator[bytes]:
        take = sync_to_async(lambda: next(self._pieces, b""), thread_sensitive=False)
        try:
            while data := await take():
                yield data
        finally:
            await sync_to_async(self.close, thread_sensitive=False)()


@dataclass(frozen=True)
class Entry:
    """A file in a listing; ``modified``: Unix seconds."""

    key: str
    size: int
    modified: float


@dataclass(frozen=True)
class Found:
    """``path``: where it lies on this machine's disk for good, None where it lies elsewhere or is being moved."""

    key: str
    size: int
    modified: float
    etag: str
    open: Callable[[int, int], Stream]
    path: Path | None = None

    def read(self) -> bytes:
        """All of it, for what is small."""
        return b"".join(self.open(0, self.size))
