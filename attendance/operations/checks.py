"""The check of understanding: its questions are written, changed and withdrawn; members answer them (ADR 45)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from attendance.core.check import (
    LONGEST_PAUSE_S,
    MOST_ATTEMPTS,
    MOST_QUESTIONS,
    Draft,
    Kind,
    UnfitQuestion,
    places_of,
)
from attendance.core.intervals import ms_of
from attendance.core.text import as_it_reads, checked
from attendance.models import Check, CheckAnswer, CheckQuestion, Evidence, Occasion, Record, RosterEntry
from attendance.operations.marks import hold, is_judged_now, mark_dirty
from attendance.operations.rosters import is_on_roster
from attendance.operations.settling import settle, settle_dirty
from attendance.queries import CALLED_OFF
from attendance.queries.checks import check_that_holds, latest_check, order_for, taking

LONGEST = {"text": 400, "choice": 200, "explanation": 600}


class UnableToSaveCheck(Exception):
    """The questions cannot be saved; the message says why. ``number``: of which question, 0 for the whole."""

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


class UnableToAnswerCheck(Exception):
    """The answer is not taken; the message says why and what can be done.

    ``code``: none, watch, over, spent, wait, passed, no_need, changed, answered, bad_request.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Unfit(Exception):
    pass


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """A whole check as it was written: ``most_attempts`` None for any number."""

    questions: tuple[Draft, ...]
    need: int
    most_attempts: int | None = None
    pause_s: int = 0


def check_plan(plan: CheckPlan) -> None:
    """Raise UnableToSaveCheck for a check that cannot be asked so."""
    if not 1 <= len(plan.questions) <= MOST_QUESTIONS:
        raise UnableToSaveCheck(_("请写 1 到 %(most)s 道题。") % {"most": MOST_QUESTIONS})
    if not 1 <= plan.need <= len(plan.questions):
        raise UnableToSaveCheck(_("答对几题算通过，要在 1 和题数之间。"))
    if plan.most_attempts is not None and not 1 <= plan.most_attempts <= MOST_ATTEMPTS:
        raise UnableToSaveCheck(_("可以做几次，要在 1 和 %(most)s 之间；不限次数就不填。") % {"most": MOST_ATTEMPTS})
    if not 0 <= plan.pause_s <= LONGEST_PAUSE_S:
        raise UnableToSaveCheck(_("两次之间最多等一天。"))
    for number, draft in enumerate(plan.questions, 1):
        _check_draft(draft, number)


def refusals() -> dict[str, str]:
    """Return in words why a question cannot be asked, by the code of UnfitQuestion; ``long``: of its texts."""
    return {
        "text": _("请写题目。"),
        "choices": _("请至少写两个选项，中间不要空着。"),
        "same": _("有两个选项一样，请改一个。"),
        "truth": _("判断题只有“对”和“错”两个选项；要写别的选项，请改成单选题。"),
        "right": _("请勾出正确的选项。"),
        "one_right": _("单选题只能有一个正确选项；有几个的，请改成多选。"),
        "long": _("文字太长，或者有不能用的字符，请改短一些。"),
    }


def _check_draft(draft: Draft, number: int) -> None:
    try:
        draft.check()
        texts = (draft.text, *(draft.choices if draft.kind is not Kind.TRUE_FALSE else ()), draft.explanation or "-")
        most = (LONGEST["text"], *[LONGEST["choice"]] * (len(texts) - 2), LONGEST["explanation"])
        for text, longest in zip(texts, most, strict=True):
            checked(text, longest, _Unfit)
    except UnfitQuestion as error:
        raise UnableToSaveCheck(refusals()[error.code], number) from error
    except _Unfit as error:
        raise UnableToSaveCheck(refusals()["long"], number) from error


@transaction.atomic
def save_check(*, occasion_id: int, plan: CheckPlan, seen_version: int, written_by_id: int, as_of: datetime) -> Check:
    """Write an occasion's questions: over the version that holds while nobody has answered it, else as the next one.

    ``seen_version``: the newest that whoever saves has read (0: none). Who passed an earlier version stays passed; who
    had made up before there were any questions is not asked. Raises UnableToSaveCheck.
    """
    check_plan(plan)
    # The row is held, and whoever answers holds it too: no answer comes to questions that are being replaced.
    occasion = _held(occasion_id)
    latest = latest_check(occasion_id)
    if (latest.version if latest else 0) != seen_version:
        raise UnableToSaveCheck(_("别人刚刚改过这份小测，还没有保存您的修改。请看过最新的再改。"))
    if latest is not None and not CheckAnswer.objects.filter(checked=latest).exists():
        CheckQuestion.objects.filter(checked=latest).delete()
        version = latest.version
        Check.objects.filter(pk=latest.pk).delete()
    else:
        version = seen_version + 1
    made = Check.objects.create(
        occasion_id=occasion_id, version=version, need=plan.need, most_attempts=plan.most_attempts,
        pause_s=plan.pause_s, written_by_id=written_by_id, written_at=as_of,
    )  # fmt: skip
    CheckQuestion.objects.bulk_create(_question(made, number, one) for number, one in enumerate(plan.questions, 1))
    before = occasion.check_asked
    occasion.check_asked = {
        "id": made.pk, "version": version, "need": plan.need, "of": len(plan.questions), "most": plan.most_attempts,
        "since": before["since"] if before else ms_of(as_of),
    }  # fmt: skip
    occasion.save(update_fields=["check_asked"])
    _mark_watching(occasion, as_of)
    return made


@transaction.atomic
def copy_check(*, from_id: int, to_id: int, written_by_id: int, as_of: datetime) -> Check | None:
    """Give an occasion the questions that another one asks now, as its own first version; None where that asks none.

    For what is held in the place of another: each may be changed without the other. Raises UnableToSaveCheck.
    """
    holds = check_that_holds(Occasion.objects.get(pk=from_id))
    if holds is None:
        return None
    drafts = tuple(
        Draft(Kind(one.kind), one.text, tuple(one.choices), frozenset(one.right), one.explanation)
        for one in holds.questions.all()
    )
    plan = CheckPlan(drafts, need=holds.need, most_attempts=holds.most_attempts, pause_s=holds.pause_s)
    return save_check(occasion_id=to_id, plan=plan, seen_version=0, written_by_id=written_by_id, as_of=as_of)


@transaction.atomic
def withdraw_check(*, occasion_id: int, as_of: datetime) -> None:
    """Ask for the check no more: who has watched enough has made up. What was answered stays. Raises
    UnableToSaveCheck."""
    occasion = _held(occasion_id)
    if occasion.check_asked is None:
        raise UnableToSaveCheck(_("这一场现在没有小测。"))
    occasion.check_asked = None
    occasion.save(update_fields=["check_asked"])
    _mark_watching(occasion, as_of)


def _held(occasion_id: int) -> Occasion:
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if occasion.state in CALLED_OFF:
        raise UnableToSaveCheck(_("这一场没有举行或已经作废，不需要小测。"))
    if occasion.evidence_removed_at is not None:
        raise UnableToSaveCheck(_("这一场的原始记录已经按保存期限删除，小测不能再改。"))
    return occasion


def _question(check: Check, number: int, draft: Draft) -> CheckQuestion:
    words = [as_it_reads(one).strip() for one in draft.choices]
    return CheckQuestion(
        checked=check, number=number, kind=draft.kind.value, text=as_it_reads(draft.text).strip(), choices=words,
        right=sorted(draft.right), explanation=as_it_reads(draft.explanation).strip(),
    )  # fmt: skip


def _mark_watching(occasion: Occasion, as_of: datetime) -> None:
    """Mark whoever is not done and has watched, or watches this very moment: what is asked of them is another thing."""
    if not is_judged_now(occasion.state, occasion.rule.basis):
        return
    open_states = ("missing", "incomplete", "pending", "excused")
    records = Record.objects.filter(occasion=occasion, state__in=open_states, replay_ms__gt=0).values("member_id")
    now = Evidence.objects.filter(occasion=occasion, kind=Evidence.Kind.WATCHED, recorded_at__gte=as_of)
    theirs = Q(member_id__in=records) | Q(member_id__in=now.values("member_id"))
    RosterEntry.objects.filter(theirs, occasion=occasion, dirty_at=None).update(dirty_at=as_of)


def answer_question(
    *,
    occasion_id: int,
    member_id: int,
    check_id: int,
    attempt: int,
    question_id: int,
    shown: Collection[int],
    client_id: str,
    as_of: datetime,
) -> CheckAnswer:
    """Keep one answer; durable when it returns, and final. The same ``client_id`` again changes nothing.

    ``shown``: the places of what was ticked, as they are shown to this member. The last answer of an attempt makes it
    evidence, and judges the member. Raises UnableToAnswerCheck.
    """
    settle_dirty(as_of=as_of, member_ids=[member_id])
    with transaction.atomic():
        answer, is_new = _kept(
            occasion_id=occasion_id, member_id=member_id, check_id=check_id, attempt=attempt, question_id=question_id,
            shown=shown, client_id=client_id, as_of=as_of,
        )  # fmt: skip
        is_through = is_new and _finish(answer, as_of)
        occasion = answer.occasion
    if is_through and is_judged_now(occasion.state, occasion.rule.basis):
        settle(occasion_id=occasion_id, member_ids=[member_id], as_of=as_of)
    return answer


def _kept(
    *, occasion_id: int, member_id: int, check_id: int, attempt: int, question_id: int, shown: Collection[int],
    client_id: str, as_of: datetime,
) -> tuple[CheckAnswer, bool]:  # fmt: skip
    """Return the answer under this id, and whether it is new."""
    try:
        checked(client_id, 64, _Unfit)
    except _Unfit as error:
        raise _refused("bad_request") from error
    hold([occasion_id])
    if not is_on_roster(occasion_id=occasion_id, member_id=member_id):
        raise _refused("none")
    # One person's devices come one after another.
    list(RosterEntry.objects.select_for_update().filter(occasion_id=occasion_id, member_id=member_id))
    known = CheckAnswer.objects.select_related("occasion__rule").filter(member_id=member_id, client_id=client_id)
    if (same := known.first()) is not None:
        return same, False
    occasion = Occasion.objects.select_related("rule").get(pk=occasion_id)
    question = _question_now(occasion, member_id, check_id, attempt, question_id, as_of)
    places = places_of(shown, order_for(question, member_id=member_id))
    if places is None or (question.kind != CheckQuestion.Kind.SEVERAL and len(places) > 1):
        raise _refused("bad_request")
    return CheckAnswer.objects.create(
        occasion=occasion, member_id=member_id, checked_id=check_id, question=question, attempt=attempt,
        picked=sorted(places), is_right=sorted(places) == question.right, client_id=client_id, answered_at=as_of,
    ), True  # fmt: skip


def _question_now(
    occasion: Occasion, member_id: int, check_id: int, attempt: int, question_id: int, as_of: datetime
) -> CheckQuestion:
    """Return the question, if it is one that this member may answer now. Raises UnableToAnswerCheck."""
    now = taking(occasion=occasion, member_id=member_id, as_of=as_of)
    if now.check is not None and now.check.pk != check_id:
        raise _refused("changed")
    if now.check is None or now.progress is None or now.code != "ask":
        raise _refused(now.code)
    found = next((one for one in now.check.questions.all() if one.pk == question_id), None)
    if found is None:
        raise _refused("bad_request")
    # Another device was quicker, or the page is of an attempt that is through.
    if attempt != now.progress.attempt or question_id in {one.question for one in now.progress.given}:
        raise _refused("answered")
    return found


def _finish(answer: CheckAnswer, as_of: datetime) -> bool:
    """Make an attempt evidence once all its questions are answered; returns whether it was."""
    check = answer.checked
    rights = CheckAnswer.objects.filter(checked=check, member_id=answer.member_id, attempt=answer.attempt)
    right: Sequence[bool] = list(rights.values_list("is_right", flat=True))
    of = check.questions.count()
    if len(right) < of:
        return False
    Evidence.objects.create(
        occasion_id=answer.occasion_id, member_id=answer.member_id, kind=Evidence.Kind.UNDERSTOOD,
        client_id=f"check-{check.pk}-{answer.attempt}", score=[sum(right), of, check.need, check.version],
        recorded_at=as_of,
    )  # fmt: skip
    mark_dirty(occasion_id=answer.occasion_id, member_ids=[answer.member_id], as_of=as_of)
    return True


def _refused(code: str) -> UnableToAnswerCheck:
    messages = {
        "none": _("这一场现在没有小测要做。"),
        "watch": _("还没有看够，先看够再做小测。"),
        "over": _("补学时间已经过了，小测不再计入。"),
        "spent": _("小测的次数已经用完。可以请支部书记安排集中收看或送学上门。"),
        "wait": _("还没有到再做的时间，请过一会儿再来。"),
        "passed": _("小测已经通过，不用再做。"),
        "no_need": _("您这一场不用做小测。"),
        "changed": _("组织员刚刚改了小测的题目，请做新的题目；以前答的都保存着。"),
        "answered": _("这道题已经答过了，以先答的为准，请接着做下一题。"),
    }
    return UnableToAnswerCheck(code, messages.get(code, _("请选好答案再提交。")))
