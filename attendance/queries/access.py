"""Whom a list about a training covers, for the access log (``settings.ACCESS_SCOPES``). Nothing here writes."""

from django.db.models import Exists, OuterRef, Q

from attendance.models import RosterEntry


def places_of(*, member_id: int) -> set[str]:
    """Return the paths of the units under which a member stands on any roster."""
    return set(RosterEntry.objects.filter(member_id=member_id).values_list("node__path", flat=True).distinct())


def covering(*, member_id: int) -> Q:
    """Return the condition of lists that name nobody because they are long, and had this member in their scope.

    That is whoever stood on a roster of the training in that part of the tree. A roster is never rewritten, so the
    answer stays the same for good.
    """
    on_roster = RosterEntry.objects.filter(
        member_id=member_id,
        node__path__startswith=OuterRef("node__path"),
        occasion__training_id=OuterRef("about"),
        occasion__opened_at__lte=OuterRef("at"),
    )
    return Q(Exists(on_roster), about__isnull=False)
