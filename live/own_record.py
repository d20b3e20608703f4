"""What a lecture was for one member once it is over: said in the room, so that nobody has to look for it."""

from datetime import datetime
from typing import TypedDict

from django.utils.translation import gettext as _

from attendance.models import RecordState
from attendance.standing import CALLED_OFF, Stand, due_at, stands_of, state_label
from live.models import Lecture


class Mine(TypedDict):
    """``settled``: it will not change by itself any more; ``owed``: there is something to catch up, and a way to."""

    settled: bool
    owed: bool
    text: str


def of_member(lecture: Lecture, *, member_id: int, as_of: datetime) -> Mine | None:
    """Return how a member stands at a lecture that is over; None before, and for whoever its roster does not name.

    One query, and what is settled already: whoever asks too early asks again, nobody is settled for asking.
    """
    if not lecture.is_over:
        return None
    stand = stands_of(occasions=[lecture.occasion], member_id=member_id, as_of=as_of).get(lecture.pk)
    if stand is None or stand.state in CALLED_OFF:
        return None
    if stand.state == RecordState.PENDING:
        return Mine(settled=False, owed=False, text=_("您的记录正在核算，好了会写在这里。"))
    owed = stand.is_undone and due_at(lecture.occasion) > as_of and lecture.state != Lecture.State.UNRECORDED
    return Mine(settled=lecture.state != Lecture.State.ENDED, owed=owed, text=_said(stand, may_catch_up=owed))


def _said(stand: Stand, *, may_catch_up: bool) -> str:
    if stand.is_done:
        return _("已记录 %(done)s，已达到要求。") % {"done": stand.amount.done}
    if not stand.is_undone:
        return _("这一场您是：%(state)s。") % {"state": state_label(stand.state)}
    values = {"done": stand.amount.done, "left": stand.amount.left}
    if not stand.amount.left:
        return state_label(stand.state)
    if may_catch_up:
        return _("已记录 %(done)s，还差 %(left)s，可以看回放补上。") % values
    return _("已记录 %(done)s，还差 %(left)s。觉得不对，请看我的记录。") % values
