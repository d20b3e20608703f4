"""An event told by a process without a loop (Celery, WSGI pages): our write to Redis, and Channels' async_to_sync."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import django

from bench._figure import figure
from tests import services

TIMES = 300
EVENT = {"t": "picture", "on": True}


def milliseconds(tell: Callable[[], None]) -> float:
    tell()
    began = time.perf_counter()
    for _ in range(TIMES):
        tell()
    return (time.perf_counter() - began) * 1000 / TIMES


def measure() -> None:
    from asgiref.sync import async_to_sync
    from channels.layers import get_channel_layer

    from live import room_events

    group_send = async_to_sync(get_channel_layer().group_send)
    [message] = room_events.messages_of([(7, EVENT)], sender="", flush=True).values()
    ours = milliseconds(lambda: room_events.publish(7, EVENT, flush=True))
    theirs = milliseconds(lambda: group_send(room_events.group_of(7), message))
    figure(bench="room_events", figure="event", value=ours, unit="ms", peer="async_to_sync", peer_value=theirs, goal=1)


def main() -> None:
    with TemporaryDirectory() as folder, services.redis(Path(folder)) as url:
        os.environ.update(REDIS_URL=url, DJANGO_SETTINGS_MODULE="config.settings", DEBUG="1", VAR_DIR=folder)
        django.setup()
        measure()


if __name__ == "__main__":
    main()
