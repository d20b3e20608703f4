"""ffmpeg at work on a file: how far it is, and what of it could not be decoded."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg
from django.conf import settings

from media.ffmpeg.formats import decoders
from media.ffmpeg.inputs import format_of, is_enclosed_or_refused, safe_input
from media.ffmpeg.process import TAIL_BYTES, Limits, supervise
from media.ffmpeg.sandbox import available_cores, inside

FAULT = re.compile(rb"(?:Error while decoding stream #0:|corrupt decoded frame in stream )(\d+)")
Tick = Callable[[float], None]


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
    enclosed = is_enclosed_or_refused()
    safe = safe_input(decoders(covers=with_covers, confined=enclosed), enclosed)
    named = {"f": name} if (name := format_of(source)) else {}
    node = build(ffmpeg.input(inside(source, enclosed=enclosed), **named, **safe, threads=threads, **(options or {})))
    switches = ["-hide_banner", "-nostdin", "-v", "repeat+warning", "-progress", "pipe:1", "-stats_period", "0.5"]
    switches += ["-xerror"] if is_strict else []
    argv = ffmpeg.compile(node.global_args(*switches), cmd="ffmpeg", overwrite_output=True)
    progress, faults = _ProgressReader(), _FaultReader()
    supervise(
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
