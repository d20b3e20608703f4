"""What stands written of who came to a meeting in person. Nothing here writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from attendance.models import Evidence, Occasion

HERE, LEAVE = "here", "leave"
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a page says of one person: came, was excused, or nothing (by that absent). ``start`` and ``end``: the hours
    of whoever came late or left early, to the minute; "": all the while."""

    state: str = ""
    start: str = ""
    end: str = ""
    category: str = ""


def window_of(occasion: Occasion) -> Span:
    """Return from when to when it counts as held; before that as it is planned."""
    return occasion.window_start_at or occasion.starts_at, occasion.window_end_at or occasion.ends_at


def written_of(occasion_id: int, member_ids: Collection[int] | None = None) -> list[Evidence]:
    """Return the presence and the leaves that stand, of these people or (None) of everybody; one query."""
    kinds = (Evidence.Kind.HALL, Evidence.Kind.LEAVE)
    rows = Evidence.objects.filter(occasion_id=occasion_id, kind__in=kinds, withdrawn_by=None)
    if member_ids is not None:
        rows = rows.filter(member_id__in=member_ids)
    return list(rows.order_by("id"))


def marks_in(rows: Sequence[Evidence], window: Span) -> dict[int, Mark]:
    """Return what these rows say of each person they are about; whoever has a leave and came all the same came."""
    found: dict[int, Mark] = {}
    for row in sorted(rows, key=lambda one: (one.kind == Evidence.Kind.HALL, one.pk)):
        if row.kind == Evidence.Kind.LEAVE:
            found[row.member_id] = Mark(LEAVE, category=row.category)
        else:
            found[row.member_id] = mark_of((row.started_at, row.ended_at), window)
    return found


def mark_of(span: tuple[datetime | None, datetime | None], window: Span) -> Mark:
    """Return what a page says of somebody who was there over ``span`` of a meeting; None: from or to its end."""
    low, high = window
    start, end = span
    return Mark(
        HERE,
        "" if start is None or start == low else hour_of(start),
        "" if end is None or end == high else hour_of(end),
    )


def hour_of(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"
