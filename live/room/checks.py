"""What the rooms of a process look after by themselves, once a second.

One look at the database tells them what they may have missed (another process changed it, Redis was away); in the same
way it asks who is signed in and may still be there; and who fell silent is dismissed.
"""

import datetime as dt
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from live import operations, permissions, queries, supervise
from live.core.wire import protocol
from live.room import meeting, sessions, signalling, speakers, stage
from live.room.rooms import Room
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess

log = structlog.get_logger(__name__)

LOOK_S = 1.0
RIGHTS_S = 1.0  # what was withdrawn has ended within 2 s, however busy the machine
NOTE_S = 8.0
HIDDEN_OVERLAP = dt.timedelta(seconds=30)  # clocks differ, and a moment is written before its commit
PICTURE_FRESH = dt.timedelta(seconds=25)
# A busy media agent sees what came in before the end of a picture only so long after it.
AGENT_BEHIND = dt.timedelta(seconds=5)
AIR_FRESH_MS = 4000  # after that the lecturer's page knows nothing (docs/protocol.md)


@dataclass(frozen=True, slots=True)
class Told:
    """What a room knew when facts were asked for."""

    state: str
    picture: bool
    muted: frozenset[int]
    removed: frozenset[int]
    break_until: int | None

    @classmethod
    def of(cls, room: Room) -> "Told":
        return cls(room.state, room.picture, room.muted, room.removed, room.break_until)


class RoomChecks:
    """The endless loops of one process's rooms; on its event loop."""

    def __init__(self, process: "RoomProcess") -> None:
        self._process = process
        self._looked_at = timezone.now()

    def start(self) -> None:
        """Begin, until the process's background ends."""
        spawn = self._process.background.spawn
        spawn(supervise.forever("rooms_look", self._look_or_wait, every_s=LOOK_S))
        spawn(supervise.forever("rooms_rights", self._ask_or_wait, every_s=RIGHTS_S))
        spawn(supervise.forever("rooms_silent", self._dismiss_silent, every_s=LOOK_S))

    # --- what the database says of the lectures -----------------------------------------------------------------

    async def _look_or_wait(self) -> None:
        try:
            await self.look()
        except DatabaseError:
            log.warning("rooms_cannot_look")

    async def look(self) -> None:
        """Bring all rooms to what the database says. Raises DatabaseError."""
        now = timezone.now()
        rooms = {occasion_id: room for occasion_id, room in self._process.rooms.open.items() if room.is_learnt}
        if not rooms:
            self._looked_at = now
            return
        # As it is now, for comparison: the answer is from after this line, or from before a change that comes.
        told = {occasion_id: Told.of(room) for occasion_id, room in rooms.items()}
        before = {occasion_id: stage.before(room) for occasion_id, room in rooms.items()}
        stages = {occasion_id: speakers.known(room) for occasion_id, room in rooms.items()}
        facts = await in_database(
            partial(queries.room_facts, list(rooms), hidden_since=self._looked_at - HIDDEN_OVERLAP)
        )
        for occasion_id, room in rooms.items():
            if occasion_id in facts:
                self.take_facts(room, facts[occasion_id], told[occasion_id])
                await stage.compare(room, facts[occasion_id], before[occasion_id], deliver=self._process.rooms.deliver)
                await speakers.compare(self._process, room, facts[occasion_id], stages[occasion_id])
                await meeting.look(self._process, room, facts[occasion_id])
                if facts[occasion_id].last_message > room.last_message:
                    await self._fetch_chat(room, facts[occasion_id].last_message)
            elif room.state != "cancelled":
                self._process.rooms.deliver(occasion_id, protocol.StateChanged(state="cancelled"))
        self._looked_at = now
        await self._note_pictures(rooms)

    def take_facts(self, room: Room, facts: queries.RoomFacts, told: "Told") -> None:
        """Deliver what differs from what the room knows.

        ``told``: what it knew when the facts were asked for. What was told since is newer; the next look compares.
        """
        deliver = partial(self._process.rooms.deliver, room.occasion_id)
        room.webrtc_cap, room.live_at = facts.webrtc_cap, facts.live_at
        if facts.state != room.state == told.state:
            deliver(protocol.StateChanged(state=facts.state))  # type: ignore[arg-type]
        if facts.break_until != room.break_until == told.break_until:
            deliver(protocol.BreakEvent(until=facts.break_until))
        if facts.state == "live" and facts.air is not None and facts.air["at"] > max(room.air_at, _fresh_from()):
            # What a dead agent said last stands in the database, and would be news to a room that opens anew.
            room.air_at = facts.air["at"]
            deliver(protocol.AirEvent(**facts.air))
        was_fallback, room.is_fallback = room.is_fallback, facts.is_fallback and facts.state == "live"
        if room.is_fallback and not was_fallback:
            self._process.background.spawn(signalling.turn_to_hls(self._process, room))
        fresh = facts.picture_at is not None and timezone.now() - facts.picture_at < PICTURE_FRESH
        # A sight of the picture from before it was told to be off is no reason to take that back.
        off_at = room.picture_off_at
        after_off = off_at is None or (fresh and facts.picture_at > off_at + AGENT_BEHIND)  # type: ignore[operator]
        on = facts.state == "live" and fresh and after_off
        if on != room.picture == told.picture:
            deliver(protocol.PictureEvent(on=on))
        for member_id in facts.muted ^ told.muted if room.muted == told.muted else ():
            deliver(protocol.MutedEvent(member=member_id, on=member_id in facts.muted))
        for member_id in facts.removed ^ told.removed if room.removed == told.removed else ():
            deliver(protocol.RemovedEvent(member=member_id, on=member_id in facts.removed))
        for message_id in sorted(facts.hidden):
            deliver(protocol.HiddenEvent(message=message_id))

    async def _fetch_chat(self, room: Room, newest: int) -> None:
        """Messages that this process was not told of; whatever still comes by the layer is known by its number."""
        after = room.last_message
        for line in await in_database(partial(queries.chat_lines, occasion_id=room.occasion_id, after=after)):
            self._process.rooms.deliver(room.occasion_id, protocol.event_of(line.event()))
        room.last_message = max(room.last_message, newest)

    async def _note_pictures(self, rooms: dict[int, Room]) -> None:
        now = time.monotonic()
        for occasion_id, room in rooms.items():
            if room.picture and room.is_on_air() and now - room.picture_noted > NOTE_S:
                room.picture_noted = now
                await in_database(partial(operations.note_picture, occasion_id=occasion_id, as_of=timezone.now()))

    # --- who may still be there ---------------------------------------------------------------------------------

    async def _ask_or_wait(self) -> None:
        try:
            await self._ask_sessions()
            for room in list(self._process.rooms.open.values()):
                await self._ask_rights(room)
        except DatabaseError:
            log.warning("rooms_cannot_ask")

    async def _ask_sessions(self) -> None:
        """Sign-out, another password, a person deactivated: one question for all rooms of the process."""
        connections = self._process.rooms.connections()
        if not connections:
            return
        ask = partial(sessions.still_signed_in, [one.claim for one in connections], as_of=timezone.now())
        marks = await in_database(ask)
        for one in connections:
            if marks.get(one.claim) != one.mark:
                # Come back: the page asks for a ticket, and hears that it must sign in, or gets one.
                self._process.dismiss(one, code=protocol.CLOSE_FORBIDDEN, reason="rights", after_ms=0)

    async def _ask_rights(self, room: Room) -> None:
        ids, today = list(room.members), timezone.localdate()
        ask = partial(permissions.rights_now, occasion_id=room.occasion_id, user_ids=ids, on_date=today)
        rights = await in_database(ask)
        if not rights.allowed.issuperset(ids):
            # A lecture that was withdrawn leaves nobody a right: then that is what they are told.
            await self.look()
        # Of those only who were asked about: whoever came meanwhile was let in a moment ago.
        asked = set(ids)
        for one in [one for one in room.connections if one.member_id in asked]:
            is_host = one.member_id in rights.hosts
            if one.member_id not in rights.allowed:
                self._process.dismiss(one, code=protocol.CLOSE_FORBIDDEN, reason="rights", after_ms=None)
            elif room.meeting is not None and one.host != is_host and not one.withheld:
                # Whose role waits for a second step is no host until the page is opened anew: the database knows the
                # role alone, and would send them away each second.
                # The chair is handed on: both pages come back with other keys, each to the seat that they had.
                self._process.dismiss(one, code=protocol.CLOSE_FORBIDDEN, reason="rights", after_ms=0, is_back=True)
            elif one.host and not is_host:
                self._process.dismiss(one, code=protocol.CLOSE_FORBIDDEN, reason="rights", after_ms=0)

    async def _dismiss_silent(self) -> None:
        limit = time.monotonic() - settings.LIVE_SILENCE_S
        for one in [one for one in self._process.rooms.connections() if one.heard_at < limit]:
            self._process.uncount(one, reason="silent", at=self._process.last_heard(one))
            self._process.dismiss(one, code=protocol.CLOSE_SILENT, reason="silent", after_ms=0)


def _fresh_from() -> int:
    """Return from which Unix ms on what the media host saw says something of now."""
    return round(timezone.now().timestamp() * 1000) - AIR_FRESH_MS
