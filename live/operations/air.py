"""Whose page sends the picture of a lecture: one named source, taken over only by whoever says whom they replace.

A turn outlives the page's socket: a reload, a lost line or a web process that died takes the air from nobody. It ends
when another page takes over. A line that is lost for a while does not even make the page count as away
(``live.room.held_air``).
"""

import datetime as dt
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from live import queries, room_events
from live.core.wire import protocol
from live.models import AirTurn, Lecture

log = structlog.get_logger(__name__)


class UnableToTakeAir(Exception):
    """Somebody else is on the air, and they are not whom the person confirmed to replace."""

    code = "taken"


class NobodyIsOnAir(Exception):
    """There is a break, or the lecture is not live."""

    code = "state"


class UnableToGiveBack(Exception):
    """This page is not on the air, or there is no page before it."""

    code = "state"


@dataclass(frozen=True, slots=True)
class Air:
    """A host's page by its own name, and its connection: what is on the air from the first moment of a lecture."""

    host_id: int
    source: str
    socket: str


@transaction.atomic
def take_air(
    *, occasion_id: int, host_id: int, source: str, as_of: dt.datetime, turn: int = 0, socket: str = ""
) -> None:
    """Put a host's page on the air. ``turn``: the one that they confirmed to replace; their own page needs none.

    Nor does another page of theirs, once the first is gone: the computer was changed. A page that takes the air back
    from the one that took it is again where it was: before it stands whoever stood before it the first time.

    Raises UnableToTakeAir, and NobodyIsOnAir.
    """
    # Of two that take it one comes after the other; and a break comes before it, or after it and takes it off.
    lecture = Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if lecture.state != Lecture.State.LIVE or lecture.break_at is not None:
        raise NobodyIsOnAir
    now = _open_turns(occasion_id).select_related("before").first()
    if now is not None and (now.host_id, now.source) == (host_id, source):
        AirTurn.objects.filter(pk=now.pk).update(socket=socket, left_at=None)
        if now.left_at is not None:
            _announce(occasion_id)
        return
    # A page that has gone leaves its place to another one of its host; a device outside is waited for.
    if (
        now is not None
        and now.pk != turn
        and (now.left_at is None or now.host_id != host_id or now.source == AirTurn.ENCODER)
    ):
        raise UnableToTakeAir
    _begin(occasion_id, now, host_id=host_id, source=source, socket=socket, as_of=as_of)


@transaction.atomic
def take_encoder_air(*, occasion_id: int, host_id: int, socket: str, as_of: dt.datetime) -> None:
    """Put the device outside on the air, for the host who made its key.

    It takes nobody's place who did not let it: it comes where nobody was on the air yet, where the page on the air
    waits for it, and in its own place, whichever host's key it had then. Raises UnableToTakeAir, and NobodyIsOnAir.
    """
    lecture = Lecture.objects.select_for_update(no_key=True).get(pk=occasion_id)
    if lecture.state != Lecture.State.LIVE or lecture.break_at is not None:
        raise NobodyIsOnAir
    now = _open_turns(occasion_id).select_related("before").first()
    if now is not None and now.source == AirTurn.ENCODER:
        AirTurn.objects.filter(pk=now.pk).update(host_id=host_id, socket=socket, left_at=None)
        _announce(occasion_id)
        return
    if now is not None and now.awaits_encoder_at is None:
        raise UnableToTakeAir
    _begin(occasion_id, now, host_id=host_id, source=AirTurn.ENCODER, socket=socket, as_of=as_of)


def _begin(
    occasion_id: int, now: AirTurn | None, *, host_id: int, source: str, socket: str, as_of: dt.datetime
) -> None:
    """Open a turn in the place of the one that is open, if any is."""
    before = now
    if now is not None:
        AirTurn.objects.filter(pk=now.pk).update(ended_at=as_of)
        if now.before is not None and (now.before.host_id, now.before.source) == (host_id, source):
            before = now.before.before
        log.info("air_taken", occasion=occasion_id, by=host_id, of=now.host_id)
    AirTurn.objects.create(
        lecture_id=occasion_id, host_id=host_id, source=source, socket=socket, began_at=as_of, before=before
    )
    _announce(occasion_id)


@transaction.atomic
def await_encoder(*, occasion_id: int, host_id: int, source: str, on: bool, as_of: dt.datetime) -> None:
    """The page on the air lets the device outside take its place, or no more; its picture stays until it does."""
    mine = _open_turns(occasion_id).filter(host_id=host_id, source=source)
    if not mine.exists():
        raise UnableToGiveBack
    if mine.filter(awaits_encoder_at__isnull=on).update(awaits_encoder_at=as_of if on else None):
        _announce(occasion_id)


@transaction.atomic
def leave_air(*, occasion_id: int, socket: str, as_of: dt.datetime, in_break: bool = True) -> bool:
    """The page on the air went away by this connection; one that came back by another meanwhile stays.

    False: not ``in_break``, there is a break, and the turn stays.
    """
    if not in_break and Lecture.objects.filter(pk=occasion_id).exclude(break_at=None).exists():
        return False
    if _open_turns(occasion_id).filter(socket=socket, left_at=None).update(left_at=as_of):
        _announce(occasion_id)
    return True


@transaction.atomic
def offer_air(*, occasion_id: int, host_id: int, source: str, as_of: dt.datetime) -> None:
    """Ask the page before to take the picture back. The picture stays until it does; asking twice is asking once."""
    mine = _open_turns(occasion_id).filter(~Q(before=None), host_id=host_id, source=source)
    if not mine.exists():
        raise UnableToGiveBack
    if mine.filter(offered_at=None).update(offered_at=as_of):
        _announce(occasion_id)


def _open_turns(occasion_id: int) -> QuerySet[AirTurn]:
    return AirTurn.objects.filter(lecture_id=occasion_id, ended_at=None)


def _announce(occasion_id: int) -> None:
    def tell() -> None:
        room_events.publish(occasion_id, protocol.as_data(queries.on_air(occasion_id)), flush=True)

    transaction.on_commit(tell)
