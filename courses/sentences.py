"""What a member's pages of courses say: sections, each row's lines and its step. Nothing here writes."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.kinds import Step
from attendance.models import Occasion
from attendance.sentences.checks import quizzes_left_words
from attendance.sentences.records import day_and_hour, near_day_and_hour
from attendance.views.cards import NowCard
from cms.covers import Cover
from courses.before import first_words
from courses.covers import cover_of
from courses.models import CourseRun
from courses.queries import Study
from courses.shelf import Shelf


@dataclass(frozen=True)
class Row:
    """One course or lesson of a list: where it leads, what is said of it below its title, and the word of the step.

    ``state``: a state of the ledger that is shown as a chip; ``is_done``: whether it is marked as finished; ``cover``:
    of a course.
    """

    title: str
    url: str
    step: str
    lines: tuple[str, ...] = ()
    state: str = ""
    is_done: bool = False
    cover: Cover | None = None


@dataclass(frozen=True)
class Section:
    title: str
    rows: list[Row]


@dataclass(frozen=True)
class Progress:
    """How far somebody got in a course: what counts (``amount``) or what is to be said instead, one chip, and lines.

    ``look`` of ``chip``: "ok" or "due"; where a ``state`` of the ledger is set, it is the chip.
    """

    amount: str = ""
    said: str = ""
    note: str = ""
    chip: str = ""
    look: str = ""
    state: str = ""
    lines: tuple[str, ...] = ()


def sections(
    shelf: Shelf, others: Iterable[CourseRun], *, waiting: Mapping[int, list[Study]], as_of: datetime
) -> list[Section]:
    """Return the sections of the list of courses that have anything in them, what is left to study first. ``waiting``:
    what comes before a course (``before.first_of_each``)."""
    left, reading = len(shelf.todo), list(others)
    apart = _told_apart([*(one.run for part in shelf.parts for one in part), *reading])

    def rows(some: Iterable[Study], row: Callable[[Study], Row]) -> list[Row]:
        return [_with_first(row(one), apart.get(one.run.pk, ())) for one in some]

    found = [
        Section(
            ngettext("还要学 %(n)s 门", "还要学 %(n)s 门", left) % {"n": left},
            rows(shelf.todo, lambda one: _todo(one, waiting.get(one.run.pk, []), as_of)),
        ),
        Section(_("老师正在修改，现在不用学"), rows(shelf.paused, _paused)),
        Section(_("还没有开始"), rows(shelf.coming, lambda one: _coming(one, as_of))),
        Section(_("已经学完"), rows(shelf.done, _done)),
        Section(_("已经结束"), rows(shelf.over, _over)),
        # Of these each says its unit anyway.
        Section(
            _("本组织安排的课程"), [_with_first(_of_others(run, as_of), apart.get(run.pk, ())[1:]) for run in reading]
        ),
    ]
    return [section for section in found if section.rows]


def _told_apart(runs: Iterable[CourseRun]) -> dict[int, tuple[str, ...]]:
    """Return what tells courses of one name apart: who gives each, and where that is the same, when it begins."""
    known = list(runs)
    names = Counter(run.page.title for run in known)
    units = Counter((run.page.title, run.occasion.node_id) for run in known)
    found: dict[int, tuple[str, ...]] = {}
    for run in known:
        if names[run.page.title] == 1:
            continue
        unit, begins = run.occasion.node, day_and_hour(run.occasion.starts_at)
        is_same = units[run.page.title, unit.pk] > 1
        found[run.pk] = (unit.name, _("%(at)s 开始") % {"at": begins}) if is_same else (unit.name,)
    return found


def _with_first(row: Row, said: tuple[str, ...]) -> Row:
    return replace(row, lines=(" · ".join(said), *row.lines)) if said else row


def _course(run: CourseRun) -> str:
    return reverse("courses_course", args=[run.pk])


def _row(run: CourseRun, step: str, lines: tuple[str, ...] = (), state: str = "", *, is_done: bool = False) -> Row:
    return Row(run.page.title, _course(run), step, lines, state, is_done, cover_of(run))


def _until(moment: datetime, as_of: datetime) -> str:
    return _("%(until)s 前") % {"until": near_day_and_hour(moment, as_of)}


def first_card(shelf: Shelf, *, waiting: Mapping[int, list[Study]], as_of: datetime) -> NowCard | None:
    """Return what is to be studied first, as large print shows it above the list; None where nothing is left."""
    study = next((one for one in shelf.todo if one.run.pk not in waiting), None)
    if study is None:
        return None
    row, node = _todo(study, [], as_of), study.run.occasion.node
    return NowCard(_("现在要做的"), row.title, node.name, Step(study.step_word, row.url), is_now=False, asked=row.lines)


def _todo(study: Study, before: list[Study], as_of: datetime) -> Row:
    amount, until = study.amount, until_words(study, as_of)
    if before:
        first = _course(before[0].run)
        return Row(study.run.page.title, first, _("去学 ›"), (first_words(before), until), cover=cover_of(study.run))
    lines = [left_words(study), amount.asked, until]
    step = f"{study.step_word} ›"
    return _row(study.run, step, tuple(str(line) for line in lines if line))


def until_words(study: Study, as_of: datetime) -> str:
    """Return until when a course can be studied."""
    if _is_made_up(study, as_of):
        return _("已经到期，还能补学到 %(until)s") % {"until": near_day_and_hour(study.due_at, as_of)}
    return _until(study.due_at, as_of)


def left_words(study: Study) -> str:
    """Return what counts and what is left of a course that can be studied now."""
    amount = study.amount
    if study.is_undecided:
        return _("正在认定，稍后再看")
    if not amount.total_ms:
        return _("视频还在处理")
    if not amount.left and study.quizzes_left:
        return quizzes_left_words(study.quizzes_left)
    if amount.done_ms:
        return _("已计入 %(done)s，还差 %(left)s") % {"done": amount.done, "left": amount.left}
    return _("还差 %(left)s") % {"left": amount.left}


def _paused(study: Study) -> Row:
    why = _("老师正在修改这门课，学过的都保存着") if study.is_withdrawn else _("视频还在处理")
    return _row(study.run, _("看看 ›"), (why,))


def _coming(study: Study, as_of: datetime) -> Row:
    begins = study.run.occasion.starts_at
    when = _("%(at)s 开始") % {"at": near_day_and_hour(begins, as_of)}
    return _row(study.run, _("看看 ›"), (when,))


def _done(study: Study) -> Row:
    return _row(study.run, _("再看看 ›"), is_done=True)


def _over(study: Study) -> Row:
    state, said = "", ""
    if study.is_void:
        state, said = study.run.occasion.state, study.run.occasion.void_reason
    elif study.is_excused and study.stand is not None:
        state, said = study.stand.state, _("不用学，仍然可以看")
    else:
        said = _("%(until)s 结束，仍然可以看") % {"until": day_and_hour(study.due_at)}
    return _row(study.run, _("看看 ›"), (said,), state)


def _of_others(run: CourseRun, as_of: datetime) -> Row:
    is_void = run.occasion.state == Occasion.State.VOID
    line = f"{run.occasion.node.name} · {_until(run.occasion.ends_at, as_of)}"
    return _row(run, _("查看 ›"), (line,), run.occasion.state if is_void else "")


def progress(study: Study, *, as_of: datetime) -> Progress:
    """Return what stands first on the page of a course that somebody studies."""
    chip, look, state = _("学完了") if study.is_done else "", "ok" if study.is_done else "", ""
    lines = tuple(line for line in (_asked(study), _quizzes(study), _deadline(study, as_of)) if line)
    if study.is_withdrawn:
        note = _("学过的都保存着，改好以后再来学。现在不用做什么。")
        return Progress(said=_("老师正在修改这门课"), note=note, chip=chip, look=look, lines=lines)
    if not study.amount.total_ms:
        return Progress(said=_("视频还在处理，好了就可以学。"), lines=lines)
    if not study.is_done and study.stand is not None and not study.stand.is_undone:
        state = study.stand.state
    elif not study.is_done and study.amount.left:
        chip, look = _("还差 %(left)s") % {"left": study.amount.left}, "due"
    elif not study.is_done and study.quizzes_left:
        chip, look = _("还差 %(count)s 个练习") % {"count": study.quizzes_left}, "due"
    of = _("已计入，共 %(total)s") % {"total": study.amount.total}
    return Progress(amount=study.amount.done, note=of, chip=chip, look=look, state=state, lines=lines)


def _asked(study: Study) -> str:
    return f"{study.amount.asked}{_('。')}" if study.amount.asked and not study.is_withdrawn else ""


def _quizzes(study: Study) -> str:
    """How many of the quizzes that are asked for are passed; nothing where none is."""
    of, left = len(study.run.occasion.gates), study.quizzes_left
    if not of or study.is_done or study.is_withdrawn or study.stand is None:
        return ""
    if not left:
        return _("要求的 %(of)s 个练习都通过了。") % {"of": of}
    return _("要求的 %(of)s 个练习，还有 %(left)s 个没有通过。") % {"of": of, "left": left}


def _is_made_up(study: Study, as_of: datetime) -> bool:
    """Whether what is finished now comes after the course's own end, and still counts."""
    return study.run.occasion.ends_at <= as_of < study.due_at


def _deadline(study: Study, as_of: datetime) -> str:
    """When it begins to count or until when it does; nothing where there is nothing to do about it."""
    begins, until = study.run.occasion.starts_at, {"until": near_day_and_hour(study.due_at, as_of)}
    if begins > as_of:
        return _("%(begins)s 开始计入学习时间。") % {"begins": near_day_and_hour(begins, as_of)}
    if study.is_withdrawn or study.is_done or study.is_excused:
        return ""
    if _is_made_up(study, as_of):
        until["end"] = near_day_and_hour(study.run.occasion.ends_at, as_of)
        return _("已过 %(end)s，现在学完算“已补学”，请在 %(until)s 前学完。") % until
    if study.due_at > as_of:
        return _("请在 %(until)s 前学完。") % until
    return _("%(until)s 已经结束，仍然可以看，不再计入。") % until
