"""Who may appear in a meeting is heard, and nobody else: whichever process has the connection, and whatever is sent."""

import asyncio
from typing import Any, cast

import pytest

from live import operations, queries
from live.core.wire import meeting as wire
from live.core.wire import protocol
from live.queries.meeting import Digest
from live.room import meeting, peers
from live.room.connections import Connection
from live.room.meeting import Meeting
from live.room.refusals import Refused
from live.room.rooms import Room
from tests.live.room.test_peers import Engine, Process, Table, a_room, at, engine, gone, table

__all__ = ["engine", "table"]
pytestmark = pytest.mark.unit
SOUND = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
PICTURE = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(work: Any) -> Any:
        return work()

    monkeypatch.setattr(meeting, "in_database", at_once)
    monkeypatch.setattr(operations, "check_may_appear", lambda **_of: None)


async def appears(
    process: Process, room: Room, connection: Connection, sdp: str = SOUND, *, again: bool = False
) -> None:
    await meeting.appear(cast(Any, process), room, connection, wire.Appear(sdp=sdp, again=again))
    await process.settle()


def test_nobody_sends_more_than_one_sound_and_one_picture(engine: Engine, table: Table) -> None:
    async def story() -> None:
        process, room, phone = Process("one", table), a_room(), at(1)
        await appears(process, room, phone, SOUND + PICTURE)
        for sdp in (SOUND + PICTURE * 2, SOUND + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"):
            for again in (False, True):
                with pytest.raises(Refused, match="bad_sdp"):
                    await appears(process, room, phone, sdp, again=again)
        assert len(engine.parts) == 1

    asyncio.run(story())


def test_a_ban_ends_what_a_dead_process_left_and_lets_them_listen(engine: Engine, table: Table) -> None:
    async def story() -> None:
        dead, process, room = Process("one", table), Process("two", table), a_room()
        await appears(dead, a_room(), at(1))
        cut: list[tuple[int, str]] = []

        async def note(_room: Room, member_id: int, *, kind: str) -> None:
            cut.append((member_id, kind))
            await process.peers.cut(room, member_id, kind)

        process.cut = note  # type: ignore[attr-defined]
        table.rows["ear"] = {"key": "ear", "member_id": 1, "kind": "sub", "reference": "9.9", "owner": "one"}
        room.meeting = Meeting()
        meeting.on_event(cast(Any, process), room, protocol.MutedEvent(member=1, on=True))
        await process.settle()
        assert (cut, engine.ended, list(table.rows)) == ([(1, "meet")], ["1.0"], ["ear"])

    asyncio.run(story())


def test_who_may_appear_no_more_is_ended_while_the_socket_is_away(
    engine: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        process, room, first, second = Process("one", table), a_room(), at(1), at(2)
        for one in (first, second):
            await appears(process, room, one)
            gone(process, one)
        monkeypatch.setattr(process.peers, "_ask_rights", nothing)
        monkeypatch.setattr(peers, "appearing", lambda _ids: {(7, 2)})
        monkeypatch.setattr(queries, "speaking", lambda _ids: set())
        await process.peers.look()
        await process.settle()
        assert [part.closed for part in engine.parts] == [1, 0]

    async def nothing(_held: Any) -> None: ...

    asyncio.run(story())


def test_what_was_told_is_looked_up_again_only_where_it_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five questions a second of each meeting became none."""
    asked: list[int] = []
    sitting = [protocol.Sitting(member=4, name="a", unit="", mic=True, cam=False, floor=False)]
    waiting = wire.WaitingEvent(lobby=True, waiting=[])

    def look_up(occasion_id: int) -> Any:
        asked.append(occasion_id)
        return sitting, [], waiting, 5

    class Facts:
        meeting = Digest(True, (1, 4, 4, 0, 0), recorded=5)

    async def story() -> None:
        room = Room(occasion_id=7, state="ended")
        told: list[protocol.Event] = []

        class Told:
            rooms = property(lambda self: self)
            background = rooms

            def deliver(self, _id: int, event: protocol.Event) -> None:
                told.append(event)
                meeting.on_event(cast(Any, self), room, event)

        monkeypatch.setattr(meeting, "_look_up", look_up)
        room.meeting = Meeting()
        for _ in range(3):
            await meeting.look(cast(Any, Told()), room, cast(Any, Facts))
        assert (asked, [type(one) for one in told]) == ([7], [wire.RecordedEvent, wire.SeatsEvent, wire.WaitingEvent])
        meeting.on_event(cast(Any, Told()), room, wire.SeatsEvent(seats=[]))
        await meeting.look(cast(Any, Told()), room, cast(Any, Facts))
        assert (len(asked), room.meeting.seats) == (2, sitting), "a word that came late is put right"

    asyncio.run(story())
