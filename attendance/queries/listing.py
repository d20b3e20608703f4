"""Who is on a roster, also while a large one is still being written after its opening. Nothing here writes."""

from collections.abc import Collection

from django.db.models import QuerySet

from attendance.models import Occasion, RosterEntry, RosterWork
from attendance.queries.naming import missing_at, within_units
from organizations.models import Membership, Node
from organizations.queries import members_at


def being_listed() -> QuerySet[RosterWork]:
    """Return the opened occasions whose roster is still being written: a minute's matter, and mostly none."""
    return RosterWork.objects.filter(is_ahead=False)


def listed_at(training_id: int) -> list[Occasion]:
    """Return the occasions of a training of which nothing can be counted yet; one query."""
    found = Occasion.objects.filter(training_id=training_id, pk__in=being_listed().values("pk"))
    return list(found.order_by("starts_at", "pk"))


def is_being_listed(occasion: Occasion) -> bool:
    """The same of one occasion; no query where its ``roster_work`` was loaded with it."""
    work = getattr(occasion, "roster_work", None)
    return work is not None and not work.is_ahead


def on_roster(*, occasion_id: int, member_ids: Collection[int]) -> set[int]:
    """Return who of these is on the roster of an opened occasion, or will be as soon as it is written."""
    rows = RosterEntry.objects.filter(occasion_id=occasion_id, member_id__in=member_ids)
    found = set(rows.values_list("member_id", flat=True))
    missing = set(member_ids) - found
    return found | {one.member_id for one in _to_be(occasion_id, missing)} if missing else found


def unit_on_roster(*, occasion_id: int, member_id: int) -> Node | None:
    """Return the unit under which a person stands, or will stand, on the roster of an opened occasion."""
    entry = RosterEntry.objects.filter(occasion_id=occasion_id, member_id=member_id).select_related("node").first()
    if entry is not None:
        return entry.node
    return next((one.node for one in _to_be(occasion_id, {member_id})), None)


def _to_be(occasion_id: int, member_ids: Collection[int]) -> list[Membership]:
    work = being_listed().filter(pk=occasion_id).select_related("node", "occasion").first()
    if work is None:
        return []
    there = members_at(node=work.node, on_date=work.day).filter(member_id__in=member_ids)
    return list(there.filter(missing_at(work.occasion.repeats_id) & within_units(work.occasion)))
