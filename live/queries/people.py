"""Who is in a room now, by presence. Ten thousand people never travel at once. Nothing here writes."""

import datetime as dt
import re
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance.models import PresenceSpan
from organizations.models import Membership
from organizations.queries import valid_on

A_PAGE = 30
MOST_SOUGHT = 20
COUNTED_FOR_S = 5
LETTERS = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Here:
    """A member who is in the room."""

    member: int
    name: str
    unit: str


@dataclass(frozen=True)
class HerePage:
    """One page of them; ``found``: how many there are over all pages."""

    rows: tuple[Here, ...]
    found: int
    page: int
    pages: int


def people_in(occasion_id: int, *, sought: str, unit_id: int, page: int, as_of: dt.datetime, of: str = "") -> HerePage:
    """Return a page of the members who are in, in the order of their names; two queries.

    ``sought``: a part of the name, or the first letters of its syllables; ``unit_id``: of one unit alone, 0 for all;
    ``of``: of the units whose name has this.
    """
    people = _here(occasion_id, as_of=as_of)
    if sought:
        people = people.filter(_named(sought))
    if unit_id:
        people = people.filter(node_id=unit_id)
    if of:
        people = people.filter(node__name__contains=of)
    found = people.count()
    pages = max(1, -(-found // A_PAGE))
    page = min(max(page, 1), pages)
    rows = people.order_by("member__name_key", "member_id").values_list("member_id", "member__name", "node__name")
    shown = rows[(page - 1) * A_PAGE : page * A_PAGE]
    return HerePage(tuple(Here(*row) for row in shown), found=found, page=page, pages=pages)


def units_in(occasion_id: int, *, as_of: dt.datetime) -> list[tuple[int, str, int]]:
    """Return each unit with how many of its members are in, the most first.

    Counted once in five seconds a room, whoever asks.
    """
    key = f"live-units-{occasion_id}"
    found: list[tuple[int, str, int]] | None = cache.get(key)
    if found is None:
        units = _here(occasion_id, as_of=as_of).values("node_id").annotate(name=F("node__name"), n=Count("pk"))
        found = list(units.order_by("-n", "node__path").values_list("node_id", "name", "n"))
        cache.set(key, found, COUNTED_FOR_S)
    return found


def _here(occasion_id: int, *, as_of: dt.datetime) -> "QuerySet[Membership]":
    """Memberships of today whose members are in: a person has one."""
    span = PresenceSpan.objects.filter(occasion_id=occasion_id, ended_at=None, member_id=OuterRef("member_id"))
    return Membership.objects.filter(Exists(span), valid_on(timezone.localdate(as_of)))


def _named(sought: str) -> Q:
    """Match a part of a name, or initials: each letter begins a syllable of the name's key."""
    named = Q(member__name__contains=sought)
    letters = sought.lower()
    if LETTERS.fullmatch(letters):
        named |= Q(member__name_key__regex="^" + "".join(f"{one}[a-z]*[0-9]" for one in letters))
    return named
