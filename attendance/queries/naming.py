"""Whom an occasion expects where not everybody of its unit is expected. Nothing here writes."""

from django.db.models import Exists, OuterRef, Q

from attendance.models import Named, Occasion


def expecting(member_id: int) -> Q:
    """Return the condition of occasions that may expect a member: those for everybody, and those that name them."""
    return Q(is_named=False) | Q(Exists(Named.objects.filter(occasion_id=OuterRef("pk"), member_id=member_id)))


def may_be_expected(occasion: Occasion, *, member_id: int) -> bool:
    """Whether an occasion expects everybody, or names this member. A query only where it names some."""
    return not occasion.is_named or Named.objects.filter(occasion_id=occasion.pk, member_id=member_id).exists()


def among_named(occasion: Occasion) -> Q:
    """Return the condition of those named (anything with ``member_id``); of everybody where all are expected."""
    if not occasion.is_named:
        return Q()
    return Q(member_id__in=Named.objects.filter(occasion_id=occasion.pk).values("member_id"))
