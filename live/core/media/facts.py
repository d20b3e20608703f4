"""What the audience gets of a lecture just now, as the media host sees it. Pure; ages in seconds.

Seen where the picture has passed the engine and is made into segments: what comes out there is what people get,
whatever the state of anybody's socket.
"""

from typing import Literal, TypedDict, get_args

COMES_S = 2.0
"""A picture or a sound that came longer ago does not come."""
WRITTEN_S = 8.0
"""A segment lasts two to four seconds; by then the next one should have been written."""

Recorded = Literal["on", "off", "none"]
RECORDED: tuple[Recorded, ...] = get_args(Recorded)


class AirFacts(TypedDict):
    """``at``: Unix ms; ``picture``, ``sound``: they come in; ``written``: segments of them are being written.

    ``recording``: "off" though it should be on, "none" where none is wanted.
    """

    at: int
    picture: bool
    sound: bool
    written: bool
    recording: Recorded


def air_facts(
    *, at: int, picture_age: float, sound_age: float, picture_for: float, written_age: float, recording: Recorded
) -> AirFacts:
    """Return the facts of a moment. ``picture_for``: how long the picture has been coming without a stop.

    A picture that has just begun has no segment yet, and is not said to be lost.
    """
    picture = picture_age <= COMES_S
    written = written_age <= WRITTEN_S or (picture and picture_for <= WRITTEN_S)
    return AirFacts(at=at, picture=picture, sound=sound_age <= COMES_S, written=written, recording=recording)
