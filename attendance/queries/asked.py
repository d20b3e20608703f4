"""What a person has asked or said of some occasions that nobody has answered yet, or that counts only later.

A record says none of it: it is judged by what counts. Nothing here writes.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from attendance.models import Declaration, Evidence, Leave, Occasion
from attendance.queries.leaves import covers

KINDS = (Evidence.Kind.LEAVE, Evidence.Kind.CHECK_IN, Evidence.Kind.HALL)


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which occasions a leave waits or is approved, a declaration waits, a hall's code was scanned; by id."""

    waiting: frozenset[int] = frozenset()
    excused: frozenset[int] = frozenset()
    declared: frozenset[int] = frozenset()
    scanned: frozenset[int] = frozenset()

    def has_leave(self, occasion_id: int) -> bool:
        """Whether leave was asked there, answered or not."""
        return occasion_id in self.waiting or occasion_id in self.excused


def asked_of_member(*, member_id: int, occasions: Collection[Occasion]) -> Asked:
    """Return what a person has asked and said of these occasions; three queries, none where there is none.

    Their rules are loaded. A scan that somebody in charge has answered by a tick is no scan any more.
    """
    if not occasions:
        return Asked()
    ids = [one.pk for one in occasions]
    waiting, approved = _leaves(member_id, occasions)
    known = Evidence.objects.filter(member_id=member_id, occasion_id__in=ids, kind__in=KINDS, withdrawn_by=None)
    held: dict[str, set[int]] = {kind: set() for kind in KINDS}
    for occasion_id, kind in known.values_list("occasion_id", "kind"):
        held[kind].add(occasion_id)
    declared = Declaration.objects.filter(
        member_id=member_id, occasion_id__in=ids, state=Declaration.State.ASKED
    ).values_list("occasion_id", flat=True)
    return Asked(
        waiting=frozenset(waiting - held[Evidence.Kind.LEAVE]),
        excused=frozenset(approved | held[Evidence.Kind.LEAVE]),
        declared=frozenset(declared),
        scanned=frozenset(held[Evidence.Kind.CHECK_IN] - held[Evidence.Kind.HALL]),
    )


def _leaves(member_id: int, occasions: Collection[Occasion]) -> tuple[set[int], set[int]]:
    """Return at which of these a leave waits, and which to come lie in an approved period: it is evidence only once
    they have opened. What a person ever had besides is not read."""
    days = [timezone.localdate(one.window_start_at or one.starts_at) for one in occasions]
    periods = Q(from_date__lte=max(days), to_date__gt=min(days))
    ticked_here = Q(state=Leave.State.ASKED, from_date=None, ticks__occasion_id__in=[one.pk for one in occasions])
    states = (Leave.State.ASKED, Leave.State.APPROVED)
    rows = Leave.objects.filter(periods | ticked_here, member_id=member_id, state__in=states)
    waiting: set[int] = set()
    approved: set[int] = set()
    for state, first, after, ticked in rows.values_list("state", "from_date", "to_date", "ticks__occasion_id"):
        is_asked = state == Leave.State.ASKED
        if first is not None and after is not None:
            inside = {one.pk for one in occasions if covers(first, after, one)}
            planned = {one.pk for one in occasions if one.state == Occasion.State.SCHEDULED}
            waiting |= inside if is_asked else set()
            approved |= set() if is_asked else inside & planned
        elif is_asked and ticked is not None:
            waiting.add(ticked)
    return waiting - approved, approved
