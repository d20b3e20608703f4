"""A connection that notices when the server says nothing any more.

A server that is stopped, or behind a cable that is cut, keeps its connections: libpq waits for ever, and neither
keepalives nor the server's own timeouts help. A slow query looks the same. So whoever has waited for ``PATIENCE_S``
asks at the door whether anybody is in: a server that lives answers one byte, whatever its connections work on.
"""

import select
import socket
import struct
import threading
import time
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg import pq
from psycopg.rows import TupleRow

PATIENCE_S = 0.9
PROBE_S = 0.7
KNOWN_FOR_S = 0.5
# "May we speak TLS?": the shortest question that PostgreSQL, and every pooler before it, answers without a password.
QUESTION = struct.pack("!ii", 8, 80877103)


class Silent(psycopg.OperationalError):
    """The server does not answer."""


class Door:
    """Whether the server at an address answers; asked by one thread at a time, and known for ``KNOWN_FOR_S``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], tuple[float, bool]] = {}

    def answers(self, host: str, port: int) -> bool:
        with self._lock:
            asked_at, answered = self._known.get((host, port), (0.0, False))
            if asked_at + KNOWN_FOR_S < time.monotonic():
                answered = _knock(host, port)
                self._known[host, port] = (time.monotonic(), answered)
            return answered

    def is_shut(self, host: str, port: int) -> bool:
        """Whether nobody answered there just now; asks nobody."""
        asked_at, answered = self._known.get((host, port), (0.0, True))
        return not answered and asked_at + KNOWN_FOR_S >= time.monotonic()


def _knock(host: str, port: int) -> bool:
    try:
        with _connected(host, port) as line:
            line.settimeout(PROBE_S)
            line.sendall(QUESTION)
            return len(line.recv(1)) == 1
    except OSError:
        return False


def _connected(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), PROBE_S)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(PROBE_S)
    line.connect(f"{host}/.s.PGSQL.{port}")
    return line


door = Door()


class Connection(psycopg.Connection[TupleRow]):
    """As psycopg's own, but what waits for a silent server raises ``Silent`` within two seconds, and is closed."""

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        return super().wait(watched(gen, self.pgconn), *args, **kwargs)


def watched(gen: Generator[Any, Any, Any], pgconn: Any) -> Generator[Any, Any, Any]:
    """Pass on what ``gen`` waits for; psycopg looks in ten times a second, with nothing if nothing came."""
    heard_at = time.monotonic()
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > PATIENCE_S:
                if not is_answering(pgconn):
                    gen.close()
                    pgconn.finish()
                    raise Silent("the server does not answer")
                heard_at = time.monotonic()
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value


def is_answering(pgconn: Any) -> bool:
    host = (pgconn.hostaddr or pgconn.host).decode()
    return door.answers(host, int(pgconn.port))


def is_dropped(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the server has hung up while nobody used the connection: then, and only then, there is something to read.

    Costs no round trip.
    """
    if connection.closed or connection.pgconn.status != pq.ConnStatus.OK:
        return True
    try:
        return _is_readable(connection.pgconn.socket)
    except (OSError, psycopg.OperationalError):
        return True


def _is_readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
