"""Between web processes: one Redis subscription a room and process. Without Redis there is one process, and no bus.

Nothing here is the truth: what Redis loses, rooms find in the database within seconds (``live.room.keeper``).
"""

import asyncio
import json
import os
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import redis
import redis.asyncio
import structlog
from django.conf import settings

from live import quick, supervise
from live.pause import Pause

log = structlog.get_logger(__name__)

Heard = Callable[[int, dict[str, Any]], None]
PREFIX = "live:room:"
_sender: redis.Redis | None = None
_me: tuple[int, str] = (0, "")
_pause = Pause()


def process_name() -> str:
    """Return a name of this process that no other has; made anew after a fork."""
    global _me
    if _me[0] != os.getpid():
        _me = (os.getpid(), f"{os.getpid()}-{secrets.token_hex(4)}")
    return _me[1]


def connect(heard: Heard) -> "Bus":
    """Return the bus of the shape that runs: Redis, or none. Call on the event loop."""
    return RedisBus(settings.REDIS_URL, heard) if settings.REDIS_URL else Bus()


def send(occasion_id: int, event: dict[str, Any], *, flush: bool) -> None:
    """Hand an event to the other processes. Loses it when Redis is away, after half a second at most."""
    _send([(occasion_id, event)], flush=flush)


def send_all(events: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """``send`` many, one way to Redis for all of them."""
    _send(events, flush=False)


def _send(events: Sequence[tuple[int, dict[str, Any]]], *, flush: bool) -> None:
    if not settings.REDIS_URL or _pause.is_on():
        return
    global _sender
    if _sender is None:
        _sender = quick.redis_client()
    pipe = _sender.pipeline(transaction=False)
    for occasion_id, event in events:
        message = json.dumps({"from": process_name(), "event": event, "flush": flush}, ensure_ascii=False)
        pipe.publish(f"{PREFIX}{occasion_id}", message)
    try:
        pipe.execute()
    except (redis.RedisError, OSError):
        _pause.begin()
        log.warning("bus_unreachable", occasions=sorted({occasion_id for occasion_id, _event in events}))


class Bus:
    """No bus: this process is the only one."""

    def join(self, occasion_id: int) -> None:
        """Listen to a room."""

    def part(self, occasion_id: int) -> None:
        """Listen to a room no more."""

    def count(self, occasion_id: int, *, people: int, webrtc: int) -> None:
        """Tell the others how many are here."""

    async def aclose(self) -> None:
        """Hang up."""


class RedisBus(Bus):
    """One connection a process; comes back by itself when Redis was away, with all rooms."""

    def __init__(self, url: str, heard: Heard) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url, socket_timeout=None, socket_connect_timeout=5, max_connections=50
        )
        self._heard = heard
        self._rooms: set[int] = set()
        self._out: asyncio.Queue[tuple[str, int, str]] = asyncio.Queue(maxsize=10_000)
        self._pubsub: redis.asyncio.client.PubSub | None = None
        self._tasks = [
            asyncio.ensure_future(supervise.forever("bus_listen", self._listen)),
            asyncio.ensure_future(supervise.forever("bus_speak", self._speak)),
        ]

    def join(self, occasion_id: int) -> None:
        self._rooms.add(occasion_id)
        self._put("join", occasion_id)

    def part(self, occasion_id: int) -> None:
        self._rooms.discard(occasion_id)
        self._put("part", occasion_id)

    def count(self, occasion_id: int, *, people: int, webrtc: int) -> None:
        self._put("say", occasion_id, json.dumps({"from": process_name(), "people": people, "webrtc": webrtc}))

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pubsub is not None:
            await self._pubsub.aclose()
        await self._redis.aclose()

    def _put(self, verb: str, occasion_id: int, text: str = "") -> None:
        if not self._out.full():
            self._out.put_nowait((verb, occasion_id, text))

    async def _speak(self) -> None:
        verb, occasion_id, text = await self._out.get()
        channel = f"{PREFIX}{occasion_id}"
        try:
            if verb == "say":
                await asyncio.wait_for(self._redis.publish(channel, text), 5)
            elif self._pubsub is not None and verb == "join" and occasion_id in self._rooms:
                await self._pubsub.subscribe(channel)
            elif self._pubsub is not None and verb == "part" and occasion_id not in self._rooms:
                await self._pubsub.unsubscribe(channel)
        except (redis.RedisError, OSError, TimeoutError):
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        """Hear what the others say for as long as the connection holds."""
        self._pubsub = self._redis.pubsub()
        try:
            # A channel of its own keeps the subscription alive while no room is open.
            channels = [f"{PREFIX}{room}" for room in self._rooms]
            await self._pubsub.subscribe(f"{PREFIX}{process_name()}", *channels)
            async for message in self._pubsub.listen():
                if message["type"] == "message":
                    self._take(message)
        except (redis.RedisError, OSError):
            log.warning("bus_lost")
        finally:
            await self._pubsub.aclose()
        await asyncio.sleep(1)

    def _take(self, message: dict[str, Any]) -> None:
        try:
            data = json.loads(message["data"])
            occasion_id = int(message["channel"].decode().removeprefix(PREFIX))
        except ValueError:
            log.warning("bus_unreadable")
            return
        if isinstance(data, dict) and data.get("from") != process_name():
            self._heard(occasion_id, data)
