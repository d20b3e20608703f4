"""Whether who sits in a room is still signed in: asked for everybody at once, at the door and every second.

A socket outlives the request that let it in, so nobody else would notice that the session behind it was ended
(sign-out), that its password was changed elsewhere, or that the person was deactivated.
"""

import datetime as dt
import hmac
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.utils.crypto import constant_time_compare

from organizations.models import User
from organizations.session_store import SessionStore

AT_ONCE = 5000
HELD = "u.password, u.phone_index"  # what a session ends with: User._get_session_auth_hash
Claim = tuple[str, int]


def signed_in(claims: Collection[Claim], *, as_of: dt.datetime) -> dict[Claim, str]:
    """Return which of these ``(session key, person)`` are signed in, by Django's own rule: the session names that
    person, and their password and number are those it began with. Each with a mark of these, for ``still_signed_in``.

    One query (each 5,000).
    """
    found = {}
    for session_key, user_id, password, phone_index, data in _rows(claims, as_of, f"{HELD}, s.session_data"):
        session = SessionStore().decode(data)
        if session.get(SESSION_KEY) == str(user_id) and _fits(
            session, User(password=password, phone_index=phone_index)
        ):
            found[session_key, user_id] = _mark(password, phone_index)
    return found


def _fits(session: Mapping[str, Any], user: User) -> bool:
    """Whether the session began with the person's password and number: by the key of now, or by one of before."""
    begun = session.get(HASH_SESSION_KEY, "")
    if constant_time_compare(begun, user.get_session_auth_hash()):
        return True
    return any(constant_time_compare(begun, one) for one in user.get_session_auth_fallback_hash())


def still_signed_in(claims: Collection[Claim], *, as_of: dt.datetime) -> dict[Claim, str]:
    """Return which of these claims, all found by ``signed_in`` before, have a session yet and an active person.

    Whose mark has changed has a new password or number. One query (each 5,000), and no session is opened: cheap for
    a full room.
    """
    rows = _rows(claims, as_of, HELD)
    return {(session_key, user_id): _mark(password, number) for session_key, user_id, password, number in rows}


def _rows(claims: Collection[Claim], as_of: dt.datetime, columns: str) -> Iterator[tuple[Any, ...]]:
    now = connection.ops.adapt_datetimefield_value(as_of)
    asked = sorted(set(claims))
    for first in range(0, len(asked), AT_ONCE):
        some = asked[first : first + AT_ONCE]
        places = ", ".join(["(%s, %s)"] * len(some))
        sql = (
            f"WITH given (session_key, user_id) AS (VALUES {places}) "  # noqa: S608 - places and our own columns
            f"SELECT g.session_key, g.user_id, {columns} FROM given g "
            "JOIN django_session s ON s.session_key = g.session_key AND s.expire_date > %s "
            "JOIN organizations_user u ON u.id = g.user_id AND u.is_active"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [*(value for claim in some for value in claim), now])
            yield from cursor.fetchall()


def _mark(password: str, phone_index: str | None) -> str:
    """A process keeps no password hashes of a whole room. ``hmac.digest`` is one call into C: 10,000 take 12 ms."""
    return hmac.digest(settings.SECRET_KEY.encode(), f"{password}{phone_index or ''}".encode(), "sha256")[:12].hex()
