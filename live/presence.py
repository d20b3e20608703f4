"""Presence of this process's sockets: one open row a stay, written in batches; one lease a process keeps them open.

A stay begins when a socket is in a live lecture with its page in front (or heard), and ends when it leaves, hides or
falls silent. Rows are inserted and closed every 250 ms, or as soon as 500 wait; a phone is told that it counts only
after the commit. When the database is away, stays wait here and are written when it is back; when this process dies,
whoever notices closes its rows at the lease's last beat.
"""

import asyncio
import contextlib
import datetime as dt
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog
from django.db import DatabaseError, IntegrityError
from django.utils import timezone
from prometheus_client import Gauge

from attendance import operations as ledger
from live import bus
from live.threads import in_database

log = structlog.get_logger(__name__)

FLUSH_S = 0.25
BATCH = 500
LEASE_BEAT_S = 5.0

Told = Callable[[], None]
Quiet = Callable[[], dict[int, dt.datetime]]


@dataclass(eq=False, slots=True)
class Stay:
    """One span of presence. ``told`` is called after the row is committed."""

    occasion_id: int
    member_id: int
    device: str
    started_at: dt.datetime
    told: Told
    presence_id: int | None = None
    ended_at: dt.datetime | None = None
    reason: str = ""


class Recorder:
    """Writes the stays of one process. Lives on one event loop.

    ``quiet`` is asked at each beat which rows' phones answer no more, and since when: should this process die, those
    end there.
    """

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.lease_id: int | None = None
        self.open: set[Stay] = set()
        self.quiet: Quiet = dict
        self._opening: list[Stay] = []
        self._closing: list[Stay] = []
        self._writing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._tasks = [self.loop.create_task(self._flush_always()), self.loop.create_task(self._beat_always())]

    def begin(self, *, occasion_id: int, member_id: int, device: str, started_at: dt.datetime, told: Told) -> Stay:
        """Begin a stay; its row is written with the next batch."""
        stay = Stay(occasion_id, member_id, device, started_at, told)
        self.open.add(stay)
        self._opening.append(stay)
        if len(self._opening) >= BATCH:
            self._wake.set()
        return stay

    def end(self, stay: Stay, *, ended_at: dt.datetime, reason: str) -> None:
        """End a stay, once. A clock that stepped back never makes it end before it began."""
        if stay.ended_at is None:
            stay.ended_at, stay.reason = max(ended_at, stay.started_at), reason
            self.open.discard(stay)
            self._closing.append(stay)

    def unwritten(self) -> int:
        """Return how many beginnings and ends wait."""
        return len(self._opening) + len(self._closing)

    async def flush(self) -> None:
        """Write what waits. Raises DatabaseError; what could not be written waits on."""
        async with self._writing:
            await self._open_batches()
            await self._close_batches()

    async def aclose(self) -> None:
        """The process stops in good order: every stay ends now, and the lease with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        now = timezone.now()
        for stay in list(self.open):
            self.end(stay, ended_at=now, reason="worker_lost")
        try:
            await self.flush()
            if self.lease_id is not None:
                await in_database(partial(ledger.end_lease, lease_id=self.lease_id, as_of=timezone.now()))
        except DatabaseError:
            log.warning("presence_left_to_the_lease", stays=len(self._closing))

    async def _open_batches(self) -> None:
        while self._opening:
            batch = self._opening[:BATCH]
            try:
                ids: list[int | None] = list(await self._insert(batch))
            except IntegrityError:
                ids = await self._insert_singly(batch)
            del self._opening[: len(batch)]
            for stay, presence_id in zip(batch, ids, strict=True):
                stay.presence_id = presence_id
                if stay.ended_at is None and presence_id is not None:
                    stay.told()

    async def _insert(self, stays: list[Stay]) -> list[int]:
        lease_id = self.lease_id or await self._take_lease()
        joins = [
            ledger.Join(
                occasion_id=stay.occasion_id,
                member_id=stay.member_id,
                device=stay.device,
                lease_id=lease_id,
                started_at=stay.started_at,
            )
            for stay in stays
        ]
        return await in_database(partial(ledger.open_presences, joins=joins))

    async def _insert_singly(self, stays: list[Stay]) -> list[int | None]:
        """A row refers to what is gone (our lease, an occasion): one bad row must not hold up the others."""
        self.lease_id = None
        ids: list[int | None] = []
        for stay in stays:
            try:
                ids += await self._insert([stay])
            except IntegrityError:
                log.error(
                    "presence_refused",
                    occasion=stay.occasion_id,
                    member=stay.member_id,
                    device=stay.device,
                    started_at=stay.started_at.isoformat(),
                )
                self.open.discard(stay)
                ids.append(None)
        return ids

    async def _close_batches(self) -> None:
        while self._closing:
            batch = self._closing[:BATCH]
            ends = [
                ledger.End(presence_id=stay.presence_id, ended_at=stay.ended_at, reason=stay.reason)
                for stay in batch
                if stay.presence_id is not None and stay.ended_at is not None
            ]
            await in_database(partial(ledger.close_presences, ends=ends))
            del self._closing[: len(batch)]

    async def _take_lease(self) -> int:
        name = f"{bus.process_name()}-{secrets.token_hex(4)}"
        self.lease_id = await in_database(partial(ledger.start_lease, name=name, as_of=timezone.now()))
        return self.lease_id

    async def _flush_always(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), FLUSH_S)
            self._wake.clear()
            if self._opening or self._closing:
                try:
                    await self.flush()
                except DatabaseError:
                    log.warning("presence_waits_for_database", opening=len(self._opening), closing=len(self._closing))
                    await asyncio.sleep(1)

    async def _beat_always(self) -> None:
        while True:
            await asyncio.sleep(LEASE_BEAT_S)
            try:
                await self._beat()
            except DatabaseError:
                log.warning("lease_not_refreshed")

    async def _beat(self) -> None:
        now = timezone.now()
        if self.lease_id is not None:
            beat = partial(ledger.beat_lease, lease_id=self.lease_id, as_of=now, quiet=self.quiet())
            if not await in_database(beat):
                await self._start_over()
        await in_database(partial(ledger.reap_leases, as_of=now))

    async def _start_over(self) -> None:
        """This process was taken for dead (it hung, or the database was away), its rows were closed: open new ones."""
        log.warning("lease_lost", stays=len(self.open))
        async with self._writing:
            self.lease_id = None
            now = timezone.now()
            for stay in list(self.open):
                if stay.presence_id is not None:
                    stay.presence_id, stay.started_at = None, now
                    self._opening.append(stay)


_recorder: Recorder | None = None
UNWRITTEN = Gauge("live_presence_unwritten", "Beginnings and ends of presence of this process that are not stored yet")
UNWRITTEN.set_function(lambda: _recorder.unwritten() if _recorder is not None else 0)


def recorder() -> Recorder:
    """Return this process's recorder; made by the first socket."""
    global _recorder
    if _recorder is None or _recorder.loop is not asyncio.get_running_loop():
        _recorder = Recorder()
    return _recorder


async def close_recorder() -> None:
    """End every stay of this process (rolling deploy, Ctrl-C)."""
    global _recorder
    here, _recorder = _recorder, None
    if here is not None:
        await here.aclose()
