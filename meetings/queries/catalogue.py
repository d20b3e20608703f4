"""Which forms hold at a unit, and which rules its meetings can be judged by. Nothing here writes."""

from collections.abc import Collection

from django.db.models import F, Q, QuerySet

from attendance.models import Rule
from meetings.catalogue import Form, overlay
from meetings.models import MeetingForm
from organizations.models import Node


def rows_above(paths: Collection[str]) -> QuerySet[MeetingForm]:
    """Return what the site and the units at these paths and above them say of forms; one query."""
    lines = {line for path in paths for line in Node.line_to(path)}
    return MeetingForm.objects.filter(Q(node=None) | Q(node__path__in=lines)).select_related("node")


def forms_at(node: Node) -> dict[str, Form]:
    """Return the forms that a unit uses, by code, in order; one query."""
    return {code: form for code, form in overlay(rows_above([node.path]), node.path).items() if form.is_used}


def form_at(*, node: Node, code: str) -> Form | None:
    """Return one form that a unit uses, or None."""
    return forms_at(node).get(code)


def is_form_of(node: Node | None, *, code: str) -> bool:
    """Whether a unit itself says something of a form; without a unit: whether anybody does. One query."""
    said = MeetingForm.objects.filter(code=code)
    return (said if node is None else said.filter(node=node)).exists()


def rules_at(node: Node) -> list[Rule]:
    """Return the newest version of each rule by which a meeting of the unit can be judged, the nearest unit's first."""
    rules = Rule.objects.filter(Q(node=None) | Q(node__path__in=node.line_paths()), basis=Rule.Basis.WINDOW)
    ordered = rules.select_related("node").order_by(F("node__path").desc(nulls_last=True), "name", "-version")
    newest: dict[tuple[int | None, str], Rule] = {}
    for rule in ordered:
        newest.setdefault((rule.node_id, rule.name), rule)
    return list(newest.values())


def nearest_rule(*, node: Node, name: str) -> Rule | None:
    """Return the newest rule of that name of the nearest unit, else the site's; None where nobody has one."""
    return next((rule for rule in rules_at(node) if rule.name == name), None)
