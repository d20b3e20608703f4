"""Which of one person's sockets goes when there are too many."""

import asyncio
from typing import Any

import pytest
from django.test import override_settings

from live.room.connections import Connection
from live.room.process import RoomProcess
from live.room.rooms import Room


class Line(RoomProcess):
    """Rooms without a server around them: whom they dismiss is kept."""

    def __init__(self) -> None:
        self.rooms: Any = self
        self.open: dict[int, Any] = {}
        self.gone: list[Connection] = []

    def dismiss(self, connection: Connection, *, code: int, reason: str, after_ms: int | None) -> None:
        assert (code, reason, after_ms) == (4409, "elsewhere", None)
        connection.leaving = True
        self.gone.append(connection)


def socket(device: str, came_at: float, **fields: Any) -> Connection:
    return Connection(send=None, member_id=1, host=True, device=device, came_at=came_at, **fields)  # type: ignore[arg-type]


@pytest.mark.unit
@override_settings(LIVE_SOCKETS_EACH=3)
def test_own_ghosts_go_first_then_the_oldest_and_who_is_on_air_last() -> None:
    async def visit() -> None:
        room, process = Room(7), Line()
        process.open[7] = room
        on_air = socket("desk", 1.0, publishing=object())
        tablet, ghost, back = socket("tablet", 2.0), socket("phone", 3.0), socket("phone", 4.0)
        laptop, other = socket("laptop", 5.0), socket("other", 6.0)
        for one in (on_air, tablet, ghost, back, laptop, other):
            room.add(one)
            process._keep_few(room, one)
        assert process.gone == [ghost, tablet, back]
        assert not on_air.leaving

    asyncio.run(visit())


@pytest.mark.unit
@override_settings(LIVE_SOCKETS_EACH=3)
def test_a_screen_that_counts_for_nobody_drives_no_phone_out_that_counts() -> None:
    async def visit() -> None:
        room, process = Room(7), Line()
        process.open[7] = room

        def comes(one: Connection) -> None:
            room.add(one)
            process._keep_few(room, one)

        phone, hall = socket("phone", 1.0, counted=True), socket("hall", 2.0)
        second, tablet = socket("second hall", 3.0), socket("tablet", 4.0, counted=True)
        for one in (phone, hall, second, tablet):
            comes(one)
        assert process.gone == [hall], "a screen goes first, though the phone is older"
        laptop, third = socket("laptop", 5.0, counted=True), socket("third hall", 6.0)
        comes(laptop)
        assert process.gone == [hall, second]
        comes(third)
        assert process.gone == [hall, second, third], "there is no place for it"
        assert not any(one.leaving for one in (phone, tablet, laptop))

    asyncio.run(visit())
