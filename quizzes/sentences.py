"""练习 in words: what a member sees of a question, of an attempt and of how they stand; what an organiser reads."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from attendance.sentences.checks import TRUTH
from quizzes.core.drawing import needed, number_words
from quizzes.core.questions import Kind
from quizzes.models import Answer, Attempt, QuestionVersion, Quiz
from quizzes.queries.asked import AskedInVideos
from quizzes.queries.statistics import LEAST_PEOPLE, Asked, Went
from quizzes.queries.taking import Standing, order_for


def choice_words(version: QuestionVersion) -> list[str]:
    """Return the choices as they are read, in the order in which they were written."""
    if version.kind == QuestionVersion.Kind.TRUE_FALSE:
        return [TRUTH[one]() for one in version.choices]
    return list(version.choices)


def how_words(kind: str) -> str:
    """Return how a question is answered, in a few words."""
    told = {
        Kind.SINGLE: _("选一个"),
        Kind.TRUE_FALSE: _("选一个"),
        Kind.SEVERAL: _("可以选几个"),
        Kind.ORDER: _("排出先后：给每一项选一个位置"),
        Kind.FILL: _("填空"),
    }
    return told[Kind(kind)]


@dataclass(frozen=True)
class Asking:
    """A question as a member sees it, without a word of what is right; the partial of the check draws its choices.

    ``ranks``: of an ordering, the place chosen for each item as shown ("" for none); ``typed``: what was filled in.
    """

    number: str
    text: str
    kind: str
    choices: list[tuple[int, str]]
    is_several: bool
    picked: frozenset[int] = frozenset()
    is_order: bool = False
    is_fill: bool = False
    ranks: list[tuple[int, str, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    typed: str = ""


@dataclass(frozen=True)
class Sent:
    """What a form held that was not taken: it stands in the page again."""

    picked: Sequence[int] = ()
    ranks: Sequence[str] = ()
    typed: str = ""


def asking_of(answer: Answer, *, of: int, sent: Sent | None = None) -> Asking:
    """Return a drawn question, with what is stored of it or, where that was refused, what was sent."""
    version, order = answer.version, order_for(answer)
    words, kind = choice_words(version), Kind(version.kind)
    given = answer.given if sent is None and answer.given is not None else []
    ranks, picked, typed = ["" for _one in order], frozenset[int](), ""
    if kind is Kind.FILL:
        typed = sent.typed if sent else str(given[0]) if given else ""
    elif kind is Kind.ORDER:
        chosen = {place: str(rank) for rank, place in enumerate(given, 1)}
        ranks = [*sent.ranks, *ranks][: len(order)] if sent else [chosen.get(place, "") for place in order]
    else:
        picked = frozenset(sent.picked) if sent else frozenset(at for at, place in enumerate(order) if place in given)
    shown = [] if kind is Kind.FILL else [(at, words[place]) for at, place in enumerate(order)]
    return Asking(
        number=_("第 %(number)s 题，共 %(of)s 题") % {"number": answer.position, "of": of},
        text=version.text, kind=how_words(version.kind), choices=shown, is_several=kind is Kind.SEVERAL,
        picked=picked, is_order=kind is Kind.ORDER, is_fill=kind is Kind.FILL,
        ranks=[(at, text, rank) for (at, text), rank in zip(shown, ranks, strict=kind is Kind.ORDER)],
        places=[str(one) for one in range(1, len(order) + 1)], typed=typed,
    )  # fmt: skip


@dataclass(frozen=True)
class Answered:
    """One question of an attempt that was handed in; ``right`` and ``explanation`` are empty where nothing is told."""

    text: str
    given: str
    is_right: bool
    right: str = ""
    explanation: str = ""


def answered_rows(answers: Sequence[Answer], *, tells: bool) -> list[Answered]:
    """Return an attempt question by question; ``tells``: whether what is right may be said."""
    return [
        Answered(
            one.version.text,
            given_words(one),
            one.is_right,
            right_words(one.version) if tells and not one.is_right else "",
            one.version.explanation if tells else "",
        )
        for one in answers
    ]


def given_words(answer: Answer) -> str:
    """Return what was answered, as it reads."""
    if answer.given is None:
        return _("没有答")
    if answer.version.kind == QuestionVersion.Kind.FILL:
        return str(answer.given[0])
    return _joined(answer.version, answer.given)


def right_words(version: QuestionVersion) -> str:
    """Return what is right, as it reads: of a filling in the first accepted answer."""
    if version.kind == QuestionVersion.Kind.FILL:
        return str(version.choices[0])
    order = version.kind == QuestionVersion.Kind.ORDER
    return _joined(version, range(len(version.choices)) if order else version.right)


def _joined(version: QuestionVersion, places: Sequence[int]) -> str:
    words = choice_words(version)
    between = " → " if version.kind == QuestionVersion.Kind.ORDER else _("、")
    return between.join(words[place] for place in places)


def rule_lines(quiz: Quiz, *, of: int, asked: bool = False) -> list[str]:
    """Return how a quiz is taken, for whoever begins it; ``of``: how many questions are drawn for them."""
    if not of:
        return [_("这份练习现在没有题目，请告诉组织员。")]
    need = needed(percent=quiz.pass_percent, of=of)
    said = passes_words(of=of, need=need)
    if quiz.most_attempts is not None:
        said += _("最多做 %(count)s 次。") % {"count": quiz.most_attempts}
    return [
        said,
        _("每答一题就存好一题，交卷以前可以改；换一部手机也可以接着做。"),
        counts_words(asked),
    ]


def passes_words(*, of: int, need: int) -> str:
    """Return how many questions there are, and how many right ones pass."""
    return _("共 %(of)s 题，答对 %(need)s 题算通过。") % {"of": of, "need": need}


def score_words(attempt: Attempt) -> str:
    """Return what an attempt came to."""
    said = {"right": attempt.right, "of": attempt.of, "need": attempt.need}
    if attempt.is_passed:
        return _("答对 %(of)s 题中的 %(right)s 题，通过了。") % said
    return _("答对 %(of)s 题中的 %(right)s 题，要答对 %(need)s 题才通过。") % said


def counts_words(asked: bool) -> str:
    """Return what a quiz counts for; ``asked``: the lesson in which it stands is finished only once it is passed."""
    if settings.LRS.quizzes:
        what = _("通过以后，这一讲才算学完。") if asked else _("练习不影响学时。")
        return what + _("结果和得分也会送到单位的学习记录库，答了什么不送。")
    if asked:
        return _("通过以后，这一讲才算学完。每题答得怎么样，只有您自己看得到。")
    return _("练习不影响学时，只有您自己看得到。")


def left_words(now: Standing, *, asked: bool) -> str:
    """Return what can be done after an attempt that was not passed; "" where nothing is to be said. ``asked``: it has
    to be passed."""
    if now.code == "spent" and asked:
        return _("练习的次数已经用完。这一讲要通过练习才算学完，请告诉支部书记，由组织员放宽次数或者安排集中收看。")
    if now.code == "spent":
        said = _("练习的次数已经用完。不用再做，练习不影响学时，只有您自己看得到。")
        return _("练习的次数已经用完。不用再做，练习不影响学时。") if settings.LRS.quizzes else said
    if now.code == "withdrawn":
        return _("这份练习已经撤下，现在不用做。")
    if now.code != "may" or not now.submitted:
        return ""
    if now.left is None:
        said = _("可以再做，次数不限；每次的题目可能不同。")
    else:
        said = _("还可以做 %(left)s 次；每次的题目可能不同。") % {"left": now.left}
    return said + (_("通过以后，这一讲才算学完。") if asked else _("练习不影响学时。"))


def hides_words(now: Standing) -> str:
    """Return when what is right will be told; "" where it is told already, or never."""
    if now.last is None or now.tells or now.quiz.shows != Quiz.Shows.FINAL:
        return ""
    if now.quiz.most_attempts is None:
        return _("正确答案和讲解，通过以后显示。")
    return _("正确答案和讲解，通过以后或者次数用完以后显示。")


@dataclass(frozen=True)
class Shown:
    """A quiz where it stands in a lesson: how one stands with it, and the way to it."""

    url: str
    said: str
    step: str
    is_passed: bool = False


def shown(now: Standing, *, url: str) -> Shown:
    """Return how a member stands with a quiz of a lesson, in one line."""
    last = now.last
    if now.under_way is not None:
        return Shown(url, _("练习 · 还没有交卷，答过的都存好了"), _("接着做 ›"))
    if last is None:
        if now.code == "withdrawn":
            return Shown(url, _("练习 · 已撤下，不用做"), _("看看 ›"))
        return Shown(url, _("练习 · %(of)s 题，还没有做") % {"of": now.quiz.size}, _("去做 ›"))
    said = {"right": last.right, "of": last.of}
    if now.code == "passed":
        passed = next(one for one in now.submitted if one.is_passed)
        said = {"right": passed.right, "of": passed.of}
        return Shown(url, _("练习 · 已通过，答对 %(of)s 题中的 %(right)s 题") % said, _("看结果 ›"), is_passed=True)
    if now.code == "withdrawn":
        return Shown(url, _("练习 · 已撤下，不用做"), _("看结果 ›"))
    words = _("练习 · 没通过，上次答对 %(of)s 题中的 %(right)s 题") % said
    return Shown(url, words, _("再做一次 ›") if now.code == "may" else _("看结果 ›"))


def previewed(quiz: Quiz, *, url: str) -> Shown:
    """Return a quiz of a lesson as its author sees it, without anybody's attempts."""
    return Shown(url, _("练习 · %(of)s 题，还没有做") % {"of": quiz.size}, _("预览 ›"))


def costs_words(now: Standing) -> str:
    """Return what handing in takes of the attempts; "" where they have no end."""
    if now.quiz.most_attempts is None:
        return ""
    left = now.quiz.most_attempts - len(now.submitted) - 1
    return _("交卷就用掉一次，用完还剩 %(left)s 次。") % {"left": left}


def unanswered_words(answers: Sequence[Answer]) -> str:
    """Return which questions have no answer yet; "" where all have."""
    numbers = [one.position for one in answers if one.given is None]
    if not numbers:
        return ""
    said = number_words(numbers, comma=_("、"), dash="–")
    return _("还有 %(count)s 题没有答：第 %(numbers)s 题。没答的算错。") % {"count": len(numbers), "numbers": said}


def short_words(quiz: Quiz, have: int) -> str:
    """Return that a quiz draws fewer questions than it says: ``have`` of ``quiz.size``; "" where it has enough."""
    if have >= quiz.size:
        return ""
    said = _("“%(title)s”要抽 %(of)s 道题，现在只抽得出 %(have)s 道。请在题库里加题，或者少抽几道。")
    return said % {"title": quiz.title, "of": quiz.size, "have": have}


def question_lines(version: QuestionVersion, tags: Sequence[str]) -> list[tuple[str, str]]:
    """Return what a question says now, each line with its name, for whoever has written something else meanwhile."""
    lines = [
        (_("题型"), version.get_kind_display()), (_("题目"), version.text),
        (_("选项和答案"), _("、").join(choice_words(version))), (_("正确答案"), right_words(version)),
        (_("讲解"), version.explanation), (_("标签"), _("、").join(tags)),
    ]  # fmt: skip
    return [(name, said) for name, said in lines if said]


def quiz_lines(quiz: Quiz) -> list[tuple[str, str]]:
    """Return how a quiz asks now, each line with its name, for whoever has written something else meanwhile."""
    return [
        (_("名称"), quiz.title), (_("抽题"), parts_words(quiz)), (_("及格线"), f"{quiz.pass_percent}%"),
        (_("最多做几次"), str(quiz.most_attempts or _("不限"))),
        (_("什么时候显示正确答案和讲解"), quiz.get_shows_display()),
    ]  # fmt: skip


def parts_words(quiz: Quiz) -> str:
    """Return what a quiz draws, for the organiser's list."""
    return _("，").join(
        _("“%(tag)s”%(count)s 题") % {"tag": part.tag, "count": part.count}
        if part.tag
        else _("任意 %(count)s 题") % {"count": part.count}
        for part in quiz.parts
    )


@dataclass(frozen=True)
class Told:
    """One question in the statistics, in words."""

    text: str
    said: str
    choices: list[str]


def told(one: Asked) -> Told:
    """Return how a question went, without anybody's name."""
    said = _("第 %(version)s 版 · 抽到 %(drawn)s 次，答对 %(right)s 次（%(percent)s%%），没答 %(open)s 次") % {
        "version": one.version.number, "drawn": one.drawn, "right": one.right, "percent": one.percent,
        "open": one.open,
    }  # fmt: skip
    marks = [_("（正确）") if place in one.version.right else "" for place in range(len(one.picked))]
    picked = zip(choice_words(one.version), marks, one.picked, strict=False)
    return Told(
        one.version.text, said,
        [_("%(words)s%(mark)s：%(count)s 次") % {"words": w, "mark": m, "count": n} for w, m, n in picked],
    )  # fmt: skip


def went_words(found: Went) -> str:
    """Return how a quiz went as a whole; of too few people nothing but that."""
    if found.people < LEAST_PEOPLE:
        said = _("已有 %(people)s 人交卷。满 %(least)s 人才显示统计，免得看得出是谁答的。")
        return said % {"people": found.people, "least": LEAST_PEOPLE}
    said = _("%(people)s 人交过卷（共 %(attempts)s 次），%(passed)s 人通过。")
    return said % {"people": found.people, "attempts": found.attempts, "passed": found.passed}


def asked_words(found: AskedInVideos) -> str:
    """Return how a question went where videos asked it: counts, from five people on."""
    if not found.people:
        return _("这一版还没有人在视频里答过。")
    if found.right is None:
        return _("在视频里答过这一版的不到 %(least)s 人，人太少，不显示对错。") % {"least": LEAST_PEOPLE}
    percent = round(100 * found.right / found.people)
    said = _("%(people)s 人在视频里答过这一版，%(right)s 人答对（%(percent)s%%）。不影响任何人的学习结果。")
    return said % {"people": found.people, "right": found.right, "percent": percent}
