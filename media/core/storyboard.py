"""The small pictures above the seek bar: how many there are of a film, and from which segments they come. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from media.core.playlists import Segment

# A phone fetches all of them at once, at the first touch of the bar.
BYTES_AN_HOUR = 60 * 1024
TILES_AN_HOUR = 40
LEAST_EVERY_S = 10.0
# A shorter film is found through without pictures.
LEAST_LENGTH_S = 30.0
COLUMNS = 10
TILE_BOX = (128, 96)


@dataclass(frozen=True)
class Storyboard:
    """A sheet of ``count`` tiles of ``width`` x ``height`` pixels, row by row, ``columns`` a row.

    Tile n stands for what is shown from n * ``every_ms`` on.
    """

    columns: int
    count: int
    width: int
    height: int
    every_ms: int

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)


def plan_storyboard(*, length_s: float, width: int, height: int) -> Storyboard | None:
    """Return the tiles of a film with a picture of that size; None where it is too short for them."""
    if length_s < LEAST_LENGTH_S:
        return None
    count = math.ceil(min(length_s / LEAST_EVERY_S, TILES_AN_HOUR * _hours(length_s)))
    scale = min(TILE_BOX[0] / width, TILE_BOX[1] / height)
    size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
    return Storyboard(min(COLUMNS, count), count, *size, math.ceil(1000 * length_s / count))


def most_bytes(length_s: float) -> int:
    """What the sheet of a film may weigh; one of less than an hour as much as one of an hour."""
    return int(BYTES_AN_HOUR * _hours(length_s))


def pick(board: Storyboard, segments: Sequence[Segment]) -> tuple[list[Segment], float]:
    """Return the segments that hold the middle of each tile's time, and when the first of them begins (s).

    None of a film whose moments do not go on from one segment to the next.
    """
    if any(segment.begins_anew for segment in segments) or len({segment.init for segment in segments}) != 1:
        return [], 0.0
    every_s = board.every_ms / 1000
    picked: list[Segment] = []
    first_s = begin_s = 0.0
    wanted = 0
    for segment in segments:
        end_s = begin_s + segment.duration_s
        if (wanted + 0.5) * every_s < end_s:
            first_s = first_s if picked else begin_s
            picked.append(segment)
            while (wanted + 0.5) * every_s < end_s:
                wanted += 1
        begin_s = end_s
    return picked, first_s


def _hours(length_s: float) -> float:
    return max(1.0, length_s / 3600)
