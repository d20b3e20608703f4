"""What a process with rooms holds: one object, made when the process starts and closed when it stops.

``config.asgi`` makes it in the ASGI lifespan and hands it to each socket in ``scope["state"]``; tests make their own.
Here stands how a connection comes, counts and goes; what the rooms look after by themselves is in ``live.room.checks``.
"""

import asyncio
import datetime as dt
import os
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from prometheus_client import Gauge

from attendance.clock import clock
from live import operations, queries, room_events
from live.core.wire import protocol
from live.room import breaks, meeting, speakers, stage
from live.room.admission import Admission
from live.room.asking import Asking
from live.room.background import Background
from live.room.channel import ProcessChannel
from live.room.chat import Chat
from live.room.checks import RoomChecks, Told
from live.room.connections import Connection
from live.room.encoders import Encoders
from live.room.fallback import Fallbacks
from live.room.held_air import HeldAir
from live.room.peers import Peers
from live.room.presence import UNWRITTEN, Recorder
from live.room.rooms import Room, Rooms
from live.room.threads import in_database
from live.room.turn import ice_servers
from live.room.uncounted import Uncounted
from live.room_events import Event

log = structlog.get_logger(__name__)

QUIET_S = 20.0
ROOMS_EACH = 4  # rooms that one person may fill with LIVE_SOCKETS_EACH sockets each
CLOSE_PATIENCE_S = 5.0
PHONES = Gauge("live_phones", "Open sockets in the rooms of this process")


class RoomProcess:
    """The rooms of one process with all that serves them. Everything but ``publish`` and ``seq_of`` runs on its loop.

    ``layer``: the Channels layer between processes; that of the settings if none is given.
    """

    def __init__(self, layer: Any = None) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.background = Background()
        self.loop = self.background.loop
        self.channel = ProcessChannel(layer or get_channel_layer(), name=self.name, on_message=self._on_message)
        self.rooms = Rooms(self.background, self.channel, on_event=self._on_event)
        self.recorder = Recorder(name=self.name, quiet=self.quiet)
        self.chat = Chat(spawn=self.background.spawn)
        self.admission = Admission(self.background)
        self.checks = RoomChecks(self)
        self.asking = Asking(self)
        self.peers = Peers(self)
        self.air = HeldAir(self)
        self.noting = speakers.Noting()
        self.encoders = Encoders(self)
        self.fallbacks = Fallbacks(self)
        self.uncounted = Uncounted(self)

    # --- the life of the process --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take this process's lease, though nobody is in a room yet, and begin. Waits for a database a few seconds."""
        self.channel.start(self.background)
        self.rooms.start()
        self.checks.start()
        self.asking.start()
        self.peers.start()
        self.air.start()
        self.encoders.start()
        self.fallbacks.start()
        self.uncounted.start()
        PHONES.set_function(self.rooms.sockets)
        UNWRITTEN.set_function(self.recorder.unwritten)
        room_events.attach(self)
        await self.recorder.start()

    async def aclose(self) -> None:
        """The process stops in good order: nothing is told any more, and every stay ends now."""
        room_events.detach(self)
        await self.background.aclose()
        await self.channel.aclose()
        await self.recorder.aclose()
        PHONES.set_function(lambda: 0)
        UNWRITTEN.set_function(lambda: 0)

    # --- events -------------------------------------------------------------------------------------------------

    def publish(self, events: Sequence[tuple[int, Event]], *, flush: bool) -> None:
        """Tell the rooms here and those of the other processes; from any thread (``live.room_events``)."""
        try:
            self.loop.call_soon_threadsafe(self._publish, events, flush)
        except RuntimeError:
            log.info("room_events_after_the_end")  # the loop is closed; the others find it in the database

    def _publish(self, events: Sequence[tuple[int, Event]], flush: bool) -> None:
        # The rooms here do not wait for Redis, nor for its being there.
        for occasion_id, event in events:
            self.rooms.deliver(occasion_id, protocol.event_of(event), flush=flush)
        self.channel.send(events, flush=flush)

    def seq_of(self, occasion_id: int) -> int | None:
        """Return the number of the room's last frame, None when nobody of it is here; from any thread."""
        room = self.rooms.open.get(occasion_id)
        return room.seq if room is not None else None

    def _on_message(self, message: dict[str, Any]) -> None:
        self.rooms.on_message(message)

    def _on_event(self, room: Room, event: protocol.Event) -> None:
        """An event passes through the room on its way to the browsers."""
        self.asking.on_event(room, event)
        meeting.on_event(self, room, event)
        if isinstance(event, protocol.StateChanged):
            self._enter_state(room, event.state)
        elif isinstance(event, protocol.PictureEvent):
            room.picture = event.on
            room.picture_off_at = None if event.on else timezone.now()
        elif isinstance(event, protocol.BreakEvent):
            breaks.take_event(self, room, event)
        elif isinstance(event, protocol.SpeakersEvent):
            speakers.on_event(self, room, event)
        elif isinstance(event, protocol.MutedEvent):
            room.muted = room.muted | {event.member} if event.on else room.muted - {event.member}
        elif isinstance(event, protocol.RemovedEvent):
            stage.take_removal(self, room, event)
        else:
            stage.on_event(room, event)

    def _enter_state(self, room: Room, state: str) -> None:
        was, room.state = room.state, state
        everybody = list(room.connections)
        if state == "live" and was != "live":
            for connection in everybody:
                if was != "scheduled":
                    # An end was undone: nobody's presence reaches back over what lay between.
                    connection.present_at = clock().now()
                self.count(room, connection)
        elif state != "live":
            room.picture, room.break_until = False, None
            self.fallbacks.end(room.occasion_id, "off_air")
            for connection in everybody:
                self.uncount(connection, reason="closed", at=self.answered_until(connection))
                if state == "cancelled":
                    self.dismiss(connection, code=protocol.CLOSE_GONE, reason="cancelled", after_ms=None)

    # --- coming and going ---------------------------------------------------------------------------------------

    def is_full(self) -> bool:
        """Whether this process has as many sockets as it may have."""
        return self.rooms.sockets() >= settings.LIVE_MAX_SOCKETS

    async def enter(self, connection: Connection, occasion_id: int) -> Room | None:
        """Put a connection into its room; None when there is no such lecture. ``joined`` follows, after any commit.

        Raises DatabaseError when the room is new here and cannot be looked up, PersonIsRemoved, RoomIsLocked, MustWait,
        MeetingIsFull.
        """
        if connection.meets:  # before it hears anything of the room
            await meeting.sit(connection, occasion_id)
        if (open_here := self.rooms.open.get(occasion_id)) is not None:  # nor does who was removed from it
            await stage.check_not_removed(open_here, connection)
        # Entered before anything is asked: what is told meanwhile is not missed.
        room = self.rooms.enter(occasion_id, connection)
        try:
            known = await self._know(room)
            if known:
                await stage.check_door(room, connection)
        except BaseException:  # also cancelled: nobody else would take it out again
            # The room may have gone live meanwhile: a stay that has begun ends with it.
            self.leave(room, connection, clean=True)
            raise
        if not known:
            self.leave(room, connection, clean=True)
            return None
        connection.admitted = True
        self._keep_few(room, connection)
        self.count(room, connection)
        if connection.stay is None:
            self.welcome(room, connection)
        return room

    async def _know(self, room: Room) -> bool:
        """The first of a room in this process looks up where the lecture stands; the others wait for that."""
        async with room.learning:
            if not room.known:
                told = Told.of(room)
                found = await in_database(partial(queries.room_facts, [room.occasion_id]))
                facts = found.get(room.occasion_id)
                if facts is None:
                    return False
                room.known, room.last_message = True, facts.last_message
                if facts.is_meeting:  # known as one, whatever else cannot be looked up: the next look brings it
                    room.meeting = meeting.Meeting()
                # Where something was told meanwhile the next look brings the others.
                room.state = facts.state if room.state == told.state else room.state
                room.muted = facts.muted if room.muted == told.muted else room.muted
                room.removed = facts.removed if room.removed == told.removed else room.removed
                self.checks.take_facts(room, facts, told)
                await stage.learn(room, facts)
                await speakers.learn(room, facts)
                await meeting.learn(self, room, facts)
        return True

    def _keep_few(self, room: Room, newest: Connection) -> None:
        """One person's sockets never fill a room or a process: the oldest go, of the same browser first (a phone that
        lost its line often leaves dead ones behind), who is on air last.

        Each process keeps its own count: n of them hold n times as many sockets of a person, and of everybody.
        """
        each, member = settings.LIVE_SOCKETS_EACH, newest.member_id
        if len(room.of_member(member)) > each:
            self._dismiss_oldest([room], newest, keep=each)
        if sum(len(one.of_member(member)) for one in self.rooms.open.values()) > each * ROOMS_EACH:
            self._dismiss_oldest(list(self.rooms.open.values()), newest, keep=each * ROOMS_EACH)

    def _dismiss_oldest(self, rooms: list[Room], newest: Connection, *, keep: int) -> None:
        """Who counts for nobody (a hall's screen) goes before who counts, and drives none of those out."""
        theirs = [one for room in rooms for one in room.of_member(newest.member_id)]
        staying = [one for one in theirs if not one.leaving and one is not newest]
        too_many = max(0, len(staying) + 1 - keep)
        going = [one for one in staying if newest.counted or not one.counted]
        going.sort(
            key=lambda one: (
                any((one.publishing, one.talking, one.meeting)),
                one.counted,
                one.device != newest.device,
                one.came_at,
            )
        )
        for one in [*going, newest][:too_many]:
            self.dismiss(one, code=protocol.CLOSE_ELSEWHERE, reason="elsewhere", after_ms=None)

    def welcome(self, room: Room, connection: Connection) -> None:
        """Send ``joined`` once, afterwards ``counted``."""
        if connection.joined:
            self.rooms.tell(connection, protocol.encode(protocol.Counted(on=connection.stay is not None)))
            return
        connection.joined = True
        is_sender = connection.host or connection.meets
        relays = ice_servers(member_id=connection.member_id, as_of=timezone.now()) if is_sender else []
        now = room.meeting or meeting.Meeting()
        frame = protocol.Joined(
            at=round(time.time() * 1000),
            seq=room.seq,
            state=room.state,  # type: ignore[arg-type]
            counted=connection.stay is not None,
            you=connection.member_id,
            host=connection.host,
            people=room.people(),
            picture=room.picture,
            muted=connection.member_id in room.muted,
            ice=relays,
            hand=connection.member_id in room.hands,
            chat=room.is_chat_open,
            locked=room.is_locked,
            stage=room.stage() if connection.host else None,
            break_until=room.break_until,
            slide=room.slide,
            speakers=room.speakers,
            seats=now.seats,
            notes=now.notes,
            waiting=now.waiting if connection.host and connection.meets else None,
            recorded_since=now.recorded,
        )
        connection.hand = frame.hand
        self.rooms.tell(connection, protocol.encode(frame))

    def leave(self, room: Room, connection: Connection, *, clean: bool, left: bool = True) -> None:
        """Take out a connection whose socket is gone.

        A clean leave ends the stay now; a lost line ends it when the browser was last heard. ``left``: so has the page;
        otherwise its media and its turn on the air stay for a while, for it to come back to. A page that is loaded anew
        leaves, too: whoever is on the stage keeps the place (``operations.speakers.KEPT``), unless they left the room.
        """
        self.uncount(
            connection, reason="left" if clean else "silent", at=None if clean else self.last_heard(connection)
        )
        self.rooms.leave(room, connection)
        connection.leaving = True
        page = left or connection.sent_away
        for work in (
            *stage.left(room, connection, clean=clean, page=page),
            *meeting.left(room, connection, page=page and connection.admitted),
        ):
            self.background.spawn(self._note(work))
        if connection.sent_away and speakers.leaves(room, connection):
            down = partial(operations.step_down, occasion_id=room.occasion_id, member_ids=[connection.member_id])
            self.background.spawn(self._note(down))
        if page:
            has_no_media = connection.staged and connection.talking is None  # the end of media is noted with them
            self.peers.end_of(connection)
            if has_no_media:
                self.background.spawn(self._note(partial(speakers.note_silence, room.occasion_id, connection)))
        else:
            self.peers.hold(connection)
            self.air.hold(room, connection)

    def dismiss(
        self, connection: Connection, *, code: int, reason: str, after_ms: int | None, is_back: bool = False
    ) -> None:
        """Say why, and close the socket; whoever does not read is cut off. ``is_back``: the page is waited for."""
        if not connection.leaving:
            connection.leaving = True
            # Who only fell silent may come back to it.
            connection.sent_away = reason != "silent" and not is_back
            if connection.sent_away:
                self.peers.end_of(connection)
            self.uncount(connection, reason="left", at=self.answered_until(connection))
            frame = protocol.encode(protocol.Bye(reason=reason, after_ms=after_ms))  # type: ignore[arg-type]
            self.background.spawn(self._close(connection, frame, code))

    async def _close(self, connection: Connection, frame: str, code: int) -> None:
        try:
            async with asyncio.timeout(CLOSE_PATIENCE_S):
                await connection.send({"type": "websocket.send", "text": frame})
                await connection.send({"type": "websocket.close", "code": code})
        except TimeoutError:
            connection.abort()
        except (OSError, RuntimeError):
            connection.closed = True

    # --- presence -----------------------------------------------------------------------------------------------

    def count(self, room: Room, connection: Connection) -> None:
        """Begin a stay if this person's presence counts now and none runs.

        It begins when the page came in front, or when the lecture went live where that was later.
        """
        is_here = connection.admitted and not (connection.hidden or connection.leaving) and room.state == "live"
        if connection.counted and connection.stay is None and is_here:
            connection.stay = self.recorder.begin(
                occasion_id=room.occasion_id,
                member_id=connection.member_id,
                device=connection.device,
                started_at=max(connection.present_at, room.live_at or clock().now()),
                on_stored=partial(self.welcome, room, connection),
            )

    def uncount(self, connection: Connection, *, reason: str, at: dt.datetime | None = None) -> None:
        """End the stay, if one runs."""
        stay, connection.stay = connection.stay, None
        if stay is not None:
            self.recorder.end(stay, ended_at=at or clock().now(), reason=reason)

    def quiet(self) -> dict[int, dt.datetime]:
        """Return the open rows of browsers that missed a beat, with when each was last heard."""
        limit = time.monotonic() - QUIET_S
        return {
            one.stay.presence_id: self.last_heard(one)
            for one in self.rooms.connections()
            if one.heard_at < limit and one.stay and one.stay.presence_id
        }

    def answered_until(self, connection: Connection) -> dt.datetime:
        """Return now, or when the browser was last heard if it has missed a beat since."""
        is_quiet = time.monotonic() - connection.heard_at > QUIET_S
        return self.last_heard(connection) if is_quiet else clock().now()

    def last_heard(self, connection: Connection) -> dt.datetime:
        """Return the server's wall-clock time of the browser's last frame."""
        return clock().now() - dt.timedelta(seconds=time.monotonic() - connection.heard_at)

    # --- the picture --------------------------------------------------------------------------------------------

    def picture(self, room: Room, *, on: bool) -> None:
        """The host's browser, connected to this process, came on the air or left it."""
        note = partial(operations.announce_picture, occasion_id=room.occasion_id, on=on, as_of=timezone.now())
        self.background.spawn(self._note(note))

    async def cut(self, room: Room, member_id: int, *, kind: str = "") -> None:
        """End what this person has in the room, of that kind alone where one is given, whosever it is."""
        try:
            await self.peers.cut(room, member_id, kind)
        except DatabaseError:
            log.warning("peers_not_cut")

    async def _note(self, work: Callable[[], object]) -> None:
        try:
            await in_database(work)
        except DatabaseError:
            log.warning("picture_not_noted")  # or a hand, or who left the air: the next look finds it
