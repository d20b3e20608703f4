"""What was written down of people and may be taken back: ticks, scans, leaves, study elsewhere. Nothing writes."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from attendance.models import Evidence, Occasion, Training
from attendance.queries import CALLED_OFF
from attendance.queries.windows import HELD
from attendance.standing import is_due_over

WRITTEN = (Evidence.Kind.HALL, Evidence.Kind.LEAVE, Evidence.Kind.DECLARED, Evidence.Kind.CHECK_IN)
# Some things are written down after the make-up time (a visit at home): a slip of the pen has a week in any case.
WITHDRAWN_WITHIN = timedelta(days=7)


def may_be_withdrawn(one: Evidence, occasion: Occasion, *, as_of: datetime) -> bool:
    """Whether a row can still be taken back: until the make-up time ends, and a week from when it was written down,
    unless the training is closed by then.

    Later a result is changed by a correction alone, which has a reason. The occasion's training is loaded.
    """
    if occasion.state in CALLED_OFF or is_over_for_good(occasion, as_of):
        return False
    is_late = is_due_over(occasion, as_of) and as_of >= one.recorded_at + WITHDRAWN_WITHIN
    return not is_late or occasion.state == Occasion.State.OPEN


def is_over_for_good(occasion: Occasion, as_of: datetime) -> bool:
    """Whether the training is closed and the make-up time over: then a result changes by a correction alone, which has
    a reason and a second person. Nothing is taken back then either: it could not be written again."""
    is_over = occasion.state in HELD and occasion.training.state == Training.State.CLOSED
    return is_over and is_due_over(occasion, as_of)


def absence_of(one: Evidence) -> tuple[object, ...]:
    """Return what leaves that were written down in one step have in common; anything else stands alone."""
    if one.kind != Evidence.Kind.LEAVE:
        return (one.pk,)
    return (one.member_id, one.recorded_by_id, one.recorded_at, one.category)


def written_about(*, member_id: int, occasion_ids: Collection[int] | QuerySet[Occasion, Any]) -> QuerySet[Evidence]:
    """Return what stands written down about a member at these occasions, with who wrote it, the oldest first."""
    found = Evidence.objects.filter(
        member_id=member_id, occasion_id__in=occasion_ids, kind__in=WRITTEN, withdrawn_by=None
    )
    return found.select_related("recorded_by", "occasion__training").order_by("recorded_at", "id")


def ticks_at(*, occasion_id: int, below: str) -> QuerySet[Evidence]:
    """Return the hall ticks that stand at an occasion for people of the subtree at ``below``, the newest first."""
    found = Evidence.objects.filter(
        occasion_id=occasion_id,
        kind=Evidence.Kind.HALL,
        withdrawn_by=None,
        occasion__roster__member_id=F("member_id"),
        occasion__roster__node__path__startswith=below,
    )
    return found.select_related("member", "recorded_by").order_by("-recorded_at", "member__name_key", "id")
