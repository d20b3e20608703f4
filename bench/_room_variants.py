"""The room's consumer with one of its overrides undone, chosen by ROOM_VARIANT: what that override is worth.

``hop``: Channels' own ``dispatch``, to a thread and back each frame. ``tasks``: Channels' own ``__call__``, a channel
in the layer for each socket and a task for each of both.
"""

from config.asgi import application  # isort: skip - sets Django up
import os
from typing import Any

from channels.consumer import AsyncConsumer

from live.room.consumers import CLEAN_CODES, RoomConsumer


async def with_tasks(consumer: RoomConsumer, scope: dict[str, Any], receive: Any, send: Any) -> None:
    consumer.process = scope["state"]["rooms"]
    try:
        await AsyncConsumer.__call__(consumer, scope, receive, send)
    finally:
        if consumer.room is not None:
            consumer.process.leave(consumer.room, consumer.connection, clean=consumer.code in CLEAN_CODES)


match os.environ["ROOM_VARIANT"]:
    case "hop":
        RoomConsumer.dispatch = AsyncConsumer.dispatch
    case "tasks":
        RoomConsumer.__call__ = with_tasks  # type: ignore[method-assign]

__all__ = ["application"]
