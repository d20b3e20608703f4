"""Starting ffprobe and ffmpeg on files of strangers, and hearing how far they are."""

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import ffmpeg
from django.conf import settings

from media.ffmpeg.faults import UnableToTranscode, classify
from media.ffmpeg.sandbox import available_cores, confined, inside

# Containers that hold their own media. Playlists (hls, dash, concat), images, scripts and devices are not among them.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,live_flv,asf,mp3,aac,wav,ogg,flac,amr,mpegvideo"
DECODERS = (
    "h264,hevc,vp8,vp9,libdav1d,av1,libaom-av1,mpeg4,mpeg2video,mpeg1video,msmpeg4,msmpeg4v2,wmv1,wmv2,wmv3,vc1,flv,h263,mjpeg,"
    "theora,prores,dnxhd,libvpx,libvpx-vp9,aac,aac_latm,mp3,mp3float,mp2,mp2float,opus,libopus,vorbis,flac,alac,ac3,eac3,"
    "amrnb,amrwb,wmav1,wmav2,wmapro,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_u8,pcm_alaw,pcm_mulaw"
)
MAX_PIXELS = 17_000_000
SAFE_INPUT = {
    "format_whitelist": FORMATS,
    "protocol_whitelist": "file",
    "codec_whitelist": DECODERS,
    "max_pixels": str(MAX_PIXELS),
}
TAIL_BYTES = 8_192
PROBE_BYTES = 2_000_000
BEAT_S = 0.5
Tick = Callable[[float], None]


@dataclass(frozen=True)
class Limits:
    """How much one process may use; ``wall_s`` and ``cpu_s`` in seconds, sizes in bytes."""

    wall_s: float
    cpu_s: int
    memory: int = 6 * 2**30
    file_size: int = 8 * 2**30

    def arguments(self) -> list[str]:
        return [f"--cpu={self.cpu_s}", f"--as={self.memory}", f"--fsize={self.file_size}", "--core=0", "--nofile=512"]


PROBING = Limits(wall_s=60, cpu_s=30, memory=3 * 2**30, file_size=2**20)
KEYFRAMES = Limits(wall_s=600, cpu_s=120, memory=3 * 2**30, file_size=2**20)


def probe(path: Path) -> dict[str, Any]:
    """Return ffprobe's streams and format. Raises UnableToTranscode."""
    if not path.is_file():
        raise UnableToTranscode("source_gone")
    if path.stat().st_size == 0:
        raise UnableToTranscode("empty")
    argv = [*_ffprobe(), "-show_format", "-show_streams", "-of", "json", "-i", inside(path)]
    collected = bytearray()

    def collect(data: bytes) -> None:
        collected.extend(data)
        if len(collected) > PROBE_BYTES:
            raise UnableToTranscode("unrecognised", "the prober does not end")

    said = _supervise(argv, source=path, folder=None, limits=PROBING, on_output=collect, on_beat=lambda: None)
    # The prober goes on without a picture that is over the limit, and ends as if all were well.
    if classify(0, said) == "too_big":
        raise UnableToTranscode("too_big", said)
    try:
        probed = json.loads(collected)
    except ValueError as error:
        raise UnableToTranscode("unrecognised") from error
    if not isinstance(probed, dict):
        raise UnableToTranscode("unrecognised")
    return probed


def keyframe_gap(path: Path, *, index: int, on_beat: Callable[[], None] = lambda: None) -> float | None:
    """The longest distance in seconds between keyframes of stream ``index``, to its end; None if it cannot be cut.

    Packets are read, nothing is decoded. Raises UnableToTranscode.
    """
    entries = ["-select_streams", str(index), "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"]
    reader = _KeyframeReader()
    argv = [*_ffprobe(), *entries, "-i", inside(path)]
    _supervise(argv, source=path, folder=None, limits=KEYFRAMES, on_output=reader.feed, on_beat=on_beat)
    return reader.longest()


def run(
    build: Callable[[Any], Any],
    *,
    source: Path,
    folder: Path,
    limits: Limits,
    on_progress: Tick,
    options: Mapping[str, str] | None = None,
) -> None:
    """Run ffmpeg on ``source`` in ``folder``.

    ``build`` gets the input node (ffmpeg-python) and returns the outputs, with file names relative to ``folder``; so no
    caller can leave out what makes the input safe. ``options`` are more options of the input (``ss``). ``on_progress``
    gets the seconds written so far at least every half second; what it raises ends the process.
    Raises UnableToTranscode.
    """
    threads = settings.MEDIA_THREADS or available_cores()
    node = build(ffmpeg.input(inside(source), **SAFE_INPUT, threads=threads, **(options or {})))
    switches = ("-hide_banner", "-nostdin", "-v", "warning", "-progress", "pipe:1", "-stats_period", "0.5")
    argv = ffmpeg.compile(node.global_args(*switches), cmd="ffmpeg", overwrite_output=True)
    progress = _ProgressReader()
    _supervise(
        argv,
        source=source,
        folder=folder,
        limits=limits,
        on_output=progress.feed,
        on_beat=lambda: on_progress(progress.seconds),
    )


def _ffprobe() -> list[str]:
    options = [part for name, value in SAFE_INPUT.items() for part in (f"-{name}", value)]
    return ["ffprobe", "-hide_banner", "-v", "warning", *options]


@dataclass
class _ProgressReader:
    seconds: float = 0.0
    rest: bytes = b""

    def feed(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.rest = self.rest[-TAIL_BYTES:]
        for line in lines:
            name, _, value = line.partition(b"=")
            if name == b"out_time_us" and value.strip().isdigit():
                self.seconds = max(self.seconds, int(value) / 1e6)


@dataclass
class _KeyframeReader:
    rest: bytes = b""
    first: float | None = None
    last_key: float | None = None
    last: float = 0.0
    gap: float = 0.0
    is_cuttable: bool = True

    def feed(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            fields = line.split(b",")
            if len(fields) >= 2:
                self.packet(fields[0], is_key=fields[1].startswith(b"K"))

    def packet(self, moment: bytes, *, is_key: bool) -> None:
        try:
            at = float(moment)
        except ValueError:
            self.is_cuttable = False
            return
        if self.first is None:
            self.first = at
            self.is_cuttable = is_key
        self.last = max(self.last, at)
        if is_key:
            self.gap = max(self.gap, at - (self.first if self.last_key is None else self.last_key))
            self.last_key = at

    def longest(self) -> float | None:
        if not self.is_cuttable or self.last_key is None:
            return None
        return max(self.gap, self.last - self.last_key)


@dataclass
class _Tail:
    """The last words on standard error; the flood of a broken file is not kept."""

    kept: bytes = b""
    head: bytes = field(default=b"")

    def feed(self, data: bytes) -> None:
        if len(self.head) < TAIL_BYTES:
            self.head += data[: TAIL_BYTES - len(self.head)]
        self.kept = (self.kept + data)[-TAIL_BYTES:]

    def text(self) -> str:
        return (self.head + b"\n" + self.kept if self.kept != self.head else self.head).decode(errors="replace")


def _supervise(
    argv: list[str],
    *,
    source: Path,
    folder: Path | None,
    limits: Limits,
    on_output: Callable[[bytes], None],
    on_beat: Callable[[], None],
) -> str:
    """Start the confined process, feed its output on, call ``on_beat`` twice a second, end it where it must end.

    Returns what it said on standard error (beginning and end of it).
    """
    command = confined(argv, source=source, folder=folder, limits=limits.arguments())
    try:
        process = subprocess.Popen(  # noqa: S603 - our own argv, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=folder,
        )
    except OSError as error:
        raise UnableToTranscode("no_ffmpeg", str(error)) from error
    tail = _Tail()
    try:
        _listen(process, time.monotonic() + limits.wall_s, {"out": on_output, "err": tail.feed}, on_beat)
    finally:
        _end(process)
    if process.returncode != 0:
        raise UnableToTranscode(classify(process.returncode, tail.text()), tail.text())
    return tail.text()


def _listen(
    process: "subprocess.Popen[bytes]",
    deadline: float,
    sinks: Mapping[str, Callable[[bytes], None]],
    on_beat: Callable[[], None],
) -> None:
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            selector.register(_opened(pipe), selectors.EVENT_READ, sinks[name])
        beat = time.monotonic()
        while selector.get_map():
            for key, _events in selector.select(timeout=BEAT_S):
                data = os.read(key.fd, 65_536)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
            now = time.monotonic()
            if now >= deadline:
                raise UnableToTranscode("timeout")
            if now - beat >= BEAT_S:
                beat = now
                on_beat()
    try:
        process.wait(timeout=max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise UnableToTranscode("timeout") from error


def _opened(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise TypeError("the process was started without this pipe")
    return pipe


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the whole group if it still runs, wait for it, close its pipes."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        _opened(pipe).close()
