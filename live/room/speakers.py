"""The stage as a room of this process keeps it.

Who is on the stage is a row (``live.operations.speakers``); rooms look at it once a second, and whoever is not on it is
not heard: media follow the rows, whatever a page does. Commands: ``live.room.speaking``.
"""

import math
import time
from functools import partial
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError
from django.utils import timezone

from live import operations, queries
from live.core.wire import protocol
from live.engines import get_engine
from live.engines.base import speaker_id
from live.operations.speakers import KEPT
from live.queries.speakers import Standing, stage_of
from live.room.connections import Connection
from live.room.rooms import Room
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.peers import Peer
    from live.room.process import RoomProcess

log = structlog.get_logger(__name__)

NOTE_S = 5.0  # how often devices are noted to be here; well below operations.speakers.KEPT
BREAK_S = 12.0  # notes further apart than that have missed some; with NOTE_S below KEPT, too


def on_event(process: "RoomProcess", room: Room, event: protocol.SpeakersEvent) -> None:
    """The stage is another: who has gone is heard no more."""
    gone = {one.member for one in room.speakers if one.on} - {one.member for one in event.speakers if one.on}
    was, room.speakers = room.shown(), event.speakers
    if gone:
        process.background.spawn(_cut(process, room))
    if was != room.shown():
        process.background.spawn(_show(room))


async def _show(room: Room) -> None:
    """Those who watch by WebRTC get the picture that was chosen; the media host looks by itself."""
    try:
        url = await in_database(partial(queries.engine_url, occasion_id=room.occasion_id))
    except DatabaseError:
        room.is_picture_told = False  # the next look tells it
        log.warning("picture_not_shown")
        return
    room.is_picture_told = True
    if url:
        get_engine(url).show(room.room_id, shown_feed(room))


def shown_feed(room: Room) -> str:
    """Return whose picture the engine is to give, "" for the lecturer's."""
    member_id = room.shown()
    return speaker_id(member_id) if member_id else ""


def flows(process: "RoomProcess", peer: "Peer", *, comes: bool) -> None:
    """A speaker's picture was seen to come, or comes no more."""
    if peer.kind == "talk" and peer.flows != comes:
        peer.flows = comes
        process.background.spawn(_note(peer))


def ended(process: "RoomProcess", peer: "Peer") -> None:
    """A speaker's connection is over: nothing is heard or seen of them until there is another."""
    if peer.kind == "talk":
        peer.flows = False
        process.background.spawn(_note(peer))


async def _note(peer: "Peer") -> None:
    try:
        # Its browser may have begun anew meanwhile.
        await note_sending(peer.room, peer.connection, peer.connection.talking or peer)
    except DatabaseError:
        log.warning("sending_not_noted")  # the engine gives the lecturer's picture where there is no other


async def note_sending(room: Room, connection: Connection, peer: "Peer | None") -> bool:
    """Note what a speaker's device sends, as its page says; a picture only once it was seen to come.

    Of a connection that is over nothing comes, whatever its page said.
    Without its connection at hand (the socket is another) a picture is what it was. False: this person speaks by
    another device, or not at all.
    """
    return await in_database(partial(_note_sending, room.occasion_id, connection, peer))


def note_silence(occasion_id: int, connection: Connection) -> None:
    """The page by which somebody came on the stage is gone before it sent anything: their place is kept, and they are
    not said to speak."""
    connection.sends = (False, False)
    _note_sending(occasion_id, connection, None)


def _note_sending(occasion_id: int, connection: Connection, peer: "Peer | None") -> bool:
    whose = connection.member_id, connection.device
    stage = stage_of([occasion_id]).get(occasion_id, ())
    now = next((one for one, device in stage if one.on and (one.member, device) == whose), None)
    if now is None:
        return False
    sound, picture = connection.sends or (now.sound, now.picture)
    sound = sound and not (peer is not None and peer.is_over)
    picture = picture and (now.picture if peer is None else peer.flows)
    operations.note_sending(occasion_id=occasion_id, member_id=now.member, sound=sound, picture=picture)
    return True


async def _cut(process: "RoomProcess", room: Room) -> None:
    try:
        await process.peers.cut_speakers(room)
    except DatabaseError:
        log.warning("speakers_not_cut")


def known(room: Room) -> list[Standing]:
    """Return the stage as the room knows it, for comparison with what is asked for now."""
    return [Standing(one.member, one.on, one.sound, one.picture, one.shown) for one in room.speakers]


async def learn(room: Room, facts: queries.RoomFacts) -> None:
    """The first of a room in this process: nobody is here yet who would have to be told."""
    was = known(room)
    room.devices = _devices(facts)
    found = await in_database(partial(queries.speakers, room.occasion_id)) if facts.speakers else []
    if known(room) == was:
        room.speakers = found


async def compare(process: "RoomProcess", room: Room, facts: queries.RoomFacts, was: list[Standing]) -> None:
    """Deliver the stage where it differs from what the room knew when the facts were asked for."""
    room.devices = _devices(facts)
    if was == known(room):
        process.peers.cut_unasked(room, room.devices)
    if was == known(room) != [one for one, _device in facts.speakers]:
        found = await in_database(partial(queries.speakers, room.occasion_id))
        if known(room) == was:
            process.rooms.deliver(room.occasion_id, protocol.SpeakersEvent(speakers=found))
    if not room.is_picture_told:
        await _show(room)
    await _note_here(process, room)


def _devices(facts: queries.RoomFacts) -> dict[int, str]:
    return {one.member: device for one, device in facts.speakers if one.on}


class Noting:
    """How long this process has noted without a break whose devices are here.

    After a time without a database all rows are old, and the other processes have had no chance to note theirs.
    """

    def __init__(self) -> None:
        self._since = self._last = -math.inf

    def is_steady(self, now: float) -> bool:
        """Take down that a note was written ``now``; whether the rows that are old by now are of who is gone."""
        if now - self._last > BREAK_S:
            self._since = now
        self._last = now
        return now - self._since >= KEPT.total_seconds()


async def _note_here(process: "RoomProcess", room: Room) -> None:
    """Say whose devices are here; and take down those of whom no process has said so for a while."""
    now = time.monotonic()
    if not room.speakers or now - room.speakers_noted < NOTE_S:
        return
    room.speakers_noted = now
    here = [
        member_id
        for member_id, device in room.devices.items()
        if any(one.device == device for one in room.of_member(member_id))
    ]
    whose, as_of = {"occasion_id": room.occasion_id}, timezone.now()
    await in_database(partial(operations.note_speakers, member_ids=here, as_of=as_of, **whose))
    if process.noting.is_steady(now):
        await in_database(partial(operations.step_down_absent, as_of=as_of, **whose))


def leaves(room: Room, connection: Connection) -> bool:
    """Whether a person leaves the stage, or does not come any more, now that they left the room by this connection."""
    member_id = connection.member_id
    device, others = room.devices.get(member_id, ""), room.of_member(member_id)
    if connection.talking is not None or (connection.staged and device == connection.device):
        return True
    if not any(one.member == member_id for one in room.speakers):
        return False
    if not device:  # only asked up, or not looked up yet: they may come by any that is left
        return not others
    # Another one may speak whose socket is away for a moment, or in another process.
    return connection.device == device and not any(one.device == device for one in others)
