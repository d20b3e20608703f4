"""Commands about the stage: hands, what hosts set for the room, who is on the air. Part of ``live.room.commands``."""

import secrets
from functools import partial

from django.utils import timezone

from live import operations
from live.core.wire import protocol
from live.core.wire.fallback import FallBack, Fallback
from live.room import signalling, stage, tickets
from live.room.connections import Connection
from live.room.process import RoomProcess
from live.room.refusals import Refused
from live.room.rooms import Room
from live.room.threads import in_database


async def hand(process: RoomProcess, room: Room, connection: Connection, command: protocol.Hand) -> None:
    # Said twice it is asked once: the flag follows what the room is told.
    if connection.hand == command.up:
        return
    member_id = connection.member_id
    if not command.up:
        await in_database(partial(operations.lower_hands, occasion_id=room.occasion_id, member_ids=[member_id]))
        return
    connection.hand = True
    raise_hand = partial(operations.raise_hand, occasion_id=room.occasion_id, member_id=member_id, as_of=timezone.now())
    try:
        await in_database(raise_hand)
    except BaseException as error:
        connection.hand = False
        if isinstance(error, operations.UnableToRaiseHand):
            raise Refused(error.code) from error
        raise


async def lower(process: RoomProcess, room: Room, connection: Connection, command: protocol.Lower) -> None:
    await in_database(partial(operations.lower_hands, occasion_id=room.occasion_id, member_ids=[command.member]))


async def lower_all(process: RoomProcess, room: Room, connection: Connection, command: protocol.LowerAll) -> None:
    await in_database(partial(operations.lower_all_hands, occasion_id=room.occasion_id))


async def open_chat(process: RoomProcess, room: Room, connection: Connection, command: protocol.OpenChat) -> None:
    await in_database(partial(operations.open_chat, occasion_id=room.occasion_id, on=command.on))


async def lock(process: RoomProcess, room: Room, connection: Connection, command: protocol.Lock) -> None:
    work = partial(operations.lock_room, occasion_id=room.occasion_id, on=command.on, as_of=timezone.now())
    await in_database(work)


async def offer(process: RoomProcess, room: Room, connection: Connection, command: protocol.Offer) -> None:
    await _take_air(room, connection, source=command.source, turn=command.turn)
    await signalling.publish(process, room, connection, command)


async def reclaim(process: RoomProcess, room: Room, connection: Connection, command: protocol.Reclaim) -> None:
    """The page's socket was away, and its media went on: its turn is here again."""
    await _take_air(room, connection, source=command.source, turn=0)
    await signalling.reclaim(process, room, connection, command)


async def _take_air(room: Room, connection: Connection, *, source: str, turn: int) -> None:
    if room.state != "live" or room.break_until is not None:
        raise Refused("state")
    connection.air = connection.air or secrets.token_hex(8)
    take = partial(
        operations.take_air,
        occasion_id=room.occasion_id,
        host_id=connection.member_id,
        source=source or connection.device,
        socket=connection.air,
        turn=turn,
        as_of=timezone.now(),
    )
    try:
        await in_database(take)
    except (operations.UnableToTakeAir, operations.NobodyIsOnAir) as error:
        raise Refused(error.code) from error


async def fall_back(process: RoomProcess, room: Room, connection: Connection, command: FallBack) -> None:
    """The page on the air cannot send by WebRTC, and gets a ticket for the other way."""
    source = command.source or connection.device
    await _take_air(room, connection, source=source, turn=command.turn)
    await process.fallbacks.clear_air(room)
    ticket = tickets.make_fallback(
        tickets.FallbackTicket(room.occasion_id, connection.member_id, connection.device, source),
        session_key=connection.session_key,
    )
    url = f"/ws/live/{room.occasion_id}/fallback/"
    process.rooms.tell(connection, protocol.encode(Fallback(ticket=ticket, url=url)))


async def unpublish(process: RoomProcess, room: Room, connection: Connection, command: protocol.Unpublish) -> None:
    await signalling.unpublish(process, room, connection)
    for work in stage.left(room, connection, clean=False, page=True):
        await in_database(work)


async def give_back(process: RoomProcess, room: Room, connection: Connection, command: protocol.GiveBack) -> None:
    ask = partial(
        operations.offer_air,
        occasion_id=room.occasion_id,
        host_id=connection.member_id,
        source=command.source or connection.device,
        as_of=timezone.now(),
    )
    try:
        await in_database(ask)
    except operations.UnableToGiveBack as error:
        raise Refused(error.code) from error


async def await_encoder(
    process: RoomProcess, room: Room, connection: Connection, command: protocol.AwaitEncoder
) -> None:
    work = partial(
        operations.await_encoder,
        occasion_id=room.occasion_id,
        host_id=connection.member_id,
        source=command.source or connection.device,
        on=command.on,
        as_of=timezone.now(),
    )
    try:
        await in_database(work)
    except operations.UnableToGiveBack as error:
        raise Refused(error.code) from error
