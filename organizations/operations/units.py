"""Verbs about units: make, rename, merge, close, reopen. A unit is never deleted: old reports speak of it.

A closed unit keeps its place in the tree, so that what is summed over the tree stays as it was; it takes no new
members, roles or audiences. For the same reason no unit is moved below another one (ADR 19).
"""

import datetime as dt
import secrets
from collections.abc import Collection

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from organizations.core.roster import tidy_unit
from organizations.core.units import MAX_NAME, UnableToNameUnit, clean_name
from organizations.models import Membership, Node, NodeKind, RoleGrant
from organizations.operations.roles import grant_role
from organizations.queries import not_over_on
from organizations.unit_uses import move_along, uses_of

log = structlog.get_logger(__name__)
CODE_LENGTH = 40


class UnableToChangeUnit(Exception):
    """The name is no name or taken; the unit is closed, or cannot be closed yet. The message says what to do."""


@transaction.atomic
def create_unit(*, parent_id: int, name: str, kind: str) -> Node:
    """Make a unit below an open one, with a code of its own. Raises UnableToChangeUnit."""
    parent = _open(parent_id)
    if kind not in NodeKind.values:
        raise UnableToChangeUnit(_("请选择层级。"))
    name = _free_name(name, below=parent)
    node: Node = parent.add_child(name=name, kind=kind, code=_free_code(parent))
    log.info("unit_created", unit_id=node.pk, parent_id=parent_id)
    return node


@transaction.atomic
def rename_unit(*, node_id: int, name: str) -> Node:
    """Give the unit another name; its code, its people and all reports stay. Raises UnableToChangeUnit."""
    node = _open(node_id)
    parent = node.get_parent()
    name = _free_name(name, below=parent, but=node) if parent else _tidy(name)
    _check_not_of_a_child(name, node)
    node.name = name
    node.save(update_fields=["name"])
    log.info("unit_renamed", unit_id=node_id)
    return node


@transaction.atomic
def merge_unit(*, node_id: int, into_id: int, kept_grants: Collection[int] = (), on_date: dt.date) -> None:
    """Close the unit and let its people belong to ``into`` from that day on.

    Of the roles held there, those of ``kept_grants`` go on at ``into``, the others end. Rosters and records keep the
    old unit; the secretaries of ``into`` take its unfinished matters over (``queries.grants_of``). Raises
    UnableToChangeUnit.
    """
    if node_id == into_id:
        raise UnableToChangeUnit(_("不能合并到自己，请选另一个单位。"))
    # In one order, whichever way round two people merge the same two.
    locked = {
        node.pk: node
        for node in Node.objects.select_for_update(no_key=True).filter(pk__in=(node_id, into_id)).order_by("pk")
    }
    node, into = locked[node_id], locked[into_id]
    _check_open(node)
    _check_open(into)
    _check_nothing_hangs_on(node, on_date)
    _move_members(node, into, on_date)
    move_along(node, into)
    for grant in _grants(node, on_date):
        if grant.pk in set(kept_grants):
            grant_role(user_id=grant.user_id, node_id=into_id, role=grant.role, on_date=on_date)
    _end_grants(node, on_date)
    # Whoever took over what was merged here before takes it along.
    Node.objects.filter(merged_into=node).update(merged_into=into)
    # Last: whoever joins in this moment waits for the lock above, and then finds the unit closed.
    node.closed_date, node.merged_into = on_date, into
    node.save(update_fields=["closed_date", "merged_into"])
    log.info("unit_merged", unit_id=node_id, into_id=into_id)


@transaction.atomic
def close_unit(*, node_id: int, on_date: dt.date) -> None:
    """Close a unit that has no people any more; roles held there end. Raises UnableToChangeUnit."""
    node = _open(node_id)
    people = _memberships(node, on_date).values("member_id").distinct().count()
    if people:
        raise UnableToChangeUnit(
            _("“%(unit)s”还有 %(people)s 位党员，请先合并到别的单位，或者逐人转走。") % {"unit": node, "people": people}
        )
    _check_nothing_hangs_on(node, on_date)
    _end_grants(node, on_date)
    node.closed_date = on_date
    node.save(update_fields=["closed_date"])
    log.info("unit_closed", unit_id=node_id)


@transaction.atomic
def reopen_unit(*, node_id: int) -> None:
    """Undo a closing: the unit takes people again; whoever was moved stays there. Raises UnableToChangeUnit."""
    node = Node.objects.select_for_update(no_key=True).get(pk=node_id)
    if node.closed_date is None:
        raise UnableToChangeUnit(_("“%(unit)s”没有撤销。") % {"unit": node})
    parent = node.get_parent()
    if parent is not None:
        _check_open(parent)
        _free_name(node.name, below=parent, but=node)
    node.closed_date, node.merged_into = None, None
    node.save(update_fields=["closed_date", "merged_into"])
    log.info("unit_reopened", unit_id=node_id)


def _open(node_id: int) -> Node:
    node = Node.objects.select_for_update(no_key=True).get(pk=node_id)
    _check_open(node)
    return node


def _check_open(node: Node) -> None:
    if node.closed_date is not None:
        raise UnableToChangeUnit(_("“%(unit)s”已撤销，请选别的单位。") % {"unit": node})


def _tidy(name: str) -> str:
    try:
        return clean_name(name)
    except UnableToNameUnit as error:
        raise UnableToChangeUnit(_sentences()[error.code]) from error


def _sentences() -> dict[str, str]:
    return {
        "empty": _("请填写名称。"),
        "long": _("名称太长，最多 %(most)s 个字。") % {"most": MAX_NAME},
        "separator": _("名称里不能有 / \\ >：名册用 / 分隔各层组织。请只写这一层的名称。"),
        "dots": _("名称不能只是点，请写组织的名称。"),
        "sign": _("名称要以文字、数字或括号开头，不能有 < 号，也不能像公式。请写组织的全称，例如：第一支部。"),
        "invisible": _("名称里有看不见或无法显示的字符，请重新输入。"),
    }


def _free_name(name: str, *, below: Node, but: Node | None = None) -> str:
    """The tidy name, if neither ``below`` nor an open unit below it has it; case and spaces tell no two apart.

    A roster reads such names as one, so that the export could not come in again.
    """
    name = _tidy(name)
    if _same_unit(name, below.name):
        raise UnableToChangeUnit(_same_as_above() % {"unit": below})
    siblings = below.get_children().filter(closed_date=None).exclude(pk=but.pk if but else None)
    for there in siblings.values_list("name", flat=True):
        if _same_unit(name, there):
            values = {"parent": below, "name": there}
            raise UnableToChangeUnit(_("“%(parent)s”下面已有“%(name)s”，请换一个名称。") % values)
    return name


def _check_not_of_a_child(name: str, node: Node) -> None:
    children = node.get_children().filter(closed_date=None).values_list("name", flat=True)
    if any(_same_unit(name, child) for child in children):
        raise UnableToChangeUnit(_same_as_above() % {"unit": name})


def _same_unit(name: str, other: str) -> bool:
    return tidy_unit(name).casefold() == tidy_unit(other).casefold()


def _same_as_above() -> str:
    return _("上下两级组织不能都叫“%(unit)s”，否则导出的名册不能再导入。请换一个名称，例如写上“支部”。")


def _free_code(parent: Node) -> str:
    """A code that says where the unit hangs (``1.03.12``); random where that is too long. One query."""
    taken = set(Node.objects.filter(code__startswith=f"{parent.code}.").values_list("code", flat=True))
    for step in range(parent.numchild + 1, parent.numchild + len(taken) + 2):
        code = f"{parent.code}.{step:02d}"
        if code not in taken and len(code) <= CODE_LENGTH:
            return code
    return secrets.token_hex(6)


def _memberships(node: Node, on_date: dt.date) -> QuerySet[Membership]:
    return Membership.objects.filter(not_over_on(on_date), node=node)


def _grants(node: Node, on_date: dt.date) -> list[RoleGrant]:
    return list(RoleGrant.objects.select_for_update().filter(not_over_on(on_date), node=node).order_by("pk"))


def _check_nothing_hangs_on(node: Node, on_date: dt.date) -> None:
    children = list(node.get_children().filter(closed_date=None).values_list("name", flat=True)[:4])
    if children:
        names = _("、").join(children[:3]) + ("…" if len(children) > 3 else "")
        raise UnableToChangeUnit(_("下面还有单位：%(names)s。请先合并或撤销它们。") % {"names": names})
    blocking = [use.text for use in uses_of(node, on_date=on_date) if use.blocks]
    if blocking:
        raise UnableToChangeUnit(_("还不能办理：%(uses)s") % {"uses": _("；").join(blocking)})


def _move_members(node: Node, into: Node, on_date: dt.date) -> None:
    """Close what began before that day and go on in ``into``; what begins later begins there instead."""
    rows = list(_memberships(node, on_date).select_for_update().order_by("pk"))
    begun = [row for row in rows if row.active_from_date < on_date]
    going_on = [
        Membership(
            member_id=row.member_id,
            node=into,
            active_from_date=on_date,
            active_to_date=row.active_to_date,
            left_because=row.left_because,
        )
        for row in begun
    ]
    for row in begun:
        row.active_to_date, row.left_because = on_date, ""
        row.save(update_fields=["active_to_date", "left_because"])
    for row in going_on:
        row.save()
    for row in rows:
        if row.active_from_date >= on_date:
            row.node = into
            row.save(update_fields=["node"])


def _end_grants(node: Node, on_date: dt.date) -> None:
    for grant in _grants(node, on_date):
        grant.active_to_date = max(on_date, grant.active_from_date)
        grant.save(update_fields=["active_to_date"])
