"""Quizzes that have to be passed before a course counts as finished, and who passed them (ADR 66)."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction

from attendance.core.gates import changed
from attendance.core.intervals import ms_of
from attendance.models import Evidence, Occasion, RosterEntry, WatchSession
from attendance.operations.marks import hold, mark_dirty
from attendance.operations.rosters import is_on_roster

CHUNK = 500
log = structlog.get_logger(__name__)


@transaction.atomic
def set_gates(*, occasion_id: int, keys: Iterable[str], as_of: datetime) -> bool:
    """Say which quizzes have to be passed for an occasion to count as finished; whether that is a change.

    Whoever had finished before a quiz was asked for stays finished. Whoever has studied anything, or passed one, is
    judged again.
    """
    occasion = Occasion.objects.select_for_update(no_key=True).get(pk=occasion_id)
    begun = WatchSession.objects.filter(occasion_id=occasion_id, reports__gt=0).exists()
    gates = changed(occasion.gates, keys, at=ms_of(as_of) if begun else 0)
    if gates == occasion.gates:
        return False
    Occasion.objects.filter(pk=occasion_id).update(gates=gates)
    watched = WatchSession.objects.filter(occasion_id=occasion_id, reports__gt=0).values_list("member_id", flat=True)
    passed = Evidence.objects.filter(occasion_id=occasion_id, kind=Evidence.Kind.PASSED)
    members = sorted({*watched.distinct(), *passed.values_list("member_id", flat=True).distinct()})
    for first in range(0, len(members), CHUNK):
        mark_dirty(occasion_id=occasion_id, member_ids=members[first : first + CHUNK], as_of=as_of)
    log.info("gates_changed", occasion_id=occasion_id, quizzes=len(gates), judged_again=len(members))
    return True


@transaction.atomic
def record_passed(
    *, occasion_id: int, member_id: int, key: str, right: int, of: int, passed_at: datetime, as_of: datetime
) -> bool:
    """Keep that a member passed a quiz that is asked for there, as evidence. Safe to repeat; whether it was new.

    Nothing is kept of who is not expected, or where evidence has been removed.
    """
    hold([occasion_id])
    occasion = Occasion.objects.get(pk=occasion_id)
    is_here = is_on_roster(occasion_id=occasion_id, member_id=member_id)
    if key not in occasion.gates or occasion.evidence_removed_at is not None or not is_here:
        return False
    # One person's devices come one after another.
    list(RosterEntry.objects.select_for_update().filter(occasion_id=occasion_id, member_id=member_id))
    _row, is_new = Evidence.objects.get_or_create(
        member_id=member_id, kind=Evidence.Kind.PASSED, client_id=f"passed-{occasion_id}-{key}",
        defaults={
            "occasion_id": occasion_id, "media": key, "score": [right, of], "started_at": passed_at,
            "recorded_at": as_of,
        },
    )  # fmt: skip
    if is_new:
        mark_dirty(occasion_id=occasion_id, member_ids=[member_id], as_of=as_of)
        log.info("quiz_passed", occasion_id=occasion_id, quiz=key)
    return is_new
