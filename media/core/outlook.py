"""How long work that is under way will go on, by how far it has come. Pure."""

# Before that much is done, and has taken that long, a number would be a guess.
LEAST_PERCENT = 3
LEAST_S = 8.0


def seconds_left(*, percent: int, elapsed_s: float) -> int | None:
    """Return seconds, or None while nothing honest can be said."""
    if percent < LEAST_PERCENT or elapsed_s < LEAST_S:
        return None
    return round(elapsed_s * (100 - min(percent, 100)) / percent)
