"""What wraps every request: its headers, health before all else, its line in the log, media without a page's costs, a
plain page when the database is away, the content policy.
"""

import asyncio
import posixpath
import re
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import structlog
from csp.constants import SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.dispatch import receiver
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django_structlog.middlewares import RequestMiddleware

from config import views
from config.headers import complete
from media.storage import UnableToReach, UnableToStore
from media.views import files

log = structlog.get_logger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]
ADMIN, MEDIA = "/admin/", "/m/"
SLASHES = re.compile(r"[/\\]+")
LARGEST_KEY = 2**63 - 1
PIECE_BYTES = 64 * 2**10


def headers(get_response: GetResponse) -> GetResponse:
    """Around everything else: whatever answers, the answer has all headers (config/headers.py)."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        complete(request, response)
        return response

    return middleware


def files_in_pieces(get_response: GetResponse) -> GetResponse:
    """Under ASGI a file goes out as it is read; of a synchronous stream Django makes a list first, and warns."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if isinstance(request, ASGIRequest) and isinstance(response, FileResponse) and not response.is_async:
            response.streaming_content = _pieces(iter(response.streaming_content))  # type: ignore[arg-type]
        return response

    return middleware


async def _pieces(content: Iterator[bytes]) -> AsyncIterator[bytes]:
    is_over = False
    while not is_over:
        piece = await asyncio.to_thread(_piece, content)
        is_over = len(piece) < PIECE_BYTES
        yield piece


def _piece(content: Iterator[bytes]) -> bytes:
    """Return the next PIECE_BYTES or a little more; less only where nothing is left."""
    parts, size = [], 0
    for part in content:
        parts.append(part)
        size += len(part)
        if size >= PIECE_BYTES:
            break
    return b"".join(parts)


def health(get_response: GetResponse) -> GetResponse:
    """Answer /healthz and /readyz before host checks and sessions.

    A balancer asks by address; the first must cost nothing, the second answer with the database away.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return views.healthz(request)
        if request.path == "/readyz":
            return views.readyz(request)
        return get_response(request)

    return middleware


def told_path(path: str) -> str:
    """The address as a log may hold it: no question, and of what bears a token only where it leads.

    Also of one that is written wrongly, for its token is a right one: ``//m/…``, ``/M/…``, ``/./m/…``.
    """
    plain = posixpath.normpath(SLASHES.sub("/", path))
    secret = next((prefix for prefix in settings.PATHS_WITH_TOKENS if plain.lower().startswith(prefix)), None)
    if secret is not None:
        return f"{secret}…"
    return plain if ".." in path else path  # what is left out by the dots may be one


class RequestLog(RequestMiddleware):
    """One line a request: who asked what, from where, what it became and how long it took (ms).

    The person only where the page itself asked who it is: a line must not cost two queries.
    """

    async_capable = False

    def __call__(self, request: HttpRequest) -> Any:
        began = time.perf_counter()
        self.prepare(request)
        response: Any = self.get_response(request)
        self._say(request, response, began)
        return response

    def prepare(self, request: HttpRequest) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=secrets.token_hex(8))
        self.bind_ip(request)

    def _say(self, request: HttpRequest, response: HttpResponseBase, began: float) -> None:
        self.bind_user_id(request)
        ms = round((time.perf_counter() - began) * 1000, 1)
        level = self._log_level_for_status_code(response.status_code)
        log.log(level, "request", request=self.format_request(request), code=response.status_code, ms=ms)
        structlog.contextvars.clear_contextvars()

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {told_path(request.path)}"

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        user = getattr(request, "_cached_user", None)  # django.contrib.auth.middleware's, once somebody has asked
        if user is not None:
            structlog.contextvars.bind_contextvars(user_id=user.pk)


def media_files(get_response: GetResponse) -> GetResponse:
    """Answer ``/m/…`` before sessions, languages and all that a page needs: it is asked thousands of times a second."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(MEDIA):
            token, _slash, path = request.path_info.removeprefix(MEDIA).partition("/")
            return files.serve(request, token, path)
        return get_response(request)

    return middleware


def unavailable_database(get_response: GetResponse) -> GetResponse:
    """Turn a database or a bucket that is away, silent or overloaded into 503 with Retry-After; browsers try again.

    Around everything else: a session is read, and a right asked, long before a view is called.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        sorry = _sorry(request)
        if sorry is None:
            return response
        response.close()
        sorry["Cache-Control"] = "no-store"
        return sorry

    return middleware


def _sorry(request: HttpRequest) -> HttpResponse | None:
    if getattr(request, "is_database_away", False) or getattr(request, "is_storage_away", False):
        return views.unavailable(request)
    return views.storage_full(request) if getattr(request, "is_storage_full", False) else None


@receiver(got_request_exception)
def notice_database(request: HttpRequest | None = None, **_kwargs: Any) -> None:
    """Django asks here for each exception, whichever middleware or view it comes from, before it is an error page.

    From then on the request is nobody's: whoever still asks who it is (the log) does not wait for the database again.
    """
    error = sys.exc_info()[1]
    if request is not None and isinstance(error, UnableToReach):
        log.warning("storage_away", reason=str(error))
        request.is_storage_away = True  # type: ignore[attr-defined]
    if request is not None and isinstance(error, UnableToStore):
        log.error("storage_full", reason=str(error))
        request.is_storage_full = True  # type: ignore[attr-defined]
    if request is not None and isinstance(error, OperationalError | InterfaceError):
        log.warning("database_away", error=type(error.__cause__ or error).__name__, detail=str(error)[:200])
        request.is_database_away = True  # type: ignore[attr-defined]
        request.user = AnonymousUser()


def private_pages(get_response: GetResponse) -> GetResponse:
    """Whoever is signed in leaves no page behind on a phone that others use too: nothing is kept, unless the view says
    for how long it may be."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and "Cache-Control" not in response.headers:
            add_never_cache_headers(response)
        return response

    return middleware


class possible_ids:
    """Answer 404 to a number in an address that no database's key can hold: asking for it would be an error page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if any(isinstance(value, int) and value > LARGEST_KEY for value in (*args, *kwargs.values())):
            raise Http404


class ContentSecurityPolicy(CSPMiddleware):
    """The strict policy for members' pages, the relaxed one under Wagtail's admin.

    Old WebViews do not take ``'self'`` for web sockets, so the socket's own origin is named.
    """

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only:
            scheme = "wss" if request.is_secure() else "ws"
            parts.update = {**(parts.update or {}), "connect-src": [f"{scheme}://{request.get_host()}"]}
            if request.path.startswith(ADMIN):
                parts.config = settings.CONTENT_SECURITY_POLICY_ADMIN
            elif getattr(request, "is_preview", False):  # Wagtail asks for the page itself, and frames the answer
                parts.replace = {**(parts.replace or {}), "frame-ancestors": [SELF]}
        return parts

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Let Wagtail's editor show its preview in a frame of its own; nothing else is ever framed, by either rule."""
        if request.path.startswith(ADMIN):
            response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        return super().process_response(request, response)
