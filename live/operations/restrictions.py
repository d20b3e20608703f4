"""Who may not speak in a lecture's room, and who may not be in it."""

import datetime as dt

from django.db import transaction

from live import room_events
from live.models import Lecture, RaisedHand, Restriction
from live.operations.hands import lower_hands
from live.operations.meeting import close_devices
from live.operations.speakers import step_down
from media import rights
from organizations.models import User


class UnableToRestrict(Exception):
    """The person is this lecture's lecturer, or oneself, or nobody."""


def restrict(*, occasion_id: int, member_id: int, kind: str, actor_id: int, as_of: dt.datetime) -> None:
    """Mute somebody in the chat or remove them from the room; doing it twice is doing it once.

    To have planned a meeting protects nobody: who leads it by their role of today is spared at the edge.
    """
    lecture = Lecture.objects.only("lecturer_id", "kind").get(pk=occasion_id)
    spared = (actor_id,) if lecture.is_meeting else (lecture.lecturer_id, actor_id)
    if member_id in spared or not User.objects.filter(pk=member_id).exists():
        raise UnableToRestrict
    with transaction.atomic():
        # Messages that are being stored come first; from here on nothing of theirs is.
        Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
        Restriction.objects.get_or_create(
            lecture_id=occasion_id,
            member_id=member_id,
            kind=kind,
            lifted_at=None,
            defaults={"set_by_id": actor_id, "set_at": as_of},
        )
        step_down(occasion_id=occasion_id, member_ids=[member_id])
        close_devices(occasion_id=occasion_id, member_id=member_id, is_removed=kind == Restriction.Kind.REMOVED)
        event = {"t": kind, "member": member_id, "on": True}
        transaction.on_commit(lambda: room_events.publish(occasion_id, event, flush=True))
        transaction.on_commit(lambda: _ask_anew(occasion_id, member_id))
        hand = RaisedHand.objects.filter(lecture_id=occasion_id, member_id=member_id)
        if kind == Restriction.Kind.REMOVED and hand.exists():
            lower_hands(occasion_id=occasion_id, member_ids=[member_id])


def lift_restriction(*, occasion_id: int, member_id: int, kind: str, as_of: dt.datetime) -> None:
    """Let somebody chat (or enter) again."""
    with transaction.atomic():
        Restriction.objects.filter(lecture_id=occasion_id, member_id=member_id, kind=kind, lifted_at=None).update(
            lifted_at=as_of
        )
        event = {"t": kind, "member": member_id, "on": False}
        transaction.on_commit(lambda: room_events.publish(occasion_id, event, flush=True))
        transaction.on_commit(lambda: _ask_anew(occasion_id, member_id))


def _ask_anew(occasion_id: int, member_id: int) -> None:
    """Picture and slides end with the removal, and are back with its end: not after minutes."""
    for root in ("live", "slides"):
        rights.forget(root=root, object_id=str(occasion_id), viewer_id=member_id)
