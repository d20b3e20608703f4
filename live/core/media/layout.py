"""How a recording is laid out: how many tracks of sound a run has, and whether all pictures are made alike."""

from dataclasses import dataclass

from .scrubber import SPEAKERS, Shape

FITTED = 640, 360
"""Width and height of a picture that was fitted, in pixels."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``voices``: tracks of sound, mixed into one; ``fits``: whether each picture is decoded and made as large as all.

    Where it is not, a picture of another size, or of another camera, begins a new run.
    """

    voices: int
    fits: bool

    def goes_on(self, shape: Shape | None, after: Shape | None) -> bool:
        """Whether a picture of this shape can follow one of that in the same run."""
        if self.fits and shape is not None and after is not None:
            return shape.codec == after.codec
        return shape == after


LECTURE = Layout(voices=1 + SPEAKERS, fits=False)
MEETING = Layout(voices=8, fits=True)
