"""Names inside a zip file. Pure."""

from __future__ import annotations

LONGEST_NAME = 400
LONGEST_PART = 200
"""Bytes of UTF-8; a disk takes 255."""
UTF8_FLAG = 0x800


def decoded(name: str, flags: int) -> str:
    """Return a name as its maker meant it: without the flag for UTF-8, Python has read it as the old IBM signs.

    Chinese Windows writes GBK there.
    """
    if not flags & UTF8_FLAG:
        raw = name.encode("cp437")
        for encoding in ("utf-8", "gb18030"):
            try:
                return raw.decode(encoding).replace("\\", "/")
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def is_fit(name: str) -> bool:
    """Whether a name stays inside its folder, on every disk."""
    parts = name.split("/")
    return (
        name.isprintable()
        and ":" not in parts[0]
        and len(name.encode()) <= LONGEST_NAME
        and all(part and part not in (".", "..") and len(part.encode()) <= LONGEST_PART for part in parts)
    )


def is_litter(name: str) -> bool:
    """Whether only an operating system needs the file."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")
