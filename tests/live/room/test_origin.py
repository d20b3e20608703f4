"""Which pages may open a socket; and why that is not Channels' own OriginValidator."""

import asyncio
from typing import Any

import pytest
from channels.security.websocket import OriginValidator

from live.room import routing

pytestmark = pytest.mark.unit
ALLOWED = ["https://school.example", "http://127.0.0.1:8000"]
NO_ORIGINS = ["http://[", "http://school.example:99999", "https://[::1", "http://[abc]"]


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        *(("https://school.example", True), ("https://school.example:443", True), ("HTTPS://School.Example", True)),
        *(("http://school.example", False), ("https://school.example:444", False), ("http://127.0.0.1:8000", True)),
        *(("https://a.school.example", False), ("null", False), ("", False), ("https://school.example/a", False)),
        *(("https://evil@school.example", False), ("https://school.example.evil", False)),
        *((origin, False) for origin in NO_ORIGINS),
    ],
)
def test_scheme_host_and_port_must_be_those_of_the_site(settings: Any, origin: str, is_allowed: bool) -> None:
    settings.ALLOWED_ORIGINS, settings.DEBUG = ALLOWED, False
    assert routing.is_allowed(origin, host="school.example") is is_allowed


def test_while_developing_the_own_host_is_allowed_too(settings: Any) -> None:
    settings.ALLOWED_ORIGINS, settings.DEBUG = ALLOWED, True
    assert routing.is_allowed("http://10.0.0.5:8000", host="10.0.0.5:8000")
    assert not routing.is_allowed("http://10.0.0.5:8001", host="10.0.0.5:8000")


def opened(app: Any, origin: str) -> str:
    """Return what the handshake with this origin is answered with."""
    sent: list[str] = []

    coming = iter(({"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}))

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    headers = [(b"origin", origin.encode()), (b"host", b"school.example")]
    scope = {"type": "websocket", "path": "/nowhere", "headers": headers}
    asyncio.run(app(scope, receive, send))
    return sent[-1]


@pytest.mark.parametrize("origin", NO_ORIGINS)
def test_what_is_no_origin_is_refused_without_a_traceback(settings: Any, origin: str) -> None:
    """Any stranger may send such a header; Channels' validator ends the socket's task with a traceback in the log."""
    settings.ALLOWED_ORIGINS = ALLOWED
    assert opened(routing.websockets, origin) == "websocket.close"
    with pytest.raises(ValueError, match=r".+"):
        opened(OriginValidator(routing.router, ALLOWED), origin)
