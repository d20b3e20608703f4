"""What a plan of a lecture does to others, and what is unusual about it: asked once, never a reason to refuse it."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.asking import changes_in_words
from attendance.models import Evidence, Occasion, Training
from attendance.queries.concerned import people_at
from attendance.queries.consequences import effects_of_dates
from attendance.sentences.records import day, moment
from live.core import lifecycle
from live.models import Lecture
from organizations.models import Role, User
from organizations.permissions import has_role

MOST_NAMED = 5
LATE = dt.timedelta(minutes=2)


def in_words(occasion: Occasion, lecturer: User) -> dict[Any, Any]:
    """Return a plan by its labels, as people read it."""
    minutes = round((occasion.ends_at - occasion.starts_at) / dt.timedelta(minutes=1))
    return {
        _("名称"): occasion.title,
        _("培训"): occasion.training.title,
        _("对象"): occasion.node.name,
        _("开始时间"): moment(occasion.starts_at),
        _("时长"): _("{minutes} 分钟").format(minutes=minutes),
        _("讲师"): lecturer.name,
        _("认定规则"): str(occasion.rule),
    }


def roster_day_words(on: dt.date) -> str:
    """Return by which day's units the roster of a lecture is made."""
    return _("应到名单按 %(day)s 的组织关系") % {"day": day(on)}


def changes_of(lecture: Lecture, after: Occasion, lecturer: User, *, as_of: dt.datetime) -> list[str]:
    """Return what a new plan changes for those who know the old one; [] where it changes nothing for them."""
    before = lecture.occasion
    found = changes_in_words(in_words(before, lecture.lecturer), in_words(after, lecturer))
    if not found:
        return []
    after.repeats_id = before.repeats_id  # whom a further session expects follows from the first
    old, new = people_at([before], as_of=as_of), people_at([after], as_of=as_of)
    if before.node_id == after.node.pk and old == new:
        found.append(_("涉及 {people} 人。").format(people=new))
    else:
        found.append(_("原来应到 {old} 人，改完应到 {new} 人。").format(old=old, new=new))
    found[-1] += _("大家的页面马上改过来；订阅的手机日历会自己跟着改，单独加进日历的一场不会改，请另外通知。")
    leaves = Evidence.objects.filter(occasion=before, kind=Evidence.Kind.LEAVE, withdrawn_by=None).count()
    if leaves and before.starts_at != after.starts_at:
        found.append(_("已经写好的 {count} 条请假仍然有效，请支部书记核对。").format(count=leaves))
    return found


def unusual(
    training: Training,
    lecturer: User,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    *,
    but: Collection[int],
    asked_by: User,
    as_of: dt.datetime,
    from_plan: bool = False,
) -> list[str]:
    """Return what is unusual about a time of a lecture; [] for one that is refused, which saving says at its field.

    ``but``: the lecture itself, where it is planned already, and what is moved along with it.
    """
    if lifecycle.plan_refusal(starts_at=starts_at, ends_at=ends_at, as_of=as_of):
        return []
    found = effects_of_dates(training=training, starts_at=starts_at, ends_at=ends_at, from_plan=from_plan)
    found += unusual_start(starts_at, ends_at, as_of=as_of)
    return found + clashes(lecturer, starts_at, ends_at, but=but, asked_by=asked_by)


def unusual_start(starts_at: dt.datetime, ends_at: dt.datetime, *, as_of: dt.datetime) -> list[str]:
    """Return what is unusual about when a lecture begins."""
    local = timezone.localtime(starts_at)
    found = []
    if (local.hour, local.minute) == (0, 0):
        found.append(_("开始时间是 {at} 零点，只填日期就会这样。").format(at=local.date().isoformat()))
    if starts_at < as_of - LATE < ends_at:
        found.append(_("开始时间 {at} 已经过去。").format(at=moment(starts_at)))
    return found


def clashes(
    lecturer: User, starts_at: dt.datetime, ends_at: dt.datetime, *, but: Collection[int], asked_by: User
) -> list[str]:
    """Return at which lectures the same lecturer is asked for at the same time; others' are told without a title."""
    return clashes_at(lecturer, [(starts_at, ends_at)], but=but, asked_by=asked_by)[0]


def clashes_at(
    lecturer: User, spans: Sequence[tuple[dt.datetime, dt.datetime]], *, but: Collection[int], asked_by: User
) -> list[list[str]]:
    """Return the clashes of each of several times of a lecture; one query, however many there are."""
    same = Lecture.objects.filter(
        lecturer=lecturer,
        state__in=[Lecture.State.SCHEDULED, Lecture.State.LIVE],
        occasion__starts_at__lt=max(end for _start, end in spans),
        occasion__ends_at__gt=min(start for start, _end in spans),
    )
    others = list(same.exclude(pk__in=but).select_related("occasion__node").order_by("occasion__starts_at"))
    return [
        [_clash(lecturer, other.occasion, asked_by) for other in others if _overlaps(other.occasion, span)][:MOST_NAMED]
        for span in spans
    ]


def _overlaps(plan: Occasion, span: tuple[dt.datetime, dt.datetime]) -> bool:
    return plan.starts_at < span[1] and plan.ends_at > span[0]


def _clash(lecturer: User, plan: Occasion, asked_by: User) -> str:
    mine = has_role(asked_by, Role.ORGANISER, node=plan.node)
    title = _("“{title}”").format(title=plan.title) if mine else _("另一场直播")
    words = _("{lecturer}在 {starts} 至 {ends} 已经要讲{title}，时间重叠。")
    values = {"starts": moment(plan.starts_at), "ends": moment(plan.ends_at), "title": title}
    return words.format(lecturer=lecturer.name, **values)


def unusual_each(
    training: Training,
    lecturer: User,
    spans: Sequence[tuple[dt.datetime, dt.datetime]],
    *,
    but: Collection[int],
    asked_by: User,
    as_of: dt.datetime,
    from_plan: bool = False,
) -> list[list[str]]:
    """Return what is unusual about each of several times of a lecture; ``but``: those that are moved along."""
    clashing = clashes_at(lecturer, spans, but=but, asked_by=asked_by)
    return [
        effects_of_dates(training=training, starts_at=start, ends_at=end, from_plan=from_plan)
        + unusual_start(start, end, as_of=as_of)
        + clashing[number]
        for number, (start, end) in enumerate(spans)
    ]


def refusal_words(starts_at: dt.datetime, ends_at: dt.datetime, *, as_of: dt.datetime) -> str:
    """Return why a lecture cannot stand at this time; "" where it can."""
    refusal = lifecycle.plan_refusal(starts_at=starts_at, ends_at=ends_at, as_of=as_of)
    words = {"order": _("结束时间要晚于开始时间。"), "too_long": _("一场直播不能超过 12 小时。")}
    return words.get(refusal, _("这个时间已经过去了。")) if refusal else ""
