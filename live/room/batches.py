"""What many browsers send at once is stored in batches, as presence is, each answered after its commit.

The first of a quiet moment waits a tick for others; what comes while a batch is being written is the next one. A batch
is one transaction. When the database is away everybody who waits hears "try again", and their phone sends the same
again: every such operation of ours is safe to do twice.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError

from live import supervise
from live.room.threads import in_database

# At 200 messages a second half of it makes them heard 30 ms earlier, at 0.48 instead of 0.35 ms of processor time each.
TICK_S = 0.1
BATCH = 200

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
Store = Callable[[Sequence[Item]], Sequence[Answer]]


class Batches(Generic[Item, Answer]):
    """Writes one kind of thing for the rooms of one process. Lives on one event loop; one batch is written at a time.

    ``store``: stores many in one transaction and returns an answer for each, in order; runs on a database thread.
    ``name``: under which a failure that nobody foresaw is counted.
    """

    def __init__(self, *, spawn: Spawn, store: Store[Item, Answer], name: str) -> None:
        self._spawn = spawn
        self._store = store
        self._name = name
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._batch: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._is_writing = False

    async def put(self, item: Item) -> Answer:
        """Return what became of it. Raises DatabaseError: it may be sent again."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if not self._is_writing:
            self._is_writing = True
            self._spawn(self._write()).add_done_callback(self._written)
        return await answer

    async def _write(self) -> None:
        while self._waiting:
            await asyncio.sleep(TICK_S)
            self._batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            answers = await self._answers_to([item for item, _answer in self._batch])
            for (_item, answer), said in zip(self._batch, answers, strict=True):
                _give(answer, said)
            self._batch = []
        self._is_writing = False

    def _written(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is None:
            return
        # The process stops, or it is something that nobody foresaw: whoever waits does not wait for ever.
        left, self._batch, self._waiting = [*self._batch, *self._waiting], [], []
        self._is_writing = False
        for _item, answer in left:
            _give(answer, DatabaseError("not written"))

    async def _answers_to(self, items: Sequence[Item]) -> Sequence[Answer | DatabaseError]:
        """Store a batch; where that fails, its halves, down to the one that cannot be stored."""
        try:
            return await in_database(partial(self._store, items))
        except (OperationalError, InterfaceError) as error:
            return [_again(error) for _one in items]  # the database is away, or in trouble with others
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one item's, and said of that one
            if len(items) == 1:
                if not isinstance(error, DatabaseError):
                    supervise.failed(self._name, error)
                return [_again(error)]
        half = len(items) // 2
        return [*await self._answers_to(items[:half]), *await self._answers_to(items[half:])]


def _give(answer: "asyncio.Future[Answer]", said: Answer | DatabaseError) -> None:
    if answer.done():  # its socket is gone
        return
    if isinstance(said, DatabaseError):
        answer.set_exception(said)
    else:
        answer.set_result(said)


def _again(error: Exception) -> DatabaseError:
    again = DatabaseError("not stored")
    again.__cause__ = error
    return again
