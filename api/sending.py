"""One request to one address: https to a public address that was looked up once, no redirect, a few seconds in all.

The record store is not named by whoever may, but in the settings: it may stand in the office's own network.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from api.core.targets import HTTPS_PORT, UnableToUseTarget, is_public, split

CONNECT_S = 5.0
WHOLE_S = 10.0
TOLD_BYTES = 2000  # what is read of an answer, where it is read


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: the status of the answer, or a word for why there was none; ``told``: what it says."""

    status: int | None = None
    error: str = ""
    told: str = ""


class _Cut(http.client.HTTPConnection):
    """A connection that can be ended from another thread."""

    was_cut = False

    def cut(self) -> None:
        """End it, whatever it waits for."""
        self.was_cut = True
        if (held := self.sock) is not None:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                held.close()


class _Pinned(_Cut, http.client.HTTPSConnection):
    """A connection to the address that was looked at; the name is what the certificate must be for.

    Looked up again, the name might lead elsewhere by then.
    """

    def __init__(self, host: str, address: str, port: int) -> None:
        self._context_used = ssl.create_default_context()
        super().__init__(host, port, timeout=CONNECT_S, context=self._context_used)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), CONNECT_S)
        held = self._context_used.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = held  # can be cut from here on
        held.do_handshake()


def address_of(host: str, port: int) -> str:
    """Return an address of a host, if all it has are public. Raises UnableToUseTarget (``unknown``, ``private``)."""
    try:
        found = {str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise UnableToUseTarget("unknown") from error
    if not settings.WEBHOOK_PRIVATE_TARGETS and not all(map(is_public, found)):
        raise UnableToUseTarget("private")
    return min(found, key=lambda one: (":" in one, one))


def post(*, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """Send a report; what the target says is not read, but for its status. Never raises for what a target does."""
    try:
        parts = split(url)
        host, port = str(parts.hostname), parts.port or HTTPS_PORT
        connection = _Pinned(host, address_of(host, port), port)
    except UnableToUseTarget as error:
        return Outcome(error=error.why)
    return _sent(connection, parts, body, headers, told_bytes=0)


def post_to_store(*, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
    """Send statements to the address of the settings, and read the beginning of what is answered. Never raises."""
    parts = urlsplit(url)
    host = str(parts.hostname)
    connection = (
        _Pinned(host, host, parts.port or HTTPS_PORT)
        if parts.scheme == "https"
        else _Cut(host, parts.port or http.client.HTTP_PORT, timeout=CONNECT_S)
    )
    return _sent(connection, parts, body, headers, told_bytes=TOLD_BYTES)


def _sent(connection: _Cut, parts: SplitResult, body: bytes, headers: Mapping[str, str], *, told_bytes: int) -> Outcome:
    clock = threading.Timer(WHOLE_S, connection.cut)
    clock.daemon = True
    clock.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        told = answer.read(told_bytes).decode("utf-8", "replace") if told_bytes else ""
        return Outcome(status=answer.status, told=told)
    except ssl.SSLError:
        return Outcome(error="slow" if connection.was_cut else "certificate")
    except TimeoutError:
        return Outcome(error="slow")
    except socket.gaierror:
        return Outcome(error="unknown")
    except (OSError, http.client.HTTPException, ValueError):
        return Outcome(error="slow" if connection.was_cut else "connection")
    finally:
        clock.cancel()
        connection.close()
