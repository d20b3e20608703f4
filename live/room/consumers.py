"""The room's socket: a Channels consumer. A ticket lets it in, frames go to the table of commands, nothing it sends
makes a traceback.

What it overrides of ``AsyncWebsocketConsumer``, and what each costs: docs/adr/0007-room-socket.md, bench/room.py.
"""

import time
from typing import Any, NoReturn
from urllib.parse import parse_qs

import structlog
from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from attendance.clock import clock
from live.core.wire import protocol
from live.operations import MeetingIsFull, PersonIsRemoved
from live.room import commands, tickets
from live.room.connections import Connection, Send
from live.room.meeting import MustWait
from live.room.process import RoomProcess
from live.room.refusals import Refused
from live.room.rooms import Room
from live.room.stage import RoomIsLocked

log = structlog.get_logger(__name__)

MOST_MISTAKES, MISTAKES_WITHIN_S = 3, 10.0
# Left in good order: by the person, by leaving the page, or because this server stops.
CLEAN_CODES = {1000, 1001, 1012}
# The page itself is gone, and with it its picture.
LEFT_CODES = {1000, 1001}
LOST = 1006
FULL = 1013


class RoomConsumer(AsyncWebsocketConsumer):
    """One browser's socket at ``/ws/live/<occasion_id>/``, in the rooms of ``scope["state"]["rooms"]``."""

    process: RoomProcess
    connection: Connection
    room: Room | None = None
    code = LOST

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """Take messages one after the other until the socket is gone.

        Channels' own gives each socket a channel in the layer, and waits for that and for the browser with a task each.
        A room's events come over the process's one channel (``live.room.channel``): here only the browser speaks.
        32 KiB a socket and not 42; 39 us a beat and not 55.
        """
        self.scope, self.base_send, self.process = scope, send, scope["state"]["rooms"]
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            # Also when the server cancels this task: whoever stayed in a room would be counted for ever.
            if self.room is not None:
                self.process.leave(
                    self.room, self.connection, clean=self.code in CLEAN_CODES, left=self.code in LEFT_CODES
                )

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler of this kind of message.

        Channels' own hops to a thread first, to close old database connections: 168 us a beat, ours 39. Here none is
        opened: what asks the database does so on threads of its own, which close theirs (``live.room.threads``).
        """
        await getattr(self, get_handler_name(message))(message)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The socket is gone. Channels' own hops to a thread, as in ``dispatch``, and leaves groups it is not in."""
        self.code = message.get("code") or LOST
        raise StopConsumer

    async def connect(self) -> None:
        """Let the browser in, or close with the code that says why not."""
        # Accepted first: only an open socket can be closed with a code that a page can read.
        await self.accept()
        if self.process.is_full():
            await self._refuse(FULL)
        occasion_id = self.scope["url_route"]["kwargs"]["occasion_id"]
        try:
            self.connection = self._read_ticket(occasion_id)
            await self.process.admission.admit(self.connection)
            room = await self.process.enter(self.connection, occasion_id)
        except tickets.UnableToEnter:
            await self._refuse(protocol.CLOSE_FORBIDDEN)
        except PersonIsRemoved:
            await self._turn_away()
            return
        except RoomIsLocked:
            await self._refuse(protocol.CLOSE_LOCKED)
        except MustWait:
            await self._refuse(protocol.CLOSE_LOBBY)
        except MeetingIsFull:
            await self._refuse(protocol.CLOSE_SEATS)
        except DatabaseError:
            await self._refuse(FULL)
        if room is None:
            await self._refuse(protocol.CLOSE_GONE)
        self.connection.forget_handshake()
        self.room = room

    def _read_ticket(self, occasion_id: int) -> Connection:
        asked = parse_qs(self.scope["query_string"].decode("ascii", "replace"))
        cookie = b"; ".join(value for name, value in self.scope["headers"] if name == b"cookie").decode("latin-1")
        shown = asked.get("ticket", [""])[0]
        ticket, session_key = tickets.read(shown, occasion_id=occasion_id, cookie_header=cookie)
        return Connection(
            send=self.base_send,
            member_id=ticket.member,
            host=ticket.host,
            device=ticket.device,
            session_key=session_key,
            present_at=clock().now(),
            counted=ticket.counted,
            meets=ticket.meets,
            withheld=ticket.withheld,
            heard_at=time.monotonic(),
        )

    async def _turn_away(self) -> None:
        """Say what was said at the removal: the page waits for being let in again."""
        if not self.connection.sent_away:  # else it was removed while it came in, and has heard it
            await self.send(text_data=protocol.encode(protocol.Bye(reason="removed", after_ms=None)))
            await self._refuse(protocol.CLOSE_FORBIDDEN)

    async def _refuse(self, code: int) -> NoReturn:
        await self.close(code)
        raise StopConsumer

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Do what one frame says; whatever is wrong with it is answered by a code."""
        self.connection.heard_at = time.monotonic()
        # Whoever is being dismissed says nothing more: it would happen in a room that they are no longer counted in.
        if self.room is None or self.connection.leaving:
            return
        if len(text_data or "") > protocol.most_of(meets=self.connection.meets):
            self.process.dismiss(self.connection, code=protocol.CLOSE_TOO_BIG, reason="malformed", after_ms=None)
            return
        command: protocol.Command | None = None
        try:
            command = protocol.parse(text_data, meets=self.connection.meets)
            await commands.run(self.process, self.room, self.connection, command)
        except protocol.BadFrame as error:
            self._answer(protocol.error(error.code, t=error.where))
            self._count_mistake()
        except Refused as error:
            self._answer(protocol.error(error.code, t=command.word if command else "", id=error.id))
        except DatabaseError:
            log.warning("room_command_failed", command=command.word if command else "")
            again = getattr(command, "id", "")
            self._answer(protocol.error("try_again", t=command.word if command else "", id=again))

    def _answer(self, frame: str) -> None:
        self.process.rooms.tell(self.connection, frame)

    def _count_mistake(self) -> None:
        now = time.monotonic()
        mistakes = self.connection.mistakes = (*self.connection.mistakes, now)[-MOST_MISTAKES:]
        if len(mistakes) == MOST_MISTAKES and now - mistakes[0] <= MISTAKES_WITHIN_S:
            self.process.dismiss(self.connection, code=protocol.CLOSE_MALFORMED, reason="malformed", after_ms=None)
