"""Who has to answer what members say about their records, and what was answered. Nothing here writes.

A dispute belongs to the unit under which the member stood on the occasion's roster, wherever they belong today. The
nearest secretary answers: one of that unit, else of the nearest unit above; never the member themselves.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Substr
from django.utils import timezone

from attendance.models import Dispute, RosterEntry
from organizations.models import Node, Role, RoleGrant, User
from organizations.queries import grants_of, valid_on

DEEPEST = 12  # levels of the tree
ANSWER_SHOWN = timedelta(days=14)


def waiting_in(user: User) -> QuerySet[Dispute]:
    """Return the disputes that wait for an answer where ``user`` is secretary, or above; never one's own."""
    inside = Q(pk__in=())
    for path in _paths(user):
        inside |= Q(entry_path__startswith=path)
    return _waiting().filter(inside).exclude(member_id=user.pk)


def waiting_for(user: User) -> QuerySet[Dispute]:
    """Return the disputes that ``user`` has to answer: where nobody stands nearer who could, the oldest first."""
    mine = Q(pk__in=())
    for path in _paths(user):
        mine |= Q(entry_path__startswith=path) & Q(~Exists(_nearer(user, path)))
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


def _paths(user: User) -> list[str]:
    return sorted({grant.path for grant in grants_of(user=user) if grant.role == Role.SECRETARY})


def _nearer(user: User, path: str) -> QuerySet[RoleGrant]:
    """Other people who are secretaries between ``path`` and the dispute's unit, the member excepted."""
    ends = range(len(path) + Node.steplen, DEEPEST * Node.steplen + 1, Node.steplen)
    between = [Substr(OuterRef("entry_path"), 1, end) for end in ends]
    grants = RoleGrant.objects.filter(valid_on(timezone.localdate()), role=Role.SECRETARY, node__path__in=between)
    return grants.exclude(node__path=path).exclude(user_id=user.pk).exclude(user_id=OuterRef("member_id"))
