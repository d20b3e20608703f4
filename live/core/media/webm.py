"""What a browser's MediaRecorder writes (WebM or Matroska), taken apart as it comes: whole frames out. Pure.

Read here and not by a demuxer of ffmpeg's: what a browser sends is a stranger's file, and a few kinds of elements are
all that recorders write. Everything else is skipped, or refused with a word for the lecturer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from . import h264, opus, vp8
from .h264 import Broken
from .scrubber import Kind, Shape

MOST_FRAME = 2**20
"""Bytes of one frame, and of anything else that must be there as a whole."""
MOST_SKIPPED = 2**22
MOST_UNITS = 256
MOST_SIDE, MOST_PIXELS = 1920, 1920 * 1088
MOST_S = 86_400.0
EBML, SEGMENT, CLUSTER, TRACKS, INFO = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1654AE6B, 0x1549A966
TRACK, TIME, SCALE, SIMPLE, GROUP, BLOCK = 0xAE, 0xE7, 0x2AD7B1, 0xA3, 0xA0, 0xA1
NUMBER, TYPE, CODEC, PRIVATE, ENCODINGS = 0xD7, 0x83, 0x86, 0x63A2, 0x6D80
ENTERED = frozenset({SEGMENT, CLUSTER, TRACKS, INFO, GROUP})
NEEDED = frozenset({TRACK, TIME, SCALE, SIMPLE, BLOCK})
PICTURES = {b"V_VP8": "vp8", b"V_MPEG4/ISO/AVC": "h264"}
SOUND = b"A_OPUS"
HEAD_BYTES = 12


class UnableToRead(Exception):
    """This is no recording that we take. ``code``: "not_media", "codec" or "too_big"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame of the picture, or one packet of sound. ``at``: seconds since the recording began."""

    kind: Kind
    at: float
    data: bytes
    key: bool = True
    shape: Shape | None = None


class Unpacker:
    """One recording, from its first byte on; in pieces of any size. After ``UnableToRead`` it is of no use any more."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._skip = 0
        self._began = False
        self._scale_s = 0.001
        self._cluster = 0
        self._tracks: dict[int, Kind] = {}
        self._picture: Picture | None = None

    def feed(self, piece: bytes) -> Iterator[Sample]:
        """What is whole with this piece. Raises UnableToRead."""
        self._waiting += piece
        while True:
            if self._skip:
                gone = min(self._skip, len(self._waiting))
                del self._waiting[:gone]
                self._skip -= gone
            head = _head(self._waiting)
            if self._skip or head is None:
                return
            name, size, begins = head
            if self._began == (name == EBML):
                raise UnableToRead("not_media")
            self._began = True
            if name in ENTERED:
                del self._waiting[:begins]
                continue
            # Only what is entered may end at nobody knows where.
            if size is None or size > (MOST_FRAME if name in NEEDED else MOST_SKIPPED):
                raise UnableToRead("not_media" if size is None or name not in NEEDED else "too_big")
            if name not in NEEDED:
                self._skip = begins + size
                continue
            if len(self._waiting) < begins + size:
                return
            body = bytes(self._waiting[begins : begins + size])
            del self._waiting[: begins + size]
            yield from self._take(name, body)

    def _take(self, name: int, body: bytes) -> Iterator[Sample]:
        if name == TRACK:
            self._add_track(body)
        elif name == TIME:
            self._cluster = _number(body)
        elif name == SCALE:
            self._scale_s = _number(body) / 1e9
        else:
            yield from self._block(body)

    def _add_track(self, body: bytes) -> None:
        """The first picture and the first sound; a recorder writes no more. Raises UnableToRead."""
        found = dict(_children(body))
        kinds: dict[int, Kind] = {1: "video", 2: "audio"}
        kind = kinds.get(_number(found.get(TYPE, b"")))
        if kind is None or kind in self._tracks.values():
            return
        codec = found.get(CODEC, b"").rstrip(b"\0")
        known = PICTURES.get(codec) if kind == "video" else "opus" if codec == SOUND else None
        if known is None or ENCODINGS in found:
            raise UnableToRead("codec")
        self._tracks[_number(found.get(NUMBER, b""))] = kind
        if kind == "video":
            self._picture = Picture(known, found.get(PRIVATE, b""))

    def _block(self, body: bytes) -> Iterator[Sample]:
        number, begins = _size(body, 0)
        kind = self._tracks.get(number or 0)
        if kind is None or len(body) < begins + 3:
            return
        if body[begins + 2] & 0x06:
            raise UnableToRead(
                "not_media"
            )  # several frames laced into one block: of sound only, and never by recorders
        ticks = self._cluster + int.from_bytes(body[begins : begins + 2], "big", signed=True)
        at, data = ticks * self._scale_s, body[begins + 3 :]
        if not 0 <= at <= MOST_S:
            raise UnableToRead("not_media")
        if kind == "audio":
            if opus.duration(data):
                yield Sample("audio", at, data)
        elif self._picture is not None and (found := self._picture.frame(data)) is not None:
            yield Sample("video", at, *found)


class Picture:
    """The frames of the picture as samples, from the first keyframe on. ``private``: what the track says of them."""

    def __init__(self, codec: str, private: bytes) -> None:
        self._codec = codec
        self._shape: Shape | None = None
        self._length_bytes = 0
        self._sets: dict[int, bytes] = {}
        if codec == "h264" and private:
            self._read_configuration(private)

    def frame(self, data: bytes) -> tuple[bytes, bool, Shape] | None:
        """The sample, whether it is a keyframe, and the shape in force; None for what cannot be shown.

        Raises UnableToRead.
        """
        try:
            sample, key = self._vp8(data) if self._codec == "vp8" else self._h264(data)
        except (Broken, IndexError):
            return None
        if not sample or self._shape is None:
            return None
        return sample, key, self._shape

    def _vp8(self, data: bytes) -> tuple[bytes, bool]:
        if not data or not vp8.is_key(data):
            return data, False
        size = vp8.dimensions(data)
        self._shape = _checked(Shape("vp8", size.width, size.height))
        return data, True

    def _h264(self, data: bytes) -> tuple[bytes, bool]:
        units = _counted(data, self._length_bytes) if self._length_bytes else _started(data)
        kinds = {h264.kind_of(unit): unit for unit in units}
        self._sets.update({kind: kinds[kind] for kind in (h264.SPS, h264.PPS) if kind in kinds})
        key = h264.IDR in kinds
        if key and len(self._sets) == 2:
            sps, pps = self._sets[h264.SPS], self._sets[h264.PPS]
            size = h264.dimensions(sps)
            self._shape = _checked(Shape("h264", size.width, size.height, h264.configuration(sps, pps)))
        return h264.sample(units), key

    def _read_configuration(self, private: bytes) -> None:
        """avcC (ISO 14496-15): how lengths are written, and the parameter sets. Raises UnableToRead."""
        try:
            self._length_bytes, at = (private[4] & 3) + 1, 5
            for kind, mask in ((h264.SPS, 31), (h264.PPS, 255)):
                how_many, at = private[at] & mask, at + 1
                for _ in range(how_many):
                    begins = at + 2
                    at = begins + int.from_bytes(private[at:begins], "big")
                    self._sets[kind] = private[begins:at]
            self._sets = {kind: unit for kind, unit in self._sets.items() if unit}
        except IndexError as error:
            raise UnableToRead("not_media") from error


def _checked(shape: Shape) -> Shape:
    """Raises UnableToRead: a larger picture costs the server more than one lecture may."""
    if max(shape.width, shape.height) > MOST_SIDE or shape.width * shape.height > MOST_PIXELS:
        raise UnableToRead("too_big")
    return shape


def _counted(data: bytes, length_bytes: int) -> list[bytes]:
    """The units of a frame, each after its length. Raises Broken."""
    units: list[bytes] = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + length_bytes], "big")
        unit = data[at + length_bytes : at + length_bytes + length]
        if not unit or len(unit) != length or len(units) == MOST_UNITS:
            raise Broken("a unit is cut")
        units.append(unit)
        at += length_bytes + length
    return units


def _started(data: bytes) -> list[bytes]:
    """The units of a frame, each after a start code (ITU-T H.264, annex B). Raises Broken."""
    parts = data.split(b"\x00\x00\x01", MOST_UNITS)
    if parts[0].strip(b"\x00") or len(parts) > MOST_UNITS:
        raise Broken("no start code")
    return [unit for part in parts[1:] if (unit := part.rstrip(b"\x00"))]


def _head(data: bytes | bytearray) -> tuple[int, int | None, int] | None:
    """An element's name, its size (None: unknown) and where its content begins; None: more must come."""
    if not data:
        return None
    length = 9 - data[0].bit_length()
    if length > 4:
        raise UnableToRead("not_media")
    if len(data) <= length:
        return None
    if not data[length]:
        raise UnableToRead("not_media")
    size, begins = _size(data, length)
    return None if begins > len(data) else (int.from_bytes(data[:length], "big"), size, begins)


def _size(data: bytes | bytearray, at: int) -> tuple[int | None, int]:
    """A number of variable length, None where it says "unknown", and where it ends; behind the end where it is cut."""
    length = 9 - data[at].bit_length() if at < len(data) and data[at] else HEAD_BYTES
    if at + length > len(data):
        return None, at + length
    value = int.from_bytes(data[at : at + length], "big") - (1 << 7 * length)
    return (None if value == (1 << 7 * length) - 1 else value), at + length


def _children(body: bytes) -> Iterator[tuple[int, bytes]]:
    """What stands in an element that is there as a whole. Raises UnableToRead."""
    at = 0
    while at < len(body):
        head = _head(body[at : at + HEAD_BYTES])
        if head is None or head[1] is None:
            raise UnableToRead("not_media")
        name, size, begins = head
        yield name, body[at + begins : at + begins + (size or 0)]
        at += begins + (size or 0)


def _number(body: bytes) -> int:
    """An unsigned integer. Raises UnableToRead."""
    if len(body) > 8:
        raise UnableToRead("not_media")
    return int.from_bytes(body, "big")
