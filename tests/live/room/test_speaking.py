"""Who speaks is heard as long as a row has them on the stage: whatever happens while the engine is asked."""

import asyncio
from typing import Any, cast

import pytest
from django.db import OperationalError

from live import operations, queries
from live.core.wire import protocol
from live.room import speakers, speaking
from live.room.connections import Connection
from live.room.refusals import Refused
from live.room.rooms import Room
from tests.live.room.test_peers import Engine, Process, Table, a_room, at, engine, table

__all__ = ["engine", "table"]
pytestmark = pytest.mark.unit
SOUND = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
PICTURE = f"{SOUND}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"


class Rows:
    """Whether the person is on the stage, each time it is asked; an error is raised."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[Any] = []
        monkeypatch.setattr(queries, "is_speaking", lambda **_of: self._answer())
        monkeypatch.setattr(operations, "cut_speakers", lambda **_of: [])
        monkeypatch.setattr(speakers, "stage_of", lambda _occasion_ids: {})
        for module in (speaking, speakers):
            monkeypatch.setattr(module, "in_database", self._at_once)

    def _answer(self) -> bool:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)

    async def _at_once(self, work: Any) -> Any:
        return work()


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    return Rows(monkeypatch)


async def speaks(
    process: Process, room: Room, connection: Connection, sdp: str = SOUND, *, again: bool = False
) -> None:
    await speaking.speak(cast(Any, process), room, connection, protocol.Speak(sdp=sdp, again=again))
    await process.settle()


def test_a_database_that_goes_while_the_engine_is_asked_leaves_nobody_on_the_air(
    engine: Engine, table: Table, rows: Rows
) -> None:
    async def story() -> None:
        process, room, phone = Process("one", table), a_room(), at(1)
        rows.answers = [True, OperationalError()]
        with pytest.raises(OperationalError):
            await speaks(process, room, phone)
        await process.settle()
        assert ([part.closed for part in engine.parts], phone.talking) == ([1], None)

    asyncio.run(story())


def test_who_was_taken_down_unheard_of_is_ended_by_the_next_looks(engine: Engine, table: Table, rows: Rows) -> None:
    async def story() -> None:
        process, room, phone = Process("one", table), a_room(), at(1)
        room.add(phone)
        rows.answers = [True, True]
        await speaks(process, room, phone)
        # Made after the rows were asked, which know nothing of it yet; the next answer is newer.
        process.peers.cut_unasked(room, {})
        assert phone.talking is not None
        process.peers.cut_unasked(room, {1: "phone"})
        assert phone.talking is not None
        process.peers.cut_unasked(room, {2: "phone"})
        await process.settle()
        assert ([part.closed for part in engine.parts], phone.talking, table.rows) == ([1], None, {})

    asyncio.run(story())


def test_who_is_taken_down_before_the_connection_is_held_is_heard_no_more(
    engine: Engine, table: Table, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        process, room, phone = Process("one", table), a_room(), at(1)
        room.add(phone)
        rows.answers = [True, True]
        taken_down = rows._at_once

        async def late(work: Any) -> Any:
            answer = await taken_down(work)
            if not rows.answers:  # the row was read, and is deleted before this process goes on
                room.speakers = []
                await process.peers.cut_speakers(room)
            return answer

        monkeypatch.setattr(speaking, "in_database", late)
        await speaks(process, room, phone)
        assert (engine.parts[0].closed > 0, phone.talking, process.said("held")) == (True, None, [])

    asyncio.run(story())


@pytest.mark.parametrize("again", [False, True])
def test_a_speaker_offers_one_sound_and_one_picture(engine: Engine, table: Table, rows: Rows, again: bool) -> None:
    async def story() -> None:
        process, room, phone = Process("one", table), a_room(), at(1)
        rows.answers = [True, True, True]
        await speaks(process, room, phone, PICTURE)
        two = f"{PICTURE}{PICTURE.removeprefix(SOUND)}"
        for sdp in (two, two.replace("\r\n", "\n"), f"{SOUND}m=application 9 UDP/DTLS/SCTP x\r\n"):
            with pytest.raises(Refused, match="bad_sdp"):
                await speaks(process, room, phone, sdp, again=again)
        assert (len(engine.parts), engine.parts[0].closed) == (1, 0)

    asyncio.run(story())
