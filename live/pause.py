"""Something that failed just now is left alone for a moment, so that not everybody waits for it in turn."""

import time

PAUSE_S = 2.0


class Pause:
    """One for all threads of a process."""

    def __init__(self) -> None:
        self._until = 0.0

    def is_on(self) -> bool:
        """Whether to do without it now."""
        return time.monotonic() < self._until

    def begin(self) -> None:
        """It failed."""
        self._until = time.monotonic() + PAUSE_S
