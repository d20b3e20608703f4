"""A frame that goes past uvicorn's ``send``: the same bytes, only where it would have written them at once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from live.room.connections import Connection, Outgoing

pytestmark = pytest.mark.unit
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: room.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
CLOSE = b"\x88\x82\x00\x00\x00\x00\x03\xe8"  # 1000, masked with zeroes


class Line(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def close(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def is_closing(self) -> bool:
        return False


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Let in whoever comes, and stay."""
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def opened(*, deflate: bool = False) -> tuple[Any, Line]:
    """A protocol of uvicorn's after its handshake, and what it writes to."""
    config = Config(app, ws_per_message_deflate=deflate, log_level="error")
    config.load()
    server, line = WebSocketsSansIOProtocol(config, ServerState(), {}), Line()
    server.connection_made(line)
    server.data_received(HANDSHAKE)
    for _ in range(50):
        await asyncio.sleep(0)
    assert server.handshake_complete
    line.written.clear()
    return server, line


def push(server: Any, frame: Outgoing) -> Any:
    return Connection(send=server.send, member_id=1, host=False).push(frame, now=0.0)


@pytest.mark.parametrize("text", ["", "好", "x" * 125, "x" * 126, "好" * 30_000])
async def test_the_bytes_are_those_that_the_server_writes(text: str) -> None:
    (server, line), frame = await opened(), Outgoing.of(text)
    await server.send(frame.message)
    assert push(server, frame) is None
    theirs, ours = line.written
    assert theirs == ours


async def test_what_is_compressed_is_left_to_the_server() -> None:
    (server, line), frame = await opened(deflate=True), Outgoing.of("x" * 500)
    assert push(server, frame) is None
    assert len(line.written) == 1
    assert len(line.written[0]) < len(frame.wire)


async def test_a_full_buffer_is_waited_for() -> None:
    (server, line), frame = await opened(), Outgoing.of("好")
    server.pause_writing()
    rest = push(server, frame)
    assert (rest is not None, line.written) == (True, [])
    server.resume_writing()
    await rest.finish()
    assert line.written == [frame.wire]


@pytest.mark.parametrize(
    "end",
    [
        lambda server: server.data_received(CLOSE),
        lambda server: server.connection_lost(None),
        lambda server: asyncio.ensure_future(server.send({"type": "websocket.close"})),
    ],
)
async def test_nothing_is_written_after_the_end(end: Callable[[Any], Any]) -> None:
    server, line = await opened()
    end(server)
    await asyncio.sleep(0)
    before = len(line.written)
    connection = Connection(send=server.send, member_id=1, host=False)
    assert connection.push(Outgoing.of("好"), now=0.0) is None
    assert (len(line.written), connection.closed) == (before, True)
    with pytest.raises((ClientDisconnected, RuntimeError)):
        await server.send(Outgoing.of("好").message)
