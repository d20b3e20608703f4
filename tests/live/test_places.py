"""Which of one person's sockets goes when there are too many."""

import asyncio
from typing import Any

import pytest
from django.test import override_settings

from live.room.keeper import Guest, Keeper
from live.room.sender import Room


class Line(Keeper):
    """A keeper without a process around it: whom it sees out is kept."""

    def __init__(self) -> None:
        self.hub: Any = self
        self.rooms: dict[int, Any] = {}
        self.gone: list[Guest] = []

    def see_out(self, guest: Guest, *, code: int, reason: str, after_ms: int | None) -> None:
        assert (code, reason, after_ms) == (4409, "elsewhere", None)
        guest.leaving = True
        self.gone.append(guest)


def guest(device: str, came: float, **fields: Any) -> Guest:
    return Guest(send=None, member_id=1, host=True, device=device, came=came, **fields)  # type: ignore[arg-type]


@pytest.mark.unit
@override_settings(LIVE_SOCKETS_EACH=3)
def test_own_ghosts_go_first_then_the_oldest_and_who_is_on_air_last() -> None:
    async def visit() -> None:
        room, keeper = Room(7), Line()
        keeper.rooms[7] = room
        on_air = guest("desk", 1.0, publishing=object())
        tablet, ghost, back = guest("tablet", 2.0), guest("phone", 3.0), guest("phone", 4.0)
        laptop, other = guest("laptop", 5.0), guest("other", 6.0)
        for one in (on_air, tablet, ghost, back, laptop, other):
            room.seats.add(one)
            room.members[1] += 1
            keeper._keep_few(room, one)
        assert keeper.gone == [ghost, tablet, back]
        assert not on_air.leaving

    asyncio.run(visit())
