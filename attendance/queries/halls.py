"""Halls, their guests, sheets of paper and what people declare. Nothing here writes."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance.models import Declaration, Evidence, Guest, Hall, Occasion, RosterEntry, Sheet
from attendance.queries.answering import nearer_secretaries, secretary_paths
from organizations.models import Membership, Node, Role, User
from organizations.namesakes import told_apart
from organizations.permissions import visible_nodes
from organizations.queries import valid_on

MOST_GUESTS = 100  # that one page shows
MOST_FORGOTTEN = 5000  # guests that one turn deletes


def awaited_members(occasion_id: int, member_ids: Collection[int]) -> set[int]:
    """Return who of these stands under a unit whose hall has still to deliver what was ticked there.

    One query, and mostly no answer: halls are delivered within the hour. Where one is awaited, a second.
    """
    halls = Hall.objects.filter(occasion_id=occasion_id, is_offline=True, closed_at=None)
    paths = list(halls.values_list("node__path", flat=True))
    if not paths:
        return set()
    below = reduce(or_, (Q(node__path__startswith=path) for path in set(paths)))
    rows = RosterEntry.objects.filter(below, occasion_id=occasion_id, member_id__in=member_ids)
    return set(rows.values_list("member_id", flat=True))


def open_halls(*, occasion_id: int, below: str) -> QuerySet[Hall]:
    """Return the halls of a part of the tree that are open, announced ones first."""
    found = Hall.objects.filter(occasion_id=occasion_id, node__path__startswith=below, closed_at=None)
    return found.select_related("node", "opened_by", "occasion").order_by("-is_offline", "node__path", "pk")


def lapses_at(hall: Hall) -> datetime | None:
    """Return until when an announced hall is waited for: ``HALL_WAIT_DAYS`` from the end of its occasion, or from when
    it was announced, if that was later. None: while the occasion runs, and for a hall that shows a code."""
    end = hall.occasion.window_end_at
    if end is None or not hall.is_offline:
        return None
    return max(end, hall.opened_at) + timedelta(days=settings.HALL_WAIT_DAYS)


def guests_over(*, as_of: datetime) -> QuerySet[Guest, Any]:
    """Return the keys of the first guests whose time is over, ``MOST_FORGOTTEN`` at most.

    By their keys (always above 0), which grow with the moment of writing: no index by time is kept for it.
    """
    before = as_of - timedelta(days=settings.GUEST_KEEP_DAYS)
    over = Guest.objects.filter(pk__gt=0, recorded_at__lt=before)
    return over.order_by("pk").values_list("pk", flat=True)[:MOST_FORGOTTEN]


def hall_by_id(hall_id: int) -> Hall | None:
    return Hall.objects.select_related("occasion__training", "occasion__rule", "node").filter(pk=hall_id).first()


def check_ins(*, occasion_id: int, below: str) -> dict[int, datetime]:
    """Return when each person of a part of the tree first scanned the code of a hall, without a tick that answers it.

    By member; one query.
    """
    ticked = Evidence.objects.filter(
        occasion_id=occasion_id, kind=Evidence.Kind.HALL, withdrawn_by=None, member_id=OuterRef("member_id")
    )
    there = RosterEntry.objects.filter(occasion_id=occasion_id, node__path__startswith=below)
    found = Evidence.objects.filter(
        ~Exists(ticked), occasion_id=occasion_id, kind=Evidence.Kind.CHECK_IN, withdrawn_by=None,
        member_id__in=there.values("member_id"),
    )  # fmt: skip
    rows = found.order_by("-started_at", "-id").values_list("member_id", "started_at")
    return {member_id: at for member_id, at in rows if at is not None}


def guests_written(*, occasion_id: int, below: str) -> QuerySet[Guest]:
    """Return the guests written down in a part of the tree and not crossed out, the newest first."""
    found = Guest.objects.filter(occasion_id=occasion_id, node__path__startswith=below)
    found = found.filter(Q(settled_at=None) | Q(member__isnull=False))
    return found.select_related("recorded_by", "node").order_by("-recorded_at", "-pk")[:MOST_GUESTS]


def guests_like_ours(*, occasion_id: int, below: str) -> list[tuple[Guest, User]]:
    """Return the guests whom nobody has found yet and who are called like somebody of a part of the tree; two queries.

    A name alone says that it may be them; who it is, a secretary of theirs says.
    """
    there = RosterEntry.objects.filter(occasion_id=occasion_id, node__path__startswith=below)
    waiting = Guest.objects.filter(occasion_id=occasion_id, settled_at=None, name__in=there.values("member__name"))
    guests = list(waiting.select_related("recorded_by", "node").order_by("recorded_at", "pk")[:MOST_GUESTS])
    names = {one.name for one in guests}
    if not names:
        return []
    people = list(User.objects.filter(pk__in=there.values("member_id"), name__in=names).order_by("name_key", "pk"))
    return [(guest, one) for guest in guests for one in people if one.name == guest.name]


def sheets_of(*, occasion_id: int, below: str) -> QuerySet[Sheet]:
    """Return the sheets printed for a part of the tree, the newest first."""
    found = Sheet.objects.filter(occasion_id=occasion_id, node__path__startswith=below)
    return found.select_related("printed_by", "node").order_by("-printed_at", "-pk")


def who_is_on(sheet: Sheet, *, first: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return the names of those on a sheet, and the paths of the units where they stand; two queries or three."""
    members = sheet.members[:first]
    people = told_apart(User.objects.filter(pk__in=members).values_list("pk", "name", "phone_last4", "number"))
    rows = RosterEntry.objects.filter(occasion_id=sheet.occasion_id, member_id__in=members)
    paths = dict(rows.values_list("member_id", "node__path"))
    if not paths:  # printed before there was a roster
        held = Membership.objects.filter(member_id__in=members).order_by("active_from_date")
        paths = dict(held.values_list("member_id", "node__path"))
    return people, paths


def whose_last4(user: User, *, last4: str, member_ids: Collection[int], as_of: datetime) -> set[int]:
    """Return who of these has a phone that ends so, of those whose number ``user`` may know: their secretary of today.

    One query (and one for the units, where they are not known yet).
    """
    found = _known_to(user, member_ids, as_of).filter(phone_last4=last4)
    return set(found.values_list("pk", flat=True))


def last4_of(user_id: int, *, member_ids: Collection[int], as_of: datetime) -> dict[int, str]:
    """Return how the phones of these people end, "" for none, of those whose number the user may know."""
    known = _known_to(User.objects.get(pk=user_id), member_ids, as_of)
    return dict(known.values_list("pk", "phone_last4"))


def _known_to(user: User, member_ids: Collection[int], as_of: datetime) -> QuerySet[User]:
    mine = visible_nodes(user, Role.SECRETARY).order_by().values("pk")
    here = Membership.objects.filter(valid_on(timezone.localdate(as_of)), member_id=OuterRef("pk"), node__in=mine)
    return User.objects.filter(Exists(here), pk__in=member_ids)


def own_declarations(*, occasion_id: int, member_id: int) -> list[Declaration]:
    """Return what a member declared for an occasion, the newest first."""
    found = Declaration.objects.filter(occasion_id=occasion_id, member_id=member_id).select_related("answered_by")
    return list(found.order_by("-asked_at", "-pk"))


def declaration_by_id(declaration_id: int) -> Declaration | None:
    found = Declaration.objects.select_related("occasion__rule", "occasion__training", "member", "answered_by")
    return found.filter(pk=declaration_id).first()


def declarations_for(user: User) -> QuerySet[Declaration]:
    """Return what waits for this secretary's word, the oldest first: the nearest secretary's, never one's own.

    Of each ``entry_unit`` tells the unit under which its member stands on the roster.
    """
    mine = Q(pk__in=())
    for path in secretary_paths(user):
        mine |= Q(entry_path__startswith=path) & Q(~Exists(nearer_secretaries(user, path)))
    return _waiting_declarations().filter(mine).exclude(member=user)


def declarations_in(user: User) -> QuerySet[Declaration]:
    """Return what waits for a word wherever ``user`` is secretary, or above, the oldest first; never one's own."""
    inside = Q(pk__in=())
    for path in secretary_paths(user):
        inside |= Q(entry_path__startswith=path)
    return _waiting_declarations().filter(inside).exclude(member=user)


def _waiting_declarations() -> QuerySet[Declaration]:
    asked = Declaration.objects.filter(state=Declaration.State.ASKED, occasion__roster__member_id=F("member_id"))
    named = asked.annotate(entry_path=F("occasion__roster__node__path"), entry_unit=F("occasion__roster__node__name"))
    return named.select_related("occasion", "member").order_by("asked_at", "pk")


def roster_in_order(*, occasion: Occasion, node: Node) -> QuerySet[RosterEntry]:
    """Return who of a unit is expected at an occasion that has opened: by place in the tree, then by name."""
    found = RosterEntry.objects.filter(occasion_id=occasion.pk, node__path__startswith=node.path)
    found = found.exclude(state=RosterEntry.State.EXEMPT)
    return found.select_related("member", "node").order_by("node__path", "member__name_key", "member_id")
