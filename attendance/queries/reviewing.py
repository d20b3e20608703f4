"""Corrections that wait for a second person: who that can be, and what waits for whom. Nothing here writes.

The second person holds a role at the unit under which the member stood on the roster, or above it: secretary,
organiser or operator. Never the author, never the member.
"""

from datetime import date

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from attendance.models import Correction, CorrectionReview, RosterEntry
from organizations.models import Node, Role, RoleGrant, User
from organizations.permissions import has_role
from organizations.queries import grants_of, valid_on

# What holds of all corrections: nothing that waits for a second person, or was refused by one.
IN_FORCE = Q(review=None) | Q(review__state=CorrectionReview.State.APPROVED)
SECOND = (Role.SECRETARY, Role.ORGANISER, Role.OPERATOR)


def reviews() -> QuerySet[CorrectionReview]:
    """Return reviews with what a page says of each: whose record, what was proposed, by whom, and the unit."""
    named = CorrectionReview.objects.filter(record__occasion__roster__member_id=F("record__member_id"))
    named = named.annotate(
        entry_path=F("record__occasion__roster__node__path"), entry_unit=F("record__occasion__roster__node__name")
    )
    return named.select_related(
        "correction__author", "record__member", "record__occasion__training", "record__occasion__rule", "decided_by"
    )


def waiting_for_second(user: User) -> QuerySet[CorrectionReview]:
    """Return the corrections on which ``user`` can say the second word, the oldest first."""
    inside = Q(pk__in=())
    for path in {grant.path for grant in grants_of(user=user) if grant.role in SECOND}:
        inside |= Q(entry_path__startswith=path)
    found = reviews().filter(inside, state=CorrectionReview.State.WAITING)
    found = found.exclude(correction__author_id=user.pk).exclude(record__member_id=user.pk)
    return found.order_by("correction__at", "pk")


def proposed_by(user: User) -> QuerySet[CorrectionReview]:
    """Return what ``user`` proposed and nobody has decided yet, the oldest first."""
    found = reviews().filter(state=CorrectionReview.State.WAITING, correction__author_id=user.pk)
    return found.order_by("correction__at", "pk")


def may_review(user: User, review: CorrectionReview, node: Node) -> bool:
    """Whether ``user`` can say the second word on a correction of somebody who stood at ``node``."""
    is_other = user.pk not in (review.correction.author_id, review.record.member_id)
    return is_other and has_role(user, *SECOND, node=node)


def reviewers_of(correction: Correction, *, on_date: date | None = None) -> list[int]:
    """Return who is asked to say the second word: those who can at the nearest unit where there is one.

    Nobody: there is no one who could.
    """
    record = correction.record
    entry = RosterEntry.objects.filter(occasion_id=record.occasion_id, member_id=record.member_id)
    node = entry.select_related("node").get().node
    held = RoleGrant.objects.filter(
        valid_on(on_date or timezone.localdate()), role__in=SECOND, node__path__in=node.line_paths()
    )
    others = held.exclude(user_id__in=[correction.author_id, record.member_id])
    found = list(others.values_list("node__depth", "user_id"))
    nearest = max((depth for depth, _user in found), default=0)
    return sorted({user_id for depth, user_id in found if depth == nearest})
