"""Starting ffprobe and ffmpeg on files of strangers, and hearing how far they are."""

import json
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

import ffmpeg
from django.conf import settings

from media.core.boxes import boxes
from media.core.timeline import PacketReader, Track
from media.ffmpeg.faults import UnableToTranscode, classify
from media.ffmpeg.formats import SIGNATURE_BYTES, container_name, decoders, formats, sound_format
from media.ffmpeg.sandbox import ENVIRONMENT, UnableToConfine, available_cores, confined, inside, is_enclosed

MAX_PIXELS = 17_000_000
TAIL_BYTES = 8_192
PROBE_BYTES = 2_000_000
# The index of an MP4 file; a larger one is not searched for the mark of encryption.
INDEX_BYTES = 32 * 2**20
# Honest files have a handful of each; a file of nothing else is not read to its end.
BOXES_READ, TAGS_READ = 10_000, 16
BEAT_S = 0.5
PACKET_FIELDS = "packet=stream_index,pts_time,dts_time,duration_time,size,flags"
FAULT = re.compile(rb"(?:Error while decoding stream #0:|corrupt decoded frame in stream )(\d+)")
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
PACKETS = Limits(wall_s=600, cpu_s=120, memory=3 * 2**30, file_size=2**20)


def probe(path: Path) -> dict[str, Any]:
    """Return ffprobe's streams and format. Raises UnableToTranscode."""
    if not path.is_file():
        raise UnableToTranscode("source_gone")
    if path.stat().st_size == 0:
        raise UnableToTranscode("empty")
    enclosed = _is_enclosed()
    what = ["-show_format", "-show_streams", "-of", "json"]
    argv = [*_ffprobe(path, enclosed), *what, "-i", inside(path, enclosed=enclosed)]
    collected = bytearray()

    def collect(data: bytes) -> None:
        collected.extend(data)
        if len(collected) > PROBE_BYTES:
            raise UnableToTranscode("unrecognised", "the prober does not end")

    try:
        said = _supervise(
            argv, source=path, folder=None, limits=PROBING, enclosed=enclosed, on_output=collect, on_beat=lambda: None
        )
    except UnableToTranscode as error:
        raise _named(error, path) from error
    try:
        probed = json.loads(collected)
    except ValueError as error:
        raise UnableToTranscode("unrecognised") from error
    if not isinstance(probed, dict):
        raise UnableToTranscode("unrecognised")
    # The prober goes on without a picture that is over the limit, and ends as if all were well.
    if classify(0, said) == "too_big":
        probed = _within_the_limit(probed, said)
    if _is_encrypted(path):
        raise UnableToTranscode("encrypted")
    return probed


def _within_the_limit(probed: dict[str, Any], said: str) -> dict[str, Any]:
    """Without the pictures that are over the limit. Refused only where no moving picture is left of those it has."""
    streams = probed.get("streams", [])
    small = [stream for stream in streams if stream.get("codec_type") != "video" or _is_small(stream)]
    if any(map(_moves, streams)) and not any(map(_moves, small)):
        raise UnableToTranscode("too_big", said)
    return probed | {"streams": small}


def _is_small(stream: Mapping[str, Any]) -> bool:
    return 0 < int(stream.get("width") or 0) * int(stream.get("height") or 0) <= MAX_PIXELS


def _moves(stream: Mapping[str, Any]) -> bool:
    return stream.get("codec_type") == "video" and not stream.get("disposition", {}).get("attached_pic")


def read_packets(path: Path, *, has_jumps: bool, on_beat: Callable[[], None] = lambda: None) -> dict[int, Track]:
    """Return where each stream lies in time, by its number. Packets are read, nothing is decoded.

    ``has_jumps``: the container's clock may jump, as broadcast's does. Raises UnableToTranscode.
    """
    reader = PacketReader(has_jumps)
    enclosed = _is_enclosed()
    what = ["-show_entries", PACKET_FIELDS, "-of", "csv=p=0"]
    argv = [*_ffprobe(path, enclosed), *what, "-i", inside(path, enclosed=enclosed)]
    _supervise(
        argv, source=path, folder=None, limits=PACKETS, enclosed=enclosed, on_output=reader.feed, on_beat=on_beat
    )
    return reader.tracks()


def _named(error: UnableToTranscode, path: Path) -> UnableToTranscode:
    """The same refusal, but what cannot be taken for its container, or is only a part, is told as such."""
    if error.code not in {"unrecognised", "broken"}:
        return error
    if _is_cut_mp4(path):
        return UnableToTranscode("truncated", error.detail)
    with path.open("rb") as file:
        name = container_name(file.read(64))
    return UnableToTranscode(f"container:{name}", error.detail) if name else error


def _is_cut_mp4(path: Path) -> bool:
    """Whether it is an MP4 file whose last box promises more bytes than there are."""
    with path.open("rb") as file:
        found = list(islice(boxes(file), BOXES_READ))
    return bool(found) and found[0][0] == b"ftyp" and found[-1][2] > path.stat().st_size


def _is_encrypted(path: Path) -> bool:
    """Whether the index of an MP4 file says that its samples are encrypted; the demuxer does not tell."""
    with path.open("rb") as file:
        for name, content, end in islice(boxes(file), BOXES_READ):
            if name == b"moov":
                index = file.read(min(end - content, INDEX_BYTES))
                return b"schm" in index and (b"encv" in index or b"enca" in index)
    return False


def run(
    build: Callable[[Any], Any],
    *,
    source: Path,
    folder: Path,
    limits: Limits,
    on_progress: Tick,
    options: Mapping[str, str] | None = None,
    is_strict: bool = False,
    with_covers: bool = False,
) -> dict[int, int]:
    """Run ffmpeg on ``source`` in ``folder``.

    ``build`` gets the input node (ffmpeg-python) and returns the outputs, with file names relative to ``folder``; so no
    caller can leave out what makes the input safe. ``options`` are more options of the input (``ss``). ``on_progress``
    gets the seconds written so far at least every half second; what it raises ends the process. ``is_strict``: the
    first packet that cannot be decoded ends it too. ``with_covers``: still pictures may be decoded.
    Returns by stream how many packets could not be decoded cleanly. Raises UnableToTranscode.
    """
    threads = settings.MEDIA_THREADS or available_cores()
    enclosed = _is_enclosed()
    safe = _safe_input(decoders(covers=with_covers, confined=enclosed), enclosed)
    named = {"f": name} if (name := _format_of(source)) else {}
    node = build(ffmpeg.input(inside(source, enclosed=enclosed), **named, **safe, threads=threads, **(options or {})))
    switches = ["-hide_banner", "-nostdin", "-v", "repeat+warning", "-progress", "pipe:1", "-stats_period", "0.5"]
    switches += ["-xerror"] if is_strict else []
    argv = ffmpeg.compile(node.global_args(*switches), cmd="ffmpeg", overwrite_output=True)
    progress, faults = _ProgressReader(), _FaultReader()
    _supervise(
        argv,
        source=source,
        folder=folder,
        limits=limits,
        enclosed=enclosed,
        on_output=progress.feed,
        on_beat=lambda: on_progress(progress.seconds),
        on_words=faults.feed,
    )
    return faults.counts


def _is_enclosed() -> bool:
    try:
        return is_enclosed()
    except UnableToConfine as error:
        raise UnableToTranscode("no_sandbox", str(error)) from error


def _safe_input(whitelist: str, enclosed: bool) -> dict[str, str]:
    return {
        "format_whitelist": formats(confined=enclosed),
        "protocol_whitelist": "file",
        "codec_whitelist": whitelist,
        "max_pixels": str(MAX_PIXELS),
    }


def _ffprobe(path: Path, enclosed: bool) -> list[str]:
    safe = _safe_input(decoders(probing=True, confined=enclosed), enclosed)
    options = [part for name, value in safe.items() for part in (f"-{name}", value)]
    if name := _format_of(path):
        options += ["-f", name]
    return ["ffprobe", "-hide_banner", "-v", "warning", *options]


def _format_of(path: Path) -> str:
    """The format of a sound file behind an ID3 tag; empty for all else, which the prober recognises.

    It looks at a megabyte only, goes by the name's end beyond, and ours have none: a large cover in the tag would be
    searched for films.
    """
    with path.open("rb") as file:
        start = 0
        for _ in range(TAGS_READ):
            head = file.read(10)
            if len(head) < 10 or not head.startswith(b"ID3") or max(head[6:10]) >= 0x80:
                break
            a, b, c, d = head[6:10]
            has_footer = head[5] & 0x10
            start += 10 + (a << 21 | b << 14 | c << 7 | d) + (10 if has_footer else 0)
            file.seek(start)
        if not start:
            return ""
        file.seek(start)
        return sound_format(file.read(SIGNATURE_BYTES))


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
class _FaultReader:
    """Counts by stream what could not be decoded, however much of it there is."""

    counts: dict[int, int] = field(default_factory=dict)
    rest: bytes = b""

    def feed(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.rest = self.rest[-TAIL_BYTES:]
        for line in lines:
            if found := FAULT.search(line):
                stream = int(found.group(1))
                self.counts[stream] = self.counts.get(stream, 0) + 1


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
    enclosed: bool,
    on_output: Callable[[bytes], None],
    on_beat: Callable[[], None],
    on_words: Callable[[bytes], None] = lambda _words: None,
) -> str:
    """Start the confined process, feed its output on, call ``on_beat`` twice a second, end it where it must end.

    Returns what it said on standard error (beginning and end of it).
    """
    command = confined(argv, source=source, folder=folder, limits=limits.arguments(), enclosed=enclosed)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own argv, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=folder,
            env=ENVIRONMENT,
        )
    except OSError as error:
        raise UnableToTranscode("no_ffmpeg", str(error)) from error
    tail = _Tail()

    def hear(words: bytes) -> None:
        tail.feed(words)
        on_words(words)

    try:
        _listen(process, time.monotonic() + limits.wall_s, {"out": on_output, "err": hear}, on_beat)
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
