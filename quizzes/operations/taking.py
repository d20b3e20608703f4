"""A member takes a quiz: begins, answers question by question from any device, hands in (ADR 60)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from attendance.core.text import checked
from quizzes.core.drawing import drawn, needed
from quizzes.core.questions import LONGEST_TEXT, Kind, answer_of, is_right
from quizzes.events import tell_handed_in
from quizzes.models import Answer, Attempt, Quiz
from quizzes.queries.bank import newest_versions, pools_of
from quizzes.queries.taking import order_for, standing_of

PUT = ["given", "answered_at", "kept", "is_right"]
log = structlog.get_logger(__name__)


class UnableToTakeQuiz(Exception):
    """It cannot be begun, answered or handed in; the message says why and what can be done.

    ``code``: withdrawn, spent, passed, empty, submitted, order, too_long, bad_request.
    """

    def __init__(self, code: str) -> None:
        messages = {
            "withdrawn": _("这份练习已经撤下，现在不用做。"),
            "spent": _("练习的次数已经用完。"),
            "passed": _("练习已经通过，不用再做。"),
            "empty": _("这份练习现在没有题目，请告诉组织员。"),
            "submitted": _("这一次已经交卷，刚才的答案没有算进去。下面是结果。"),
            "order": _("请给每一项选一个不同的位置，再保存。"),
            "bad_request": _("请先答这一题，再保存；也可以先做别的题。"),
            "too_long": _("答案最多 %(most)s 个字，请写短一些。") % {"most": LONGEST_TEXT},
        }
        super().__init__(messages[code])
        self.code = code


class _Unfit(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it is stored now; ``overtook``: it took the place of one that came from elsewhere meanwhile."""

    answer: Answer
    overtook: bool


def start_attempt(*, quiz_id: int, member_id: int, as_of: datetime) -> Attempt:
    """Begin an attempt, or return the one under way: what was drawn stays its own. Raises UnableToTakeQuiz."""
    quiz = Quiz.objects.get(pk=quiz_id)
    try:
        with transaction.atomic():
            return _started(quiz, member_id, as_of)
    except IntegrityError:
        # Another device of theirs began in this moment: there is one attempt, and it is the same for both.
        return Attempt.objects.filter(quiz=quiz, member_id=member_id).latest("number")


def _started(quiz: Quiz, member_id: int, as_of: datetime) -> Attempt:
    now = standing_of(quiz=quiz, member_id=member_id)
    if now.under_way is not None:
        return now.under_way
    if now.code != "may":
        raise UnableToTakeQuiz(now.code)
    seed = secrets.token_hex(16)
    parts = quiz.parts
    pools = pools_of(node_id=quiz.node_id, parts=parts)
    keys = drawn(pools=[(pool, part.count) for pool, part in zip(pools, parts, strict=True)], seed=seed)
    versions = newest_versions(keys)
    if not versions:
        raise UnableToTakeQuiz("empty")
    made = Attempt.objects.create(
        quiz=quiz, member_id=member_id, number=len(now.submitted) + 1, seed=seed, of=len(versions),
        need=needed(percent=quiz.pass_percent, of=len(versions)), began_at=as_of,
    )  # fmt: skip
    Answer.objects.bulk_create(
        Answer(attempt=made, position=position, version=version) for position, version in enumerate(versions, 1)
    )
    log.info("quiz_attempt_began", quiz=quiz.pk, attempt=made.pk)
    return made


@transaction.atomic
def keep_answer(
    *,
    quiz_id: int,
    attempt_id: int,
    member_id: int,
    position: int,
    picked: Sequence[int],
    typed: str,
    seen: int,
    as_of: datetime,
) -> Kept:
    """Keep one answer; durable when it returns. The same again changes nothing; another one takes its place.

    ``picked``: the places as they are shown to this member, ticked or in the order given; ``typed``: what was filled
    in; ``seen``: ``Answer.kept`` as the page that sends it had it. Raises UnableToTakeQuiz; Attempt.DoesNotExist and
    Answer.DoesNotExist for what is not theirs.
    """
    attempt = Attempt.objects.select_for_update(no_key=True).get(pk=attempt_id, quiz_id=quiz_id, member_id=member_id)
    answer = Answer.objects.select_related("version").get(attempt=attempt, position=position)
    answer.attempt = attempt
    if attempt.submitted_at is not None:
        raise UnableToTakeQuiz("submitted")
    given = given_of(answer, picked, typed)
    if given == answer.given:
        return Kept(answer, overtook=False)
    overtook = answer.kept != seen
    put_answer(answer, given, as_of)
    answer.save(update_fields=PUT)
    log.info("quiz_answer_kept", attempt=attempt.pk, position=position, overtook=overtook)
    return Kept(answer, overtook)


def put_answer(answer: Answer, given: Sequence[int | str], at: datetime) -> None:
    """Write an answer, and whether it is right, into a drawn question; ``PUT`` names the fields to be saved."""
    version = answer.version
    answer.given, answer.answered_at, answer.kept = given, at, answer.kept + 1
    answer.is_right = is_right(kind=Kind(version.kind), choices=version.choices, right=version.right, given=given)


def given_of(answer: Answer, picked: Sequence[int], typed: str) -> Sequence[int | str]:
    """Return the answer as it is stored. Raises UnableToTakeQuiz."""
    kind = Kind(answer.version.kind)
    if kind is not Kind.FILL:
        places = answer_of(kind=kind, shown=picked, order=order_for(answer))
        if places is None:
            raise UnableToTakeQuiz("order" if kind is Kind.ORDER else "bad_request")
        return places
    text = typed.strip()
    if len(text) > LONGEST_TEXT:
        raise UnableToTakeQuiz("too_long")
    try:
        return [checked(text, LONGEST_TEXT, _Unfit)]
    except _Unfit as error:
        raise UnableToTakeQuiz("bad_request") from error


@transaction.atomic
def submit_attempt(*, quiz_id: int, attempt_id: int, member_id: int, as_of: datetime) -> Attempt:
    """Hand an attempt in; what is not answered counts as wrong. Safe to repeat. Raises Attempt.DoesNotExist."""
    attempt = Attempt.objects.select_for_update(no_key=True).get(pk=attempt_id, quiz_id=quiz_id, member_id=member_id)
    if attempt.submitted_at is None:
        attempt.right = Answer.objects.filter(attempt=attempt, is_right=True).count()
        attempt.submitted_at = as_of
        attempt.save(update_fields=["right", "submitted_at"])
        tell_handed_in(attempt.pk)
        log.info("quiz_attempt_submitted", attempt=attempt.pk)
    return attempt
