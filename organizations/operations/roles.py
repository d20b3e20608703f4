"""Verbs about roles. The two back-office roles are members of a Wagtail group as long as they hold a grant."""

import datetime as dt
from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db import transaction

from organizations.models import Role, RoleGrant, User

GROUP_OF_ROLE = {Role.ORGANISER: "组织员", Role.OPERATOR: "管理员"}


class UnableToGrantRole(Exception):
    """There is no such role."""


@transaction.atomic
def grant_role(*, user_id: int, node_id: int, role: str, on_date: dt.date) -> RoleGrant:
    """The user holds the role in the node's subtree from that day on; nothing happens if they do already."""
    if role not in Role.values:
        raise UnableToGrantRole(role)
    grant, _ = RoleGrant.objects.get_or_create(
        user_id=user_id, node_id=node_id, role=role, active_to_date=None, defaults={"active_from_date": on_date}
    )
    match_groups(user_ids=[user_id])
    return grant


@transaction.atomic
def revoke_role(*, user_id: int, node_id: int, role: str, on_date: dt.date) -> None:
    """From that day on the user no longer holds the role at that node; nothing happens without a grant."""
    for grant in RoleGrant.objects.select_for_update().filter(
        user_id=user_id, node_id=node_id, role=role, active_to_date=None
    ):
        grant.active_to_date = max(on_date, grant.active_from_date)
        grant.save(update_fields=["active_to_date"])
    match_groups(user_ids=[user_id])


def match_groups(*, user_ids: Iterable[int]) -> None:
    """Put each user into exactly the back-office groups of their open grants. A handful of queries at any size."""
    ids = set(user_ids)
    held = set(
        RoleGrant.objects.filter(user_id__in=ids, active_to_date=None, role__in=GROUP_OF_ROLE).values_list(
            "role", "user_id"
        )
    )
    membership = User.groups.through
    for role, name in GROUP_OF_ROLE.items():
        group, _ = Group.objects.get_or_create(name=name)
        wanted = {user_id for held_role, user_id in held if held_role == role}
        membership.objects.filter(group_id=group.pk, user_id__in=ids - wanted).delete()
        membership.objects.bulk_create(
            [membership(group_id=group.pk, user_id=user_id) for user_id in sorted(wanted)], ignore_conflicts=True
        )
