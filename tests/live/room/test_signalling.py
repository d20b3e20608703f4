"""What the room is told of the lecturer's picture."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import pytest

from live.agent.carrier import Carrier
from live.engines.base import Connected, EngineEvent, HungUp, MediaFlow
from live.room import signalling
from live.room.connections import Connection
from live.room.rooms import Room


class Away:
    """An engine, a publishing and a process in one: what they are told is kept."""

    answer_sdp = "v=0"

    def __init__(self) -> None:
        self.rooms = self.background = self.peers = self
        self.pictures: list[bool] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.say: Callable[[EngineEvent], None] = lambda _event: None

    async def open_room(self, spec: Any) -> None: ...

    async def publish(self, *, on_event: Callable[[EngineEvent], None], **_of: Any) -> "Away":
        self.say = on_event
        return self

    def over(self, peer: Any) -> None:
        peer.is_over = True

    def keep(self, peer: Any) -> None: ...

    def tell(self, connection: Connection, frame: str) -> None: ...

    def picture(self, room: Any, *, on: bool) -> None:
        self.pictures.append(on)

    def spawn(self, work: Any) -> None:
        self.tasks.append(asyncio.ensure_future(work))


@pytest.mark.unit
def test_a_picture_that_stops_coming_is_told_at_once_and_a_hiccup_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lecturer whose line is lost was on the air for 40 s more, and the room tried one way after the other."""

    async def engine_of(_room: Any) -> Any:
        return away

    async def lecture() -> None:
        connection, room = Connection(send=None, member_id=1, host=True), OneRoom()  # type: ignore[arg-type]
        await signalling.publish(away, room, connection, Offer())  # type: ignore[arg-type]
        away.say(Connected())
        away.say(MediaFlow("video", False))
        away.say(MediaFlow("video", True))
        away.say(MediaFlow("audio", False))
        await asyncio.gather(*away.tasks)
        assert away.pictures == [True]
        away.say(MediaFlow("video", False))
        await asyncio.gather(*away.tasks)
        assert away.pictures == [True, False]
        away.say(MediaFlow("video", True))
        assert away.pictures == [True, False, True]
        away.say(MediaFlow("video", False))
        away.say(HungUp(""))
        await asyncio.gather(*away.tasks)
        assert away.pictures == [True, False, True, False]

    class OneRoom:
        occasion_id, room_id = 7, "lecture-7"
        state, break_until = "live", None

        def is_on_air(self) -> bool:
            return False

    class Offer:
        again, sdp = False, "v=0"

    away = Away()
    monkeypatch.setattr(signalling, "SILENT_S", 0.01)
    monkeypatch.setattr(signalling, "engine_of", engine_of)
    asyncio.run(lecture())


@pytest.mark.unit
def test_the_last_picture_is_noted_at_its_own_moment() -> None:
    """The agent noted it as of now for ten seconds more: the room, told that the lecturer left, took it back."""
    carrier, now = object.__new__(Carrier), dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
    carrier._picture_at = time.monotonic() - 4
    seen = carrier.seen_at(now)
    assert seen is not None
    assert dt.timedelta(seconds=4) <= now - seen < dt.timedelta(seconds=5)
    carrier._picture_at = time.monotonic() - 11
    assert carrier.seen_at(now) is None


@pytest.mark.unit
def test_one_person_does_not_use_up_the_places_with_low_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their third browser watches by HLS, the next person's first one does not."""

    async def engine_of(_room: Any) -> Any:
        return away

    async def crowd() -> list[str]:
        room: Any = Room(occasion_id=7, state="live", webrtc_cap=10)
        for member_id in (1, 1, 1, 2):
            connection = Connection(send=None, member_id=member_id, host=False)  # type: ignore[arg-type]
            await signalling.watch(away, room, connection, "auto")  # type: ignore[arg-type]
        return ways

    away, ways = Watched(), list[str]()
    monkeypatch.setattr(signalling, "engine_of", engine_of)
    monkeypatch.setattr(signalling, "_tell_way", lambda _process, _connection, way: ways.append(way))
    assert asyncio.run(crowd()) == ["webrtc", "webrtc", "hls", "webrtc"]


class Watched(Away):
    """An engine that has something to watch, though nobody is on air yet."""

    offer_sdp = None

    def show(self, room_id: str, participant_id: str) -> None: ...

    async def subscribe(self, **_of: Any) -> "Watched":
        return self
