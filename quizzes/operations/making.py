"""Quizzes are made, changed, withdrawn and offered again (ADR 60)."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.core.check import MOST_ATTEMPTS
from attendance.core.text import as_it_reads, checked
from quizzes import events
from quizzes.core.drawing import MOST_DRAWN, MOST_PARTS, Part, drawn
from quizzes.models import Quiz
from quizzes.queries.bank import pools_of

LONGEST_TITLE = 60
log = structlog.get_logger(__name__)


class UnableToSaveQuiz(Exception):
    """The quiz cannot be saved; the message says why and what to do."""


class _Unfit(Exception):
    pass


@dataclass(frozen=True, slots=True)
class QuizPlan:
    """A quiz as it was written; ``most_attempts`` None for any number that a person makes (``MOST_ATTEMPTS``)."""

    title: str
    parts: tuple[Part, ...]
    pass_percent: int
    most_attempts: int | None = None
    shows: str = Quiz.Shows.FINAL.value


def _check(plan: QuizPlan, node_id: int) -> None:
    try:
        checked(plan.title.strip(), LONGEST_TITLE, _Unfit)
    except _Unfit as error:
        raise UnableToSaveQuiz(_("请写名称，最多 %(most)s 个字。") % {"most": LONGEST_TITLE}) from error
    if not 1 <= len(plan.parts) <= MOST_PARTS or any(part.count < 1 for part in plan.parts):
        raise UnableToSaveQuiz(_("请写明从题库里抽几道题：至少一行，每行至少 1 题。"))
    if len({part.tag for part in plan.parts}) != len(plan.parts):
        raise UnableToSaveQuiz(_("同一个标签写了两行，请合成一行。"))
    if sum(part.count for part in plan.parts) > MOST_DRAWN:
        raise UnableToSaveQuiz(_("一份练习最多 %(most)s 题，请少抽几道。") % {"most": MOST_DRAWN})
    if not 1 <= plan.pass_percent <= 100:
        raise UnableToSaveQuiz(_("及格线要在 1 和 100 之间。"))
    if plan.most_attempts is not None and not 1 <= plan.most_attempts <= MOST_ATTEMPTS:
        raise UnableToSaveQuiz(_("可以做几次，要在 1 和 %(most)s 之间；不限次数就不填。") % {"most": MOST_ATTEMPTS})
    if plan.shows not in Quiz.Shows.values:
        raise UnableToSaveQuiz(_("请选什么时候显示正确答案。"))
    _check_bank(plan, node_id)


def _check_bank(plan: QuizPlan, node_id: int) -> None:
    """Refuse a quiz that the bank cannot fill: its first reader would have fewer questions than was said."""
    pools = pools_of(node_id=node_id, parts=plan.parts)
    for part, keys in zip(plan.parts, pools, strict=True):
        if len(keys) < part.count:
            of = _("带标签“%(tag)s”的题") % {"tag": part.tag} if part.tag else _("题")
            said = _("这个组织的题库里能用的%(of)s只有 %(have)s 道，不够抽 %(count)s 道。请先加题，或者少抽几道。")
            raise UnableToSaveQuiz(said % {"of": of, "have": len(keys), "count": part.count})
    asked = [(keys, part.count) for part, keys in zip(plan.parts, pools, strict=True)]
    have = len(drawn(pools=asked, seed=""))
    if have < sum(part.count for part in plan.parts):
        said = _("有的题同时带几个标签，合起来只抽得出 %(have)s 道。请先加题，或者少抽几道。")
        raise UnableToSaveQuiz(said % {"have": have})


@transaction.atomic
def add_quiz(*, node_id: int, plan: QuizPlan, made_by_id: int, as_of: datetime) -> Quiz:
    """Make a quiz of a unit's bank. Raises UnableToSaveQuiz."""
    _check(plan, node_id)
    made = Quiz.objects.create(node_id=node_id, made_by_id=made_by_id, changed_at=as_of, **_fields(plan))
    log.info("quiz_added", quiz=made.pk, node=node_id)
    return made


@transaction.atomic
def change_quiz(*, quiz_id: int, plan: QuizPlan, seen_revision: int, as_of: datetime) -> Quiz:
    """Change how a quiz asks from the next attempt on; attempts that began keep what they have.

    ``seen_revision``: what whoever saves has read. Raises UnableToSaveQuiz.
    """
    held = Quiz.objects.select_for_update(no_key=True).get(pk=quiz_id)
    if held.revision != seen_revision:
        raise UnableToSaveQuiz(_("别人刚刚改过这份练习，还没有保存您的修改。请看过最新的再改。"))
    _check(plan, held.node_id)
    for name, value in _fields(plan).items():
        setattr(held, name, value)
    held.revision += 1
    held.changed_at = as_of
    held.save()
    events.announce_offered(held.pk)  # it may draw from an empty bank no more
    log.info("quiz_changed", quiz=held.pk, revision=held.revision)
    return held


@transaction.atomic
def withdraw_quiz(*, quiz_id: int, as_of: datetime) -> None:
    """Let nobody begin a quiz any more; whoever has begun may finish. No lesson asks for it then. Safe to repeat."""
    Quiz.objects.filter(pk=quiz_id, withdrawn_at=None).update(withdrawn_at=as_of)
    events.announce_offered(quiz_id)
    log.info("quiz_withdrawn", quiz=quiz_id)


@transaction.atomic
def offer_quiz_again(*, quiz_id: int) -> None:
    """Let a withdrawn quiz be taken again. Safe to repeat."""
    Quiz.objects.filter(pk=quiz_id).update(withdrawn_at=None)
    events.announce_offered(quiz_id)
    log.info("quiz_offered", quiz=quiz_id)


def _fields(plan: QuizPlan) -> dict[str, object]:
    return {
        "title": as_it_reads(plan.title).strip(), "draws": [[part.tag, part.count] for part in plan.parts],
        "pass_percent": plan.pass_percent, "most_attempts": plan.most_attempts, "shows": plan.shows,
    }  # fmt: skip
