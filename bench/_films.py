"""Films for the benchmarks of the pipeline, and processor time of ffmpeg's processes."""

import os
import resource
import subprocess
from pathlib import Path

from media import transcoder
from media.core.ladder import Phase
from media.ffmpeg import sandbox

HLS = "-f hls -hls_time 4 -hls_list_size 0 -hls_segment_type fmp4"
# The processor time of what runs inside bubblewrap is not handed to the parent; nothing else differs.
sandbox.sandbox_state = lambda: "measured without"


def make(path: Path, arguments: str) -> Path:
    """Run ffmpeg with ``arguments``, writing ``path``."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments.split(), str(path)], check=True)
    return path


def rung_alone(source: Path, folder: Path, *, side: int, kbits: int) -> None:
    """The peer: one picture rung with its sound by one plain ffmpeg, as a script for a ladder makes each."""
    folder.mkdir()
    picture = f"-vf scale=-2:{side} -c:v libx264 -preset veryfast -bf 0 -crf 23"
    picture += f" -maxrate {kbits}k -bufsize {2 * kbits}k"
    make(folder / "a.m3u8", f"-i {source} {picture} -g 100 -c:a aac -b:a 64k {HLS}")


def encode(source: Path, folder: Path, *, phase: Phase, earlier: Path | None = None) -> transcoder.Outcome:
    return transcoder.encode(source, folder, on_tick=lambda _percent: None, phase=phase, earlier=earlier)


def processor_seconds() -> float:
    """What all ended children have used so far, and this process itself."""
    usage, own = resource.getrusage(resource.RUSAGE_CHILDREN), os.times()
    return usage.ru_utime + usage.ru_stime + own.user + own.system
