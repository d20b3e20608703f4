"""VP8 in RTP (RFC 7741), for phones that have no H.264 encoder."""

from collections.abc import Sequence

from .h264 import Broken, Dimensions


def _past_descriptor(payload: bytes) -> tuple[bool, bytes]:
    """Whether the payload begins partition 0, and what follows its descriptor. Raises Broken."""
    size = 1
    if payload[0] & 0x80:
        extensions = payload[1:2] or b"\x00"
        size += 1
        if extensions[0] & 0x80:
            size += 2 if payload[size : size + 1] >= b"\x80" else 1
        size += bool(extensions[0] & 0x40) + bool(extensions[0] & 0x30)
    if len(payload) <= size:
        raise Broken("a VP8 payload without data")
    return payload[0] & 0x17 == 0x10, payload[size:]


def unpack(payloads: Sequence[bytes]) -> bytes:
    """One frame from the payloads of all its packets, in order. Raises Broken."""
    parts = []
    for index, payload in enumerate(payloads):
        begins, data = _past_descriptor(payload)
        if begins != (index == 0):
            raise Broken("a VP8 frame that does not begin where it should")
        parts.append(data)
    return b"".join(parts)


def is_key(frame: bytes) -> bool:
    return not frame[0] & 1


def dimensions(frame: bytes) -> Dimensions:
    """The size that a keyframe announces. Raises Broken."""
    if len(frame) < 10 or frame[3:6] != b"\x9d\x01\x2a":
        raise Broken("a VP8 keyframe without its header")
    width, height = (int.from_bytes(frame[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    if not (width and height):
        raise Broken("a picture of no possible size")
    return Dimensions(width, height)
