"""How somebody stands with a quiz, and what they answered. Nothing here writes."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Case, F, When

from attendance.core.check import MOST_ATTEMPTS
from organizations.models import User
from quizzes.core.questions import Kind, order_of
from quizzes.models import Answer, Attempt, Quiz, VideoAnswer
from quizzes.queries.shortage import drawing_among


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member stands with one quiz.

    ``code``: may (an attempt can be begun, or goes on), passed, spent, withdrawn. ``submitted``: the attempts that
    were handed in, the first first; where any number may be made it ends at ``MOST_ATTEMPTS`` all the same.
    """

    quiz: Quiz
    code: str
    submitted: tuple[Attempt, ...] = ()
    under_way: Attempt | None = None

    @property
    def last(self) -> Attempt | None:
        return self.submitted[-1] if self.submitted else None

    @property
    def left(self) -> int | None:
        """How many attempts can still be begun; None for any number."""
        most = self.quiz.most_attempts
        begun = len(self.submitted) + (self.under_way is not None)
        return None if most is None else max(0, most - begun)

    @property
    def tells(self) -> bool:
        """Whether what is right may be told now."""
        if self.quiz.shows == Quiz.Shows.FINAL:
            # Until then it would only be carried into the next attempt.
            return self.under_way is None and (self.code in ("passed", "spent"))
        return self.quiz.shows == Quiz.Shows.SUBMITTED


def standing_of(*, quiz: Quiz, member_id: int) -> Standing:
    """Return how a member stands with a quiz. One query."""
    return standings_of(quizzes=[quiz], member_id=member_id)[quiz.pk]


def standings_of(*, quizzes: Collection[Quiz], member_id: int) -> dict[int, Standing]:
    """Return how a member stands with some quizzes, by their ids. One query whatever their number."""
    by_quiz: dict[int, list[Attempt]] = {quiz.pk: [] for quiz in quizzes}
    for attempt in Attempt.objects.filter(member_id=member_id, quiz__in=list(by_quiz)).order_by("number"):
        by_quiz[attempt.quiz_id].append(attempt)
    return {quiz.pk: _standing(quiz, by_quiz[quiz.pk]) for quiz in quizzes}


def _standing(quiz: Quiz, attempts: list[Attempt]) -> Standing:
    submitted = tuple(one for one in attempts if one.submitted_at is not None)
    under_way = next((one for one in attempts if one.submitted_at is None), None)
    if any(one.is_passed for one in submitted):
        code = "passed"
    elif under_way is not None:
        code = "may"
    elif len(submitted) >= (quiz.most_attempts or MOST_ATTEMPTS):
        code = "spent"
    else:
        code = "withdrawn" if quiz.withdrawn_at is not None else "may"
    return Standing(quiz, code, submitted, under_way)


def standings_in(*, keys: Collection[str], member_id: int) -> dict[int, Standing]:
    """Return how a member stands with the quizzes of a lesson; ``keys`` as its page holds them. Two queries at most."""
    ids = [int(key) for key in keys if key.isdecimal()]
    if not ids:
        return {}
    return standings_of(quizzes=list(Quiz.objects.filter(pk__in=ids)), member_id=member_id)


def offered_among(keys: Collection[str]) -> set[int]:
    """Return the ids of those quizzes that can be begun, and draw a question; ``keys`` as a page holds them. Three
    queries at most."""
    ids = [int(key) for key in keys if key.isdecimal()]
    return drawing_among(Quiz.objects.filter(pk__in=ids, withdrawn_at=None))


def passes_of(*, quiz_ids: Collection[int], member_id: int) -> list[Attempt]:
    """Return a member's attempts at some quizzes that were passed, the first of each quiz. One query."""
    found: dict[int, Attempt] = {}
    passed = Attempt.objects.filter(member_id=member_id, quiz__in=list(quiz_ids), right__gte=F("need"))
    for attempt in passed.order_by("submitted_at", "pk"):
        found.setdefault(attempt.quiz_id, attempt)
    return list(found.values())


def quiz_by_id(quiz_id: int) -> Quiz | None:
    """Return a quiz, withdrawn or not."""
    return Quiz.objects.filter(pk=quiz_id).first()


def answers_of(attempt: Attempt) -> list[Answer]:
    """Return the questions of an attempt in their order, with what was answered. One query."""
    found = list(Answer.objects.filter(attempt=attempt).select_related("version"))
    for one in found:
        one.attempt = attempt
    return found


def order_for(answer: Answer) -> tuple[int, ...]:
    """Return in which order the choices of a drawn question are shown, on any device."""
    version = answer.version
    key = f"{answer.attempt.seed}:{version.pk}"
    return order_of(kind=Kind(version.kind), size=len(version.choices), key=key)


def personal_data(user: User) -> dict[str, list[object]]:
    """Return a person's attempts and answers, also to what videos asked, for their own download.

    What is right is theirs once they have handed in: before that it would tell what to answer.
    """
    attempts = Attempt.objects.filter(member=user).order_by("began_at", "pk")
    answers = Answer.objects.filter(attempt__member=user).order_by("attempt_id", "position")
    asked = VideoAnswer.objects.filter(member=user).order_by("answered_at", "pk")
    return {
        "video_answers": list(asked.values("lesson", "version__text", "given", "is_right", "answered_at")),
        "quiz_attempts": list(
            attempts.values("id", "quiz__title", "number", "began_at", "submitted_at", "right", "of", "need")
        ),
        "quiz_answers": list(
            answers.annotate(was_right=Case(When(attempt__submitted_at__isnull=False, then="is_right"))).values(
                "attempt_id", "position", "version__text", "given", "was_right", "answered_at"
            )
        ),
    }
