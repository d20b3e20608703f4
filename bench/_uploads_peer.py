"""The peer of bench/uploads.py: the same pages as Django's own ASGI handler serves them, without guard and pieces."""

from typing import Any

from config.asgi import pages


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await pages(scope, receive, send)
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
