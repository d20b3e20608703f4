"""The fallback's socket: a Channels consumer. A ticket lets the page on the air in, and pieces go to the agent."""

from typing import Any, NoReturn
from urllib.parse import parse_qs

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from live.core.wire.fallback import BadPiece, read_piece
from live.room import tickets
from live.room.connections import Connection, Send
from live.room.consumers import LEFT_CODES, LOST
from live.room.fallback import Fallbacks, Line, NotLetIn, say_over
from live.room.rooms import Room


class FallbackConsumer(AsyncWebsocketConsumer):
    """One browser's socket at ``/ws/live/<occasion_id>/fallback/``."""

    fallbacks: Fallbacks
    line: Line | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """As the room's socket: without a channel in the layer, message by message (``live.room.consumers``)."""
        self.scope, self.base_send = scope, send
        self.fallbacks = scope["state"]["rooms"].fallbacks
        code = LOST
        try:
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    code = message.get("code") or LOST
                    break
                if message["type"] == "websocket.connect":
                    await self.connect()
                else:
                    await self.receive(message.get("text"), message.get("bytes"))
        except StopConsumer:
            pass
        finally:
            if self.line is not None:
                self.fallbacks.close(self.line, left=code in LEFT_CODES)

    async def connect(self) -> None:
        """Let the page on the air in, or say why not."""
        await self.accept()
        process, occasion_id = self.scope["state"]["rooms"], self.scope["url_route"]["kwargs"]["occasion_id"]
        shown = parse_qs(self.scope["query_string"].decode("ascii", "replace"))
        cookie = b"; ".join(value for name, value in self.scope["headers"] if name == b"cookie").decode("latin-1")
        text, key = shown.get("ticket", [""])[0], shown.get("key", [""])[0]
        try:
            if process.is_full():
                raise NotLetIn("away")
            ticket, session_key = tickets.read_fallback(text, occasion_id=occasion_id, cookie_header=cookie)
            connection = Connection(
                send=self.base_send, member_id=ticket.member, host=True, device=ticket.device, session_key=session_key
            )
            await process.admission.admit(connection)
            line = Line(Room(occasion_id), connection, ticket.source)
            await self.fallbacks.open(line, key=f"{ticket.source}-{key[:64]}")
        except tickets.UnableToEnter:
            await self._refuse("rights")
        except DatabaseError:
            await self._refuse("away")
        except NotLetIn as error:
            await self._refuse(error.why)
        self.line = line

    async def _refuse(self, why: str) -> NoReturn:
        await say_over(self.base_send, why)
        raise StopConsumer

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pass one piece on; whatever is wrong with it ends the socket with a word."""
        if self.line is None or self.line.is_over:
            return
        try:
            read_piece(bytes_data or b"")
            await self.line.pass_on(bytes_data or b"")
        except BadPiece:
            await self.fallbacks.over(self.line, "not_media")
        except NotLetIn as error:
            await self.fallbacks.over(self.line, error.why)
