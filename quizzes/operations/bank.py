"""The bank: questions are written, changed (each change is a version), withdrawn and offered again (ADR 60)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.core.check import UnfitQuestion
from attendance.core.text import as_it_reads, checked
from attendance.operations.checks import LONGEST, refusals
from quizzes import events
from quizzes.core.questions import CHOOSING, LONGEST_TEXT, Draft, Kind
from quizzes.core.tags import LONGEST_TAG, MOST_TAGS
from quizzes.models import Question, QuestionTag, QuestionVersion, Quiz
from quizzes.queries.shortage import drawing_among

log = structlog.get_logger(__name__)


class UnableToSaveQuestion(Exception):
    """The question cannot be saved; the message says why and what to do."""


class _Unfit(Exception):
    pass


@dataclass(frozen=True, slots=True)
class QuestionPlan:
    """A question as it was written, with its tags."""

    draft: Draft
    tags: Sequence[str] = ()


def check_question(plan: QuestionPlan) -> None:
    """Raise UnableToSaveQuestion for a question that cannot be asked so."""
    messages = {
        **refusals(),
        "answers": _("填空题请至少写一个可以接受的答案。"),
        "order": _("排序题请至少写 3 项：只有两项，一看就知道先后。"),
    }
    draft = plan.draft
    try:
        draft.check()
        longest = LONGEST_TEXT if draft.kind is Kind.FILL else LONGEST["choice"]
        checked(draft.text, LONGEST["text"], _Unfit)
        checked(draft.explanation or "-", LONGEST["explanation"], _Unfit)
        for one in draft.choices:
            checked(one, longest, _Unfit)
    except UnfitQuestion as error:
        raise UnableToSaveQuestion(messages[error.code]) from error
    except _Unfit as error:
        raise UnableToSaveQuestion(messages["long"]) from error
    _check_tags(plan.tags)


def _check_tags(tags: Sequence[str]) -> None:
    if len(tags) > MOST_TAGS:
        raise UnableToSaveQuestion(_("一道题最多 %(most)s 个标签，请去掉几个。") % {"most": MOST_TAGS})
    for tag in tags:
        try:
            checked(tag, LONGEST_TAG, _Unfit)
        except _Unfit as error:
            said = _("标签“%(tag)s”太长或有不能用的字符，一个标签最多 %(most)s 个字。")
            raise UnableToSaveQuestion(said % {"tag": tag[:LONGEST_TAG], "most": LONGEST_TAG}) from error


def _read(plan: QuestionPlan) -> QuestionPlan:
    """Return a question as it reads: what is checked is what is stored, and two choices that look alike are alike."""
    draft = plan.draft
    read = replace(
        draft, text=as_it_reads(draft.text).strip(), choices=tuple(as_it_reads(one).strip() for one in draft.choices),
        explanation=as_it_reads(draft.explanation).strip(),
    )  # fmt: skip
    return QuestionPlan(read, tuple(dict.fromkeys(as_it_reads(tag) for tag in plan.tags)))


@contextmanager
def _telling(node_id: int) -> Iterator[None]:
    """Announce the quizzes of a unit that the bank can fill no more, or again, after what is done inside."""
    mine = Quiz.objects.filter(node_id=node_id, withdrawn_at=None)
    before = drawing_among(mine.all())
    yield
    for quiz_id in sorted(before ^ drawing_among(mine.all())):
        events.announce_offered(quiz_id)


@transaction.atomic
def add_question(*, node_id: int, plan: QuestionPlan, written_by_id: int, as_of: datetime) -> Question:
    """Write a new question into a unit's bank. Raises UnableToSaveQuestion."""
    plan = _read(plan)
    check_question(plan)
    with _telling(node_id):
        made = Question.objects.create(node_id=node_id, made_by_id=written_by_id, made_at=as_of)
        _version(made, 1, plan.draft, written_by_id, as_of).save()
        _tag(made, plan.tags)
    log.info("quiz_question_added", question=made.pk, node=node_id)
    return made


@transaction.atomic
def change_question(
    *, question_id: int, plan: QuestionPlan, seen_version: int, written_by_id: int, as_of: datetime
) -> QuestionVersion:
    """Write a question's next version, unless what it says is the same: then only the tags are kept.

    ``seen_version``: the newest that whoever saves has read. Whoever is answering an earlier version goes on with it.
    Raises UnableToSaveQuestion.
    """
    plan = _read(plan)
    check_question(plan)
    held = Question.objects.select_for_update(no_key=True).get(pk=question_id)
    if held.latest != seen_version:
        raise UnableToSaveQuestion(_("别人刚刚改过这道题，还没有保存您的修改。请看过最新的再改。"))
    newest = QuestionVersion.objects.get(question=held, number=held.latest)
    made = _version(held, held.latest + 1, plan.draft, written_by_id, as_of)
    if _said(made) != _said(newest):
        made.save()
        held.latest = made.number
        held.save(update_fields=["latest"])
        newest = made
    with _telling(held.node_id):
        _tag(held, plan.tags)
    log.info("quiz_question_changed", question=held.pk, version=newest.number)
    return newest


@transaction.atomic
def withdraw_question(*, question_id: int, as_of: datetime) -> None:
    """Draw a question no more; whoever has it in an attempt goes on with it. Safe to repeat."""
    held = Question.objects.select_for_update(no_key=True).get(pk=question_id)
    with _telling(held.node_id):
        Question.objects.filter(pk=question_id, withdrawn_at=None).update(withdrawn_at=as_of)
    log.info("quiz_question_withdrawn", question=question_id)


@transaction.atomic
def offer_question_again(*, question_id: int) -> None:
    """Let a withdrawn question be drawn again. Safe to repeat."""
    held = Question.objects.select_for_update(no_key=True).get(pk=question_id)
    with _telling(held.node_id):
        Question.objects.filter(pk=question_id).update(withdrawn_at=None)
    log.info("quiz_question_offered", question=question_id)


def _version(question: Question, number: int, draft: Draft, by_id: int, as_of: datetime) -> QuestionVersion:
    return QuestionVersion(
        question=question, number=number, kind=draft.kind.value, text=draft.text, choices=list(draft.choices),
        right=sorted(draft.right) if draft.kind in CHOOSING else [], explanation=draft.explanation,
        written_by_id=by_id, written_at=as_of,
    )  # fmt: skip


def _said(version: QuestionVersion) -> tuple[object, ...]:
    return version.kind, version.text, version.choices, version.right, version.explanation


def _tag(question: Question, tags: Sequence[str]) -> None:
    had = set(QuestionTag.objects.filter(question=question).values_list("name", flat=True))
    QuestionTag.objects.filter(question=question).exclude(name__in=list(tags)).delete()
    QuestionTag.objects.bulk_create(QuestionTag(question=question, name=one) for one in tags if one not in had)
