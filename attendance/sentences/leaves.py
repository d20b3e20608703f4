"""Leaves and exemptions in words: for whom, for when, what became of them."""

from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from attendance.models import Leave
from attendance.queries.leaves import is_late
from attendance.sentences.records import day, day_and_hour, month_day
from organizations.models import Exemption

ENDED = (Leave.State.WITHDRAWN, Leave.State.TAKEN_BACK)


def days(from_date: date, to_date: date | None) -> str:
    """Return the days ``[from_date, to_date)`` in words, the last one included."""
    if to_date is None:
        return _("%(day)s 起") % {"day": day(from_date)}
    last = to_date - timedelta(days=1)
    if last <= from_date:
        return day(from_date)
    return _("%(day)s 至 %(last)s") % {"day": day(from_date), "last": day(last)}


def what_for(leave: Leave) -> str:
    """Return for when a leave is: its days, or the first of its occasions and how many there are. Ticks are loaded."""
    if leave.from_date is not None:
        return days(leave.from_date, leave.to_date)
    ticks = list(leave.ticks.all())
    if not ticks:
        return _("场次已经取消")
    first = ticks[0].occasion
    said = {"title": first.title, "at": day_and_hour(first.starts_at), "number": len(ticks)}
    if len(ticks) == 1:
        return _("%(title)s %(at)s") % said
    return ngettext("%(title)s %(at)s 等 %(number)s 场", "%(title)s %(at)s 等 %(number)s 场", len(ticks)) % said


def late_words(leave: Leave) -> str:
    """Return that a leave was asked afterwards, of all or of some of what it is for; "" where it was asked before."""
    if leave.from_date is not None:
        return _("事后补假") if leave.asked_at.date() > leave.from_date else ""
    late = [one for one in leave.ticks.all() if is_late(leave, one.occasion)]
    if not late:
        return ""
    if len(late) == len(leave.ticks.all()):
        return _("事后补假")
    return ngettext("其中 %(number)s 场是事后补假", "其中 %(number)s 场是事后补假", len(late)) % {"number": len(late)}


def became_of(leave: Leave) -> list[str]:
    """Return who asked, who answered what, and how it ended, a sentence each."""
    asked = {"day": month_day(leave.asked_at), "name": leave.asked_by.name}
    is_own = leave.asked_by_id == leave.member_id
    said = [(_("%(day)s 本人申请") if is_own else _("%(day)s %(name)s登记")) % asked]
    if leave.decided_by is not None and leave.decided_at is not None and is_own:
        answered = {"day": month_day(leave.decided_at), "name": leave.decided_by.name, "reason": leave.reason}
        refused = _("%(day)s %(name)s没有批准：%(reason)s")
        said.append((refused if leave.state == Leave.State.REFUSED else _("%(day)s %(name)s批准")) % answered)
    if leave.ended_at is not None and leave.ended_by is not None:
        ended = {"day": month_day(leave.ended_at), "name": leave.ended_by.name, "reason": leave.reason or _("逐场撤回")}
        if leave.state == Leave.State.WITHDRAWN and leave.reason:  # taken in by a leave for days
            said.append(f"{ended['day']} {leave.reason}")
        elif leave.state == Leave.State.WITHDRAWN:
            said.append(_("%(day)s 本人撤回") % ended)
        elif leave.state == Leave.State.TAKEN_BACK:
            said.append(_("%(day)s %(name)s撤销批准：%(reason)s") % ended)
        else:
            said.append(_("%(day)s %(name)s提前结束：%(reason)s") % ended)
    return said


def look_of(leave: Leave) -> str:
    """Return the look of the chip that says how a leave stands."""
    return {Leave.State.ASKED: "due", Leave.State.APPROVED: "ok"}.get(Leave.State(leave.state), "plain")


def exemption_words(one: Exemption) -> str:
    """Return an exemption in words: why, from when until when, by which document."""
    said = [one.get_category_display(), days(one.active_from_date, one.active_to_date)]
    if one.document:
        said.append(_("文号 %(document)s") % {"document": one.document})
    return " · ".join(str(part) for part in said)
