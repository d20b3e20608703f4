"""The room's way to the database: a few threads of their own, so that pages and sockets do not wait for each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from asgiref.sync import SyncToAsync
from django.db import close_old_connections
from prometheus_client import Gauge

T = TypeVar("T")
THREADS = 4
STEPS = Gauge("live_database_steps", "Steps of this process's rooms that run in the database or wait for a thread")
_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="room-db")
_long_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="long-db")


async def in_database(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread with a database connection; what it raises is raised here."""
    with STEPS.track_inprogress():
        return await _in_thread(work, _pool)


async def at_length(work: Callable[[], T]) -> T:
    """As ``in_database``, for what moves files or runs programs for minutes: heartbeats do not wait for it."""
    return await _in_thread(work, _long_pool)


async def _in_thread(work: Callable[[], T], pool: ThreadPoolExecutor) -> T:
    def step() -> T:
        close_old_connections()
        try:
            return work()
        finally:
            close_old_connections()

    return await SyncToAsync(step, thread_sensitive=False, executor=pool)()
