"""A break as the rooms of a process keep it: whoever is on the air here leaves it, and nobody comes on it meanwhile.

The server takes the picture off and does not trust a page to do so: in a break nobody is to be heard by mistake.
"""

from functools import partial
from typing import TYPE_CHECKING

from django.utils import timezone

from live import operations
from live.core.wire import protocol
from live.room.rooms import Room
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess


def take_event(process: "RoomProcess", room: Room, event: protocol.BreakEvent) -> None:
    """A break begins, lasts until another moment, or is over."""
    room.break_until = event.until
    if event.until is None:
        return
    for peer in process.peers.sending(room, "pub"):
        process.peers.end(peer)
    process.fallbacks.end(room.occasion_id, "off_air")


async def take(occasion_id: int, command: protocol.TakeBreak) -> None:
    """A host begins a break. Raises UnableToTakeBreak."""
    work = partial(operations.take_break, occasion_id=occasion_id, minutes=command.minutes, as_of=timezone.now())
    await in_database(work)


async def go_on(occasion_id: int) -> None:
    """A host ends it."""
    await in_database(partial(operations.end_break, occasion_id=occasion_id, as_of=timezone.now()))
