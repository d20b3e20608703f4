"""The fallback's socket in a web process: who is let in, what is passed on, and what ends it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import OperationalError
from django.test import override_settings
from django.utils import timezone

from live import operations, queries
from live.core.wire.fallback import LENGTH, MOST_PIECE, FallBack, Piece, packed, read_piece
from live.core.wire.speakers import OnStage
from live.models import AirTurn, Lecture, MediaNode, MediaPeer
from live.operations.nodes import note_air
from live.room import fallback, leading, signalling, tickets
from live.room.checks import Told
from live.room.connections import Connection
from live.room.fallback import BURST
from live.room.peers import Peer, attach
from live.room.process import RoomProcess
from live.room.refusals import Refused
from live.room.rooms import Room
from live.room.routing import websockets
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.realtime.conftest import sign_in

pytestmark = [pytest.mark.integration, pytest.mark.asyncio, pytest.mark.django_db(transaction=True)]
PAGE = "page-1"
GOOD = packed(Piece(1, 0, b"bytes"))


class Agent:
    """A media agent's door that notes what comes, and says what the test wants."""

    def __init__(self) -> None:
        self.hellos: list[dict[str, Any]] = []
        self.pieces: list[Piece] = []
        self.lasts = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.changed = asyncio.Event()

    async def come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            self.hellos.append(json.loads(await reader.readline()))
            self.say({"t": "ready", "run": 0, "number": 0})
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                message = await reader.readexactly(length)
                if message:
                    self.pieces.append(read_piece(message))
                self.lasts += not message
                self.changed.set()
        writer.close()

    def say(self, word: dict[str, Any]) -> None:
        self.writers[-1].write(json.dumps(word).encode() + b"\n")

    async def until(self, true: Callable[[], Any]) -> None:
        async with asyncio.timeout(60):
            while not true():
                await asyncio.sleep(0.01)


class World:
    """A live lecture on the air by a page of its lecturer, a web process, and a media agent."""

    def __init__(self, county: County, lecture: Lecture, process: RoomProcess, agent: Agent, session: str) -> None:
        self.county, self.lecture, self.process, self.agent, self.session = county, lecture, process, agent, session
        self.told: list[bool] = []
        cast(Any, process).picture = lambda _room, *, on: self.told.append(on)

    def path(self, **said: Any) -> str:
        facts = {"occasion": self.lecture.pk, "member": self.county.lecturer.pk, "device": "d", "source": PAGE} | said
        ticket = tickets.make_fallback(tickets.FallbackTicket(**facts), session_key=self.session)
        return f"/ws/live/{self.lecture.pk}/fallback/?ticket={ticket}&key=k"

    def socket(self, path: str = "", *, origin: str = "http://testserver", **said: Any) -> WebsocketCommunicator:
        cookie = f"{settings.SESSION_COOKIE_NAME}={self.session}".encode()
        made = WebsocketCommunicator(
            websockets, path or self.path(**said), headers=[(b"cookie", cookie), (b"origin", origin.encode())]
        )
        made.scope["state"] = {"rooms": self.process}
        return made

    async def opened(self, **said: Any) -> WebsocketCommunicator:
        socket = self.socket(**said)
        assert (await socket.connect(timeout=60))[0]
        return socket


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    def make() -> tuple[County, Lecture, str]:
        county, now = make_county(), timezone.now()
        url = f"janus+unix:{tmp_path}/engine/janus.sock"
        node = MediaNode.objects.create(name="n", url=url, beat_at=now)
        lecture = make_live(county)
        Lecture.objects.filter(pk=lecture.pk).update(media_node=node)
        operations.take_air(
            occasion_id=lecture.pk, host_id=county.lecturer.pk, source=PAGE, socket="s", as_of=timezone.now()
        )
        return county, lecture, sign_in(county.lecturer)

    agent = Agent()
    server = await asyncio.start_unix_server(agent.come, tmp_path / "fallback.sock")
    county, lecture, session = await sync_to_async(make)()
    process = RoomProcess()
    with override_settings(ALLOWED_ORIGINS=["http://testserver"]):
        yield World(county, lecture, process, agent, session)
    for writer in agent.writers:
        writer.close()
    server.close()
    await process.background.aclose()
    await process.channel.aclose()


async def said(socket: WebsocketCommunicator) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(await socket.receive_from(timeout=60)))


async def over(socket: WebsocketCommunicator) -> tuple[str, int]:
    """Why it ended, and with which code."""
    while (word := await said(socket))["t"] != "over":
        continue
    end = await socket.receive_output(timeout=60)
    return word["why"], end["code"]


async def in_database(work: Callable[[], Any]) -> Any:
    return await sync_to_async(work)()


async def test_pieces_go_to_the_agent_and_its_words_come_back(world: World) -> None:
    socket = await world.opened()
    assert await said(socket) == {"t": "ready", "run": 0, "number": 0}
    assert world.agent.hellos == [{"occasion": world.lecture.pk, "key": f"{PAGE}-k"}]
    await socket.send_to(bytes_data=GOOD)
    await world.agent.until(lambda: world.agent.pieces)
    assert world.agent.pieces == [Piece(1, 0, b"bytes")]
    world.agent.say({"t": "seen"})
    assert await said(socket) == {"t": "seen"}
    assert world.told == [True]
    await socket.disconnect(code=1001)
    await world.agent.until(lambda: world.agent.lasts and world.told == [True, False])


async def test_whoever_comes_on_the_air_by_webrtc_keeps_the_picture(world: World) -> None:
    socket = await world.opened()
    await said(socket)
    world.agent.say({"t": "seen"})
    await said(socket)
    row = {"member_id": world.county.lecturer.pk, "device": "d", "owner": "o", "made_at": timezone.now()}
    await in_database(
        partial(MediaPeer.objects.create, lecture=world.lecture, kind="pub", key="k", reference="1.2", **row)
    )
    world.agent.say({"t": "over", "why": "replaced"})
    assert await over(socket) == ("replaced", 4409)
    while world.process.background._tasks:
        await asyncio.gather(*world.process.background._tasks, return_exceptions=True)
    assert world.told == [True]


async def test_a_line_that_is_lost_is_waited_for_and_one_that_goes_on_keeps_the_picture(world: World) -> None:
    first = await world.opened()
    await said(first)
    world.agent.say({"t": "seen"})
    await said(first)
    second = await world.opened()
    await said(second)
    world.agent.say({"t": "seen"})
    await said(second)
    await first.disconnect(code=1006)
    await asyncio.sleep(0)
    assert (world.told, world.agent.lasts) == ([True, True], 0)
    await second.disconnect(code=1000)


@pytest.mark.parametrize("ticket", ["", "x:y:z", "of a room", "another lecture", "another session", "not the lecturer"])
async def test_nobody_comes_in_with_another_ticket(world: World, ticket: str) -> None:
    path = f"/ws/live/{world.lecture.pk}/fallback/?ticket={ticket}"
    facts: dict[str, Any] = {"occasion": world.lecture.pk, "member": world.county.lecturer.pk, "device": "d"}
    if ticket == "of a room":
        made = tickets.make(tickets.Ticket(**facts, host=True, counted=False), session_key=world.session)
        path = f"/ws/live/{world.lecture.pk}/fallback/?ticket={made}"
    elif ticket == "another lecture":
        path = world.path(occasion=world.lecture.pk + 1)
    elif ticket == "another session":
        made = tickets.make_fallback(tickets.FallbackTicket(**facts, source=PAGE), session_key="other")
        path = f"/ws/live/{world.lecture.pk}/fallback/?ticket={made}"
    elif ticket == "not the lecturer":
        path = world.path(member=world.county.member.pk)
    socket = world.socket(path)
    await socket.connect(timeout=60)
    assert await over(socket) == ("rights", 4403)
    assert world.agent.hellos == []


async def test_a_foreign_origin_is_refused_in_the_handshake(world: World) -> None:
    assert (await world.socket(origin="https://elsewhere.example").connect(timeout=60))[0] is False


@pytest.mark.parametrize("what", ["another page", "a break", "the end", "an encoder"])
async def test_only_the_page_on_the_air_comes_in(world: World, what: str) -> None:
    now = timezone.now()
    turns = AirTurn.objects.filter(lecture=world.lecture)
    changes: dict[str, Callable[[], Any]] = {
        "another page": lambda: turns.update(source="page-2"),
        "an encoder": lambda: turns.update(source=AirTurn.ENCODER),
        "a break": lambda: operations.take_break(occasion_id=world.lecture.pk, minutes=5, as_of=now),
        "the end": lambda: operations.end_lecture(occasion_id=world.lecture.pk, as_of=now),
    }
    await in_database(changes[what])
    socket = await world.opened()
    expected = ("replaced", 4409) if what == "another page" else ("off_air", 4410)
    assert await over(socket) == expected
    assert world.agent.hellos == []


@pytest.mark.parametrize("what", ["another page", "a break", "signed out", "no host any more"])
async def test_what_may_not_go_on_ends_with_the_next_look(world: World, what: str) -> None:
    socket = await world.opened()
    await said(socket)
    world.agent.say({"t": "seen"})
    await said(socket)
    await world.process.fallbacks.look()
    changes: dict[str, Callable[[], Any]] = {
        "another page": lambda: AirTurn.objects.update(source="page-2"),
        "a break": lambda: operations.take_break(occasion_id=world.lecture.pk, minutes=5, as_of=timezone.now()),
        "signed out": lambda: world.county.lecturer.set_password("x") or world.county.lecturer.save(),
        "no host any more": lambda: Lecture.objects.update(lecturer=world.county.member),
    }
    await in_database(changes[what])
    await world.process.fallbacks.look()
    expected = {"another page": ("replaced", 4409), "a break": ("off_air", 4410)}.get(what, ("rights", 4403))
    assert await over(socket) == expected
    await world.agent.until(lambda: world.agent.lasts and world.told == [True, False])
    await world.process.fallbacks.look()


async def test_a_break_that_is_told_ends_it_at_once(world: World) -> None:
    socket = await world.opened()
    await said(socket)
    world.process.fallbacks.end(world.lecture.pk + 1, "off_air")
    world.process.fallbacks.end(world.lecture.pk, "off_air")
    assert await over(socket) == ("off_air", 4410)


@pytest.mark.parametrize("message", [b"short", b"\0" * (8 + MOST_PIECE + 1), "text"])
async def test_what_is_no_piece_ends_it(world: World, message: bytes | str) -> None:
    socket = await world.opened()
    await said(socket)
    if isinstance(message, str):
        await socket.send_to(text_data=message)
    else:
        await socket.send_to(bytes_data=message)
    assert await over(socket) == ("not_media", 4415)
    # What is still on its way is passed over.
    await socket.send_to(bytes_data=GOOD)
    assert world.agent.pieces == []


async def test_too_many_pieces_end_it(world: World) -> None:
    socket = await world.opened()
    await said(socket)
    for _ in range(BURST + 20):
        await socket.send_to(bytes_data=GOOD)
    assert await over(socket) == ("too_much", 4429)


async def test_the_agents_last_word_is_passed_on_and_one_that_is_gone_is_away(world: World) -> None:
    socket = await world.opened()
    await said(socket)
    world.agent.say({"t": "over", "why": "codec"})
    assert await over(socket) == ("codec", 4415)
    socket = await world.opened()
    await said(socket)
    world.agent.writers[-1].close()
    assert await over(socket) == ("away", 1013)


@pytest.mark.parametrize("what", ["no agent", "no node", "full", "no database"])
async def test_without_an_agent_it_is_to_be_tried_again(
    world: World, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_work: Any) -> Any:
        raise OperationalError

    if what == "no agent":
        (tmp_path / "fallback.sock").unlink()
    elif what == "no node":
        await in_database(lambda: MediaNode.objects.update(beat_at=timezone.now() - timezone.timedelta(hours=1)))
        await in_database(lambda: Lecture.objects.update(media_node=None))
    elif what == "full":
        monkeypatch.setattr(world.process, "is_full", lambda: True)
    else:
        monkeypatch.setattr(fallback, "in_database", away)
    assert await over(await world.opened()) == ("away", 1013)


# --- the command of the room -----------------------------------------------------------------------------------------


async def test_the_page_on_the_air_gets_a_ticket_and_what_was_sent_by_webrtc_ends(world: World) -> None:
    told: list[str] = []
    ended: list[str] = []

    class Engine:
        async def end(self, reference: str) -> None:
            ended.append(reference)

    def tell(_connection: Any, frame: str) -> None:
        told.append(frame)

    room = Room(world.lecture.pk)
    room.state = "live"
    row = {"member_id": world.county.lecturer.pk, "device": "d", "owner": "dead", "made_at": timezone.now()}
    keep = partial(MediaPeer.objects.create, lecture=world.lecture, kind="pub", key="k", reference="1.2", **row)
    await in_database(keep)
    cast(Any, world.process.rooms).tell = tell
    connection = Connection(
        send=cast(Any, None), member_id=world.county.lecturer.pk, host=True, device="d", session_key=world.session
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fallback, "get_engine", lambda _url: Engine())
        await leading.fall_back(world.process, room, connection, FallBack(source=PAGE))
        assert (ended, await in_database(lambda: MediaPeer.objects.count())) == (["1.2"], 0)
        frame = json.loads(told[-1])
        assert (frame["t"], frame["url"]) == ("fallback", f"/ws/live/{world.lecture.pk}/fallback/")
        socket = world.socket(f"{frame['url']}?ticket={frame['ticket']}&key=k")
        await socket.connect(timeout=60)
        assert (await said(socket))["t"] == "ready"
        # Somebody else is on the air; and there is nothing to be on in a break.
        with pytest.raises(Refused, match="taken"):
            await leading.fall_back(world.process, room, connection, FallBack(source="page-3"))
        room.break_until = 5
        with pytest.raises(Refused, match="state"):
            await leading.fall_back(world.process, room, connection, FallBack(source=PAGE))
        await socket.disconnect()


async def test_those_who_wait_by_webrtc_are_turned_to_hls_and_whoever_asks_gets_it(world: World) -> None:
    told: list[dict[str, Any]] = []
    node_id = await in_database(lambda: MediaNode.objects.get().pk)
    note = partial(note_air, node_id=node_id, air={}, fallback=[world.lecture.pk])
    cast(Any, world.process.rooms).tell = lambda _connection, frame: told.append(json.loads(frame))
    member, speaker = (
        Connection(send=cast(Any, None), member_id=one.pk, host=False) for one in world.county.members[:2]
    )
    room = world.process.rooms.enter(world.lecture.pk, member)
    world.process.rooms.enter(world.lecture.pk, speaker)
    for connection in (member, speaker):
        attach(Peer(room, connection, "sub"))
    await world.process.checks.look()
    assert not room.is_fallback
    on_stage = OnStage(member=speaker.member_id, name="", unit="", on=True, sound=True, picture=False, shown=False)
    room.speakers = [on_stage]
    await in_database(note)
    facts = await in_database(partial(queries.room_facts, [world.lecture.pk]))
    world.process.checks.take_facts(room, facts[world.lecture.pk], Told.of(room))
    await world.agent.until(lambda: told)
    assert room.is_fallback
    # Who speaks on the stage hears the others there by WebRTC alone.
    assert (member.subscribing, speaker.subscribing is None) == (None, False)
    assert [frame["via"] for frame in told if frame["t"] == "media"] == ["hls"]
    await signalling.watch(world.process, room, member, "auto")
    assert [frame["via"] for frame in told if frame["t"] == "media"] == ["hls", "hls"]
    await in_database(partial(note_air, node_id=node_id, air={}))
    facts = await in_database(partial(queries.room_facts, [world.lecture.pk]))
    world.process.checks.take_facts(room, facts[world.lecture.pk], Told.of(room))
    assert not room.is_fallback
