"""Whom a locked room may let back in though nothing of them is recorded: sockets that count for nobody's presence.

A hall's screen, a guest of a further session: the shared cache remembers for a while that this person was let in, for
pages (``permissions.was_inside``) and for the processes that follow this one. Evidence of nothing; never in the ledger.
"""

import asyncio
import math
import time
from functools import partial
from typing import TYPE_CHECKING

from django.core.cache import cache

from live import permissions, supervise
from live.room.connections import Connection

if TYPE_CHECKING:
    from live.room.process import RoomProcess

LOOK_S = 1.0
NOTE_S = 30.0
KEPT_S = round(permissions.BACK_WITHIN.total_seconds() + NOTE_S)  # and so for two minutes at least after they left


class Uncounted:
    """Those of one process; on its event loop."""

    def __init__(self, process: "RoomProcess") -> None:
        self._process = process
        self._noted: dict[Connection, float] = {}

    def start(self) -> None:
        """Begin, until the process's background ends."""
        self._process.background.spawn(supervise.forever("rooms_uncounted", self.note, every_s=LOOK_S))

    async def note(self) -> None:
        """Remember who came since the last look, and again every ``NOTE_S`` who is still here."""
        now, before, keys = time.monotonic(), self._noted, set[str]()
        self._noted = {}
        for room in self._process.rooms.open.values():
            for one in room.connections:
                # Hosts need no voucher; whoever the lock refuses gives none.
                if one.admitted and not (one.counted or one.host or one.leaving):
                    noted = before.get(one, -math.inf)
                    if now - noted >= NOTE_S:
                        noted = now
                        keys.add(permissions.inside_key(room.occasion_id, one.member_id))
                    self._noted[one] = noted
        if keys:
            await asyncio.to_thread(partial(cache.set_many, dict.fromkeys(keys, True), KEPT_S))
