"""Marks of evidence that no settling has read yet: set by whoever writes evidence, cleared by settling (ADR 15).

Locks are taken in one order by everybody: presence rows (by id), occasions (by id, shared), roster rows (by occasion,
then member). Whoever keeps to it never waits in a circle.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection, transaction

from attendance.models import Occasion, RosterEntry, Rule
from attendance.operations.rosters import enter_at_once

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
    for occasion_id, state, basis, is_listed in hold(by_occasion):
        if not is_listed:
            enter_at_once(member_ids=by_occasion[occasion_id], occasion_ids=[occasion_id])
        if is_judged_now(state, basis):
            _mark(occasion_id, by_occasion[occasion_id], as_of)


def _mark(occasion_id: int, member_ids: Collection[int], as_of: datetime) -> None:
    entries = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
    held = list(entries.select_for_update().order_by("member_id").values_list("pk", "dirty_at"))
    # Whoever is marked already stays so: nobody settles them before this transaction ends. Those put aside come back.
    fresh = [key for key, dirty_at in held if dirty_at is None or dirty_at > as_of]
    if fresh:
        RosterEntry.objects.filter(pk__in=fresh).update(dirty_at=as_of)


def hold(occasion_ids: Iterable[int]) -> list[tuple[int, str, str, bool]]:
    """Return ``(id, state, basis, whether its roster is complete)`` of these occasions, in order of their ids.

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
        "WHERE w.occasion_id = o.id AND NOT w.is_ahead) "
        "FROM attendance_occasion o JOIN attendance_rule r ON r.id = o.rule_id "
        f"WHERE o.id IN ({places}) ORDER BY o.id {lock}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, ids)
        return [(int(key), str(state), str(basis), not writing) for key, state, basis, writing in cursor.fetchall()]


def is_judged_now(state: str, basis: str) -> bool:
    """Whether records of an occasion follow their evidence now.

    Not before it opens, nor while a window runs (its end settles all), nor where nobody is judged: not held, void.
    Whoever brings an occasion back from there settles it whole.
    """
    return state in (State.CLOSED, State.SETTLED) or (state == State.OPEN and basis == Rule.Basis.MEDIA)
