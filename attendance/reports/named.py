"""Whom a page names where units lie below: everybody where they are few, else those of the unit itself.

A secretary of a branch reads names first. Above, names of thousands help nobody and would be read for each look: there
the page has the counts of each unit below, from the summary (ADR 36), and the names are one or two steps down.
"""

from collections.abc import Iterable

from attendance.models import NodeSummary
from attendance.reports.base import Scope
from attendance.reports.standing import Counts, counted_by, counts_of_units
from organizations.models import Node
from organizations.queries import node_names

FEW = 300  # people that a page of a unit with units below still names


def is_wide(scope: Scope, counts: Counts) -> bool:
    """Whether so many stand below the scope's unit (``counts``: all of them) that they are named further down."""
    return not scope.node.is_leaf() and counts.everybody > FEW


def units_named(scope: Scope, counts: Counts) -> list[int]:
    """Return the units of the scope whose people a page names; one query at most."""
    if scope.node.is_leaf() or is_wide(scope, counts):
        return [scope.node.pk]
    return list(counts_of_units(scope))


def names_of(scope: Scope, paths: Iterable[str]) -> dict[str, str]:
    """Return the names of the units at ``paths`` and of those between them and the scope's, by path; one query."""
    if scope.node.is_leaf():
        return {scope.node.path: scope.node.name}
    return node_names({above for path in set(paths) for above in Node.line_to(path)}, below=scope.node)


def below_at(scope: Scope, occasion_id: int) -> list[tuple[Node, Counts]]:
    """Return the units right below the scope's where somebody stands at an occasion, with their numbers, in the order
    of the tree; two queries, none for a leaf."""
    if scope.node.is_leaf():
        return []
    below = Node.objects.filter(depth=scope.node.depth + 1, path__startswith=scope.node.path)
    children = list(below.order_by("path"))
    rows = NodeSummary.objects.filter(node_id__in=[one.pk for one in children], occasion_id=occasion_id)
    counted = counted_by(rows, "node_id")
    return [(one, counted[one.pk]) for one in children if one.pk in counted]
