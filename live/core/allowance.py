"""How much one socket may do: a bucket that fills with time. Pure; the caller brings the clock (seconds, monotonic)."""

from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """``burst`` at once, then one each ``every_s`` seconds."""

    burst: float
    every_s: float
    left: float
    at: float

    @classmethod
    def full(cls, *, burst: float, every_s: float, at: float) -> "Allowance":
        return cls(burst, every_s, burst, at)

    def take(self, at: float) -> bool:
        """Spend one; False when there is none left."""
        self.left = min(self.burst, self.left + max(0.0, at - self.at) / self.every_s)
        self.at = at
        if self.left < 1:
            return False
        self.left -= 1
        return True
