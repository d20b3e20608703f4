"""Lectures as the lists and the organiser's page write them: what is said of each, and which steps lead on."""

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.models import Occasion
from attendance.queries.concerned import people_at
from attendance.queries.windows import HELD, undone_until
from attendance.sentences.records import hour, moment, span
from live.core import lifecycle
from live.models import Lecture
from organizations.models import Role, User
from organizations.permissions import has_role


@dataclass(frozen=True)
class Link:
    """A step: what it says and where it leads."""

    words: str
    url: str


@dataclass(frozen=True)
class LectureRow:
    """One lecture in a list; ``chip``: a look and its words, ``note``: who can act where the reader cannot."""

    lecture: Lecture
    when: str
    chip: tuple[str, str] | None = None
    steps: tuple[Link, ...] = ()
    note: str = ""

    @property
    def title(self) -> str:
        return self.lecture.occasion.title

    @property
    def place(self) -> str:
        return f"{self.when} · {self.lecture.occasion.node.name}"

    @property
    def about(self) -> str:
        """Who gives it, and in which training."""
        values = {"name": self.lecture.lecturer.name, "training": self.lecture.occasion.training.title}
        return _("讲师 %(name)s · %(training)s") % values


def coming_row(user: User, lecture: Lecture, *, as_of: dt.datetime) -> LectureRow:
    """Return a lecture to come or live, with the way to its desk; one that nobody began is to be planned anew."""
    occasion = lecture.occasion
    when = span(occasion.starts_at, occasion.ends_at)
    if is_missed(lecture, as_of=as_of):
        chip = ("plain", _("没有开播"))
        if not has_role(user, Role.ORGANISER, node=occasion.node):
            return LectureRow(lecture, when, chip, note=_("请组织员重新安排"))
        plan = reverse("live_schedule_edit", args=[lecture.pk])
        return LectureRow(lecture, when, chip, (Link(_("重新安排 ›"), plan),))
    host = reverse("live_host", args=[lecture.pk])
    note = _("再讲的一场，给还没补上的人") if occasion.repeats_id is not None else ""
    if lecture.state == Lecture.State.LIVE:
        return LectureRow(lecture, when, ("due", _("直播中")), (Link(_("去主持 ›"), host),), note)
    may_start = lifecycle.opens_at(occasion.starts_at) <= as_of
    steps = [Link(_("去开播 ›") if may_start else _("检查设备 ›"), host)]
    if has_role(user, Role.ORGANISER, node=occasion.node):
        steps.append(Link(_("改时间或取消 ›"), reverse("live_schedule_edit", args=[lecture.pk])))
    return LectureRow(lecture, when, steps=tuple(steps), note=note)


def given_row(lecture: Lecture, *, as_of: dt.datetime) -> LectureRow:
    """Return a lecture that is over: the way to its replay or what became of it, and what can still be done."""
    starts_at = lecture.occasion.starts_at
    when = f"{date_format(timezone.localtime(starts_at), 'DATE_FORMAT')} {hour(starts_at)}"
    steps, chip = [], None
    if lecture.stage == "recorded":
        steps.append(Link(_("看回放 ›"), reverse("live_replay", args=[lecture.pk])))
    else:
        chip = ("plain", lecture.get_stage_display())
    until = undone_until(lecture.occasion)
    if until is not None and as_of <= until:
        steps.append(Link(_("恢复直播 ›"), reverse("live_host", args=[lecture.pk])))
    elif lecture.occasion.state in HELD:
        steps.append(Link(_("再讲一场 ›"), reverse("live_again", args=[lecture.pk])))
    elif lecture.stage == "not_held":
        steps.append(Link(_("再开一场 ›"), reverse("live_again", args=[lecture.pk])))
    return LectureRow(lecture, when, chip, tuple(steps))


def session_planned_words(planned: Lecture, *, as_of: dt.datetime) -> str:
    """Return what is said once a further session is planned: when it is, whom it is for, and what comes next."""
    occasion = planned.occasion
    occasion.refresh_from_db()  # what it repeats is written beside it
    said = _(
        "“%(title)s”已安排：%(at)s，给%(unit)s还没补上的 %(people)s 人，他们的“今天”里现在就写着“下一场”。"
        "到时间在“直播”里点“去开播”。"
    )
    at, people = span(occasion.starts_at, occasion.ends_at), people_at([occasion], as_of=as_of)
    return said % {"title": occasion.title, "at": at, "unit": occasion.node.name, "people": people}


def is_missed(lecture: Lecture, *, as_of: dt.datetime) -> bool:
    """Whether nobody began it in its time."""
    return lecture.state == Lecture.State.SCHEDULED and lecture.occasion.ends_at < as_of


@dataclass(frozen=True)
class PlanRow:
    """One lecture in the organiser's table."""

    lecture: Lecture
    state: str
    steps: tuple[Link, ...]

    @property
    def when(self) -> str:
        return office_span(self.lecture.occasion)

    @property
    def about(self) -> str:
        """In which training, and whether it is one of a series."""
        series, training = self.lecture.series, self.lecture.occasion.training.title
        return training if series is None else f"{training} · {series.get_every_display()}"


def plan_row(lecture: Lecture, *, as_of: dt.datetime) -> PlanRow:
    """Return a row of the organiser's table: how far the lecture is, and what can be done with it."""
    plan = reverse("live_schedule_edit", args=[lecture.pk])
    if is_missed(lecture, as_of=as_of):
        return PlanRow(lecture, _("没有开播"), (Link(_("重新安排"), plan),))
    host, replay = reverse("live_host", args=[lecture.pk]), reverse("live_replay", args=[lecture.pk])
    steps: dict[str, tuple[Link, ...]] = {
        Lecture.State.SCHEDULED.value: (Link(_("主持"), host),),
        Lecture.State.LIVE.value: (Link(_("主持"), host),),
        Lecture.State.RECORDED.value: (Link(_("回放"), replay),),
        Occasion.State.NOT_HELD.value: (Link(_("再开一场"), plan),),
    }
    return PlanRow(lecture, lecture.get_stage_display(), steps.get(lecture.stage, ()))


def office_span(occasion: Occasion) -> str:
    """Return from when to when, as the back office writes it."""
    return f"{moment(occasion.starts_at)} – {hour(occasion.ends_at)}"


def roster_words(day: dt.date, people: int) -> str:
    """Return by which day's units the roster is made, and how many are on it."""
    said = _("应到名单按 %(day)s 的组织关系确定，应到 %(people)s 人。")
    return said % {"day": day.isoformat(), "people": people}


def stage_words(lecture: Lecture) -> tuple[str, str]:
    """Return what is said of a lecture that has begun, and whether it is a warning (the look of its frame)."""
    occasion = lecture.occasion
    if lecture.stage == "not_held":
        warning = _("这一场时间太短，算“未举行”：没有人缺席，也没有人需要补学。可以再开一场，或者作废。")
        return warning, "help-block help-warning"
    if lecture.stage == "void":
        who = occasion.voided_by.name if occasion.voided_by else ""
        values = {"who": who, "at": moment(occasion.voided_at) if occasion.voided_at else ""}
        said = _("%(who)s 于 %(at)s 作废：%(reason)s") % {**values, "reason": occasion.void_reason}
        return said, "help-block help-warning"
    return _("直播开始以后，安排不能再修改，也不能删除：有人可能参加过。办错了可以作废。"), ""


def planned_words(planned: Lecture) -> str:
    """Return what was planned in the place of a lecture."""
    values = {"title": planned.occasion.title, "at": moment(planned.occasion.starts_at)}
    return _("已经另外安排：“%(title)s”，%(at)s。") % values
