"""Packets back into the order in which they were sent."""

from collections.abc import Iterator
from dataclasses import dataclass

from .rtp import SEQUENCES, Packet, ahead


@dataclass(frozen=True, slots=True)
class Arrival:
    """A packet in its turn. ``after_gap``: what should have come before it did not, or it comes from a new source."""

    packet: Packet
    at: float
    after_gap: bool


class Reorder:
    """Holds what came early for at most ``wait_s``; drops what came late or twice; starts anew with a new source."""

    MOST_HELD = 512
    FARTHEST = 4096
    STRAYS = 64
    """So many packets in a row that fit nowhere mean that the sender restarted its numbers."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._held: dict[int, tuple[Packet, float]] = {}
        self._ssrc: int | None = None
        self._next = 0
        self._gap_since: float | None = None
        self._after_gap = True
        self._strays = 0
        self.lost = 0
        self.late = 0
        self.sources = 0

    def push(self, packet: Packet, now: float) -> Iterator[Arrival]:
        """What is in turn now that this packet came."""
        if packet.ssrc != self._ssrc:
            self._restart(packet)
        distance = ahead(packet.sequence, self._next, SEQUENCES)
        if not 0 <= distance < self.FARTHEST:
            self.late += 1
            self._strays += 1
            if self._strays < self.STRAYS:
                return iter(())
            self._restart(packet)
        elif packet.sequence in self._held:
            self.late += 1
            return iter(())
        self._strays = 0
        self._held[packet.sequence] = (packet, now)
        return self._drain(now)

    def tick(self, now: float) -> Iterator[Arrival]:
        """What is in turn now that time has passed."""
        return self._drain(now)

    def _restart(self, packet: Packet) -> None:
        self._ssrc, self._next = packet.ssrc, packet.sequence
        self._held.clear()
        self._gap_since, self._after_gap, self._strays = None, True, 0
        self.sources += 1

    def _drain(self, now: float) -> Iterator[Arrival]:
        ready: list[Arrival] = []
        while self._held:
            found = self._held.pop(self._next, None)
            if found is not None:
                ready.append(Arrival(found[0], found[1], self._after_gap))
                self._next = (self._next + 1) % SEQUENCES
                self._gap_since, self._after_gap = None, False
            elif self._gave_up(now):
                nearest = min(ahead(sequence, self._next, SEQUENCES) for sequence in self._held)
                self.lost += nearest
                self._next = (self._next + nearest) % SEQUENCES
                self._gap_since, self._after_gap = None, True
            else:
                break
        return iter(ready)

    def _gave_up(self, now: float) -> bool:
        if self._gap_since is None:
            self._gap_since = now
        return now - self._gap_since >= self._wait_s or len(self._held) >= self.MOST_HELD
