"""Addresses of the sockets, behind the check of the full origin (scheme, host and port).

The check is ours and not Channels' ``OriginValidator``: ADR 7, tests/live/room/test_origin.py.
"""

from typing import Any
from urllib.parse import urlsplit

from channels.routing import URLRouter
from django.conf import settings
from django.urls import path, re_path

from live.room.consumers import RoomConsumer
from live.room.fallback_consumer import FallbackConsumer

PORTS = {"http": 80, "https": 443}


async def refuse(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI application that answers the handshake with 403."""
    await receive()
    await send({"type": "websocket.close"})


router = URLRouter(
    [
        path("ws/live/<int:occasion_id>/", RoomConsumer.as_asgi()),
        path("ws/live/<int:occasion_id>/fallback/", FallbackConsumer.as_asgi()),
        re_path("", refuse),  # type: ignore[arg-type]
    ]
)


async def websockets(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI application of all sockets: an unknown origin or address is refused in the handshake."""
    # What is local here is kept as long as the socket lives.
    await (router if _comes_from_us(scope) else refuse)(scope, receive, send)


def _comes_from_us(scope: dict[str, Any]) -> bool:
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    return is_allowed(origin, host=headers.get(b"host", b"").decode("latin-1"))


def is_allowed(origin: str, *, host: str) -> bool:
    """Whether a page of ``origin`` may open a socket: one of ALLOWED_ORIGINS; while developing, also our own host."""
    asked = full_origin(origin)
    if asked is None:
        return False
    if settings.DEBUG and asked == full_origin(f"{asked[0]}://{host}"):
        return True
    return asked in {full_origin(one) for one in settings.ALLOWED_ORIGINS}


def full_origin(text: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an origin; None for anything else."""
    try:
        parts = urlsplit(text.lower())
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.path or parts.query or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port
