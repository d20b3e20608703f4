"""``publish``: tell everybody in an occasion's room, from any thread and any process, after the commit.

In a process with rooms (``live.room.process``) the event goes to its rooms at once and to the other processes through
the Channels layer, on the process's event loop: nobody waits for Redis. A process without rooms (Celery, WSGI pages, a
command) has no loop; it writes the layer's own message to Redis itself: 0.2 ms, where
``async_to_sync(layer.group_send)`` takes 11.5, as it makes a loop and a connection each time (bench/room_events.py).

Nothing here is the truth. What is lost, rooms find in the database within a second (``live.room.checks``), but for a
raised hand; without Redis that is also how a process that shares only the database is heard.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import redis
import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from live import quick
from live.core.wire import protocol
from live.pause import Pause

log = structlog.get_logger(__name__)

Event = dict[str, Any]


class Process(Protocol):
    """The rooms of this process, as this module sees them; may be called from any thread."""

    def publish(self, events: Sequence[tuple[int, Event]], *, flush: bool) -> None: ...

    def seq_of(self, occasion_id: int) -> int | None: ...


_here: Process | None = None  # set by the ASGI lifespan, once
_client: redis.Redis | None = None
_pause = Pause()


def attach(process: Process) -> None:
    """From now on events go through the rooms of this process."""
    global _here
    _here = process


def detach(process: Process) -> None:
    """The process's rooms are closed. Another's that was attached since stays."""
    global _here
    if _here is process:
        _here = None


def publish(occasion_id: int, event: Event, flush: bool = False) -> None:
    """Tell everybody in the occasion's room. ``flush``: do not wait for a tick.

    ``event`` is ``{"t": word, …}`` with the fields of that event in ``live.core.wire.protocol``; raises BadFrame for
    any other. A Redis that is away costs half a second at most, and then nothing for two.
    """
    _publish([(occasion_id, event)], flush=flush)


def publish_all(events: Sequence[tuple[int, Event]]) -> None:
    """``publish`` many ``(occasion id, event)`` in their order: one message a room."""
    _publish(events, flush=False)


def seq_of(occasion_id: int) -> int | None:
    """Return the number of the room's last frame in this process, None when nobody of it is here."""
    return _here.seq_of(occasion_id) if _here is not None else None


def _publish(events: Sequence[tuple[int, Event]], *, flush: bool) -> None:
    for _occasion_id, event in events:
        protocol.event_of(event)  # a mistake is whoever made it's, not the loop's
    if (here := _here) is not None:
        here.publish(events, flush=flush)
    elif settings.REDIS_URL:
        _send_alone(events, flush=flush)


def group_of(occasion_id: int) -> str:
    """Return the name of the room's group in the Channels layer."""
    return f"room.{occasion_id}"


def messages_of(events: Sequence[tuple[int, Event]], *, sender: str, flush: bool) -> dict[int, dict[str, Any]]:
    """Return one message of the Channels layer for each room, with that room's events in their order."""
    messages: dict[int, dict[str, Any]] = {}
    for occasion_id, event in events:
        fresh = {"type": "room.events", "from": sender, "occasion": occasion_id, "flush": flush, "events": []}
        messages.setdefault(occasion_id, fresh)["events"].append(event)
    return messages


def _send_alone(events: Sequence[tuple[int, Event]], *, flush: bool) -> None:
    """Publish from a process without a loop, as ``channels_redis.pubsub`` would: the same keys, the same bytes."""
    global _client
    if _pause.is_on():
        return
    if _client is None:  # two threads may each make one: the later stays, the other closes when it is dropped
        _client = quick.redis_client()
    layer, pipe = get_channel_layer(), _client.pipeline(transaction=False)
    for occasion_id, message in messages_of(events, sender="", flush=flush).items():
        pipe.publish(redis_key(group_of(occasion_id)), layer.serialize(message))
    try:
        pipe.execute()
    except (redis.RedisError, OSError):
        _pause.begin()
        log.warning("room_events_lost", occasions=sorted({occasion_id for occasion_id, _event in events}))


def redis_key(group: str) -> str:
    """Return what ``channels_redis.pubsub`` calls a group in Redis (held by tests/live/room/test_channel.py)."""
    return f"{settings.CHANNEL_LAYERS['default']['CONFIG']['prefix']}__group__{group}"
