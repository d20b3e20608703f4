"""A turn on the air whose page lost its socket: the page is waited for, as its media are (``live.room.peers``).

While somebody's turn counts as left, another page of theirs opens its devices and takes the air. A line that broke for
a moment is no leaving: the turn is left when nobody came back in time, or the media that went on have ended.
"""

import time
from functools import partial
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError
from django.utils import timezone

from live import operations, supervise
from live.room.connections import Connection
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess
    from live.room.rooms import Room

log = structlog.get_logger(__name__)

HOLD_S = 75.0  # as long as media
LOOK_S = 1.0


class HeldAir:
    """The turns of one process whose socket is away; on its event loop. By the socket that took them."""

    def __init__(self, process: "RoomProcess") -> None:
        self._process = process
        self._away: dict[str, tuple[int, float]] = {}

    def start(self) -> None:
        """Begin to look after them, until the process's background ends."""
        self._process.background.spawn(supervise.forever("held_air", self._look_or_wait, every_s=LOOK_S))

    def hold(self, room: "Room", connection: Connection) -> None:
        """The socket is gone and the page may be there."""
        if connection.air:
            self._away[connection.air] = (room.occasion_id, time.monotonic() + HOLD_S)

    def media_ended(self, connection: Connection) -> None:
        """What it sent has ended: its page is waited for no longer."""
        if connection.air in self._away:
            occasion_id, _until = self._away[connection.air]
            self._away[connection.air] = (occasion_id, time.monotonic())

    async def _look_or_wait(self) -> None:
        try:
            await self.look()
        except DatabaseError:
            log.warning("held_air_cannot_look")

    async def look(self) -> None:
        """Leave the turns that nobody came back for. Raises DatabaseError.

        One that goes on by another socket stays. In a break no page can come on the air: it is waited for once more.
        """
        now = time.monotonic()
        for socket, (occasion_id, until) in list(self._away.items()):
            if until > now:
                continue
            leave = partial(
                operations.leave_air, occasion_id=occasion_id, socket=socket, as_of=timezone.now(), in_break=False
            )
            if await in_database(leave):
                self._away.pop(socket, None)
            else:
                self._away[socket] = (occasion_id, now + HOLD_S)
