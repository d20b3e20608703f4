"""Work that runs beside everything else in a process with rooms, kept until it is done and ended with the process."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)

CANCEL_TIMES = 3
CANCEL_PATIENCE_S = 1.0


class Background:
    """The tasks of one process. Made and used on its event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        # asyncio itself holds tasks by weak references only: one that nobody keeps may vanish half done.
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` until it is done or the process stops; failures are logged."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def aclose(self) -> None:
        """Cancel whatever still runs, and wait for its end; a few times, and then no longer."""
        for _attempt in range(CANCEL_TIMES):
            if not self._tasks:
                return
            for task in list(self._tasks):
                task.cancel()
            # A library may swallow one cancelling (Redis, just connecting): the process must stop all the same.
            await asyncio.wait(self._tasks, timeout=CANCEL_PATIENCE_S)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("room_task_failed", exc_info=failure)
