"""Reading media playlists that we made, and writing the master playlist. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

AAC_LC = "mp4a.40.2"
# The names of what lies in a video's folder.
MASTER, POSTER, AUDIO, STORYBOARD = "master.m3u8", "poster.jpg", "audio.m3u8", "storyboard.jpg"


class UnableToReadPlaylist(Exception):
    """Not a finished media playlist of ours."""


@dataclass(frozen=True)
class Segment:
    """``begins_anew``: its moments do not go on from the segment before."""

    uri: str
    duration_s: float
    init: str
    begins_anew: bool = False


@dataclass(frozen=True)
class Variant:
    """One line of the master playlist; bit rates in bits a second, measured on the segments."""

    uri: str
    peak: int
    average: int
    codecs: tuple[str, ...] = field(default=())
    width: int = 0
    height: int = 0
    rate: float = 0.0


def read_segments(text: str) -> list[Segment]:
    """Return the segments of a media playlist, each with the init file in force. Raises UnableToReadPlaylist."""
    if not text.startswith("#EXTM3U"):
        raise UnableToReadPlaylist
    segments: list[Segment] = []
    init, duration, begins_anew = "", 0.0, False
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP:"):
            init = line.partition('URI="')[2].partition('"')[0]
        elif line == "#EXT-X-DISCONTINUITY":
            begins_anew = True
        elif line.startswith("#EXTINF:"):
            try:
                duration = float(line[8:].split(",")[0])
            except ValueError as error:
                raise UnableToReadPlaylist from error
        elif line and not line.startswith("#"):
            segments.append(Segment(line, duration, init, begins_anew))
            begins_anew = False
    if not segments:
        raise UnableToReadPlaylist
    return segments


def read_variants(text: str) -> list[tuple[dict[str, str], str]]:
    """Return (attributes, address) of each variant of a master playlist; none for a media playlist."""
    lines = text.splitlines()
    return [
        (_attributes(line.partition(":")[2]), uri)
        for line, uri in pairwise(lines)
        if line.startswith("#EXT-X-STREAM-INF:")
    ]


def write_master(variants: Sequence[Variant]) -> str:
    """Return the master playlist; the first variant is where native players start."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant in variants:
        values = [
            f"BANDWIDTH={variant.peak}",
            f"AVERAGE-BANDWIDTH={variant.average}",
            f'CODECS="{",".join(variant.codecs)}"',
        ]
        if variant.width:
            values.append(f"RESOLUTION={variant.width}x{variant.height}")
            values.append(f"FRAME-RATE={variant.rate:.3f}")
        lines += ["#EXT-X-STREAM-INF:" + ",".join(values), variant.uri]
    return "\n".join(lines) + "\n"


def bit_rates(sizes: Sequence[int], durations: Sequence[float]) -> tuple[int, int]:
    """Peak and average bits a second of segments; a short last segment does not make a peak of its own."""
    total = sum(durations)
    average = round(sum(sizes) * 8 / total) if total > 0 else 0
    longest = max(durations, default=0.0)
    full = [
        round(size * 8 / duration)
        for size, duration in zip(sizes, durations, strict=True)
        if duration > 0 and duration >= longest / 2
    ]
    return max([average, *full]), average


def avc_codec(init: bytes) -> str:
    """``avc1.PPCCLL`` from the avcC box of an init file; empty where there is none."""
    at = init.find(b"avcC")
    record = init[at + 5 : at + 8] if at >= 0 else b""
    return f"avc1.{record.hex()}" if len(record) == 3 else ""


def _attributes(text: str) -> dict[str, str]:
    """``A=1,B="x,y"`` as a dictionary."""
    found: dict[str, str] = {}
    rest = text
    while rest:
        name, _, rest = rest.partition("=")
        if rest.startswith('"'):
            value, _, rest = rest[1:].partition('"')
            rest = rest.removeprefix(",")
        else:
            value, _, rest = rest.partition(",")
        found[name.strip()] = value
    return found
