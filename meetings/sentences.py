"""Meetings in words, as pages and printed books say them."""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.kinds import is_in_person, is_meeting
from attendance.models import Occasion
from attendance.sentences.records import hour, moment
from meetings.core.year import Cell, Per, Period, State
from meetings.models import Meeting, Minutes


def when_words(occasion: Occasion) -> str:
    """Return the day and from when to when: as it was held, before that as it is planned."""
    start = occasion.window_start_at or occasion.starts_at
    end = occasion.window_end_at or occasion.ends_at
    local = timezone.localtime(start)
    return f"{local.year}-{local:%m-%d}（{date_format(local, 'D')}）{hour(start)}–{hour(end)}"


def late_words(meeting: Meeting) -> str:
    """Return that a meeting was entered after the fact, and when; "" where it was planned."""
    if not meeting.is_late_entry:
        return ""
    return _("补登：%(at)s 登记") % {"at": moment(meeting.entered_at)}


def written_words(minutes: Minutes | None) -> str:
    """Return who wrote the minutes and when; which version it is, for an end that was undone leaves one, too."""
    if minutes is None:
        return ""
    said = _("%(who)s %(at)s 记") % {"who": minutes.written_by.name, "at": moment(minutes.written_at)}
    if minutes.number > 1:
        said += _("（第 %(number)s 版）") % {"number": minutes.number}
    return said


def as_of_words(as_of: datetime) -> str:
    return _("截至 %(at)s") % {"at": moment(as_of)}


def period_words(period: Period, per: Per) -> str:
    """Return a period as a heading."""
    if per is Per.MONTH:
        return _("%(month)s 月") % {"month": period.first}
    if per is Per.QUARTER:
        return _("第 %(number)s 季度") % {"number": period.last // 3}
    if per is Per.HALF:
        return _("上半年") if period.first == 1 else _("下半年")
    return _("全年")


def state_words(occasion: Occasion, *, as_of: datetime) -> str:
    """Return how an occasion stands; of one whose time is over, that nobody has written down who came."""
    if is_unregistered(occasion, as_of=as_of):
        return _("已过时间，还没登记")
    if has_missed_its_time(occasion, as_of=as_of):
        return _("已过时间，还没开始")
    return str(Occasion.State(occasion.state).label)


def is_unregistered(occasion: Occasion, *, as_of: datetime) -> bool:
    is_open = occasion.state in (Occasion.State.SCHEDULED, Occasion.State.OPEN)
    return is_open and is_in_person(occasion.kind) and occasion.ends_at <= as_of


def has_missed_its_time(occasion: Occasion, *, as_of: datetime) -> bool:
    """Whether a meeting by video was not begun, and its time is over."""
    return occasion.state == Occasion.State.SCHEDULED and not is_in_person(occasion.kind) and occasion.ends_at <= as_of


def online_words(occasion: Occasion, *, as_of: datetime) -> str:
    """Return who writes down who came to a meeting by video: nobody has to."""
    if has_missed_its_time(occasion, as_of=as_of) and is_meeting(occasion.kind):
        return _("会议时间已过，还没有开始。现在还要开，请进入会议室点“开始会议”；不开了，改到别的时间或取消。")
    if has_missed_its_time(occasion, as_of=as_of):
        return _("时间已过，还没有开始，请等组织员重新安排。")
    return _("到会由系统自动记录，不用登记。")


def cell_words(cell: Cell) -> str:
    """Return what a period of a form says: how often it was held and when, what is planned, of what is past that is not
    written down, what is open or short."""
    said = []
    if cell.held:
        said.append(_("%(times)s 次：%(days)s") % {"times": len(cell.held), "days": _days(cell.held, cell.period)})
    if cell.overdue:
        said.append(_("%(days)s已过，还没登记") % {"days": _days(cell.overdue, cell.period)})
    if cell.planned:
        said.append(_("已安排 %(days)s") % {"days": _days(cell.planned, cell.period)})
    if cell.left and cell.state is State.OPEN:
        said.append(_("还要开 %(times)s 次") % {"times": cell.left})
    if cell.left and cell.state is State.SHORT:
        said.append(_("少 %(times)s 次") % {"times": cell.left})
    return _("；").join(said) or "—"


def _days(days: Sequence[date], period: Period) -> str:
    if period.months == 1:
        return _("、").join(_("%(day)s 日") % {"day": day.day} for day in days)
    return _("、").join(date_format(day, "MONTH_DAY_FORMAT") for day in days)
