"""The guard before every page: how large a request's body may be, how slow, and how many wait at once (ADR 24).

Plain ASGI. Django reads a whole body, onto the disk if it must, before a view can refuse it; so the size is asked
first: by what the request announces, and by counting what comes. More than ``settings.BODY_MAX_BYTES`` is for the
addresses of ``settings.BODY_LIMITS`` alone, and there for people with a role. Large ones are few for each account, and
pieces of uploads are counted apart from all others: nobody's slow bodies keep anybody else out. A request without a
body costs one look at its headers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import translation
from prometheus_client import Counter

from cms.middleware import ADMIN, is_closed
from config import views
from config.headers import complete
from organizations.door import of_session
from organizations.permissions import has_role
from organizations.session_store import SessionStore

Message = Any  # a dictionary; ASGI's own types differ between libraries
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

REFUSED = Counter("body_refused", "Requests whose body was not read to its end", ["why"])
CHUNKED = -1
PIECES, FILES = "pieces", "files"
SIGNED_IN = ("signed_in",)  # in place of roles: whoever it is
CATCH_ALL = ".*/$"  # the route of Wagtail's own "not found"
# After an early answer: what is still coming is read and dropped for a moment, for a connection that is closed over
# unread bytes is reset, and the other side then never sees the answer.
LINGER_S = 2.0
LINGER_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Limit:
    """More than the usual for addresses that begin with ``prefix``, by these methods, for people with these roles.

    SIGNED_IN: for everybody who is. No roles: the address asks for the right itself, before it takes the first byte.
    """

    prefix: str
    methods: frozenset[str]
    size: int
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Allowed:
    """How much of a body is taken; a large one stands among those of ``room``, as one of ``account``'s."""

    size: int
    room: str = ""
    account: str = ""


@dataclass(frozen=True)
class Pace:
    """A body is given up when nothing came for ``idle_s``, or it is ``grace_s`` behind ``floor`` bytes a second."""

    idle_s: float
    grace_s: float
    floor: int


def limits() -> list[Limit]:
    """The table of ``settings.BODY_LIMITS``, the longest prefix first."""
    rows = [Limit(prefix, frozenset(methods), size, roles) for prefix, methods, size, roles in settings.BODY_LIMITS]
    return sorted(rows, key=lambda row: -len(row.prefix))


def row_for(table: list[Limit], path: str, method: str) -> Limit | None:
    """The row of the table that holds for this address, or None: the usual limit."""
    return next((row for row in table if path.startswith(row.prefix) and method in row.methods), None)


def announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """How many bytes a request says it will send; CHUNKED if it does not say. 0: it has no body."""
    size = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return CHUNKED
        if name == b"content-length":
            size = int(value) if value.isdigit() else CHUNKED
    return size


class Body:
    """The body of one request on its way in, and whether it was refused. Stands between the server and Django."""

    def __init__(self, receive: Receive, send: Send, *, limit: int, pace: Pace, done: Callable[["Body"], None]) -> None:
        self._receive, self._send = receive, send
        self._limit, self._pace, self._done = limit, pace, done
        self._loop = asyncio.get_running_loop()
        self._began = self._heard = self._loop.time()
        self._timer: asyncio.Timeout | None = None
        self.size = 0
        self.is_whole = False
        self.is_answered = False
        self.refusal = 0

    async def receive(self) -> Message:
        """As the server's own, until the body is whole; a refused one ends as if the line were gone."""
        if self.is_whole:
            return await self._receive()
        if self.refusal:
            return {"type": "http.disconnect"}
        try:
            async with asyncio.timeout_at(self._deadline()) as self._timer:
                try:
                    message = await self._receive()
                finally:
                    self._timer = None
        except TimeoutError:
            return self.refuse(self.refusal or 408)
        if message["type"] != "http.request":
            self._finish()
            return message
        self._heard = self._loop.time()
        self.size += len(message.get("body", b""))
        if self.size > self._limit:
            return self.refuse(413)
        if not message.get("more_body", False):
            self._finish()
        return message

    def _deadline(self) -> float:
        pace = self._pace
        return min(self._heard + pace.idle_s, self._began + pace.grace_s + self.size / pace.floor)

    def refuse(self, status: int) -> Message:
        """Read no more of it; also from outside, while it waits for bytes."""
        self.refusal = status
        if self._timer is not None:
            self._timer.reschedule(self._loop.time())
        self._done(self)
        return {"type": "http.disconnect"}

    def _finish(self) -> None:
        self.is_whole = True
        self._done(self)

    async def send(self, message: Message) -> None:
        """As the server's own; an answer that comes before the body's end closes the connection, in peace."""
        if self.is_whole:
            self.is_answered = True
            await self._send(message)
        elif message["type"] == "http.response.start":
            self.is_answered = True
            self._done(self)
            await self._send({**message, "headers": [*message.get("headers", []), (b"connection", b"close")]})
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._linger()
            await self._send({"type": "http.response.body", "body": b""})

    async def _linger(self) -> None:
        dropped = 0
        try:
            async with asyncio.timeout(LINGER_S):
                while dropped < LINGER_BYTES:
                    message = await self._receive()
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
                    dropped += len(message.get("body", b""))
        except TimeoutError:
            return


class Guard:
    """ASGI application around ``pages``. One a process: it counts the bodies that are on their way.

    At most ``settings.BODY_MAX_OPEN`` small ones: a new one pushes out the one that is longest under way, so nobody is
    kept out by those who only hold a line. Of large ones at most ``settings.BODY_MAX_LARGE_EACH`` for an account: one
    more pushes out the oldest of the same account. Of all accounts together at most ``settings.BODY_MAX_LARGE`` pieces
    of uploads, and as many others: one more is asked to wait.
    """

    def __init__(self, pages: Application) -> None:
        self.pages = pages
        self.table = limits()
        self.pace = Pace(settings.BODY_IDLE_S, settings.BODY_GRACE_S, settings.BODY_FLOOR_BYTES_S)
        self.small: dict[Body, None] = {}
        self.large: dict[str, dict[Body, str]] = {PIECES: {}, FILES: {}}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        size = announced(scope["headers"])
        if size == 0:
            await self.pages(scope, receive, send)
            return
        try:
            allowed = await self._allowed(scope, size)
        except (DatabaseError, InterfaceError):
            allowed = Allowed(0)
        limit = allowed.size
        body = Body(receive, send, limit=limit, pace=self.pace, done=self._done)
        if limit == 0:
            body.refuse(503)
        elif size > limit:
            body.refuse(413)
        else:
            self._count(body, allowed)
        try:
            if not body.refusal:
                await self.pages(scope, body.receive, body.send)
        finally:
            self._done(body)
        if body.refusal and not body.is_answered:
            await self._say(scope, body, limit)

    async def _allowed(self, scope: Message, size: int) -> Allowed:
        """How large this body may be. Who has no role that a row asks for has the usual limit, as what is nowhere."""
        usual = Allowed(settings.BODY_MAX_BYTES)
        if 0 <= size <= usual.size:
            return usual
        row = row_for(self.table, scope["path"], scope["method"])
        if row is None or not is_somewhere(scope["path"]):
            return usual
        if not row.roles:
            # Not from the database: of a line that breaks meanwhile the server forgets what nobody had begun to read.
            return Allowed(row.size, PIECES, cookie_of(scope))
        if not await database_sync_to_async(may_send)(scope, row.roles):
            return usual
        return Allowed(row.size, FILES, await database_sync_to_async(account_of)(scope))

    def _count(self, body: Body, allowed: Allowed) -> None:
        if not allowed.room:
            self.small[body] = None
            if len(self.small) > settings.BODY_MAX_OPEN:
                next(iter(self.small)).refuse(408)
            return
        room = self.large[allowed.room]
        own = [held for held, account in room.items() if account == allowed.account]
        if len(own) >= settings.BODY_MAX_LARGE_EACH:
            own[0].refuse(503)
        if len(room) >= settings.BODY_MAX_LARGE:
            body.refuse(503)
        else:
            room[body] = allowed.account

    def _done(self, body: Body) -> None:
        self.small.pop(body, None)
        for room in self.large.values():
            room.pop(body, None)

    async def _say(self, scope: Message, body: Body, limit: int) -> None:
        why = {408: "slow", 413: "too_large", 503: "busy"}[body.refusal]
        REFUSED.labels(why).inc()
        await answer(scope, body.send, body.refusal, limit)


def is_somewhere(path: str) -> bool:
    """Whether a page stands at the address: Wagtail answers for all below its own, and some of that is closed."""
    try:
        route = resolve(path).route
    except Resolver404:
        return False
    return not route.endswith(CATCH_ALL) and not is_closed(route.removeprefix(ADMIN))


def may_send(scope: Message, roles: tuple[str, ...]) -> bool:
    """Whether whoever sends this is signed in and holds one of the roles today."""
    return holds_role(ASGIRequest(scope, BytesIO()), roles)


def holds_role(request: HttpRequest, roles: tuple[str, ...]) -> bool:
    """The same of a request that no middleware has seen yet."""
    request.session = _session_of(request)
    user = of_session(request)
    return user.is_authenticated if roles == SIGNED_IN else has_role(user, *roles)


def account_of(scope: Message) -> str:
    """Whose session this is, whatever browser it is in; empty for nobody's."""
    return str(_session_of(ASGIRequest(scope, BytesIO())).get(SESSION_KEY, ""))


def cookie_of(scope: Message) -> str:
    """The session that a request says it belongs to; whether there is such a one is asked later."""
    return str(ASGIRequest(scope, BytesIO()).COOKIES.get(settings.SESSION_COOKIE_NAME, ""))


def _session_of(request: HttpRequest) -> SessionStore:
    return SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))


async def answer(scope: Message, send: Send, status: int, limit: int = 0) -> None:
    """Tell the sender why not, and what to do next."""
    told = said(ASGIRequest(scope, BytesIO()), status, limit)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": told.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else told.content})


def said(request: HttpRequest, status: int, limit: int) -> HttpResponse:
    """What the sender is told, as a page or as JSON; in words, with the next step."""
    with translation.override(translation.get_language_from_request(request)):
        if status == 413:
            answer = views.too_large(request, limit)
        elif status == 411:
            answer = views.bad_request(request)
            answer.status_code = status
        elif status == 408:
            answer = views.too_slow(request)
        else:
            answer = views.unavailable(request)
    answer["Content-Length"] = str(len(answer.content))
    answer["Cache-Control"] = "no-store"
    complete(request, answer)
    return answer
