"""Marks of evidence that no settling has read yet: set by whoever writes evidence, cleared by settling (ADR 15).

Locks are taken in one order by everybody: presence rows (by id), occasions (by id, shared), roster rows (by occasion,
then member). Whoever keeps to it never waits in a circle.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from attendance.models import Occasion, Record, RosterEntry, Rule
from attendance.operations.rosters import enter_at_once
from attendance.queries.sessions import TOOK_PART

State = Occasion.State


def mark_dirty(*, occasion_id: int, member_ids: Collection[int], as_of: datetime) -> None:
    """Say that there is new evidence on these members; in the same transaction as the evidence, whatever the state.

    Settling holds the roster rows while it reads, so this waits for one that is under way, and one that starts later
    waits for this: either it reads the evidence, or the mark stays for the next. Where everybody is still to be
    settled (a lecture that runs), nothing is written: the occasion cannot be closed before this transaction ends, and
    who closes it settles all.
    """
    mark_pairs(pairs=[(occasion_id, member_id) for member_id in member_ids], as_of=as_of)


@transaction.atomic
def mark_pairs(*, pairs: Iterable[tuple[int, int]], as_of: datetime) -> None:
    """``mark_dirty`` for ``(occasion_id, member_id)`` of several occasions at once."""
    by_occasion: defaultdict[int, set[int]] = defaultdict(set)
    for occasion_id, member_id in pairs:
        by_occasion[occasion_id].add(member_id)
    # All occasions before the first roster row: another batch that has them in another order must not wait in between.
    for held in hold(by_occasion):
        if not held.is_listed:
            enter_at_once(member_ids=by_occasion[held.pk], occasion_ids=[held.pk])
        if is_judged_now(held.state, held.basis):
            _mark(held.pk, by_occasion[held.pk], as_of)


def _mark(occasion_id: int, member_ids: Collection[int], as_of: datetime) -> None:
    entries = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
    held = list(entries.select_for_update().order_by("member_id").values_list("pk", "dirty_at"))
    # Whoever is marked already stays so: nobody settles them before this transaction ends. Those put aside come back.
    fresh = [key for key, dirty_at in held if dirty_at is None or dirty_at > as_of]
    if fresh:
        RosterEntry.objects.filter(pk__in=fresh).update(dirty_at=as_of)


@transaction.atomic
def mark_first(*, occasion_id: int, as_of: datetime, member_ids: Collection[int] | None = None) -> int:
    """Mark at the first whoever took part in a further session (or ``member_ids``), to be judged there again.

    Returns how many; 0 for what is no further session. For whoever changes what a further session says of people.
    """
    first_id = Occasion.objects.filter(pk=occasion_id).values_list("repeats_id", flat=True).first()
    if first_id is None:
        return 0
    if member_ids is None:
        took = Record.objects.filter(occasion_id=occasion_id, stands__in=TOOK_PART)
        entries = RosterEntry.objects.filter(occasion_id=first_id, member_id__in=took.values("member_id"))
    else:
        entries = RosterEntry.objects.filter(occasion_id=first_id, member_id__in=member_ids)
    list(entries.select_for_update(of=("self",)).order_by("member_id").values_list("pk"))  # everybody's order
    return entries.update(dirty_at=as_of)


class Held(NamedTuple):
    """An occasion that is held; ``is_listed``: its roster is complete, ``first_id``: what it repeats."""

    pk: int
    state: str
    basis: str
    is_listed: bool
    first_id: int | None


def hold(occasion_ids: Iterable[int]) -> list[Held]:
    """Hold these occasions, and return how they are, in order of their ids.

    State and basis stay so until the transaction ends.

    A shared lock: many hold one occasion at once, and who wants to close, void or reopen it waits for all of them.
    Django has no word for it; SQLite has one writer at a time and needs none. The rule is read, not its stamp: what is
    wrong with a stamp must not stop the evidence.
    """
    ids = sorted(set(occasion_ids))
    if not ids:
        return []
    lock = "FOR SHARE OF o" if connection.vendor == "postgresql" else ""
    places = ", ".join(["%s"] * len(ids))
    sql = (
        "SELECT o.id, o.state, r.basis, EXISTS (SELECT 1 FROM attendance_rosterwork w "  # noqa: S608 - only places
        "WHERE w.occasion_id = o.id AND NOT w.is_ahead), o.repeats_id "
        "FROM attendance_occasion o JOIN attendance_rule r ON r.id = o.rule_id "
        f"WHERE o.id IN ({places}) ORDER BY o.id {lock}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, ids)
        return [
            Held(int(key), str(state), str(basis), not writing, first_id)
            for key, state, basis, writing, first_id in cursor.fetchall()
        ]


def is_judged_now(state: str, basis: str) -> bool:
    """Whether records of an occasion follow their evidence now.

    Not before it opens, nor while a window runs (its end settles all), nor where nobody is judged: not held, void.
    Whoever brings an occasion back from there settles it whole.
    """
    return state in (State.CLOSED, State.SETTLED) or (state == State.OPEN and basis == Rule.Basis.MEDIA)
