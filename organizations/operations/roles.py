"""Verbs about roles. Rights follow from the dated grants alone; there are no groups to keep in step."""

import datetime as dt

from django.db import transaction
from django.db.models import Q

from organizations.models import Role, RoleGrant


class UnableToGrantRole(Exception):
    """There is no such role."""


@transaction.atomic
def grant_role(*, user_id: int, node_id: int, role: str, on_date: dt.date) -> RoleGrant:
    """The user holds the role in the node's subtree from that day on; nothing happens if they do already.

    Raises UnableToGrantRole.
    """
    if role not in Role.values:
        raise UnableToGrantRole(role)
    grant, _ = RoleGrant.objects.get_or_create(
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
def end_roles(*, user_id: int, on_date: dt.date) -> None:
    """From that day on the user holds no role anywhere."""
    for grant in RoleGrant.objects.select_for_update().filter(
        Q(active_to_date=None) | Q(active_to_date__gt=on_date), user_id=user_id
    ):
        grant.active_to_date = max(on_date, grant.active_from_date)
        grant.save(update_fields=["active_to_date"])
