"""What a lecture was for one member once it is over: said in the room, so that nobody has to look for it."""

from datetime import datetime
from typing import TypedDict

from django.utils.translation import gettext as _

from attendance.models import RecordState
from attendance.queries import CALLED_OFF
from attendance.standing import Standing, due_at, standings_of, state_label
from live.models import Lecture


class OwnRecord(TypedDict):
    """``settled``: it will not change by itself any more; ``owed``: there is something to catch up, and a way to."""

    settled: bool
    owed: bool
    text: str


def own_record(lecture: Lecture, *, member_id: int, as_of: datetime) -> OwnRecord | None:
    """Return how a member stands at a lecture that is over; None before, and for whoever its roster does not name.

    One query, and what is settled already: whoever asks too early asks again, nobody is settled for asking.
    """
    if not lecture.is_over:
        return None
    standing = standings_of(occasions=[lecture.occasion], member_id=member_id, as_of=as_of).get(lecture.pk)
    if standing is None or standing.state in CALLED_OFF:
        return None
    if standing.state == RecordState.PENDING:
        return OwnRecord(settled=False, owed=False, text=_("您的记录正在核算，好了会写在这里。"))
    owed = standing.is_undone and due_at(lecture.occasion) > as_of and lecture.state != Lecture.State.UNRECORDED
    return OwnRecord(settled=lecture.state != Lecture.State.ENDED, owed=owed, text=_said(standing, may_catch_up=owed))


def _said(standing: Standing, *, may_catch_up: bool) -> str:
    if standing.is_done:
        return _("已记录 %(done)s，已达到要求。") % {"done": standing.amount.done}
    if not standing.is_undone:
        return _("这一场您是：%(state)s。") % {"state": state_label(standing.state)}
    values = {"done": standing.amount.done, "left": standing.amount.left}
    if not standing.amount.left:
        return state_label(standing.state)
    if may_catch_up:
        return _("已记录 %(done)s，还差 %(left)s，可以看回放补上。") % values
    return _("已记录 %(done)s，还差 %(left)s。觉得不对，请看我的记录。") % values
