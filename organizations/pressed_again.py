"""A code that comes a second time: on a slow line whoever saw nothing happen presses again.

The first press (of a text message's code, or of the second step's) signed them in and ended the session that held the
code; its answer, with the new cookie, went to a page that the second press had given up. For two minutes the ended
session's cookie together with the right code says who was signed in. Either alone opens nothing, and one wrong code
ends it: nobody tries out codes here.

It lies among the sessions, sealed as they are and removed as they are, under a name that only the server can make.
"""

import datetime as dt
import unicodedata
from enum import StrEnum

from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from organizations.models import User

LASTS = dt.timedelta(minutes=2)
_SALT = "organizations.pressed_again"


class Step(StrEnum):
    """What the code was for. One of the first step never counts for one of the second."""

    FIRST = "session"
    SECOND = "second step"


def remember(request: HttpRequest, *, code: str, person: User, step: Step = Step.FIRST) -> None:
    """Keep that this browser's session was right with a code; called before that session ends."""
    kept = {"code": _hashed(code), "person": person.pk, "auth": person.get_session_auth_hash()}
    row = {"session_data": Session.objects.encode(kept), "expire_date": timezone.now() + LASTS}
    Session.objects.update_or_create(session_key=_key(request, step), defaults=row)


def person_of(request: HttpRequest, *, code: str, step: Step = Step.FIRST) -> User | None:
    """Return whom this browser signed in with this code a moment ago. A wrong one ends it."""
    row = Session.objects.filter(session_key=_key(request, step), expire_date__gt=timezone.now()).first()
    kept = row.get_decoded() if row else {}
    if "code" not in kept or row is None:
        return None
    if not constant_time_compare(kept["code"], _hashed(code)):
        row.delete()
        return None
    person = User.objects.filter(pk=kept["person"]).first()
    # Django's hash of a session: with another password or number it fits no more.
    fits = person is not None and constant_time_compare(kept["auth"], person.get_session_auth_hash())
    return person if fits else None


def _hashed(code: str) -> str:
    digits = "".join(one for one in unicodedata.normalize("NFKC", code) if one.isdecimal())
    return salted_hmac(_SALT, f"code {digits}").hexdigest()


def _key(request: HttpRequest, step: Step) -> str:
    # As it was sent: of an ended session Django forgets the name.
    cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return salted_hmac(_SALT, f"{step.value} {cookie}").hexdigest()[:32]
