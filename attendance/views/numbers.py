"""From where a page about a unit has its numbers, and whom it names: the people of a branch, the counts of a county."""

from django.utils.translation import gettext as _

from attendance.operations import fold_for_page
from attendance.reports.base import Scope
from attendance.reports.named import below_at, is_wide, units_named
from attendance.reports.standing import Counts, Overview, RollUp, overview, rolled_up
from attendance.views.training import Child


def numbers_of(scope: Scope, *, with_names: bool) -> tuple[Overview | RollUp, bool]:
    """Return the numbers of a scope and whether they are those of this moment.

    Of a unit that others lie below, and for whoever reads no names, from the summary: no person is read for them. Of a
    branch from its people, who stand on the page anyway.
    """
    if with_names and scope.node.is_leaf():
        return overview(scope, with_names=True), True
    is_now = fold_for_page(training_ids=[scope.training.pk])
    return rolled_up(scope), is_now


def people_named(scope: Scope, seen: Overview | RollUp) -> Overview:
    """Return everybody whom the page of a scope names, given its numbers."""
    if isinstance(seen, Overview):
        return seen
    return overview(scope, with_names=True, units=units_named(scope, seen.counts))


def where_names(scope: Scope, counts: Counts, *, shows_names: bool) -> str:
    """Return who reads the names, or where they are, where the page has only numbers; "" where it names everybody."""
    if not shows_names:
        return _("名单由各支部书记查看，这里只显示人数。")
    if is_wide(scope, counts):
        return _("这里有 %(people)s 位，名单在下级组织里：点开要看的单位。") % {"people": counts.everybody}
    return ""


def children_at(scope: Scope, occasion_id: int) -> list[Child]:
    """Return the units right below with their numbers at one occasion, in the order of the tree."""
    return [Child(node.pk, node.name, counts) for node, counts in below_at(scope, occasion_id)]
