"""What is said of comments under lessons: who, when, how each stands. Nothing here writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.sentences.records import day_and_hour
from courses.discussing import seen_of
from courses.discussion import State, titles_of, units_of
from courses.models import LessonComment
from courses.talk_forms import AnswerForm, HideForm

# Surnames of two signs that people bear today.
DOUBLE = frozenset({
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "长孙", "宇文",
    "轩辕", "申屠", "南宫", "独孤", "端木", "单于", "呼延", "闻人",
})  # fmt: skip


@dataclass(frozen=True)
class Said:
    """One comment as a page shows it."""

    pk: int
    who: str
    at: str
    text: str
    answer: str
    answered_at: str
    note: str = ""  # how it stands, where that is not plain
    look: str = ""
    url: str = ""  # the discussion it stands in
    lesson: str = ""
    delete_url: str = ""
    report_url: str = ""
    is_reported: bool = False


@dataclass(frozen=True)
class Judged:
    """One comment as an organiser sees it, with what they may do."""

    said: Said
    may_show: bool
    may_hide: bool
    answer: AnswerForm
    hide: HideForm
    seen: str = ""  # which decision the page shows (courses.discussing.seen_of)


def said_under(comments: Sequence[LessonComment], *, run_id: int, member_id: int) -> list[Said]:
    """Return comments under a lesson as somebody who may read it sees them: of the others only 王同志 and the unit. One
    query."""
    units = units_of(run_id=run_id, member_ids={one.author_id for one in comments})
    found = []
    for one in comments:
        is_own = one.author_id == member_id and one.state != State.DELETED
        name = comrade(one.author.name)
        found.append(_said(one, units, name=name, is_own=is_own, may_report=not is_own and one.state == State.SHOWN))
    return found


def comrade(name: str) -> str:
    """Return how people of one course see each other's names: by the surname. Of a name that is written in parts
    (买买提·艾力, John Smith) it is the first part."""
    first = name.replace("·", " ").split(" ")[0]
    if len(first) == len(name):
        first = name[:2] if name[:2] in DOUBLE else name[:1]
    return _("%(surname)s同志") % {"surname": first}


def own_said(comments: Sequence[LessonComment]) -> list[Said]:
    """Return one's own comments in a course, each with its lesson. One query."""
    titles = _titles(comments)
    return [_said(one, {}, name="", is_own=True, titles=titles) for one in comments]


def judged(
    comments: Sequence[LessonComment], *, run_id: int, failed: tuple[int, AnswerForm | HideForm] | None = None
) -> list[Judged]:
    """Return comments as an organiser decides about them. ``failed``: what was typed about one and was not taken. Two
    queries."""
    units = units_of(run_id=run_id, member_ids={one.author_id for one in comments})
    titles = _titles(comments)
    found = []
    for one in comments:
        wrong = failed[1] if failed is not None and failed[0] == one.pk else None
        ids = f"id_{one.pk}_%s"
        answer = wrong if isinstance(wrong, AnswerForm) else AnswerForm(initial={"text": one.answer}, auto_id=ids)
        hide = wrong if isinstance(wrong, HideForm) else HideForm(auto_id=f"id_hide_{one.pk}_%s")
        said = _said(one, units, name=one.author.name, is_own=False, titles=titles)
        seen = seen_of(one)
        may_show = one.state != State.SHOWN or one.reported_at is not None
        may_hide = one.state != State.HIDDEN or isinstance(wrong, HideForm)  # what was typed stays in sight
        found.append(Judged(said, may_show, may_hide, answer, hide, seen))
    return found


def _titles(comments: Sequence[LessonComment]) -> dict[int, str]:
    return titles_of(lesson_ids={one.lesson_id for one in comments})


def _said(
    one: LessonComment,
    units: Mapping[int, str],
    *,
    name: str,
    is_own: bool,
    may_report: bool = False,
    titles: Mapping[int, str] | None = None,
) -> Said:
    note, look = _stands(one, is_own=is_own)
    lesson = "" if titles is None else titles.get(one.lesson_id, _("已删除的一讲"))
    return Said(
        pk=one.pk,
        who=_who(one, units, name=name, is_own=is_own),
        at=day_and_hour(one.at),
        text=one.text,
        answer=one.answer,
        answered_at=day_and_hour(one.answered_at) if one.answered_at else "",
        note=note,
        look=look,
        url=reverse("courses_lesson_talk", args=[one.run_id, one.lesson_id]),
        lesson=lesson,
        delete_url=reverse("courses_comment_delete", args=[one.run_id, one.pk]) if is_own else "",
        report_url=reverse("courses_comment_report", args=[one.run_id, one.pk]) if may_report else "",
        is_reported=getattr(one, "is_reported", False),
    )


def _who(one: LessonComment, units: Mapping[int, str], *, name: str, is_own: bool) -> str:
    if one.state == State.DELETED:
        return _("已删除")
    if is_own:
        return _("您")
    return " · ".join(part for part in (name, units.get(one.author_id, "")) if part)


def _stands(one: LessonComment, *, is_own: bool) -> tuple[str, str]:
    """Return how a comment stands, for its writer or for an organiser, and the chip's look."""
    if one.state == State.WAITING:
        return (_("等老师看过后，大家就能看到") if is_own else _("新的，还没有公开")), "due"
    if one.state == State.HIDDEN:
        return _("没有公开：%(reason)s") % {"reason": one.reason}, "plain"
    return ("", "") if is_own or one.reported_at is None else (_("有人举报"), "due")
