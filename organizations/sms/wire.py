"""One HTTP request to a gateway: https (or this machine), no redirects, a few seconds, a short answer."""

import http.client
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from organizations.sms.answers import UnableToSendSms

CONNECT_S = 5.0
WHOLE_S = 10.0
MOST_BYTES = 64 * 2**10
PIECE = 4096


@dataclass(frozen=True)
class Reply:
    status: int
    text: str
    request_id: str = ""


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the secret and the number to an address that nobody configured."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_StayHere)


def ask(*, url: str, method: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
    """Send the request and return the answer, whatever its status. Raises UnableToSendSms where none comes."""
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)  # noqa: S310 - settings ask
    ends_at = time.monotonic() + WHOLE_S
    try:
        with _opener.open(request, timeout=CONNECT_S) as response:
            return _read(response, response.status, ends_at)
    except urllib.error.HTTPError as error:
        with error:
            return _read(error, error.code, ends_at)
    except (TimeoutError, urllib.error.URLError, OSError, http.client.HTTPException, ValueError) as error:
        cause = getattr(error, "reason", error)
        timed_out = isinstance(cause, TimeoutError)
        never_there = isinstance(cause, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError)
        # The exception's own words may hold the address with what was put into it.
        why = "no answer in time" if timed_out else f"no answer: {type(cause).__name__}"
        raise UnableToSendSms(why, unsure=not never_there) from None


def _read(response: Any, status: int, ends_at: float) -> Reply:
    data = b""
    while len(data) < MOST_BYTES:
        if time.monotonic() > ends_at:
            raise UnableToSendSms("the answer did not end in time", unsure=True)
        try:
            piece = response.read1(PIECE)
        except (TimeoutError, OSError, http.client.HTTPException):
            raise UnableToSendSms("the answer did not end in time", unsure=True) from None
        if not piece:
            break
        data += piece
    return Reply(status, data.decode("utf-8", "replace"), response.headers.get("X-Request-Id", ""))
