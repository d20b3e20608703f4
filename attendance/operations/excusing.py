"""From an approved leave to evidence: of the occasions that were ticked at once, of a period as they open.

Evidence is made once a leave and occasion: its ``client_id`` names both, so that whoever comes second makes nothing,
and what somebody took back does not come again. A period is looked at three times: when it is approved, for what has
opened by then; after each opening; and before a whole settling, which finds what the other two have missed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from attendance.models import Evidence, Leave, Occasion, RosterEntry, Rule, Training
from attendance.operations.marks import hold, mark_dirty
from attendance.operations.rosters import enter_at_once
from attendance.queries import CALLED_OFF
from attendance.queries.leaves import day_start, in_period, leave_key
from attendance.queries.naming import among_expected
from organizations.queries import members_at

log = structlog.get_logger(__name__)

CHUNK = 500
BEGUN = (Occasion.State.OPEN, Occasion.State.CLOSED, Occasion.State.SETTLED)


def opened_in(leave: Leave) -> list[int]:
    """Return the occasions that have opened and that a leave for a period covers for its member."""
    if leave.from_date is None or leave.to_date is None:
        return []
    found = Occasion.objects.filter(in_period(leave.from_date, leave.to_date), state__in=BEGUN)
    expected = RosterEntry.objects.filter(
        occasion_id=OuterRef("pk"), member_id=leave.member_id, state=RosterEntry.State.EXPECTED
    )
    return list(_open_trainings(found).filter(Exists(expected)).order_by("pk").values_list("pk", flat=True))


def excuse(leaves: Collection[Leave], *, as_of: datetime) -> dict[int, list[int]]:
    """Make the evidence of approved leaves, in the caller's transaction: of what was ticked, and of what has opened in
    a period. Returns by leave the occasions that it excuses now; what was called off, or does not expect the member, is
    left out."""
    wanted: defaultdict[int, list[Leave]] = defaultdict(list)
    for leave in leaves:
        ticked = [] if leave.is_period else leave.ticks.values_list("occasion_id", flat=True)
        for occasion_id in {*ticked, *opened_in(leave)}:
            wanted[occasion_id].append(leave)
    for leave in leaves:
        enter_at_once(member_ids=[leave.member_id], occasion_ids=list(wanted))
    occasions = _held_now(wanted)
    made: dict[int, list[int]] = {leave.pk: [] for leave in leaves}
    for occasion in occasions:
        for leave in _excuse_at(occasion, wanted[occasion.pk], as_of):
            made[leave.pk].append(occasion.pk)
    return made


def excuse_absent(*, occasion_id: int, as_of: datetime) -> int:
    """Excuse whoever stands on an opened occasion's roster and is away by an approved period; returns how many.

    In chunks of people, each its own transaction. Safe to repeat, and twice at once; nobody for an occasion that was
    deleted before a worker came to it.
    """
    occasion = Occasion.objects.select_related("rule", "training").filter(pk=occasion_id).first()
    if occasion is None or occasion.state not in BEGUN or occasion.window_start_at is None:
        return 0
    if occasion.training.state == Training.State.CLOSED:
        return 0
    made, after = 0, 0
    while some := list(_away(occasion).filter(member_id__gt=after).order_by("member_id", "pk")[:CHUNK]):
        made += _excuse_chunk(occasion_id, some, as_of)
        after = some[-1].member_id
    return made


@transaction.atomic
def _excuse_chunk(occasion_id: int, leaves: list[Leave], as_of: datetime) -> int:
    (occasion,) = _held_now([occasion_id]) or (None,)
    return len(_excuse_at(occasion, leaves, as_of)) if occasion is not None else 0


def _away(occasion: Occasion) -> QuerySet[Leave]:
    """Return the approved periods that cover an opened occasion, of people on its roster, and are no evidence yet."""
    day = timezone.localdate(occasion.window_start_at)
    found = Leave.objects.filter(state=Leave.State.APPROVED, from_date__lte=day, to_date__gt=day)
    if occasion.rule.basis == Rule.Basis.MEDIA:
        found = found.filter(to_date__gt=timezone.localdate(occasion.ends_at))
    theirs = {"occasion_id": occasion.pk, "member_id": OuterRef("member_id")}
    expected = RosterEntry.objects.filter(**theirs, state=RosterEntry.State.EXPECTED)
    known = Evidence.objects.filter(**theirs, kind=Evidence.Kind.LEAVE, withdrawn_by=None)
    return found.filter(Exists(expected)).exclude(Exists(known)).select_related("decided_by")


def _held_now(occasion_ids: Iterable[int]) -> list[Occasion]:
    """Hold these occasions in everybody's order (``marks``), and return those at which somebody can be excused."""
    ids = sorted(occasion_ids)
    # There is no roster yet where it has not opened: the occasion's row stands for it.
    planned = Occasion.objects.filter(pk__in=ids, state=Occasion.State.SCHEDULED).order_by("pk")
    list(planned.select_for_update(no_key=True).values_list("pk"))
    hold(ids)
    found = _open_trainings(Occasion.objects.filter(pk__in=ids).exclude(state__in=CALLED_OFF))
    return list(found.select_related("rule", "node", "training").order_by("pk"))


def _open_trainings(found: QuerySet[Occasion]) -> QuerySet[Occasion]:
    """Leave out what belongs to a training that is over: its results change by a correction alone."""
    return found.exclude(training__state=Training.State.CLOSED)


def _excuse_at(occasion: Occasion, leaves: list[Leave], as_of: datetime) -> list[Leave]:
    """Make the evidence of these leaves at one occasion, which is held; returns those that excuse somebody there."""
    from attendance.operations.notes import settle_again, take_back_rows  # noqa: PLC0415 - they settle, and settling excuses first

    by_member = {leave.member_id: leave for leave in sorted(leaves, key=lambda one: one.pk)}
    there = _expected(occasion, sorted(by_member))
    chosen = [by_member[member_id] for member_id in there]
    rows = RosterEntry.objects.filter(occasion_id=occasion.pk, member_id__in=there)
    list(rows.select_for_update().order_by("member_id").values_list("pk"))
    if occasion.state != Occasion.State.SCHEDULED:
        mark_dirty(occasion_id=occasion.pk, member_ids=there, as_of=as_of)
    held = Evidence.objects.filter(
        occasion_id=occasion.pk, member_id__in=there, kind=Evidence.Kind.LEAVE, withdrawn_by=None
    )
    same = {(one.member_id, one.category) for one in held}
    fresh = [leave for leave in chosen if (leave.member_id, leave.category) not in same]
    renamed = {leave.member_id: leave for leave in fresh}
    for member_id, leave in renamed.items():
        take_back_rows([one for one in held if one.member_id == member_id], leave.decided_by_id, as_of)
    Evidence.objects.bulk_create(
        [_evidence(leave, occasion.pk, as_of) for leave in fresh], batch_size=CHUNK, ignore_conflicts=True
    )
    settle_again(occasion, [leave.member_id for leave in fresh], as_of)
    return chosen


def _evidence(leave: Leave, occasion_id: int, as_of: datetime) -> Evidence:
    """``started_at`` is when the leave was asked: whether that was late is said beside it."""
    return Evidence(
        occasion_id=occasion_id,
        member_id=leave.member_id,
        kind=Evidence.Kind.LEAVE,
        category=leave.category,
        client_id=leave_key(leave.pk, occasion_id),
        started_at=leave.asked_at,
        recorded_by_id=leave.decided_by_id,
        recorded_at=as_of,
    )


def _expected(occasion: Occasion, member_ids: Collection[int]) -> list[int]:
    """Return who of these is expected at an occasion, in order; before it opens, who belongs to its node that day."""
    if occasion.state == Occasion.State.SCHEDULED:
        there = members_at(node=occasion.node, on_date=timezone.localdate(occasion.starts_at))
        there = there.filter(among_expected(occasion))
        return sorted(set(there.filter(member_id__in=member_ids).values_list("member_id", flat=True)))
    rows = RosterEntry.objects.filter(
        occasion_id=occasion.pk, member_id__in=member_ids, state=RosterEntry.State.EXPECTED
    )
    return sorted(rows.values_list("member_id", flat=True))


def evidence_of_leave(leave: Leave, *, from_date: date | None = None) -> QuerySet[Evidence]:
    """Return what a leave became and what still stands of it, from a day on; by the index of ``client_id``."""
    mine = Evidence.objects.filter(
        Q(client_id__startswith=leave_key(leave.pk, "")),
        member_id=leave.member_id, kind=Evidence.Kind.LEAVE, withdrawn_by=None,
    )  # fmt: skip
    if from_date is not None:
        start = day_start(from_date)
        later = Q(occasion__window_start_at__gte=start) | Q(
            occasion__window_start_at=None, occasion__starts_at__gte=start
        )
        mine = mine.filter(later)
    return mine.select_related("occasion__rule", "occasion__training").order_by("occasion_id")


def close_emptied(*, member_id: int, client_ids: Iterable[str | None], by_id: int, as_of: datetime) -> None:
    """Note that leaves of ticked occasions of which nothing stands any more are taken back, one by one as it were."""
    keys = {key.split("-")[1] for key in client_ids if key and key.startswith("leave-")}
    for leave in Leave.objects.filter(pk__in=keys, member_id=member_id, state=Leave.State.APPROVED, from_date=None):
        if not evidence_of_leave(leave).exists():
            ended = {"state": Leave.State.TAKEN_BACK, "ended_at": as_of, "ended_by_id": by_id}
            Leave.objects.filter(pk=leave.pk).update(**ended)
