"""Pictures with frames: members see them move, so such a file is sent as it came; of others one made for phones."""

import struct
from typing import Any

from django.core.cache import cache
from PIL import Image

SHOWN = "max-1280x1280"
REMEMBERED_S = 86_400
MOVING, MAY_MOVE = {"GIF", "WEBP"}, (".gif", ".webp")
# As it came, whole: so it is small.
ANIMATED_BYTES = 2 * 2**20
# What Pillow and Willow raise for a file that is damaged, cut off or made to harm.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)


def frames_of(picture: Image.Image) -> int:
    """Return how many frames play one after another; a photo with a second one in its file plays none."""
    return int(getattr(picture, "n_frames", 1)) if picture.format in MOVING else 1


def file_to_show(image: Any) -> Any:
    """Return the file that members and previews get: the original of a small moving picture, else one for phones."""
    return image.file if is_moving(image) else image.get_rendition(SHOWN).file


def is_moving(image: Any) -> bool:
    """Say whether a picture of the library has frames and is small enough to be sent whole. Remembered by its file."""
    if not image.file.name.lower().endswith(MAY_MOVE):
        return False
    return bool(cache.get_or_set(f"cms.moves:{image.pk}:{image.file.name}", lambda: _moves(image), REMEMBERED_S))


def _moves(image: Any) -> bool:
    try:
        with image.file.open("rb") as file, Image.open(file) as picture:
            return file.size <= ANIMATED_BYTES and frames_of(picture) > 1
    except UNREADABLE:
        return False
