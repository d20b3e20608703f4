"""What has not begun has no roster yet: who is expected follows from who belongs where. Nothing here writes."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from attendance.models import Evidence, Occasion, Training
from attendance.queries.listing import unit_on_roster
from attendance.queries.naming import expecting, may_be_expected
from organizations.models import Exemption, Membership, Node
from organizations.queries import membership_on


@dataclass(frozen=True, slots=True)
class Coming:
    """An occasion that has not begun, and where a person who is expected there belongs on its day."""

    occasion: Occasion
    node: Node


def coming_for(*, member_id: int, training_id: int, below: str = "") -> list[Coming]:
    """Return the scheduled occasions of a training at which a person is expected, the next first; three queries.

    ``below`` leaves out those before which they will have moved to another part of the tree.
    """
    return coming_in(member_id=member_id, training_ids=[training_id], below=below)


def coming_in(*, member_id: int, training_ids: Collection[int], below: str = "") -> list[Coming]:
    """Return the same of several trainings, in as many queries."""
    scheduled = Occasion.objects.filter(training_id__in=training_ids, state=Occasion.State.SCHEDULED)
    scheduled = scheduled.exclude(training__state=Training.State.DRAFT).select_related("training", "rule", "node")
    scheduled = scheduled.filter(expecting(member_id))
    found = list(scheduled.order_by("starts_at", "id"))
    if not found:
        return []
    memberships = list(Membership.objects.filter(member_id=member_id).select_related("node"))
    exemptions = list(Exemption.objects.filter(member_id=member_id))
    coming = []
    for occasion in found:
        at = next((one.node for one in memberships if holds_on(one, occasion)), None)
        is_there = at is not None and at.path.startswith(occasion.node.path) and at.path.startswith(below)
        if at is not None and is_there and not any(holds_on(one, occasion) for one in exemptions):
            coming.append(Coming(occasion, at))
    return coming


def holds_on(one: Membership | Exemption, occasion: Occasion) -> bool:
    """Whether a dated row holds on the day of an occasion to come."""
    day = timezone.localdate(occasion.starts_at)
    return one.active_from_date <= day and (one.active_to_date is None or day < one.active_to_date)


def node_at(*, occasion: Occasion, member_id: int) -> Node | None:
    """Return the unit under which a person stands at an occasion: on its roster, before there is one by where they
    belong on its day; None: they are not expected."""
    if occasion.state != Occasion.State.SCHEDULED:
        return unit_on_roster(occasion_id=occasion.pk, member_id=member_id)
    if not may_be_expected(occasion, member_id=member_id):
        return None
    membership = membership_on(member_id=member_id, on_date=timezone.localdate(occasion.starts_at))
    is_there = membership is not None and membership.node.path.startswith(occasion.node.path)
    return membership.node if membership is not None and is_there else None


def leaves_ahead(*, member_id: int) -> QuerySet[Evidence]:
    """Return the leaves of a person that stand written down for what has not begun, the next first; one query."""
    found = Evidence.objects.filter(member_id=member_id, kind=Evidence.Kind.LEAVE, withdrawn_by=None)
    found = found.filter(occasion__state=Occasion.State.SCHEDULED).exclude(
        occasion__training__state=Training.State.DRAFT
    )
    return found.select_related("occasion__training", "recorded_by").order_by("occasion__starts_at", "id")
