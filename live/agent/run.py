"""One run: one life of ffmpeg, fed with whole frames through a pipe, writing segments into a lecture's folder."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from live.core import playlist
from live.core.h264 import codec_name
from live.core.matroska import Stream
from live.core.scrubber import Frame, Shape
from media.ffmpeg import packager_command

log = structlog.get_logger(__name__)

SEGMENT_S = 2
FLUSH_S = 3.0
NEAR_S = 0.5
MOST_UNWRITTEN = 4 * 2**20
AUDIO_BIT_RATE = 48_000
AAC = "mp4a.40.2"
TRANSCODED = "avc1.42c01f"


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in the folder of one run: the playlist of the picture with sound, and that of the sound alone."""

    number: int
    codecs: str
    width: int
    height: int
    video: playlist.Run
    audio: playlist.Run

    @property
    def covered_s(self) -> float:
        return sum(segment.duration for segment in self.video.segments)


def run_name(number: int) -> str:
    return f"run-{number:04d}"


def audio_name(number: int) -> str:
    return f"audio-{number:04d}"


def read_listing(folder: Path, number: int) -> Listing | None:
    """The run as it lies on disk; None where its description is missing or cut (killed while starting)."""
    try:
        meta = json.loads((folder / f"{run_name(number)}.json").read_text())
        started_at = datetime.fromisoformat(meta["started_at"])
        video, audio = (
            playlist.Run(f"{name}-init.mp4", started_at, _segments(folder / f"{name}.m3u8"))
            for name in (run_name(number), audio_name(number))
        )
        return Listing(number, meta["codecs"], meta["width"], meta["height"], video, audio)
    except (OSError, ValueError, KeyError):
        return None


def _segments(path: Path) -> tuple[playlist.Segment, ...]:
    return playlist.read_segments(path.read_text()) if path.exists() else ()


def arguments(number: int, shape: Shape) -> list[str]:
    """ffmpeg's arguments: H.264 is copied, anything else becomes H.264; Opus becomes AAC, with and without picture."""
    video = ["-c:v", "copy"]
    if shape.codec != "h264":
        video = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "baseline", "-pix_fmt", "yuv420p"]
        video += ["-b:v", "700k", "-maxrate", "900k", "-bufsize", "1400k", "-threads", "2"]
        video += ["-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_S})", "-sc_threshold", "0"]
    sound = ["-c:a", "aac", "-b:a", str(AUDIO_BIT_RATE), "-ac", "1", "-ar", "48000"]
    return [
        *("-nostdin", "-loglevel", "warning", "-y", "-probesize", "32k", "-analyzeduration", "0"),
        *("-f", "matroska", "-i", "pipe:0", "-filter_complex", "[0:a]aresample=async=1000:first_pts=0,asplit=2[a][b]"),
        *("-map", "0:v", "-map", "[a]", *video, *sound, *_hls(run_name(number))),
        *("-map", "[b]", *sound, *_hls(audio_name(number))),
    ]


def _hls(name: str) -> list[str]:
    return [
        *("-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_list_size", "0", "-hls_segment_type", "fmp4"),
        *("-hls_fmp4_init_filename", f"{name}-init.mp4", "-hls_segment_filename", f"{name}-%05d.m4s"),
        *("-hls_flags", "independent_segments+temp_file+omit_endlist", f"{name}.m3u8"),
    ]


class LiveRun:
    """A run that is being written. Begins with a keyframe; ``listing`` is renewed by ``poll``."""

    def __init__(self, folder: Path, number: int, first: Frame, started_at: datetime) -> None:
        self.number = number
        self.shape = first.shape
        self._folder = folder
        self._stream = Stream(first)
        self._started_at = started_at
        self._process: asyncio.subprocess.Process | None = None
        self._stamp = [0, 0]
        self._written_s = 0.0
        self._settled = 0
        self._covered_until = first.at
        self.listing = Listing(number, "", 0, 0, playlist.Run("", started_at, ()), playlist.Run("", started_at, ()))

    @property
    def pid(self) -> int:
        return 0 if self._process is None else self._process.pid

    @property
    def dead(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    @property
    def hung(self) -> bool:
        """Frames go in, but nothing comes out."""
        unwritten = 0 if self._stdin is None else self._stdin.transport.get_write_buffer_size()
        return unwritten > MOST_UNWRITTEN or self._written_s - self.listing.covered_s > 12 * SEGMENT_S

    def settle(self, keys: Sequence[float]) -> float:
        """Up to which moment of the arrival clock the picture lies in finished segments; ``keys``: keyframes written.

        Segments end where a keyframe begins, so each end is taken to be at the keyframe nearest to it: durations in a
        playlist are rounded, and errors would add up over a lecture.
        """
        for segment in self.listing.video.segments[self._settled :]:
            end = self._covered_until + segment.duration
            nearest = min(keys, key=lambda at: abs(at - end), default=end)
            self._covered_until = nearest if abs(nearest - end) < NEAR_S else end
            self._settled += 1
        return self._covered_until

    @property
    def _stdin(self) -> asyncio.StreamWriter | None:
        return None if self._process is None else self._process.stdin

    async def start(self) -> None:
        self._describe()
        command = packager_command(
            arguments(self.number, self._stream.shape), protocols="file,pipe", rw_dir=self._folder
        )
        with (self._folder / f"{run_name(self.number)}.log").open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )
        log.info("run_started", folder=self._folder.name, run=self.number, codec=self._stream.shape.codec, pid=self.pid)

    def write(self, frame: Frame) -> None:
        """Hand a frame on. What a dead process does not take is kept by the packager."""
        if self._stdin is None or self.dead or self._stdin.is_closing():
            return
        for piece in self._stream.write(frame):
            self._stdin.write(piece)
        self._written_s = max(self._written_s, frame.at - self._stream.started_at)

    def poll(self) -> bool:
        """Look for finished segments; True when there are new ones."""
        stamp = [_stamp(self._folder / f"{name(self.number)}.m3u8") for name in (run_name, audio_name)]
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self.listing = read_listing(self._folder, self.number) or self.listing
        return True

    async def drain(self) -> None:
        """Wait until ffmpeg has taken in what was written; for traces that are played faster than time."""
        if self._stdin is not None:
            with contextlib.suppress(ConnectionError):
                await self._stdin.drain()

    async def finish(self, timeout_s: float = FLUSH_S) -> None:
        """End the input, let ffmpeg write its last segment, kill it if it does not end; leave no unlisted piece."""
        if self._process is None:
            return
        if self._stdin is not None and not self._stdin.is_closing():
            for piece in self._stream.flush():
                self._stdin.write(piece)
            self._stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), timeout_s)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        self.poll()
        sweep(self._folder, self.listing)

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _describe(self) -> None:
        shape = self._stream.shape
        h264 = shape.codec == "h264"
        meta: dict[str, Any] = {
            "started_at": self._started_at.isoformat(),
            "width": shape.width,
            "height": shape.height,
            "codecs": f"{codec_name(shape.configuration[8:]) if h264 else TRANSCODED},{AAC}",
        }
        (self._folder / f"{run_name(self.number)}.json").write_text(json.dumps(meta))


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def sweep(folder: Path, listing: Listing) -> None:
    """Remove what a killed ffmpeg left of a run: pieces that no playlist names."""
    named = {segment.uri for run in (listing.video, listing.audio) for segment in run.segments}
    for name in (run_name(listing.number), audio_name(listing.number)):
        for path in folder.glob(f"{name}-*"):
            if path.name not in named and not path.name.endswith("-init.mp4"):
                path.unlink(missing_ok=True)
        (folder / f"{name}.m3u8.tmp").unlink(missing_ok=True)
