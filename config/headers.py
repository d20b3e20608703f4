"""The headers that every answer has, whoever gives it: a page, a file, or what refuses before a page is asked.

Most answers get theirs from Django's own middleware on the way out. Here stands what is still missing at the end: in
answers of the health addresses, of the guard (config/guard.py, config/wsgi.py), of static and media files, and of a
request that is refused before the middleware of the content policy saw it (config.middleware.headers).
"""

import re

from csp.constants import HEADER as POLICY
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware

from config.views import nothing_here

ADMIN = "/admin/"
ROOM_PAGE = re.compile(r"/live/(?:check/|\d+/(host/(?:rehearsal/)?)?)")
WITH_POLICY = ("text/html", "application/json")  # what a browser may show as a page of ours; a file needs none


def complete(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give an answer each header that it lacks. Camera and microphone for a live room's pages alone,
    and the microphone for the page that tries a phone out."""
    is_office = request.path_info.startswith(ADMIN)
    headers = response.headers
    if "Referrer-Policy" not in headers:
        SecurityMiddleware(nothing_here).process_response(request, response)  # type: ignore[arg-type] # headers are all it touches
    page = ROOM_PAGE.fullmatch(request.path_info)
    kind = "page" if page is None else "host" if page[1] else "room"
    headers["Permissions-Policy"] = settings.PERMISSIONS_POLICY[kind]
    # A package plays in a frame that is of no origin, ours neither (packages/views/files.py).
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "SAMEORIGIN" if is_office else settings.X_FRAME_OPTIONS)
    if POLICY not in headers and headers.get("Content-Type", "").startswith(WITH_POLICY):
        headers[POLICY] = build_policy(settings.CONTENT_SECURITY_POLICY_ADMIN if is_office else None)
