"""The media agent: keeps the engine running and brings this host to what the database says about its lectures."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError

from live import operations, supervise
from live.agent import folders, moment, parts
from live.agent.carrier import Carrier
from live.agent.ends import holes_of, known_holes, not_on_air, with_web
from live.agent.fallback import Door
from live.agent.meeting import MeetingCarrier, is_of_before, turn_of
from live.agent.recording import finish
from live.agent.sweeping import sweep
from live.core.media.holes import Hole, from_lists
from live.core.wire.fallback import door_of
from live.engines import get_engine
from live.engines.base import EngineError, MediaEngine, lecture_room
from live.engines.janus import JanusHost
from live.engines.janus.process import UnableToStartJanus
from live.models import Lecture
from live.operations.nodes import beat, claim_lectures, note_air, retire
from live.queries import nodes
from live.room.threads import at_length, in_database
from media.operations import UnableToAdopt
from media.storage import UnableToReach, UnableToStore

log = structlog.get_logger(__name__)

RECONCILE_S = 1.0
BEAT_S = 5.0
REAP_S = 15.0
FACTS_S = 1.0
ENGINE_RETRY_S = 1.0
PACK_RETRY_S = 5.0
LONGEST_RETRY_S = 60.0
PACK_TRIES = 5
FIND_AGAIN_S = 600.0
ROOM_AGAIN_PERCENT = 1
ROOM_PREFIX = lecture_room(0).removesuffix("0")


class Agent:
    """One media host. ``root``: where lectures' folders lie; ``address``: where other hosts get what lies there."""

    def __init__(self, *, name: str, host: JanusHost, root: Path, address: str = "") -> None:
        self.name = name
        self.host = host
        self.address = address
        self.root = root
        self.node_id = 0
        self._up, self._up_since = time.monotonic(), moment.now()
        self._alive_before: datetime | None = None
        self.carriers: dict[int, Carrier] = {}
        self._packing: dict[int, asyncio.Task[None]] = {}
        self._told: dict[int, list[Hole]] = {}
        self._is_full = False
        self._has_told = False
        self._refusal = ""
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
            supervise.forever("agent_facts", partial(self._once, self._tell_facts), every_s=FACTS_S),
            supervise.forever("agent_fallback", self._let_in, first_s=0.0, every_s=ENGINE_RETRY_S),
            supervise.forever("agent_reap", partial(self._once, self._reap), every_s=REAP_S),
            supervise.forever("agent_sweep", partial(self._once, self._sweep), every_s=REAP_S),
            supervise.forever("agent_parts", partial(self._once, self._hand_in_parts), first_s=1.0, every_s=REAP_S),
            supervise.forever("agent_find_again", partial(self._once, self._find_again), every_s=FIND_AGAIN_S),
            self._stopping.wait(),
        )
        # Each round goes on whatever happens to the others; only ``stop`` (or a fault nobody foresaw) ends the first.
        tasks = [asyncio.create_task(each) for each in rounds]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, *self._packing.values()):
            task.cancel()
        await asyncio.gather(*tasks, *self._packing.values(), return_exceptions=True)
        # After the packing tasks: a carrier that is packed has stopped already, and stopping twice is nothing.
        await asyncio.gather(*(carrier.stop() for carrier in self.carriers.values()))
        await self.engine.aclose()
        await self.host.stop()
        # Last: while engine and carriers still end, no other host may take these lectures over.
        with contextlib.suppress(DatabaseError):
            await in_database(lambda: retire(node_id=self.node_id, as_of=moment.now()))
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
            self._refuse(str(error))
            await asyncio.sleep(ENGINE_RETRY_S)
            return
        self._refusal = ""
        await self._once(self._beat)
        status = await self.host.wait()
        log.warning("engine_died", status=status)
        await asyncio.sleep(ENGINE_RETRY_S / 5)

    async def _let_in(self) -> None:
        """Recordings of lecturers whom WebRTC does not get through to (ADR 74)."""
        await Door(Path(door_of(self.host.url)), self.carriers).serve()

    def _refuse(self, reason: str) -> None:
        """Without its engine this host is no fresh node: nobody is sent here, and whoever asks is told why."""
        if reason != self._refusal:
            log.error("engine_does_not_start", reason=reason)
        self._refusal = reason

    async def _beat(self) -> None:
        await in_database(moment.shared().measure)
        load = await self._load()
        url = f"janus+tcp:{self.address}" if self.address else self.host.url
        address, running = self.address, self.host.running
        # Before the first beat overwrites it: it tells how long nobody carried the lectures of this host.
        if not self.node_id:
            self._alive_before = await in_database(partial(nodes.last_beat, name=self.name))
            self._up_since = moment.now() - timedelta(seconds=time.monotonic() - self._up)
        self.node_id = await in_database(
            partial(beat, name=self.name, url=url, address=address, load=load, as_of=moment.now(), engine_up=running)
        )
        # A copy: while this waits for the database, _reconcile may take carriers away.
        for carrier in list(self.carriers.values()):
            if seen_at := carrier.seen_at(moment.now()):
                await in_database(partial(operations.note_picture, occasion_id=carrier.occasion_id, as_of=seen_at))
            await self._note_holes(carrier)

    async def _tell_facts(self) -> None:
        """What the audience gets, for the headline of the lecturer's page: one row a second for all lectures."""
        carried = {key: carrier for key, carrier in self.carriers.items() if not carrier.is_ending}
        if self.node_id and (carried or self._has_told):
            air = {str(key): carrier.facts(moment.now()) for key, carrier in carried.items()}
            fallback = [key for key, carrier in carried.items() if carrier.is_fallback]
            await in_database(partial(note_air, node_id=self.node_id, air=air, fallback=fallback))
            self._has_told = bool(carried)

    async def _note_holes(self, carrier: Carrier) -> None:
        """What is missing of the recording reaches the lecturer's page within seconds, and the next agent."""
        occasion_id = carrier.occasion_id
        if not carrier.record or carrier.is_ending:
            return
        holes = await in_database(partial(with_web, carrier.holes(until=moment.now()), carrier))
        if holes != self._told.get(occasion_id, []):
            log.warning("recording_has_holes", occasion=occasion_id, holes=holes)
            await in_database(partial(operations.note_holes, occasion_id=occasion_id, holes=holes))
            self._told[occasion_id] = holes

    async def _load(self) -> dict[str, float | str]:
        now, used = time.monotonic(), self.host.cpu_seconds()
        before, used_before = self._cpu
        self._cpu = (now, used)
        share = max(0.0, used - used_before) / max(now - before, 0.001)
        return {
            "engine_cpu": round(share, 3),
            "handles": await self.host.handles(),
            "lectures": len(self.carriers),
            "on_air": sum(carrier.seen_at(moment.now()) is not None for carrier in self.carriers.values()),
            "refusal": self._refusal,
            "skew_s": round(moment.shared().ahead.total_seconds(), 1),
        }

    async def _reconcile(self) -> None:
        """Once a second: start what went live, pack what ended, let go of what others carry."""
        if not self.node_id:
            return
        # The database is what should be, ``carriers`` what is; nothing here is remembered between two rounds.
        lectures = {lecture.pk: lecture for lecture in await in_database(self._ours)}
        shown = await in_database(partial(nodes.shown, node_id=self.node_id))
        meetings = [key for key, lecture in lectures.items() if lecture.is_meeting]
        cameras = await in_database(partial(nodes.cameras, meetings)) if meetings else {}
        packed = {key for key in self._packing if key in self.carriers and self.carriers[key].is_ending}
        for occasion_id in [key for key in self.carriers if key not in lectures and key not in packed]:
            await self._let_go(occasion_id)
        for occasion_id, lecture in lectures.items():
            if self._is_left_to_packing(lecture):
                continue
            carrier = self.carriers.get(occasion_id)
            if carrier is not None and (carrier.broken or is_of_before(carrier, lecture)):
                await self.carriers.pop(occasion_id).stop()
            # Also right after a broken one: the next carrier goes on in the same folder.
            if occasion_id not in self.carriers:
                self.carriers[occasion_id] = self._carrier(lecture)
            carrier = self.carriers[occasion_id]
            carrier.ended = not_on_air(lecture)
            if isinstance(carrier, MeetingCarrier):
                carrier.cameras = cameras.get(occasion_id, [])
            else:
                carrier.show(shown.get(occasion_id, 0))
            if lecture.state == Lecture.State.ENDED:
                earlier = self._packing.get(occasion_id)
                self._packing[occasion_id] = asyncio.create_task(self._pack(lecture, earlier))
        # ``result`` raises what a packing task did not foresee: supervise logs it instead of losing it.
        for occasion_id in [key for key, task in self._packing.items() if task.done()]:
            self._packing.pop(occasion_id).result()

    async def _let_go(self, occasion_id: int) -> None:
        """Another host carries it now, or a meeting is recorded no more.

        Of the first the room is closed: whoever still publishes or watches here would stay, for nothing else tells
        them. It is asked after the carrier has stopped, which takes seconds: the lecture may be back.
        """
        # Until all is written out: what this host has is handed in by another task (``_hand_in_parts``).
        await self.carriers[occasion_id].stop()
        self.carriers.pop(occasion_id, None)
        if await in_database(partial(nodes.not_here, [occasion_id], node_id=self.node_id)):
            with contextlib.suppress(EngineError):  # or by ``_reap``
                await self.engine.close_room(lecture_room(occasion_id))

    def _is_left_to_packing(self, lecture: Lecture) -> bool:
        """Whether there is nothing to be done for a lecture but to pack it.

        An end that was undone waits for no packing, which may send files for minutes: another carrier goes on in the
        same folder at once, and what was packed of before is named by nobody.
        """
        carrier, is_packed = self.carriers.get(lecture.pk), lecture.pk in self._packing
        if carrier is not None and not carrier.is_ending:
            return False
        if lecture.state == Lecture.State.LIVE and (carrier is None or carrier.is_stopped or not is_packed):
            self.carriers.pop(lecture.pk, None)
            return False
        return is_packed  # or was, until this round came back from the database: what it read is of before

    def _ours(self) -> list[Lecture]:
        claim_lectures(node_id=self.node_id, as_of=moment.now())
        return nodes.carried(node_id=self.node_id)

    def _carrier(self, lecture: Lecture) -> Carrier:
        folder = folders.brought_back(self.root, lecture.pk)
        carrier = self._carrier_in(folder, lecture)
        self._ask_where_it_was(carrier, lecture)
        self._told[lecture.pk] = from_lists(lecture.holes)
        if lecture.state == Lecture.State.LIVE:
            carrier.start()
            log.info("lecture_carried", occasion=lecture.pk, recording=lecture.record)
        return carrier

    def _ask_where_it_was(self, carrier: Carrier, lecture: Lecture) -> None:
        """An agent before this one may have known why there was no picture; if not, it says when it was last there."""
        is_known = all(hole.end is not None for hole in from_lists(lecture.holes))
        alive_at = self._alive_before if is_known else None
        carrier.was_away(picture_at=lecture.published_at, alive_at=alive_at, up_since=self._up_since)

    def _carrier_in(self, folder: Path, lecture: Lecture) -> Carrier:
        kind = partial(MeetingCarrier, turn=turn_of(lecture)) if lecture.is_meeting else Carrier
        carrier = kind(
            occasion_id=lecture.pk,
            folder=folder,
            engine=self.engine,
            record=lecture.record,
            has_room=self._has_room,
            earlier=known_holes(lecture),
            ended=not_on_air(lecture),
        )
        parts.take_over(carrier, lecture, node_id=self.node_id)
        return carrier

    def _has_room(self) -> bool:
        """Whether the disk takes more of a recording; once full, it must be a little emptier than its reserve again."""
        limit = settings.DISK_RESERVE_PERCENT + (ROOM_AGAIN_PERCENT if self._is_full else 0)
        self._is_full = folders.free_percent(self.root) < limit
        return not self._is_full

    async def _pack(self, lecture: Lecture, earlier: asyncio.Task[None] | None = None) -> None:
        """Close the room, pack, hand over. Tries again; after that the lecture is said to have no replay.

        What was captured is then put aside for the operator, whatever the reason: a recording that cannot be packed
        must neither be deleted nor stop the lectures beside it. ``earlier``: the packing of an end that was undone.
        """
        carrier = self.carriers[lecture.pk]
        carrier.is_ending = True
        with contextlib.suppress(EngineError):
            await self.engine.close_room(lecture_room(lecture.pk))
        await carrier.stop()
        if earlier is not None:
            await asyncio.gather(earlier, return_exceptions=True)
        await parts.wait_for(lecture, node_id=self.node_id, now=moment.now)
        attempt, pause_s = 0, PACK_RETRY_S
        while attempt < PACK_TRIES:
            attempt += 1
            try:
                await at_length(partial(self._hand_over, lecture, carrier))
                break
            except UnableToReach as error:
                # Nothing is wrong with what lies here: it waits for the bucket, unless that is there and will not.
                attempt -= error.code != "refused"
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)
                log.warning("recording_waits_for_bucket", occasion=lecture.pk, reason=str(error))
            except (UnableToAdopt, UnableToStore, OSError, DatabaseError) as error:
                log.warning("recording_not_handed_over", occasion=lecture.pk, attempt=attempt, reason=str(error))
            except Exception:
                log.exception("recording_not_handed_over", occasion=lecture.pk, attempt=attempt)
            await asyncio.sleep(pause_s)
            if not await self._still_ended(lecture.pk) or self.carriers.get(lecture.pk) is not carrier:
                break
            if pause_s > PACK_RETRY_S:  # others waited for the bucket as well
                await parts.wait_for(lecture, node_id=self.node_id, now=moment.now, patience_s=parts.UPLOAD_S)
        else:
            aside = folders.put_aside(self.root, lecture.pk)
            with contextlib.suppress(OSError):
                carrier.packager.folder.rename(aside)
            log.error("recording_given_up", occasion=lecture.pk, folder=str(aside))
            await in_database(lambda: finish(lecture, None, holes_of(lecture, carrier)))
        if self.carriers.get(lecture.pk) is carrier:
            self._told.pop(lecture.pk, None)
            del self.carriers[lecture.pk]

    async def _still_ended(self, occasion_id: int) -> bool:
        """Whether there is still something to pack; a database that is away does not change that."""
        try:
            return await in_database(partial(nodes.is_ended, occasion_id, node_id=self.node_id))
        except DatabaseError:
            return True

    def _hand_over(self, lecture: Lecture, carrier: Carrier) -> None:
        operations.forget_peers(occasion_id=lecture.pk)
        # An earlier replay, by whose places was watched, gives way to one that has all of it and to no other.
        is_better = parts.fetch(carrier, lecture, node_id=self.node_id) or lecture.recording_id is None
        recording = carrier.pack(self._work(carrier)) if lecture.record and is_better else None
        finish(lecture, recording, holes_of(lecture, carrier))
        log.info("lecture_packed", occasion=lecture.pk, duration_ms=recording.duration_ms if recording else 0)

    async def _hand_in_parts(self) -> None:
        """What this host had of lectures that another took over goes to where the site's files lie."""
        if self.node_id:
            for part in await in_database(partial(nodes.parts_left, node_id=self.node_id)):
                if part.lecture_id not in self.carriers:  # or it is still being written out
                    await at_length(partial(parts.hand_in, self.root, part, as_of=moment.now()))

    def _work(self, carrier: Carrier) -> Path:
        """Where a recording is put together: of this agent alone, for another one may have taken over the lecture."""
        return self.root / f".{carrier.packager.folder.name}.{self.node_id}{folders.WORK}"

    async def _reap(self) -> None:
        """Close rooms of lectures that are over, or that another host carries: a process may open one here that has
        just read that this host carries it."""
        if not self.node_id:  # nobody's yet: all of them would be another's
            return
        rooms = [room.removeprefix(ROOM_PREFIX) for room in await self.engine.rooms() if room.startswith(ROOM_PREFIX)]
        ids = [int(each) for each in rooms if each.isdecimal()]
        # Asked after the list of rooms: a lecture that goes live between the two is not among them.
        for occasion_id in await in_database(lambda: nodes.not_here(ids, node_id=self.node_id)):
            await self.engine.close_room(lecture_room(occasion_id))

    async def _sweep(self) -> None:
        """Delete folders of lectures that are over; beside ``_reap``, for what packs for an hour may hold it up."""
        if self.node_id:
            await sweep(self.root, node_id=self.node_id, is_free=self._is_free)

    async def _find_again(self) -> None:
        """Nothing is final while segments lie here: of lectures that were said to have no replay, pack what there is.

        The packing was given up, or this host was away when another one looked for the lecture's segments in vain.
        """
        found = folders.with_segments(self.root)
        ids = [occasion_id for occasion_id in found if occasion_id not in self.carriers]
        for lecture in await in_database(lambda: nodes.unrecorded(ids)):
            carrier = self._carrier_in(found[lecture.pk], lecture)
            self._ask_where_it_was(carrier, lecture)
            try:
                await at_length(partial(self._hand_over, lecture, carrier))
            except (UnableToAdopt, UnableToStore, OSError, DatabaseError) as error:
                log.warning("recording_not_found_again", occasion=lecture.pk, reason=str(error))
            except Exception:
                log.exception("recording_not_found_again", occasion=lecture.pk)

    def _is_free(self, path: Path) -> bool:
        return folders.occasion_of(path) not in self.carriers
