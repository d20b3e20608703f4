"""What a lesson's stored content says, without rendering it: which videos, pictures, documents and words are in it.

A video counts under the key ``v:<video uuid>``. The key names the recording and not the block, so it survives editing,
reordering and moving a block to another lesson; the same video in two lessons of a course is one piece of media and
counts once (watching it again would earn nothing anyway). A replaced video is another recording and starts anew.
"""

from collections.abc import Iterable, Mapping
from typing import Any

MEDIA_PREFIX = "v:"


def media_key(video_id: object) -> str:
    """Return the key under which the ledger counts a video."""
    return f"{MEDIA_PREFIX}{video_id}"


def values_of(raw: Iterable[Mapping[str, Any]], kind: str) -> list[str]:
    """Return the distinct chosen values (as text, in order) of the blocks of one kind in a raw stream."""
    found = (str(value) for block in raw if block.get("type") == kind and (value := chosen(block.get("value"))))
    return list(dict.fromkeys(found))


def chosen(value: Any) -> Any:
    """Return the object id inside a chooser's stored value: the id itself, or a picture's ``image`` with its words."""
    return value.get("image") if isinstance(value, Mapping) else value
