"""What a phone brings of a quiz that was taken without a network: answers with their moments, and the wish to hand in
(ADR 84)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from quizzes.models import Answer, Attempt
from quizzes.operations.taking import PUT, UnableToTakeQuiz, given_of, put_answer, submit_attempt

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Brought:
    """One answer as a phone kept it. ``picked`` and ``typed`` as in ``keep_answer``; ``at``: when it was given, by the
    phone's clock set right when the quiz was kept."""

    position: int
    picked: Sequence[int]
    typed: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of what a phone brought; questions by their numbers.

    ``late``: another device has answered them later, and that answer stands; ``missed``: the attempt had been handed in
    before they came; ``unfit``: what was brought is no answer to them.
    """

    attempt: Attempt
    late: tuple[int, ...] = ()
    missed: tuple[int, ...] = ()
    unfit: tuple[int, ...] = ()


@transaction.atomic
def take_brought(
    *, attempt_id: int, member_id: int, brought: Sequence[Brought], hands_in: bool, as_of: datetime
) -> Arrival:
    """Keep what a phone brings of an attempt, and hand it in if it asks for that; durable when it returns.

    Of two answers to a question the one given later stands, whichever comes first. A phone's moment decides nothing
    else: it is never before the attempt began nor after ``as_of``, and an attempt is handed in when that arrives. Safe
    to repeat. Raises Attempt.DoesNotExist for what is not theirs, or was pruned.
    """
    attempt = Attempt.objects.select_for_update(no_key=True).get(pk=attempt_id, member_id=member_id)
    answers = {one.position: one for one in Answer.objects.filter(attempt=attempt).select_related("version")}
    late, missed, unfit, changed = [], [], [], []
    for one in brought:
        answer = answers.get(one.position)
        given = None if answer is None else _given(answer, attempt, one)
        at = min(max(one.at, attempt.began_at), as_of)
        if answer is None or given is None:
            unfit.append(one.position)
        elif given == answer.given:
            # Given once more: from now on it is the later one.
            if attempt.submitted_at is None and answer.answered_at is not None and at > answer.answered_at:
                answer.answered_at = at
                changed.append(answer)
        elif attempt.submitted_at is not None:
            missed.append(one.position)
        elif answer.answered_at is not None and answer.answered_at > at:
            late.append(one.position)
        else:
            put_answer(answer, given, at)
            changed.append(answer)
    Answer.objects.bulk_update(changed, PUT)
    log.info("quiz_answers_arrived", attempt=attempt.pk, kept=len(changed), late=len(late), missed=len(missed))
    if hands_in:
        attempt = submit_attempt(quiz_id=attempt.quiz_id, attempt_id=attempt.pk, member_id=member_id, as_of=as_of)
    return Arrival(attempt, tuple(late), tuple(missed), tuple(unfit))


def _given(answer: Answer, attempt: Attempt, one: Brought) -> Sequence[int | str] | None:
    """Return the answer as it is stored; None for what is none."""
    answer.attempt = attempt
    try:
        return given_of(answer, one.picked, one.typed)
    except UnableToTakeQuiz:
        return None
