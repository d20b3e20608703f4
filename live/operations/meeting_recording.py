"""The recording of a meeting: off until who leads it switches it on, and told to everybody as long as it is on.

It is a witness of nothing: the ledger hears of no replay, and nobody makes up a meeting by it.
"""

import datetime as dt

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from live import room_events
from live.core.wire import protocol
from live.core.wire.meeting import RecordedEvent
from live.models import Lecture, RecordingTurn
from live.operations.recording import UnableToDropRecording, drop_recording
from live.queries.meeting import recorded_since

log = structlog.get_logger(__name__)
MOST_REASON = 200


class UnableToRecord(Exception):
    """It is no meeting, or not live."""

    code = "state"


@transaction.atomic
def record_meeting(*, occasion_id: int, on: bool, actor_id: int, as_of: dt.datetime) -> None:
    """Switch the recording of a meeting on or off; what stands already stays. Raises UnableToRecord."""
    # An end comes before it, or after it and switches it off.
    held = Lecture.objects.select_for_update(no_key=True).filter(pk=occasion_id, kind=Lecture.Kind.MEETING)
    if not held.filter(state=Lecture.State.LIVE).exists():
        raise UnableToRecord
    turns = RecordingTurn.objects.filter(lecture_id=occasion_id, ended_at=None)
    if on == turns.exists():
        return
    if on:
        RecordingTurn.objects.create(lecture_id=occasion_id, began_by_id=actor_id, began_at=as_of)
        held.update(record=True)
    else:
        turns.update(ended_at=as_of, ended_by_id=actor_id)
    log.info("meeting_recording", occasion=occasion_id, on=on, actor_id=actor_id)
    _tell(occasion_id)


def close_recording(*, occasion_id: int, as_of: dt.datetime) -> None:
    """The meeting is over; in its transaction."""
    if RecordingTurn.objects.filter(lecture_id=occasion_id, ended_at=None).update(ended_at=as_of):
        _tell(occasion_id)


@transaction.atomic
def drop_meeting_recording(*, occasion_id: int, reason: str, actor_id: int, as_of: dt.datetime) -> None:
    """Delete a meeting's recording, with the reason in the back office's log. Raises UnableToDropRecording."""
    reason = reason.strip()
    if not 0 < len(reason) <= MOST_REASON:
        raise UnableToDropRecording(_("请写明删除的原因，最多 200 字。"))
    drop_recording(occasion_id=occasion_id, actor_id=actor_id, as_of=as_of, reason=reason)


def _tell(occasion_id: int) -> None:
    def tell() -> None:
        event = RecordedEvent(since=recorded_since(occasion_id))
        room_events.publish(occasion_id, protocol.as_data(event), flush=True)

    transaction.on_commit(tell)
