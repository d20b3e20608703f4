"""What a room of this process knows of its stage: hands, the air, what hosts set and show; and who may come back."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from django.utils import timezone

from live import operations, permissions, queries
from live.core.wire import protocol
from live.core.wire.slides import SlideEvent
from live.queries.stage import NOBODY_ON_AIR
from live.room.connections import Connection
from live.room.rooms import Room
from live.room.threads import in_database

if TYPE_CHECKING:
    from live.room.process import RoomProcess

NOTE_S = 10.0  # how often hands are noted to be here; well below operations.hands.KEPT

Deliver = Callable[[int, protocol.Event], None]
Before = tuple[dict[int, protocol.HandEvent], protocol.OnAirEvent, bool, bool, SlideEvent]


class RoomIsLocked(Exception):
    """Nobody new is let in."""


def on_event(room: Room, event: protocol.Event) -> None:
    """An event passes through the room on its way to the browsers."""
    if isinstance(event, protocol.HandEvent):
        rest = {member: hand for member, hand in room.hands.items() if member != event.member}
        room.hands = rest | {event.member: event} if event.up else rest
        # Of all their phones here: raised on one or lowered by a host, the next command starts from what is seen.
        for connection in room.of_member(event.member):
            connection.hand = event.up
    elif isinstance(event, protocol.HandsDownEvent):
        room.hands = {}
        for connection in room.connections:
            connection.hand = False
    elif isinstance(event, protocol.RoomChanged):
        room.is_chat_open, room.is_locked = event.chat, event.locked
    elif isinstance(event, protocol.OnAirEvent):
        room.on_air = event
    elif isinstance(event, SlideEvent):
        room.slide = event


def take_removal(process: "RoomProcess", room: Room, event: protocol.RemovedEvent) -> None:
    """Somebody is removed, which ends their sockets and media here, or let in again."""
    if not event.on:
        room.removed -= {event.member}
        return
    room.removed |= {event.member}
    for connection in room.of_member(event.member):
        process.dismiss(connection, code=protocol.CLOSE_FORBIDDEN, reason="removed", after_ms=None)
    process.background.spawn(process.cut(room, event.member))


async def learn(room: Room, facts: queries.RoomFacts) -> None:
    """The first of a room in this process: nobody is here yet who would have to be told."""
    was = before(room)
    found = await in_database(partial(_look_up, room.occasion_id, facts, hands=True, air=bool(facts.turn[0])))
    if was == before(room):  # else something was told meanwhile, and the next look brings the rest
        room.is_chat_open, room.is_locked, room.slide = facts.is_chat_open, facts.is_locked, facts.slide
        room.hands, room.on_air = {hand.member: hand for hand in found[0]}, found[1]


def before(room: Room) -> Before:
    """What the room knows, for comparison with an answer that was asked for now."""
    return room.hands, room.on_air, room.is_chat_open, room.is_locked, room.slide


async def compare(room: Room, facts: queries.RoomFacts, was: Before, *, deliver: Deliver) -> None:
    """Deliver what differs from what the room knew when the facts were asked for; what was told since is newer."""
    tell = partial(deliver, room.occasion_id)
    if was[2:4] == (room.is_chat_open, room.is_locked) != (facts.is_chat_open, facts.is_locked):
        tell(protocol.RoomChanged(chat=facts.is_chat_open, locked=facts.is_locked))
    if was[4] == room.slide != facts.slide:
        tell(facts.slide)
    knows = (was[1].turn, was[1].here, was[1].offered, was[1].awaits)
    hands = was[0] == room.hands and was[0].keys() != facts.hands.keys()
    air = was[1] == room.on_air and knows != facts.turn
    if hands or air:
        now = before(room)
        found = await in_database(partial(_look_up, room.occasion_id, facts, hands=hands, air=air))
        if hands and room.hands == now[0]:
            for hand in found[0]:
                if hand.member not in now[0]:
                    tell(hand)
            for member_id in now[0].keys() - facts.hands.keys():
                tell(protocol.HandEvent(member=member_id, name="", unit="", up=False))
        if air and room.on_air == now[1]:
            tell(found[1])
    await _note_hands(room)


async def _note_hands(room: Room) -> None:
    """Say whose hands are here; and lower those of whom no process has said so for a while."""
    now = time.monotonic()
    if not room.hands or now - room.hands_noted < NOTE_S:
        return
    room.hands_noted = now
    here = [member_id for member_id in room.hands if member_id in room.members]
    await in_database(partial(_note, room.occasion_id, here))


def _note(occasion_id: int, member_ids: list[int]) -> None:
    now = timezone.now()
    operations.note_hands(occasion_id=occasion_id, member_ids=member_ids, as_of=now)
    operations.lower_forgotten_hands(occasion_id=occasion_id, as_of=now)


def _look_up(
    occasion_id: int, facts: queries.RoomFacts, *, hands: bool, air: bool
) -> tuple[list[protocol.HandEvent], protocol.OnAirEvent]:
    return (
        queries.hand_events(facts.hands) if hands else [],
        queries.on_air(occasion_id) if air else NOBODY_ON_AIR,
    )


def left(room: Room, connection: Connection, *, clean: bool, page: bool) -> Iterator[Callable[[], object]]:
    """Return what is to be noted now that a connection is gone.

    Who leaves in good order takes the hand down; a line that broke keeps its place for a while. ``page``: it is gone,
    too, or gives the air up.
    """
    if page and connection.air:
        yield partial(operations.leave_air, occasion_id=room.occasion_id, socket=connection.air, as_of=timezone.now())
    if clean and connection.member_id in room.hands and connection.member_id not in room.members:
        yield partial(operations.lower_hands, occasion_id=room.occasion_id, member_ids=[connection.member_id])


async def check_door(room: Room, connection: Connection) -> None:
    """Ask whether the room lets this browser in. Raises PersonIsRemoved (operations), RoomIsLocked, DatabaseError."""
    await check_not_removed(room, connection)
    # Into a locked meeting nobody has come who got no seat.
    if not connection.meets and await _is_locked_out(room, connection):
        raise RoomIsLocked


async def check_not_removed(room: Room, connection: Connection) -> None:
    """Refuse whom a host removed: the room knows them. Of those alone the database is asked, for whoever was let in
    again a moment ago in another process comes at once. Raises PersonIsRemoved (operations), DatabaseError.
    """
    if connection.host or connection.member_id not in room.removed:
        return
    ask = partial(permissions.removed_from, member_id=connection.member_id, occasion_ids=[room.occasion_id])
    if await in_database(ask):
        raise operations.PersonIsRemoved


async def _is_locked_out(room: Room, connection: Connection) -> bool:
    """Whether this browser is kept out of a locked room: its person is not in it, and was not a moment ago.

    Of guests of a further session nothing is recorded: what this process remembers decides.
    """
    member_id = connection.member_id
    # Of several sockets at once none vouches for another before the lock let it in.
    is_inside = member_id in room.left_at or any(one.admitted for one in room.of_member(member_id))
    if not room.is_locked or connection.host or is_inside:
        return False
    ask = partial(permissions.was_inside, occasion_id=room.occasion_id, member_id=member_id, as_of=timezone.now())
    return not await in_database(ask)
