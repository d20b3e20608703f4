"""The packager of one lecture: frames in, runs and playlists out. Nothing is lost when ffmpeg dies."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from attendance.core.intervals import Spans, ms_of
from live.agent import moment
from live.agent.run import Listing, LiveRun, UnableToStart, read_past, run_numbers, trimmed
from live.core.media import playlist
from live.core.media.holes import HoleLog
from live.core.media.layout import LECTURE, Layout
from live.core.media.scrubber import Frame

log = structlog.get_logger(__name__)

POLL_S = 0.2
SILENCE_S = 5.0
BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 8.0
QUICK_DEATH_S = 2.0
JITTER_S = 0.02
ASK_ROOM_S = 1.0
HELD_S = 30.0
MOST_HELD = 3 * 2**20
"""Bytes of frames that are kept for the next ffmpeg: less than makes a run seem hung."""


class Packager:
    """Continues a folder that an earlier agent left. ``epoch``: the moment at which the clock of the frames reads 0.

    Frames since the last finished segment are held, and given to the next ffmpeg when one dies: a kill costs nothing.
    ``keep`` False: nothing is recorded, segments are deleted once they have left the live window. So they are while
    ``has_room`` says no: what was recorded before stays, and recording goes on when there is room again, with whatever
    still lies there. ``hole_log`` is told what goes wrong.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keep: bool = True,
        epoch: datetime | None = None,
        has_room: Callable[[], bool] | None = None,
        hole_log: HoleLog | None = None,
        layout: Layout = LECTURE,
    ) -> None:
        self.folder = folder
        self._layout = layout
        self._keep = keep
        self._has_room = has_room
        self._hole_log = hole_log or HoleLog()
        self._asked_at = -ASK_ROOM_S
        self._paused = False
        self._passing: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        self._past = read_past(folder)
        self._next_number = max([-1, *run_numbers(folder)]) + 1
        self.moves = 0
        self._epoch = self._after_past(epoch or moment.now() - timedelta(seconds=time.monotonic()))
        self._run: LiveRun | None = None
        self._closing: dict[int, LiveRun] = {}
        self._recent: deque[Frame] = deque()
        self._held = 0
        self._waiting = False
        self._again_at = 0.0
        self._backoff_s = BACKOFF_S
        self._stale = False
        self._gone = self._missing()
        self._last_video_at = 0.0
        self.written_at: float | None = None
        self._last_start = -QUICK_DEATH_S
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def go_on_after(self, moves: int) -> None:
        """So many hosts carried this lecture before: what is written here has names, and a place, after theirs."""
        self.moves = moves
        self._next_number = max(self._next_number, moves * playlist.RUNS_A_HOST)

    def _after_past(self, epoch: datetime) -> datetime:
        """A wall clock that was set back meanwhile may not lay new segments over older ones."""
        past = [run.ends_at for listing in self._past for run in (listing.video, listing.audio) if run.segments]
        return max([epoch, *[end - timedelta(seconds=time.monotonic()) for end in past]])

    @property
    def is_recording(self) -> bool:
        """Whether what is written now is kept."""
        return self._keep and not self._paused and not self._waiting

    @property
    def run_pid(self) -> int:
        """Of the running packager process; 0 when there is none."""
        return self._run.pid if self._run else 0

    def ms(self, at: float) -> int:
        """A moment of the frames' clock as Unix milliseconds."""
        return ms_of(self._epoch + timedelta(seconds=at))

    async def take(self, frame: Frame) -> None:
        """One frame from the scrubber. One call at a time."""
        if frame.kind == "video":
            self._last_video_at = frame.at
            if not self._waiting and frame.key and not self._follows(frame):
                await self._begin(frame)
        if self._run is not None or self._waiting:
            self._hold(frame)
        if self._run is not None:
            self._run.write(frame)

    def _follows(self, frame: Frame) -> bool:
        """Whether this keyframe can go into the run that is being written."""
        return self._run is not None and self._layout.goes_on(frame.shape, self._run.shape)

    async def poll(self, now: float) -> None:
        """Look after the process, the disk and the playlists; call it every POLL_S. ``now`` on the frames' clock."""
        async with self._lock:
            changed = await self._look()
            if (run := self._run) is not None:
                self._forget_covered(run)
                if (run.hung or run.torn) and not run.killed:
                    log.warning(
                        "packager_hung" if run.hung else "packager_torn", folder=self.folder.name, run=run.number
                    )
                    run.kill()
                if run.dead:
                    await self._run_died(run)
                elif now - self._last_video_at > SILENCE_S:
                    self._retire(run)
            if self._waiting and time.monotonic() >= self._again_at:
                await self._go_on()
        self._ask_room(now)
        if changed or self._stale:
            self.compose()
            self._drop_outdated()

    async def _look(self) -> bool:
        """Find what was finished; what is new is on the disk, not only in memory, before anybody is told of it."""
        writing = [*self._closing.values(), *([self._run] if self._run else [])]
        changed = [run for run in writing if run.poll()]
        for run in changed:
            self.written_at, self._backoff_s = time.monotonic(), BACKOFF_S
            await asyncio.to_thread(run.secure)
        if self._run in changed and self._run is not None and not self._run.torn:
            self._hole_log.end("packager", self.ms(self._run_until(self._run)))
        return bool(changed)

    def _run_until(self, run: LiveRun) -> float:
        return run.settle([frame.at for frame in self._recent if frame.kind == "video" and frame.key])

    async def break_off(self) -> None:
        """Frames are missing here: what follows begins a run of its own, so that the hole has its place in the time."""
        async with self._lock:
            if self._waiting:
                await self._go_on()
            if self._run is not None:
                self._retire(self._run)
            elif self._recent:
                self._hole_log.begin("packager", self.ms(self._recent[0].at))
                self._let_go()

    def reopen(self) -> None:
        """More frames will come to a folder that an end may have closed: its playlists end no longer."""
        if self._past:
            self.compose()

    async def finish(self) -> None:
        """No more frames: flush, wait, and compose the final live playlists."""
        if self._waiting:
            async with self._lock:
                await self._go_on()
        if self._run is not None:
            self._retire(self._run)
        while self._tasks:
            await asyncio.gather(*self._tasks)
        self.compose(ended=True)

    async def drain(self) -> None:
        if run := self._run:
            await run.drain()

    def _ask_room(self, now: float) -> None:
        """Asked every second, so before each segment: what follows is kept, or leaves with the live window."""
        if self._has_room is None or not self._keep or now - self._asked_at < ASK_ROOM_S:
            return
        self._asked_at = now
        if self._has_room():
            if self._paused:
                log.info("recording_resumed", folder=self.folder.name)
                self._hole_log.end("disk", self.ms(now))
                self._paused, self._stale = False, True
                self._passing.clear()
        elif not self._paused:
            log.error("recording_paused_disk_full", folder=self.folder.name)
            self._hole_log.begin("disk", self.ms(now))
            self._paused, self._stale = True, True
        if self._paused:
            self._passing.update(self._finished_after())

    def _finished_after(self) -> list[str]:
        """URIs of the segments that begin after the pause."""
        since = self._hole_log.since("disk")
        return [
            segment.uri
            for track in self.tracks()
            for run in track
            for segment, at, _end in run.spans()
            if since is not None and ms_of(at) >= since
        ]

    def kept(self) -> frozenset[str]:
        """The segments that belong to the recording: what is listed and lies there."""
        return frozenset(self._uris()) - self._gone

    def _missing(self) -> set[str]:
        """What is listed and does not lie there: it has left the live window of what was not recorded."""
        return {uri for uri in self._uris() if not (self.folder / uri).exists()}

    def recorded(self) -> Spans:
        """When something is recorded that will stay."""
        if self._paused:
            self._passing.update(self._finished_after())
        kept = self.kept() - self._passing
        pairs = playlist.spans(self.tracks()[0], kept=kept)
        return Spans.of((ms_of(at), ms_of(end)) for at, end in pairs)

    def read_again(self) -> None:
        """Before packing: whatever lies in the folder now, also of another agent that carried this lecture."""
        mine = {listing.number: listing for listing in self.listings()}
        for listing in read_past(self.folder):
            known = mine.get(listing.number)
            if known is None or len(listing.video.segments) >= len(known.video.segments):
                mine[listing.number] = listing
        self._past, self._closing = [mine[number] for number in sorted(mine)], {}
        self._gone = self._missing()

    def listings(self) -> list[Listing]:
        """All runs in order, up to the first that is still being written."""
        past = {listing.number for listing in self._past}
        writing = [*self._closing.values(), *([self._run] if self._run else [])]
        return [*self._past, *[run.listing for run in writing if run.number not in past][:1]]

    def tracks(self) -> tuple[list[playlist.Run], list[playlist.Run]]:
        """The runs of the picture with sound, and of the sound alone."""
        listings = self.listings()
        return [each.video for each in listings], [trimmed(each) for each in listings]

    def compose(self, *, ended: bool = False) -> None:
        """Write the playlists that players follow, each by one rename. A full disk leaves the last ones."""
        video, audio = self.tracks()
        try:
            self._publish("live.m3u8", playlist.live(video, ended=ended, moves=self.moves))
            self._publish("audio.m3u8", playlist.live(audio, ended=ended, moves=self.moves))
            if self._keep and not self._gone and not self._paused:
                self._publish("dvr.m3u8", playlist.dvr(video, ended=ended))
            else:
                (self.folder / "dvr.m3u8").unlink(missing_ok=True)
            self._stale = False
        except OSError as error:
            self._stale = True
            log.warning("playlists_not_written", folder=self.folder.name, reason=str(error))

    def _uris(self) -> list[str]:
        return [segment.uri for track in self.tracks() for run in track for segment in run.segments]

    def _drop_outdated(self) -> None:
        """Delete what has left the live window and is not recorded: nothing else, ever."""
        if self._keep and not self._passing:
            return
        for track in self.tracks():
            for uri in playlist.outdated(track):
                if uri not in self._gone and (not self._keep or uri in self._passing):
                    self._gone.add(uri)
                    (self.folder / uri).unlink(missing_ok=True)

    def _publish(self, name: str, text: str | None) -> None:
        if text is not None:
            part = self.folder / f".{name}.part"
            part.write_text(text)
            part.replace(self.folder / name)

    def _hold(self, frame: Frame) -> None:
        """Keep a frame for the next ffmpeg; when that takes too long the oldest go, up to a keyframe."""
        self._recent.append(frame)
        self._held += len(frame.data)
        if self._held <= MOST_HELD and frame.at - self._recent[0].at <= HELD_S:
            return
        self._hole_log.begin("packager", self.ms(self._recent[0].at))
        self._recent.popleft()
        while self._recent and not (self._recent[0].kind == "video" and self._recent[0].key):
            self._recent.popleft()
        self._held = sum(len(each.data) for each in self._recent)

    def _let_go(self) -> None:
        self._recent.clear()
        self._held = 0

    async def _begin(self, frame: Frame) -> None:
        """A new run from this keyframe on; the one before it ends in the background."""
        async with self._lock:
            if self._waiting:
                return  # meanwhile ffmpeg has died: this frame is held like those before it
            if self._run is not None:
                self._retire(self._run)
            self._let_go()
            try:
                self._run = await self._start(frame)
            except UnableToStart as error:
                self._wait(str(error))

    async def _start(self, first: Frame) -> LiveRun:
        """Raises UnableToStart. Another agent may write here too: a number that is taken is left to it."""
        self._last_start = time.monotonic()
        number = max([self._next_number, *[each + 1 for each in run_numbers(self.folder)]])
        self._next_number = number + 1
        run = LiveRun(self.folder, number, first, self._epoch + timedelta(seconds=first.at), self._layout)
        await run.start()
        return run

    def _wait(self, reason: str) -> None:
        """Hold what comes and try again a little later, each time a little longer."""
        log.warning("packager_waits", folder=self.folder.name, seconds=self._backoff_s, reason=reason)
        self._waiting = True
        self._again_at = time.monotonic() + self._backoff_s
        self._backoff_s = min(2 * self._backoff_s, LONGEST_BACKOFF_S)

    def _retire(self, run: LiveRun) -> None:
        self._run = None
        self._let_go()
        self._closing[run.number] = run
        task = asyncio.get_running_loop().create_task(self._close(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self, run: LiveRun) -> None:
        await run.finish()
        # Written and in no segment: ffmpeg had to be killed, or died while it was ending.
        self._hole_log.note("packager", self.ms(run.settle(())), self.ms(run.written_until))
        self._settle()
        self.compose()

    def _settle(self) -> None:
        """Runs end in the background; they become past in the order of their numbers."""
        for number, run in sorted(self._closing.items()):
            if not run.dead:
                return
            del self._closing[number]
            self._past.append(run.listing)

    async def _run_died(self, dead: LiveRun) -> None:
        """ffmpeg died: the next one begins with the first keyframe that lies in no finished segment."""
        log.warning("packager_died", folder=self.folder.name, run=dead.number)
        await dead.finish()
        self._closing[dead.number] = dead
        self._settle()
        self._forget_covered(dead)
        self._run = None
        self._waiting, self._again_at = True, 0.0
        if time.monotonic() - self._last_start < QUICK_DEATH_S or dead.torn:
            self._wait("died young")

    async def _go_on(self) -> None:
        """A new run for the held frames, from their first keyframe on."""
        first = next((frame for frame in self._recent if frame.kind == "video" and frame.key), None)
        if first is None:
            self._waiting = False  # the next keyframe begins
            self._let_go()
            return
        try:
            run = await self._start(first)
        except UnableToStart as error:
            self._wait(str(error))
            return
        # From here on nothing is awaited: the frames that came meanwhile are held too, in their order.
        self._run, self._waiting = run, False
        held, self._recent, self._held = self._recent, deque(), 0
        while held:
            if held[0].kind == "video" and held[0].key and not self._follows(held[0]):
                self._retire(run)  # another camera: what is left needs another run
                self._recent, self._held = held, sum(len(each.data) for each in held)
                self._waiting, self._again_at = True, 0.0
                return
            frame = held.popleft()
            self._hold(frame)
            run.write(frame)

    def _forget_covered(self, run: LiveRun) -> None:
        """Drop held frames that lie in finished segments; the keyframe that ended the last of them stays."""
        keys = [frame.at for frame in self._recent if frame.kind == "video" and frame.key]
        covered = run.settle(keys) - JITTER_S
        uncovered = next((at for at in keys if at >= covered), None)
        if uncovered is not None and self._recent[0].at < uncovered:
            self._recent = deque(frame for frame in self._recent if frame.at >= uncovered)
            self._held = sum(len(each.data) for each in self._recent)
