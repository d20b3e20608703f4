"""What a media host does for one lecture, from going live until it is packed: room, tap, scrubber, packager."""

import asyncio
import contextlib
import datetime as dt
import socket
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, ClassVar

import structlog

from attendance.core.intervals import Spans, ms_of
from live.agent import moment, ports
from live.agent.packager import POLL_S, Packager
from live.agent.recording import Recording, pack_recording
from live.core.media.backlog import Backlog, Lost
from live.core.media.facts import COMES_S, AirFacts, air_facts
from live.core.media.holes import NOTED_WITHIN_MS, Hole, HoleLog, noted_before, unexplained
from live.core.media.layout import LECTURE, Layout
from live.core.media.scrubber import CODECS, PICTURES, PRESENTER, SPEAKERS, STAGE, Frame, Kind, Scrubber
from live.core.media.timeline import FARTHEST_S
from live.engines.base import (
    EngineError,
    EngineEvent,
    EngineGone,
    HungUp,
    MediaEngine,
    PublisherJoined,
    PublisherLeft,
    StagePicture,
    Tap,
    lecture_room,
    lecture_spec,
    speaker_id,
)

log = structlog.get_logger(__name__)

RETRY_S = 0.5
BURST = 64
FRESH_PICTURE_S = 10.0
AWAY_SLACK = dt.timedelta(seconds=15)
PULSE_S = 0.5
FALLBACK_STUTTERS_S = 4.0
"""So much longer may a picture stay away that comes in chunks over a line that stutters."""
FROZEN_S = FARTHEST_S
"""Packets that waited longer than this have lost their place in the time."""


class Carrier:
    """Carries a live lecture; ``record``: whether its segments are kept. Follows the engine through its restarts.

    ``has_room``: whether the disk takes more of a recording; ``earlier``: holes that an agent before this one found;
    ``ended``: breaks, and from each end to its undoing; told anew at any time.
    """

    layout: ClassVar[Layout] = LECTURE

    def __init__(
        self,
        *,
        occasion_id: int,
        folder: Path,
        engine: MediaEngine,
        record: bool,
        has_room: Callable[[], bool] | None = None,
        earlier: Iterable[Hole] = (),
        ended: Spans | None = None,
    ) -> None:
        self.occasion_id = occasion_id
        self.ended = ended or Spans()
        self.record = record
        self.is_ending = False
        self.is_stopped = False
        self.scrubber = Scrubber(voices=self.layout.voices)
        self.hole_log = HoleLog(earlier)
        self.packager = Packager(folder, keep=record, has_room=has_room, hole_log=self.hole_log, layout=self.layout)
        self._engine = engine
        self._frames = Backlog()
        self._fed = asyncio.Event()
        self._sockets: dict[tuple[Kind, int], socket.socket] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._tap: Tap | None = None
        self._tap_over = asyncio.Event()
        self._picture_at = -FRESH_PICTURE_S
        self._picture_since = -FRESH_PICTURE_S
        self._sound_at = -FRESH_PICTURE_S
        self._awake_at = 0.0
        self._is_published = False
        self._is_behind = False
        self._shown = ""
        self._fallback: ports.Fallback | None = None

    def seen_at(self, as_of: dt.datetime) -> dt.datetime | None:
        """Return when the last picture came in; None if none has lately.

        Its own moment, not that of the question: the room would take it for one that came after the lecturer left.
        """
        ago_s = time.monotonic() - self._picture_at
        return as_of - dt.timedelta(seconds=ago_s) if ago_s < FRESH_PICTURE_S else None

    def facts(self, as_of: dt.datetime) -> AirFacts:
        """Return what the audience gets now."""
        now = time.monotonic()
        written = self.packager.written_at
        stutters = FALLBACK_STUTTERS_S if self.is_fallback else 0.0
        return air_facts(
            at=ms_of(as_of),
            picture_age=now - self._picture_at - stutters,
            picture_for=now - self._picture_since,
            sound_age=now - self._sound_at - stutters,
            written_age=FRESH_PICTURE_S if written is None else now - written,
            recording="none" if not self.record else "on" if self.packager.is_recording else "off",
        )

    def was_away(
        self,
        *,
        picture_at: dt.datetime | None,
        alive_at: dt.datetime | None = None,
        up_since: dt.datetime | None = None,
    ) -> None:
        """Nobody carried this lecture until now. ``picture_at``: when a picture was last known to be on the air.

        What was recorded reaches up to a fault, to a pause of the lecturer or to an end that was undone: only the first
        is a hole. ``alive_at``: the last beat of the agent before this one; ``up_since``: when this one began.
        """
        ends = [run.ends_at for run in self.packager.tracks()[0] if run.segments]
        if picture_at is None or (not ends and picture_at > moment.now() - AWAY_SLACK):
            return  # a lecture that has just begun
        since = max(ends, default=picture_at)
        if picture_at <= since - AWAY_SLACK:
            return
        if alive_at is not None and max(picture_at, since) < alive_at - dt.timedelta(milliseconds=NOTED_WITHIN_MS):
            return  # the lecturer had no picture any more while an agent was still there
        self.hole_log.begin("agent", ms_of(since))
        end = self.ended.items[-1] if self.ended else None
        up_ms = None if up_since is None else ms_of(up_since)
        if end is not None and ms_of(picture_at) < noted_before(end, ms_of(since), up_ms):
            # Since the undoing no picture has come; that is ours only if there was no agent to come to.
            self.hole_log.end("agent", max(ms_of(since), end.start))
            if up_ms is not None and up_ms > end.end:
                self.hole_log.begin("agent", end.end)

    def holes(self, *, until: dt.datetime, over: bool = False) -> list[Hole]:
        """What was on the air and is not recorded, up to ``until``; ``over``: nothing more comes."""
        return self.hole_log.holes(self.packager.recorded(), until=ms_of(until), over=over, ended=self.ended)

    def gaps(self, holes: Iterable[Hole]) -> Spans:
        """Where nothing is recorded between what is, and none of these holes says why."""
        return unexplained(self.packager.recorded(), holes, ended=self.ended)

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.packager.reopen()
        self._awake_at = time.monotonic()
        self._sockets = ports.opened(self._places())
        for (kind, track), listener in self._sockets.items():
            loop.add_reader(listener, self._receive, kind, listener, track)
        for work in (self._pulse(), self._follow_engine(), self._feed_packager(), self._watch_packager()):
            self._tasks.append(loop.create_task(self._guarded(work)))

    def _places(self) -> list[tuple[Kind, int]]:
        """What comes in by a port of its own."""
        pictures: list[tuple[Kind, int]] = [("video", track) for track in PICTURES]
        return [*pictures, *[("audio", track) for track in range(1 + SPEAKERS)]]

    async def stop(self) -> None:
        """Stop carrying, and write out what came in. The lecture itself goes on elsewhere, or in the next agent."""
        loop = asyncio.get_running_loop()
        # Sockets first: nothing new comes in while what has come is written out.
        for listener in self._sockets.values():
            loop.remove_reader(listener)
            listener.close()
        self._sockets.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._tap is not None:
            await self._tap.close()
            self._tap = None
        if self._fallback is not None:
            self._fallback.stop("off_air" if self.is_ending else "away")
        # The tasks are gone, so nobody else feeds the packager now.
        while len(self._frames):
            await self._feed(self._frames.take())
        await self.packager.finish()
        self.is_stopped = True
        log.info("carrier_stopped", occasion=self.occasion_id, **self.scrubber.counts.as_dict())

    def pack(self, folder: Path) -> Recording | None:
        """After ``stop``: the recording in a folder of its own; None where nothing was captured or kept."""
        self.packager.read_again()
        return pack_recording(self.packager, folder)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """A carrier that stops without a word would lose a lecture: what is not foreseen is logged, then raised."""
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException:
            log.exception("carrier_broken", occasion=self.occasion_id)
            raise

    @property
    def broken(self) -> bool:
        """One of the tasks has failed; the agent starts a new carrier."""
        return any(task.done() and not task.cancelled() and task.exception() for task in self._tasks)

    def _receive(self, kind: Kind, listener: socket.socket, track: int = 0) -> None:
        now = time.monotonic()
        if self._was_frozen(now):
            return
        # Not until it is empty: a flood on one socket would keep the loop from the others.
        for _ in range(BURST):
            try:
                datagram = listener.recv(4096)
            except (BlockingIOError, ConnectionError):
                return
            if not (self.is_fallback and track == PRESENTER):
                self._queue(self._scrub(kind, datagram, now, track))

    def _scrub(self, kind: Kind, datagram: bytes, now: float, track: int) -> list[Frame]:
        """Return the frames that are whole now that this has come in."""
        if kind == "audio" and not track:
            self._sound_at = now
        return self.scrubber.feed(kind, datagram, now, track=track)

    def _tick(self, now: float) -> list[Frame]:
        """Return the frames that are ready now that time has passed."""
        return self.scrubber.tick(now)

    @property
    def is_fallback(self) -> bool:
        """Whether the lecturer's picture comes by the fallback: what is left of their RTP is not listened to."""
        return self._fallback is not None

    @property
    def picture_at(self) -> float:
        """When the last picture came, on the frames' clock."""
        return self._picture_at

    def begin_fallback(self, fallback: ports.Fallback) -> None:
        """Its first picture is there."""
        if self._fallback is not None and self._fallback is not fallback:
            self._fallback.stop("replaced")
        self._fallback = fallback

    def put(self, frame: Frame, now: float) -> None:
        """A frame of it, which arrived at ``now``; its own moment lies a little before."""
        self._queue(self.scrubber.put(frame))
        if frame.kind == "video":
            self._picture_at = now
        else:
            self._sound_at = now

    def end_fallback(self, fallback: ports.Fallback) -> None:
        """The engine's picture again, from its next keyframe on."""
        if self._fallback is fallback:
            self._fallback = None
            self.scrubber.renew()

    async def _pulse(self) -> None:
        """This process runs: said all the time, so that it is noticed when it did not."""
        while True:
            self._was_frozen(time.monotonic())
            await asyncio.sleep(PULSE_S)

    def _was_frozen(self, now: float) -> bool:
        """Whether this process stood still until now (stopped, or its machine was): then nothing was recorded.

        What waits in the sockets is the beginning of that time, and would be taken for what comes now: it is dropped.
        """
        # Whoever asks first after a standstill finds it, a packet or the pulse; the other one then sees none.
        stood, self._awake_at = now - self._awake_at, now
        if stood < FROZEN_S:
            return False
        log.error("agent_was_frozen", occasion=self.occasion_id, seconds=round(stood, 1))
        ports.empty(self._sockets.values())
        if now - stood - self._picture_at < FRESH_PICTURE_S / 2:
            self.hole_log.begin("agent", self.packager.ms(self._picture_at))
            self._frames.lose(self._picture_at, now)
            self._fed.set()
        return True

    def _queue(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame.kind == "video":
                self._saw(frame)
            # Logged once until it has caught up: the log must not be what slows it down further.
            if not self._frames.put(frame) and not self._is_behind:
                log.error("packager_behind", occasion=self.occasion_id, waiting=len(self._frames))
                self._is_behind = True
        if frames:
            self._fed.set()

    def _saw(self, frame: Frame) -> None:
        if frame.at - self._picture_at > COMES_S:
            self._picture_since = frame.at
        self._picture_at = frame.at
        at = self.packager.ms(frame.at)
        self.hole_log.picture(at)
        for because in ("agent", "engine"):
            self.hole_log.end(because, at)

    async def _feed_packager(self) -> None:
        while True:
            while len(self._frames):
                await self._feed(self._frames.take())
            # Between the last look and this line nothing can come in: there is no await between them.
            self._fed.clear()
            await self._fed.wait()

    async def _feed(self, frame: Frame | Lost) -> None:
        if isinstance(frame, Lost):
            log.warning("frames_dropped", occasion=self.occasion_id, seconds=round(frame.until - frame.since, 1))
            self.hole_log.begin("load", self.packager.ms(frame.since))
            self.hole_log.end("load", self.packager.ms(frame.until))
            self._is_behind = False
            await self.packager.break_off()
        else:
            await self.packager.take(frame)

    async def _watch_packager(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            now = time.monotonic()
            self._queue(self._tick(now))
            await self.packager.poll(now)

    async def _follow_engine(self) -> None:
        """Keep the room open and the tap in it, through every restart of the engine."""
        while True:
            self._tap_over.clear()
            try:
                self._tap = await self._open_tap()
                self._tap.show(self._shown)
            # No give-up: as long as the lecture is live the engine is expected back.
            except EngineError as error:
                log.info("engine_awaited", occasion=self.occasion_id, reason=str(error))
            else:
                await self._tap_over.wait()
                with contextlib.suppress(EngineError):
                    await self._tap.close()
                self._tap = None
            await asyncio.sleep(RETRY_S)

    async def _open_tap(self) -> Tap:
        """Raises EngineError."""
        await self._engine.open_room(lecture_spec(self.occasion_id))
        return await self._engine.tap(
            room_id=lecture_room(self.occasion_id),
            video_port=self._port("video"),
            audio_port=self._port("audio"),
            speaker_ports=[self._port("audio", track) for track in range(1, 1 + SPEAKERS)],
            stage_port=self._port("video", STAGE),
            on_event=self._hear,
        )

    def show(self, member_id: int) -> None:
        """Whose picture is the lecture's: a speaker's, or with 0 the lecturer's. It changes with a keyframe."""
        self._show(speaker_id(member_id) if member_id else "")

    def _show(self, participant_id: str) -> None:
        if participant_id != self._shown:
            self._shown = participant_id
            if self._tap is not None:
                self._tap.show(participant_id)

    def _port(self, kind: Kind, track: int = 0) -> int:
        return int(self._sockets[kind, track].getsockname()[1])

    def _hear(self, event: EngineEvent) -> None:
        if isinstance(event, EngineGone | HungUp):
            # A room that we close ourselves takes the tap away too: that is no fault of the engine.
            if self._is_published and not self.is_ending:
                self.hole_log.begin("engine", self.packager.ms(self._picture_at))
            self._is_published = False
            self.scrubber.show(PRESENTER)
            self._tap_over.set()
        elif isinstance(event, StagePicture):
            if event.codec in CODECS:
                self.scrubber.expect(event.codec, STAGE)
            self.scrubber.show(STAGE if event.codec in CODECS else PRESENTER)
            log.info("picture_changed", occasion=self.occasion_id, video=event.codec, by=self._shown)
        elif isinstance(event, PublisherLeft):
            self._is_published = False
        elif isinstance(event, PublisherJoined):
            self._is_published = True
            if self._fallback is not None:  # whoever comes on the air replaces who was
                self._fallback.stop("replaced")
            codec = event.publisher.video
            log.info("publisher_tapped", occasion=self.occasion_id, video=codec, audio=event.publisher.audio)
            if codec in CODECS:
                self.scrubber.expect(codec)
