"""Sign-in sheets: the order in which names were printed is kept, so that the numbers on the paper mean somebody."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from attendance.models import Occasion, Sheet
from attendance.queries.halls import roster_in_order
from attendance.queries.naming import among_expected
from organizations.models import Node
from organizations.queries import exempt_member_ids, members_at


@transaction.atomic
def print_sheet(*, occasion_id: int, node_id: int, printed_by_id: int, as_of: datetime) -> Sheet:
    """Return the sheet of a unit for an occasion: the last one where the names are the same, else a new one.

    By place in the tree, then by name. Before an occasion opens its names are those of who will be expected.
    """
    occasion, node = Occasion.objects.select_related("node").get(pk=occasion_id), Node.objects.get(pk=node_id)
    if occasion.state == Occasion.State.SCHEDULED:
        members = _to_come(occasion, node)
    else:
        members = list(roster_in_order(occasion=occasion, node=node).values_list("member_id", flat=True))
    last = Sheet.objects.filter(occasion_id=occasion_id, node_id=node_id).order_by("-printed_at", "-pk").first()
    if last is not None and last.members == members:
        return last
    return Sheet.objects.create(
        occasion_id=occasion_id, node_id=node_id, members=members, printed_by_id=printed_by_id, printed_at=as_of
    )


def _to_come(occasion: Occasion, node: Node) -> list[int]:
    day = timezone.localdate(occasion.starts_at)
    there = members_at(node=occasion.node, on_date=day).filter(node__path__startswith=node.path)
    there = there.filter(among_expected(occasion)).exclude(member_id__in=exempt_member_ids(on_date=day))
    return list(there.order_by("node__path", "member__name_key", "member_id").values_list("member_id", flat=True))
