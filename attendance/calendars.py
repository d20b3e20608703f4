"""The plug point for what else a person's calendar holds: functions named in ``settings.CALENDARS``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from organizations.models import User


@dataclass(frozen=True)
class Entry:
    """One event; the same occasion has the same entry in everybody's calendar, whoever they are to it.

    ``revision`` grows with each change; ``path``: the page of this site that it leads to; ``note``: one more line.
    """

    occasion_id: int
    title: str
    starts_at: datetime
    ends_at: datetime
    unit: str
    path: str
    revision: int
    is_cancelled: bool = False
    note: str = ""


def entries_of(person: User, *, since: datetime, until: datetime) -> Iterator[Entry]:
    """Return what apps above know of a person between two moments: what they give and organise, what was cancelled."""
    parts: list[Callable[..., list[Entry]]] = [import_string(path) for path in settings.CALENDARS]
    for part in parts:
        yield from part(person, since=since, until=until)
