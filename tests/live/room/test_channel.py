"""One channel a process in the Channels layer, on a real Redis: who hears what, and what comes back after Redis."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.test import override_settings

from live import room_events
from live.pause import Pause
from live.room.background import Background
from live.room.channel import ProcessChannel
from tests.services import free_port, wait_for_port

pytestmark = pytest.mark.integration
PICTURE = {"t": "picture", "on": True}


class Server:
    """A Redis that a test stops and starts again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._command = ["redis-server", "--port", str(self.port), "--save", "", "--dir", str(folder)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server(tmp_path)
    url = f"redis://127.0.0.1:{made.port}/0"
    hosts = {"hosts": [{"address": url, **settings.REDIS_QUICKLY}], "prefix": "site"}
    monkeypatch.setattr(room_events, "_client", None)
    monkeypatch.setattr(room_events, "_pause", Pause())
    layers = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": hosts}}
    with override_settings(REDIS_URL=url, CHANNEL_LAYERS=layers):
        yield made
    if room_events._client is not None:
        room_events._client.close()
    made.stop()


class Process:
    """A web process as far as its channel goes: what it is told of other processes is kept."""

    def __init__(self, server: Server, name: str, settings: Any) -> None:
        hosts = [{"address": f"redis://127.0.0.1:{server.port}/0", **settings.REDIS_QUICKLY}]
        self.layer = RedisPubSubChannelLayer(hosts=hosts, prefix="site")
        self.told: list[dict[str, Any]] = []
        self.background = Background()
        self.channel = ProcessChannel(self.layer, name=name, on_message=self.told.append)
        self.channel.start(self.background)

    def events_in(self, occasion_id: int) -> list[Any]:
        found = [one for one in self.told if one["type"] == "room.events" and one["occasion"] == occasion_id]
        return [event for one in found for event in one["events"]]

    async def aclose(self) -> None:
        await self.background.aclose()
        await self.channel.aclose()


@pytest.fixture
async def two(server: Server, settings: Any) -> AsyncIterator[tuple[Process, Process]]:
    first, second = (Process(server, name, settings) for name in ("first", "second"))
    yield first, second
    for one in (first, second):
        await one.aclose()


async def until(true: Callable[[], Any], *, patience_s: float = 60) -> None:
    async with asyncio.timeout(patience_s):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_rooms_event_reaches_each_process_with_that_room_once(two: tuple[Process, Process]) -> None:
    first, second = two
    for one in two:
        one.channel.join(7)
    second.channel.join(8)
    await until(lambda: 7 in first.channel._joined and {7, 8} <= second.channel._joined)
    first.channel.send([(7, PICTURE), (8, PICTURE), (7, {"t": "state", "state": "ended"})], flush=True)
    first.channel.count(7, people=3, webrtc=1)
    await until(lambda: len(second.told) == 3)
    assert second.events_in(7) == [PICTURE, {"t": "state", "state": "ended"}]
    assert second.events_in(8) == [PICTURE]
    counted = {"type": "room.count", "from": "first", "occasion": 7, "people": 3, "webrtc": 1, "unclear": 0}
    assert second.told[-1] == counted
    assert first.told == [], "what a process says itself it has told its rooms already"
    second.channel.part(7)
    await until(lambda: 7 not in second.channel._joined)
    first.channel.send([(7, PICTURE), (8, PICTURE)], flush=True)
    await until(lambda: len(second.events_in(8)) == 2)
    assert len(second.events_in(7)) == 2


async def test_a_process_without_a_loop_writes_what_the_layer_reads(two: tuple[Process, Process]) -> None:
    first, second = two
    for one in two:
        one.channel.join(7)
    await until(lambda: 7 in first.channel._joined and 7 in second.channel._joined)
    await asyncio.to_thread(room_events.publish, 7, PICTURE, flush=True)
    await until(lambda: first.told and second.told)
    assert first.told == second.told
    assert first.told[0] == {
        "type": "room.events", "from": "", "occasion": 7, "flush": True, "events": [PICTURE]
    }  # fmt: skip
    group = room_events.group_of(7)
    assert room_events.redis_key(group) == first.layer._get_layer()._get_group_channel_name(group)


async def test_redis_that_was_away_comes_back_with_all_rooms(two: tuple[Process, Process], server: Server) -> None:
    """Also with rooms that opened while it was away, and without those that closed."""
    first, second = two
    for occasion_id in (7, 8):
        second.channel.join(occasion_id)
    await until(lambda: {7, 8} <= second.channel._joined)
    server.stop()
    first.channel.send([(7, PICTURE)], flush=True)
    second.channel.join(9)
    second.channel.part(8)
    await asyncio.sleep(1.5)
    server.start()

    def told() -> bool:
        first.channel.send([(occasion_id, PICTURE) for occasion_id in (7, 8, 9)], flush=True)
        return bool(second.events_in(7) and second.events_in(9))

    await until(told)
    assert second.events_in(8) == []
    assert {7, 9} == second.channel._joined


async def test_nobody_waits_for_a_redis_that_is_away(two: tuple[Process, Process], server: Server) -> None:
    first, _second = two
    server.stop()
    began = time.monotonic()
    for _ in range(50):
        first.channel.send([(7, PICTURE)], flush=True)
        await asyncio.to_thread(room_events.publish, 7, PICTURE)
    await until(lambda: not first.channel._waiting)
    assert time.monotonic() - began < 50 * 0.5  # one that waited would wait that long for its socket alone
