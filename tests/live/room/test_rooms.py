"""The rooms of a process, with sockets that are functions: order, samples, and one that never takes its frame."""

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from websockets.datastructures import Headers

from live import room_events
from live.core.wire import asking, protocol
from live.room import rooms as module
from live.room.background import Background
from live.room.channel import ProcessChannel
from live.room.connections import Connection
from live.room.rooms import Rooms

pytestmark = pytest.mark.unit
PATIENCE_S = 60.0


class Socket:
    """A phone; ``stuck`` ones never take a frame. Has a transport, as uvicorn's protocol."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.texts: list[dict[str, Any]] = []
        self.free = asyncio.Event()
        self.aborted = False
        self.transport = self
        if not stuck:
            self.free.set()

    async def send(self, message: dict[str, Any]) -> None:
        await self.free.wait()
        self.texts.append(json.loads(message["text"]))

    def abort(self) -> None:
        self.aborted = True


@pytest.fixture
async def rooms() -> Any:
    background = Background()
    channel = ProcessChannel(InMemoryChannelLayer(), name="one", on_message=lambda _message: None)
    made = Rooms(background, channel, on_event=lambda _room, _event: None)
    made.start()
    yield made
    await background.aclose()


def chat(number: int, text: str = "好") -> protocol.ChatEvent:
    return protocol.ChatEvent(message=number, member=1, name="王", unit="村", text=text, at=0, host=False)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.02)


async def events_of(socket: Socket, count: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        return [event for frame in socket.texts for event in frame["events"]]

    await until(lambda: len(found()) >= count)
    return found()


async def test_a_tick_is_one_shared_frame_in_order(rooms: Rooms) -> None:
    phones = [Socket() for _ in range(3)]
    for number, phone in enumerate(phones):
        rooms.enter(7, Connection(send=phone.send, member_id=number, host=False))
    for number in (1, 2, 2, 3):
        rooms.deliver(7, chat(number))
    for phone in phones:
        assert [event["message"] for event in await events_of(phone, 3)] == [1, 2, 3]
    assert len({json.dumps(phone.texts) for phone in phones}) == 1
    assert phones[0].texts[-1]["people"] == 3


async def test_what_must_not_wait_does_not_wait(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 60)
    phone = Socket()
    rooms.enter(7, Connection(send=phone.send, member_id=1, host=False))
    rooms.deliver(7, protocol.PictureEvent(on=True))
    assert [event["t"] for event in await events_of(phone, 1)] == ["picture"]


async def test_too_much_chat_is_sampled_and_says_so(rooms: Rooms) -> None:
    phone = Socket()
    rooms.enter(7, Connection(send=phone.send, member_id=1, host=False))
    for number in range(100):
        rooms.deliver(7, chat(number + 1, "水" * 50))
    shown = await events_of(phone, 1)
    (frame,) = [frame for frame in phone.texts if frame["events"]]
    assert frame["left_out"] == 100 - len(shown)
    assert len(json.dumps(frame, ensure_ascii=False).encode()) < 1300


async def test_a_stuck_phone_is_skipped_and_cut_off(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STUCK_S", 0.5)
    stuck, well = Socket(stuck=True), Socket()
    for number, phone in enumerate((stuck, well)):
        rooms.enter(7, Connection(send=phone.send, member_id=number, host=False))
    for number in range(1, 4):
        rooms.deliver(7, chat(number))
        await events_of(well, number)
    await until(lambda: stuck.aborted)
    assert (stuck.texts, well.aborted) == ([], False)
    stuck.free.set()
    await until(lambda: stuck.texts)
    assert len(stuck.texts) == 1


async def test_private_events_reach_the_person_and_the_hosts_only(rooms: Rooms) -> None:
    person, host, other = Socket(), Socket(), Socket()
    for member_id, phone in ((1, person), (2, host), (3, other)):
        rooms.enter(7, Connection(send=phone.send, member_id=member_id, host=phone is host))
    rooms.deliver(7, protocol.MutedEvent(member=1, on=True))
    await events_of(person, 1)
    await events_of(host, 1)
    assert [event for frame in other.texts for event in frame["events"]] == []


async def test_what_is_for_hosts_reaches_no_member_though_something_for_one_goes_with_it(rooms: Rooms) -> None:
    person, host = Socket(), Socket()
    for member_id, phone in ((1, person), (2, host)):
        rooms.enter(7, Connection(send=phone.send, member_id=member_id, host=phone is host))
    rooms.deliver(7, asking.TallyEvent(poll=3, counts=[1, 0]))
    rooms.deliver(7, protocol.MutedEvent(member=1, on=True))
    assert [event["t"] for event in await events_of(host, 2)] == ["tally", "muted"]
    assert [event["t"] for event in await events_of(person, 1)] == ["muted"]


async def test_room_is_forgotten_when_the_last_one_leaves(rooms: Rooms) -> None:
    phone = Socket()
    connection = Connection(send=phone.send, member_id=1, host=False)
    room = rooms.enter(7, connection)
    rooms.leave(room, connection)
    assert rooms.open == {}
    rooms.deliver(7, chat(1))


async def test_publish_without_rooms_says_nothing_wrong(settings: Any) -> None:
    settings.REDIS_URL = ""
    room_events.publish(7, {"t": "picture", "on": True})
    with pytest.raises(protocol.BadFrame):
        room_events.publish(7, {"t": "picture"})


# --- What a socket keeps ----------------------------------------------------------------------------------------------


class Protocol:
    """As much of uvicorn's as a connection looks at."""

    def __init__(self) -> None:
        self.request = SimpleNamespace(headers=Headers(host="room.example", cookie="sessionid=x"))
        self.response = SimpleNamespace(headers=Headers(upgrade="websocket"))
        self.scope = {"headers": [(b"host", b"room.example")]}

    async def send(self, message: dict[str, Any]) -> None:
        """Take it."""


def test_the_headers_of_the_handshake_are_not_kept_for_the_life_of_the_socket() -> None:
    server = Protocol()
    Connection(send=server.send, member_id=1, host=False).forget_handshake()
    assert [len(server.request.headers), len(server.response.headers), server.scope["headers"]] == [0, 0, []]


def test_another_server_keeps_what_it_keeps() -> None:
    async def send(message: dict[str, Any]) -> None:
        """Take it."""

    Connection(send=send, member_id=1, host=False).forget_handshake()
