"""Chat of this process's rooms: written in batches as presence is, each message answered after its commit.

The first message of a quiet moment waits a tick for others; what comes while a batch is being written is the next one.
A batch is one transaction (``live.operations.say_all``). When the database is away everybody who waits hears "try
again", and their phone sends the same message again with the same id: it is stored once.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError
from prometheus_client import Gauge

from live import operations, supervise
from live.operations import Saying, UnableToChat
from live.queries import ChatLine
from live.room.threads import in_database

# At 200 messages a second half of it makes them heard 30 ms earlier, at 0.48 instead of 0.35 ms of processor time each.
TICK_S = 0.1
BATCH = 200
UNWRITTEN = Gauge("live_chat_unwritten", "Chat messages of this process that wait for their commit")

Answer = ChatLine | UnableToChat
Waiting = tuple[Saying, "asyncio.Future[Answer]"]
Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Chat:
    """Writes what is said in the rooms of one process. Lives on one event loop; one batch is written at a time."""

    def __init__(self, *, spawn: Spawn) -> None:
        self._spawn = spawn
        self._waiting: list[Waiting] = []
        self._batch: list[Waiting] = []
        self._is_writing = False

    async def say(self, saying: Saying) -> Answer:
        """Return the message as it was stored, or why it was not. Raises DatabaseError: it may be sent again."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((saying, answer))
        if not self._is_writing:
            self._is_writing = True
            self._spawn(self._write()).add_done_callback(self._written)
        with UNWRITTEN.track_inprogress():
            return await answer

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(TICK_S)
            self._batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            answers = await _answers_to([saying for saying, _answer in self._batch])
            for (_saying, answer), said in zip(self._batch, answers, strict=True):
                _give(answer, said)
            self._batch = []
        self._is_writing = False

    def _written(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is None:
            return
        # The process stops, or it is something that nobody foresaw: whoever waits does not wait for ever.
        left, self._batch, self._waiting = [*self._batch, *self._waiting], [], []
        self._is_writing = False
        for _saying, answer in left:
            _give(answer, DatabaseError("not written"))


def _give(answer: "asyncio.Future[Answer]", said: Answer | Exception) -> None:
    if answer.done():  # its socket is gone
        return
    if isinstance(said, Exception) and not isinstance(said, UnableToChat):
        answer.set_exception(said)
    else:
        answer.set_result(said)


async def _answers_to(sayings: Sequence[Saying]) -> Sequence[Answer | Exception]:
    """Store a batch; where that fails, its halves, down to the one message that cannot be stored."""
    try:
        return await in_database(partial(operations.say_all, sayings=sayings))
    except (OperationalError, InterfaceError) as error:
        return [_again(error) for _one in sayings]  # the database is away, or in trouble with others
    except Exception as error:  # noqa: BLE001 - whatever it is, it is one message's, and said of that one
        if len(sayings) == 1:
            if not isinstance(error, DatabaseError):
                supervise.failed("chat", error)
            return [_again(error)]
    half = len(sayings) // 2
    return [*await _answers_to(sayings[:half]), *await _answers_to(sayings[half:])]


def _again(error: Exception) -> DatabaseError:
    again = DatabaseError("not stored")
    again.__cause__ = error
    return again
