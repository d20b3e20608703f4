"""The short check of understanding: what a right answer is, in which order choices stand, how far somebody is. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

MOST_QUESTIONS = 10
MOST_CHOICES = 6
MOST_ATTEMPTS = 99
LONGEST_PAUSE_S = 24 * 60 * 60


class Kind(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    SEVERAL = "several"
    TRUE_FALSE = "true_false"


TRUTH = ("true", "false")
"""The choices of a true/false question: names, not words."""


class UnfitQuestion(ValueError):
    """A question cannot be asked so. ``code``: text, choices, same, truth, one_right, right."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Draft:
    """One question as it was written; ``right``: the places of the right ones among ``choices``. Of a true/false
    question the choices are "true" and "false", in this order, and have no words of their own."""

    kind: Kind
    text: str
    choices: tuple[str, ...]
    right: frozenset[int]
    explanation: str = ""

    def check(self) -> None:
        """Raise UnfitQuestion where nobody could answer it, or everybody would be right."""
        if not self.text.strip():
            raise UnfitQuestion("text")
        if not 2 <= len(self.choices) <= MOST_CHOICES or not all(one.strip() for one in self.choices):
            raise UnfitQuestion("choices")
        if len({one.strip() for one in self.choices}) != len(self.choices):
            raise UnfitQuestion("same")
        if self.kind is Kind.TRUE_FALSE and self.choices != TRUTH:
            raise UnfitQuestion("truth")
        if not self.right or not all(0 <= one < len(self.choices) for one in self.right):
            raise UnfitQuestion("right")
        if self.kind is not Kind.SEVERAL and len(self.right) > 1:
            raise UnfitQuestion("one_right")


def order_of(*, size: int, kind: Kind, key: str) -> tuple[int, ...]:
    """Return in which order choices are shown: the same for the same ``key`` on any device. True stays before false."""
    if kind is Kind.TRUE_FALSE:
        return tuple(range(size))
    return tuple(sorted(range(size), key=lambda place: hashlib.sha256(f"{key}:{place}".encode()).digest()))


def places_of(shown: Collection[int], order: Sequence[int]) -> frozenset[int] | None:
    """Return which choices were meant by what was ticked as shown; None for what no page of ours sends."""
    if not shown or not all(0 <= one < len(order) for one in shown):
        return None
    return frozenset(order[one] for one in shown)


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: in which attempt, to which question, right or not, when (ms since 1970)."""

    attempt: int
    question: int
    is_right: bool
    at: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody is with one version: ``attempt`` is the one under way or next, ``given`` its answers so far,
    ``question`` what is to be answered now (None: no attempt is left); ``opens_at``: a new attempt begins then (ms)."""

    attempt: int
    given: tuple[Given, ...]
    question: int | None
    opens_at: int = 0
    last: tuple[Given, ...] = ()

    @property
    def is_spent(self) -> bool:
        return self.question is None

    @property
    def is_under_way(self) -> bool:
        return bool(self.given)


def progress_of(*, questions: Sequence[int], given: Iterable[Given], most: int | None, pause_s: int) -> Progress:
    """Return how far somebody is; ``questions``: the version's, in order; ``most``: attempts allowed (None: any).

    ``last`` are the answers of the last attempt that is through.
    """
    by_attempt: dict[int, list[Given]] = {}
    for one in given:
        by_attempt.setdefault(one.attempt, []).append(one)
    through = [number for number, answers in by_attempt.items() if len(answers) >= len(questions)]
    latest = max(through, default=0)
    attempt = latest + 1
    now = tuple(by_attempt.get(attempt, ()))
    last = tuple(sorted(by_attempt.get(latest, ()), key=lambda one: questions.index(one.question)))
    if most is not None and latest >= most:
        return Progress(attempt, (), None, last=last)
    answered = {one.question for one in now}
    following = next(one for one in questions if one not in answered)
    opens_at = max(one.at for one in last) + pause_s * 1000 if last and not now else 0
    return Progress(attempt, now, following, opens_at, last)
