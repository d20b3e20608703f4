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
from live.models import Lecture, MediaPeer, Restriction, Seat
from live.operations.hands import lower_hands
from live.queries.meeting import seats, waiting

EVERYBODY = 0
OPEN = (Lecture.State.SCHEDULED, Lecture.State.LIVE)
# A line that broke keeps its place for a little longer than its media are waited for (live.room.peers.HOLD_S).
KEPT = dt.timedelta(seconds=90)
# Who closed the page, or loads it anew, for so long.
KEPT_GONE = dt.timedelta(seconds=20)
FORGOTTEN = dt.timedelta(hours=1)
# Who waits knocks every few seconds.
KNOCKED_WITHIN = dt.timedelta(seconds=30)


class MeetingIsFull(Exception):
    """As many people are in the meeting as it has seats."""


class MeetingIsLocked(Exception):
    """Nobody is let in who has no seat."""


class PersonIsRemoved(Exception):
    """A host removed this person from the room; their ticket is from before that."""


class UnableToAppear(Exception):
    """``code``: "state" (it is not live), "muted" or "closed" (not in the meeting)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def sit_down(
    *, occasion_id: int, member_id: int, device: str, is_host: bool, as_of: dt.datetime, is_inside: bool = False
) -> bool | None:
    """Give somebody who comes a seat; False: they wait before the door, and knock again.

    None: it is over, or not there, and has no seats; its room says so. ``is_inside``: they were in the room a moment
    ago, and come back into a locked one. Raises MeetingIsFull, MeetingIsLocked, PersonIsRemoved.
    """
    with transaction.atomic():
        # Of two who come for the last seat, one after the other is counted.
        lecture = Lecture.objects.select_for_update(no_key=True).filter(pk=occasion_id, state__in=OPEN).first()
        if lecture is None:
            return None
        # Under the lecture's lock, as the removal itself: of the two one comes first.
        if not is_host and _is_removed(occasion_id, member_id):
            raise PersonIsRemoved
        known = Seat.objects.filter(lecture_id=occasion_id, member_id=member_id).first()
        is_new = known is None or known.waits
        is_gone = known is None or known.waits or known.seen_at < as_of - KEPT
        if is_gone and lecture.locked_at is not None and not (is_host or is_inside):
            raise MeetingIsLocked
        waits = is_new and lecture.has_lobby and not is_host
        if is_gone and not (waits or is_host) and _free(occasion_id, as_of) < 1:
            raise MeetingIsFull
        fresh = {"waits": waits, "seen_at": as_of}
        Seat.objects.update_or_create(
            lecture_id=occasion_id, member_id=member_id, defaults=fresh,
            create_defaults={**fresh, "device": device, "came_at": as_of},
        )  # fmt: skip
        if known is None or known.waits != waits:
            _tell(occasion_id)
    return not waits


def _is_removed(occasion_id: int, member_id: int) -> bool:
    held = Restriction.objects.filter(lecture_id=occasion_id, member_id=member_id, lifted_at=None)
    return held.filter(kind=Restriction.Kind.REMOVED).exists()


def _free(occasion_id: int, as_of: dt.datetime) -> int:
    """Return how many seats there are yet; hosts find one in any case."""
    taken = Seat.objects.filter(lecture_id=occasion_id, waits=False, seen_at__gte=as_of - KEPT)
    return MEETING_MOST - taken.count()


def stand_up(
    *, occasion_id: int, member_id: int, device: str, was_on: bool, is_last: bool, for_good: bool, as_of: dt.datetime
) -> None:
    """A page has gone at ``as_of``: with the last one here its person, unless another browser has them in the meeting.

    ``was_on``: what is on at their seat was on there, and is off now; ``for_good``: they left the room. A page that was
    closed may be loading anew: its seat is kept for ``KEPT_GONE``, and longer where another process has them.
    """
    with transaction.atomic():
        theirs = Seat.objects.filter(lecture_id=occasion_id, member_id=member_id, waits=False)
        if was_on:
            theirs.filter(device=device).update(mic=False, cam=False)
        # Who has come back meanwhile was seen later.
        gone = theirs.filter(seen_at__lte=as_of)
        elsewhere = MediaPeer.objects.filter(lecture_id=occasion_id, member_id=member_id).exclude(device=device)
        if is_last and for_good and not elsewhere.exists():
            gone.delete()
        elif is_last:
            gone.update(seen_at=as_of - KEPT + KEPT_GONE)
        _tell(occasion_id)


def note_seats(*, occasion_id: int, member_ids: Collection[int], as_of: dt.datetime) -> None:
    """Remember that these people are in the room; forget those of whom no process has said so for a while."""
    with transaction.atomic():
        seen = Seat.objects.filter(lecture_id=occasion_id, member_id__in=member_ids)
        seen.update(seen_at=as_of)
        lacking = set(member_ids) - set(seen.values_list("member_id", flat=True))
        if lacking:
            # Who was removed is on the way out.
            removed = Restriction.objects.filter(lecture_id=occasion_id, member_id__in=lacking, lifted_at=None)
            lacking -= set(removed.filter(kind=Restriction.Kind.REMOVED).values_list("member_id", flat=True))
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
    """Let in who waits, EVERYBODY: all for whom there is a seat, in the order in which they came.

    They come with their next knock. Raises MeetingIsFull where there is a seat for none of them.
    """
    with transaction.atomic():
        Lecture.objects.select_for_update(no_key=True).filter(pk=occasion_id).first()
        theirs = Seat.objects.filter(lecture_id=occasion_id, waits=True).order_by("came_at", "pk")
        if member_id:
            theirs = theirs.filter(member_id=member_id)
        waiting_ids = list(theirs.values_list("pk", flat=True))
        let_in = waiting_ids[: max(_free(occasion_id, as_of), 0)]
        if waiting_ids and not let_in:
            raise MeetingIsFull
        Seat.objects.filter(pk__in=let_in).update(waits=False, seen_at=as_of)
        _tell(occasion_id)


def close_devices(*, occasion_id: int, member_id: int, is_removed: bool) -> None:
    """A host does not let this person be seen and heard any more, or has removed them."""
    theirs = Seat.objects.filter(lecture_id=occasion_id, member_id=member_id)
    if theirs.delete()[0] if is_removed else theirs.update(mic=False, cam=False, has_floor=False):
        _tell(occasion_id)


def forget_old_seats(*, as_of: dt.datetime) -> None:
    """Forget who was in meetings that are over, or in one that nobody has been in for an hour."""
    Seat.objects.exclude(lecture__state__in=OPEN).delete()
    Seat.objects.filter(seen_at__lt=as_of - FORGOTTEN).delete()


def clear_seats(*, occasion_id: int) -> None:
    """The meeting is over."""
    Seat.objects.filter(lecture_id=occasion_id).delete()
    _tell(occasion_id)


def _tell(occasion_id: int) -> None:
    def tell() -> None:
        told = [SeatsEvent(seats=seats(occasion_id)), waiting(occasion_id)]
        room_events.publish_all([(occasion_id, protocol.as_data(one)) for one in told])

    transaction.on_commit(tell)
