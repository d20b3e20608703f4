"""Whom an occasion expects where not everybody of its unit is expected: those named, and at a further session those who
missed the first. Nothing here writes."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from attendance.models import Named, Occasion, Record, RecordState, RosterEntry

# Who stands so at an occasion is not waited for at a further session of it; who is still being judged there is.
NOT_AWAITED = (RecordState.ATTENDED, RecordState.MADE_UP, RecordState.EXCUSED, RecordState.EXEMPT)


def expecting(member_id: int) -> Q:
    """Return the condition of occasions that may expect a member: those for everybody, those that name them, and the
    further sessions of what they missed."""
    named = Q(is_named=False) | Q(Exists(Named.objects.filter(occasion_id=OuterRef("pk"), member_id=member_id)))
    return named & (Q(repeats=None) | _missed(OuterRef("repeats_id"), member_id))


def may_be_expected(occasion: Occasion, *, member_id: int) -> bool:
    """Whether an occasion expects everybody, or this member. A query only where it does not expect all."""
    if occasion.is_named and not Named.objects.filter(occasion_id=occasion.pk, member_id=member_id).exists():
        return False
    if occasion.repeats_id is None:
        return True
    return Occasion.objects.filter(_missed(occasion.repeats_id, member_id), pk=occasion.pk).exists()


def among_named(occasion: Occasion) -> Q:
    """Return the condition of those expected (anything with ``member_id``); of everybody where all are expected."""
    found = missing_at(occasion.repeats_id)
    if occasion.is_named:
        found &= Q(member_id__in=Named.objects.filter(occasion_id=occasion.pk).values("member_id"))
    return found


def missing_at(first_id: int | None) -> Q:
    """Return the condition of those (anything with ``member_id``) for whom a further session of an occasion is; of
    everybody where there is no such occasion."""
    return Q() if first_id is None else _missed(first_id, OuterRef("member_id"))


def _missed(first_id: Any, member_id: Any) -> Q:
    there = {"occasion_id": first_id, "member_id": member_id}
    # Opened long ago: nothing of it is only being prepared.
    expected = RosterEntry.prepared_too.filter(state=RosterEntry.State.EXPECTED, **there)
    return Q(Exists(expected)) & ~Q(Exists(Record.objects.filter(stands__in=NOT_AWAITED, **there)))
