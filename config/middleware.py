"""What wraps every request: health before all else, a plain page when the database is away, the content policy."""

from collections.abc import Callable
from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from config import views

GetResponse = Callable[[HttpRequest], HttpResponseBase]
RETRY_AFTER_S = 5
ADMIN = "/admin/"
LARGEST_KEY = 2**63 - 1


def health(get_response: GetResponse) -> GetResponse:
    """Answer /healthz before host checks and sessions: a balancer asks by address, and it must cost nothing."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/healthz":
            return views.healthz(request)
        return get_response(request)

    return middleware


class busy_database:
    """Turn a database that is away or overloaded into 503 with Retry-After; phones and browsers try again."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError | InterfaceError):
            response = views.unavailable(request)
            response["Retry-After"] = str(RETRY_AFTER_S)
            return response
        return None


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
        return parts

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Let Wagtail's editor show its preview in a frame of its own; nothing else is ever framed."""
        if request.path.startswith(ADMIN):
            response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        return super().process_response(request, response)
