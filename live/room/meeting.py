"""A meeting as a room of this process keeps it: everybody may be seen and heard. Part of ``live.room.commands``.

Who sits in it is a row (``live.operations.meeting``); who comes asks for a seat before they are in the room, so that
whoever waits hears nothing of it. Media go by the connection "meet", of which a person has one; nobody is heard whom
the rows do not let appear.
"""

import datetime as dt
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from django.utils import timezone

from live import operations, permissions
from live.core.wire import asking, protocol
from live.core.wire import meeting as wire
from live.engines.base import Publishing, Subscribing, guest_id, guest_of, meeting_spec
from live.queries import RoomFacts
from live.queries import meeting as queries
from live.room import peers, signalling
from live.room.connections import Connection
from live.room.peers import Peer
from live.room.refusals import Refused
from live.room.stage import RoomIsLocked
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess
    from live.room.rooms import Room

NOTE_S = 5.0  # how often people are noted to be here; well below operations.meeting.KEPT


class MustWait(Exception):
    """A host lets people in; this one not yet."""


@dataclass(slots=True)
class Meeting:
    """What a room knows of its meeting, as it was told.

    ``recorded``: since when it is recorded, Unix ms; ``written``: the notes' digest when they were looked up, None
    where they have been told of since; ``noted``: when its people were, in monotonic seconds.
    """

    seats: list[protocol.Sitting] = field(default_factory=list)
    notes: list[protocol.Note] = field(default_factory=list)
    waiting: wire.WaitingEvent = field(default_factory=lambda: wire.WaitingEvent(lobby=False, waiting=[]))
    recorded: int | None = None
    written: tuple[int, dt.datetime | None] | None = None
    noted: float = 0.0

    def stands(self) -> queries.Digest:
        """By what is seen whether it has changed."""
        seats, waiting = queries.digest_of(self.seats), queries.digest_of(self.waiting.waiting)
        return queries.Digest(self.waiting.lobby, seats, waiting, self.written or (-1, None), self.recorded)


# --- who comes and goes ---------------------------------------------------------------------------------------------


async def sit(connection: Connection, occasion_id: int) -> None:
    """Give who comes a seat; there is none where the meeting is over, and its room says so.

    Raises MustWait, RoomIsLocked, MeetingIsFull and PersonIsRemoved (operations), DatabaseError.
    """
    found = await in_database(partial(_sit, connection, occasion_id))
    if found is False:
        raise MustWait
    connection.seated = found is True


def _sit(connection: Connection, occasion_id: int) -> bool | None:
    as_of, whose = timezone.now(), {"occasion_id": occasion_id, "member_id": connection.member_id}
    down = partial(
        operations.sit_down,
        device=connection.device,
        is_host=connection.host,
        as_of=as_of,
        **whose,  # type: ignore[arg-type]
    )
    try:
        return down()
    except operations.MeetingIsLocked as error:
        if not permissions.was_inside(as_of=as_of, **whose):
            raise RoomIsLocked from error
    return down(is_inside=True)


def left(room: "Room", connection: Connection, *, page: bool) -> Iterator[Callable[[], object]]:
    """Return what is to be noted now that a page is gone; a line that broke keeps its seat for a while."""
    if page and room.meeting is not None:
        yield partial(
            operations.stand_up,
            occasion_id=room.occasion_id,
            member_id=connection.member_id,
            device=connection.device,
            was_on=connection.shows,
            is_last=connection.member_id not in room.members,
            for_good=connection.sent_away,
            as_of=timezone.now(),
        )


async def learn(process: "RoomProcess", room: "Room", facts: RoomFacts) -> None:
    """The first of a meeting in this process: nobody is here yet who would have to be told."""
    if room.meeting is not None:
        await _compare(room, room.meeting, facts, tell=partial(on_event, process, room))


def on_event(process: "RoomProcess", room: "Room", event: protocol.Event) -> None:
    """An event passes through the room on its way to the browsers."""
    if room.meeting is None:
        return
    if isinstance(event, wire.SeatsEvent):
        room.meeting.seats = event.seats
    elif isinstance(event, wire.NotesEvent):
        room.meeting.notes, room.meeting.written = event.notes, None
    elif isinstance(event, wire.WaitingEvent):
        room.meeting.waiting = event
    elif isinstance(event, wire.RecordedEvent):
        room.meeting.recorded = event.since
    elif isinstance(event, protocol.MutedEvent) and event.on:
        process.peers.end_those(room, lambda peer: peer.kind == "meet" and peer.member_id == event.member)
        process.background.spawn(process.cut(room, event.member, kind="meet"))
    elif isinstance(event, protocol.StateChanged) and event.state != "live":
        process.peers.end_those(room, lambda peer: True)
    elif isinstance(event, protocol.StateChanged):
        # Its end was undone: who came to be told of the end has no seat, and asks for one like anybody.
        for connection in [one for one in room.connections if one.admitted and not one.seated]:
            process.dismiss(connection, code=protocol.CLOSE_FORBIDDEN, reason="rights", after_ms=0)


async def look(process: "RoomProcess", room: "Room", facts: RoomFacts) -> None:
    """Once a second: deliver what this process was not told, and note who is here. Raises DatabaseError."""
    one = room.meeting
    if one is None:
        return
    if facts.meeting != one.stands():
        await _compare(room, one, facts, tell=partial(process.rooms.deliver, room.occasion_id))
    now = time.monotonic()
    if room.state in ("scheduled", "live") and now - one.noted > NOTE_S:
        one.noted, as_of = now, timezone.now()
        here = [member for member, theirs in room.members.items() if any(c.admitted and c.seated for c in theirs)]
        await in_database(partial(operations.note_seats, occasion_id=room.occasion_id, member_ids=here, as_of=as_of))
        if room.state == "live" and any(c.meeting is not None for c in room.connections):
            # Somebody is heard: it goes on, and is not ended as a forgotten one.
            await in_database(partial(operations.note_picture, occasion_id=room.occasion_id, as_of=as_of))


async def _compare(room: "Room", one: Meeting, facts: RoomFacts, *, tell: Callable[[protocol.Event], None]) -> None:
    """Look it up, and tell what differs. What was told meanwhile is newer; the next look compares."""
    before, recorded = (one.seats, one.notes, one.waiting), one.recorded
    seats, notes, waiting, since = await in_database(partial(_look_up, room.occasion_id))
    if one.recorded == recorded and recorded != since:
        tell(wire.RecordedEvent(since=since))
    if one.seats is before[0] and one.seats != seats:
        tell(wire.SeatsEvent(seats=seats))
    if one.waiting is before[2] and one.waiting != waiting:
        tell(waiting)
    if one.notes is before[1]:
        if one.notes != notes:
            tell(wire.NotesEvent(notes=notes))
        # As they stood before they were read: what was written in between is looked up once more.
        one.written = facts.meeting.notes if facts.meeting is not None else None


def _look_up(occasion_id: int) -> tuple[list[protocol.Sitting], list[protocol.Note], wire.WaitingEvent, int | None]:
    since = queries.recorded_since(occasion_id)
    return queries.seats(occasion_id), queries.notes(occasion_id), queries.waiting(occasion_id), since


# --- commands of everybody ------------------------------------------------------------------------------------------


async def appear(process: "RoomProcess", room: "Room", connection: Connection, command: wire.Appear) -> None:
    """Raises EngineError."""
    signalling.check_sends_one_of_each(command.sdp)
    await _must_be_allowed(room, connection)
    peer = connection.meeting
    if command.again and peer is not None and peer.part is not None:
        answer_sdp = await cast(Publishing, peer.part).renegotiate(command.sdp)
        process.rooms.tell(connection, protocol.encode(protocol.ServerAnswer(sdp=answer_sdp)))
        return
    if peer is not None:
        process.peers.end(peer)
    engine = await signalling.engine_of(room)
    await engine.open_room(meeting_spec(room.occasion_id))
    peer = Peer(room, connection, "meet")
    peers.attach(peer)
    try:
        part = await engine.publish(
            room_id=room.room_id,
            participant_id=guest_id(connection.member_id),
            offer_sdp=command.sdp,
            on_event=signalling.listener_for(process, peer),
        )
    except BaseException:
        process.peers.over(peer)
        raise
    peer.part = part
    try:
        # Or they were silenced for good while the engine was asked, before there was anything to be ended.
        await _must_be_allowed(room, connection)
    except BaseException:
        process.peers.end(peer)
        raise
    if peer.is_over or connection.leaving:
        process.peers.end(peer)
        return
    process.rooms.tell(connection, protocol.encode(protocol.ServerAnswer(sdp=part.answer_sdp)))
    signalling.hold(process, peer)


async def reclaim(process: "RoomProcess", room: "Room", connection: Connection, command: protocol.Reclaim) -> None:
    """The socket was away; sound and picture went on. Raises EngineError."""
    await _must_be_allowed(room, connection)
    await signalling.reclaim(process, room, connection, command)


async def devices(process: "RoomProcess", room: "Room", connection: Connection, command: wire.ShowDevices) -> None:
    show = partial(
        operations.show_devices,
        occasion_id=room.occasion_id,
        member_id=connection.member_id,
        device=connection.device,
        mic=command.mic,
        cam=command.cam,
    )
    await _or_refused(show)
    # What their other pages showed was replaced: those switch nothing off when they go.
    for one in room.of_member(connection.member_id):
        one.shows = one is connection and (command.mic or command.cam)


async def see(process: "RoomProcess", room: "Room", connection: Connection, command: wire.See) -> None:
    connection.sees = frozenset(guest_id(member_id) for member_id in command.members)
    show_pictures(connection)


def show_pictures(connection: Connection) -> None:
    """Ask for the pictures that this browser wants, once it has a connection to get them by."""
    peer = connection.subscribing
    if peer is not None and peer.part is not None:
        cast(Subscribing, peer.part).see(connection.sees)


def faces(process: "RoomProcess", peer: Peer) -> None:
    """Tell a browser whose the streams of the offer are that it is about to get."""
    if peer.part is None or peer.room.meeting is None:
        return
    told = [(mid, guest_of(feed)) for mid, feed in cast(Subscribing, peer.part).whose.items()]
    frame = wire.Faces(mids=[mid for mid, _who in told], members=[who for _mid, who in told])
    process.rooms.tell(peer.connection, protocol.encode(frame))


async def _must_be_allowed(room: "Room", connection: Connection) -> None:
    await _or_refused(
        partial(operations.check_may_appear, occasion_id=room.occasion_id, member_id=connection.member_id)
    )


async def _or_refused(work: Callable[[], object]) -> None:
    try:
        await in_database(work)
    except (operations.UnableToAppear, operations.UnableToNote, operations.UnableToRecord) as error:
        raise Refused(error.code) from error


# --- commands of hosts ----------------------------------------------------------------------------------------------


async def silence(process: "RoomProcess", room: "Room", connection: Connection, command: wire.Silence) -> None:
    work = partial(operations.silence, member_id=command.member, actor_id=connection.member_id)
    await in_database(partial(work, occasion_id=room.occasion_id))


async def floor(process: "RoomProcess", room: "Room", connection: Connection, command: wire.GiveFloor) -> None:
    work = partial(operations.give_floor, member_id=command.member, on=command.on)
    await in_database(partial(work, occasion_id=room.occasion_id))


async def lobby(process: "RoomProcess", room: "Room", connection: Connection, command: wire.OpenLobby) -> None:
    await in_database(partial(operations.open_lobby, occasion_id=room.occasion_id, on=command.on))


async def admit(process: "RoomProcess", room: "Room", connection: Connection, command: wire.Admit) -> None:
    work = partial(operations.admit, member_id=command.member, as_of=timezone.now())
    try:
        await in_database(partial(work, occasion_id=room.occasion_id))
    except operations.MeetingIsFull as error:
        raise Refused("room_full") from error


async def record(process: "RoomProcess", room: "Room", connection: Connection, command: wire.Record) -> None:
    work = partial(operations.record_meeting, on=command.on, actor_id=connection.member_id, as_of=timezone.now())
    await _or_refused(partial(work, occasion_id=room.occasion_id))


async def note(process: "RoomProcess", room: "Room", connection: Connection, command: wire.WriteNote) -> None:
    said = partial(operations.write_note, kind=command.kind, title=command.title, text=command.text)
    by = partial(said, actor_id=connection.member_id, as_of=timezone.now())
    await _or_refused(partial(by, occasion_id=room.occasion_id, key=command.id))
    # The page keeps what was typed until it hears this.
    process.rooms.tell(connection, protocol.encode(asking.Stored(id=command.id, item=0)))


async def drop_note(process: "RoomProcess", room: "Room", connection: Connection, command: wire.DropNote) -> None:
    await _or_refused(partial(operations.drop_note, occasion_id=room.occasion_id, key=command.id))


TABLE: dict[type[protocol.Command], Callable[..., Awaitable[None]]] = {
    wire.Appear: appear,
    wire.ShowDevices: devices,
    wire.See: see,
    wire.Silence: silence,
    wire.GiveFloor: floor,
    wire.OpenLobby: lobby,
    wire.Admit: admit,
    wire.Record: record,
    wire.WriteNote: note,
    wire.DropNote: drop_note,
}
# What a lecture's room has besides makes no sense in a meeting: nobody is on the air there alone, or on a stage.
COMMON = (
    protocol.Beat, protocol.Hide, protocol.Show, protocol.Leave, protocol.Say, protocol.Hand, protocol.Watch,
    protocol.Answer, protocol.Trickle, protocol.Reclaim, protocol.GoLive, protocol.EndLecture, protocol.ResumeLecture,
    protocol.HideMessage, protocol.Mute, protocol.Remove, protocol.Lower, protocol.LowerAll, protocol.OpenChat,
    protocol.Lock,
)  # fmt: skip


def check_fits(room: "Room", command: protocol.Command) -> None:
    """Refuse what is a meeting's in a lecture's room, and the other way round. Raises Refused."""
    own, common = type(command) in TABLE, isinstance(command, COMMON)
    if (room.meeting is None and own) or (room.meeting is not None and not (own or common)):
        raise Refused("state")
