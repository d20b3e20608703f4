"""What somebody has to do today besides taking part, as lecturer for instance.

Apps above the ledger name their part in ``settings.DUTIES``: each ``(user, as_of) -> [Duty]``, one query at most, and
none for whoever cannot have such a duty. ``settings.BRANCH_DUTIES`` are those that concern a unit: 支部 says them too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from attendance.kinds import Step
from organizations.models import User


@dataclass(frozen=True)
class Duty:
    """One thing to do today: what is said of it, what and where it is, and the step that leads there."""

    text: str
    title: str
    place: str
    step: Step
    is_now: bool


def duties_of(user: User, *, as_of: datetime) -> list[Duty]:
    """Return what a person has to do today."""
    return _of(settings.DUTIES, user, as_of)


def unit_duties_of(user: User, *, as_of: datetime) -> list[Duty]:
    """Return what of it concerns the person's units."""
    return _of(settings.BRANCH_DUTIES, user, as_of)


def _of(paths: Iterable[str], user: User, as_of: datetime) -> list[Duty]:
    parts: list[Callable[[User, datetime], list[Duty]]] = [import_string(path) for path in paths]
    return [duty for part in parts for duty in part(user, as_of)]
