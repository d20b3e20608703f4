"""Where somebody is signed in: listed for themselves, ended by themselves, forgotten once it is over (ADR 85).

``allauth.usersessions`` writes a row at each sign-in; it is asked for by name, for the media agent runs without it. A
session that ends takes its sockets with it (live/room/sessions.py).
"""

import datetime as dt
import random
from typing import Any

import structlog
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.http import HttpRequest

log = structlog.get_logger(__name__)
PRUNE_AT_MOST = 5_000


def sessions_of(*, user_id: int, as_of: dt.datetime) -> QuerySet[Any]:
    """Return where the person is signed in, the newest first: rows with ``session_key``, ``ip``, ``user_agent``,
    ``created_at``."""
    return _rows().filter(_is_open(as_of), user_id=user_id).order_by("-created_at", "-pk")


def note_session(request: HttpRequest) -> None:
    """Write a row of this request's own session, which is older than the list."""
    apps.get_model("usersessions", "UserSession")._default_manager.create_from_request(request)  # noqa: SLF001


@transaction.atomic
def end_sessions(*, user_id: int, as_of: dt.datetime, row_id: int | None = None, but: str = "") -> int:
    """End one of the person's sessions, or (no ``row_id``) all of them but that with this key; return how many."""
    rows = sessions_of(user_id=user_id, as_of=as_of).exclude(session_key=but)
    if row_id is not None:
        rows = rows.filter(pk=row_id)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(pk__in=keys).delete()
    _rows().filter(session_key__in=keys).delete()
    log.info("sessions_ended", user_id=user_id, count=len(keys))
    return len(keys)


def prune_sessions(*, as_of: dt.datetime) -> int:
    """Forget rows, and the address and browser in them, whose session is over, among ``PRUNE_AT_MOST`` in a row.

    Where it begins is chance: nothing says which session has ended, and to ask all of them would grow with the site.
    """
    last = _rows().aggregate(last=Max("pk"))["last"]
    if last is None:
        return 0
    start = random.randint(0, max(0, last - PRUNE_AT_MOST))
    looked_at = dict(_rows().filter(pk__gt=start).order_by("pk").values_list("pk", "session_key")[:PRUNE_AT_MOST])
    alive = set(Session.objects.filter(pk__in=looked_at.values(), expire_date__gt=as_of).values_list("pk", flat=True))
    over = [pk for pk, key in looked_at.items() if key not in alive]
    return int(_rows().filter(pk__in=over).delete()[0]) if over else 0


def _rows() -> QuerySet[Any]:
    found: QuerySet[Any] = apps.get_model("usersessions", "UserSession")._default_manager.all()  # noqa: SLF001
    return found


def _is_open(as_of: dt.datetime) -> Exists:
    return Exists(Session.objects.filter(pk=OuterRef("session_key"), expire_date__gt=as_of))
