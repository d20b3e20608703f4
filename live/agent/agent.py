"""The media agent: keeps the engine running and brings this host to what the database says about its lectures."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from live import operations, supervise
from live.agent import nodes
from live.agent.carrier import Carrier
from live.agent.recording import Recording
from live.engines import get_engine
from live.engines.base import EngineError, MediaEngine, lecture_room
from live.engines.janus import JanusHost
from live.engines.janus.process import UnableToStartJanus
from live.models import Lecture
from live.threads import in_database
from media.operations import UnableToAdopt

log = structlog.get_logger(__name__)

RECONCILE_S = 1.0
BEAT_S = 5.0
REAP_S = 15.0
GRACE_S = 120.0
ENGINE_RETRY_S = 1.0
PACK_RETRY_S = 5.0
PACK_TRIES = 5
ROOM_PREFIX = lecture_room(0).removesuffix("0")


class Agent:
    """One media host. ``root``: where lectures' folders lie."""

    def __init__(self, *, name: str, host: JanusHost, root: Path) -> None:
        self.name = name
        self.host = host
        self.root = root
        self.node_id = 0
        self.carriers: dict[int, Carrier] = {}
        self._packing: dict[int, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()
        self._cpu = (time.monotonic(), 0.0)

    def stop(self) -> None:
        """Ask ``run`` to return."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until ``stop``; then leave every folder in order and no process behind."""
        self.root.mkdir(parents=True, exist_ok=True)
        rounds = (
            supervise.forever("agent_engine", self._keep_engine),
            supervise.forever("agent_beat", partial(self._once, self._beat), every_s=BEAT_S),
            supervise.forever("agent_reconcile", partial(self._once, self._reconcile), every_s=RECONCILE_S),
            supervise.forever("agent_reap", partial(self._once, self._reap), every_s=REAP_S),
            self._stopping.wait(),
        )
        tasks = [asyncio.create_task(each) for each in rounds]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, *self._packing.values()):
            task.cancel()
        await asyncio.gather(*tasks, *self._packing.values(), return_exceptions=True)
        await asyncio.gather(*(carrier.stop() for carrier in self.carriers.values()))
        await self.engine.aclose()
        await self.host.stop()
        with contextlib.suppress(DatabaseError):
            await in_database(lambda: nodes.retire(node_id=self.node_id, as_of=timezone.now()))
        for task in done:
            task.result()

    @property
    def engine(self) -> MediaEngine:
        return get_engine(self.host.url)

    async def _once(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except DatabaseError as error:
            log.warning("database_away", work=work.__name__, reason=str(error).strip())
        except EngineError as error:
            log.info("engine_away", work=work.__name__, reason=str(error))

    async def _keep_engine(self) -> None:
        """One life of the engine: started, waited for, mourned."""
        try:
            await self.host.start()
        except UnableToStartJanus as error:
            log.error("engine_does_not_start", reason=str(error))
            await asyncio.sleep(ENGINE_RETRY_S)
            return
        await self._once(self._beat)
        status = await self.host.wait()
        log.warning("engine_died", status=status)
        await asyncio.sleep(ENGINE_RETRY_S / 5)

    async def _beat(self) -> None:
        load = await self._load()
        url = self.host.url
        self.node_id = await in_database(
            lambda: nodes.beat(name=self.name, url=url, load=load, as_of=timezone.now(), engine_up=self.host.running)
        )
        if (free := _free_percent(self.root)) < settings.DISK_RESERVE_PERCENT and self.carriers:
            log.error("recording_refused_disk_full", free_percent=round(free, 1))
            for carrier in self.carriers.values():
                carrier.packager.stop_keeping()
        on_air = [each.occasion_id for each in self.carriers.values() if each.on_air]
        for occasion_id in on_air:
            await in_database(partial(operations.note_picture, occasion_id=occasion_id, as_of=timezone.now()))

    async def _load(self) -> dict[str, float]:
        now, used = time.monotonic(), self.host.cpu_seconds()
        before, used_before = self._cpu
        self._cpu = (now, used)
        share = max(0.0, used - used_before) / max(now - before, 0.001)
        return {
            "engine_cpu": round(share, 3),
            "handles": await self.host.handles(),
            "lectures": len(self.carriers),
            "on_air": sum(carrier.on_air for carrier in self.carriers.values()),
        }

    async def _reconcile(self) -> None:
        """Once a second: start what went live, pack what ended, let go of what others carry."""
        if not self.node_id:
            return
        lectures = {lecture.pk: lecture for lecture in await in_database(self._ours)}
        for occasion_id in [key for key in self.carriers if key not in lectures and key not in self._packing]:
            await self.carriers.pop(occasion_id).stop()
        for occasion_id, lecture in lectures.items():
            carrier = self.carriers.get(occasion_id)
            if carrier is not None and carrier.broken:
                await self.carriers.pop(occasion_id).stop()
            if occasion_id not in self.carriers:
                self.carriers[occasion_id] = self._carrier(lecture)
            if lecture.state == Lecture.State.ENDED and occasion_id not in self._packing:
                self._packing[occasion_id] = asyncio.create_task(self._pack(lecture))
        for occasion_id in [key for key, task in self._packing.items() if task.done()]:
            self._packing.pop(occasion_id).result()

    def _ours(self) -> list[Lecture]:
        nodes.claim_lectures(node_id=self.node_id, as_of=timezone.now())
        return nodes.carried(node_id=self.node_id)

    def _carrier(self, lecture: Lecture) -> Carrier:
        keep = lecture.record and _free_percent(self.root) >= settings.DISK_RESERVE_PERCENT
        folder, aside = self.root / str(lecture.pk), self._aside(lecture.pk)
        if lecture.state == Lecture.State.LIVE and aside.exists() and not folder.exists():
            aside.rename(folder)  # its end was undone after its packing had been given up: a new end tries again
        carrier = Carrier(occasion_id=lecture.pk, folder=folder, engine=self.engine, record=keep)
        if lecture.state == Lecture.State.LIVE:
            carrier.start()
            log.info("lecture_carried", occasion=lecture.pk, recording=keep)
        return carrier

    def _aside(self, occasion_id: int) -> Path:
        return self.root / f"given-up-{occasion_id}"

    async def _pack(self, lecture: Lecture) -> None:
        """Close the room, pack, hand over. Tries again; after that the lecture is said to have no replay.

        What was captured is then put aside for the operator, whatever the reason: a recording that cannot be packed
        must neither be deleted nor stop the lectures beside it. When the end is undone meanwhile the lecture gets a new
        carrier, which goes on in the same folder.
        """
        carrier = self.carriers[lecture.pk]
        with contextlib.suppress(EngineError):
            await self.engine.close_room(lecture_room(lecture.pk))
        await carrier.stop()
        for attempt in range(1, PACK_TRIES + 1):
            try:
                await in_database(lambda: self._hand_over(lecture, carrier))
                break
            except (UnableToAdopt, OSError, DatabaseError) as error:
                log.warning("recording_not_handed_over", occasion=lecture.pk, attempt=attempt, reason=str(error))
            except Exception:
                log.exception("recording_not_handed_over", occasion=lecture.pk, attempt=attempt)
            await asyncio.sleep(PACK_RETRY_S)
            if not await self._still_ended(lecture.pk):
                break
        else:
            aside = self._aside(lecture.pk)
            with contextlib.suppress(OSError):
                carrier.packager.folder.rename(aside)
            log.error("recording_given_up", occasion=lecture.pk, folder=str(aside))
            await in_database(lambda: _finish(lecture.pk, None))
        del self.carriers[lecture.pk]

    async def _still_ended(self, occasion_id: int) -> bool:
        """Whether there is still something to pack; a database that is away does not change that."""
        try:
            return await in_database(partial(nodes.is_ended, occasion_id))
        except DatabaseError:
            return True

    def _hand_over(self, lecture: Lecture, carrier: Carrier) -> None:
        recording = carrier.pack(self.root / f".{lecture.pk}.recording") if lecture.record else None
        _finish(lecture.pk, recording)
        log.info("lecture_packed", occasion=lecture.pk, duration_ms=recording.duration_ms if recording else 0)

    async def _reap(self) -> None:
        """Close rooms, and delete folders, of lectures that are over. Players get two minutes for the last segments."""
        rooms = [room.removeprefix(ROOM_PREFIX) for room in await self.engine.rooms() if room.startswith(ROOM_PREFIX)]
        ids = [int(each) for each in rooms if each.isdecimal()]
        for occasion_id in await in_database(lambda: nodes.over_ids(ids)):
            await self.engine.close_room(lecture_room(occasion_id))
        old = time.time() - GRACE_S
        folders = {
            int(path.name): path for path in self.root.iterdir() if path.name.isdecimal() and path.stat().st_mtime < old
        }
        for occasion_id in await in_database(lambda: nodes.packed_ids(list(folders), as_of=timezone.now())):
            if occasion_id not in self.carriers:
                await asyncio.to_thread(shutil.rmtree, folders[occasion_id], ignore_errors=True)


def _finish(occasion_id: int, recording: Recording | None) -> None:
    operations.finish_recording(
        occasion_id=occasion_id,
        folder=recording.folder if recording else None,
        duration_ms=recording.duration_ms if recording else 0,
        started_at=recording.started_at if recording else None,
        cuts=recording.cuts if recording else (),
        width=recording.width if recording else 0,
        height=recording.height if recording else 0,
        as_of=timezone.now(),
    )


def _free_percent(folder: Path) -> float:
    usage = shutil.disk_usage(folder)
    return usage.free * 100 / usage.total
