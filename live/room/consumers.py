"""The room's socket: a ticket lets it in, frames go to the table of commands, nothing it sends makes a traceback.

A plain ASGI application behind Channels' routing: Channels' own consumer costs a thread hop a frame and two tasks a
socket (docs/adr/0007-room-socket.md, bench/room.py).
"""

import time
from typing import Any
from urllib.parse import parse_qs

import structlog
from django.conf import settings
from django.db import DatabaseError

from attendance.clock import clock
from live.core.wire import protocol
from live.room import commands, tickets
from live.room.keeper import Guest, Keeper
from live.room.keeper import keeper as keeper_of_process
from live.room.sender import Room

log = structlog.get_logger(__name__)

MISTAKES_WITHIN_S = 10.0
# Left in good order: by the person, by leaving the page, or because this server stops.
CLEAN_CODES = {1000, 1001, 1012}
FULL = 1013


async def room(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI application of ``/ws/live/<occasion_id>/``."""
    await receive()
    await send({"type": "websocket.accept"})
    keeper = keeper_of_process()
    if sum(len(one.seats) for one in keeper.hub.rooms.values()) >= settings.LIVE_MAX_SOCKETS:
        return await send({"type": "websocket.close", "code": FULL})
    try:
        guest = _guest(scope, send)
        await keeper.admit(guest)
        entered = await keeper.enter(guest, scope["url_route"]["kwargs"]["occasion_id"])
    except tickets.UnableToEnter:
        return await send({"type": "websocket.close", "code": protocol.CLOSE_FORBIDDEN})
    except DatabaseError:
        return await send({"type": "websocket.close", "code": FULL})
    if entered is None:
        return await send({"type": "websocket.close", "code": protocol.CLOSE_GONE})
    return await _serve(keeper, entered, guest, receive)


def _guest(scope: dict[str, Any], send: Any) -> Guest:
    asked = parse_qs(scope["query_string"].decode("ascii", "replace"))
    cookie = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    ticket, session_key = tickets.read(
        asked.get("ticket", [""])[0],
        occasion_id=scope["url_route"]["kwargs"]["occasion_id"],
        cookie_header=cookie,
    )
    return Guest(
        send=send,
        member_id=ticket.member,
        host=ticket.host,
        device=ticket.device,
        session_key=session_key,
        present_at=clock().now(),
        counted=ticket.counted,
        heard=time.monotonic(),
    )


async def _serve(keeper: Keeper, room: Room, guest: Guest, receive: Any) -> None:
    code = 1006
    try:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code = message.get("code") or 1006
                return
            guest.heard = time.monotonic()
            if not guest.leaving:
                await _take(keeper, room, guest, message.get("text"))
    finally:
        keeper.leave(room, guest, clean=code in CLEAN_CODES)


async def _take(keeper: Keeper, room: Room, guest: Guest, text: str | None) -> None:
    """Do what one frame says; whatever is wrong with it is answered by a code."""
    command: protocol.Command | None = None
    try:
        command = protocol.parse(text)
        await commands.run(keeper, room, guest, command)
    except protocol.BadFrame as error:
        keeper.hub.tell(guest, protocol.error(error.code, t=error.where))
        _count_mistake(keeper, guest)
    except commands.Refused as error:
        keeper.hub.tell(guest, protocol.error(error.code, t=command.word if command else "", id=error.id))
    except DatabaseError:
        log.warning("room_command_failed", command=command.word if command else "")
        again = getattr(command, "id", "")
        keeper.hub.tell(guest, protocol.error("try_again", t=command.word if command else "", id=again))


def _count_mistake(keeper: Keeper, guest: Guest) -> None:
    now = time.monotonic()
    guest.mistakes.append(now)
    if len(guest.mistakes) == guest.mistakes.maxlen and now - guest.mistakes[0] <= MISTAKES_WITHIN_S:
        keeper.see_out(guest, code=protocol.CLOSE_MALFORMED, reason="malformed", after_ms=None)
