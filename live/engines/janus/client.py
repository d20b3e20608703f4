"""Janus's WebSocket protocol: one connection over a unix socket, with a session of its own and one for each guest.

Or over the private network, where the engine is another host's and its nginx leads to the socket (ADR 95).

A guest's session outlives the connection that made it (RECLAIM_S in config.py): another one, of another process, claims
it. What is measured of claiming stands in ADR 51.
"""

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from live.engines.base import EngineError, UnableToReachEngine

log = structlog.get_logger(__name__)

Message = dict[str, Any]
OnMessage = Callable[[Message], None]

ANSWER_TIMEOUT_S = 8.0
KEEPALIVE_S = 15.0
MAX_SOCKET_PATH = 100
ENGINE_PATH = "/_engine"
ACK_ONLY = ("keepalive", "trickle")
SESSIONLESS = ("create", "info")
NO_SUCH_SESSION = 458


class Refused(EngineError):
    """Janus answered with an error; ``number`` is its own code and never leaves this package."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"{number}: {reason}")
        self.number = number


async def _connect(path: Path | str, protocol: str) -> ClientConnection:
    """Connect to a socket of this host, or to the ``address:port`` of another one, where its nginx leads there.

    Also where the path is longer than a socket address may be (through its folder's descriptor).
    """
    options: dict[str, Any] = {
        "subprotocols": [Subprotocol(protocol)],
        "max_size": 2**22,
        "compression": None,
        "ping_interval": 10,
        "ping_timeout": 10,
        "open_timeout": 5,
        "close_timeout": 1,
    }
    if isinstance(path, str):
        return await connect(f"ws://{path}{ENGINE_PATH}", proxy=None, **options)
    # The kernel takes 108 bytes; VAR_DIR may lie deep.
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return await unix_connect(str(path), "ws://janus/", **options)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        return await unix_connect(f"/proc/self/fd/{folder}/{path.name}", "ws://janus/", **options)
    finally:
        os.close(folder)


class Connection:
    """A connection with a session of its own, and those of its guests. ``closed``: it can no longer be used."""

    def __init__(self, socket: ClientConnection, secret: str) -> None:
        self._socket = socket
        self._secret = secret
        self._waiting: dict[str, tuple[asyncio.Future[Message], bool]] = {}
        self._handles: dict[tuple[int, int], OnMessage] = {}
        self._session_id = 0
        self._guests: set[int] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self.closed = asyncio.Event()

    @classmethod
    async def open(cls, path: Path | str, secret: str) -> "Connection":
        """Raises UnableToReachEngine."""
        try:
            socket = await _connect(path, "janus-protocol")
        except (OSError, WebSocketException) as error:
            raise UnableToReachEngine(str(error)) from error
        self = cls(socket, secret)
        self._tasks.append(asyncio.create_task(self._read()))
        try:
            self._session_id = (await self.request({"janus": "create"}))["data"]["id"]
        except EngineError:
            await self.close()
            raise
        self._tasks.append(asyncio.create_task(self._keep_alive()))
        return self

    async def request(self, message: Message) -> Message:
        """Send one request and wait for its answer. Raises Refused, UnableToReachEngine."""
        if self.closed.is_set():
            raise UnableToReachEngine("the connection is closed")
        # Random, not counted: two connections to one Janus must never take each other's answers.
        transaction = secrets.token_hex(8)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = (answer, message["janus"] in ACK_ONLY)
        wire = {**message, "transaction": transaction, "apisecret": self._secret}
        if message["janus"] not in SESSIONLESS:
            wire.setdefault("session_id", self._session_id)
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await self._socket.send(json.dumps(wire))
                reply = await answer
        except (TimeoutError, WebSocketException, OSError) as error:
            raise UnableToReachEngine(f"no answer to {message['janus']}") from error
        finally:
            self._waiting.pop(transaction, None)
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # it may have come while the request still hung in ``send``: nobody waits for it
        if reply["janus"] == "error":
            raise Refused(reply["error"]["code"], reply["error"]["reason"])
        return reply

    async def attach(self, plugin: str, on_message: OnMessage) -> "Handle":
        """A handle in the connection's own session: it ends with the connection."""
        return await self._attach(plugin, on_message, self._session_id)

    async def attach_guest(self, plugin: str, on_message: OnMessage) -> "Handle":
        """A handle in a session of its own, which can be claimed by another connection."""
        session_id: int = (await self.request({"janus": "create"}))["data"]["id"]
        self._guests.add(session_id)
        try:
            return await self._attach(plugin, on_message, session_id)
        except EngineError:
            await self.destroy(session_id)
            raise

    async def claim(self, session_id: int, handle_id: int, on_message: OnMessage) -> "Handle":
        """Take over a guest's handle, wherever it was made: its events come here from now on. Raises Refused."""
        handle = Handle(self, handle_id, session_id)
        self._handles[session_id, handle_id] = on_message
        try:
            await self.request({"janus": "claim", "session_id": session_id})
        except EngineError:
            self.let_go(handle)
            raise
        self._guests.add(session_id)
        return handle

    async def destroy(self, session_id: int) -> None:
        """End a guest's session, also one that another connection made. Silent when it, or the engine, is gone."""
        self._guests.discard(session_id)
        with contextlib.suppress(EngineError):
            await self.request({"janus": "destroy", "session_id": session_id})

    def is_guest(self, handle: "Handle") -> bool:
        return handle.session_id != self._session_id

    def let_go(self, handle: "Handle") -> None:
        """Hear no more of a handle, and keep its session alive no longer."""
        self._handles.pop((handle.session_id, handle.id), None)
        self._guests.discard(handle.session_id)

    async def _attach(self, plugin: str, on_message: OnMessage, session_id: int) -> "Handle":
        reply = await self.request({"janus": "attach", "plugin": plugin, "session_id": session_id})
        handle = Handle(self, reply["data"]["id"], session_id)
        self._handles[session_id, handle.id] = on_message
        return handle

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()
        self._end()

    async def _read(self) -> None:
        try:
            async for raw in self._socket:
                self._dispatch(json.loads(raw))
        except (WebSocketException, OSError) as error:
            log.info("engine_connection_lost", reason=str(error))
        finally:
            self._end()

    def _dispatch(self, message: Message) -> None:
        kind = message["janus"]
        answer, ack_is_answer = self._waiting.get(message.get("transaction", ""), (None, False))
        # Janus first says that it has the message, then what became of it; for some requests there is no second.
        if kind == "ack" and not ack_is_answer:
            return
        if answer is not None:
            if not answer.done():
                answer.set_result(message)
        # Janus has given up a session: no handle of it works any more.
        elif kind == "timeout":
            self._session_over(message.get("session_id", 0))
        else:
            place = (message.get("session_id", 0), message.get("sender", 0))
            if (on_message := self._handles.get(place)) is not None:
                on_message(message)

    def _session_over(self, session_id: int) -> None:
        if session_id == self._session_id:
            self._end()
            return
        self._guests.discard(session_id)
        for place in [place for place in self._handles if place[0] == session_id]:
            self._handles.pop(place)({"janus": "detached", "reason": "session over"})

    async def _keep_alive(self) -> None:
        try:
            while True:
                await asyncio.sleep(KEEPALIVE_S)
                await self.request({"janus": "keepalive"})
                for session_id in list(self._guests):
                    await self._keep_guest(session_id)
        except EngineError:
            log.info("engine_answers_no_more")
        finally:
            # Whatever it was: a connection without keepalive dies unseen, one that has ended is made again.
            self._end()

    async def _keep_guest(self, session_id: int) -> None:
        try:
            await self.request({"janus": "keepalive", "session_id": session_id})
        except Refused as error:
            if error.number != NO_SUCH_SESSION:
                raise
            self._session_over(session_id)

    def _end(self) -> None:
        if self.closed.is_set():
            return
        self.closed.set()
        for answer, _ in self._waiting.values():
            if not answer.done():
                answer.set_exception(UnableToReachEngine("the engine is gone"))
        # Taken out first: what the callbacks do may attach or forget handles.
        handles, self._handles = self._handles, {}
        for on_message in handles.values():
            on_message({"janus": "gone"})


class Handle:
    """One plugin handle. Dead after ``detach``; a guest's lives on where its connection is lost."""

    def __init__(self, connection: Connection, handle_id: int, session_id: int) -> None:
        self._connection = connection
        self.id = handle_id
        self.session_id = session_id

    async def message(self, body: Message, jsep: Message | None = None) -> tuple[Message, Message | None]:
        """Ask the plugin; returns its data and the SDP that came with it. Raises Refused, UnableToReachEngine."""
        wire: Message = {"janus": "message", **self._place(), "body": body}
        if jsep is not None:
            wire["jsep"] = jsep
        reply = await self._connection.request(wire)
        data: Message = reply.get("plugindata", {}).get("data", {})
        if "error_code" in data:
            raise Refused(data["error_code"], data.get("error", ""))
        return data, reply.get("jsep")

    async def trickle(self, candidate: Message) -> None:
        await self._connection.request({"janus": "trickle", **self._place(), "candidate": candidate})

    async def detach(self) -> None:
        """End it, a guest's with its session. Idempotent; silent when the engine is gone."""
        # Before the request: what Janus still says of the handle is nobody's business now.
        self.let_go()
        if self._connection.is_guest(self):
            await self._connection.destroy(self.session_id)
            return
        with contextlib.suppress(EngineError):
            await self._connection.request({"janus": "detach", **self._place()})

    def let_go(self) -> None:
        """Leave it to the connection that has claimed it."""
        self._connection.let_go(self)

    def _place(self) -> Message:
        return {"session_id": self.session_id, "handle_id": self.id}


async def count_handles(path: Path, secret: str) -> int:
    """Ask the admin API how many handles are open in all sessions. Raises UnableToReachEngine."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            socket = await _connect(path, "janus-admin-protocol")
            async with socket:
                sessions = (await _admin(socket, secret, {"janus": "list_sessions"}))["sessions"]
                asked = [{"janus": "list_handles", "session_id": session} for session in sessions]
                return sum([len((await _admin(socket, secret, each)).get("handles", [])) for each in asked])
    except (OSError, TimeoutError, WebSocketException) as error:
        raise UnableToReachEngine(str(error)) from error


async def _admin(socket: ClientConnection, secret: str, message: Message) -> Message:
    await socket.send(json.dumps({**message, "admin_secret": secret, "transaction": secrets.token_hex(8)}))
    answer: Message = json.loads(await socket.recv())
    return answer
