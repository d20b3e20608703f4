"""Who comes in: whether a ticket's session is still signed in, asked in one query for all who come together."""

import asyncio
from functools import partial

from django.db import DatabaseError
from django.utils import timezone

from live import supervise
from live.room import sessions
from live.room.background import Background
from live.room.connections import Connection
from live.room.threads import in_database
from live.room.tickets import UnableToEnter

GATHER_S = 0.02  # everybody who reconnects after a restart is a handful of queries

Waiting = tuple[Connection, "asyncio.Future[str | None]"]


class Admission:
    """Lives on one event loop."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._waiting: list[Waiting] = []

    async def admit(self, connection: Connection) -> None:
        """Let in whoever is signed in. Raises UnableToEnter, DatabaseError."""
        answer: asyncio.Future[str | None] = self._background.loop.create_future()
        self._waiting.append((connection, answer))
        if len(self._waiting) == 1:
            self._background.spawn(self._ask_for_all())
        mark = await answer
        if mark is None:
            raise UnableToEnter
        connection.mark = mark

    async def _ask_for_all(self) -> None:
        waiting: list[Waiting] = []
        marks: dict[sessions.Claim, str] | None = None
        try:
            try:
                await asyncio.sleep(GATHER_S)
            finally:
                # Taken before anything is awaited: whoever comes from now on is the first of the next query.
                waiting, self._waiting = self._waiting, []
            ask = partial(sessions.signed_in, [one.claim for one, _answer in waiting], as_of=timezone.now())
            marks = await in_database(ask)
        except Exception as error:  # noqa: BLE001 - whoever waits is answered; they come back by themselves
            if not isinstance(error, DatabaseError):
                supervise.failed("rooms_admission", error)
        finally:  # also when the process stops meanwhile
            self._answer(waiting, marks)

    def _answer(self, waiting: list[Waiting], marks: dict[sessions.Claim, str] | None) -> None:
        for connection, answer in waiting:
            if answer.done():  # the browser is gone
                continue
            if marks is not None:
                answer.set_result(marks.get(connection.claim))
            else:
                answer.set_exception(DatabaseError("not asked"))
