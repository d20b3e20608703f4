"""This process's one channel in the Channels layer: it is in the group of each room that has somebody here.

A channel a socket, as Channels' consumers have, would bring an event into this process once a socket. With one channel
a process it crosses Redis once a process, and the room makes one shared frame of it. Nothing here is the truth: what
the layer loses, rooms find in the database within a second (``live.room.checks``), but for a raised hand.
"""

import asyncio
import collections
from collections.abc import Callable, Sequence
from typing import Any

import redis
import structlog

from live import supervise
from live.pause import Pause
from live.room.background import Background
from live.room_events import Event, group_of, messages_of

log = structlog.get_logger(__name__)

OnMessage = Callable[[dict[str, Any]], None]
AWAY = (redis.RedisError, OSError, TimeoutError)
MOST_WAITING = 10_000
AGAIN_S = 1.0
CLOSE_PATIENCE_S = 1.0


class ProcessChannel:
    """Receives what other processes send to the rooms here, and sends to them. Lives on one event loop.

    ``name``: of this process, no other has it. ``on_message`` is called with each message of another process.
    """

    def __init__(self, layer: Any, *, name: str, on_message: OnMessage) -> None:
        self.name = name
        self._layer = layer
        self._channel = f"rooms.{name}"
        self._on_message = on_message
        self._wanted: set[int] = set()
        self._joined: set[int] = set()
        self._changed = asyncio.Event()
        self._waiting: collections.deque[tuple[int, dict[str, Any]]] = collections.deque(maxlen=MOST_WAITING)
        self._to_send = asyncio.Event()
        self._pause = Pause()

    def start(self, background: Background) -> None:
        """Begin to receive, to follow the rooms and to send, until the background ends."""
        # In this order: the layer must know the channel before it is put into a group.
        background.spawn(supervise.forever("rooms_receive", self._receive))
        background.spawn(supervise.forever("rooms_groups", self._follow_rooms))
        background.spawn(supervise.forever("rooms_send", self._send))

    async def aclose(self) -> None:
        """Hang up. Only after the background has ended: whoever still received would open a connection again."""
        try:
            # The layer cancels its reader and waits for that; a reader that is just connecting may miss the cancelling.
            # Our time limit cancels it once more.
            async with asyncio.timeout(CLOSE_PATIENCE_S):
                await self._layer.flush()
        except AWAY:
            log.warning("layer_away_at_the_end")

    def join(self, occasion_id: int) -> None:
        """Receive what is said in a room, from soon on."""
        self._wanted.add(occasion_id)
        self._changed.set()

    def part(self, occasion_id: int) -> None:
        """Receive it no more."""
        self._wanted.discard(occasion_id)
        self._changed.set()

    def send(self, events: Sequence[tuple[int, Event]], *, flush: bool) -> None:
        """Tell the rooms of the other processes; what waits too long for Redis is lost, the oldest first."""
        self._put(messages_of(events, sender=self.name, flush=flush))

    def count(self, occasion_id: int, *, people: int, webrtc: int, unclear: int = 0) -> None:
        """Tell the other processes how many are here, and how many of them cannot hear."""
        counts = {"people": people, "webrtc": webrtc, "unclear": unclear}
        self._put({occasion_id: {"type": "room.count", "from": self.name, "occasion": occasion_id, **counts}})

    def _put(self, messages: dict[int, dict[str, Any]]) -> None:
        self._waiting.extend(messages.items())
        self._to_send.set()

    async def _receive(self) -> None:
        try:
            message = await self._layer.receive(self._channel)
        except AWAY:
            # The layer now knows the channel all the same; its groups are joined by ``_follow_rooms``.
            await asyncio.sleep(AGAIN_S)
            return
        if message["from"] != self.name:
            self._on_message(message)

    async def _follow_rooms(self) -> None:
        """Bring the groups that the channel is in to what is wanted; try again while Redis is away.

        Compared as sets and not done join by join: a room that empties and fills again while an earlier step still
        waits for Redis ends up as it was wanted last. Groups joined once come back with Redis by themselves.
        """
        await self._changed.wait()
        self._changed.clear()
        try:
            for occasion_id in self._wanted - self._joined:
                await self._layer.group_add(group_of(occasion_id), self._channel)
                self._joined.add(occasion_id)
            for occasion_id in self._joined - self._wanted:
                self._joined.discard(occasion_id)
                await self._layer.group_discard(group_of(occasion_id), self._channel)
        except AWAY:
            self._changed.set()
            await asyncio.sleep(AGAIN_S)

    async def _send(self) -> None:
        await self._to_send.wait()
        self._to_send.clear()
        while self._waiting:
            occasion_id, message = self._waiting.popleft()
            if self._pause.is_on():
                continue
            try:
                await self._layer.group_send(group_of(occasion_id), message)
            except AWAY:
                self._pause.begin()
                log.warning("room_events_lost", occasions=[occasion_id])
