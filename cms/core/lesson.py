"""What a lesson's stored content says, without rendering it: which videos, pictures, documents and words are in it.

A video counts under the key ``v:<video uuid>``. The key names the recording and not the block, so it survives editing,
reordering and moving a block to another lesson; the same video in two lessons of a course is one piece of media and
counts once (watching it again would earn nothing anyway). A replaced video is another recording and starts anew.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_TAG = re.compile(r"<[^>]*>")
WRITTEN = frozenset({"text", "title", "caption"})
"""Blocks, and parts of blocks, that hold an author's own words."""
MEDIA_PREFIX = "v:"
VIDEO = "video"


def media_key(video_id: object) -> str:
    """Return the key under which the ledger counts a video."""
    return f"{MEDIA_PREFIX}{video_id}"


# What is chosen in a block, by the block's name (cms/blocks.py), where it is called otherwise or counts as another.
HELD = {
    "audio": VIDEO,
    "gallery": "picture",
    "asks": "question",
}


def held_in(block: str) -> str:
    """Return the kind of thing that a block of this name holds."""
    return HELD.get(block, block)


def values_of(raw: Iterable[Mapping[str, Any]], kind: str) -> list[str]:
    """Return the distinct chosen values (as text, in order) of all blocks that hold one kind, in a raw stream."""
    found = (
        str(value)
        for block in raw
        if held_in(str(block.get("type"))) == kind
        for value in chosen(block.get("value"))
        if value
    )
    return list(dict.fromkeys(found))


def words_in(raw: Iterable[Mapping[str, Any]]) -> str:
    """Return the words that an author wrote in a raw stream, without their markup."""
    return " ".join(_TAG.sub(" ", text) for block in raw for text in _texts(block.get("value"), block.get("type")))


def _texts(value: Any, kind: Any) -> Iterator[str]:
    if isinstance(value, str) and kind in WRITTEN:
        yield value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, name)


def chosen(value: Any) -> Iterator[Any]:
    """Give the object ids in a block's stored value: the id itself, that of its part, or those of a list."""
    if isinstance(value, list):
        for item in value:
            yield from chosen(item.get("value") if isinstance(item, Mapping) else item)
    else:
        yield value.get("image") or value.get("question") if isinstance(value, Mapping) else value
