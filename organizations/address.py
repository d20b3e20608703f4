"""One rule for everybody who asks where a request comes from: ``REMOTE_ADDR`` is the client, no other header says so.

The limits, the log, the audit trail each have a rule of their own for ``X-Forwarded-For``, and some believe what the
client wrote. So the outermost middleware decides once (``settings.TRUSTED_PROXIES``), puts the answer where all of them
look when there is no proxy, and takes the headers away. The server in front of Django must not rewrite addresses
itself (uvicorn: ``--no-proxy-headers``).
"""

import ipaddress
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from organizations.core import addresses

log = structlog.get_logger(__name__)

FORWARDED = "HTTP_X_FORWARDED_FOR"
# What django-auditlog and whoever reads headers by hand would take for an address.
CLAIMS = (FORWARDED, "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_X_FORWARDED_PORT")
UNKNOWN = "unknown"


class ClientAddress:
    """Middleware, before all others that look at an address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.trusted = settings.TRUSTED_PROXIES
        self.warned = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        peer, forwarded = request.META.get("REMOTE_ADDR") or "", request.META.get(FORWARDED, "")
        if forwarded and not self.warned and is_near(peer) and not self.trusted.holds(peer):
            self.warned = True  # once a process: a visitor of a direct site may send the header, too
            log.warning(
                "proxy_not_trusted",
                peer=peer or addresses.UNIX,
                help="a proxy seems to stand before this site; name it in TRUSTED_PROXIES, or all visitors are one",
            )
        request.META["REMOTE_ADDR"] = addresses.client_of(peer=peer, forwarded=forwarded, trusted=self.trusted)
        for claim in CLAIMS:
            request.META.pop(claim, None)
        return self.get_response(request)


def is_near(peer: str) -> bool:
    """Whether the other end is of this machine or network, as a proxy of ours would be."""
    try:
        parsed = ipaddress.ip_address(peer)
    except ValueError:
        return True
    return parsed.is_loopback or parsed.is_private


def client_address(request: HttpRequest) -> str:
    """Where this request comes from, "unknown" where nobody can say."""
    return request.META.get("REMOTE_ADDR") or UNKNOWN
