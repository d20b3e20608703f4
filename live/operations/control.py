"""How hosts set the room: whether members may speak in it, and whether anybody new is let in."""

import datetime as dt

from django.db import transaction

from live import room_events
from live.models import Lecture


def open_chat(*, occasion_id: int, on: bool) -> None:
    """Let members speak, or nobody but hosts. Messages that are being stored come first."""
    _set(occasion_id, is_chat_open=on)


def lock_room(*, occasion_id: int, on: bool, as_of: dt.datetime) -> None:
    """Let nobody new in, or everybody again who may come. Who is inside stays (``permissions.is_locked_out``)."""
    _set(occasion_id, locked_at=as_of if on else None)


@transaction.atomic
def _set(occasion_id: int, **changed: bool | dt.datetime | None) -> None:
    Lecture.objects.filter(pk=occasion_id).update(**changed)
    room = Lecture.objects.only("is_chat_open", "locked_at").get(pk=occasion_id)
    event = {"t": "room", "chat": room.is_chat_open, "locked": room.locked_at is not None}
    transaction.on_commit(lambda: room_events.publish(occasion_id, event, flush=True))
