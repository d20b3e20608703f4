"""ASGI entry: pages behind their guard, the live room's sockets, and what lives as long as the process."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 - only after django.setup()

from config.admission import Admission  # noqa: E402
from config.embedded import EmbeddedWorker  # noqa: E402
from config.guard import Guard  # noqa: E402
from config.startup import refusal  # noqa: E402
from live.room.process import RoomProcess  # noqa: E402
from live.room.routing import websockets  # noqa: E402
from media.views.pieces import Pieces  # noqa: E402
from media.views.pieces import finish as finish_pieces  # noqa: E402

Message = Any  # a dictionary; ASGI's own types differ between libraries
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Pages(ASGIHandler):
    """Django's handler with all its middleware and the view in one thread, as WSGI has them.

    No view of ours is asynchronous. Django's own way goes from the thread to the loop and back for the view and for
    each middleware that looks at it: fourteen crossings a page instead of three.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        answer: HttpResponseBase = await sync_to_async(self.get_response, thread_sensitive=True)(request)
        return answer


pages = Pages()
guarded = Guard(Admission(Pieces(pages)))


async def lifespan(scope: Message, receive: Receive, send: Send) -> None:
    """Refuse to start with a wrong key; run the embedded worker from start to stop, and hold the process's lease.

    The rooms are made here, on the server's own loop, and handed to the sockets in the state that ASGI copies into
    each scope. At the stop every presence is closed with the last moment heard, and the lease with them.
    """
    worker = EmbeddedWorker() if settings.EMBEDDED else None
    rooms = scope["state"]["rooms"] = RoomProcess()
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            if why := await asyncio.to_thread(refusal):
                await send({"type": "lifespan.startup.failed", "message": why})
                return
            if worker:
                await asyncio.to_thread(worker.start)
            await rooms.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await rooms.aclose()
            await finish_pieces()
            if worker:
                await asyncio.to_thread(worker.stop)
            await send({"type": "lifespan.shutdown.complete"})
            return


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await guarded(scope, receive, send)
    elif scope["type"] == "websocket":
        await websockets(scope, receive, send)
    else:
        await lifespan(scope, receive, send)
