"""The times of a recording that a browser makes and sends in chunks, on the clock of their arrival. Pure.

A chunk comes when its last frame has been recorded, and all its frames in one moment. So the recording is laid a second
back: a frame has its place before now, however the line stutters within that second.
"""

BEHIND_S = 1.0
"""How far behind its arrival a recording's first frame is laid."""
CHUNK_S = 0.5
"""How much of a recording browsers send at once (frontend/src/host/fallback.ts)."""
LATEST_S = 10.0
"""A frame that comes so late is of no use to anybody who follows."""
AHEAD_S = 10.0
"""So much may come at once, of a recording whose first chunks had to wait."""
BACK_S = 2.0
STEP_S = 0.04
WINDOW_S = 5.0
SLEW_S = 0.02


class OutOfTime(Exception):
    """The frame has no place. ``code``: "slow" (it came too late), "not_media" (its time makes no sense)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Pace:
    """Places the frames of one recording. The clocks of browser and server drift apart: slewed by 20 ms in 5 s.

    ``after``: the last moment at which a picture lies already; ``placed``: the last that this one has given.
    """

    def __init__(self, after: float = 0.0) -> None:
        self.placed = after
        self._offset: float | None = None
        self._last = 0.0
        self._least = LATEST_S
        self._until = 0.0

    def place(self, at: float, now: float) -> float:
        """The moment of a frame ``at`` seconds of the recording, which arrived at ``now``. Raises OutOfTime."""
        if self._offset is None:
            begins = max(now - BEHIND_S, self.placed + STEP_S)
            self._offset, self._until, self._last = begins - at, now + WINDOW_S, at
        late = now - self._offset - at
        if late < -AHEAD_S or at < self._last - BACK_S:
            raise OutOfTime("not_media")
        if late > LATEST_S:
            raise OutOfTime("slow")
        self._last = max(self._last, at)
        placed = at + self._offset
        self.placed = max(self.placed, placed)
        self._least = min(self._least, late)
        if now >= self._until:
            # Of a chunk the last frame is the freshest: it should lie as far back as the first one was laid, less it.
            self._offset += max(-SLEW_S, min(SLEW_S, self._least - (BEHIND_S - CHUNK_S)))
            self._least, self._until = LATEST_S, now + WINDOW_S
        return placed
