"""What a prober said about a file, as facts. Pure: the input is ffprobe's JSON, already decoded."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
QUARTER_TURNS = frozenset({90, 270})
# Its colours are in a space of its own, without a layer that anything else can show.
DOLBY_VISION_ALONE = 5


class UnableToPlayBack(Exception):
    """``code``: nothing (neither picture nor sound), codec (with its ``name``) or dolby_vision."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.name = name


@dataclass(frozen=True)
class Picture:
    """The moving picture. ``width`` and ``height`` are as shown: turned, and with square pixels.

    ``duration_s`` is what the stream says of itself, 0 where it does not.
    """

    index: int
    codec: str
    profile: str
    level: int
    pixel_format: str
    width: int
    height: int
    square: bool
    turned: bool
    rate: Fraction
    steady: bool
    bit_rate: int
    hdr: bool
    interlaced: bool
    duration_s: float = 0.0


@dataclass(frozen=True)
class Sound:
    """The sound track."""

    index: int
    codec: str
    profile: str
    channels: int
    sample_rate: int
    bit_rate: int


@dataclass(frozen=True)
class Source:
    """A file's facts. ``duration_s`` is what the streams say, else the container, and 0 where neither does.

    ``start_s`` is the container's first moment, with which players begin. ``cover``: a still beside the sound.
    """

    container: str
    duration_s: float
    bit_rate: int
    picture: Picture | None
    sound: Sound | None
    start_s: float = 0.0
    cover: Picture | None = None


def read_facts(probed: Mapping[str, Any], *, codecs: Container[str] | None = None) -> Source:
    """Return the facts of the streams that will be used; others do not matter.

    Of several pictures or sounds the default one among ``codecs`` (None: all) is taken, else the first of them.
    Raises UnableToPlayBack.
    """
    streams = probed.get("streams", [])
    outer = probed.get("format", {})
    pictures = [stream for stream in streams if stream.get("codec_type") == "video" and _size(stream)]
    covers = [stream for stream in pictures if _is_cover(stream)]
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio" and stream.get("channels")]
    seen = _chosen([stream for stream in pictures if not _is_cover(stream)], codecs)
    heard = _chosen(sounds, codecs)
    if seen is None and heard is None:
        raise UnableToPlayBack("nothing")
    if seen is not None and _dolby_profile(seen) == DOLBY_VISION_ALONE:
        raise UnableToPlayBack("dolby_vision")
    stated = max((_number(stream.get("duration")) for stream in (seen, heard) if stream is not None), default=0.0)
    return Source(
        str(outer.get("format_name", "")),
        stated or _number(outer.get("duration")),
        int(_number(outer.get("bit_rate"))),
        _picture(seen) if seen is not None else None,
        _sound(heard) if heard is not None else None,
        _number(outer.get("start_time")),
        _picture(covers[0]) if covers else None,
    )


def _chosen(streams: Sequence[Mapping[str, Any]], codecs: Container[str] | None) -> Mapping[str, Any] | None:
    """The stream to take, or None where there is none at all. Raises UnableToPlayBack if none can be decoded."""
    taken = [stream for stream in streams if codecs is None or str(stream.get("codec_name", "")) in codecs]
    if streams and not taken:
        raise UnableToPlayBack("codec", _codec_name(streams[0]))
    return next((stream for stream in taken if stream.get("disposition", {}).get("default")), next(iter(taken), None))


def _codec_name(stream: Mapping[str, Any]) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", str(stream.get("codec_name", "")))[:20]


def _dolby_profile(stream: Mapping[str, Any]) -> int:
    """The Dolby Vision profile, 0 without; one that also carries a usual picture says so by its compatibility."""
    for side in stream.get("side_data_list", []):
        if "dv_profile" in side and not int(_number(side.get("dv_bl_signal_compatibility_id"))):
            return int(_number(side["dv_profile"]))
    return 0


def _is_cover(stream: Mapping[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _size(stream: Mapping[str, Any]) -> bool:
    return bool(int(stream.get("width") or 0) and int(stream.get("height") or 0))


def _picture(stream: Mapping[str, Any]) -> Picture:
    width, height = int(stream["width"]), int(stream["height"])
    aspect = _ratio(stream.get("sample_aspect_ratio"), ":") or Fraction(1)
    turn = _turn(stream)
    shown = (max(2, round(width * aspect)), height)
    if turn in QUARTER_TURNS:
        shown = (shown[1], shown[0])
    average, base = _ratio(stream.get("avg_frame_rate"), "/"), _ratio(stream.get("r_frame_rate"), "/")
    return Picture(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name", "")),
        profile=str(stream.get("profile", "")),
        level=int(stream.get("level") or 0),
        pixel_format=str(stream.get("pix_fmt", "")),
        width=shown[0],
        height=shown[1],
        square=aspect == 1,
        turned=turn != 0,
        rate=average or base or Fraction(25),
        steady=bool(average) and average == base,
        bit_rate=int(_number(stream.get("bit_rate"))),
        hdr=stream.get("color_transfer") in HDR_TRANSFERS,
        interlaced=stream.get("field_order", "progressive") in {"tt", "bb", "tb", "bt"},
        duration_s=_number(stream.get("duration")),
    )


def _sound(stream: Mapping[str, Any]) -> Sound:
    return Sound(
        index=int(stream["index"]),
        codec=str(stream.get("codec_name", "")),
        profile=str(stream.get("profile", "")),
        channels=int(stream["channels"]),
        sample_rate=int(_number(stream.get("sample_rate"))),
        bit_rate=int(_number(stream.get("bit_rate"))),
    )


def _turn(stream: Mapping[str, Any]) -> int:
    for side in stream.get("side_data_list", []):
        if "rotation" in side:
            return int(_number(side["rotation"])) % 360
    return 0


def _number(value: object) -> float:
    """A finite number from the prober's text; 0 for everything else."""
    try:
        number = float(str(value))
    except ValueError:
        return 0.0
    return number if 0 <= abs(number) < 1e15 else 0.0


def _ratio(value: object, separator: str) -> Fraction | None:
    numerator, found, denominator = str(value).partition(separator)
    if not found or not numerator.isdecimal() or not denominator.isdecimal():
        return None
    if not int(numerator) or not int(denominator):
        return None
    return Fraction(int(numerator), int(denominator))
