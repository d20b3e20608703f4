"""The packager of one lecture: frames in, runs and playlists out. Nothing is lost when ffmpeg dies."""

import asyncio
import itertools
import time
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from live.agent.run import Listing, LiveRun, read_listing, sweep
from live.core import playlist
from live.core.scrubber import Frame

log = structlog.get_logger(__name__)

POLL_S = 0.2
SILENCE_S = 5.0
BACKOFF_S = 1.0
QUICK_DEATH_S = 2.0
JITTER_S = 0.02
AUDIO_OVERHANG_S = 1.0


class Packager:
    """Continues a folder that an earlier agent left. ``epoch``: the moment at which the clock of the frames reads 0.

    Frames since the last finished segment are held, and given to the next ffmpeg when one dies: a kill costs nothing.
    Unless ``keep`` (see ``stop_keeping``), segments are deleted once they have left the live window.
    """

    def __init__(self, folder: Path, *, keep: bool = True, epoch: datetime | None = None) -> None:
        self.folder = folder
        self._keep = keep
        self._protected: frozenset[str] = frozenset()
        self._epoch = epoch or datetime.now(UTC) - timedelta(seconds=time.monotonic())
        folder.mkdir(parents=True, exist_ok=True)
        numbers = sorted(int(path.stem[4:]) for path in folder.glob("run-[0-9]*.json"))
        self._next_number = numbers[-1] + 1 if numbers else 0
        self._past = [listing for number in numbers if (listing := read_listing(folder, number))]
        for listing in self._past:
            sweep(folder, listing)
        self._run: LiveRun | None = None
        self._closing: dict[int, LiveRun] = {}
        self._recent: deque[Frame] = deque()
        self._last_video_at = 0.0
        self._last_start = -QUICK_DEATH_S
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def run_pid(self) -> int:
        """The process id of the running packager process; 0 when there is none."""
        return 0 if self._run is None else self._run.pid

    async def take(self, frame: Frame) -> None:
        """One frame from the scrubber. One call at a time."""
        if frame.kind == "video":
            self._last_video_at = frame.at
            if frame.key and (self._run is None or frame.shape != self._run.shape):
                await self._begin(frame)
        if self._run is not None:
            self._recent.append(frame)
            self._run.write(frame)

    async def poll(self, now: float) -> None:
        """Look after the process and the playlists; call it every POLL_S. ``now`` on the clock of the frames."""
        async with self._lock:
            writing = [*self._closing.values(), *([self._run] if self._run else [])]
            changed = sum(run.poll() for run in writing) > 0
            if self._run is not None:
                self._forget_covered(self._run)
                if self._run.hung:
                    log.warning("packager_hung", folder=self.folder.name, run=self._run.number)
                    self._run.kill()
                if self._run.dead:
                    await self._replace(self._run)
                elif now - self._last_video_at > SILENCE_S:
                    self._retire(self._run)
        if changed:
            self.compose()
            if not self._keep:
                self._drop_outdated()

    def reopen(self) -> None:
        """More frames will come to a folder that an end may have closed: its playlists end no longer."""
        if self._past:
            self.compose()

    async def finish(self) -> None:
        """No more frames: flush, wait, and compose the final live playlists."""
        if self._run is not None:
            self._retire(self._run)
        while self._tasks:
            await asyncio.gather(*self._tasks)
        self.compose(ended=True)

    async def drain(self) -> None:
        if self._run is not None:
            await self._run.drain()

    def stop_keeping(self) -> None:
        """From now on nothing more is kept for the recording; what lies there already stays."""
        if self._keep:
            self._keep = False
            self._protected = frozenset(self._uris())

    def kept(self) -> frozenset[str]:
        """The segments that belong to the recording."""
        wanted = frozenset(self._uris()) if self._keep else self._protected
        return frozenset(uri for uri in wanted if (self.folder / uri).exists())

    def listings(self) -> list[Listing]:
        """All runs in order, up to the first that is still being written."""
        past = {listing.number for listing in self._past}
        writing = [*self._closing.values(), *([self._run] if self._run else [])]
        return [*self._past, *[run.listing for run in writing if run.number not in past][:1]]

    def tracks(self) -> tuple[list[playlist.Run], list[playlist.Run]]:
        """The runs of the picture with sound, and of the sound alone."""
        listings = self.listings()
        return [each.video for each in listings], [_trimmed(each) for each in listings]

    def compose(self, *, ended: bool = False) -> None:
        """Write the playlists that players follow, each by one rename."""
        video, audio = self.tracks()
        self._publish("live.m3u8", playlist.live(video, ended=ended))
        self._publish("audio.m3u8", playlist.live(audio, ended=ended))
        if self._keep:
            self._publish("dvr.m3u8", playlist.dvr(video, ended=ended))
        else:
            (self.folder / "dvr.m3u8").unlink(missing_ok=True)

    def _uris(self) -> list[str]:
        return [segment.uri for track in self.tracks() for run in track for segment in run.segments]

    def _drop_outdated(self) -> None:
        for track in self.tracks():
            for uri in playlist.outdated(track):
                if uri not in self._protected:
                    (self.folder / uri).unlink(missing_ok=True)

    def _publish(self, name: str, text: str | None) -> None:
        if text is not None:
            part = self.folder / f".{name}.part"
            part.write_text(text)
            part.replace(self.folder / name)

    async def _begin(self, frame: Frame) -> None:
        """A new run from this keyframe on; the one before it ends in the background."""
        async with self._lock:
            if self._run is not None:
                self._retire(self._run)
            self._recent.clear()
            self._run = await self._start(frame)

    async def _start(self, first: Frame) -> LiveRun:
        number, self._next_number = self._next_number, self._next_number + 1
        run = LiveRun(self.folder, number, first, self._epoch + timedelta(seconds=first.at))
        self._last_start = time.monotonic()
        await run.start()
        return run

    def _retire(self, run: LiveRun) -> None:
        self._run = None
        self._recent.clear()
        self._closing[run.number] = run
        task = asyncio.get_running_loop().create_task(self._close(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self, run: LiveRun) -> None:
        await run.finish()
        self._settle()
        self.compose()

    def _settle(self) -> None:
        """Runs end in the background; they become past in the order of their numbers."""
        for number, run in sorted(self._closing.items()):
            if not run.dead:
                return
            del self._closing[number]
            self._past.append(run.listing)

    async def _replace(self, dead: LiveRun) -> None:
        """ffmpeg died: the next one begins with the first keyframe that lies in no finished segment."""
        log.warning("packager_died", folder=self.folder.name, run=dead.number)
        await dead.finish()
        self._closing[dead.number] = dead
        self._settle()
        if time.monotonic() - self._last_start < QUICK_DEATH_S:
            await asyncio.sleep(BACKOFF_S)
        self._forget_covered(dead)
        first = next((frame for frame in self._recent if frame.kind == "video" and frame.key), None)
        self._run = None
        if first is not None:
            self._run = await self._start(first)
            for frame in self._recent:
                self._run.write(frame)

    def _forget_covered(self, run: LiveRun) -> None:
        """Drop held frames that lie in finished segments; the keyframe that ended the last of them stays."""
        keys = [frame.at for frame in self._recent if frame.kind == "video" and frame.key]
        covered = run.settle(keys) - JITTER_S
        uncovered = next((at for at in keys if at >= covered), None)
        if uncovered is not None:
            self._recent = deque(frame for frame in self._recent if frame.at >= uncovered)


def _trimmed(listing: Listing) -> playlist.Run:
    """The sound alone, no longer than the picture: what a killed ffmpeg wrote beyond is written again by the next."""
    ends = itertools.accumulate(segment.duration for segment in listing.audio.segments)
    limit = listing.covered_s + AUDIO_OVERHANG_S
    kept = tuple(segment for segment, end in zip(listing.audio.segments, ends, strict=True) if end <= limit)
    return replace(listing.audio, segments=kept)
