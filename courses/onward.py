"""Where a member goes on from a lesson or a course: no page of theirs ends in nothing. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from attendance.models import Occasion
from courses.before import first_of_each, with_requirements
from courses.queries import Studied, Study, runs_expecting, studies_of
from courses.shelf import arrange

LOOKED_AT = 20  # of the courses that end soonest


@dataclass(frozen=True)
class Onward:
    """The next step: what is said before it, what it leads to, and how the step is called."""

    said: str
    title: str
    url: str
    step: str

    @property
    def text(self) -> str:
        """The whole of it, on a button."""
        return _("%(said)s：%(title)s") % {"said": self.said, "title": self.title}


def after_lesson(study: Study, studied: Studied, *, member_id: int, as_of: datetime) -> Onward | None:
    """Return where to go from a lesson: the next one, one that was left out, another course, 今天; None: a void one's
    last."""
    following = study.lessons[studied.number : studied.number + 1]
    if following:
        return _lesson(study, following[0], _("下一讲"), _("看看 ›") if study.is_void else _("去学 ›"))
    if study.is_void or study.stand is None:
        return None
    if study.next is not None and study.next.number != studied.number:
        return _lesson(study, study.next, _("前面还有没学完的"), _("去学 ›"))
    return after_course(study, member_id=member_id, as_of=as_of)


def after_course(study: Study, *, member_id: int, as_of: datetime) -> Onward | None:
    """Return where to go from a finished course: what is left to study and ends first, else 今天; None while it is
    not finished."""
    if not study.is_done:
        return None
    runs = runs_expecting(member_id=member_id).filter(occasion__ends_at__gt=as_of, occasion__starts_at__lte=as_of)
    others = with_requirements(runs).exclude(pk=study.run.pk).exclude(occasion__state=Occasion.State.VOID)
    soonest = list(others.order_by("occasion__ends_at", "pk")[:LOOKED_AT])
    todo = arrange(studies_of(runs=soonest, member_id=member_id, as_of=as_of), as_of=as_of).todo if soonest else ()
    waiting = first_of_each(todo, member_id=member_id, as_of=as_of)
    left = [one for one in todo if one.run.pk not in waiting]
    if left:
        url = reverse("courses_course", args=[left[0].run.pk])
        return Onward(_("下一门课"), left[0].run.page.title, url, f"{left[0].step_word} ›")
    return Onward(_("课程都学完了"), _("回到今天"), reverse("today"), "›")


def _lesson(study: Study, studied: Studied, said: str, step: str) -> Onward:
    url = reverse("courses_lesson", args=[study.run.pk, studied.lesson.page.pk])
    return Onward(said, studied.lesson.page.title, url, step)
