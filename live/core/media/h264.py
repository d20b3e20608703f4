"""H.264 in RTP (RFC 6184) and in parameter sets: whole access units only, dimensions of the picture."""

from collections.abc import Sequence
from dataclasses import dataclass

IDR, SEI, SPS, PPS, DELIMITER = 5, 6, 7, 8, 9
STAP_A, FU_A = 24, 28
HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})
MAX_SIDE = 8192


class Broken(Exception):
    """The payloads are not a whole frame, or the parameter set does not parse."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    width: int
    height: int


def unpack(payloads: Sequence[bytes]) -> list[bytes]:
    """The NAL units of one frame from the payloads of all its packets, in order. Raises Broken."""
    units: list[bytes] = []
    fragments: list[bytes] = []
    for payload in payloads:
        kind = payload[0] & 31
        if fragments and kind != FU_A:
            raise Broken("a fragmented unit never ended")
        if kind == STAP_A:
            units += _aggregated(payload)
        elif kind == FU_A:
            _fragment(payload, fragments)
            if payload[1] & 0x40:
                units.append(b"".join(fragments))
                fragments.clear()
        elif 1 <= kind <= 23:
            units.append(payload)
        else:
            raise Broken(f"packet type {kind}")
    if fragments:
        raise Broken("the frame ends inside a fragmented unit")
    return units


def _aggregated(payload: bytes) -> list[bytes]:
    units, at = [], 1
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        unit = payload[at + 2 : at + 2 + size]
        if not size or len(unit) != size:
            raise Broken("an aggregated unit is cut")
        units.append(unit)
        at += 2 + size
    return units


def _fragment(payload: bytes, fragments: list[bytes]) -> None:
    if len(payload) < 3:
        raise Broken("an empty fragment")
    starts = bool(payload[1] & 0x80)
    if starts == bool(fragments):
        raise Broken("a fragment out of turn")
    if starts:
        fragments.append(bytes([payload[0] & 0xE0 | payload[1] & 0x1F]))
    fragments.append(payload[2:])


def kind_of(unit: bytes) -> int:
    return unit[0] & 31


class _Bits:
    """Reads Exp-Golomb codes from a parameter set, past its emulation prevention bytes."""

    def __init__(self, unit: bytes) -> None:
        data = unit[1:].replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise Broken("the parameter set is cut")
        return self._value >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def skip_scaling_list(self, size: int) -> None:
        last, following = 8, 8
        for _ in range(size):
            if following:
                following = (last + self.signed()) % 256
            last = following or last


def dimensions(sps: bytes) -> Dimensions:
    """Width and height in pixels from a sequence parameter set, cropping applied. Raises Broken."""
    bits = _Bits(sps)
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    chroma = _chroma(bits) if profile in HIGH_PROFILES else 1
    bits.unsigned()  # log2_max_frame_num_minus4
    _skip_order_count(bits)
    bits.unsigned()
    bits.take(1)
    columns, rows = bits.unsigned() + 1, bits.unsigned() + 1
    fields = 2 - bits.take(1)
    if fields == 2:
        bits.take(1)
    bits.take(1)
    width, height = columns * 16, rows * 16 * fields
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1) * fields
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise Broken("a picture of no possible size")
    return Dimensions(width, height)


def _chroma(bits: _Bits) -> int:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)
    bits.unsigned()
    bits.unsigned()
    bits.take(1)
    if bits.take(1):
        for index in range(12 if chroma == 3 else 8):
            if bits.take(1):
                bits.skip_scaling_list(16 if index < 6 else 64)
    return chroma


def _skip_order_count(bits: _Bits) -> None:
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.unsigned()):
            bits.signed()


def configuration(sps: bytes, pps: bytes) -> bytes:
    """The decoder configuration record (avcC, ISO 14496-15) for 4-byte lengths."""
    return b"".join(
        (
            b"\x01",
            sps[1:4],
            b"\xff\xe1",
            len(sps).to_bytes(2, "big"),
            sps,
            b"\x01",
            len(pps).to_bytes(2, "big"),
            pps,
        )
    )


def parameter_sets(configuration: bytes) -> bytes:
    """What a decoder must know, from a record that ``configuration`` made, to stand before a keyframe in its sample."""
    length = int.from_bytes(configuration[6:8], "big")
    sps, rest = configuration[8 : 8 + length], configuration[8 + length + 1 :]
    pps = rest[2:]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in (sps, pps))


def codec_name(sps: bytes) -> str:
    """The name for a playlist's CODECS attribute (RFC 6381)."""
    return f"avc1.{sps[1:4].hex()}"


def sample(units: Sequence[bytes]) -> bytes:
    """The frame as one sample of 4-byte lengths, without parameter sets and delimiters."""
    kept = (unit for unit in units if kind_of(unit) not in (SPS, PPS, DELIMITER))
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in kept)
