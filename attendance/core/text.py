"""Short texts that clients send: refused before the database refuses them (NUL passes SQLite, not PostgreSQL)."""

import re

_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def checked(text: str, limit: int, error: type[Exception]) -> str:
    """Return ``text`` if it is one to ``limit`` printable characters, else raise ``error``."""
    if not isinstance(text, str) or not 0 < len(text) <= limit or _UNFIT.search(text):
        raise error("unfit text")
    return text
