"""The roster of an occasion: who belongs to its node on its day, written in one moment or, for many people, in steps.

Large rosters are prepared in the hour before the start and compared once more when the occasion has opened: by then a
few have moved. A step is a short transaction over some thousand members in the order of their ids; where it stood is in
its ``RosterWork``, so that whoever comes next goes on from there. No step holds an occasion. What was prepared for a
plan that was withdrawn or moved goes in steps, too, hidden from the moment of the change (``take_back_preparation``).

While an opened occasion's roster is being written, whoever takes part is entered by what they do (``enter_at_once``),
and counts of it are not shown (``attendance.queries.listing``).
"""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Case, CharField, Exists, OuterRef, ProtectedError, Q, QuerySet, Value, When

from attendance.models import (
    Evidence,
    Occasion,
    PresenceSpan,
    Record,
    RosterEntry,
    RosterWork,
    Training,
    WatchSession,
)
from attendance.operations.summary import mark_counts
from attendance.queries.naming import among_named, missing_at, within_units
from attendance.queries.windows import roster_day
from organizations.models import Membership, Node
from organizations.queries import exempt_member_ids, members_at, valid_on

log = structlog.get_logger(__name__)
State = Occasion.State

AT_ONCE = 2_000  # people whose roster is written in the moment of the opening
STEP = 1_000  # memberships the first transaction looks at; the next as many as take some tenths of a second
MOST_A_STEP = 20_000
QUICK_S, SLOW_S = 0.15, 0.4
AHEAD = timedelta(hours=1)
SMALL_S = 600  # so long a roster that was small is not counted again
LATE = timedelta(hours=4)  # a lecture can be begun until three hours after its planned end
PATIENCE = timedelta(seconds=60)
FROM_ROSTER = "roster"
LEFT = "left"
Clock = Callable[[], float]


def write_or_begin(*, occasion: Occasion, day: date, as_of: datetime) -> int | None:
    """Write the roster of an occasion that opens, in the caller's transaction; of many people only begin to.

    Returns how many are expected or exempt; None: ``complete_roster`` is to be called after the commit.
    """
    if (work := RosterWork.objects.select_for_update().filter(pk=occasion.pk).first()) and work.is_taken_back:
        # Moved to another unit or day and opened within the minute: no row of the old plan may be seen.
        _delete(RosterEntry.prepared_too.filter(occasion_id=occasion.pk))
        work.delete()
        work = None
    is_small = (
        occasion.is_named
        or (  # whoever is named by hand is few
            work is None and members_at(node=occasion.node, on_date=day).order_by()[: AT_ONCE + 1].count() <= AT_ONCE
        )
    )
    if work is None and is_small:
        return write_members(occasion.pk, occasion.node, day, among_named(occasion), units=within_units(occasion))
    # What was prepared is seen from here on; where it is not what holds today, the steps after this put it right.
    RosterWork.objects.update_or_create(
        pk=occasion.pk,
        defaults={
            "is_ahead": False,
            "node": occasion.node,
            "day": day,
            "after_member_id": 0,
            "is_through": False,
            "is_taken_back": False,
            "began_at": as_of,
        },
    )
    return None


def complete_roster(*, occasion_id: int) -> None:
    """Write what is missing of the roster of an occasion that has opened. Safe to repeat, and twice at once."""
    for _size in _steps(partial(take_step, occasion_id, is_ahead=False)):
        pass


def prepare_rosters(*, as_of: datetime, seconds: float = 20.0, clock: Clock = time.monotonic) -> int:
    """Prepare the large rosters of what begins within the hour, for about so many seconds; the next turn goes on.

    First goes what was prepared for plans that do not hold any more. Returns how many steps were made. Safe to repeat,
    and twice at once.
    """
    until, steps = clock() + seconds, 0
    for step in _waiting(as_of):
        if clock() >= until:
            break
        for _size in _steps(step):
            steps += 1
            if clock() >= until:
                break
    return steps


def _waiting(as_of: datetime) -> Iterator[Callable[..., bool]]:
    """Return what there is to do ahead of the openings, each as what takes its next step."""
    for occasion_id in list(RosterWork.objects.filter(is_taken_back=True, is_ahead=True).values_list("pk", flat=True)):
        yield partial(take_back_step, occasion_id)
    for occasion_id in _soon(as_of):
        if _is_planned(occasion_id, as_of):
            yield partial(take_step, occasion_id, is_ahead=True)


def _steps(step: Callable[..., bool]) -> Iterator[int]:
    """Take step after step, each as long as nobody minds to wait for; yields how many rows each looked at."""
    size, more = STEP, True
    while more:
        before = time.perf_counter()
        more = step(size=size)
        took = time.perf_counter() - before
        yield size
        if took > SLOW_S:
            size = max(size // 2, 1)
        elif took < QUICK_S:
            size = min(size * 2, MOST_A_STEP)


def enter_at_once(*, member_ids: Collection[int], occasion_ids: Collection[int] | None = None) -> None:
    """Enter these people on the rosters that are being written now and that they belong on; mostly there are none.

    ``occasion_ids``: only on those. Whoever belongs nowhere there is entered nowhere.
    """
    opened = RosterWork.objects.filter(is_ahead=False).select_related("node", "occasion").order_by("pk")
    if occasion_ids is not None:
        opened = opened.filter(pk__in=occasion_ids)
    for work in opened if member_ids else ():
        some = Q(member_id__in=sorted(set(member_ids))) & missing_at(work.occasion.repeats_id)
        write_members(work.pk, work.node, work.day, some, units=within_units(work.occasion))


def take_back_preparation(*, occasion_id: int) -> bool:
    """Declare what was prepared for an occasion void, in the caller's transaction: it will not open as it was planned.

    The rows are hidden as before and go in steps (``prepare_rosters``). False: nothing was prepared.
    """
    # A step that is under way comes first: what it writes goes with the rest.
    begun = RosterWork.objects.filter(pk=occasion_id, is_ahead=True)
    return bool(begun.update(is_taken_back=True, is_through=False))


@transaction.atomic
def take_back_step(occasion_id: int, *, size: int) -> bool:
    """Delete the next so many rows of what was taken back; False: nothing is left, the withdrawn occasion neither."""
    # Ahead alone: an occasion that has opened keeps its roster, whoever took the preparation back a moment before.
    held = RosterWork.objects.select_for_update().filter(pk=occasion_id, is_taken_back=True, is_ahead=True)
    work = held.first()
    if work is None:
        return False
    rows = RosterEntry.prepared_too.filter(occasion_id=occasion_id)
    last = rows.order_by("member_id").values_list("member_id", flat=True)[size - 1 : size]
    until = next(iter(last), None)
    # Not through Django's collector: it would read every row to tell whoever listens.
    _delete(rows if until is None else rows.filter(member_id__lte=until))
    if until is None:
        work.delete()
        _delete_withdrawn(occasion_id)
    return until is not None


def _delete_withdrawn(occasion_id: int) -> None:
    """Delete an occasion that was withdrawn before it opened; whatever was written down for it keeps it, void."""
    held = Occasion.objects.select_for_update().filter(pk=occasion_id, state=State.VOID, opened_at=None).first()
    if held is not None:
        try:
            held.delete()
        except ProtectedError:
            log.info("withdrawn_occasion_kept", occasion_id=occasion_id)


def is_on_roster(*, occasion_id: int, member_id: int) -> bool:
    """Whether a person stands on a roster; whoever belongs on one that is being written is entered on it now."""
    mine = RosterEntry.objects.filter(occasion_id=occasion_id, member_id=member_id)
    if mine.exists():
        return True
    enter_at_once(member_ids=[member_id], occasion_ids=[occasion_id])
    return mine.exists()


def left_undone(*, as_of: datetime) -> list[int]:
    """Return the occasions whose roster should have been complete by now: whoever wrote it was stopped."""
    opened = RosterWork.objects.filter(is_ahead=False, began_at__lte=as_of - PATIENCE)
    return list(opened.order_by("began_at").values_list("pk", flat=True))


def _soon(as_of: datetime) -> list[int]:
    """What begins within the hour for more than a branch: a branch's roster is written when it opens.

    Nor what was small a few minutes ago: else the people of every township's lecture are counted at every turn.
    """
    soon = Occasion.objects.filter(
        state=State.SCHEDULED,
        starts_at__gt=as_of - LATE,
        starts_at__lte=as_of + AHEAD,
        node__numchild__gt=0,
        is_named=False,
    )
    soon = soon.exclude(training__state=Training.State.DRAFT).exclude(roster_work__is_through=True)
    found = list(soon.order_by("starts_at", "pk").values_list("pk", "node_id"))
    known = cache.get_many([_small_name(*one) for one in found]) if found else {}
    now = as_of.timestamp()
    ages = {name: now - counted_at for name, counted_at in known.items()}
    return [one[0] for one in found if not 0 <= ages.get(_small_name(*one), -1) < SMALL_S]


def _small_name(occasion_id: int, node_id: int) -> str:
    return f"small-roster:{occasion_id}:{node_id}"


@transaction.atomic
def _is_planned(occasion_id: int, as_of: datetime) -> bool:
    """Take the work up, anew if its day has changed; False where there is none, or it is small enough to wait."""
    # Held for a moment: whoever changes the plan takes back what was prepared by the plan that it had (``occasions``).
    held = Occasion.objects.select_for_update(of=("self",), no_key=True).select_related("node")
    occasion = held.filter(pk=occasion_id, state=State.SCHEDULED).first()
    if occasion is None:
        return False
    day = roster_day(occasion, as_of=as_of)
    work = RosterWork.objects.filter(pk=occasion.pk).first()
    if work is None:
        if members_at(node=occasion.node, on_date=day).order_by()[: AT_ONCE + 1].count() <= AT_ONCE:
            cache.set(_small_name(occasion.pk, occasion.node_id), as_of.timestamp(), SMALL_S)
            return False
        RosterWork.objects.create(occasion=occasion, node=occasion.node, day=day, began_at=as_of)
    elif work.is_taken_back:
        return False  # what the old plan left goes first; the next turn begins anew
    elif (work.node_id, work.day) != (occasion.node_id, day):
        anew = {"node": occasion.node, "day": day, "after_member_id": 0, "is_through": False, "began_at": as_of}
        RosterWork.objects.filter(pk=occasion.pk, is_ahead=True).update(**anew)
    return True


@transaction.atomic
def take_step(occasion_id: int, *, is_ahead: bool, size: int) -> bool:
    """Write the next members, of about so many memberships; False: nothing is left to do.

    Two who come at once take one step after the other.
    """
    held = RosterWork.objects.select_for_update(of=("self",), no_key=True).select_related("node", "occasion")
    if is_ahead:  # of an opened occasion nothing is taken back: it was opened by a process of the version before
        held = held.filter(is_taken_back=False)
    work = held.filter(pk=occasion_id, is_ahead=is_ahead, is_through=False).first()
    if work is None:
        return False
    ids = Membership.objects.filter(member_id__gt=work.after_member_id).order_by("member_id")
    until = next(iter(ids.values_list("member_id", flat=True)[size - 1 : size]), None)
    some = Q(member_id__gt=work.after_member_id)
    if until is not None:
        some &= Q(member_id__lte=until)
    units = within_units(work.occasion)
    _take_off(work, some, units)
    write_members(work.pk, work.node, work.day, some & missing_at(work.occasion.repeats_id), units=units)
    if until is not None:
        RosterWork.objects.filter(pk=occasion_id).update(after_member_id=until)
    elif is_ahead:
        RosterWork.objects.filter(pk=occasion_id).update(is_through=True)
    else:
        RosterWork.objects.filter(pk=occasion_id).delete()
        mark_counts(occasion_id=occasion_id, node_ids=None)
        log.info("roster_complete", occasion_id=occasion_id)
    return until is not None


def _take_off(work: RosterWork, some: Q, units: Q) -> None:
    """Take off whoever does not stand there as they should; ``write_members`` puts them where they belong.

    After the opening nobody who has taken part, or left since, is taken off: who moves later stays on it.
    """
    rows = RosterEntry.prepared_too.filter(some, occasion_id=work.pk)
    # ``some`` stands in each question by itself: a planner that hashes the whole of it would do so at each step.
    there = Membership.objects.filter(
        some & missing_at(work.occasion.repeats_id) & units,
        valid_on(work.day),
        node__path__startswith=work.node.path,
        member_id=OuterRef("member_id"),
        node_id=OuterRef("node_id"),
    )
    exempt = Exists(exempt_member_ids(on_date=work.day).filter(some, member_id=OuterRef("member_id")))
    expected = Q(state=RosterEntry.State.EXPECTED) & ~exempt
    exempted = Q(state=RosterEntry.State.EXEMPT, why=FROM_ROSTER) & exempt
    # Found first, by a question that locks nothing: mostly there is none, and who took part is asked of those alone.
    found = rows.exclude(Exists(there) & (expected | exempted)).values_list("pk", flat=True)
    if not (keys := list(found)):
        return
    wrong = RosterEntry.prepared_too.filter(pk__in=keys)
    if not work.is_ahead:
        theirs = {"occasion_id": OuterRef("occasion_id"), "member_id": OuterRef("member_id")}
        wrong = wrong.exclude(why=LEFT)
        for seen in (
            PresenceSpan.objects.filter(**theirs),
            WatchSession.objects.filter(**theirs),
            Record.objects.filter(**theirs),
            Evidence.objects.filter(**theirs, recorded_at__gte=work.began_at),
        ):
            wrong = wrong.exclude(Exists(seen))
    _delete(wrong)


def write_members(occasion_id: int, node: Node, day: date, some: Q | None = None, *, units: Q | None = None) -> int:
    """Write whoever (of ``some``, in ``units``) is not there yet, in one INSERT … SELECT: they never pass through
    Python."""
    some = some or Q()
    exempt = exempt_member_ids(on_date=day).filter(some, member_id=OuterRef("member_id"))
    known = RosterEntry.prepared_too.filter(some, occasion_id=occasion_id, member_id=OuterRef("member_id"))
    chosen = (
        members_at(node=node, on_date=day)
        .filter(some & (units or Q()))
        .exclude(Exists(known))
        .select_related(None)
        .annotate(
            occasion_key=Value(occasion_id),
            standing=Case(
                When(Exists(exempt), then=Value(RosterEntry.State.EXEMPT.value)),
                default=Value(RosterEntry.State.EXPECTED.value),
                output_field=CharField(),
            ),
            cause=Case(When(Exists(exempt), then=Value(FROM_ROSTER)), default=Value(""), output_field=CharField()),
        )
        .order_by("member_id")
        .values_list("occasion_key", "member_id", "node_id", "standing", "cause")
    )
    # Written by hand around a query that Django compiled: the ORM has no INSERT … SELECT.
    select, params = chosen.query.get_compiler(connection=connection).as_sql()
    insert = (
        f"INSERT INTO attendance_rosterentry (occasion_id, member_id, node_id, state, why) {select} "
        "ON CONFLICT (occasion_id, member_id) DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(insert, params)
        return int(cursor.rowcount)


def _delete(rows: QuerySet[RosterEntry, Any]) -> None:
    """Delete in one statement; nothing refers to a roster's rows."""
    rows._raw_delete(connection.alias)  # noqa: SLF001 - Django's own way past its collector
