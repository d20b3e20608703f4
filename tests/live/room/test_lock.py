"""Who gets into a locked room: the lock is asked of each socket, however often and in how many tabs one knocks."""

import asyncio
from typing import Any, cast

import pytest

from live import permissions
from live.room import stage
from live.room.connections import Connection
from live.room.process import RoomProcess
from live.room.rooms import Room, Rooms
from live.room.stage import RoomIsLocked


class Line(RoomProcess):
    """A process whose room is known and whose sockets are nobody's; the database says that nobody was inside."""

    def __init__(self) -> None:
        self.rooms = Rooms(cast(Any, self), cast(Any, self), on_event=lambda *_of: None)
        self.peers = self.background = cast(Any, self)

    loop = property(lambda _self: asyncio.get_running_loop())  # type: ignore[assignment]

    async def _know(self, room: Room) -> bool:
        return True

    def join(self, occasion_id: int) -> None: ...

    part = join

    def end_of(self, connection: Connection) -> None: ...

    def uncount(self, connection: Connection, **_how: Any) -> None: ...

    count = welcome = lambda *_of: None  # type: ignore[assignment]


def at(member_id: int, **fields: Any) -> Connection:
    return Connection(send=cast(Any, None), member_id=member_id, host=False, **fields)


@pytest.mark.unit
def test_neither_a_second_knock_nor_a_second_tab_opens_a_locked_room(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[asyncio.Event] = []

    async def in_database(work: Any) -> Any:
        asked.append(asyncio.Event())
        await asked[-1].wait()
        return work()

    monkeypatch.setattr(stage, "in_database", in_database)
    monkeypatch.setattr(permissions, "was_inside", lambda **_of: False)

    async def visit() -> None:
        process = Line()
        inside, host = at(1), Connection(send=cast(Any, None), member_id=9, host=True)
        room = await process.enter(host, 7)
        assert room is not None
        await process.enter(inside, 7)
        room.is_locked = True
        tabs = [asyncio.ensure_future(process.enter(at(2), 7)) for _tab in range(2)]
        await asyncio.sleep(0)
        assert len(asked) == 2, "each tab is asked for: the first is not inside yet"
        for one in asked:
            one.set()
        assert [type(one) for one in await asyncio.gather(*tabs, return_exceptions=True)] == [RoomIsLocked] * 2
        again = asyncio.ensure_future(process.enter(at(2), 7))
        await asyncio.sleep(0)
        asked[-1].set()
        with pytest.raises(RoomIsLocked):
            await again
        assert set(room.members) == {1, 9}
        # Who is in comes in by another device, and comes back.
        assert await process.enter(at(1), 7) is room
        for one in room.of_member(1):
            process.leave(room, one, clean=False)
        assert await process.enter(at(1), 7) is room
        assert len(asked) == 3

    asyncio.run(visit())


@pytest.mark.unit
def test_the_connections_of_a_person_are_known_without_walking_the_room() -> None:
    class Crowd(set[Connection]):
        def __iter__(self) -> Any:
            raise AssertionError("for one answer the whole room is walked")

    room = Room(7, connections=Crowd())
    phone, tablet, other = at(1), at(1), at(2)
    for one in (phone, tablet, other):
        room.add(one)
    assert set(room.of_member(1)) == {phone, tablet}
    room.discard(phone)
    room.discard(other)
    assert (room.of_member(1), room.of_member(2), set(room.members)) == ([tablet], [], {1})
