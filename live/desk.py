"""Lectures on the organiser's desk (``attendance.desk``): those of today, and what waits to be done about any."""

import datetime as dt

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.desk import MOST, Given, Matter
from attendance.kinds import Step
from attendance.models import Occasion
from attendance.queries.windows import HELD, undone_until
from attendance.sentences.records import day_and_hour, hour, length
from live.core import lifecycle
from live.models import Lecture
from live.queries import is_half_missing, lectures_for, not_recorded
from live.queries.desk import present_at, waiting_questions
from organizations.models import Role, User
from organizations.permissions import has_role, visible_nodes

MOST_TODAY = 12
LATELY = dt.timedelta(days=7)
STANDS = [state for state in Occasion.State.values if state != Occasion.State.VOID]


def mine(user: User) -> Q:
    """Return the occasions that a person gives."""
    return Q(lecture__lecturer=user)


def plan_url(user: User, day: dt.date) -> str:
    """Return where an organiser plans a lecture for a day, filled in; "" for everybody else."""
    return f"{reverse('live_schedule_add')}?day={day.isoformat()}" if has_role(user, Role.ORGANISER) else ""


def given_today(user: User, as_of: dt.datetime) -> list[Given]:
    """Return the lectures of today and those on the air that a person gives or organises; two queries."""
    midnight = timezone.localtime(as_of).replace(hour=0, minute=0, second=0, microsecond=0)
    last_day = _since(lectures_for(user), midnight - lifecycle.LONGEST - lifecycle.HARD_END)
    found = last_day.filter(occasion__starts_at__lt=midnight + dt.timedelta(days=1)).filter(
        Q(state=Lecture.State.LIVE) | Q(occasion__starts_at__gte=midnight)
    )
    lectures = list(found.order_by("occasion__starts_at", "pk")[:MOST_TODAY])
    present = present_at([one.pk for one in lectures if one.state == Lecture.State.LIVE])
    return [_given(user, one, present.get(one.pk, 0), as_of) for one in lectures]


def _since(lectures: QuerySet[Lecture], since: dt.datetime) -> QuerySet[Lecture]:
    """Lectures from then on, void ones apart; by the index on state and start."""
    return lectures.filter(occasion__state__in=STANDS, occasion__starts_at__gte=since)


def _given(user: User, lecture: Lecture, present: int, as_of: dt.datetime) -> Given:
    occasion, said = lecture.occasion, [lecture.lecturer.name, lecture.occasion.node.name]
    if lecture.state == Lecture.State.LIVE:
        said.append(ngettext("现在 %(people)s 位", "现在 %(people)s 位", present) % {"people": present})
    chip, look, step = _how_far(user, lecture, as_of)
    return Given(hour(occasion.starts_at), occasion.title, chip, look, " · ".join(said), step)


def _how_far(user: User, lecture: Lecture, as_of: dt.datetime) -> tuple[str, str, Step | None]:
    """Return how far a lecture is: the words, their look, and the one step."""
    host = reverse("live_host", args=[lecture.pk])
    if lecture.state == Lecture.State.LIVE:
        step = Step(_("去主持") if lecture.lecturer_id == user.pk else _("协助管理"), host)
        if lecture.break_at is not None:
            return _("休息中"), "live", step
        minutes = int((as_of - (lecture.live_at or as_of)).total_seconds()) // 60
        return _("正在直播 %(minutes)s 分钟") % {"minutes": minutes}, "live", step
    if lecture.state == Lecture.State.SCHEDULED:
        return _before(user, lecture, host, as_of)
    return _after(user, lecture, host, as_of)


def _before(user: User, lecture: Lecture, host: str, as_of: dt.datetime) -> tuple[str, str, Step | None]:
    occasion = lecture.occasion
    if occasion.ends_at < as_of:
        plan = Step(_("重新安排"), reverse("live_schedule_edit", args=[lecture.pk]))
        return _("没有开播"), "due", plan if _plans(user, lecture) else None
    if lifecycle.opens_at(occasion.starts_at) <= as_of:
        return _("可以开播了"), "due", Step(_("去开播"), host)
    return lecture.get_stage_display(), "plain", Step(_("检查设备"), host)


def _after(user: User, lecture: Lecture, host: str, as_of: dt.datetime) -> tuple[str, str, Step | None]:
    until, words = undone_until(lecture.occasion), lecture.get_stage_display()
    if lecture.stage == "recorded":
        return words, "ok", Step(_("看回放"), reverse("live_replay", args=[lecture.pk]))
    if until is not None and as_of <= until:
        return words, "plain", Step(_("恢复直播"), host)
    if lecture.stage == "ended":
        asked = reverse("live_asked", args=[lecture.pk])
        return words, "plain", _result(user, lecture) or Step(_("看提问"), asked)
    again = _("再讲一场") if lecture.occasion.state in HELD else _("再开一场")
    return words, "plain", Step(again, reverse("live_again", args=[lecture.pk]))


def _result(user: User, lecture: Lecture) -> Step | None:
    """Return the way to what became of a lecture, for whoever plans there."""
    if not _plans(user, lecture):
        return None
    return Step(_("看结果"), reverse("live_schedule_edit", args=[lecture.pk]))


def _plans(user: User, lecture: Lecture) -> bool:
    return has_role(user, Role.ORGANISER, node=lecture.occasion.node)


def matters(user: User, as_of: dt.datetime) -> list[Matter]:
    """Return what of the last seven days' lectures waits for somebody: nobody began it, questions that nobody has
    answered, gaps of a recording. Three queries."""
    lately = _since(lectures_for(user), as_of - LATELY)
    return [*_missed(user, lately, as_of), *_asked(user, lately), *_gaps(user, lately, as_of)]


def _missed(user: User, lately: QuerySet[Lecture], as_of: dt.datetime) -> list[Matter]:
    planned = lately.filter(occasion__node__in=visible_nodes(user, Role.ORGANISER).values("pk"))
    found = planned.filter(state=Lecture.State.SCHEDULED, occasion__ends_at__lt=as_of)
    return [
        Matter(
            _("“%(title)s”到时间没有开播") % {"title": one.occasion.title},
            _where(one),
            Step(_("重新安排"), reverse("live_schedule_edit", args=[one.pk])),
        )
        for one in found.order_by("occasion__starts_at", "pk")[:MOST]
    ]


def _asked(user: User, lately: QuerySet[Lecture]) -> list[Matter]:
    found = []
    for lecture, count in waiting_questions(lately, limit=MOST):
        said = ngettext("“%(title)s”有 %(count)s 个提问没有回答", "“%(title)s”有 %(count)s 个提问没有回答", count)
        is_live = lecture.state == Lecture.State.LIVE
        url = reverse("live_host" if is_live else "live_asked", args=[lecture.pk])
        title = said % {"title": lecture.occasion.title, "count": count}
        found.append(Matter(title, _where(lecture), Step(_("去回答") if is_live else _("去处理"), url)))
    return found


def _gaps(user: User, lately: QuerySet[Lecture], as_of: dt.datetime) -> list[Matter]:
    over = lately.exclude(state__in=[Lecture.State.SCHEDULED, Lecture.State.LIVE])
    # In order of time, and nothing is recorded after one that lasts: where any hole has an end, the first has.
    lost_time = over.filter(occasion__state__in=HELD).exclude(holes=[]).exclude(holes__0__1=None)
    found = []
    for lecture in lost_time.select_related("occasion__rule")[:MOST]:
        lost = [one.length_ms for one in not_recorded(lecture) if one.length_ms is not None]
        said = ngettext("“%(title)s”有 %(count)s 处没有录上", "“%(title)s”有 %(count)s 处没有录上", len(lost))
        title = said % {"title": lecture.occasion.title, "count": len(lost)}
        text = _("%(where)s · 共 %(length)s") % {"where": _where(lecture), "length": length(sum(lost))}
        found.append(Matter(title, text, _step_after_gaps(user, lecture, as_of)))
    return found


def _step_after_gaps(user: User, lecture: Lecture, as_of: dt.datetime) -> Step:
    """Give it once more where less than half can be watched afterwards; else what it touches is to be looked at."""
    if is_half_missing(lecture.occasion, as_of=as_of):
        return Step(_("再讲一场"), reverse("live_again", args=[lecture.pk]))
    return _result(user, lecture) or Step(_("看回放"), reverse("live_replay", args=[lecture.pk]))


def _where(lecture: Lecture) -> str:
    return f"{day_and_hour(lecture.occasion.starts_at)} · {lecture.occasion.node.name}"
