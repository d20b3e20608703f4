"""What a lesson's stored content says, without rendering it: which videos, pictures, documents and words are in it.

A video counts under the key ``v:<video uuid>``. The key names the recording and not the block, so it survives editing,
reordering and moving a block to another lesson; the same video in two lessons of a course is one piece of media and
counts once (watching it again would earn nothing anyway). A replaced video is another recording and starts anew.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

MEDIA_PREFIX = "v:"


class NotAMediaKey(ValueError):
    """The text is not the key of a lesson's video."""


def media_key(video_id: object) -> str:
    """Return the key under which the ledger counts a video."""
    return f"{MEDIA_PREFIX}{video_id}"


def video_id_of(key: str) -> str:
    """Return the video's uuid (canonical text) named by a media key; raise NotAMediaKey for anything else."""
    if not key.startswith(MEDIA_PREFIX):
        raise NotAMediaKey(key)
    try:
        return str(UUID(key[len(MEDIA_PREFIX) :]))
    except ValueError as error:
        raise NotAMediaKey(key) from error


def values_of(raw: Iterable[Mapping[str, Any]], kind: str) -> list[str]:
    """Return the distinct chosen values (as text, in order) of the blocks of one kind in a raw stream."""
    found = (str(value) for block in raw if block.get("type") == kind and (value := chosen(block.get("value"))))
    return list(dict.fromkeys(found))


def chosen(value: Any) -> Any:
    """Return the object id inside a chooser's stored value: the id itself, or a picture's ``image`` with its words."""
    return value.get("image") if isinstance(value, Mapping) else value
