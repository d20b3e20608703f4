"""Which token a key opens."""

import datetime as dt
import hashlib

from django.db.models import QuerySet

from api.models import Token


def hash_of(key: str) -> str:
    """Return what is stored of a key: it has 256 bits of chance, so that one plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def alive_tokens(*, as_of: dt.datetime) -> QuerySet[Token]:
    """Return the tokens that open something at that moment, as far as they themselves say."""
    return Token.objects.filter(ended_at=None, expires_at__gt=as_of)


def token_of(key: str, *, as_of: dt.datetime) -> Token | None:
    """Return the living token of a key, with its unit and maker; one query."""
    return alive_tokens(as_of=as_of).select_related("node", "made_by").filter(key_hash=hash_of(key)).first()
