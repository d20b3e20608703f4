"""Names that people give to files and videos, made harmless."""

import re
import unicodedata
from pathlib import PurePosixPath

MAX_TITLE = 120
MAX_FILENAME = 255
FORBIDDEN = re.compile(r'[<>:"|?*/\\]')


def _readable(text: str) -> str:
    """Normal form, without control, format, surrogate or private characters; inner blanks single."""
    kept = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or not unicodedata.category(character).startswith("C")
    )
    return " ".join(kept.split())


def clean_title(text: str) -> str:
    return _readable(text)[:MAX_TITLE].strip()


def clean_filename(text: str) -> str:
    """The last part of a path, readable, at most 255 characters with its suffix kept; never empty."""
    name = FORBIDDEN.sub("_", _readable(re.split(r"[/\\]", text)[-1])).strip(". ")
    if not name:
        return "video"
    if len(name) > MAX_FILENAME:
        suffix = PurePosixPath(name).suffix[:16]
        name = name[: MAX_FILENAME - len(suffix)] + suffix
    return name
