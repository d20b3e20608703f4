"""Room tickets: made by the page, shown in the handshake, so that the handshake asks for no rights.

A ticket names the occasion, the person and what they are there; it lives two minutes and is bound to the browser's
session cookie, so that a copied address lets nobody in. Whether that session is still signed in is asked for all who
come together (``live.room.sessions``).
"""

from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.core import signing
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare, salted_hmac

MAX_AGE_S = 120
SALT = "live.ticket"
FALLBACK_SALT = "live.fallback"


T = TypeVar("T", "Ticket", "FallbackTicket")


class UnableToEnter(Exception):
    """The ticket is forged, expired, of another occasion, or of another browser."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """``counted``: presence of this person is evidence (on the roster). ``device``: random name of the browser.

    ``meets``: the room is a meeting, where everybody needs a seat. ``withheld``: they would lead it by a role
    that waits for the second step of their session (ADR 94), and are no host until it is shown.
    """

    occasion: int
    member: int
    device: str
    host: bool
    counted: bool
    meets: bool = False
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class FallbackTicket:
    """For the fallback's socket. ``source``: the page on the air, by the name that it gave itself."""

    occasion: int
    member: int
    device: str
    source: str


def make(ticket: Ticket, *, session_key: str) -> str:
    """Return the ticket as text fit for a URL."""
    said = asdict(ticket) | {"session": _mark(session_key)}
    for later in ("meets", "withheld"):
        if not said[later]:
            del said[later]  # a process of an older version refuses what it does not know
    return signing.dumps(said, salt=SALT, compress=False)


def make_fallback(ticket: FallbackTicket, *, session_key: str) -> str:
    """The same for the fallback's socket, where a room's ticket opens nothing, nor this one a room."""
    return signing.dumps(asdict(ticket) | {"session": _mark(session_key)}, salt=FALLBACK_SALT, compress=False)


def read(text: str, *, occasion_id: int, cookie_header: str) -> tuple[Ticket, str]:
    """Return what a ticket says, and the session key it is bound to; raises ``UnableToEnter``."""
    return _read(Ticket, text, SALT, occasion_id=occasion_id, cookie_header=cookie_header)


def read_fallback(text: str, *, occasion_id: int, cookie_header: str) -> tuple[FallbackTicket, str]:
    """The same of one of ``make_fallback``."""
    return _read(FallbackTicket, text, FALLBACK_SALT, occasion_id=occasion_id, cookie_header=cookie_header)


def _read(kind: type[T], text: str, salt: str, *, occasion_id: int, cookie_header: str) -> tuple[T, str]:
    try:
        data: dict[str, Any] = signing.loads(text, salt=salt, max_age=MAX_AGE_S)
        mark = data.pop("session")
        ticket = kind(**data)
    except (signing.BadSignature, TypeError, KeyError, AttributeError, ValueError) as error:
        raise UnableToEnter from error
    session_key = parse_cookie(cookie_header).get(settings.SESSION_COOKIE_NAME, "")
    if ticket.occasion != occasion_id or not constant_time_compare(mark, _mark(session_key)):
        raise UnableToEnter
    return ticket, session_key


def _mark(session_key: str) -> str:
    return salted_hmac(SALT, session_key).hexdigest()[:24]
