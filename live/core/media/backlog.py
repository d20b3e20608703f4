"""Frames on their way from the socket to the packager: so many and no more. Pure.

When the packager cannot keep up (a stopped process, a disk that hangs), memory must not fill until the system kills
the agent and with it every lecture of the host. What comes then is dropped up to a keyframe, so that whatever is
written can be decoded, and the hole is known.
"""

from collections import deque
from dataclasses import dataclass

from live.core.media.scrubber import Frame

LIMIT = 4 * 2**20
"""Bytes: about forty seconds of a lecture."""
A_FRAME = 256
"""What a frame costs beside its data."""


@dataclass(frozen=True, slots=True)
class Lost:
    """In this place frames are missing, from ``since`` to the keyframe at ``until`` (seconds of the frames' clock)."""

    since: float
    until: float


class Backlog:
    """A queue with an end. What is in it stays; what does not fit is dropped, and with it all up to the next keyframe
    that finds half of the room free."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._waiting: deque[Frame | Lost] = deque()
        self._size = 0
        self._lost_since: float | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def size(self) -> int:
        """What the waiting frames cost, in bytes."""
        return self._size

    def put(self, frame: Frame) -> bool:
        """Queue a frame; False when it was dropped."""
        cost = len(frame.data) + A_FRAME
        if self._lost_since is None:
            if self._size + cost > self._limit:
                self._lost_since = frame.at
                return False
        elif frame.kind == "video" and frame.key and self._size + cost <= self._limit // 2:
            self._waiting.append(Lost(self._lost_since, frame.at))
            self._lost_since = None
        else:
            return False
        self._waiting.append(frame)
        self._size += cost
        return True

    def lose(self, since: float, until: float) -> None:
        """What came between these moments never came here; the next frame follows a gap."""
        if self._lost_since is None:
            self._waiting.append(Lost(since, until))

    def take(self) -> Frame | Lost:
        """The one that waited longest. Raises IndexError when none waits."""
        found = self._waiting.popleft()
        if isinstance(found, Frame):
            self._size -= len(found.data) + A_FRAME
        return found
