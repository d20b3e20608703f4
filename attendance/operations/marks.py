"""Marks of evidence that no settling has read yet: set by whoever writes evidence, cleared by settling."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from attendance.models import RosterEntry


@transaction.atomic
def mark_dirty(*, occasion_id: int, member_ids: Collection[int], as_of: datetime) -> None:
    """Say that there is new evidence on these members; in the same transaction as the evidence, whatever the state.

    Settling holds the roster rows while it reads, so this waits for one that is under way, and one that starts later
    waits for this: either it reads the evidence, or the mark stays for the next. Rows are locked in the order in which
    settling locks them; two batches never wait for each other.
    """
    entries = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
    list(entries.select_for_update().order_by("member_id").values_list("pk", flat=True))
    entries.update(dirty_at=as_of)
