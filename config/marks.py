"""Marks: when a part of the site was last seen to work, whoever it was (``config.models.Mark``)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from config.models import Mark

EVERY_S = 10.0  # how often worker and beat leave one
KEPT = timedelta(days=1)
OF_HOSTS = ("worker@", "alive@", "beat@")
BACKUP, DRILL, KEY_KEPT, RESTORED = "backup", "restore_drill", "phone_key_kept", "restored"
CHAIN = "verify_chain"


def leave(*, name: str, as_of: datetime, data: Mapping[str, Any] | None = None) -> None:
    """Write down that ``name`` worked at ``as_of``, with what whoever asks may want to know; never a secret."""
    Mark.objects.update_or_create(name=name[:120], defaults={"at": as_of, "data": dict(data or {})})


def found() -> dict[str, Mark]:
    """Return all marks by name: one query, a handful of rows."""
    return {mark.name: mark for mark in Mark.objects.all()}


def newest(marks: Mapping[str, Mark], prefix: str) -> Mark | None:
    """Return the newest of the marks whose names begin so; None where there is none."""
    named = [mark for name, mark in marks.items() if name.startswith(prefix)]
    return max(named, key=lambda mark: mark.at, default=None)


def forget_hosts(*, as_of: datetime) -> None:
    """Drop what hosts left that were not heard of for a day: they were taken down."""
    for prefix in OF_HOSTS:
        Mark.objects.filter(name__startswith=prefix, at__lt=as_of - KEPT).delete()
