"""How long the end of a process is waited for: as long as its output still grows, and not for ever."""


class Patience:
    """``quiet_s``: without anything new; ``longest_s``: in all. Begun at ``at``, any clock's seconds."""

    def __init__(self, at: float, *, quiet_s: float, longest_s: float) -> None:
        self._quiet_s = quiet_s
        self._until = at + longest_s
        self._seen: object = None
        self._grew_at = at

    def holds(self, at: float, seen: object) -> bool:
        """Whether to wait on; ``seen``: what there is now of the output, another value when it has grown."""
        if seen != self._seen:
            self._seen, self._grew_at = seen, at
        return at < self._until and at - self._grew_at < self._quiet_s
