"""The table of room commands: what happens on each frame of a browser. A command that is not in here does not exist.

A command answers with frames of its own or raises ``Refused``; the consumer turns that into ``{"error": code}``.
Commands of hosts ask the database each time whether the person still is one.
"""

import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from django.utils import timezone

from live import operations, permissions
from live.core.wire import protocol
from live.core.wire.fallback import FallBack
from live.engines.base import EngineError
from live.models import Restriction
from live.room import ask_commands, breaks, leading, meeting, signalling, slides, speaking
from live.room.connections import Connection
from live.room.process import RoomProcess
from live.room.refusals import Refused
from live.room.rooms import Room
from live.room.threads import in_database

T = TypeVar("T")
LABEL_S = 60.0  # a new name or unit shows within a minute


async def run(process: RoomProcess, room: Room, connection: Connection, command: protocol.Command) -> None:
    """Do one command; raises ``Refused``."""
    now = time.monotonic()
    # Before the right is asked: a flood of commands must not become a flood of queries.
    if not connection.allowance.take(now):
        raise Refused("slow_down")
    meeting.check_fits(room, command)
    if command.host_only and not await _is_host(room, connection):
        raise Refused("not_host")
    try:
        await TABLE[type(command)](process, room, connection, command)
    except EngineError as error:
        raise Refused(error.code) from error


async def _is_host(room: Room, connection: Connection) -> bool:
    # connection.host is what held when the browser came; the role may have ended since.
    return connection.host and await _leads(room, connection.member_id)


async def _leads(room: Room, member_id: int) -> bool:
    facts: dict[str, Any] = {"user_id": member_id, "on_date": timezone.localdate()}
    return await in_database(partial(permissions.may_host_now, occasion_id=room.occasion_id, **facts))


async def _beat(process: RoomProcess, room: Room, connection: Connection, command: protocol.Beat) -> None:
    """Nothing more: the consumer has noted the time."""


async def _hide(process: RoomProcess, room: Room, connection: Connection, command: protocol.Hide) -> None:
    if command.sound:
        # A page in the background that plays sound is listened to: it counts, also where it begins only there.
        await _show(process, room, connection, protocol.Show())
        return
    connection.hidden = True
    if connection.stay is not None:
        process.uncount(connection, reason="hidden")
        process.welcome(room, connection)


async def _show(process: RoomProcess, room: Room, connection: Connection, command: protocol.Show) -> None:
    if connection.hidden:
        # The time behind is not given back: the stay that begins now begins now.
        connection.hidden, connection.present_at = False, timezone.now()
        process.count(room, connection)


async def _leave(process: RoomProcess, room: Room, connection: Connection, command: protocol.Leave) -> None:
    process.dismiss(connection, code=1000, reason="left", after_ms=None)


async def _say(process: RoomProcess, room: Room, connection: Connection, command: protocol.Say) -> None:
    if not connection.chat_allowance.take(time.monotonic()):
        raise Refused("slow_down", command.id)
    line = await process.chat.say(
        operations.Saying(
            occasion_id=room.occasion_id,
            author_id=connection.member_id,
            client_id=command.id,
            text=command.text,
            at=timezone.now(),
            label=known_label(connection),
            is_host=await _is_host(room, connection),
        )
    )
    # With the id: the page puts the refusal beside the message that it is about.
    if isinstance(line, operations.UnableToChat):
        raise Refused(line.code, command.id)
    if known_label(connection) is None and line.member == connection.member_id:
        connection.label, connection.label_until = (line.name, line.unit), time.monotonic() + LABEL_S
    process.rooms.tell(connection, protocol.encode(protocol.Ack(id=command.id, message=line.message)))


def known_label(connection: Connection) -> tuple[str, str] | None:
    """Return the person's name and unit, as they were less than a minute ago."""
    return connection.label if time.monotonic() < connection.label_until else None


async def _watch(process: RoomProcess, room: Room, connection: Connection, command: protocol.Watch) -> None:
    await signalling.watch(process, room, connection, command.via)


async def _answer(process: RoomProcess, room: Room, connection: Connection, command: protocol.Answer) -> None:
    await signalling.answer(connection, command.sdp)


async def _candidate(process: RoomProcess, room: Room, connection: Connection, command: protocol.Trickle) -> None:
    await signalling.candidate(connection, command)


async def _reclaim(process: RoomProcess, room: Room, connection: Connection, command: protocol.Reclaim) -> None:
    if command.pc == "sub":
        await signalling.reclaim(process, room, connection, command)
    elif command.pc == "talk":
        await speaking.reclaim(process, room, connection, command)
    elif command.pc == "meet":
        await meeting.reclaim(process, room, connection, command)
    # What is on the air is asked for anew, as at the offer: the role may have ended since.
    elif await _is_host(room, connection):
        await leading.reclaim(process, room, connection, command)
    else:
        raise Refused("not_host")


async def _go_live(process: RoomProcess, room: Room, connection: Connection, command: protocol.GoLive) -> None:
    air = None
    if room.meeting is None:  # in a meeting nobody has the air alone
        connection.air = connection.air or secrets.token_hex(8)
        air = operations.Air(connection.member_id, command.source or connection.device, connection.air)
    begin = partial(operations.go_live, occasion_id=room.occasion_id, as_of=timezone.now(), air=air)
    try:
        await in_database(begin)
    except operations.UnableToGoLive as error:
        raise Refused(error.code) from error


async def _end(process: RoomProcess, room: Room, connection: Connection, command: protocol.EndLecture) -> None:
    try:
        await in_database(partial(operations.end_lecture, occasion_id=room.occasion_id, as_of=timezone.now()))
    except operations.UnableToEndLecture as error:
        raise Refused("state") from error


async def _resume(process: RoomProcess, room: Room, connection: Connection, command: protocol.ResumeLecture) -> None:
    try:
        await in_database(partial(operations.resume_lecture, occasion_id=room.occasion_id, as_of=timezone.now()))
    except operations.UnableToResumeLecture as error:
        raise Refused(error.code) from error


async def _break(process: RoomProcess, room: Room, connection: Connection, command: protocol.TakeBreak) -> None:
    try:
        await breaks.take(room.occasion_id, command)
    except operations.UnableToTakeBreak as error:
        raise Refused(error.code) from error


async def _go_on(process: RoomProcess, room: Room, connection: Connection, command: protocol.GoOn) -> None:
    await breaks.go_on(room.occasion_id)


async def _hide_message(
    process: RoomProcess, room: Room, connection: Connection, command: protocol.HideMessage
) -> None:
    hide = partial(
        operations.hide_message,
        occasion_id=room.occasion_id,
        message_id=command.message,
        actor_id=connection.member_id,
        as_of=timezone.now(),
    )
    await in_database(hide)


async def _mute(process: RoomProcess, room: Room, connection: Connection, command: protocol.Mute) -> None:
    await _restrict(room, connection, command.member, Restriction.Kind.MUTED, on=command.on)


async def _remove(process: RoomProcess, room: Room, connection: Connection, command: protocol.Remove) -> None:
    await _restrict(room, connection, command.member, Restriction.Kind.REMOVED, on=command.on)


async def _restrict(room: Room, connection: Connection, member_id: int, kind: str, *, on: bool) -> None:
    facts: dict[str, Any] = {
        "occasion_id": room.occasion_id,
        "member_id": member_id,
        "kind": kind,
        "as_of": timezone.now(),
    }
    work: Callable[[], None] = (
        partial(operations.restrict, actor_id=connection.member_id, **facts)
        if on
        else partial(operations.lift_restriction, **facts)
    )
    if on and await _leads(room, member_id):
        raise Refused("not_restrictable")
    try:
        await in_database(work)
    except operations.UnableToRestrict as error:
        raise Refused("not_restrictable") from error


Handler = Callable[[RoomProcess, Room, Connection, Any], Awaitable[None]]
TABLE: dict[type[protocol.Command], Handler] = {
    protocol.Beat: _beat,
    protocol.Hide: _hide,
    protocol.Show: _show,
    protocol.Leave: _leave,
    protocol.Say: _say,
    protocol.Hand: leading.hand,
    protocol.Watch: _watch,
    protocol.Answer: _answer,
    protocol.Trickle: _candidate,
    protocol.Reclaim: _reclaim,
    protocol.Offer: leading.offer,
    protocol.Unpublish: leading.unpublish,
    protocol.GoLive: _go_live,
    protocol.EndLecture: _end,
    protocol.ResumeLecture: _resume,
    protocol.TakeBreak: _break,
    protocol.GoOn: _go_on,
    protocol.HideMessage: _hide_message,
    protocol.Mute: _mute,
    protocol.Remove: _remove,
    protocol.Lower: leading.lower,
    protocol.LowerAll: leading.lower_all,
    protocol.OpenChat: leading.open_chat,
    protocol.Lock: leading.lock,
    protocol.GiveBack: leading.give_back,
    protocol.AwaitEncoder: leading.await_encoder,
    FallBack: leading.fall_back,
    protocol.Invite: speaking.invite,
    protocol.TakeDown: speaking.take_down,
    protocol.TakeDownAll: speaking.take_down_all,
    protocol.ShowPicture: speaking.show_picture,
    protocol.StepUp: speaking.step_up,
    protocol.StepDown: speaking.step_down,
    protocol.Speak: speaking.speak,
    protocol.Sending: speaking.sending,
    **ask_commands.TABLE,
    **slides.TABLE,
    **meeting.TABLE,
}
