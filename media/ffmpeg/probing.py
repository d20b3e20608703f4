"""What is in a file: ffprobe, and what it does not tell."""

import json
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from media.core.boxes import boxes
from media.core.timeline import PacketReader, Track
from media.ffmpeg.faults import UnableToTranscode, classify
from media.ffmpeg.formats import container_name, decoders
from media.ffmpeg.inputs import MAX_PIXELS, format_of, is_enclosed_or_refused, safe_input
from media.ffmpeg.process import Limits, supervise
from media.ffmpeg.sandbox import inside

PROBE_BYTES = 2_000_000
# The index of an MP4 file; a larger one is not searched for the mark of encryption.
INDEX_BYTES = 32 * 2**20
BOXES_READ = 10_000  # honest files have a handful; a file of nothing else is not read to its end
PACKET_FIELDS = "packet=stream_index,pts_time,dts_time,duration_time,size,flags"
PROBING = Limits(wall_s=60, cpu_s=30, memory=3 * 2**30, file_size=2**20)
PACKETS = Limits(wall_s=600, cpu_s=120, memory=3 * 2**30, file_size=2**20)


def probe(path: Path) -> dict[str, Any]:
    """Return ffprobe's streams and format. Raises UnableToTranscode."""
    if not path.is_file():
        raise UnableToTranscode("source_gone")
    if path.stat().st_size == 0:
        raise UnableToTranscode("empty")
    enclosed = is_enclosed_or_refused()
    what = ["-show_format", "-show_streams", "-of", "json"]
    argv = [*_ffprobe(path, enclosed), *what, "-i", inside(path, enclosed=enclosed)]
    collected = bytearray()

    def collect(data: bytes) -> None:
        collected.extend(data)
        if len(collected) > PROBE_BYTES:
            raise UnableToTranscode("unrecognised", "the prober does not end")

    try:
        said = supervise(
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
    enclosed = is_enclosed_or_refused()
    what = ["-show_entries", PACKET_FIELDS, "-of", "csv=p=0"]
    argv = [*_ffprobe(path, enclosed), *what, "-i", inside(path, enclosed=enclosed)]
    supervise(argv, source=path, folder=None, limits=PACKETS, enclosed=enclosed, on_output=reader.feed, on_beat=on_beat)
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


def _ffprobe(path: Path, enclosed: bool) -> list[str]:
    safe = safe_input(decoders(probing=True, confined=enclosed), enclosed)
    options = [part for name, value in safe.items() for part in (f"-{name}", value)]
    if name := format_of(path):
        options += ["-f", name]
    return ["ffprobe", "-hide_banner", "-v", "warning", *options]
