"""What a lecture was for one member once it is over: said in the room, so that nobody has to look for it."""

from datetime import datetime
from typing import TypedDict

from django.utils.translation import gettext as _

from attendance.catching_up import CatchUp, catch_up_of
from attendance.models import Occasion, RecordState
from attendance.queries import CALLED_OFF
from attendance.queries.sessions import sessions_ahead
from attendance.sentences.checks import check_left_words
from attendance.standing import Standing, standings_of, state_label
from live.models import Lecture
from organizations.models import User


class OwnRecord(TypedDict):
    """``settled``: it will not change by itself any more; ``owed``: there is something to catch up, and a way to."""

    settled: bool
    owed: bool
    text: str


def own_record(lecture: Lecture, *, member_id: int, as_of: datetime) -> OwnRecord | None:
    """Return how a member stands at a lecture that is over; None before, and for whoever its roster does not name.

    One query (two where it is held again), and what is settled already: whoever asks too early asks again, nobody is
    settled for asking.
    """
    if not lecture.is_over:
        return None
    occasion = lecture.occasion
    standing = standings_of(occasions=[occasion], member_id=member_id, as_of=as_of).get(lecture.pk)
    if standing is None or standing.state in CALLED_OFF:
        return None
    if standing.state == RecordState.PENDING:
        return OwnRecord(settled=False, owed=False, text=_("您的记录正在核算，好了会写在这里。"))
    path = catch_up_of(
        occasion=occasion, state=standing.state, as_of=as_of, member=User(pk=member_id), check=standing.check,
        done_ms=standing.amount.done_ms, sessions=sessions_ahead([occasion], as_of=as_of).get(lecture.pk, ()),
    )  # fmt: skip
    owed = path is not None and path.phone is not None
    is_settled = lecture.is_meeting or lecture.state != Lecture.State.ENDED
    return OwnRecord(settled=is_settled, owed=owed, text=_said(standing, path, occasion))


def _said(standing: Standing, path: CatchUp | None, occasion: Occasion) -> str:
    if standing.is_done:
        return _("已记录 %(done)s，已达到要求。") % {"done": standing.amount.done}
    if path is None:
        return _("这一场您是：%(state)s。") % {"state": state_label(standing.state)}
    if path.owes_check and path.phone is not None:
        return check_left_words(occasion) + _("。")
    values = {"done": standing.amount.done, "left": standing.amount.left}
    if path.phone is not None and standing.amount.left:
        said = _("已记录 %(done)s，还差 %(left)s，可以看回放补上。") % values
    elif standing.amount.left:
        said = _("已记录 %(done)s，还差 %(left)s。") % values
    else:
        said = _("这一场您是：%(state)s。") % {"state": state_label(standing.state)}
    return said + _("；").join(path.for_member)
