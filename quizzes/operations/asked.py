"""A member answers what a video of a lesson asks (ADR 81)."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction

from attendance.core.text import checked
from quizzes.core.questions import LONGEST_TEXT, Kind, answer_of, is_right
from quizzes.models import QuestionVersion, VideoAnswer
from quizzes.operations.taking import UnableToTakeQuiz
from quizzes.queries.asked import shown_order

log = structlog.get_logger(__name__)


class _Unfit(Exception):
    pass


def answer_video_question(
    *,
    lesson_id: int,
    version: QuestionVersion,
    member_id: int,
    picked: Sequence[int],
    typed: str,
    keeps: bool,
    as_of: datetime,
) -> VideoAnswer:
    """Keep the first answer to a question of a lesson's video and return it; a later one changes nothing.

    ``picked``: the places as they are shown to this member, ticked or in the order given; ``typed``: what was filled
    in. Without ``keeps`` (an organiser looks) it is marked and not stored. Durable when it returns, safe to repeat.
    Raises UnableToTakeQuiz.
    """
    given = _given(version, picked, typed, shown_order(version, member_id=member_id, lesson_id=lesson_id))
    kind = Kind(version.kind)
    answer = VideoAnswer(
        member_id=member_id, lesson=lesson_id, question_id=version.question_id, version=version, given=given,
        is_right=is_right(kind=kind, choices=version.choices, right=version.right, given=given), answered_at=as_of,
    )  # fmt: skip
    if not keeps:
        return answer
    try:
        with transaction.atomic():
            answer.save(force_insert=True)
    except IntegrityError:
        kept = VideoAnswer.objects.select_related("version")
        return kept.get(member_id=member_id, lesson=lesson_id, question_id=version.question_id)
    log.info("video_question_answered", lesson=lesson_id, question=version.question_id)
    return answer


def _given(version: QuestionVersion, picked: Sequence[int], typed: str, order: Sequence[int]) -> list[int] | list[str]:
    kind = Kind(version.kind)
    if kind is not Kind.FILL:
        places = answer_of(kind=kind, shown=picked, order=order)
        if places is None:
            raise UnableToTakeQuiz("order" if kind is Kind.ORDER else "bad_request")
        return places
    if len(typed.strip()) > LONGEST_TEXT:
        raise UnableToTakeQuiz("too_long")
    try:
        return [checked(typed.strip(), LONGEST_TEXT, _Unfit)]
    except _Unfit as error:
        raise UnableToTakeQuiz("bad_request") from error
