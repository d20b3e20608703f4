"""Reasons, lengths and moments in words, as members and secretaries read them on every page.

The codes of reasons come from ``attendance/core/reasons.py``.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.core.intervals import moment_of
from attendance.core.reasons import Code, Reason
from attendance.core.rules import Basis
from organizations.models import User

log = structlog.get_logger(__name__)

CLOCKS: dict[str, Callable[[], str]] = {
    "live": lambda: _("在线"),
    "hall": lambda: _("集中收看"),
    "room": lambda: _("到会"),
    "live_hall": lambda: _("在线和集中收看合计"),
    "union": lambda: _("连同回放合计"),
    "recorded": lambda: _("有录像的部分已看"),
    "media": lambda: _("已学"),
}
NEAR: tuple[Callable[[], str], ...] = (lambda: _("今天"), lambda: _("明天"), lambda: _("后天"))
WEEKDAYS: tuple[Callable[[], str], ...] = (
    lambda: _("周一"), lambda: _("周二"), lambda: _("周三"), lambda: _("周四"), lambda: _("周五"), lambda: _("周六"),
    lambda: _("周日"),
)  # fmt: skip
CATEGORIES: dict[str, Callable[[], str]] = {
    "duty": lambda: _("值班值守"),
    "work": lambda: _("外出务工或出差"),
    "sick": lambda: _("病假"),
    "family": lambda: _("家中有事"),
    "visit": lambda: _("送学上门"),
    "elsewhere": lambda: _("在其他平台学过"),
    "makeup_class": lambda: _("参加了补课"),
    "platform": lambda: _("学习强国"),
    # How a tick of a hall came to be written down.
    "paper": lambda: _("按纸质签到表"),
    "qr": lambda: _("扫现场的码"),
    "guest": lambda: _("在别处作为来宾登记，已核对"),
    "phone": lambda: _("手机上先记、后补传"),
}


def sentence(reason: Reason | Mapping[str, Any], *, basis: str = Basis.WINDOW) -> str:
    """Return one reason as a short Chinese (or translated) sentence without a full stop; "" for what it cannot read.

    Takes a ``Reason`` or its stored form ``{"code": …, **params}``; ``basis``: a course speaks of studying, not of a
    replay. A record of another version of the rules costs its own sentence, never the whole page or export.
    """
    values = reason.as_json() if isinstance(reason, Reason) else dict(reason)
    code = values.get("code", "")
    write = (OF_A_COURSE.get(code) if basis == Basis.MEDIA else None) or SENTENCES.get(code)
    try:
        return write(values) if write else ""
    except (KeyError, TypeError, ValueError):
        log.warning("reason_unread", code=code)
        return ""


def length(ms: int) -> str:
    """Return a length of time in words, the one way everywhere: 49 秒, 4 分 05 秒, 48 分钟, 62 分 05 秒.

    Whole seconds, cut and never rounded up. Minutes go on beyond an hour: plans and rules are in minutes too.
    """
    minutes, seconds = divmod(max(0, int(ms)) // 1000, 60)
    if minutes == 0:
        return _("%(seconds)s 秒") % {"seconds": seconds}
    if seconds:
        return _("%(minutes)s 分 %(seconds)s 秒") % {"minutes": minutes, "seconds": f"{seconds:02}"}
    return _("%(minutes)s 分钟") % {"minutes": minutes}


def session_title(title: str, number: int, *, most: int = 120) -> str:
    """Return what a further session is called, unless somebody calls it otherwise: 防汛避险（第二场）."""
    tens = ("", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
    with translation.override(settings.LANGUAGE_CODE):  # stored once, read by everybody
        tail = _("（第%(number)s场）") % {"number": tens[number] if number < len(tens) else number}
    return title[: most - len(tail)] + tail


def sessions_stand(at: Iterable[datetime]) -> str:
    """Return why an occasion is not voided while further sessions of it stand, which begin ``at`` these moments."""
    said = _("这一场后来又讲过或安排过（%(at)s），参加的人记作补学。请先取消或作废再讲的那一场。")
    return said % {"at": _("、").join(day_and_hour(one) for one in at)}


def moment(at: datetime | None) -> str:
    """Return a moment as people here write it, in local time; "" for none."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


def day(at: date) -> str:
    """Return a day, or that of a moment: 12月6日; one of another year with its year."""
    local = timezone.localtime(at) if isinstance(at, datetime) else at
    return _day_in(timezone.localdate().year, local)


def _day_in(year: int, local: date) -> str:
    """A day as it is said in a year."""
    return str(date_format(local, "MONTH_DAY_FORMAT" if local.year == year else "DATE_FORMAT"))


def hour(moment: datetime) -> str:
    """Return the time of the day: 19:33."""
    return f"{timezone.localtime(moment):%H:%M}"


def day_and_hour(moment: datetime) -> str:
    """Return a moment: 12月6日 19:33. A deadline never stands without its hour."""
    return f"{day(moment)} {hour(moment)}"


def near_day(at: datetime, as_of: datetime) -> str:
    """Return the day of a moment as one says it to whoever reads it ``as_of``: 今天, 明天, 后天, 周六, then 12月6日.

    For pages alone: what is stored, printed or sent is read on another day.
    """
    local, today = timezone.localtime(at), timezone.localdate(as_of)
    days = (local.date() - today).days
    if 0 <= days < len(NEAR):
        return NEAR[days]()
    return WEEKDAYS[local.weekday()]() if 0 < days < len(WEEKDAYS) else _day_in(today.year, local)


def near_day_and_hour(at: datetime, as_of: datetime) -> str:
    """Return a moment as one says it to whoever reads it ``as_of``: 明天 19:33."""
    return f"{near_day(at, as_of)} {hour(at)}"


def month_day(moment: datetime) -> str:
    """Return the day of a moment without its year: 12月6日."""
    return str(date_format(timezone.localtime(moment), "MONTH_DAY_FORMAT"))


def span(starts_at: datetime, ends_at: datetime) -> str:
    """Return from when to when, on one day: 12月6日 19:00 – 20:00."""
    return f"{day_and_hour(starts_at)} – {hour(ends_at)}"


def near_span(starts_at: datetime, ends_at: datetime, as_of: datetime) -> str:
    """Return from when to when, to whoever reads it ``as_of``: 明天 19:00 – 20:00."""
    return f"{near_day_and_hour(starts_at, as_of)} – {hour(ends_at)}"


def written_down(by: User | None, at: datetime) -> str:
    """Return who wrote something down about somebody, and when."""
    said = _("%(at)s 登记") % {"at": date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")}
    return f"{by.name} {said}" if by else said


def category(code: str) -> str:
    """Return a category of a leave or of study elsewhere in words."""
    name = CATEGORIES.get(code)
    return name() if name else _("其他")


def hall_words() -> dict[str, str]:
    """Return what the hall page's island may say; ``{name}`` marks what it fills in."""
    return {
        "ticked": _("已勾 {count} 位，共 {all} 位"),
        "unsent": _(
            "{count} 位的登记还在这部手机里，没有交上去。有网时打开这个网站会自动补交；请不要清除浏览器的数据。"
        ),
        "no_digits": _("没有网时不能按手机尾号找，请按姓名或拼音首字母找。"),
        "not_found": _("没有“{sought}”；已参加的不用登记，名单以外的写在来宾里。"),
    }


def _share(values: Mapping[str, Any]) -> str:
    clock = CLOCKS.get(values["clock"], CLOCKS["live"])()
    said = {"clock": clock, "length": length(values["ms"]), "percent": f"{int(values['share'] * 100)}"}
    return _("%(clock)s %(length)s，占 %(percent)s%%") % said


def _earlier_version(values: Mapping[str, Any]) -> str:
    day = date_format(timezone.localtime(moment_of(values["until"])), "SHORT_DATE_FORMAT")
    return _("课程后来有改动；改动前（截至 %(day)s）已经学完，仍然有效") % {"day": day}


def _timed(text: Callable[[], str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: text() % {"length": length(values["ms"])}


def _counted(text: Callable[[], str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: text() % {"count": values["count"], "length": length(values.get("ms", 0))}


def _bridged(values: Mapping[str, Any]) -> str:
    """Nothing of breaks that together are shorter than any length that is said: nobody noticed them."""
    said = _counted(lambda: _("短暂断开 %(count)s 次，共 %(length)s，已按连续计算"))
    return said(values) if values.get("ms", 0) >= 1000 else ""


def _named(text: Callable[[], str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: text() % {"category": category(values["category"])}


def _declared(values: Mapping[str, Any]) -> str:
    said = _("其他方式学习：%(category)s") % {"category": category(values["category"])}
    return said + _("，%(length)s，书记已确认") % {"length": length(values["ms"])} if values.get("ms") else said


def _scored(text: Callable[[], str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: text() % {"right": 0, "need": 0, "count": 0, **values}


def _said(text: Callable[[], str]) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: text()


SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    Code.SHARE: _share,
    Code.LATE: _timed(lambda: _("晚到 %(length)s")),
    Code.LEFT_EARLY: _timed(lambda: _("早退 %(length)s")),
    Code.BRIDGED: _bridged,
    Code.HIDDEN: _counted(lambda: _("切到后台或锁屏 %(count)s 次，共 %(length)s 不计入")),
    Code.TWO_DEVICES: _counted(lambda: _("用了 %(count)s 部设备，同时在线只算一次")),
    Code.SILENT: _counted(lambda: _("网络中断 %(count)s 次")),
    Code.WORKER_LOST: _counted(lambda: _("服务器故障中断 %(count)s 次")),
    Code.OUTBOX: _timed(lambda: _("断网期间手机补传 %(length)s")),
    Code.OUTBOX_CUT: _timed(lambda: _("补传的 %(length)s 超出上限，未计入")),
    Code.HALL: _timed(lambda: _("集中收看 %(length)s")),
    Code.ROOM: _timed(lambda: _("到会 %(length)s")),
    Code.WATCHED: _timed(lambda: _("看回放 %(length)s")),
    Code.WATCHED_LATE: _timed(lambda: _("其中 %(length)s 在补学期限之后，不计入结果")),
    Code.AFTER_WINDOW: _said(lambda: _("场次结束以后才进入，只保留，不计入")),
    Code.LEAVE: _named(lambda: _("请假：%(category)s")),
    Code.DECLARED: _declared,
    Code.REPEATED: lambda values: _("参加了再讲的一场（%(at)s）") % {"at": day_and_hour(moment_of(values["at"]))},
    Code.FURTHER: _said(lambda: _("这是再讲的一场，认定和学时都记在原来的那一场")),
    Code.CHECKED_IN: lambda values: _("%(at)s 扫过现场的码，等支部书记确认") % {"at": hour(moment_of(values["at"]))},
    Code.AWAITED: _said(lambda: _("所在的集中收看点还没有把登记交上来，先不按未参加处理")),
    Code.NOTHING_ASKED: _said(lambda: _("课程的内容目前都撤下了，不要求学习")),
    Code.EXEMPT: lambda values: _("已离开，不再应到") if values.get("why") == "left" else _("免学"),
    Code.NO_EVIDENCE: _said(lambda: _("还没有参加的记录")),
    Code.AWAY: _timed(lambda: _("系统中断 %(length)s，不影响认定")),
    Code.TORN: _timed(lambda: _("系统中断 %(length)s，超过这一场的五分之一，不按未参加处理")),
    Code.EARLIER_VERSION: _earlier_version,
    Code.UNDERSTOOD: _scored(lambda: _("小测答对 %(of)s 题中的 %(right)s 题，通过")),
    Code.CHECK_DUE: _scored(lambda: _("已看够，还没有做小测（答对 %(of)s 题中的 %(need)s 题就算通过）")),
    Code.CHECK_FAILED: _scored(
        lambda: _("小测没有通过（答对 %(of)s 题中的 %(right)s 题，要 %(need)s 题），补学截止前可以再做")
    ),
    Code.CHECK_SPENT: _scored(lambda: _("小测做了 %(count)s 次都没有通过，次数用完了")),
    Code.CHECK_LATE: _scored(lambda: _("小测是在补学期限之后通过的，不计入结果")),
    Code.QUIZ_PASSED: _scored(lambda: _("要求的 %(of)s 个练习通过了 %(count)s 个")),
    Code.QUIZ_DUE: _scored(lambda: _("已学够，还有 %(left)s 个练习没有通过（共要求 %(of)s 个）")),
    Code.QUIZ_LATE: _scored(lambda: _("有 %(count)s 个练习是在期限之后通过的，不计入结果")),
    Code.EMPTY_WINDOW: _said(lambda: _("这一场没有开始就结束了")),
    Code.NOT_FINAL: _said(lambda: _("还在进行，结束后认定")),
}
OF_A_COURSE: dict[str, Callable[[Mapping[str, Any]], str]] = {
    Code.WATCHED: _timed(lambda: _("学课程 %(length)s")),
    Code.WATCHED_LATE: _timed(lambda: _("其中 %(length)s 在期限之后，不计入结果")),
    Code.NOT_FINAL: _said(lambda: _("还在学习期内，学够了马上认定")),
}
