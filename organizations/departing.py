"""Who left, and when it is taken out who they were (ADR 88). Nothing here writes."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from organizations.models import Departure, Membership, Node, PersonHold, RoleGrant
from organizations.queries import not_over_on

TOLD_BEFORE = dt.timedelta(days=30)
# A month's file names whoever left in it, and is made in the month after.
MONTHS_OF_A_FILE = dt.timedelta(days=62)
MOST_LOOKED_AT = 500  # of one night
AT_ONCE = 100
# Whoever something keeps is asked about again a day later: they do not keep the others from their turn.
ASKED_AGAIN = dt.timedelta(days=1)
ASKED_LAST = F("asked_at").asc(nulls_first=True)


def kept_for() -> dt.timedelta | None:
    """Return how long it is kept who somebody was who left; None: for good.

    Never shorter than the monthly files that name them: those are sealed, and nobody can take a name out of them.
    """
    if not settings.PERSON_KEEP_DAYS:
        return None
    files = dt.timedelta(days=settings.MONTHLY_FILE_KEEP_DAYS) + MONTHS_OF_A_FILE
    return max(dt.timedelta(days=settings.PERSON_KEEP_DAYS), files)


def goes_on(departure: Departure, *, as_of: dt.datetime) -> dt.date | None:
    """Return the day from which the person is taken out, as it looks now; None: never."""
    kept = kept_for()
    if kept is None:
        return None
    told = departure.told_at or as_of
    return max(departure.left_date + kept, timezone.localdate(told + TOLD_BEFORE))


def waiting(*, until: dt.date) -> QuerySet[Departure]:
    """Return those who left up to a day and are still known, the longest gone first, without those on hold."""
    held = PersonHold.objects.filter(member_id=OuterRef("member_id"), lifted_at=None)
    found = Departure.objects.filter(began_at=None, left_date__lte=until).exclude(Exists(held))
    return found.order_by("left_date", "pk")


def to_be_told(*, as_of: dt.datetime) -> QuerySet[Departure]:
    """Return those of whom it has to be said now that they are taken out soon, without those who were asked about
    within a day and something kept; what keeps the others is asked of each. None where nobody ever goes."""
    again = Q(asked_at=None) | Q(asked_at__lte=as_of - ASKED_AGAIN)
    return _soon(as_of).filter(again, told_at=None).order_by(ASKED_LAST, "left_date", "pk")


def to_be_written_to(*, as_of: dt.datetime, within: dt.timedelta) -> QuerySet[Departure]:
    """Return those of whom it was said within this time, and to whom themselves it may still be said."""
    told = _soon(as_of).filter(told_at__gt=as_of - within, written_at=None)
    return told.order_by(ASKED_LAST, "told_at", "pk")


def _soon(as_of: dt.datetime) -> QuerySet[Departure]:
    kept = kept_for()
    if kept is None:
        return Departure.objects.none()
    return waiting(until=timezone.localdate(as_of + TOLD_BEFORE) - kept)


def over(*, as_of: dt.datetime) -> QuerySet[Departure]:
    """Return those whose time is over and of whom it was said long enough ago; what else they may wait for is asked
    of each (``why_not``)."""
    kept = kept_for()
    if kept is None:
        return Departure.objects.none()
    return waiting(until=timezone.localdate(as_of) - kept).filter(told_at__lte=as_of - TOLD_BEFORE)


def begun() -> QuerySet[Departure]:
    """Return those who are being taken out: somebody was interrupted. Where a part failed, they come after the rest."""
    return Departure.objects.filter(began_at__isnull=False, done_at=None).order_by(ASKED_LAST, "began_at", "pk")


def why_not(member_ids: Collection[int], *, on_date: dt.date) -> dict[int, str]:
    """Return who of these cannot be taken out now, and why, as a sentence. Two queries and those of the apps above."""
    found: dict[int, str] = {}
    for path in settings.DEPARTURE_WAITS:
        found |= import_string(path)(member_ids)
    here = Membership.objects.filter(not_over_on(on_date), member_id__in=member_ids)
    found |= dict.fromkeys(here.values_list("member_id", flat=True), _("还属于一个组织"))
    roles = RoleGrant.objects.filter(not_over_on(on_date), user_id__in=member_ids)
    found |= dict.fromkeys(roles.values_list("user_id", flat=True), _("还有职责"))
    return found


def is_taken_out(member_id: int) -> bool:
    """Whether a person's name is gone, for good: nobody changes anything about them any more."""
    return Departure.objects.filter(pk=member_id, began_at__isnull=False).exists()


@dataclass(frozen=True, slots=True)
class Leaver:
    """One line of the page and of the dry run: who, their last unit, when they go, and what keeps them."""

    departure: Departure
    name: str
    unit: Node | None
    goes_on: dt.date | None
    why_not: str
    hold: PersonHold | None


def leavers(rows: Collection[Departure], *, as_of: dt.datetime) -> list[Leaver]:
    """Return a line for each; the rows should have ``member`` loaded. A constant number of queries."""
    ids = [one.pk for one in rows]
    last: dict[int, Membership] = {}
    for place in Membership.objects.filter(member_id__in=ids).select_related("node").order_by("active_from_date", "pk"):
        last[place.member_id] = place
    holds = {
        one.member_id: one
        for one in PersonHold.objects.filter(member_id__in=ids, lifted_at=None).select_related("set_by")
    }
    kept = why_not(ids, on_date=timezone.localdate(as_of))
    return [
        Leaver(
            one, one.member.name, last[one.pk].node if one.pk in last else None, goes_on(one, as_of=as_of),
            kept.get(one.pk, ""), holds.get(one.pk),
        )
        for one in rows
    ]  # fmt: skip


def leavers_of(nodes: QuerySet[Node], *, as_of: dt.datetime, within: dt.timedelta) -> QuerySet[Departure]:
    """Return who left one of these units last and is taken out within this time, or is on hold; the first to go first.

    None where nobody is ever taken out.
    """
    kept = kept_for()
    if kept is None:
        return Departure.objects.none()
    left = Membership.objects.filter(member_id=OuterRef("pk"), node__in=nodes.order_by(), active_to_date__isnull=False)
    here = Exists(left.filter(active_to_date=OuterRef("left_date")).exclude(left_because=""))
    held = PersonHold.objects.filter(member_id=OuterRef("pk"), lifted_at=None)
    soon = Q(left_date__lte=timezone.localdate(as_of + within) - kept)
    found = Departure.objects.filter(here, Q(began_at=None)).filter(soon | Q(Exists(held)))
    return found.select_related("member").order_by("left_date", "pk")


def was_last_in(nodes: QuerySet[Node], *, member_id: int) -> bool:
    """Whether somebody belongs to one of these units, or belonged to it last."""
    last = Membership.objects.filter(member_id=member_id).order_by("-active_from_date", "-pk").first()
    return last is not None and nodes.filter(pk=last.node_id).exists()
