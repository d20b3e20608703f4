"""The monthly files that were handed to a unit, those whose file itself is gone among them. Nothing here writes."""

from django.db.models import QuerySet

from attendance.models import MonthlyFile
from organizations.models import Node


def monthly_files() -> QuerySet[MonthlyFile]:
    """Return every monthly file with its unit."""
    return MonthlyFile.objects.select_related("node")


def monthly_files_of(nodes: QuerySet[Node]) -> QuerySet[MonthlyFile]:
    """Return the monthly files of these units, the newest month first, within it in the order of the tree."""
    return monthly_files().filter(node__in=nodes.order_by()).order_by("-month", "node__path")
