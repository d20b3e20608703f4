"""Commands about the stage: members are asked up, speak by a connection of their own, and go.

Part of ``live.room.commands``. Who is on the stage is a row (``live.operations.speakers``), asked for at each step.
"""

from functools import partial
from typing import cast

from django.utils import timezone

from live import operations, permissions, queries
from live.core.wire import protocol
from live.engines.base import Publishing, lecture_spec, speaker_id
from live.room import peers, signalling, speakers
from live.room.connections import Connection
from live.room.peers import Peer
from live.room.process import RoomProcess
from live.room.refusals import Refused
from live.room.rooms import Room
from live.room.threads import in_database
from live.room.turn import ice_servers


async def invite(process: RoomProcess, room: Room, connection: Connection, command: protocol.Invite) -> None:
    today, occasion_id = timezone.localdate(), room.occasion_id
    ask = partial(permissions.rights_now, occasion_id=occasion_id, user_ids=[command.member], on_date=today)
    rights = await in_database(ask)
    # Hosts have a picture of their own to give.
    if command.member not in rights.allowed - rights.hosts:
        raise Refused("not_invitable")
    whose = {"occasion_id": occasion_id, "member_id": command.member, "actor_id": connection.member_id}
    try:
        await in_database(partial(operations.invite, as_of=timezone.now(), **whose))
    except operations.UnableToInvite as error:
        raise Refused(error.code) from error


async def take_down(process: RoomProcess, room: Room, connection: Connection, command: protocol.TakeDown) -> None:
    await in_database(partial(operations.step_down, occasion_id=room.occasion_id, member_ids=[command.member]))


async def take_down_all(
    process: RoomProcess, room: Room, connection: Connection, command: protocol.TakeDownAll
) -> None:
    await in_database(partial(operations.clear_stage, occasion_id=room.occasion_id))


async def show_picture(process: RoomProcess, room: Room, connection: Connection, command: protocol.ShowPicture) -> None:
    whose = {"occasion_id": room.occasion_id, "member_id": command.member, "actor_id": connection.member_id}
    try:
        await in_database(partial(operations.show_picture, as_of=timezone.now(), **whose))
    except operations.UnableToShow as error:
        raise Refused(error.code) from error


async def sending(process: RoomProcess, room: Room, connection: Connection, command: protocol.Sending) -> None:
    connection.sends = command.sound, command.picture
    # A device of theirs that does not speak says nothing of the one that does.
    if not await speakers.note_sending(room, connection, connection.talking):
        raise Refused("not_invited")


async def step_up(process: RoomProcess, room: Room, connection: Connection, command: protocol.StepUp) -> None:
    come = partial(
        operations.step_up,
        occasion_id=room.occasion_id,
        member_id=connection.member_id,
        device=connection.device,
        as_of=timezone.now(),
    )
    try:
        await in_database(come)
    except operations.UnableToStepUp as error:
        raise Refused(error.code) from error
    # Known at once, not with the next look: whoever leaves within the second leaves the stage, too.
    connection.staged, room.devices[connection.member_id] = True, connection.device
    relays = ice_servers(member_id=connection.member_id, as_of=timezone.now())
    process.rooms.tell(connection, protocol.encode(protocol.MaySpeak(ice=relays)))


async def step_down(process: RoomProcess, room: Room, connection: Connection, command: protocol.StepDown) -> None:
    _hang_up(process, connection)
    await in_database(partial(operations.step_down, occasion_id=room.occasion_id, member_ids=[connection.member_id]))


async def speak(process: RoomProcess, room: Room, connection: Connection, command: protocol.Speak) -> None:
    """Raises EngineError."""
    signalling.check_sends_one_of_each(command.sdp)
    await _must_be_on_stage(room, connection)
    peer = connection.talking
    if command.again and peer is not None and peer.part is not None:
        answer_sdp = await cast(Publishing, peer.part).renegotiate(command.sdp)
        process.rooms.tell(connection, protocol.encode(protocol.ServerAnswer(sdp=answer_sdp)))
        return
    _hang_up(process, connection)
    engine = await signalling.engine_of(room)
    await engine.open_room(lecture_spec(room.occasion_id))
    peer = Peer(room, connection, "talk")
    peers.attach(peer)
    try:
        part = await engine.publish(
            room_id=room.room_id,
            participant_id=speaker_id(connection.member_id),
            offer_sdp=command.sdp,
            on_event=signalling.listener_for(process, peer),
        )
    except BaseException:
        process.peers.over(peer)
        raise
    peer.part = part
    try:
        # Or they were taken down while the engine was asked, before there was anything to be ended.
        is_over = peer.is_over or connection.leaving or not await _is_speaking(room, connection)
    except BaseException:
        # The engine has it: what nobody can say may be heard is not.
        process.peers.end(peer)
        raise
    if is_over or peer.is_over or connection.leaving:
        process.peers.end(peer)
        return
    process.rooms.tell(connection, protocol.encode(protocol.ServerAnswer(sdp=part.answer_sdp)))
    signalling.hold(process, peer)
    # What its page said while there was no connection, or one that ended by itself.
    await speakers.note_sending(room, connection, peer)


async def reclaim(process: RoomProcess, room: Room, connection: Connection, command: protocol.Reclaim) -> None:
    """The socket was away; the sound went on. Raises EngineError."""
    await _must_be_on_stage(room, connection)
    await signalling.reclaim(process, room, connection, command)
    # What its page said before, on this socket, of a picture that came while there was none.
    if connection.talking is not None:
        await speakers.note_sending(room, connection, connection.talking)


async def _must_be_on_stage(room: Room, connection: Connection) -> None:
    if not await _is_speaking(room, connection):
        raise Refused("not_invited")


async def _is_speaking(room: Room, connection: Connection) -> bool:
    ask = partial(queries.is_speaking, occasion_id=room.occasion_id, member_id=connection.member_id)
    return await in_database(ask)


def _hang_up(process: RoomProcess, connection: Connection) -> None:
    if connection.talking is not None:
        process.peers.end(connection.talking)
