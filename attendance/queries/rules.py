"""Whose a rule is, and who may use it: the unit to which it belongs, and every unit below. Nothing here writes."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from attendance.models import Rule
from attendance.sentences.rules import rule_sentence
from organizations.models import Node, Role
from organizations.permissions import in_subtree, is_superuser_now, rules_the_whole_tree
from organizations.queries import above, grants_of, subtree


def rules() -> QuerySet[Rule]:
    """Return every rule with its unit, those withdrawn among them."""
    return Rule.objects.select_related("node")


def usable_rules(user: Any) -> QuerySet[Rule]:
    """Return what an organiser may schedule with: the rules of their units, of those below and above, and the site's.

    The operator of the whole tree keeps the site's own.
    """
    found = rules()
    if is_superuser_now(user):
        return found
    paths = {grant.path for grant in grants_of(user=user) if grant.role == Role.ORGANISER}
    theirs = Q(node__in=Node.objects.filter(subtree(paths) | above(paths)).order_by())
    if paths:
        return found.filter(theirs | Q(node=None))
    return found.filter(node=None) if rules_the_whole_tree(user) else found.none()


def may_be_used_at(rule: Rule, node: Node) -> bool:
    """Whether an occasion of ``node`` may be judged by the rule: it is the site's, or of the node or one above it."""
    return rule.node is None or in_subtree(node, rule.node)


def why_not_at(*, rule: Rule, node: Node, stored: Any = None) -> str:
    """Return why an occasion of ``node`` cannot be planned with the rule, as a sentence for its field; "" if it can.

    ``stored``: the occasion as it stands. What was planned keeps its rule, as long as neither is changed.
    """
    is_kept = stored is not None and (stored.rule_id, stored.node_id) == (rule.pk, node.pk)
    if is_kept or may_be_used_at(rule, node):
        return ""
    words = _("“%(rule)s”是“%(owner)s”的规则，“%(node)s”不在它下面。请选本组织或上级的规则。")
    return words % {"rule": rule.name, "owner": rule.node, "node": node}


def offered_rules(user: Any, *, basis: str, kept: int | None = None) -> QuerySet[Rule]:
    """Return what is offered for something new: of each rule the newest version, none that was withdrawn.

    ``kept``: the key of the rule that what is edited has already, whatever became of it.
    """
    newer = Rule.objects.filter(name=OuterRef("name"), version__gt=OuterRef("version"))
    same_site = Q(node=None) & Exists(newer.filter(node=None))
    same_unit = Q(node__isnull=False) & Exists(newer.filter(node=OuterRef("node")))
    offered = Q(pk__in=usable_rules(user).values("pk"), withdrawn_at=None) & ~same_site & ~same_unit
    found = rules().filter(Q(basis=basis) & offered | Q(pk=kept))
    return found.order_by("name", "-version")


def label_of(rule: Rule) -> str:
    """Return a rule as it is chosen, with what it asks: two units may have one of the same name."""
    owner = rule.node.name if rule.node else _("全站通用")
    return _("%(rule)s（%(owner)s）：%(sentence)s") % {"rule": rule, "owner": owner, "sentence": rule_sentence(rule)}
