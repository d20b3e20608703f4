"""What a room does by itself: follows the lecture's state, counts who is there, sees out who may not stay.

Once a second one look at the database tells all rooms of the process what they may have missed (another process changed
it, Redis was away), and who fell silent is seen out; just so it is asked who is signed in and may still be there.
"""

import asyncio
import collections
import datetime as dt
import time
from dataclasses import dataclass, field
from functools import partial

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from attendance.clock import clock
from live import operations, permissions, queries, supervise
from live.core.allowance import Allowance
from live.core.wire import protocol
from live.engines.base import Publishing, Subscribing
from live.room import sessions
from live.room.chat import Chat
from live.room.presence import Recorder, Stay, close_recorder, open_recorder, recorder
from live.room.sender import Hub, Room, Seat, abort, close_hub, hub
from live.room.threads import in_database
from live.room.tickets import UnableToEnter
from live.room.turn import ice_servers

log = structlog.get_logger(__name__)

LOOK_S = 1.0
RIGHTS_S = 1.0  # what was withdrawn has ended within 2 s, however busy the machine
DOOR_S = 0.02
NOTE_S = 8.0
QUIET_S = 20.0
ROOMS_EACH = 4  # rooms that one person may fill with LIVE_SOCKETS_EACH sockets each
PICTURE_FRESH = dt.timedelta(seconds=25)
CLOSE_PATIENCE_S = 5.0
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(eq=False, slots=True)
class Guest(Seat):
    """Somebody's device in a room. ``heard``: monotonic seconds of its last frame; ``came``: and of its coming;
    ``mark``: of their password."""

    device: str = ""
    session_key: str = ""
    mark: str = ""
    counted: bool = False
    heard: float = 0.0
    came: float = field(default_factory=time.monotonic)
    present_at: dt.datetime = NEVER
    hidden: bool = False
    joined: bool = False
    label: tuple[str, str] | None = None
    label_until: float = 0.0
    hand: bool = False
    stay: Stay | None = None
    publishing: Publishing | None = None
    subscribing: Subscribing | None = None
    pub_ear: object = None
    sub_ear: object = None
    leaving: bool = False
    mistakes: collections.deque[float] = field(default_factory=lambda: collections.deque(maxlen=3))
    allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=80, every_s=0.05, at=time.monotonic()))
    chat_allowance: Allowance = field(default_factory=lambda: Allowance.full(burst=5, every_s=2, at=time.monotonic()))


class Keeper:
    """Keeps the rooms of this process; one a process, on its event loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub: Hub = hub()
        self.recorder: Recorder = recorder()
        self.chat = Chat(spawn=self.hub.spawn)
        self._at_door: list[tuple[Guest, asyncio.Future[str | None]]] = []
        self.hub.listeners.append(self.heard)
        self.recorder.quiet = self.quiet
        self.hub.spawn(supervise.forever("rooms_look", self._look_around, every_s=LOOK_S))
        self.hub.spawn(supervise.forever("rooms_rights", self._ask_all, every_s=RIGHTS_S))
        self.hub.spawn(supervise.forever("rooms_silent", self._end_silent, every_s=LOOK_S))

    # --- coming and going ---------------------------------------------------------------------------------------

    async def admit(self, guest: Guest) -> None:
        """Let in whoever is signed in; those who come together are asked for together.

        Raises UnableToEnter, DatabaseError.
        """
        answer: asyncio.Future[str | None] = self.loop.create_future()
        self._at_door.append((guest, answer))
        if len(self._at_door) == 1:
            self.hub.spawn(self._open_door())
        mark = await answer
        if mark is None:
            raise UnableToEnter
        guest.mark = mark

    async def _open_door(self) -> None:
        try:
            await asyncio.sleep(DOOR_S)
        finally:
            waiting, self._at_door = self._at_door, []
        try:
            ask = partial(sessions.signed_in, [claim_of(guest) for guest, _answer in waiting], as_of=timezone.now())
            marks: dict[sessions.Claim, str] | None = await in_database(ask)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear; they come back by themselves
            if not isinstance(error, DatabaseError):
                supervise.failed("rooms_door", error)
            marks = None
        for guest, answer in waiting:
            if not answer.done():
                if marks is not None:
                    answer.set_result(marks.get(claim_of(guest)))
                else:
                    answer.set_exception(DatabaseError("not asked"))

    async def enter(self, guest: Guest, occasion_id: int) -> Room | None:
        """Seat a guest; None when there is no such lecture. The ``joined`` frame follows, after any commit.

        Raises DatabaseError when the room is new here and cannot be looked up.
        """
        room = self.hub.enter(occasion_id, guest)
        try:
            known = await self._know(room)
        except DatabaseError:
            self.hub.leave(room, guest)
            raise
        if not known:
            self.hub.leave(room, guest)
            return None
        self._keep_few(room, guest)
        self.count(room, guest)
        if guest.stay is None:
            self.welcome(room, guest)
        return room

    def _keep_few(self, room: Room, guest: Guest) -> None:
        """One person's sockets never fill a room or a process: the oldest go, of the same browser first (a phone that
        lost its line often leaves dead ones behind), who is on air last.

        Each process keeps its own count: n of them hold n times as many sockets of a person, and of everybody.
        """
        each, member = settings.LIVE_SOCKETS_EACH, guest.member_id
        if room.members[member] > each:
            self._see_out_oldest([room], guest, keep=each)
        if sum(one.members[member] for one in self.hub.rooms.values()) > each * ROOMS_EACH:
            self._see_out_oldest(list(self.hub.rooms.values()), guest, keep=each * ROOMS_EACH)

    def _see_out_oldest(self, rooms: list[Room], newest: Guest, *, keep: int) -> None:
        theirs = [one for room in rooms for one in self._guests(room, newest.member_id)]
        staying = [one for one in theirs if not one.leaving and one is not newest]
        staying.sort(key=lambda one: (one.publishing is not None, one.device != newest.device, one.came))
        for one in staying[: max(0, len(staying) + 1 - keep)]:
            self.see_out(one, code=protocol.CLOSE_ELSEWHERE, reason="elsewhere", after_ms=None)

    async def _know(self, room: Room) -> bool:
        """The first guest of a room in this process looks up where the lecture stands; the others wait for that."""
        async with room.learning:
            if not room.known:
                muted = room.muted
                found = await in_database(partial(queries.room_facts, [room.occasion_id]))
                facts = found.get(room.occasion_id)
                if facts is None:
                    return False
                room.known, room.state, room.last_message = True, facts.state, facts.last_message
                if room.muted == muted:  # else something was heard meanwhile, and the next look brings the others
                    room.muted = facts.muted
                self._take_facts(room, facts, muted=facts.muted)
        return True

    def leave(self, room: Room, guest: Guest, *, clean: bool) -> None:
        """Unseat a guest. A clean leave ends the stay now; a lost line ends it when the phone was last heard."""
        self.uncount(guest, reason="left" if clean else "silent", at=None if clean else self.last_heard(guest))
        self.hub.leave(room, guest)
        guest.leaving = True
        for part in (guest.publishing, guest.subscribing):
            if part is not None:
                self.hub.spawn(part.close())
        if guest.publishing is not None:
            self.picture(room, on=False)
        guest.publishing = guest.subscribing = None

    def see_out(self, guest: Guest, *, code: int, reason: str, after_ms: int | None) -> None:
        """Say why, and close the socket; a phone that does not read is cut off."""
        if not guest.leaving:
            guest.leaving = True
            self.uncount(guest, reason="left", at=self.answered_until(guest))
            frame = protocol.encode(protocol.Bye(reason=reason, after_ms=after_ms))  # type: ignore[arg-type]
            self.hub.spawn(self._close(guest, frame, code))

    async def _close(self, guest: Guest, frame: str, code: int) -> None:
        try:
            async with asyncio.timeout(CLOSE_PATIENCE_S):
                await guest.send({"type": "websocket.send", "text": frame})
                await guest.send({"type": "websocket.close", "code": code})
        except TimeoutError:
            abort(guest.send)
        except (OSError, RuntimeError):
            guest.closed = True

    def welcome(self, room: Room, guest: Guest) -> None:
        """Send ``joined`` once, afterwards ``counted``."""
        if guest.joined:
            self.hub.tell(guest, protocol.encode(protocol.Counted(on=guest.stay is not None)))
            return
        guest.joined = True
        frame = protocol.Joined(
            at=round(time.time() * 1000),
            seq=room.seq,
            state=room.state,  # type: ignore[arg-type]
            counted=guest.stay is not None,
            you=guest.member_id,
            host=guest.host,
            people=room.people(),
            picture=room.picture,
            muted=guest.member_id in room.muted,
            ice=ice_servers(member_id=guest.member_id, as_of=timezone.now()) if guest.host else [],
        )
        self.hub.tell(guest, protocol.encode(frame))

    # --- presence -----------------------------------------------------------------------------------------------

    def count(self, room: Room, guest: Guest) -> None:
        """Begin a stay if this person's presence counts now and none runs.

        It begins when the page came in front, or when the lecture went live where that was later.
        """
        if guest.counted and guest.stay is None and not guest.hidden and room.state == "live" and not guest.leaving:
            guest.stay = self.recorder.begin(
                occasion_id=room.occasion_id,
                member_id=guest.member_id,
                device=guest.device,
                started_at=max(guest.present_at, room.live_at or clock().now()),
                told=partial(self.welcome, room, guest),
            )

    def uncount(self, guest: Guest, *, reason: str, at: dt.datetime | None = None) -> None:
        """End the stay, if one runs."""
        stay, guest.stay = guest.stay, None
        if stay is not None:
            self.recorder.end(stay, ended_at=at or clock().now(), reason=reason)

    def quiet(self) -> dict[int, dt.datetime]:
        """Return the open rows of phones that missed a beat, with when each was last heard."""
        limit = time.monotonic() - QUIET_S
        return {
            guest.stay.presence_id: self.last_heard(guest)
            for room in self.hub.rooms.values()
            for guest in room.seats
            if isinstance(guest, Guest) and guest.heard < limit and guest.stay and guest.stay.presence_id
        }

    def answered_until(self, guest: Guest) -> dt.datetime:
        """Return now, or when the phone was last heard if it has missed a beat since."""
        return self.last_heard(guest) if time.monotonic() - guest.heard > QUIET_S else clock().now()

    def last_heard(self, guest: Guest) -> dt.datetime:
        """Return the server's wall-clock time of the phone's last frame."""
        return clock().now() - dt.timedelta(seconds=time.monotonic() - guest.heard)

    # --- what the room hears ------------------------------------------------------------------------------------

    def heard(self, room: Room, event: protocol.Event) -> None:
        """An event passes through the room on its way to the phones."""
        if isinstance(event, protocol.StateChanged):
            self._enter_state(room, event.state)
        elif isinstance(event, protocol.PictureEvent):
            room.picture = event.on
            room.picture_off_at = None if event.on else timezone.now()
        elif isinstance(event, protocol.MutedEvent):
            room.muted = room.muted | {event.member} if event.on else room.muted - {event.member}
        elif isinstance(event, protocol.RemovedEvent) and event.on:
            for guest in self._guests(room, event.member):
                self.see_out(guest, code=protocol.CLOSE_FORBIDDEN, reason="removed", after_ms=None)

    def picture(self, room: Room, *, on: bool) -> None:
        """The host's browser, connected to this process, came on the air or left it."""
        note = partial(operations.announce_picture, occasion_id=room.occasion_id, on=on, as_of=timezone.now())
        self.hub.spawn(self._quietly(note))

    async def _quietly(self, work: partial[None]) -> None:
        try:
            await in_database(work)
        except DatabaseError:
            log.warning("picture_not_noted")

    def _guests(self, room: Room, member_id: int) -> list[Guest]:
        return [seat for seat in room.seats if isinstance(seat, Guest) and seat.member_id == member_id]

    def _enter_state(self, room: Room, state: str) -> None:
        was, room.state = room.state, state
        everybody = [seat for seat in room.seats if isinstance(seat, Guest)]
        if state == "live" and was != "live":
            for guest in everybody:
                if was != "scheduled":
                    # An end was undone: nobody's presence reaches back over what lay between.
                    guest.present_at = clock().now()
                self.count(room, guest)
        elif state != "live":
            room.picture = False
            for guest in everybody:
                self.uncount(guest, reason="closed", at=self.answered_until(guest))
                if state == "cancelled":
                    self.see_out(guest, code=protocol.CLOSE_GONE, reason="cancelled", after_ms=None)

    # --- looking after itself -----------------------------------------------------------------------------------

    async def _look_around(self) -> None:
        try:
            await self._look()
        except DatabaseError:
            log.warning("rooms_cannot_look")

    async def _ask_all(self) -> None:
        try:
            await self._ask_sessions()
            for room in list(self.hub.rooms.values()):
                await self._ask_rights(room)
        except DatabaseError:
            log.warning("rooms_cannot_ask")

    async def _ask_sessions(self) -> None:
        """Sign-out, another password, a person deactivated: one question for all rooms of the process."""
        guests = [seat for room in self.hub.rooms.values() for seat in room.seats if isinstance(seat, Guest)]
        if guests:
            ask = partial(sessions.still_signed_in, [claim_of(guest) for guest in guests], as_of=timezone.now())
            marks = await in_database(ask)
            for guest in guests:
                if marks.get(claim_of(guest)) != guest.mark:
                    # Come back: the page asks for a ticket, and hears that it must sign in, or gets one.
                    self.see_out(guest, code=protocol.CLOSE_FORBIDDEN, reason="rights", after_ms=0)

    async def _look(self) -> None:
        rooms = dict(self.hub.rooms)
        if not rooms:
            return
        muted = {occasion_id: room.muted for occasion_id, room in rooms.items()}
        facts = await in_database(partial(queries.room_facts, list(rooms)))
        for occasion_id, room in rooms.items():
            if occasion_id in facts:
                self._take_facts(room, facts[occasion_id], muted=muted[occasion_id])
                if facts[occasion_id].last_message > room.last_message:
                    await self._fetch_chat(room, facts[occasion_id].last_message)
            elif room.state != "cancelled":
                self.hub.deliver(occasion_id, protocol.StateChanged(state="cancelled"))
        await self._note_pictures(rooms)

    def _take_facts(self, room: Room, facts: queries.RoomFacts, *, muted: frozenset[int]) -> None:
        """``muted``: who was when these were asked for. What was heard since is newer; the next look compares."""
        room.webrtc_cap, room.live_at = facts.webrtc_cap, facts.live_at
        if facts.state != room.state:
            self.hub.deliver(room.occasion_id, protocol.StateChanged(state=facts.state))  # type: ignore[arg-type]
        fresh = facts.picture_at is not None and timezone.now() - facts.picture_at < PICTURE_FRESH
        after_off = room.picture_off_at is None or (fresh and facts.picture_at > room.picture_off_at)  # type: ignore[operator]
        on = facts.state == "live" and fresh and after_off
        if on != room.picture:
            self.hub.deliver(room.occasion_id, protocol.PictureEvent(on=on))
        for member_id in facts.muted ^ muted if room.muted == muted else ():
            self.hub.deliver(room.occasion_id, protocol.MutedEvent(member=member_id, on=member_id in facts.muted))

    async def _fetch_chat(self, room: Room, newest: int) -> None:
        """Messages that this process did not hear of; whatever still comes over the bus is known by its number."""
        after = room.last_message
        for line in await in_database(partial(queries.chat_lines, occasion_id=room.occasion_id, after=after)):
            self.hub.deliver(room.occasion_id, protocol.event_of(line.event()))
        room.last_message = max(room.last_message, newest)

    async def _note_pictures(self, rooms: dict[int, Room]) -> None:
        now = time.monotonic()
        for occasion_id, room in rooms.items():
            on_air = room.picture and any(isinstance(seat, Guest) and seat.publishing for seat in room.seats)
            if on_air and now - room.picture_noted > NOTE_S:
                room.picture_noted = now
                await in_database(partial(operations.note_picture, occasion_id=occasion_id, as_of=timezone.now()))

    async def _ask_rights(self, room: Room) -> None:
        ids, today = list(room.members), timezone.localdate()
        ask = partial(permissions.rights_now, occasion_id=room.occasion_id, user_ids=ids, on_date=today)
        rights = await in_database(ask)
        if not rights.allowed.issuperset(ids):
            # A lecture that was withdrawn leaves nobody a right: then that is what they are told.
            await self._look()
        for guest in [seat for seat in room.seats if isinstance(seat, Guest) and seat.member_id in ids]:
            if guest.member_id not in rights.allowed:
                self.see_out(guest, code=protocol.CLOSE_FORBIDDEN, reason="rights", after_ms=None)
            elif guest.host and guest.member_id not in rights.hosts:
                self.see_out(guest, code=protocol.CLOSE_FORBIDDEN, reason="rights", after_ms=0)

    async def _end_silent(self) -> None:
        limit = time.monotonic() - settings.LIVE_SILENCE_S
        for room in self.hub.rooms.values():
            for guest in [seat for seat in room.seats if isinstance(seat, Guest) and seat.heard < limit]:
                self.uncount(guest, reason="silent", at=self.last_heard(guest))
                self.see_out(guest, code=protocol.CLOSE_SILENT, reason="silent", after_ms=0)


def claim_of(guest: Guest) -> sessions.Claim:
    return guest.session_key, guest.member_id


_keeper: Keeper | None = None


def keeper() -> Keeper:
    """Return this process's keeper; made by the first socket."""
    global _keeper
    if _keeper is None or _keeper.loop is not asyncio.get_running_loop():
        _keeper = Keeper()
    return _keeper


async def open_rooms() -> None:
    """The process starts: it holds a lease from now on, though nobody is in a room yet."""
    await open_recorder()


async def close_rooms() -> None:
    """The process stops in good order: every stay ends now."""
    global _keeper
    _keeper = None
    await close_hub()
    await close_recorder()
