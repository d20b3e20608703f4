"""A break in a live lecture: nobody's time. The window pauses, and the picture leaves the air, so nothing is recorded.

The ledger's pause and the lecture's two columns change in one transaction. Announced until a moment, a break lasts
until a host goes on: what it lasted longer is put right then, or by the end of the lecture.
"""

import datetime as dt

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance import operations as ledger
from live import room_events
from live.models import Lecture
from live.operations.speakers import clear_stage

log = structlog.get_logger(__name__)
SHORTEST_MIN = 1
LONGEST_MIN = 60


class UnableToTakeBreak(Exception):
    """``code``: "break_length" or "state" (the lecture is not live); the message is for the host."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def take_break(*, occasion_id: int, minutes: int, as_of: dt.datetime) -> None:
    """Begin a break of so many minutes from now; during one, let it last so many minutes from now.

    Raises UnableToTakeBreak.
    """
    if not SHORTEST_MIN <= minutes <= LONGEST_MIN:
        raise UnableToTakeBreak("break_length", _("休息时间请填 1 到 60 分钟。"))
    until = as_of + dt.timedelta(minutes=minutes)
    with transaction.atomic():
        lecture = _held(occasion_id)
        if lecture is None:
            raise UnableToTakeBreak("state", _("直播没有在进行，不能休息。"))
        since = lecture.break_at or as_of
        Lecture.objects.filter(pk=occasion_id).update(break_at=since, break_until_at=until)
        ledger.set_pause(occasion_id=occasion_id, since=since, until=until)
        clear_stage(occasion_id=occasion_id)
        transaction.on_commit(lambda: announce_break(occasion_id, until))
    log.info("break_taken", occasion=occasion_id, minutes=minutes)


def end_break(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Go on, early or late. Of two hosts who go on at once one does; without a break nothing happens."""
    with transaction.atomic():
        lecture = _held(occasion_id)
        if lecture is None or not close_break(lecture, as_of=as_of):
            return
        transaction.on_commit(lambda: announce_break(occasion_id, None))
    log.info("break_over", occasion=occasion_id)


def close_break(lecture: Lecture, *, as_of: dt.datetime) -> bool:
    """The break of a lecture whose row is held ends at ``as_of``; False: there is none."""
    if lecture.break_at is None:
        return False
    Lecture.objects.filter(pk=lecture.pk).update(break_at=None, break_until_at=None)
    ledger.set_pause(occasion_id=lecture.pk, since=lecture.break_at, until=as_of)
    return True


def announce_break(occasion_id: int, until: dt.datetime | None) -> None:
    """Tell the room until when there is a break; None: it goes on. Call it after the commit."""
    room_events.publish(
        occasion_id, {"t": "break", "until": None if until is None else round(until.timestamp() * 1000)}, flush=True
    )


def _held(occasion_id: int) -> Lecture | None:
    """The lecture before its occasion, as everywhere; None when it is not live."""
    return (
        Lecture.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=occasion_id, state=Lecture.State.LIVE)
        .first()
    )
