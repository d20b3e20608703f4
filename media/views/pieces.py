"""PATCH of an upload, in front of Django: its bytes are written to the disk as they come (ADR 24).

Plain ASGI. Django would read the whole body first, into its own temporary file, and throw it away when the line breaks.
So Django gets the request without its body and asks all that it asks of any request (session, CSRF, right, offset,
lock); only if it opened the piece are the bytes written. Meanwhile at most READ_AHEAD of them wait in memory.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.utils import timezone, translation

from media.models import Upload
from media.operations import Piece, UnableToUpload, keep_piece
from media.views.uploads import HANDOVER, Handover, refused, with_offset

Message = Any  # a dictionary; ASGI's own types differ between libraries
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
log = structlog.get_logger(__name__)
PREFIX = "/uploads/"
READ_AHEAD = 256 * 1024
GATHER_S = 0.05


class ReadAhead:
    """Takes in what comes while somebody is busy; holds READ_AHEAD and one message at most.

    It begins before the right is asked, for what a broken line has brought by then is lost with the connection.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._held = bytearray()
        self._is_over = False
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while not self._is_over:
            try:
                message = await self._receive()
            except Exception:  # the server's own fault; the line is as good as gone
                log.exception("receive_failed")
                message = {"type": "http.disconnect"}
            async with self._changed:
                self._held += message.get("body", b"")
                self._is_over = message["type"] != "http.request" or not message.get("more_body", False)
                self._changed.notify_all()
                await self._changed.wait_for(lambda: len(self._held) < READ_AHEAD)

    async def take(self) -> bytes:
        """All that has come and was not taken yet; empty at the end, be it the body's or the line's.

        On a quick line some of it is gathered first: each taking costs a change of threads.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._held or self._is_over)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S):
                    await self._changed.wait_for(lambda: len(self._held) >= READ_AHEAD or self._is_over)
            data = bytes(self._held)
            self._held.clear()
            self._changed.notify_all()
            return data

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


class Answer:
    """What Django answered, held back until it is known how the bytes fared."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    def language(self) -> str:
        """In which language Django answered: there is no request's own here any more."""
        headers = {name.lower(): value for name, value in self.messages[0]["headers"]}
        return headers.get(b"content-language", b"").decode("latin-1")

    async def give(self, send: Send) -> None:
        for message in self.messages:
            await send(message)

    async def give_as(self, response: HttpResponse, send: Send) -> None:
        """With Django's headers, but the status, body and headers of ``response``."""
        response["Content-Length"] = str(len(response.content))
        own = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.items()]
        names = {name for name, _value in own}
        theirs = [(name, value) for name, value in self.messages[0]["headers"] if name.lower() not in names]
        await send({**self.messages[0], "status": response.status_code, "headers": [*theirs, *own]})
        await send({"type": "http.response.body", "body": response.content})


_being_kept: set["asyncio.Task[Upload]"] = set()
MOMENT_S, PATIENCE_S = 0.05, 5.0


class Pieces:
    """ASGI application: PATCH under ``/uploads/``; everything else goes to ``pages`` untouched."""

    def __init__(self, pages: Application) -> None:
        self.pages = pages

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "PATCH" or not scope["path"].startswith(PREFIX):
            await self.pages(scope, receive, send)
            return
        handover, answer, body = Handover(), Answer(), ReadAhead(receive)
        try:
            await self.pages({**scope, HANDOVER: handover}, Bodiless(), answer.take)
            if handover.piece is None:
                await body.stop()  # the guard drops the rest
                await answer.give(send)
            else:
                with translation.override(answer.language() or None):
                    response = await _store(handover.piece, body)
                await answer.give_as(response, send)
        finally:
            await body.stop()
            if handover.piece is not None:
                await asyncio.to_thread(handover.piece.close)


class Bodiless:
    """``receive`` of a request without a body, whose line holds."""

    def __init__(self) -> None:
        self._is_read = False

    async def __call__(self) -> Message:
        if self._is_read:
            await asyncio.Event().wait()
        self._is_read = True
        return {"type": "http.request", "body": b"", "more_body": False}


async def _store(piece: Piece, body: ReadAhead) -> HttpResponse:
    try:
        try:
            while data := await body.take():
                await asyncio.to_thread(piece.write, data)
        except asyncio.CancelledError:
            await _keep(piece)  # the server is being stopped: what has come is acknowledged all the same
            raise
        return with_offset(HttpResponse(status=204), await _keep(piece))
    except UnableToUpload as error:
        return refused(error)
    except (OperationalError, InterfaceError):
        return refused(UnableToUpload("busy"))


async def _keep(piece: Piece) -> Upload:
    keep = database_sync_to_async(keep_piece)(piece=piece, as_of=timezone.now())
    task: asyncio.Task[Upload] = asyncio.ensure_future(keep)
    _being_kept.add(task)
    task.add_done_callback(_being_kept.discard)
    return await asyncio.shield(task)


async def finish() -> None:
    """At the stop of the process: wait for what is being kept, which the server's end would cut off."""
    await asyncio.sleep(MOMENT_S)  # whoever was cancelled just now begins to keep
    if _being_kept:
        await asyncio.wait(_being_kept, timeout=PATIENCE_S)
