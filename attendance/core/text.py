"""Short texts that clients send: refused before the database refuses them (NUL passes SQLite, not PostgreSQL)."""

import re

# Turns the letters of a line around, or shows nothing at all. What joins letters (U+200C, U+200D) stays: Uyghur and
# emoji are written with it.
_HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def checked(text: str, limit: int, error: type[Exception]) -> str:
    """Return ``text`` as it reads, if that is one to ``limit`` printable characters, else raise ``error``."""
    if not isinstance(text, str) or _UNFIT.search(text):
        raise error("unfit text")
    text = as_it_reads(text)
    if not 0 < len(text) <= limit:
        raise error("unfit text")
    return text


def storable(text: str) -> str:
    """Return ``text`` without what no database takes: NUL, and halves of surrogate pairs, which JSON may bring."""
    return _UNSTORABLE.sub("", text)


def as_it_reads(text: str) -> str:
    """Return ``text`` without what nobody sees: it comes along with what is copied, or is there to deceive."""
    return _HIDDEN.sub("", text)
