"""Media connections outlive sockets and web processes: who may take one over, and what ends it.

Finding: organiser 10.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest
from django.db import OperationalError
from django.utils import timezone

from live import operations, permissions, queries
from live.core.wire import protocol
from live.engines.base import EngineEvent, HungUp, MediaFlow, NoSuchPeer, OfferMade
from live.models import Lecture, MediaPeer
from live.room import peers, sessions, signalling
from live.room.connections import Connection
from live.room.held_air import HeldAir
from live.room.rooms import Room
from tests.factories.live import make_live
from tests.factories.organizations import make_county

DEVICE = "d" * 32


class Part:
    """A connection as the engine has it."""

    answer_sdp, offer_sdp = "v=0", "v=0 offer"

    def __init__(self, reference: str, say: Callable[[EngineEvent], None]) -> None:
        self.reference, self.say = reference, say
        self.closed = self.let = 0

    async def close(self) -> None:
        self.closed += 1

    def let_go(self) -> None:
        self.let += 1


class Engine:
    """An engine and what it was asked."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended: list[str] = []
        self.is_gone = False

    async def open_room(self, spec: Any) -> None: ...

    def show(self, room_id: str, participant_id: str) -> None: ...

    async def publish(self, *, on_event: Callable[[EngineEvent], None], **_of: Any) -> Part:
        self.parts.append(Part(f"1.{len(self.parts)}", on_event))
        return self.parts[-1]

    async def subscribe(self, *, on_event: Callable[[EngineEvent], None], **_of: Any) -> Part:
        return await self.publish(on_event=on_event)

    async def resume_publishing(self, *, reference: str, on_event: Callable[[EngineEvent], None], **_of: Any) -> Part:
        if self.is_gone:
            raise NoSuchPeer
        self.parts.append(Part(reference, on_event))
        return self.parts[-1]

    resume_subscribing = resume_publishing

    async def end(self, reference: str) -> None:
        self.ended.append(reference)


class Process:
    """What signalling and the peers need of a web process; the database is a dictionary that all of them share."""

    def __init__(self, name: str, table: "Table") -> None:
        self.name, self.table = name, table
        self.rooms = self.background = self
        self.told: list[tuple[Connection, dict[str, Any]]] = []
        self.pictures: list[bool] = []
        self.tasks: set[asyncio.Task[Any]] = set()
        self.peers = peers.Peers(cast(Any, self))
        self.air = HeldAir(cast(Any, self))

    def tell(self, connection: Connection, frame: str) -> None:
        if not connection.closed:
            self.told.append((connection, json.loads(frame)))

    def picture(self, room: Room, *, on: bool) -> None:
        self.pictures.append(on)

    def spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def settle(self) -> None:
        while self.tasks:
            await asyncio.gather(*self.tasks)

    def said(self, word: str) -> list[dict[str, Any]]:
        return [frame for _to, frame in self.told if frame["t"] == word]

    def key(self) -> str:
        return str(self.said("held")[-1]["key"])


class Table:
    """The rows, by key."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.closed: set[int] = set()

    def keep_peer(self, *, as_of: Any, **row: Any) -> bool:
        self.rows[row["key"]] = row
        return True

    def claim_peer(self, *, owner: str, **whose: Any) -> str | None:
        row = self.rows.get(whose["key"])
        if row is None or row["owner"] == owner or any(row[name] != value for name, value in whose.items()):
            return None
        row["owner"] = owner
        return str(row["reference"])

    def drop_peer(self, *, key: str, owner: str) -> bool:
        return bool(self.rows.get(key, {}).get("owner") == owner and self.rows.pop(key))

    def cut_peers(self, *, occasion_id: int, member_id: int, kind: str = "") -> list[str]:
        found = [key for key, row in self.rows.items() if row["member_id"] == member_id and kind in ("", row["kind"])]
        return [self.rows.pop(key)["reference"] for key in found]

    def owned_peers(self, *, keys: list[str], owner: str) -> set[str]:
        return {key for key in keys if self.rows.get(key, {}).get("owner") == owner}

    def is_published(self, *, occasion_id: int) -> bool:
        return any(row["kind"] == "pub" for row in self.rows.values())

    def off_air(self, *, occasion_ids: set[int]) -> set[int]:
        return self.closed & occasion_ids

    def engine_url(self, *, occasion_id: int) -> str:
        return "janus+unix:/there"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    async def engine_of(_room: Room) -> Engine:
        return engine

    engine = Engine()
    monkeypatch.setattr(signalling, "engine_of", engine_of)
    monkeypatch.setattr(peers, "get_engine", lambda _url: engine)
    return engine


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    async def at_once(work: Callable[[], Any]) -> Any:
        return work()

    table = Table()
    for module, names in ((operations, ("keep_peer", "claim_peer", "drop_peer", "cut_peers")),
                          (queries, ("owned_peers", "is_published", "engine_url", "off_air"))):  # fmt: skip
        for name in names:
            monkeypatch.setattr(module, name, getattr(table, name))
    monkeypatch.setattr(peers, "in_database", at_once)
    monkeypatch.setattr(signalling, "in_database", at_once)
    return table


def at(member_id: int, *, host: bool = False, device: str = DEVICE) -> Connection:
    return Connection(send=cast(Any, None), member_id=member_id, host=host, device=device, mark="m", session_key="s")


def a_room() -> Room:
    return Room(occasion_id=7, state="live", webrtc_cap=10)


def gone(process: Process, connection: Connection) -> None:
    """The socket is gone, and the page may be there."""
    connection.leaving = connection.closed = True
    process.peers.hold(connection)


async def watching(process: Process, room: Room, connection: Connection) -> str:
    await signalling.watch(cast(Any, process), room, connection, "auto")
    await process.settle()
    return process.key()


async def on_air(process: Process, room: Room, connection: Connection) -> str:
    await signalling.publish(cast(Any, process), room, connection, protocol.Offer(sdp="v=0", again=False))
    await process.settle()
    return process.key()


async def reclaims(process: Process, room: Room, connection: Connection, pc: Any, key: str) -> str:
    process.told.clear()
    await signalling.reclaim(cast(Any, process), room, connection, protocol.Reclaim(pc=pc, key=key))
    await process.settle()
    return str(process.said("link")[-1]["state"])


@pytest.mark.unit
def test_whoever_comes_back_finds_the_picture_in_the_same_process(engine: Engine, table: Table) -> None:
    async def story() -> None:
        process, room, old = Process("one", table), a_room(), at(1)
        key = await watching(process, room, old)
        gone(process, old)
        assert room.watching() == 1, "the place is kept"
        engine.parts[0].say(peers_offer())
        new = at(1)
        assert await reclaims(process, room, new, "sub", key) == "resumed"
        assert process.said("offer") == [{"t": "offer", "sdp": "v=0 newer"}], "what came meanwhile is said now"
        assert (room.watching(), len(engine.parts), engine.parts[0].closed) == (1, 1, 0)
        # The line was lost and the server has not noticed: the newest socket has it.
        newest = at(1)
        assert await reclaims(process, room, newest, "sub", key) == "resumed"
        assert new.subscribing is None
        gone(process, new)
        assert newest.subscribing is not None
        assert newest.subscribing.away_at is None

    asyncio.run(story())


@pytest.mark.unit
def test_another_process_takes_over_from_a_dead_one(engine: Engine, table: Table) -> None:
    async def story() -> None:
        dead, heir = Process("one", table), Process("two", table)
        watch_key = await watching(dead, a_room(), at(1))
        air_key = await on_air(dead, a_room(), at(2, host=True))
        room = a_room()
        assert await reclaims(heir, room, at(1), "sub", watch_key) == "resumed"
        assert heir.said("offer") == [{"t": "offer", "sdp": "v=0 offer"}], "what the engine asks at the takeover"
        assert await reclaims(heir, room, at(2, host=True), "pub", air_key) == "resumed"
        assert [row["owner"] for row in table.rows.values()] == ["two", "two"]
        assert [part.closed for part in engine.parts] == [0, 0, 0, 0]
        assert heir.pictures == []
        assert room.watching() == 1
        # The first one was not dead, only slow: it lets go, and ends nothing.
        await dead.peers._let_go_of_taken()
        assert [part.let for part in engine.parts[:2]] == [1, 1]
        assert len(table.rows) == 2

    asyncio.run(story())


@pytest.mark.unit
@pytest.mark.parametrize(
    ("whose", "kind"),
    [
        (at(9), "sub"),
        (at(1, device="e" * 32), "sub"),
        (at(1), "pub"),
    ],
    ids=["another person", "another browser", "another kind"],
)
def test_a_key_alone_opens_nothing(engine: Engine, table: Table, whose: Connection, kind: str) -> None:
    async def story() -> None:
        first, second = Process("one", table), Process("two", table)
        room, watcher = a_room(), at(1)
        key = await watching(first, room, watcher)
        for process in (first, second):
            assert await reclaims(process, room, whose, kind, key) == "hung_up"
        assert watcher.subscribing is not None
        assert table.rows[key]["owner"] == "one"

    asyncio.run(story())


@pytest.mark.unit
def test_a_host_who_was_replaced_meanwhile_waits_to_be_asked(engine: Engine, table: Table) -> None:
    async def story() -> None:
        process, room, first = Process("one", table), a_room(), at(2, host=True)
        key = await on_air(process, room, first)
        gone(process, first)
        assert process.pictures == [], "the picture goes on"
        second = at(3, host=True)
        room.add(second)
        await on_air(process, room, second)
        engine.parts[0].say(HungUp("kicked"))
        await process.settle()
        assert process.pictures == []
        assert await reclaims(process, room, at(2, host=True), "pub", key) == "replaced"
        assert second.publishing is not None

    asyncio.run(story())


@pytest.mark.unit
def test_what_the_engine_no_longer_has_is_begun_anew(engine: Engine, table: Table) -> None:
    async def story() -> None:
        key = await watching(Process("one", table), a_room(), at(1))
        engine.is_gone = True
        heir, room, browser = Process("two", table), a_room(), at(1)
        assert await reclaims(heir, room, browser, "sub", key) == "hung_up"
        assert (browser.subscribing, room.watching(), table.rows) == (None, 0, {})
        assert engine.ended == ["1.0"]
        room.state = "ended"
        assert await reclaims(heir, room, browser, "sub", key) == "hung_up"

    asyncio.run(story())


@pytest.mark.unit
def test_nobody_keeps_media_who_does_not_come_back_or_may_not(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks: dict[tuple[str, int], str] = {("s", member): "m" for member in range(1, 6)}
    rights = permissions.Rights(allowed=frozenset({1, 2, 4}), hosts=frozenset({4}))
    monkeypatch.setattr(sessions, "still_signed_in", lambda _claims, **_at: marks)
    monkeypatch.setattr(permissions, "rights_now", lambda **_of: rights)

    async def story() -> None:
        process, room = Process("one", table), a_room()
        stays, signed_out, no_right, host = at(1), at(2), at(3), at(4, host=True)
        for one in (stays, signed_out, no_right):
            await watching(process, room, one)
        await on_air(process, room, host)
        for one in (stays, signed_out, no_right, host):
            gone(process, one)
        marks["s", 2] = "another"
        await process.peers.look()
        await process.settle()
        assert [part.closed for part in engine.parts] == [0, 1, 1, 0]
        assert len(table.rows) == 2
        for held in process.peers.held():
            held.away_at = (held.away_at or 0) - peers.HOLD_S - 1
        await process.peers.look()
        await process.settle()
        assert [part.closed for part in engine.parts] == [1, 1, 1, 1]
        assert (table.rows, process.pictures, room.watching()) == ({}, [False], 0)

    asyncio.run(story())


@pytest.mark.unit
def test_a_person_removed_while_the_socket_is_away_loses_the_media_of_every_process(
    engine: Engine, table: Table
) -> None:
    async def story() -> None:
        dead, process, room = Process("one", table), Process("two", table), a_room()
        await watching(dead, a_room(), at(1))
        away = at(1)
        await watching(process, room, away)
        await watching(process, room, at(5))
        gone(process, away)
        await process.peers.cut(room, 1)
        await process.settle()
        assert engine.parts[1].closed == 1
        assert "1.0" in engine.ended, "the dead process's, too"
        assert [row["member_id"] for row in table.rows.values()] == [5]

    asyncio.run(story())


@pytest.mark.unit
def test_what_another_process_took_over_goes_on_however_this_one_ends_its_own(engine: Engine, table: Table) -> None:
    async def story() -> None:
        slow, heir, room = Process("one", table), Process("two", table), a_room()
        watch_key = await watching(slow, room, at(1))
        host, viewer = at(2, host=True), room.webrtc.copy().pop().connection
        air_key = await on_air(slow, room, host)
        for one in (viewer, host):
            gone(slow, one)
        assert await reclaims(heir, a_room(), at(1), "sub", watch_key) == "resumed"
        assert await reclaims(heir, a_room(), at(2, host=True), "pub", air_key) == "resumed"
        for peer in slow.peers.held():
            slow.peers.end(peer)
            slow.peers.end(peer)
        await slow.settle()
        assert [(part.closed, part.let) for part in engine.parts] == [(0, 1), (0, 1), (0, 0), (0, 0)]
        assert (slow.pictures, len(table.rows)) == ([], 2)

    asyncio.run(story())


@pytest.mark.unit
def test_without_a_database_it_ends_all_the_same(engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    def drop_peer(**_of: Any) -> bool:
        raise OperationalError

    async def story() -> None:
        process, room, host = Process("one", table), a_room(), at(2, host=True)
        await on_air(process, room, host)
        gone(process, host)
        monkeypatch.setattr(operations, "drop_peer", drop_peer)
        for peer in process.peers.held():
            process.peers.end(peer)
        await process.settle()
        assert (engine.parts[0].closed, process.pictures) == (1, [False])

    asyncio.run(story())


@pytest.mark.unit
@pytest.mark.parametrize("how", ["break", "end"])
def test_a_break_while_the_engine_is_asked_leaves_nobody_on_the_air(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async def closing(_room: Room) -> Engine:
        room.break_until, room.state = (1, "live") if how == "break" else (None, "ended")
        return engine

    room = a_room()

    async def story() -> None:
        process, host = Process("one", table), at(2, host=True)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(signalling, "engine_of", closing)
            await signalling.publish(cast(Any, process), room, host, protocol.Offer(sdp="v=0", again=False))
        await process.settle()
        assert (engine.parts[0].closed, host.publishing, table.rows) == (1, None, {})
        room.break_until, room.state = None, "live"
        key = await on_air(process, room, host)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(signalling, "engine_of", closing)
            heir = Process("two", table)
            assert await reclaims(heir, room, at(2, host=True), "pub", key) in {"hung_up", "replaced"}
        assert (engine.parts[2].closed, table.rows) == (1, {})

    asyncio.run(story())


@pytest.mark.unit
def test_a_break_ends_what_is_sent_also_where_nobody_is_in_the_room(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "still_signed_in", lambda _claims, **_at: {("s", 1): "m", ("s", 2): "m"})
    rights = permissions.Rights(allowed=frozenset({1, 2}), hosts=frozenset({2}))
    monkeypatch.setattr(permissions, "rights_now", lambda **_of: rights)

    async def story() -> None:
        process, room, host, viewer = Process("one", table), a_room(), at(2, host=True), at(1)
        await watching(process, room, viewer)
        await on_air(process, room, host)
        for one in (viewer, host):
            gone(process, one)
        await process.peers.look()
        assert len(process.peers.held()) == 2
        table.closed = {room.occasion_id}
        await process.peers.look()
        await process.settle()
        assert [part.closed for part in engine.parts] == [0, 1]
        assert process.pictures == [False]

    asyncio.run(story())


@pytest.mark.unit
def test_who_leaves_ends_it_at_once(engine: Engine, table: Table) -> None:
    async def story() -> None:
        process, room, host = Process("one", table), a_room(), at(2, host=True)
        await on_air(process, room, host)
        process.peers.end_of(host)
        await process.settle()
        assert (engine.parts[0].closed, process.pictures, table.rows) == (1, [False], {})

    asyncio.run(story())


def peers_offer() -> EngineEvent:

    return OfferMade("v=0 newer")


@pytest.mark.integration
@pytest.mark.django_db
def test_of_two_processes_one_takes_it_and_a_new_picture_ends_the_old_claim() -> None:
    world = make_county()
    lecture = make_live(world)
    whose: dict[str, Any] = {"occasion_id": lecture.pk, "member_id": lecture.lecturer_id, "device": DEVICE}
    keep = partial(operations.keep_peer, **whose, reference="1.2", as_of=timezone.now())
    claim = partial(operations.claim_peer, **whose)
    assert keep(kind="sub", key="s", owner="one")
    assert keep(kind="pub", key="a", owner="one")
    assert claim(kind="sub", key="s", owner="two") == "1.2"
    assert claim(kind="sub", key="s", owner="two") is None, "it has it"
    assert claim(kind="pub", key="s", owner="three") is None
    assert not operations.drop_peer(key="s", owner="one")
    assert queries.owned_peers(keys=["s", "a"], owner="one") == {"a"}
    assert keep(kind="pub", key="b", owner="two")
    assert claim(kind="pub", key="a", owner="two") is None
    assert queries.is_published(occasion_id=lecture.pk)
    assert operations.drop_peer(key="b", owner="two")
    assert not queries.is_published(occasion_id=lecture.pk)
    assert queries.engine_url(occasion_id=lecture.pk) is None
    assert queries.off_air(occasion_ids=[lecture.pk]) == set()
    operations.take_break(occasion_id=lecture.pk, minutes=5, as_of=timezone.now())
    assert queries.off_air(occasion_ids=[lecture.pk]) == {lecture.pk}
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert queries.off_air(occasion_ids=[lecture.pk]) == {lecture.pk}
    assert operations.cut_peers(occasion_id=lecture.pk, member_id=lecture.lecturer_id) == ["1.2"]
    assert keep(kind="sub", key="t", owner="one")
    assert not keep(kind="sub", key="t", owner="one")
    operations.forget_old_peers()
    assert not MediaPeer.objects.exists(), "the lecture is over"
    Lecture.objects.update(state=Lecture.State.LIVE)
    assert keep(kind="sub", key="t", owner="one")
    operations.forget_old_peers()
    operations.forget_peers(occasion_id=lecture.pk)
    assert MediaPeer.objects.count() == 1, "its end was undone"
    Lecture.objects.update(state=Lecture.State.ENDED)
    operations.forget_peers(occasion_id=lecture.pk)
    assert not MediaPeer.objects.exists()


def test_a_speakers_picture_that_stands_or_ends_is_the_lectures_no_more(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def note(_room: Room, connection: Connection, peer: peers.Peer) -> bool:
        told.append((connection.member_id, peer.flows))
        return True

    async def story() -> None:
        process, room, phone = Process("one", table), a_room(), at(1)
        peer = peers.Peer(room, phone, "talk")
        hear = signalling.listener_for(cast(Any, process), peer)
        hear(MediaFlow("audio", True))
        assert not peer.flows
        hear(MediaFlow("video", True))
        hear(MediaFlow("video", False))
        hear(MediaFlow("video", True))
        await process.settle()
        assert told == [(1, True)], "it moves again"
        hear(MediaFlow("video", False))
        await process.settle()
        assert told == [(1, True), (1, False)]
        for over in (partial(hear, HungUp("")), partial(process.peers.end, peer)):
            peer.flows, peer.is_over = True, False
            told.clear()
            over()
            await process.settle()
            assert (told, process.pictures) == ([(1, False)], [])
        peer.kind, peer.flows = "meet", True
        process.peers.end(peer)
        await process.settle()
        assert told == [(1, False)], "a meeting's pictures are nobody's lecture"

    told: list[tuple[int, bool]] = []
    monkeypatch.setattr(signalling, "SILENT_S", 0.01)
    monkeypatch.setattr(signalling.speakers, "note_sending", note)
    asyncio.run(story())
