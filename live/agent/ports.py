"""Where a lecture's media come in to its carrier: local ports of the engine's tap, or a fallback in their place."""

import contextlib
import socket
from collections.abc import Iterable
from typing import Protocol

from live.core.media.scrubber import Kind

RECEIVE_BUFFER = 2**21
MOST_WAITING = 100_000


class Fallback(Protocol):
    """A lecturer's picture that comes otherwise than by the engine."""

    def stop(self, why: str) -> None:
        """It is over, for this reason (``live.core.wire.fallback``). Idempotent."""


def opened(places: Iterable[tuple[Kind, int]]) -> dict[tuple[Kind, int], socket.socket]:
    """A socket each, on a port that the kernel chooses: two lectures of one host never share one."""
    return {place: _opened() for place in places}


def empty(listeners: Iterable[socket.socket]) -> None:
    """Drop what waits in them."""
    for listener in listeners:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(MOST_WAITING):
                listener.recv(4096)


def _opened() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    listener.setblocking(False)
    listener.bind(("127.0.0.1", 0))
    return listener
