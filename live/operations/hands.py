"""Raised hands, in the order in which they went up. They are rows: no reload and no dead process loses one."""

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from live import queries, room_events
from live.core.wire import protocol
from live.models import RaisedHand, Restriction
from live.operations.chat import open_rooms

# A line that broke keeps its place for as long as a phone is waited for.
KEPT = dt.timedelta(seconds=40)


class UnableToRaiseHand(Exception):
    """The lecture is over, or the person was removed."""

    code = "closed"


@transaction.atomic
def raise_hand(*, occasion_id: int, member_id: int, as_of: dt.datetime) -> None:
    """Raise a member's hand; one that is up keeps its place.

    Nobody is removed and no lecture ends before the commit: whoever does either waits, and lowers this hand, too.
    """
    rooms, _quiet = open_rooms({occasion_id})
    removed = Restriction.objects.filter(
        lecture_id=occasion_id, member_id=member_id, kind=Restriction.Kind.REMOVED, lifted_at=None
    )
    if occasion_id not in rooms or removed.exists():
        raise UnableToRaiseHand
    # As one statement that does nothing when it is there: of two phones of one person one raises it.
    RaisedHand.objects.bulk_create(
        [RaisedHand(lecture_id=occasion_id, member_id=member_id, raised_at=as_of, seen_at=as_of)],
        ignore_conflicts=True,
    )
    hand = RaisedHand.objects.get(lecture_id=occasion_id, member_id=member_id)
    if hand.raised_at == as_of:
        events = queries.hand_events({member_id: hand.raised_at})
        transaction.on_commit(lambda: _tell(occasion_id, events))


@transaction.atomic
def lower_hands(*, occasion_id: int, member_ids: Collection[int]) -> None:
    """Lower these members' hands, and tell hosts and members so, also of one that was down already."""
    RaisedHand.objects.filter(lecture_id=occasion_id, member_id__in=member_ids).delete()
    events = [protocol.HandEvent(member=member_id, name="", unit="", up=False) for member_id in member_ids]
    transaction.on_commit(lambda: _tell(occasion_id, events))


@transaction.atomic
def lower_all_hands(*, occasion_id: int) -> None:
    """Lower every hand: one event for the room, however many there were."""
    RaisedHand.objects.filter(lecture_id=occasion_id).delete()
    transaction.on_commit(lambda: room_events.publish(occasion_id, {"t": "hands_down"}, flush=True))


def note_hands(*, occasion_id: int, member_ids: Collection[int], as_of: dt.datetime) -> None:
    """Remember that these members are in the room: their hands stay up."""
    RaisedHand.objects.filter(lecture_id=occasion_id, member_id__in=member_ids).update(seen_at=as_of)


def lower_forgotten_hands(*, occasion_id: int, as_of: dt.datetime) -> None:
    """Lower the hands of members whom no room has seen for a while: they left, or their process died."""
    gone = RaisedHand.objects.filter(lecture_id=occasion_id, seen_at__lt=as_of - KEPT)
    member_ids = list(gone.values_list("member_id", flat=True))
    if member_ids:
        lower_hands(occasion_id=occasion_id, member_ids=member_ids)


def _tell(occasion_id: int, events: list[protocol.HandEvent]) -> None:
    room_events.publish_all([(occasion_id, protocol.as_data(event)) for event in events])
