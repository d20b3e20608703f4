"""Presence of this process's sockets: one open row a stay, written in batches; one lease a process keeps them open.

A stay begins when a socket is in a live lecture with its page in front (or heard), and ends when it leaves, hides or
falls silent. Rows are inserted and closed every 250 ms, or as soon as 500 wait; a phone is told that it counts only
after the commit. When the database is away, stays wait here and are written when it is back; when this process dies,
whoever notices closes its rows at the lease's last beat. The lease is taken when the process starts, rooms or none: a
time without any lease is a time in which the site was away.
"""

import asyncio
import contextlib
import datetime as dt
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog
from django.db import DatabaseError, IntegrityError
from prometheus_client import Gauge

from attendance import operations as ledger
from attendance.clock import clock
from attendance.core.freshness import BEATS_MISSED, WORKER_BEATS_EVERY
from live import supervise
from live.room.threads import in_database

log = structlog.get_logger(__name__)

FLUSH_S = 0.25
BATCH = 500
LEASE_BEAT_S = WORKER_BEATS_EVERY.total_seconds()
STEP_S = BEATS_MISSED * LEASE_BEAT_S  # our clock was set: a lease never spans that
START_PATIENCE_S = 5.0
UNWRITTEN = Gauge("live_presence_unwritten", "Beginnings and ends of presence of this process that are not stored yet")

OnStored = Callable[[], None]
Quiet = Callable[[], dict[int, dt.datetime]]


@dataclass(eq=False, slots=True)
class Stay:
    """One span of presence. ``on_stored`` is called after the row is committed."""

    occasion_id: int
    member_id: int
    device: str
    started_at: dt.datetime
    on_stored: OnStored
    presence_id: int | None = None
    ended_at: dt.datetime | None = None
    reason: str = ""


class Recorder:
    """Writes the stays of one process. Lives on one event loop.

    ``name``: of the process, for its leases. ``quiet`` is asked at each beat which rows' phones answer no more, and
    since when: should this process die, those end there.
    """

    def __init__(self, *, name: str, quiet: Quiet = dict) -> None:
        self._name = name
        self.lease_id: int | None = None
        self.open: set[Stay] = set()
        self._quiet = quiet
        self._opening: list[Stay] = []
        self._closing: list[Stay] = []
        self._writing = asyncio.Lock()
        self._leasing = asyncio.Lock()
        self._beaten: tuple[dt.datetime, float] = (clock().now(), time.monotonic())
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []

    async def start(self) -> None:
        """Begin to write, and take this process's lease. A database that is away is waited for, but not here."""
        create = asyncio.get_running_loop().create_task
        self._tasks = [
            create(supervise.forever("presence_flush", self._flush_when_due)),
            create(supervise.forever("lease_beat", self._beat_or_wait, every_s=LEASE_BEAT_S, first_s=0)),
        ]
        try:
            async with asyncio.timeout(START_PATIENCE_S):
                await self.lease()
        except (DatabaseError, TimeoutError):
            log.warning("lease_waits_for_database")

    def begin(
        self, *, occasion_id: int, member_id: int, device: str, started_at: dt.datetime, on_stored: OnStored
    ) -> Stay:
        """Begin a stay; its row is written with the next batch."""
        stay = Stay(occasion_id, member_id, device, started_at, on_stored)
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
        now = clock().now()
        for stay in list(self.open):
            self.end(stay, ended_at=now, reason="worker_lost")
        try:
            await self.flush()
            if self.lease_id is not None:
                await in_database(partial(ledger.end_lease, lease_id=self.lease_id, as_of=clock().now()))
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
                    stay.on_stored()

    async def _insert(self, stays: list[Stay]) -> list[int]:
        lease_id = await self.lease()
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
        lease_id, last = await self.lease(), self._beaten[0]
        if not await in_database(partial(ledger.beat_lease, lease_id=lease_id, as_of=last, quiet=self._quiet())):
            self._lose(lease_id)
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
        # Whoever comes and goes while this waits for the database has no row yet: their end is for the next time.
        left = len(self._closing)
        while left:
            batch = self._closing[: min(left, BATCH)]
            ends = [
                ledger.End(presence_id=stay.presence_id, ended_at=stay.ended_at, reason=stay.reason)
                for stay in batch
                if stay.presence_id is not None and stay.ended_at is not None
            ]
            await in_database(partial(ledger.close_presences, ends=ends))
            del self._closing[: len(batch)]
            left -= len(batch)

    async def lease(self) -> int:
        """Return this process's lease; taken if there is none. Raises DatabaseError."""
        async with self._leasing:
            if self.lease_id is None:
                name, now, steady = f"{self._name}-{secrets.token_hex(4)}", clock().now(), time.monotonic()
                self.lease_id = await in_database(partial(ledger.start_lease, name=name, as_of=now))
                self._beaten = (now, steady)
            return self.lease_id

    async def _flush_when_due(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), FLUSH_S)
        self._wake.clear()
        if self._opening or self._closing:
            try:
                await self.flush()
            except DatabaseError:
                log.warning("presence_waits_for_database", opening=len(self._opening), closing=len(self._closing))
                await asyncio.sleep(1)

    async def _beat_or_wait(self) -> None:
        try:
            await self._beat()
        except DatabaseError:
            log.warning("lease_not_refreshed")

    async def _beat(self) -> None:
        lease_id = await self.lease()
        now, steady = clock().now(), time.monotonic()
        measured = dt.timedelta(seconds=steady - self._beaten[1])
        expected = self._beaten[0] + measured
        if abs((now - expected).total_seconds()) > STEP_S:
            # The clock was set, for good. What hangs on the old time ends there; nothing spans the step.
            await in_database(partial(ledger.end_lease, lease_id=lease_id, as_of=expected))
            await self._start_over(lease_id)
        elif await in_database(
            partial(ledger.beat_lease, lease_id=lease_id, as_of=now, quiet=self._quiet(), measured=measured)
        ):
            self._beaten = (now, steady)
        else:
            clock().believe()
            await self._start_over(lease_id)
        await in_database(partial(ledger.reap_leases, as_of=clock().now()))

    async def _start_over(self, lost: int) -> None:
        """This process was taken for dead (it hung, or the database was away), its rows were closed: open new ones."""
        async with self._writing:
            self._lose(lost)
        await self.lease()

    def _lose(self, lost: int) -> None:
        """End at its last beat what hangs on this lease, and begin it anew; only whoever holds ``_writing`` may call.

        A beat that is on its way and a row that finds its lease gone notice it both: the second must change nothing,
        for what is written hangs on the next lease by then.
        """
        if self.lease_id != lost:
            return
        log.warning("lease_lost", stays=len(self.open))
        self.lease_id, beaten = None, self._beaten[0]
        now = clock().now()
        for stay in list(self.open):
            if stay.presence_id is not None:
                # Written on the lost lease after that was closed, it would stay open for ever.
                self._closing.append(replace(stay, ended_at=max(beaten, stay.started_at), reason="worker_lost"))
                stay.presence_id, stay.started_at = None, now
                self._opening.append(stay)
