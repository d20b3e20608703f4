"""RTP timestamps on the clock of arrival, so that a publisher who comes back goes on where the clock is."""

from .rtp import TIMESTAMPS, ahead

WINDOW_S = 2.0
SLEW_S = 0.01
FARTHEST_S = 5.0
STEP_S = 0.001


class Timeline:
    """Maps one stream's timestamps to seconds of the arrival clock; the results strictly increase.

    The first packet of a source anchors it. A clock that drifts, and an anchor that came late, are slewed by at most
    10 ms in 2 s, so that sound and picture, each on its own clock, stay together over hours.
    """

    def __init__(self, clock_hz: int) -> None:
        self._clock_hz = clock_hz
        self._ssrc: int | None = None
        self._stamp = 0
        self._at = 0.0
        self._last: float | None = None
        self._earliest = 0.0
        self._window_end = 0.0

    def place(self, *, ssrc: int, timestamp: int, now: float) -> float:
        """When this timestamp is to be shown, given that it arrived at ``now``."""
        placed = self._at + ahead(timestamp, self._stamp, TIMESTAMPS) / self._clock_hz
        if ssrc != self._ssrc or abs(placed - now) > FARTHEST_S:
            self._anchor(ssrc, timestamp, now)
            placed = now
        else:
            self._stamp, self._at = timestamp, placed
            self._slew(now - placed, now)
        if self._last is not None:
            placed = max(placed, self._last + STEP_S)
        self._last = placed
        return placed

    def _anchor(self, ssrc: int, timestamp: int, now: float) -> None:
        self._ssrc, self._stamp, self._at = ssrc, timestamp, now
        self._begin_window(now)

    def _begin_window(self, now: float) -> None:
        self._earliest, self._window_end = FARTHEST_S, now + WINDOW_S

    def _slew(self, lateness: float, now: float) -> None:
        self._earliest = min(self._earliest, lateness)
        if now >= self._window_end:
            self._at += max(-SLEW_S, min(SLEW_S, self._earliest))
            self._begin_window(now)
