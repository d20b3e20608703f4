"""The table of room commands: what happens on each frame of a browser. A command that is not in here does not exist.

A command answers with frames of its own or raises ``Refused``; the consumer turns that into ``{"error": code}``.
Commands of hosts ask the database each time whether the person still is one.
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from django.utils import timezone

from live import operations, permissions, queries
from live.core.wire import protocol
from live.engines.base import EngineError
from live.models import Restriction
from live.room import signalling
from live.room.keeper import Guest, Keeper
from live.room.sender import Room, publish
from live.room.threads import in_database

T = TypeVar("T")
LABEL_S = 60.0  # who is renamed or moves is called so within a minute


class Refused(Exception):
    """The command cannot be done; ``code`` is stable and fit for a client. ``id``: of the message it was about."""

    def __init__(self, code: str, id: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.id = id


async def run(keeper: Keeper, room: Room, guest: Guest, command: protocol.Command) -> None:
    """Do one command; raises ``Refused``."""
    now = time.monotonic()
    if not guest.allowance.take(now):
        raise Refused("slow_down")
    if command.host_only and not (guest.host and await _is_host(room, guest)):
        raise Refused("not_host")
    try:
        await TABLE[type(command)](keeper, room, guest, command)
    except EngineError as error:
        raise Refused(error.code) from error


async def _is_host(room: Room, guest: Guest) -> bool:
    return await in_database(
        partial(
            permissions.may_host_now,
            occasion_id=room.occasion_id,
            user_id=guest.member_id,
            on_date=timezone.localdate(),
        )
    )


async def _beat(keeper: Keeper, room: Room, guest: Guest, command: protocol.Beat) -> None:
    """Heard: that is all (the consumer noted the time)."""


async def _hide(keeper: Keeper, room: Room, guest: Guest, command: protocol.Hide) -> None:
    guest.hidden = not command.sound
    if guest.hidden and guest.stay is not None:
        keeper.uncount(guest, reason="hidden")
        keeper.welcome(room, guest)


async def _show(keeper: Keeper, room: Room, guest: Guest, command: protocol.Show) -> None:
    if guest.hidden:
        guest.hidden, guest.present_at = False, timezone.now()
        keeper.count(room, guest)


async def _leave(keeper: Keeper, room: Room, guest: Guest, command: protocol.Leave) -> None:
    keeper.see_out(guest, code=1000, reason="left", after_ms=None)


async def _say(keeper: Keeper, room: Room, guest: Guest, command: protocol.Say) -> None:
    if not guest.chat_allowance.take(time.monotonic()):
        raise Refused("slow_down", command.id)
    line = await keeper.chat.say(
        operations.Saying(
            occasion_id=room.occasion_id,
            author_id=guest.member_id,
            client_id=command.id,
            text=command.text,
            at=timezone.now(),
            label=known_label(guest),
        )
    )
    if isinstance(line, operations.UnableToChat):
        raise Refused(line.code, command.id)
    if known_label(guest) is None and line.member == guest.member_id:
        guest.label, guest.label_until = (line.name, line.unit), time.monotonic() + LABEL_S
    keeper.hub.tell(guest, protocol.encode(protocol.Ack(id=command.id, message=line.message)))


async def _hand(keeper: Keeper, room: Room, guest: Guest, command: protocol.Hand) -> None:
    if guest.hand != command.up:
        guest.hand = command.up
        name, unit = await _label(guest)
        await _tell_hand(room, guest.member_id, name, unit, up=command.up)


async def _lower(keeper: Keeper, room: Room, guest: Guest, command: protocol.Lower) -> None:
    await _tell_hand(room, command.member, "", "", up=False)


async def _tell_hand(room: Room, member_id: int, name: str, unit: str, *, up: bool) -> None:
    event = {"t": "hand", "member": member_id, "name": name, "unit": unit, "up": up}
    await in_database(partial(publish, room.occasion_id, event))


def known_label(guest: Guest) -> tuple[str, str] | None:
    """Return the person's name and unit, as they were less than a minute ago."""
    return guest.label if time.monotonic() < guest.label_until else None


async def _label(guest: Guest) -> tuple[str, str]:
    """Return the person's name and unit; looked up once a minute and socket."""
    if known_label(guest) is None:
        found = await in_database(partial(queries.labels_of, [guest.member_id]))
        guest.label, guest.label_until = found.get(guest.member_id, ("", "")), time.monotonic() + LABEL_S
    return guest.label or ("", "")


async def _watch(keeper: Keeper, room: Room, guest: Guest, command: protocol.Watch) -> None:
    await signalling.watch(keeper, room, guest, command.via)


async def _answer(keeper: Keeper, room: Room, guest: Guest, command: protocol.Answer) -> None:
    await signalling.answer(guest, command.sdp)


async def _candidate(keeper: Keeper, room: Room, guest: Guest, command: protocol.Trickle) -> None:
    await signalling.candidate(guest, command)


async def _offer(keeper: Keeper, room: Room, guest: Guest, command: protocol.Offer) -> None:
    if room.state != "live":
        raise Refused("state")
    await signalling.publish(keeper, room, guest, command)


async def _unpublish(keeper: Keeper, room: Room, guest: Guest, command: protocol.Unpublish) -> None:
    await signalling.unpublish(keeper, room, guest)


async def _go_live(keeper: Keeper, room: Room, guest: Guest, command: protocol.GoLive) -> None:
    try:
        await in_database(partial(operations.go_live, occasion_id=room.occasion_id, as_of=timezone.now()))
    except operations.UnableToGoLive as error:
        raise Refused(error.code) from error


async def _end(keeper: Keeper, room: Room, guest: Guest, command: protocol.EndLecture) -> None:
    try:
        await in_database(partial(operations.end_lecture, occasion_id=room.occasion_id, as_of=timezone.now()))
    except operations.UnableToEndLecture as error:
        raise Refused("state") from error


async def _resume(keeper: Keeper, room: Room, guest: Guest, command: protocol.ResumeLecture) -> None:
    try:
        await in_database(partial(operations.resume_lecture, occasion_id=room.occasion_id, as_of=timezone.now()))
    except operations.UnableToResumeLecture as error:
        raise Refused(error.code) from error


async def _hide_message(keeper: Keeper, room: Room, guest: Guest, command: protocol.HideMessage) -> None:
    hide = partial(
        operations.hide_message,
        occasion_id=room.occasion_id,
        message_id=command.message,
        actor_id=guest.member_id,
        as_of=timezone.now(),
    )
    await in_database(hide)


async def _mute(keeper: Keeper, room: Room, guest: Guest, command: protocol.Mute) -> None:
    await _restrict(room, guest, command.member, Restriction.Kind.MUTED, on=command.on)


async def _remove(keeper: Keeper, room: Room, guest: Guest, command: protocol.Remove) -> None:
    await _restrict(room, guest, command.member, Restriction.Kind.REMOVED, on=command.on)


async def _restrict(room: Room, guest: Guest, member_id: int, kind: str, *, on: bool) -> None:
    facts: dict[str, Any] = {
        "occasion_id": room.occasion_id,
        "member_id": member_id,
        "kind": kind,
        "as_of": timezone.now(),
    }
    work: Callable[[], None] = (
        partial(operations.restrict, actor_id=guest.member_id, **facts)
        if on
        else partial(operations.lift_restriction, **facts)
    )
    try:
        await in_database(work)
    except operations.UnableToRestrict as error:
        raise Refused("not_restrictable") from error


Handler = Callable[[Keeper, Room, Guest, Any], Awaitable[None]]
TABLE: dict[type[protocol.Command], Handler] = {
    protocol.Beat: _beat,
    protocol.Hide: _hide,
    protocol.Show: _show,
    protocol.Leave: _leave,
    protocol.Say: _say,
    protocol.Hand: _hand,
    protocol.Watch: _watch,
    protocol.Answer: _answer,
    protocol.Trickle: _candidate,
    protocol.Offer: _offer,
    protocol.Unpublish: _unpublish,
    protocol.GoLive: _go_live,
    protocol.EndLecture: _end,
    protocol.ResumeLecture: _resume,
    protocol.HideMessage: _hide_message,
    protocol.Mute: _mute,
    protocol.Remove: _remove,
    protocol.Lower: _lower,
}
