"""Verbs about roles. Rights follow from the dated grants alone; there are no groups to keep in step."""

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from organizations.models import Node, Role, RoleGrant, User
from organizations.queries import not_over_on


class UnableToGrantRole(Exception):
    """There is no such role, the unit is closed, or the person has left."""


class UnableToEndRole(Exception):
    """It is the last role by which whoever asks administers anything."""


@transaction.atomic
def grant_role(*, user_id: int, node_id: int, role: str, on_date: dt.date) -> RoleGrant:
    """The user holds the role in the node's subtree from that day on; nothing happens if they do already.

    Raises UnableToGrantRole.
    """
    if role not in Role.values:
        raise UnableToGrantRole(_("没有这种职责。"))
    if Node.objects.filter(pk=node_id, closed_date__isnull=False).exists():
        raise UnableToGrantRole(_("这个单位已撤销，请选别的单位。"))
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        raise UnableToGrantRole(_("这个人已离开，请先办理恢复。"))
    # A constraint allows one open grant of a role at a node: of two who give it at once the second gets the first's.
    grant, _made = RoleGrant.objects.get_or_create(
        user_id=user_id, node_id=node_id, role=role, active_to_date=None, defaults={"active_from_date": on_date}
    )
    return grant


@transaction.atomic
def revoke_role(*, user_id: int, node_id: int, role: str, on_date: dt.date) -> None:
    """From that day on the user no longer holds the role at that node; nothing happens without a grant."""
    for grant in RoleGrant.objects.select_for_update().filter(
        user_id=user_id, node_id=node_id, role=role, active_to_date=None
    ):
        grant.active_to_date = max(on_date, grant.active_from_date)
        grant.save(update_fields=["active_to_date"])


@transaction.atomic
def end_role(*, grant_id: int, on_date: dt.date, actor_id: int | None = None) -> None:
    """From that day on the role is no longer held. Nobody dismisses themselves as the last operator that they are.

    Raises UnableToEndRole.
    """
    grant = RoleGrant.objects.select_for_update().get(pk=grant_id)
    later = not_over_on(on_date)
    others = RoleGrant.objects.filter(later, user_id=grant.user_id, role=Role.OPERATOR).exclude(pk=grant_id)
    if grant.role == Role.OPERATOR and grant.user_id == actor_id and not others.exists():
        raise UnableToEndRole(_("这是您自己最后一项管理员职责，请由另一位管理员办理。"))
    grant.active_to_date = max(on_date, grant.active_from_date)
    grant.save(update_fields=["active_to_date"])


@transaction.atomic
def end_roles(*, user_id: int, on_date: dt.date) -> None:
    """From that day on the user holds no role anywhere."""
    for grant in RoleGrant.objects.select_for_update().filter(not_over_on(on_date), user_id=user_id):
        grant.active_to_date = max(on_date, grant.active_from_date)
        grant.save(update_fields=["active_to_date"])
