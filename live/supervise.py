"""One supervisor for loops without an end: whatever a turn raises is logged, counted and survived.

What a loop expects (the database is away, Redis is lost) it handles itself; this is for what nobody foresaw. A turn
that keeps failing is logged with its traceback once, until it succeeds again; the counter tells how often.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog
from prometheus_client import Counter

log = structlog.get_logger(__name__)

FAILURES = Counter("live_loop_failures", "Turns of an endless loop that failed, and were survived", ["loop"])
LONGEST_PAUSE_S = 5.0
_failing: set[str] = set()


async def forever(
    name: str, turn: Callable[[], Awaitable[None]], *, every_s: float = 0.0, first_s: float | None = None
) -> NoReturn:
    """Do ``turn`` again and again, ``every_s`` after the last one ended (the first after ``first_s``), until cancelled.

    After a failure it waits at least 0.1 s, twice as long each time up to 5 s.
    """
    failed = 0
    await asyncio.sleep(every_s if first_s is None else first_s)
    while True:
        failed = 0 if await attempt(name, turn) else failed + 1
        pause = min(0.05 * 2**failed, LONGEST_PAUSE_S) if failed else 0.0
        await asyncio.sleep(max(every_s, pause))


async def attempt(name: str, turn: Callable[[], Awaitable[None]]) -> bool:
    """Do ``turn`` once; whether it went well. For steps of a loop that must not keep each other from happening."""
    try:
        await turn()
    except Exception as error:  # noqa: BLE001 - that is the point; asyncio's cancellation is no Exception
        failed(name, error)
        return False
    _failing.discard(name)
    return True


def failed(name: str, error: Exception) -> None:
    """Log and count a failure that was survived."""
    FAILURES.labels(name).inc()
    if name not in _failing:
        _failing.add(name)
        log.error("loop_failed", loop=name, exc_info=error)
