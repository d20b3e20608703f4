"""What a room was told of what is asked in it; the rest of it is in ``live.room.asking``."""

import time
from collections import deque
from dataclasses import dataclass, field

from live.core.wire import asking, captions

UNCLEAR_S = 30.0
REACTIONS_KEPT = 64
CAPTIONS_KEPT = 400


@dataclass(eq=False, slots=True)
class RoomAsking:
    """What a room was told so far, and what waits to be told.

    ``questions``: votes and state of each question that was told; ``unclear``: when (monotonic seconds) each
    person said that they cannot hear; ``captioned``: whether each of the last lines still stands; ``lines``: those that
    go out with the next tick.
    """

    poll: asking.PollEvent | None = None
    notice: str = ""
    tally: asking.TallyEvent | None = None
    questions: dict[int, tuple[int, str]] = field(default_factory=dict)
    reactions: deque[str] = field(default_factory=lambda: deque(maxlen=REACTIONS_KEPT))
    unclear: dict[int, float] = field(default_factory=dict)
    unclear_told: int = 0
    captioned: dict[int, bool] = field(default_factory=dict)
    lines: dict[int, str] = field(default_factory=dict)

    def caption(self, lines: dict[int, str]) -> None:
        """Lines were sent; each is told once, whoever brings it: the channel, or the look at the database."""
        fresh = {line: text for line, text in lines.items() if line not in self.captioned}
        self.captioned |= dict.fromkeys(fresh, True)
        self.lines |= fresh
        for line in list(self.captioned)[:-CAPTIONS_KEPT]:
            del self.captioned[line]

    def drop_caption(self, line: int) -> bool:
        """A line was taken away; return whether that is news here."""
        is_news = self.captioned.get(line) is not False
        self.captioned[line] = False
        self.lines.pop(line, None)
        return is_news

    def next_lines(self) -> captions.CaptionsEvent | None:
        """Take the lines that wait for the tick, as one event; None where there are none."""
        taken = dict(list(self.lines.items())[: captions.MOST_TOLD])
        for line in taken:
            del self.lines[line]
        return captions.CaptionsEvent(lines=list(taken), texts=list(taken.values())) if taken else None

    def unclear_now(self) -> int:
        """How many people here said within the last 30 s that they cannot hear."""
        limit = time.monotonic() - UNCLEAR_S
        self.unclear = {member: at for member, at in self.unclear.items() if at > limit}
        return len(self.unclear)
