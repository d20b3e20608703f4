"""What reading a text counts for: a piece of study as long as the least time in which it can honestly be read. Pure.

ADR 66. The length is a lower bound of a quick reader's time, not how long people should take.
"""

from __future__ import annotations

import re
from collections.abc import Collection

PREFIX = "r:"
A_MINUTE = 500
"""Signs that a quick reader takes in: Chinese is read at 300 to 500 a minute, and nobody is to wait for the clock."""
LEAST_MS = 20_000
MOST_MS = 600_000
STEP_MS = 5_000
_SIGN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W\d_\u3400-\u9fff\uf900-\ufaff]+|\d+")


def reading_key(lesson_id: object) -> str:
    """Return the key under which the ledger counts the reading of a lesson."""
    return f"{PREFIX}{lesson_id}"


def is_reading(key: str) -> bool:
    """Whether a piece of study is a text."""
    return key.startswith(PREFIX)


def signs_in(text: str) -> int:
    """Return how much there is to read: each Chinese sign, each word of another script and each number is one."""
    return len(_SIGN.findall(text))


def reading_ms(signs: int) -> int:
    """Return the least time (ms) in which so many signs are read: in steps of 5 s, 20 s at least, 10 min at most."""
    exact = -(-signs * 60_000 // A_MINUTE)
    return min(max(LEAST_MS, -(-exact // STEP_MS) * STEP_MS), MOST_MS)


def verb_of(keys: Collection[str]) -> str:
    """Return what is done with what there is to study: "watch", "read", or "study" for some of both."""
    texts = sum(is_reading(key) for key in keys)
    if not texts:
        return "watch"
    return "read" if texts == len(keys) else "study"
