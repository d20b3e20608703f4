"""One run: one life of ffmpeg, fed with whole frames through a pipe, writing segments into a lecture's folder.

Which segments there are is read from the files (``live.agent.segments``), not from ffmpeg's playlist.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from live.agent.segments import LEFT_BEHIND_S, SegmentList
from live.core.media import playlist
from live.core.media.h264 import codec_name
from live.core.media.layout import FITTED, LECTURE, Layout
from live.core.media.matroska import Stream
from live.core.media.patience import Patience
from live.core.media.scrubber import Frame, Shape
from media.ffmpeg import ENVIRONMENT, UnableToConfine, packager_command

log = structlog.get_logger(__name__)

SEGMENT_S = 2
LOOK_S = 0.5
QUIET_S = 6.0
LONGEST_END_S = 30.0
"""A machine that has much to do ends late: ffmpeg is waited for while another segment comes every QUIET_S.

In all less than the service manager gives the agent, which must still pack the recordings (``TimeoutStopSec``).
"""
NEAR_S = 0.5
AUDIO_OVERHANG_S = 1.0
PATIENCE_S = 12 * SEGMENT_S
MOST_UNWRITTEN = 4 * 2**20
AUDIO_BIT_RATE = 48_000
LONGEST_SIDE = 1280
PICTURES_A_SECOND = 25
AAC = "mp4a.40.2"
TRANSCODED = "avc1.42c01f"
_WIDTH, _HEIGHT = FITTED
FIT = (
    f"scale={_WIDTH}:{_HEIGHT}:force_original_aspect_ratio=decrease,"
    f"pad={_WIDTH}:{_HEIGHT}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p"
)
"""Any picture in the middle of one of the same size, with nothing of it cut off."""
STEADY = f"fps={PICTURES_A_SECOND}"
"""The rate of whatever is encoded. Left to guess it from the first pictures, ffmpeg keeps its guess for the whole run.

From black, which comes five times a second, it guessed one picture a second, and the encoder, which looks ten pictures
ahead, stayed ten seconds behind. From Firefox's uneven VP8 it guessed 200, and encoded each picture eight times.
"""


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
        """Up to which second of the run the picture is there."""
        return (self.video.ends_at - self.video.started_at).total_seconds()


def run_name(number: int) -> str:
    return f"run-{number:04d}"


def audio_name(number: int) -> str:
    return f"audio-{number:04d}"


def run_numbers(folder: Path) -> list[int]:
    """The runs of which something lies in a folder, in order."""
    return sorted(int(path.stem[4:]) for path in folder.glob("run-[0-9]*.json"))


def read_listing(folder: Path, number: int) -> Listing | None:
    """A run as an earlier agent left it; None where its description is missing or cut (killed while starting).

    Half-written files of whoever wrote it are removed, unless they are so young that it may still be writing.
    """
    try:
        meta = json.loads((folder / f"{run_name(number)}.json").read_text())
        started_at = datetime.fromisoformat(meta["started_at"])
        shown = meta["codecs"], meta["width"], meta["height"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    lists = [SegmentList(folder, name(number)) for name in (run_name, audio_name)]
    # In this order: what was read is made durable before anything half-written beside it is deleted.
    for each in lists:
        each.read()
        each.secure()
        each.clear(older_than_s=LEFT_BEHIND_S)
    return _listing(number, shown, started_at, lists)


def read_past(folder: Path) -> list[Listing]:
    """All runs that lie in a folder, in order."""
    return [listing for number in run_numbers(folder) if (listing := read_listing(folder, number))]


def trimmed(listing: Listing) -> playlist.Run:
    """The sound alone, no longer than the picture: what a killed ffmpeg wrote beyond is written again by the next."""
    limit = listing.video.ends_at + timedelta(seconds=AUDIO_OVERHANG_S)
    return replace(
        listing.audio, segments=tuple(segment for segment, _at, end in listing.audio.spans() if end <= limit)
    )


def _listing(number: int, shown: tuple[str, int, int], started_at: datetime, lists: Sequence[SegmentList]) -> Listing:
    video, audio = (
        playlist.Run(f"{name(number)}-init.mp4", started_at, playlist.playable(each.segments))
        for name, each in zip((run_name, audio_name), lists, strict=True)
    )
    return Listing(number, *shown, video, audio)


def encoded_size(shape: Shape) -> tuple[int, int]:
    """Width and height after ffmpeg: what is encoded anew is no longer than LONGEST_SIDE, and of even sides."""
    if shape.codec == "h264":
        return shape.width, shape.height
    part = min(1.0, LONGEST_SIDE / max(shape.width, shape.height))
    width, height = (max(2, round(side * part / 2) * 2) for side in (shape.width, shape.height))
    return width, height


def arguments(number: int, shape: Shape, layout: Layout = LECTURE) -> list[str]:
    """ffmpeg's arguments: H.264 is copied, anything else becomes H.264; Opus becomes AAC, with and without picture.

    Pictures that are fitted become H.264 of one size whatever they were.
    """
    video = ["-c:v", "copy"]
    # Phones play H.264 by HLS and little else. A copy costs next to nothing, so only VP8 is encoded.
    if layout.fits or shape.codec != "h264":
        width, height = encoded_size(shape)
        video = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "baseline", "-pix_fmt", "yuv420p"]
        video += ["-vf", STEADY, "-s", f"{width}x{height}"] if not layout.fits else ["-vf", f"{FIT},{STEADY}"]
        video += ["-b:v", "700k", "-maxrate", "900k", "-bufsize", "1400k", "-threads", "2"]
        video += ["-force_key_frames", f"expr:gte(t,n_forced*{SEGMENT_S})", "-sc_threshold", "0"]
    if layout.fits:
        video += ["-b:v", "400k", "-maxrate", "600k", "-bufsize", "900k"]
    sound = ["-c:a", "aac", "-b:a", str(AUDIO_BIT_RATE), "-ac", "1", "-ar", "48000"]
    return [
        *("-nostdin", "-loglevel", "warning", "-y", "-probesize", "32k", "-analyzeduration", "0"),
        *("-f", "matroska", "-i", "pipe:0", "-filter_complex", f"{_mix(layout.voices)},asplit=2[a][b]"),
        *("-map", "0:v", "-map", "[a]", *video, *sound, *_hls(run_name(number))),
        *("-map", "[b]", *sound, *_hls(audio_name(number))),
    ]


def _mix(voices: int = LECTURE.voices) -> str:
    """All tracks of sound as one: each as loud as it is, and a limiter where people speak at once.

    ``level=0``: the limiter only takes away; left to itself it would make a quiet room loud. ``flags=res``: the
    resampler is there from the first packet. Made only when it is needed, it begins its clock anew (``first_pts``), and
    as much sound as had been written until then is lost.
    """
    tracks = range(voices)
    one = "aresample=async=1000:first_pts=0:flags=res"
    each = [f"[0:a:{n}]{one},aformat=channel_layouts=mono[m{n}]" for n in tracks]
    mixed = "".join(f"[m{n}]" for n in tracks) + f"amix=inputs={len(tracks)}:normalize=0"
    return ";".join([*each, f"{mixed},alimiter=limit=0.95:level=0"])


def _hls(name: str) -> list[str]:
    return [
        *("-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_list_size", "0", "-hls_segment_type", "fmp4"),
        *("-hls_fmp4_init_filename", f"{name}-init.mp4", "-hls_segment_filename", f"{name}-%05d.m4s"),
        # temp_file: a segment has its name only once it is whole, so that no reader meets half of one.
        *("-hls_flags", "independent_segments+temp_file+omit_endlist", f"{name}.m3u8"),
    ]


class UnableToStart(Exception):
    """The run cannot be begun: its number is taken by another agent, or the disk takes nothing."""


class LiveRun:
    """A run that is being written. Begins with a keyframe; ``listing`` is renewed by ``poll``."""

    def __init__(self, folder: Path, number: int, first: Frame, started_at: datetime, layout: Layout = LECTURE) -> None:
        self.number = number
        self.shape = first.shape
        self._layout = layout
        self._folder = folder
        self._stream = Stream(first, layout)
        self._started_at = started_at
        self._first_at = first.at
        self._process: asyncio.subprocess.Process | None = None
        self._written_s = 0.0
        self._progress_at = time.monotonic()
        self._settled = 0
        self.killed = False
        self._covered_until = first.at
        self._lists = [SegmentList(folder, name(number)) for name in (run_name, audio_name)]
        self.listing = _listing(number, self._shown, started_at, self._lists)

    @property
    def pid(self) -> int:
        return 0 if self._process is None else self._process.pid

    @property
    def dead(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    @property
    def torn(self) -> bool:
        """A segment was not written whole (the disk is full): what comes after it in this run cannot be used."""
        return any(each.torn for each in self._lists)

    @property
    def hung(self) -> bool:
        """Frames go in, but nothing comes out."""
        # Two signs: it takes nothing in (the pipe fills up), or takes it in and writes no segment.
        unwritten = 0 if self._stdin is None else self._stdin.transport.get_write_buffer_size()
        idle = time.monotonic() - self._progress_at > PATIENCE_S
        return unwritten > MOST_UNWRITTEN or (idle and self._written_s - self.listing.covered_s > PATIENCE_S)

    @property
    def written_until(self) -> float:
        """Up to which moment of the frames' clock frames have gone in."""
        return self._first_at + self._written_s

    def settle(self, keys: Sequence[float]) -> float:
        """Up to which moment of the frames' clock the picture lies in finished segments; ``keys``: keyframes written.

        Segments end where a keyframe begins, so each end is taken to be at the keyframe nearest to it.
        """
        for segment in self.listing.video.segments[self._settled :]:
            end = self._first_at + (segment.at or 0.0) + segment.duration
            nearest = min(keys, key=lambda at: abs(at - end), default=end)
            self._covered_until = nearest if abs(nearest - end) < NEAR_S else end
            self._settled += 1
        return self._covered_until

    @property
    def _stdin(self) -> asyncio.StreamWriter | None:
        return None if self._process is None else self._process.stdin

    async def start(self) -> None:
        """Claim the number and start ffmpeg. Raises UnableToStart."""
        self._describe()
        try:
            command = await asyncio.to_thread(
                packager_command,
                arguments(self.number, self._stream.shape, self._layout),
                protocols="file,pipe",
                rw_dir=self._folder,
            )
            with (self._folder / f"{run_name(self.number)}.log").open("wb") as output:
                self._process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    env=ENVIRONMENT,
                    # A group of its own: kill reaches the sandbox and ffmpeg in it together.
                    start_new_session=True,
                )
        except (OSError, UnableToConfine) as error:
            raise UnableToStart(str(error)) from error
        log.info("run_started", folder=self._folder.name, run=self.number, codec=self._stream.shape.codec, pid=self.pid)

    def write(self, frame: Frame) -> None:
        """Hand a frame on. What a dead process does not take is kept by the packager."""
        # No wait for ffmpeg here: a full pipe shows as ``hung``, and the packager still holds the frame.
        if self._stdin is None or self.dead or self._stdin.is_closing():
            return
        for piece in self._stream.write(frame):
            self._stdin.write(piece)
        self._written_s = max(self._written_s, frame.at - self._stream.started_at)

    def poll(self) -> bool:
        """Look for finished segments; True when there are new ones."""
        found = [each.look() for each in self._lists]
        if not any(found):
            return False
        # The clock of ``hung`` begins again with every finished segment.
        self._progress_at = time.monotonic()
        self.listing = _listing(self.number, self._shown, self._started_at, self._lists)
        return True

    def secure(self) -> None:
        """Make durable what ``poll`` found. Waits for the disk: not for the event loop's thread."""
        for each in self._lists:
            each.secure()

    async def drain(self) -> None:
        """Wait until ffmpeg has taken in what was written; for traces that are played faster than time."""
        if self._stdin is not None:
            with contextlib.suppress(ConnectionError):
                await self._stdin.drain()

    async def finish(self) -> None:
        """End the input, let ffmpeg write what it still has, kill it if it hangs; leave no half-written file."""
        if self._process is None:
            return
        if self._stdin is not None and not self._stdin.is_closing():
            for piece in self._stream.flush():
                self._stdin.write(piece)
            self._stdin.close()
        patience = Patience(time.monotonic(), quiet_s=QUIET_S, longest_s=LONGEST_END_S)
        ended = asyncio.ensure_future(self._process.wait())
        while not ended.done() and patience.holds(time.monotonic(), await asyncio.to_thread(self._output)):
            await asyncio.wait({ended}, timeout=LOOK_S)
        # Killed, its last segments are lost, and told as a hole by whoever closes the run.
        if not ended.done():
            log.warning("packager_killed_at_its_end", folder=self._folder.name, run=self.number)
            self.kill()
        await ended
        self.poll()
        await asyncio.to_thread(self._close)

    def _output(self) -> list[tuple[str, int]]:
        """What lies there of this run's segments, by name and size; grows while ffmpeg works."""
        found = []
        for name in (run_name(self.number), audio_name(self.number)):
            for path in self._folder.glob(f"{name}-*"):
                with contextlib.suppress(FileNotFoundError):  # one that was given its last name meanwhile
                    found.append((path.name, path.stat().st_size))
        return sorted(found)

    def _close(self) -> None:
        self.secure()
        for each in self._lists:
            each.clear()

    def kill(self) -> None:
        self.killed = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def _shown(self) -> tuple[str, int, int]:
        """What a master playlist says of it: codecs, width and height."""
        shape = self._stream.shape
        if self._layout.fits:
            return f"{TRANSCODED},{AAC}", *FITTED
        picture = codec_name(shape.configuration[8:]) if shape.codec == "h264" else TRANSCODED
        return f"{picture},{AAC}", *encoded_size(shape)

    def _describe(self) -> None:
        """Write what the segments do not say; the file is also the claim to the number, whoever else writes here."""
        codecs, width, height = self._shown
        started = self._started_at.isoformat()
        meta: dict[str, Any] = {"started_at": started, "width": width, "height": height, "codecs": codecs}
        path = self._folder / f"{run_name(self.number)}.json"
        try:
            # "x": of two agents in one folder the second fails here, before it writes a segment over the first one's.
            with path.open("x") as file:
                try:
                    file.write(json.dumps(meta))
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    path.unlink(missing_ok=True)
                    raise
        except OSError as error:
            raise UnableToStart(str(error)) from error
