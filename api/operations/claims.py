"""One process at a time sends to one place: a claim on its row, which runs out by itself."""

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet

BUSY = dt.timedelta(seconds=90)


def is_free(as_of: dt.datetime) -> Q:
    """What no process sends to now."""
    return Q(busy_until=None) | Q(busy_until__lte=as_of)


def claim(rows: QuerySet[Any], *, as_of: dt.datetime) -> bool:
    """Claim a row for ``BUSY``; False where another process has it, or it is none of ``rows`` any more."""
    return bool(rows.filter(is_free(as_of)).update(busy_until=as_of + BUSY, tried_at=as_of))
