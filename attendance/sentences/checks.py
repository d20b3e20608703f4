"""The check of understanding in words: what a member sees of it, what an organiser is told is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.core.intervals import ms_of
from attendance.core.reasons import Code
from attendance.kinds import Step, kinds
from attendance.models import Check, CheckAnswer, CheckQuestion, Occasion
from attendance.queries import window_of
from attendance.queries.checks import Taking, Touched, asks_check, lacks_questions, order_for, taking, withdrawn_check
from attendance.sentences.records import day_and_hour, length
from attendance.standing import Standing, due_at, is_due_over, quizzes_left
from organizations.models import User

TRUTH = {"true": lambda: _("对"), "false": lambda: _("错")}


def check_step(occasion: Occasion, reason: Mapping[str, Any] | None = None) -> Step:
    """Return the step to the check, for whoever has watched enough; ``reason``: what the record says of it, if read.

    Where quizzes are all that is left, it leads to the course, whose page says in which lessons.
    """
    if quizzes_left(reason):
        return Step(_("做练习"), kinds()[occasion.kind].url_for(occasion, User()))
    again = reason is not None and reason.get("code") == Code.CHECK_FAILED
    return Step(_("再做小测") if again else _("做小测"), reverse("me_check", args=[occasion.pk]))


def check_left_words(occasion: Occasion) -> str:
    """Return what is left to do for whoever has watched enough: 已看够，还要答对小测 3 题中的 2 题"""
    return _("已看够，还要答对小测 %(of)s 题中的 %(need)s 题") % (occasion.check_asked or {"of": 0, "need": 0})


def quizzes_left_words(left: int) -> str:
    """Return what is left to do for whoever has studied enough, and has quizzes to pass: 已学够，还要通过 1 个练习"""
    return _("已学够，还要通过 %(left)s 个练习") % {"left": left}


def spent_words(ahead: Sequence[Occasion] = ()) -> str:
    """Return what is said to whoever has no attempt left: nothing on the phone helps any more; ``ahead``: further
    sessions that are still to come."""
    if ahead:
        at = _("、").join(day_and_hour(one.starts_at) for one in ahead)
        said = _("小测的次数已经用完。可以参加再讲的一场（%(at)s），也可以请支部书记安排集中收看或送学上门。")
        return said % {"at": at}
    return _("小测的次数已经用完。可以请支部书记安排集中收看或送学上门。")


def check_asked_words(occasion: Occasion) -> str:
    """Return what is said where somebody makes up: that a check follows; "" where none does."""
    asked = occasion.check_asked
    if asked is None or not asks_check(occasion):
        return ""
    return _("看够以后，还要答对小测 %(of)s 题中的 %(need)s 题，才算已补学。") % asked


def check_card(occasion: Occasion, stand: Standing | None, *, member_id: int, as_of: datetime) -> dict[str, Any]:
    """Return what ``_check_card.html`` shows where somebody makes up; nothing where they need not or cannot.

    Asks the database of those alone who have failed the check: until when they wait.
    """
    if stand is None or not stand.is_undone or is_due_over(occasion, as_of) or stand.quizzes_left:
        return {}
    # A course that is on time is asked for nothing but itself.
    said = check_asked_words(occasion) if is_late(occasion, as_of=as_of) else ""
    if stand.check is not None:
        said = check_left_words(occasion) + _("。") if stand.owes_check else spent_words()
    step = check_step(occasion, stand.check) if stand.check is None or stand.owes_check else None
    waits = _again_words(occasion, stand, member_id=member_id, as_of=as_of)
    return {"check_said": said + waits, "check_now": stand.owes_check and not waits, "check_step": step}


def _again_words(occasion: Occasion, stand: Standing, *, member_id: int, as_of: datetime) -> str:
    """Return when somebody who has failed may try again; "" where they may now."""
    if not stand.owes_check or stand.check is None or stand.check.get("code") != Code.CHECK_FAILED:
        return ""
    now = taking(occasion=occasion, member_id=member_id, as_of=as_of)
    if now.code != "wait" or now.opens_at is None:
        return ""
    return _("再过 %(left)s可以再做一次。") % {"left": length(ms_of(now.opens_at) - ms_of(as_of))}


def is_late(occasion: Occasion, *, as_of: datetime) -> bool:
    """Whether taking part in an occasion now is making it up: of a course, whether its deadline is over."""
    deadline = window_of(occasion, as_of=as_of).deadline
    return deadline is None or deadline <= ms_of(as_of)


def missing_words(occasion: Occasion) -> str:
    """Return what an organiser is told about the check of an occasion, in one line; "" for nothing."""
    asked = occasion.check_asked
    if lacks_questions(occasion):
        withdrawn = withdrawn_check(occasion)
        if withdrawn is not None:
            said = _("小测已撤下（第 %(version)s 版），现在不要求，看够就算补学。要再用，打开题目保存一次。")
            return said % {"version": withdrawn.version}
        return _("规则要求补学做小测，题目还没有写：写好以前不要求，看够就算补学。")
    if asked is None:
        return ""
    said = _("%(of)s 题，答对 %(need)s 题通过（第 %(version)s 版）") % asked
    return said if asks_check(occasion) else said + _("；这一场的规则不要求小测，不会出现")


def withdrawing_words(touched: Touched) -> str:
    """Return what withdrawing a check does, and to whom, before anybody does it."""
    said = _(
        "撤下以后，这一场不再要求小测：看过回放、还没补上的 %(watching)s 人马上重新认定，看够的算作已补学；"
        "以后补学的也不用做。已经答过的 %(answered)s 人，答案和通过都不变。"
    )
    return said % {"watching": touched.watching, "answered": touched.answered}


def choice_words(question: CheckQuestion) -> list[str]:
    """Return the choices of a question as they are read, in the order in which they were written."""
    if question.kind == CheckQuestion.Kind.TRUE_FALSE:
        return [TRUTH[one]() for one in question.choices]
    return list(question.choices)


@dataclass(frozen=True)
class Asking:
    """A question as a member sees it: without a word of what is right."""

    number: str
    text: str
    kind: str
    choices: list[tuple[int, str]]
    is_several: bool
    picked: frozenset[int] = frozenset()

    @classmethod
    def of(cls, question: CheckQuestion, *, of: int, order: tuple[int, ...]) -> "Asking":
        words = choice_words(question)
        is_several = question.kind == CheckQuestion.Kind.SEVERAL
        return cls(
            _("第 %(number)s 题，共 %(of)s 题") % {"number": question.number, "of": of},
            question.text,
            _("可以选几个") if is_several else _("选一个"),
            [(at, words[place]) for at, place in enumerate(order)],
            is_several,
        )


@dataclass(frozen=True)
class Answered:
    """One answer of an attempt that is through: what was chosen, whether it was right, and why.

    ``right``: the right ones in words; said only once nothing can be gained by it any more.
    """

    text: str
    picked: str
    is_right: bool
    explanation: str
    right: str = ""

    @classmethod
    def of(cls, answer: CheckAnswer, question: CheckQuestion, *, tells: bool) -> "Answered":
        words = choice_words(question)
        picked = _("、").join(words[place] for place in answer.picked)
        right = _("、").join(words[place] for place in question.right) if tells and not answer.is_right else ""
        return cls(question.text, picked, answer.is_right, question.explanation, right)


def answered_rows(now: Taking) -> list[Answered]:
    """Return the last attempt that is through, question by question; nothing while another one is under way."""
    if now.check is None or now.progress is None or now.progress.is_under_way:
        return []
    last = {(one.attempt, one.question) for one in now.progress.last}
    by_id = {one.pk: one for one in now.check.questions.all()}
    rows = sorted(
        (one for one in now.answers if (one.attempt, one.question_id) in last),
        key=lambda one: by_id[one.question_id].number,
    )
    return [Answered.of(one, by_id[one.question_id], tells=now.code in ("passed", "spent", "over")) for one in rows]


def result_words(now: Taking) -> str:
    """Return what the last attempt came to; "" where there is none to speak of."""
    if now.check is None or now.progress is None or not now.progress.last or now.progress.is_under_way:
        return ""
    right = sum(one.is_right for one in now.progress.last)
    said = {"right": right, "of": len(now.progress.last), "need": now.check.need}
    if right >= now.check.need:
        return _("答对 %(of)s 题中的 %(right)s 题，通过了。") % said
    return _("答对 %(of)s 题中的 %(right)s 题，要答对 %(need)s 题才通过。") % said


def taking_words(now: Taking, occasion: Occasion, *, as_of: datetime, ahead: Sequence[Occasion] = ()) -> list[str]:
    """Return what a member is told at the top: what is asked, in how many attempts, until when; or why not now."""
    until = {"until": day_and_hour(due_at(occasion))}
    if now.code == "ask" and now.check is not None:
        asked = _("答对 %(of)s 题中的 %(need)s 题就通过。") % (occasion.check_asked or {})
        kept = len(now.progress.given) if now.progress else 0
        saved = _("前面答的 %(count)s 题已经存好。") % {"count": kept} if kept else ""
        return [one for one in (saved, asked + _rules(now.check), _("%(until)s 前做完才算已补学。") % until) if one]
    if now.code == "wait" and now.progress is not None:
        left = max(1000, now.progress.opens_at - ms_of(as_of))
        again = _("再过 %(left)s 可以再做一次。可以先回去看看没听明白的地方。") % {"left": length(left)}
        if now.progress.opens_at >= ms_of(due_at(occasion)):
            return [_("补学 %(until)s 截止，来不及再做一次。可以请支部书记安排集中收看或送学上门。") % until]
        return [again, _("%(until)s 前做完才算已补学。") % until]
    told = {
        "watch": _("还没有看够。先看够，再来做小测。"),
        "over": _("补学已在 %(until)s 截止，小测不再计入。") % until,
        "spent": spent_words(ahead),
        "passed": _("这一场已补学，不用再做了。"),
        "no_need": _("您这一场不用做小测。"),
    }
    return [told.get(now.code, _("这一场现在没有小测要做。"))]


def _rules(check: Check) -> str:
    said = ""
    if check.most_attempts is not None:
        said += _("最多做 %(count)s 次。") % {"count": check.most_attempts}
    if check.pause_s and check.most_attempts != 1:
        said += _("没通过的，过 %(pause)s可以再做。") % {"pause": length(check.pause_s * 1000)}
    return said


def asking_of(now: Taking, *, member_id: int) -> Asking | None:
    """Return the question to be answered now, as this member sees it."""
    question = now.question
    if question is None or now.check is None:
        return None
    order = order_for(question, member_id=member_id)
    return Asking.of(question, of=len(now.check.questions.all()), order=order)
