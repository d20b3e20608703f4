"""What a room was told of what is asked in it; the rest of it is in ``live.room.asking``."""

import time
from collections import deque
from dataclasses import dataclass, field

from live.core.wire import asking

UNCLEAR_S = 30.0
REACTIONS_KEPT = 64


@dataclass(eq=False, slots=True)
class RoomAsking:
    """What a room was told so far, and what waits to be told.

    ``questions``: votes and state of each question that was told; ``unclear``: when (monotonic seconds) each
    person said that they cannot hear.
    """

    poll: asking.PollEvent | None = None
    notice: str = ""
    tally: asking.TallyEvent | None = None
    questions: dict[int, tuple[int, str]] = field(default_factory=dict)
    reactions: deque[str] = field(default_factory=lambda: deque(maxlen=REACTIONS_KEPT))
    unclear: dict[int, float] = field(default_factory=dict)
    unclear_told: int = 0

    def unclear_now(self) -> int:
        """How many people here said within the last 30 s that they cannot hear."""
        limit = time.monotonic() - UNCLEAR_S
        self.unclear = {member: at for member, at in self.unclear.items() if at > limit}
        return len(self.unclear)
