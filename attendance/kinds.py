"""The plug point for ways to take part: each occasion kind is one class named in ``settings.OCCASION_KINDS``.

The ledger knows occasions, not lectures or courses; what a member can click comes from here. All URLs are made from
the occasion's id alone, so that a list of occasions costs no query a row.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from attendance.core.hours import Form
from attendance.models import Occasion
from organizations.models import User


@dataclass(frozen=True)
class Step:
    """A next possible step: what the button says and where it goes."""

    label: str
    url: str


@dataclass(frozen=True)
class HeldBack:
    """An occasion that somebody cannot begin yet: why, as a sentence, and the step to what comes first."""

    said: str
    step: Step
    first: str  # what comes first, by its name


class OccasionKind(Protocol):
    """What an app that offers occasions tells the ledger about them. No method may touch the database but
    ``held_back``, which is asked once for all occasions of a page, and ``recorded_steps``.

    ``hours_form``, where a kind has it: the form by which an hours table counts it (``own_form``).
    ``plan_step``, ``book_steps``, where it has them: ways to plan a meeting, and what to do with one from its book.
    ``held_back``, where it has it: ``(occasions, *, member, as_of)``, a ``HeldBack`` of each, by its id, that waits.
    ``recorded_steps``, where it has them: ``(occasion, *, member)``, the way to what was recorded of a meeting.
    ``office_url``, where it has it: ``(occasion, *, plans)``, the page of whoever gives it or (plans) organises it.
    """

    label: str
    is_in_person: bool  # people meet in a place (``is_in_person``); left out: they do not

    def url_for(self, occasion: Occasion, member: User) -> str:
        """Return the page where ``member`` takes part in ``occasion``."""

    def catch_up(self, occasion: Occasion, member: User, *, done_ms: int = 0) -> Step | None:
        """Return how ``member``, for whom ``done_ms`` count, can still do or make up ``occasion``, or None when there
        is no way on the phone."""


def plan_steps(*, node_id: int, form_code: str) -> list[Step]:
    """Return other ways in which a unit may hold a meeting of this form: of kinds that have a ``plan_step``."""
    found = [getattr(kind, "plan_step", None) for kind in kinds().values()]
    return [step(node_id=node_id, form_code=form_code) for step in found if step]


def book_steps(occasion: Occasion, *, plans: bool) -> list[Step]:
    """Return what else can be done with an occasion from its book, by its kind."""
    own = getattr(kinds().get(occasion.kind), "book_steps", None)
    return list(own(occasion, plans=plans)) if own else []


def held_back(occasions: Collection[Occasion], *, member: User, as_of: datetime) -> dict[int, HeldBack]:
    """Return which of these occasions ``member`` cannot begin before something else; two queries where none is."""
    found: dict[int, HeldBack] = {}
    for name, kind in kinds().items():
        own = [one for one in occasions if one.kind == name]
        if own and (ask := getattr(kind, "held_back", None)):
            found |= ask(own, member=member, as_of=as_of)
    return found


def recorded_steps(occasion: Occasion, *, member: User) -> list[Step]:
    """Return the way to what was recorded of a meeting, for whom it is for, by its kind."""
    own = getattr(kinds().get(occasion.kind), "recorded_steps", None)
    return list(own(occasion, member=member)) if own else []


def is_in_person(kind: str) -> bool:
    """Whether people meet in a place: no part of the site is their witness, and its absence takes nothing from them."""
    return bool(getattr(kinds().get(kind), "is_in_person", False))


def is_meeting(kind: str) -> bool:
    """Whether people meet, in a place or by video; else something is given, which they hear or study."""
    return own_form(kind) == Form.GATHERING


def kinds() -> dict[str, OccasionKind]:
    """Return every registered kind by its name."""
    return _load(tuple(settings.OCCASION_KINDS.items()))


@cache
def _load(paths: tuple[tuple[str, str], ...]) -> dict[str, OccasionKind]:
    return {name: import_string(path)() for name, path in paths}


def own_form(kind: str) -> str:
    """Return the form (``core.hours.Form``) in which one takes part in a kind: its ``hours_form``, a lecture's else."""
    return str(getattr(kinds().get(kind), "hours_form", Form.LIVE))


def office_url(occasion: Occasion, user: User, *, plans: bool) -> str:
    """Return the page of an occasion for ``user``, who gives it or (``plans``) organises it; a member's else."""
    kind = kinds()[occasion.kind]
    own = getattr(kind, "office_url", None)
    return str(own(occasion, plans=plans)) if own else kind.url_for(occasion, user)
