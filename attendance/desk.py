"""What apps say on the organiser's desk (``attendance/views/desk.py``) without the ledger knowing them.

``settings.DESK`` names functions by what they answer:

* ``today``: ``(user, as_of) -> [Given]``, what is given today, in the order of the day
* ``matters``: ``(user, as_of) -> [Matter]``, what waits for this person, each with the step that ends it
* ``drafts``: the same of what is not finished, after everything else
* ``mine``: ``(user) -> Q`` over occasions: what somebody gives, wherever it is for
* ``plan``: ``(user, day) -> str``, one function: where something is planned for a day; "" where they may not

Each says only what the person's roles of today allow, at most ``MOST`` rows of a kind, in at most three queries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from attendance.kinds import Step
from organizations.models import User

MOST = 5


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that is given today: when, what, how far it is, and one button (None: nothing to be done)."""

    time: str
    title: str
    chip: str  # how far it is, in a word or two
    look: str  # live, due, ok or plain
    text: str
    step: Step | None


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that waits for this person, and the step that ends it."""

    title: str
    text: str
    step: Step


def today_of(user: User, *, as_of: datetime) -> list[Given]:
    """Return what is given today in a person's units, or by them."""
    return [one for part in _parts("today") for one in part(user, as_of)]


def matters_of(user: User, *, as_of: datetime) -> list[Matter]:
    """Return what waits for a person in the apps above, in their order."""
    return [one for part in _parts("matters") for one in part(user, as_of)]


def drafts_of(user: User, *, as_of: datetime) -> list[Matter]:
    """Return what a person has begun and not finished in the apps above."""
    return [one for part in _parts("drafts") for one in part(user, as_of)]


def given_by(user: User) -> Q:
    """Return which occasions a person gives."""
    found = Q(pk__in=())
    for part in _parts("mine"):
        found |= part(user)
    return found


def plan_url(user: User, day: date) -> str:
    """Return where something is planned for a day; "" where the person may not plan anything."""
    return next((str(part(user, day)) for part in _parts("plan")), "")


def _parts(name: str) -> list[Callable[..., Any]]:
    return [import_string(path) for path in settings.DESK.get(name, ())]
