"""WebM as recorders write it, made by hand: the elements that matter, in whatever order a test wants them."""

from live.core.media import webm

VP8_KEY = b"\x10\x00\x00\x9d\x01\x2a" + (640).to_bytes(2, "little") + (360).to_bytes(2, "little") + b"key"
VP8_DELTA = b"\x11delta"
OPUS_20_MS = b"\xf8sound"


def element(name: int, body: bytes, *, unknown: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if unknown else (len(body) | 1 << 56).to_bytes(8, "big")
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + size + body


def number(name: int, value: int) -> bytes:
    return element(name, value.to_bytes(2, "big"))


def track(which: int, kind: int, codec: bytes, *more: bytes) -> bytes:
    head = number(webm.NUMBER, which) + number(webm.TYPE, kind) + element(webm.CODEC, codec)
    return element(webm.TRACK, head + b"".join(more))


def head(*tracks: bytes) -> bytes:
    """A recording up to its first cluster; of VP8 and Opus, unless other tracks are given."""
    both = tracks or (track(1, 1, b"V_VP8"), track(2, 2, b"A_OPUS"))
    info = element(webm.INFO, element(webm.SCALE, (1_000_000).to_bytes(3, "big")))
    began = element(webm.EBML, b"webm") + element(webm.SEGMENT, b"", unknown=True)
    return began + element(0xEC, b"void") + info + element(webm.TRACKS, b"".join(both))


def cluster(at_ms: int, *blocks: bytes) -> bytes:
    return element(webm.CLUSTER, b"", unknown=True) + number(webm.TIME, at_ms) + b"".join(blocks)


def block(which: int, at_ms: int, data: bytes, *, flags: int = 0x80) -> bytes:
    return element(webm.SIMPLE, bytes([0x80 | which]) + at_ms.to_bytes(2, "big", signed=True) + bytes([flags]) + data)


def lecture(seconds: int) -> bytes:
    """Ten pictures and ten sounds a second, a keyframe each second."""
    parts = [head()]
    for second in range(seconds):
        blocks = [
            block(kind, tenth * 100, (VP8_DELTA if tenth else VP8_KEY) if kind == 1 else OPUS_20_MS)
            for tenth in range(10)
            for kind in (1, 2)
        ]
        parts.append(cluster(second * 1000, *blocks))
    return b"".join(parts)
