"""The life of an occasion at which people met in a place: it is opened and closed by the times that its book says.

Nobody has to press a button while people meet: what is written down says when they began and when they ended.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from attendance.kinds import is_in_person
from attendance.models import Occasion
from attendance.operations.corrections import UnableToRecord
from attendance.operations.occasions import close_occasion, open_occasion

LONGEST = timedelta(hours=12)
SHORTEST = timedelta(minutes=5)  # what is shorter was not held (``core.frame``)
State = Occasion.State


@transaction.atomic
def hold_in_person(*, occasion_id: int, started_at: datetime, ended_at: datetime, as_of: datetime) -> bool:
    """Say from when to when people met; True once it is over and closed, False while it still goes on.

    One that had not opened opens as of ``started_at``, with the roster of that day. While it is open its end may still
    be said otherwise; once it is closed its times stay. Make-up days are counted from ``as_of`` where that is later
    than the end: what is entered after the day leaves them whole. Raises UnableToRecord (``field``).
    """
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if occasion.state in (State.VOID, State.NOT_HELD):
        raise UnableToRecord(_("这一场已经作废或没有举行，不再登记。"))
    if occasion.state not in (State.SCHEDULED, State.OPEN) or not is_in_person(occasion.kind):
        return True
    start = started_at if occasion.state == State.SCHEDULED else occasion.window_start_at or occasion.starts_at
    _check(start, ended_at, as_of)
    Occasion.objects.filter(pk=occasion_id).update(starts_at=start, ends_at=ended_at)
    if occasion.state == State.SCHEDULED:
        open_occasion(occasion_id=occasion_id, as_of=start)
    if ended_at > as_of:
        return False
    close_occasion(occasion_id=occasion_id, as_of=ended_at, make_up_from=as_of)
    return True


def _check(start: datetime, end: datetime, as_of: datetime) -> None:
    if end <= start:
        raise UnableToRecord(_("结束时间要晚于开始时间。"), "ended_at")
    if end - start < SHORTEST:
        raise UnableToRecord(_("会议不到 5 分钟，不算举行过，请核对时间。"), "ended_at")
    if end - start > LONGEST:
        raise UnableToRecord(_("一场会议不能超过 12 小时，请核对日期。"), "ended_at")
    if start > as_of:
        raise UnableToRecord(_("会议还没有开始，开始以后再登记到会。"), "started_at")
