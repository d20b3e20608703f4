"""How a quiz went, without a name: how many took it, and question by question how many were right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from django.core.cache import cache
from django.db.models import Count, F, Q

from quizzes.core.questions import CHOOSING
from quizzes.models import Answer, Attempt, QuestionVersion, Quiz

LEAST_PEOPLE = 5
"""Of fewer nothing is said: in a small unit anybody could tell whose answers they are."""
MOST_SHOWN = 100
REMEMBERED_S = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """One version of a question in handed-in attempts: how often drawn, left open, right; choices by how often picked.

    ``picked`` is empty where nothing is chosen (ordering, filling in). None of them: too few people had it.
    """

    version: QuestionVersion
    drawn: int
    open: int
    right: int
    picked: tuple[int, ...] = ()

    @property
    def percent(self) -> int:
        return round(100 * self.right / self.drawn)


@dataclass(frozen=True, slots=True)
class Went:
    """How a quiz went: people who handed in, how many passed, attempts; its questions, the worst first."""

    people: int
    passed: int
    attempts: int
    asked: tuple[Asked, ...] = ()
    hidden: int = 0


def went(quiz: Quiz) -> Went:
    """Return how a quiz went, as it was at most ``REMEMBERED_S`` ago: counting reads every answer there is.

    Questions that fewer than five people had are counted as ``hidden``. One query, five where it is counted.
    """
    key = f"quizzes.went:{quiz.pk}"
    counts: _Counts | None = cache.get(key)
    if counts is None:
        counts = _counted(quiz)
        if counts["people"] >= LEAST_PEOPLE:
            cache.set(key, counts, REMEMBERED_S)
    # A version never changes, so its words are read, and counts alone are remembered.
    versions = QuestionVersion.objects.in_bulk([one[0] for one in counts["asked"]])
    asked = tuple(Asked(versions[one[0]], *one[1:]) for one in counts["asked"])
    return Went(counts["people"], counts["passed"], counts["attempts"], asked, counts["hidden"])


class _Counts(TypedDict):
    """``Went`` without words; ``asked``: version, drawn, open, right, picked."""

    people: int
    passed: int
    attempts: int
    hidden: int
    asked: list[tuple[int, int, int, int, tuple[int, ...]]]


def _counted(quiz: Quiz) -> _Counts:
    handed = Attempt.objects.filter(quiz=quiz, submitted_at__isnull=False)
    total = handed.aggregate(
        people=Count("member", distinct=True), attempts=Count("pk"),
        passed=Count("member", distinct=True, filter=Q(right__gte=F("need"))),
    )  # fmt: skip
    found = _Counts(people=total["people"], passed=0, attempts=total["attempts"], hidden=0, asked=[])
    if total["people"] < LEAST_PEOPLE:
        return found
    answers = Answer.objects.filter(attempt__quiz=quiz, attempt__submitted_at__isnull=False).order_by()
    counted = list(
        answers.values("version_id").annotate(
            drawn=Count("pk"), open=Count("pk", filter=Q(answered_at=None)),
            right=Count("pk", filter=Q(is_right=True)), people=Count("attempt__member", distinct=True),
        )
    )  # fmt: skip
    shown = sorted(
        (one for one in counted if one["people"] >= LEAST_PEOPLE), key=lambda one: one["right"] / one["drawn"]
    )[:MOST_SHOWN]
    picked = _picked(quiz, QuestionVersion.objects.in_bulk([one["version_id"] for one in shown]))
    found["passed"], found["hidden"] = total["passed"], len(counted) - len(shown)
    found["asked"] = [
        (one["version_id"], one["drawn"], one["open"], one["right"], picked.get(one["version_id"], ()))
        for one in shown
    ]  # fmt: skip
    return found


def _picked(quiz: Quiz, versions: Mapping[int, QuestionVersion]) -> dict[int, tuple[int, ...]]:
    """Count how often each choice was picked: the database groups equal answers, of which there are few."""
    choosing = [key for key, one in versions.items() if one.kind in CHOOSING]
    given = Answer.objects.filter(
        attempt__quiz=quiz, attempt__submitted_at__isnull=False, version_id__in=choosing, answered_at__isnull=False
    )
    counts = {key: [0] * len(versions[key].choices) for key in choosing}
    for one in given.order_by().values("version_id", "given").annotate(n=Count("pk")):
        for place in one["given"] or []:
            counts[one["version_id"]][place] += one["n"]
    return {key: tuple(found) for key, found in counts.items()}
