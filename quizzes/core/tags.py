"""Tags of questions as somebody types them. Pure."""

from __future__ import annotations

import re
import unicodedata

MOST_TAGS = 8
LONGEST_TAG = 20
_BETWEEN = re.compile(r"[\s,，、;；]+")


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags in a line, each once, in their order; full and half width are one, case is kept."""
    found = (one for one in _BETWEEN.split(unicodedata.normalize("NFKC", text)) if one)
    return tuple(dict.fromkeys(found))
