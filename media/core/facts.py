"""What a prober said about a file, as facts. Pure: the input is ffprobe's JSON, already decoded."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

HDR_TRANSFERS = frozenset({"smpte2084", "arib-std-b67"})
QUARTER_TURNS = frozenset({90, 270})


class UnableToPlayBack(Exception):
    """Nothing in the file can be seen or heard."""


@dataclass(frozen=True)
class Picture:
    """The first moving picture. ``width`` and ``height`` are as shown: turned, and with square pixels."""

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


@dataclass(frozen=True)
class Sound:
    """The first sound track."""

    index: int
    codec: str
    profile: str
    channels: int
    sample_rate: int
    bit_rate: int


@dataclass(frozen=True)
class Source:
    """A file's facts. ``duration_s`` is 0 where the container does not say."""

    container: str
    duration_s: float
    bit_rate: int
    picture: Picture | None
    sound: Sound | None


def read_facts(probed: Mapping[str, Any]) -> Source:
    """Return the facts. Raises UnableToPlayBack where there is neither picture nor sound."""
    streams = probed.get("streams", [])
    outer = probed.get("format", {})
    pictures = [stream for stream in streams if stream.get("codec_type") == "video" and not _is_cover(stream)]
    sounds = [stream for stream in streams if stream.get("codec_type") == "audio" and stream.get("channels")]
    picture = _picture(pictures[0]) if pictures else None
    sound = _sound(sounds[0]) if sounds else None
    if picture is None and sound is None:
        raise UnableToPlayBack
    durations = [_number(outer.get("duration")), *(_number(stream.get("duration")) for stream in (*pictures, *sounds))]
    return Source(
        str(outer.get("format_name", "")), max(durations), int(_number(outer.get("bit_rate"))), picture, sound
    )


def _is_cover(stream: Mapping[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _picture(stream: Mapping[str, Any]) -> Picture | None:
    width, height = int(stream.get("width") or 0), int(stream.get("height") or 0)
    if not width or not height:
        return None
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
