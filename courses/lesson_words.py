"""What is said of a lesson: its row in the course, what is left of it on its own page. Nothing here writes."""

from django.urls import reverse
from django.utils.translation import gettext as _

from courses.queries import Studied, Study
from courses.sentences import Row


def lesson_rows(study: Study, *, is_held: bool = False) -> list[Row]:
    """Return the lessons of a course in order, each with how far somebody got; ``is_held``: none can be begun yet."""
    return [
        Row(
            studied.lesson.page.title,
            reverse("courses_lesson", args=[study.run.pk, studied.lesson.page.pk]),
            "" if is_held else _step(studied, is_void=study.is_void),
            () if study.is_void else _of(study, studied),
        )
        for studied in study.lessons
    ]


def _of(study: Study, studied: Studied) -> tuple[str, ...]:
    said = [_how_far(study, studied)]
    if studied.lesson.is_optional:
        said = [_("选修，学不学都行"), *([] if said == [""] else said)]
    if studied.open_quizzes:
        said.append(_("还要通过练习"))
    return tuple(said)


def _how_far(study: Study, studied: Studied) -> str:
    amount, lesson = studied.amount, studied.lesson
    if studied.is_done:
        return _("学完了")
    if lesson.is_optional and study.run.occasion.media_items is not None and lesson.has_videos:
        return ""  # what is watched of it is not counted
    if studied.open_quizzes and amount.is_enough:
        return _("已学够")
    if amount.done_ms:
        return _("已计入 %(done)s，还差 %(left)s") % {"done": amount.done, "left": amount.left}
    if amount.total_ms and not lesson.has_videos:
        return _("文字，至少读 %(needed)s，还没有读") % {"needed": amount.needed}
    if amount.total_ms:
        return _("%(total)s，还没有学") % {"total": amount.total}
    if lesson.is_incomplete:
        return _("这一讲老师正在修改")
    return _("视频还在处理") if lesson.videos else _("文字，读完就算")


def _step(studied: Studied, *, is_void: bool) -> str:
    if is_void:
        return _("看看 ›")
    if studied.is_done:
        return _("再看看 ›")
    if studied.open_quizzes and studied.amount.is_enough:
        return _("去做练习 ›")
    return _("继续 ›") if studied.amount.done_ms else _("开始 ›")


def lesson_words(study: Study, studied: Studied) -> tuple[str, ...]:
    """Return what stands on a lesson's page about what is asked there, where that is more than to watch it."""
    if study.is_void or study.is_done:
        return ()
    if studied.lesson.is_optional:
        return (_("这一讲是选修：学不学都行，不计入这门课要学的时间。"),)
    said = []
    amount = studied.amount
    if amount.total_ms and not studied.lesson.has_videos and not studied.is_done:
        said.append(_reading(studied))
    if studied.open_quizzes:
        words = (
            _("已学够，还要通过这一讲的练习，才算学完。") if amount.is_enough else _("还要通过这一讲的练习，才算学完。")
        )
        said.append(words)
    elif studied.asks_quizzes:
        said.append(_("这一讲的练习已通过。"))
    return tuple(said)


def _reading(studied: Studied) -> str:
    amount = studied.amount
    if amount.is_enough:
        return _("已读够。")
    if amount.done_ms:
        said = {"done": amount.done, "left": amount.left}
        return _("已计入 %(done)s，还差 %(left)s：接着读，读到末尾点“读完了”。") % said
    words = _("还没有计入：至少读 %(needed)s，读到末尾点“读完了”，就计入。打开这一页以后的时间都算。")
    return words % {"needed": amount.needed}


def why_not_complete(code: str) -> str:
    """Return why a lesson is not finished yet, and what to do."""
    told = {
        "quiz": _("已学够，还要通过这一讲的练习，才算学完。"),
        "busy": _("保存较忙，请过一会儿再点一次。"),
    }
    return told.get(code, _("还没有学够，请接着学。"))
