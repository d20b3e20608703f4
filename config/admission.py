"""How many requests of a kind the pages answer at once; whoever is one too many comes again by itself (ADR 99).

nginx does the same in front of page servers (deploy/nginx.conf.in), sockets count themselves (live/room/process.py),
and bodies that are on their way are the guard's (config/guard.py).
"""

import re
from collections import Counter

import prometheus_client
from django.conf import settings

from config.guard import Application, Message, Receive, Send, answer

REFUSED = prometheus_client.Counter("admission_refused", "Requests that were asked to come again", ["kind"])
# The first pattern that fits. None: it tells whether the process lives, or has a limit of its own.
KINDS: tuple[tuple[str, str | None], ...] = (
    (r"/(healthz|readyz|metrics|uploads/)", None),
    (
        r"/(watch/|courses/answers/|courses/package-reports/|courses/[0-9]{1,18}/[0-9]{1,18}/asked/"
        r"|live/[0-9]{1,18}/outbox$)",
        "evidence",
    ),
    (r"/m/", "media"),
    (r"/", "pages"),
)
_KINDS = [(re.compile(pattern), kind) for pattern, kind in KINDS]


def kind_of(path: str) -> str | None:
    """Return what a request is for: "evidence", "media" or "pages"; None is always let in."""
    return next((kind for pattern, kind in _KINDS if pattern.match(path)), None)


class Admission:
    """ASGI application around ``pages``. One a process: it counts the requests that wait for their answer.

    At most ``settings.PAGES_MAX_OPEN`` of each kind, so that those who are let in are answered soon, and a rush for
    pages keeps nobody's watch time or answers out. One too many is answered 503 at once. A request counts until its
    answer begins: what streams a film holds nobody up.
    """

    def __init__(self, pages: Application) -> None:
        self.pages = pages
        self.open: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        kind = kind_of(scope["path"])
        if kind is None:
            await self.pages(scope, receive, send)
            return
        if self.open[kind] >= settings.PAGES_MAX_OPEN:
            REFUSED.labels(kind).inc()
            await answer(scope, send, 503)
            return
        is_open = True

        def done() -> None:
            nonlocal is_open
            self.open[kind] -= is_open
            is_open = False

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                done()
            await send(message)

        self.open[kind] += 1
        try:
            await self.pages(scope, receive, sent)
        finally:
            done()
