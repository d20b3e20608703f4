"""What a member's pages say of a learning path: how far, each step's line, and the one step on. Nothing here writes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.kinds import Step
from attendance.sentences.records import day_and_hour, near_day_and_hour
from cms.covers import Cover
from cms.models import PathPage
from courses.before import first_words
from courses.covers import cover_of, of_file
from courses.queries import Study
from courses.sentences import Row, Section, left_words, until_words
from courses.walking import Place, Walk, Walked


@dataclass(frozen=True)
class PathWords:
    """What stands first on the page of a path: how many steps, what is said below, and the one step on (None: there is
    nothing to study now). ``chip``: it is finished."""

    amount: str
    lines: tuple[str, ...]
    step: Step | None
    chip: str = ""


def path_url(path: PathPage) -> str:
    return reverse("courses_path", args=[path.pk])


def path_cover(path: PathPage) -> Cover:
    """Return the cover as members see it; no query where it was loaded with the path."""
    if path.cover is None:
        return Cover(path.title)
    return Cover(path.title, of_file(reverse("courses_path_cover", args=[path.pk]), path.cover))


def steps_done(walk: Walk) -> str:
    """Return how far somebody got, in steps; what is not asked for is not in it."""
    if not walk.total:
        return _("都是选修，学不学都行")
    if not walk.done:
        return ngettext("共 %(total)s 步，还没有学完一步", "共 %(total)s 步，还没有学完一步", walk.total) % {
            "total": walk.total
        }
    return ngettext("学完 %(done)s 步，共 %(total)s 步", "学完 %(done)s 步，共 %(total)s 步", walk.total) % {
        "done": walk.done,
        "total": walk.total,
    }


def path_words(walk: Walk, *, waits_for: list[Study]) -> PathWords:
    """Return what stands first. ``waits_for``: what the next course itself asks to have finished first."""
    amount = steps_done(walk)
    if walk.is_finished:
        return PathWords(amount, (_("这条路径学完了。里面的课随时可以再看。"),), None, _("学完了"))
    following = walk.next
    if following is None or following.study is None:
        said = _("现在没有能学的必修课，为什么，写在下面每一步里。") if walk.total else ""
        return PathWords(amount, (said,) if said else (), None)
    if waits_for:
        first = waits_for[0].run
        step = Step(_("先学：%(title)s") % {"title": first.page.title}, reverse("courses_course", args=[first.pk]))
        return PathWords(amount, (first_words(waits_for),), step)
    label = _("接着学") if walk.is_begun else _("开始学")
    lines = (_("下一步：%(title)s") % {"title": following.study.run.page.title}, _lesson_words(following.study))
    return PathWords(amount, tuple(line for line in lines if line), Step(label, _way_into(following.study)))


def _way_into(study: Study) -> str:
    """The next lesson; the course where all lessons are studied and something is still asked."""
    if study.next is None:
        return reverse("courses_course", args=[study.run.pk])
    return reverse("courses_lesson", args=[study.run.pk, study.next.lesson.page.pk])


def _lesson_words(study: Study) -> str:
    if study.next is None or len(study.lessons) < 2:
        return ""
    values = {"number": study.next.number, "title": study.next.lesson.page.title}
    return _("第 %(number)s 讲《%(title)s》") % values


def path_sections(walk: Walk, *, as_of: datetime) -> list[Section]:
    """Return the steps under the headings that the author gave; the first may have none."""
    found: list[Section] = []
    for number, walked in enumerate(walk.steps, start=1):
        if walked.step.section or not found:
            found.append(Section(walked.step.section, []))
        found[-1].rows.append(_row(number, walked, as_of))
    return found


def _row(number: int, walked: Walked, as_of: datetime) -> Row:
    course, study = walked.step.course, walked.study
    title = f"{number}. {course.title if course else ''}"
    optional = (_("选修"),) if walked.step.is_optional else ()
    if study is None:
        return Row(title, "", "", (*optional, _("还没有安排给您，安排了就能学")))
    cover, url = cover_of(study.run), reverse("courses_course", args=[study.run.pk])
    if walked.before is not None:
        said = _("先学完“%(title)s”，再学这一步") % {"title": walked.before.run.page.title}
        return Row(title, "", "", (*optional, said), cover=cover)
    if walked.place == Place.DONE:
        return Row(title, url, _("再看看 ›"), optional, is_done=True, cover=cover)
    if walked.place == Place.NOW:
        lines = (left_words(study), until_words(study, as_of))
        return Row(title, url, f"{study.step_word} ›", (*optional, *lines), cover=cover)
    state = study.stand.state if walked.place == Place.EXCUSED and study.stand is not None else ""
    return Row(title, url, _("看看 ›"), (*optional, _why_not(walked.place, study, as_of)), state, cover=cover)


def _why_not(place: Place, study: Study, as_of: datetime) -> str:
    if place == Place.LATER:
        return _("%(at)s 开始") % {"at": near_day_and_hour(study.run.occasion.starts_at, as_of)}
    if place == Place.EXCUSED:
        return _("不用学，仍然可以看")
    if place == Place.OVER:
        return _("%(until)s 结束，仍然可以看") % {"until": day_and_hour(study.due_at)}
    return _("老师正在修改这门课，学过的都保存着") if study.is_withdrawn else _("视频还在处理")


def path_list(walks: Iterable[Walk]) -> Section:
    """Return a person's paths as a section of their courses, what is not finished first."""
    ordered = sorted(walks, key=lambda walk: walk.is_finished)
    return Section(_("学习路径"), [_path_row(walk) for walk in ordered])


def _path_row(walk: Walk) -> Row:
    step = _("再看看 ›") if walk.is_finished else _("接着学 ›") if walk.is_begun else _("看看 ›")
    cover = path_cover(walk.path)
    return Row(walk.path.title, path_url(walk.path), step, (steps_done(walk),), is_done=walk.is_finished, cover=cover)
