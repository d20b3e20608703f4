"""Writing down who came to a meeting in person: presence with in and out, leaves, and by that who was absent.

The book is written by several people, on pages that may be hours old. So a page sends what it was opened on, and only
what differs from that is its author's word (ADR 39).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from attendance.models import Evidence, Occasion
from attendance.operations import UnableToRecord, approve_leave, hold_in_person, record_hall, withdraw
from attendance.sentences.records import day_and_hour, hour
from meetings.queries.attendance import LEAVE, Mark, Span, mark_of, marks_in, window_of, written_of
from organizations.models import User

log = structlog.get_logger(__name__)
Part = tuple[datetime | None, datetime | None]  # None: from its beginning, to its end


@dataclass(frozen=True, kw_only=True)
class Attendance:
    """What the book says: from when to when people met, and of everybody ``listed`` who came and who was excused.

    ``present``: the part of whoever came late or left early, None: all of it; ``excused``: the category of the leave.
    Whoever is listed and in neither was absent. Who is not listed is left as they are.

    ``seen``: what stood of those listed when the page was opened that says all this, and ``seen_times`` the times: only
    what differs from it is said. None: everything is.
    """

    started_at: datetime
    ended_at: datetime
    listed: Collection[int]
    present: Mapping[int, Part | None] = field(default_factory=dict)
    excused: Mapping[int, str] = field(default_factory=dict)
    seen: Mapping[int, Mark] | None = None
    seen_times: Span | None = None

    def mark(self, member_id: int) -> Mark:
        """Return what is said of one of those listed."""
        if member_id in self.present:
            return mark_of(self.present[member_id] or (None, None), (self.started_at, self.ended_at))
        return Mark(LEAVE, category=self.excused[member_id]) if member_id in self.excused else Mark()


@dataclass(frozen=True, kw_only=True)
class Written:
    """What came of it: whether the meeting is over, and who was not written because somebody else had written about
    them in between, with what stands of them."""

    is_over: bool
    overtaken: Mapping[int, Mark]


class UnableToRecordOne(UnableToRecord):
    """The same about one person of the list."""

    def __init__(self, message: str, member_id: int) -> None:
        super().__init__(message)
        self.member_id = member_id


class TimesAreOthers(UnableToRecord):
    """Somebody else has written down other times since the page was opened: those that stand."""

    def __init__(self, stands: Span) -> None:
        words = _(
            "您打开这一页以后，别人把会议时间登记为 %(start)s 到 %(end)s。您写的还没有保存，请核对时间再保存一次。"
        )
        super().__init__(words % {"start": day_and_hour(stands[0]), "end": hour(stands[1])}, "started_at")
        self.stands = stands


@transaction.atomic
def write_attendance(*, occasion_id: int, attendance: Attendance, actor_id: int, as_of: datetime) -> Written:
    """Make what stands written of those listed what ``attendance`` says of them.

    Safe to repeat: only what differs is written or taken back, and nothing is deleted. Of two people who write about
    the same person from older pages the first holds, and the second is told; all the rest is written. Whoever keeps the
    book may write down their own presence together with that of others, and nothing else about themselves: once there
    are verdicts, only in a save that says of others, too, that they came. Raises UnableToRecord.
    """
    # Whoever saves at the same moment waits here, and then sees what was written.
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    before = window_of(occasion)
    started_at, ended_at = _times(attendance, before)
    said, overtaken = _said(attendance, marks_in(written_of(occasion_id, attendance.listed), before))
    is_over = hold_in_person(occasion_id=occasion_id, started_at=started_at, ended_at=ended_at, as_of=as_of)
    occasion.refresh_from_db()
    after = window_of(occasion)
    rows = written_of(occasion_id, None if after != before else said)
    wanted = _wanted(attendance, said, after) | _moved(
        [one for one in rows if one.member_id not in said], before, after
    )
    excused = {one: attendance.excused[one] for one in said if one in attendance.excused}
    written = _write(occasion_id, rows, said, wanted, excused, actor_id=actor_id, as_of=as_of)
    if actor_id in written:  # asked of what stands now: what was taken back in the same save vouches for nobody
        had_come = {one.member_id for one in rows if one.kind == Evidence.Kind.HALL}
        _refuse_alone(occasion, actor_id, {one for one in written if one != actor_id and one not in had_come})
    log.info("attendance_written", occasion_id=occasion_id, said=len(said), overtaken=len(overtaken), actor_id=actor_id)
    return Written(is_over=is_over, overtaken=overtaken)


def _times(attendance: Attendance, stands: Span) -> Span:
    """Return the times to be written: those said, or those that stand where the page leaves them as it found them."""
    said, seen = (attendance.started_at, attendance.ended_at), attendance.seen_times
    if seen is None:
        return said
    if _minutes(said) == _minutes(seen):
        return stands
    if _minutes(stands) not in (_minutes(seen), _minutes(said)):
        raise TimesAreOthers(stands)
    return said


def _minutes(span: Span) -> list[datetime]:
    return [one.replace(second=0, microsecond=0) for one in span]


def _said(attendance: Attendance, stands: Mapping[int, Mark]) -> tuple[set[int], dict[int, Mark]]:
    """Return about whom the page says something, and about whom somebody else has said something different since."""
    if attendance.seen is None:
        return set(attendance.listed), {}
    said, overtaken = set(), {}
    for member_id in attendance.listed:
        seen, now, wish = (
            attendance.seen.get(member_id, Mark()),
            stands.get(member_id, Mark()),
            attendance.mark(member_id),
        )
        if wish in (seen, now):
            continue
        if now == seen:
            said.add(member_id)
        else:
            overtaken[member_id] = now
    return said, overtaken


def _refuse_alone(occasion: Occasion, actor_id: int, newly: Collection[int]) -> None:
    """Refuse that somebody wrote down their own presence where no other person's stands beside it.

    Of a settled meeting others who had come before say nothing of a tick that its author adds days later: somebody
    must be written down ``newly`` with it.
    """
    if occasion.state == Occasion.State.SETTLED:
        if not newly:
            words = _("会议已经登记过，不能再单独把自己登记为到会。请由其他负责人登记，或由其他负责人“更正结果”。")
            raise UnableToRecordOne(words, actor_id)
        return
    ticks = Evidence.objects.filter(occasion_id=occasion.pk, kind=Evidence.Kind.HALL, withdrawn_by=None)
    if not ticks.exclude(member_id=actor_id).exists():
        raise UnableToRecord(_("只有您一个人到会的，不能由您自己登记，请由上级书记来做。"))


def _wanted(attendance: Attendance, said: Collection[int], window: Span) -> set[tuple[int, Span]]:
    """Return for each said to have come the part of the meeting they were there for, inside its window."""
    came = ((one, part) for one, part in attendance.present.items() if one in said)
    return {(one, _inside(one, part or (None, None), window)) for one, part in came}


def _moved(rows: Iterable[Evidence], before: Span, after: Span) -> set[tuple[int, Span]]:
    """Return the presence of whom the page says nothing: where it reached to an end of the meeting, it still does."""
    found = set()
    for row in (one for one in rows if one.kind == Evidence.Kind.HALL):
        start = None if row.started_at == before[0] else row.started_at
        end = None if row.ended_at == before[1] else row.ended_at
        found.add((row.member_id, _inside(row.member_id, (start, end), after)))
    return found


def _inside(member_id: int, part: Part, window: Span) -> Span:
    low, high = window
    start, end = max(part[0] or low, low), min(part[1] or high, high)
    if end <= start:
        name = User.objects.get(pk=member_id).name
        words = _("%(name)s离开的时间不晚于到会的时间，或不在会议时间以内，请核对。") % {"name": name}
        raise UnableToRecordOne(words, member_id)
    return start, end


def _write(
    occasion_id: int,
    rows: Iterable[Evidence],
    said: Collection[int],
    wanted: set[tuple[int, Span]],
    excused: Mapping[int, str],
    *,
    actor_id: int,
    as_of: datetime,
) -> set[int]:
    """Take back which of these rows the book no longer says, and write what it says and none of them does; returns
    whose presence was written."""
    by: dict[str, Any] = {"occasion_id": occasion_id, "recorded_by_id": actor_id, "as_of": as_of}
    came = {member_id for member_id, _span in wanted}
    fits = {one.pk: _fits(one, said, wanted, excused, came) for one in rows}
    kept = [one for one in rows if fits[one.pk]]
    if stale := [pk for pk, does_fit in fits.items() if not does_fit]:
        withdraw(evidence_ids=stale, keeps_the_book=True, **by)
    fresh = wanted - {(one.member_id, (one.started_at, one.ended_at)) for one in kept if one.kind == Evidence.Kind.HALL}
    for (start, end), members in _by_span(fresh).items():
        record_hall(member_ids=members, started_at=start, ended_at=end, keeps_the_book=True, **by)
    on_leave = {one.member_id for one in kept if one.kind == Evidence.Kind.LEAVE}
    for member_id, category in excused.items():
        if member_id not in on_leave:
            approve_leave(member_id=member_id, category=category, **by)
    return {member_id for member_id, _span in fresh}


def _fits(
    one: Evidence,
    said: Collection[int],
    wanted: Collection[tuple[int, Span]],
    excused: Mapping[int, str],
    came: Collection[int],
) -> bool:
    """Whether a row that stands says what the book says; a leave of somebody who came all the same stays."""
    if one.kind == Evidence.Kind.LEAVE:
        return one.member_id not in said or one.member_id in came or excused.get(one.member_id) == one.category
    return (one.member_id, (one.started_at, one.ended_at)) in wanted


def _by_span(wanted: Iterable[tuple[int, Span]]) -> dict[Span, list[int]]:
    found: defaultdict[Span, list[int]] = defaultdict(list)
    for member_id, span in wanted:
        found[span].append(member_id)
    return found
