"""RTP packets (RFC 3550), read with distrust: what does not add up is None, never an exception."""

from dataclasses import dataclass
from struct import Struct

HEADER = Struct(">BBHII")
SEQUENCES = 1 << 16
TIMESTAMPS = 1 << 32


@dataclass(frozen=True, slots=True)
class Packet:
    """``payload`` is without padding and may be empty (a packet that only probes or keeps alive)."""

    sequence: int
    timestamp: int
    ssrc: int
    marker: bool
    payload: bytes


def parse(datagram: bytes) -> Packet | None:
    """The packet in a datagram; None for RTCP (RFC 5761) and for anything malformed."""
    if len(datagram) < HEADER.size or datagram[0] >> 6 != 2 or 192 <= datagram[1] <= 223:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(datagram)
    start, end = HEADER.size + 4 * (first & 0x0F), len(datagram)
    if first & 0x10:
        if end < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    if first & 0x20:
        end -= datagram[-1]
    if start > end or (first & 0x20 and datagram[-1] == 0):
        return None
    return Packet(sequence, timestamp, ssrc, bool(second & 0x80), datagram[start:end])


def ahead(value: int, base: int, modulus: int) -> int:
    """How far ``value`` lies ahead of ``base`` on a counter that wraps; negative when behind."""
    half = modulus >> 1
    return (value - base + half) % modulus - half
