"""The recorded lecture (tests/data), over and over, as RTP that never jumps: what a lecturer's phone sends."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench._webrtc import Peer
from live.agent.trace import read_trace
from live.core.media import h264, rtp

TRACE = Path(__file__).resolve().parent.parent / "tests" / "data" / "rtp-truncated.rtp"
CLOCKS = {"video": 90_000, "audio": 48_000}
SPS, AGGREGATE = 7, 24


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet: ``at`` in seconds of the lecture; ``timestamp`` in the clock of its kind."""

    kind: str
    at: float
    payload: bytes
    marker: bool
    timestamp: int


def lecture() -> Iterator[Sent]:
    """Endless. From one keyframe to the last one, and again."""
    once, length = _between_keyframes()
    at = 0.0
    while True:
        for one in once:
            shift = int(at * CLOCKS[one.kind])
            yield Sent(one.kind, one.at + at, one.payload, one.marker, one.timestamp + shift)
        at += length


def _between_keyframes() -> tuple[list[Sent], float]:
    read = [(kind, at, packet) for kind, at, data in read_trace(TRACE) if (packet := rtp.parse(data)) is not None]
    keys = [at for kind, at, packet in read if kind == "video" and _begins_key(packet.payload)]
    whole = [(kind, at, packet) for kind, at, packet in read if keys[0] <= at < keys[-1]]
    first = {kind: next(packet.timestamp for each, _at, packet in whole if each == kind) for kind in CLOCKS}
    sent = [
        Sent(kind, at - keys[0], packet.payload, packet.marker, (packet.timestamp - first[kind]) & 0xFFFFFFFF)
        for kind, at, packet in whole
    ]
    return sent, keys[-1] - keys[0]


def _begins_key(payload: bytes) -> bool:
    unit = payload[3:4] if payload and h264.kind_of(payload) == AGGREGATE else payload
    return bool(unit) and h264.kind_of(unit) == SPS


async def give(peer: Peer, *, speed: float = 1.0, share: float = 1.0) -> None:
    """Send it until cancelled. ``share``: of the picture's packets, for a camera of fewer bits."""
    loop, index, due = asyncio.get_running_loop(), {"video": 0, "audio": 0}, 0.0
    began = loop.time()
    for one in lecture():
        wait = began + one.at / speed - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        if one.kind == "video":
            due += share
            if due < 1.0:
                continue
            due -= 1.0
        index[one.kind] += 1
        peer.send_rtp(one.kind, one.payload, index=index[one.kind], timestamp=one.timestamp, marker=one.marker)
