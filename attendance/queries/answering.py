"""Who has to answer what members say about their records, and what was answered. Nothing here writes.

A dispute belongs to the unit under which the member stood on the occasion's roster, wherever they belong today. The
nearest secretary answers: one of that unit, else of the nearest unit above; never the member themselves. What waits a
week goes up to the next unit above that has one, too, and so on.
"""

from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Substr
from django.utils import timezone

from attendance.models import Dispute, RosterEntry
from organizations.models import Node, Role, RoleGrant, User
from organizations.queries import grants_of, valid_on

DEEPEST = 12  # levels of the tree
ANSWER_SHOWN = timedelta(days=14)
GOES_UP_AFTER = timedelta(days=7)
MOST_UP = 4  # units with a secretary that a dispute passes by waiting


def waiting_in(user: User) -> QuerySet[Dispute]:
    """Return the disputes that wait for an answer where ``user`` is secretary, or above; never one's own."""
    inside = Q(pk__in=())
    for path in secretary_paths(user):
        inside |= Q(entry_path__startswith=path)
    return _waiting().filter(inside).exclude(member_id=user.pk)


def waiting_for(user: User, *, as_of: datetime | None = None) -> QuerySet[Dispute]:
    """Return the disputes that ``user`` has to answer, the oldest first: where nobody stands nearer who could, and what
    has waited so long that it has gone up to them (``GOES_UP_AFTER`` for each nearer unit with a secretary)."""
    now = as_of or timezone.now()
    mine = Q(pk__in=())
    for path in secretary_paths(user):
        nearer = nearer_secretaries(user, path)
        due = Q(~Exists(nearer))
        for units in range(1, MOST_UP + 1):
            due |= Q(raised_at__lte=now - units * GOES_UP_AFTER) & Q(units_nearer__lte=units)
        levels = nearer.order_by().values("role").annotate(units=Count("node_id", distinct=True)).values("units")
        found = _waiting().filter(Q(entry_path__startswith=path)).annotate(units_nearer=Coalesce(Subquery(levels), 0))
        mine |= Q(pk__in=found.filter(due).order_by().values("pk"))
    return _waiting().filter(mine).exclude(member_id=user.pk)


def waiting_below(*, training_id: int, path: str) -> QuerySet[Dispute]:
    """Return the disputes of a training that wait in the subtree at ``path``, the oldest first."""
    return _waiting().filter(Q(entry_path__startswith=path), occasion__training_id=training_id)


def answered_lately(user: User, *, as_of: datetime) -> QuerySet[Dispute]:
    """Return what was answered to ``user`` and not seen yet; after two weeks it is on the record alone."""
    found = Dispute.objects.filter(member=user, state=Dispute.State.ANSWERED, seen_at=None)
    return found.filter(answered_at__gt=as_of - ANSWER_SHOWN).select_related("occasion").order_by("-answered_at", "-id")


def answerer_of(entry: RosterEntry) -> User | None:
    """Return who answers what the member of this roster entry says: the nearest secretary, or None if there is none."""
    above = entry.node.line_paths()
    grants = RoleGrant.objects.filter(valid_on(timezone.localdate()), role=Role.SECRETARY, node__path__in=above)
    grant = grants.exclude(user_id=entry.member_id).select_related("user").order_by("-node__depth", "id").first()
    return grant.user if grant else None


def _waiting() -> QuerySet[Dispute]:
    """Every dispute without an answer, with the unit of its roster entry: ``entry_path``, ``entry_unit``."""
    raised = Dispute.objects.filter(state=Dispute.State.RAISED, occasion__roster__member_id=F("member_id"))
    named = raised.annotate(entry_path=F("occasion__roster__node__path"), entry_unit=F("occasion__roster__node__name"))
    return named.select_related("member", "occasion__training").order_by("raised_at", "id")


def secretary_paths(user: User) -> list[str]:
    """Return the paths below which ``user`` is secretary."""
    return sorted({grant.path for grant in grants_of(user=user) if grant.role == Role.SECRETARY})


def nearer_secretaries(user: User, path: str) -> QuerySet[RoleGrant]:
    """Return other people who are secretaries between ``path`` and the unit of a row that tells ``entry_path`` and
    ``member_id``, the member excepted."""
    ends = range(len(path) + Node.steplen, DEEPEST * Node.steplen + 1, Node.steplen)
    between = [Substr(OuterRef("entry_path"), 1, end) for end in ends]
    grants = RoleGrant.objects.filter(valid_on(timezone.localdate()), role=Role.SECRETARY, node__path__in=between)
    return grants.exclude(node__path=path).exclude(user_id=user.pk).exclude(user_id=OuterRef("member_id"))
