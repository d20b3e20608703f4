"""Where a page of the interface went on: a short text that a program hands back as it got it. Pure.

A cursor holds places in an order (a path of the tree, numbers), never a right: what a page may contain is asked anew
each time, so one that somebody wrote by hand leads nowhere else.
"""

import base64
import binascii
from dataclasses import dataclass

LONGEST = 600
LARGEST = 2**63 - 1
PARTS = 3
STEPS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class UnableToReadCursor(ValueError):
    """The text is no cursor that this interface gave."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The last row of a page: its unit's path in the tree, and up to two numbers below it (0: none)."""

    path: str = ""
    first: int = 0
    second: int = 0


def written(place: Place) -> str:
    """Return the place as a cursor."""
    return base64.urlsafe_b64encode(f"{place.path}.{place.first}.{place.second}".encode()).decode().rstrip("=")


def read(text: str) -> Place:
    """Return the place that a cursor names. Raises UnableToReadCursor."""
    if len(text) > LONGEST or not text.isascii():
        raise UnableToReadCursor(text[:20])
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnableToReadCursor(text[:20]) from error
    parts = plain.split(".")
    if len(parts) != PARTS or not STEPS.issuperset(parts[0]):
        raise UnableToReadCursor(text[:20])
    return Place(parts[0], _number(parts[1]), _number(parts[2]))


def _number(text: str) -> int:
    if not text.isdecimal() or int(text[:20]) > LARGEST:
        raise UnableToReadCursor(text[:20])
    return int(text)
