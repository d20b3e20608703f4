"""What a question is and what a right answer to it is. Pure.

Choices are those of the check of understanding (``attendance/core/check.py``); ordering and filling in come on top.
An answer is a list: places among the choices as they were written (ticked, or in the order given), or one text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from attendance.core import check

MOST_CHOICES = check.MOST_CHOICES
FEWEST_ORDERED = 3
"""Of two, never shown in their order already, the order would give itself away."""
LONGEST_TEXT = 100
"""Signs of an answer that is typed."""


class Kind(StrEnum):
    """How a question is answered; the first three as in a check of understanding."""

    SINGLE = "single"
    SEVERAL = "several"
    TRUE_FALSE = "true_false"
    ORDER = "order"
    FILL = "fill"


CHOOSING = frozenset({Kind.SINGLE, Kind.SEVERAL, Kind.TRUE_FALSE})


@dataclass(frozen=True, slots=True)
class Draft:
    """One question as it was written.

    ``choices``: of an ordering the items in their right order, of a filling in the accepted answers. ``right``: the
    places of the right choices, empty for the other kinds.
    """

    kind: Kind
    text: str
    choices: tuple[str, ...]
    right: tuple[int, ...] = ()
    explanation: str = ""

    def check(self) -> None:
        """Raise ``check.UnfitQuestion`` where nobody could answer it, or everybody would be right."""
        if self.kind in CHOOSING:
            kind = check.Kind(self.kind.value)
            check.Draft(kind, self.text, self.choices, frozenset(self.right), self.explanation).check()
            return
        if not self.text.strip():
            raise check.UnfitQuestion("text")
        is_typed = self.kind is Kind.FILL
        keys = [normalised(one) if is_typed else one.strip() for one in self.choices]
        if not (1 if is_typed else 0) <= len(keys) <= MOST_CHOICES or not all(keys):
            raise check.UnfitQuestion("answers" if is_typed else "choices")
        if len(set(keys)) != len(keys):
            raise check.UnfitQuestion("same")
        if not is_typed and len(keys) < FEWEST_ORDERED:
            raise check.UnfitQuestion("order")


def normalised(text: str) -> str:
    """Return a typed answer as it is compared: full and half width, case and every space are one."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def order_of(*, kind: Kind, size: int, key: str) -> tuple[int, ...]:
    """Return in which order choices are shown: the same for the same ``key`` on any device.

    True stays before false; what is to be put in order never lies in order already.
    """
    if kind is Kind.TRUE_FALSE:
        return check.order_of(size=size, kind=check.Kind.TRUE_FALSE, key=key)
    order = check.order_of(size=size, kind=check.Kind.SINGLE, key=key)
    if kind is Kind.ORDER and list(order) == sorted(order):
        return (*order[1:], order[0])
    return order


def answer_of(*, kind: Kind, shown: Sequence[int], order: Sequence[int]) -> list[int] | None:
    """Return the places meant by what was ticked or ordered as it is shown; None for what no page of ours sends."""
    places = check.places_of(shown, order)
    if places is None or len(set(shown)) != len(shown):
        return None
    if kind is Kind.ORDER:
        return [order[one] for one in shown] if len(shown) == len(order) else None
    if kind is not Kind.SEVERAL and len(places) > 1:
        return None
    return sorted(places)


def is_right(*, kind: Kind, choices: Sequence[str], right: Sequence[int], given: Sequence[int | str]) -> bool:
    """Whether an answer is right: the exact set, the exact order, or one of the accepted texts."""
    if kind is Kind.FILL:
        return normalised(str(given[0])) in {normalised(one) for one in choices}
    if kind is Kind.ORDER:
        return list(given) == list(range(len(choices)))
    return sorted(int(one) for one in given) == sorted(right)
