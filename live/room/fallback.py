"""The fallback's sockets as a web process carries them: a browser's recording goes to the media agent (ADR 74).

A socket belongs to the page that is on the air, and to nobody else: its ticket names the page, and once a second all of
them are asked for. Nothing is kept here: what the agent has not taken in, the browser has yet.
"""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from live import operations, permissions, queries, supervise
from live.core.allowance import Allowance
from live.core.wire.fallback import CLOSES, DOOR, LENGTH, MOST_HELLO, door_of
from live.engines import get_engine
from live.room import sessions
from live.room.connections import Connection, Send
from live.room.rooms import Room
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess

log = structlog.get_logger(__name__)

LOOK_S = 1.0
OPEN_S = 3.0
BURST, EACH_S = 120, 0.1
"""Pieces at once, after a line that was away, and then one in so many seconds: 5 Mbit/s at most."""


class NotLetIn(Exception):
    """``why``: a word of ``live.core.wire.fallback.CLOSES``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


async def say_over(send: Send, why: str) -> None:
    """Tell a browser why it ends, and close its socket."""
    with contextlib.suppress(OSError, RuntimeError):
        await send({"type": "websocket.send", "text": json.dumps({"t": "over", "why": why})})
        await send({"type": "websocket.close", "code": CLOSES[why]})


@dataclass(eq=False)
class Line:
    """One browser's socket, and the connection to the agent that goes with it."""

    room: Room
    connection: Connection
    source: str
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    is_over: bool = False
    is_seen: bool = False
    allowance: Allowance = field(
        default_factory=lambda: Allowance.full(burst=BURST, every_s=EACH_S, at=time.monotonic())
    )

    async def tell(self, word: dict[str, Any]) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            await self.connection.send({"type": "websocket.send", "text": json.dumps(word)})

    async def pass_on(self, message: bytes) -> None:
        """Wait until the agent takes it: the browser's line is read no faster. Raises NotLetIn."""
        if not self.allowance.take(time.monotonic()):
            raise NotLetIn("too_much")
        if self.writer is None or self.writer.is_closing():
            raise NotLetIn("away")
        self.writer.write(LENGTH.pack(len(message)) + message)
        try:
            await self.writer.drain()
        except OSError as error:
            raise NotLetIn("away") from error


class Fallbacks:
    """Those of one process; on its event loop."""

    def __init__(self, process: "RoomProcess") -> None:
        self._process = process
        self._lines: set[Line] = set()

    def start(self) -> None:
        """Begin to look after them, until the process's background ends."""
        self._process.background.spawn(supervise.forever("fallback_look", self._look_or_wait, every_s=LOOK_S))

    async def clear_air(self, room: Room) -> None:
        """The page on the air is about to send otherwise: what anybody sent by WebRTC ends. Raises DatabaseError."""
        for peer in self._process.peers.sending(room, "pub"):
            self._process.peers.end(peer, whosever=True)
        cut = await in_database(partial(operations.cut_publisher, occasion_id=room.occasion_id))
        for url, reference in cut:
            await get_engine(url).end(reference)

    async def open(self, line: Line, *, key: str) -> None:
        """Let a page in that is on the air, and connect it with the agent that carries its lecture.

        ``key``: by which it goes on after a lost line. Raises NotLetIn, DatabaseError.
        """
        occasion_id = line.room.occasion_id
        # Before the agent hears of it: there whoever comes takes the place of who was.
        on_air = await in_database(partial(queries.pages_on_air, occasion_ids={occasion_id}))
        if why := await self._refusal(line, on_air.get(occasion_id)):
            raise NotLetIn(why)
        url = await in_database(partial(operations.place_lecture, occasion_id=occasion_id, as_of=timezone.now()))
        if url is None:
            raise NotLetIn("away")
        hello = json.dumps({"occasion": occasion_id, "key": key}).encode() + b"\n"
        try:
            async with asyncio.timeout(OPEN_S):
                line.reader, line.writer = await asyncio.open_unix_connection(_door(url), limit=4 * MOST_HELLO)
                line.writer.write(hello)
                await line.writer.drain()
        except OSError as error:
            raise NotLetIn("away") from error
        self._lines.add(line)
        self._process.background.spawn(self._listen(line))

    def close(self, line: Line, *, left: bool) -> None:
        """Its socket is gone. ``left``: so is the page; a line that was lost is waited for by the agent."""
        self._lines.discard(line)
        was_seen, line.is_seen = line.is_seen, False
        if line.writer is not None:
            if left and not line.writer.is_closing():
                line.writer.write(LENGTH.pack(0))
            line.writer.close()
        if was_seen and not any(one.is_seen for one in self._lines if one.room.occasion_id == line.room.occasion_id):
            self._process.background.spawn(self._tell_no_picture(line.room))

    async def _tell_no_picture(self, room: Room) -> None:
        """Unless somebody sends by WebRTC by now, who has taken its place."""
        try:
            is_published = await in_database(partial(queries.is_published, occasion_id=room.occasion_id))
        except DatabaseError:
            is_published = False
        if not is_published:
            self._process.picture(room, on=False)

    def end(self, occasion_id: int, why: str) -> None:
        """Of this lecture nothing is sent any more: it has ended, or there is a break."""
        for line in [one for one in self._lines if one.room.occasion_id == occasion_id]:
            self._process.background.spawn(self.over(line, why))

    async def over(self, line: Line, why: str) -> None:
        """Say why, and close the browser's socket."""
        if line.is_over:
            return
        line.is_over = True
        self.close(line, left=why != "away")
        log.info("fallback_ended", occasion=line.room.occasion_id, why=why)
        await say_over(line.connection.send, why)

    async def _listen(self, line: Line) -> None:
        """The agent's words, up to its last."""
        why = "away"
        with contextlib.suppress(OSError, ValueError):
            while line.reader is not None and (text := await line.reader.readline()):
                word = json.loads(text)
                if word["t"] == "over":
                    why = word["why"]
                    break
                if word["t"] == "seen":
                    line.is_seen = True
                    self._process.picture(line.room, on=True)
                await line.tell(word)
        if line in self._lines:
            await self.over(line, why)

    async def _look_or_wait(self) -> None:
        try:
            await self.look()
        except DatabaseError:
            log.warning("fallback_cannot_look")

    async def look(self) -> None:
        """End what may not go on: another page's turn, a break, the end, a right or a session that is gone.

        Raises DatabaseError.
        """
        lines = list(self._lines)
        if not lines:
            return
        ids = {one.room.occasion_id for one in lines}
        on_air = await in_database(partial(queries.pages_on_air, occasion_ids=ids))
        claims = [one.connection.claim for one in lines]
        marks = await in_database(partial(sessions.still_signed_in, claims, as_of=timezone.now()))
        for line in lines:
            signed_in = marks.get(line.connection.claim) == line.connection.mark
            why = await self._refusal(line, on_air.get(line.room.occasion_id)) if signed_in else "rights"
            if why:
                await self.over(line, why)

    async def _refusal(self, line: Line, turn: tuple[int, str] | None) -> str:
        """Why it may not send; "": it may. ``turn``: whose page is on the air, None where nobody may be."""
        whose = {"occasion_id": line.room.occasion_id, "user_id": line.connection.member_id}
        if not await in_database(partial(permissions.may_host_now, on_date=timezone.localdate(), **whose)):
            return "rights"
        if turn is None:
            return "off_air"
        return "" if turn == (line.connection.member_id, line.source) else "replaced"


def _door(url: str) -> str:
    """The agent's own socket, which is on the host of the engine alone; elsewhere there is none. Raises OSError."""
    nodes = settings.NODES
    if not url.startswith("janus+tcp:"):
        return door_of(url)
    if url != f"janus+tcp:{nodes.address}":
        raise FileNotFoundError(url)
    return str(Path(settings.VAR_DIR) / DOOR)
