"""The times of pictures on an uneven grid of 5 ms, where nobody can guess a frame rate that is wrong."""

SLOT_S = 0.005


class Cadence:
    """Moves each picture by at most 7.5 ms, so that the distance to the one before is an odd number of slots.

    A browser's pictures come at no fixed rate. Decoders that guess one from the first seconds (ffmpeg does) later find
    two pictures in one of its ticks, and complain. With odd distances of 5 ms the only rate that fits is 200 a second,
    which holds every picture that will ever come.
    """

    def __init__(self) -> None:
        self._slot: int | None = None

    def place(self, at: float) -> float:
        """The time for the picture that came at ``at``; times strictly increase."""
        exact = at / SLOT_S
        slot = round(exact)
        if self._slot is not None:
            if (slot - self._slot) % 2 == 0:
                slot += 1 if exact >= slot else -1
            slot = max(slot, self._slot + 1)
        self._slot = slot
        return slot * SLOT_S
