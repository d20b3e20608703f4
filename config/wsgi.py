"""WSGI entry for pages at scale (granian --interface wsgi), behind a web server that reads bodies to their end.

What the guard in front of the ASGI process does, as far as it is a page server's: a body larger than its address takes
is refused before it is read, by the same table (config/guard.py); one that does not say its size is refused, for Django
would take it for empty. Slow ones are the web server's to end. Pages need nothing that lives in the ASGI process: what
they say to rooms goes by Redis (live/room_events.py).
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
pages = get_wsgi_application()

from django.conf import settings  # noqa: E402 - only after django.setup()
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402
from django.db import DatabaseError, InterfaceError, close_old_connections, connection  # noqa: E402

from config.guard import REFUSED, holds_role, is_somewhere, limits, row_for, said  # noqa: E402
from config.startup import refusal  # noqa: E402

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
WHY = {411: "no_size", 413: "too_large", 503: "busy"}


class Guarded:
    """WSGI application around ``pages``; holds nothing but its table, so any number of threads may call it."""

    def __init__(self, pages: Application) -> None:
        self.pages = pages
        self.table = limits()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        announced = environ.get("CONTENT_LENGTH") or "0"
        if environ.get("HTTP_TRANSFER_ENCODING") or not (announced.isascii() and announced.isdigit()):
            return self._refuse(environ, start_response, 411, 0)
        if int(announced) > settings.BODY_MAX_BYTES:
            try:
                limit = self._limit(WSGIRequest(environ), int(announced))
            except (DatabaseError, InterfaceError):
                return self._refuse(environ, start_response, 503, 0)
            finally:
                if not connection.in_atomic_block:
                    close_old_connections()
            if int(announced) > limit:
                return self._refuse(environ, start_response, 413, limit)
        return self.pages(environ, start_response)

    def _limit(self, request: WSGIRequest, size: int) -> int:
        """How much this address takes of whoever asks; the roles cost a query, and only where the size could fit."""
        row = row_for(self.table, request.path_info, request.method or "")
        if row is None or not is_somewhere(request.path_info):
            return int(settings.BODY_MAX_BYTES)
        if size > row.size or not row.roles or holds_role(request, row.roles):
            return row.size
        return int(settings.BODY_MAX_BYTES)

    def _refuse(
        self, environ: dict[str, Any], start_response: StartResponse, status: int, limit: int
    ) -> Iterable[bytes]:
        REFUSED.labels(WHY[status]).inc()
        answer = said(WSGIRequest(environ), status, limit)
        start_response(f"{status} {answer.reason_phrase}", list(answer.items()))
        return [answer.content]


if why := refusal():  # a wrong key: no worker serves a page with it
    raise SystemExit(why)
application = Guarded(pages)
