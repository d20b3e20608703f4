"""The peer of the room: what one writes with Channels' own means. Session and user in the handshake, a row a join,
``group_send`` a message."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import URLRouter  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402

from attendance.models import PresenceSpan, WorkerLease  # noqa: E402

LEASE: list[int] = []


@database_sync_to_async
def create(occasion_id: int, member_id: int) -> None:
    if not LEASE:
        now = timezone.now()
        LEASE.append(WorkerLease.objects.create(name=f"peer-{os.getpid()}", started_at=now, beat_at=now).pk)
    PresenceSpan.objects.create(
        occasion_id=occasion_id, member_id=member_id, device="bench", lease_id=LEASE[0], started_at=timezone.now()
    )


class Room(AsyncJsonWebsocketConsumer):
    async def connect(self) -> None:
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.close()
            return
        await self.accept()
        await self.channel_layer.group_add("room", self.channel_name)
        await create(self.scope["url_route"]["kwargs"]["occasion_id"], user.pk)
        await self.send_json({"t": "joined"})

    async def receive_json(self, content: dict[str, str]) -> None:
        await self.channel_layer.group_send("room", {"type": "chat", "text": content["text"]})

    async def chat(self, event: dict[str, str]) -> None:
        await self.send_json({"t": "chat", "text": event["text"]})


routes = AuthMiddlewareStack(URLRouter([path("ws/live/<int:occasion_id>/", Room.as_asgi())]))


async def application(scope, receive, send) -> None:
    if scope["type"] == "websocket":
        await routes(scope, receive, send)
    elif scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
