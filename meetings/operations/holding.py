"""Writing down who came to a meeting in person: presence with in and out, leaves, and by that who was absent."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Evidence, Occasion
from attendance.operations import (
    UnableToRecord,
    approve_leave,
    hold_in_person,
    record_hall,
    withdraw,
)

log = structlog.get_logger(__name__)
Span = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class Attendance:
    """What the book says: from when to when people met, and of everybody ``listed`` who came and who was excused.

    ``present``: the span of whoever came late or left early, None: all of it; ``excused``: the category of the leave.
    Whoever is listed and in neither was absent. Who is not listed is left as they are.
    """

    started_at: datetime
    ended_at: datetime
    listed: Collection[int]
    present: Mapping[int, Span | None] = field(default_factory=dict)
    excused: Mapping[int, str] = field(default_factory=dict)


@transaction.atomic
def write_attendance(*, occasion_id: int, attendance: Attendance, actor_id: int, as_of: datetime) -> bool:
    """Make what stands written of those listed what ``attendance`` says; True once the meeting is over.

    All or nothing, and safe to repeat: only what differs is written or taken back, and nothing is deleted. Whoever
    keeps the book may write down their own presence together with that of others, and nothing else about themselves.
    Raises UnableToRecord.
    """
    present = {one: span for one, span in attendance.present.items() if one in attendance.listed}
    if set(present) == {actor_id} and not _others_came(occasion_id, actor_id):
        raise UnableToRecord(_("只有您一个人到会的，不能由您自己登记，请由上级书记来做。"))
    is_over = hold_in_person(
        occasion_id=occasion_id, started_at=attendance.started_at, ended_at=attendance.ended_at, as_of=as_of
    )
    occasion = Occasion.objects.get(pk=occasion_id)
    by: dict[str, Any] = {"occasion_id": occasion_id, "recorded_by_id": actor_id, "as_of": as_of}
    wanted = _wanted(occasion, attendance, present)
    standing = _standing(occasion_id, attendance.listed)
    stale = [one.pk for one in standing if not _fits(one, wanted, attendance.excused, present)]
    if stale:
        withdraw(evidence_ids=stale, keeps_the_book=True, **by)
    kept = {(one.member_id, one.kind) for one in standing if one.pk not in stale}
    for (start, end), members in _by_span(wanted, kept).items():
        record_hall(member_ids=members, started_at=start, ended_at=end, keeps_the_book=True, **by)
    for member_id, category in attendance.excused.items():
        if (member_id, Evidence.Kind.LEAVE) not in kept and member_id in attendance.listed:
            approve_leave(member_id=member_id, category=category, **by)
    log.info("attendance_written", occasion_id=occasion_id, present=len(present), actor_id=actor_id, over=is_over)
    return is_over


def _others_came(occasion_id: int, actor_id: int) -> bool:
    ticks = Evidence.objects.filter(occasion_id=occasion_id, kind=Evidence.Kind.HALL, withdrawn_by=None)
    return ticks.exclude(member_id=actor_id).exists()


def _wanted(occasion: Occasion, attendance: Attendance, present: Mapping[int, Span | None]) -> dict[int, Span]:
    """Return for each who came the part of the meeting they were there for, inside its window."""
    low = occasion.window_start_at or occasion.starts_at
    high = occasion.window_end_at or occasion.ends_at
    found = {}
    for member_id, span in present.items():
        start, end = span or (low, high)
        start, end = max(start, low), min(end, high)
        if end <= start:
            raise UnableToRecord(_("有人离开的时间不晚于到会的时间，或不在会议时间以内，请核对。"))
        found[member_id] = (start, end)
    return found


def _standing(occasion_id: int, listed: Collection[int]) -> list[Evidence]:
    kinds = (Evidence.Kind.HALL, Evidence.Kind.LEAVE)
    rows = Evidence.objects.filter(occasion_id=occasion_id, member_id__in=listed, kind__in=kinds, withdrawn_by=None)
    return list(rows.order_by("id"))


def _fits(
    one: Evidence, wanted: Mapping[int, Span], excused: Mapping[int, str], present: Mapping[int, Span | None]
) -> bool:
    """Whether a row that stands says what the book says; a leave of somebody who came all the same stays."""
    if one.kind == Evidence.Kind.LEAVE:
        return excused.get(one.member_id) == one.category or one.member_id in present
    return wanted.get(one.member_id) == (one.started_at, one.ended_at)


def _by_span(wanted: Mapping[int, Span], kept: Collection[tuple[int, str]]) -> dict[Span, list[int]]:
    found: defaultdict[Span, list[int]] = defaultdict(list)
    for member_id, span in wanted.items():
        if (member_id, Evidence.Kind.HALL) not in kept:
            found[span].append(member_id)
    return found
