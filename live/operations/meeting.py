"""A meeting: who sits in it, is seen and heard, and waits before it. Each change is told to its room after the commit.

Seats are rows, so that every web process knows everybody, and a full room is full for all. What is written is looked at
once a second, too (``live.room.meeting``): what is not told is found.
"""

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from live import room_events
from live.core.wire import protocol
from live.core.wire.meeting import SeatsEvent, SilencedEvent
from live.engines.base import MEETING_MOST
from live.models import Lecture, Restriction, Seat
from live.operations.hands import lower_hands
from live.queries.meeting import seats, waiting

EVERYBODY = 0
# A line that broke keeps its place for a little longer than its media are waited for (live.room.peers.HOLD_S).
KEPT = dt.timedelta(seconds=90)
# Who waits knocks every few seconds.
KNOCKED_WITHIN = dt.timedelta(seconds=30)


class MeetingIsFull(Exception):
    """As many people are in the meeting as it has seats."""


class UnableToAppear(Exception):
    """``code``: "state" (it is not live), "muted" or "closed" (not in the meeting)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def sit_down(*, occasion_id: int, member_id: int, device: str, is_host: bool, as_of: dt.datetime) -> bool:
    """Give somebody who comes a seat; False: they wait before the door, and knock again. Raises MeetingIsFull."""
    with transaction.atomic():
        # Of two who come for the last seat, one after the other is counted.
        lecture = Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
        known = Seat.objects.filter(lecture_id=occasion_id, member_id=member_id).first()
        waits = lecture.has_lobby and not is_host and (known is None or known.waits)
        if not waits and (known is None or known.waits):
            taken = Seat.objects.filter(lecture_id=occasion_id, waits=False, seen_at__gte=as_of - KEPT)
            if taken.count() >= MEETING_MOST:
                raise MeetingIsFull
        fresh = {"waits": waits, "seen_at": as_of}
        Seat.objects.update_or_create(
            lecture_id=occasion_id, member_id=member_id, defaults=fresh,
            create_defaults={**fresh, "device": device, "came_at": as_of},
        )  # fmt: skip
        if known is None or known.waits != waits:
            _tell(occasion_id)
    return not waits


def stand_up(*, occasion_id: int, member_id: int, device: str, is_last: bool) -> None:
    """A browser has left: with the last one here its person, else what was on at it is off."""
    with transaction.atomic():
        theirs = Seat.objects.filter(lecture_id=occasion_id, member_id=member_id, waits=False)
        if is_last:
            theirs.delete()
        else:
            theirs.filter(device=device).update(mic=False, cam=False)
        _tell(occasion_id)


def note_seats(*, occasion_id: int, member_ids: Collection[int], as_of: dt.datetime) -> None:
    """Remember that these people are in the room; forget those of whom no process has said so for a while."""
    with transaction.atomic():
        seen = Seat.objects.filter(lecture_id=occasion_id, member_id__in=member_ids)
        seen.update(seen_at=as_of)
        lacking = set(member_ids) - set(seen.values_list("member_id", flat=True))
        # Another phone of theirs left, of which its process knew no other; or the end of the meeting was undone.
        Seat.objects.bulk_create(
            [Seat(lecture_id=occasion_id, member_id=one, came_at=as_of, seen_at=as_of) for one in sorted(lacking)],
            ignore_conflicts=True,
        )
        gone, _ = Seat.objects.filter(lecture_id=occasion_id, waits=False, seen_at__lt=as_of - KEPT).delete()
        left, _ = Seat.objects.filter(lecture_id=occasion_id, waits=True, seen_at__lt=as_of - KNOCKED_WITHIN).delete()
        if lacking or gone or left:
            _tell(occasion_id)


def check_may_appear(*, occasion_id: int, member_id: int) -> None:
    """Raise UnableToAppear where somebody may not be seen and heard now."""
    if not Lecture.objects.filter(pk=occasion_id, kind=Lecture.Kind.MEETING, state=Lecture.State.LIVE).exists():
        raise UnableToAppear("state")
    if not Seat.objects.filter(lecture_id=occasion_id, member_id=member_id, waits=False).exists():
        raise UnableToAppear("closed")
    held = Restriction.objects.filter(lecture_id=occasion_id, member_id=member_id, lifted_at=None)
    if held.exists():
        raise UnableToAppear("muted")


def show_devices(*, occasion_id: int, member_id: int, device: str, mic: bool, cam: bool) -> None:
    """Say what is on at a browser. Raises UnableToAppear where it may not be."""
    with transaction.atomic():
        if mic or cam:
            check_may_appear(occasion_id=occasion_id, member_id=member_id)
        theirs = Seat.objects.filter(lecture_id=occasion_id, member_id=member_id)
        if not (mic or cam):
            # What another phone of theirs shows is not ended by this one.
            theirs = theirs.filter(device=device)
        if theirs.update(device=device, mic=mic, cam=cam):
            _tell(occasion_id)


def silence(*, occasion_id: int, member_id: int, actor_id: int) -> None:
    """Close a person's microphone, EVERYBODY: all but the actor's. It can be opened again."""
    with transaction.atomic():
        theirs = Seat.objects.filter(lecture_id=occasion_id)
        theirs = theirs.filter(member_id=member_id) if member_id else theirs.exclude(member_id=actor_id)
        theirs.update(mic=False)
        event = protocol.as_data(SilencedEvent(member=member_id, but=actor_id))
        transaction.on_commit(lambda: room_events.publish(occasion_id, event, flush=True))
        _tell(occasion_id)


def give_floor(*, occasion_id: int, member_id: int, on: bool) -> None:
    """Let somebody speak now and nobody else, or take it back; their hand goes down."""
    with transaction.atomic():
        theirs = Seat.objects.filter(lecture_id=occasion_id)
        theirs.filter(has_floor=True).update(has_floor=False)
        if on and theirs.filter(member_id=member_id, waits=False).update(has_floor=True):
            lower_hands(occasion_id=occasion_id, member_ids=[member_id])
        _tell(occasion_id)


def open_lobby(*, occasion_id: int, on: bool) -> None:
    """Let who comes wait first, or come in at once."""
    with transaction.atomic():
        Lecture.objects.filter(pk=occasion_id, kind=Lecture.Kind.MEETING).update(has_lobby=on)
        _tell(occasion_id)


def admit(*, occasion_id: int, member_id: int, as_of: dt.datetime) -> None:
    """Let in who waits, EVERYBODY: all; they come with their next knock."""
    with transaction.atomic():
        theirs = Seat.objects.filter(lecture_id=occasion_id, waits=True)
        if member_id:
            theirs = theirs.filter(member_id=member_id)
        theirs.update(waits=False, seen_at=as_of)
        _tell(occasion_id)


def clear_seats(*, occasion_id: int) -> None:
    """The meeting is over."""
    Seat.objects.filter(lecture_id=occasion_id).delete()
    _tell(occasion_id)


def _tell(occasion_id: int) -> None:
    def tell() -> None:
        told = [SeatsEvent(seats=seats(occasion_id)), waiting(occasion_id)]
        room_events.publish_all([(occasion_id, protocol.as_data(one)) for one in told])

    transaction.on_commit(tell)
