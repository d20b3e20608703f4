"""What Wagtail's admin shows of the ledger: roles in the tree decide, not Django's model permissions."""

from typing import Any

from django.db.models import QuerySet
from wagtail.permission_policies.base import BasePermissionPolicy

from attendance.models import Rule
from organizations.models import Role, RoleGrant, User
from organizations.permissions import has_role, visible_nodes


class SubtreePolicy(BasePermissionPolicy):
    """What stands at a node belongs to the organisers of it and of those above; Django permissions play no part.

    Whether a thing that is used can be deleted, its delete page says in words.
    """

    actions = frozenset({"add", "change", "delete", "view"})

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action in self.actions and has_role(user, Role.ORGANISER)

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        return action in self.actions and has_role(user, Role.ORGANISER, node=instance.node)

    def instances_user_has_any_permission_for(self, user: Any, actions: Any) -> QuerySet[Any, Any]:
        if not self.actions.intersection(actions):
            return self.model.objects.none()
        return self.model.objects.filter(node__in=visible_nodes(user, Role.ORGANISER))

    def users_with_any_permission(self, actions: Any) -> QuerySet[User, User]:
        grants = RoleGrant.objects.filter(role=Role.ORGANISER, active_to_date=None)
        return User.objects.filter(pk__in=grants.values("user_id"))


class OccasionPolicy(SubtreePolicy):
    """Occasions are only read here; lectures and courses schedule them."""

    actions = frozenset({"view"})


class RulePolicy(SubtreePolicy):
    """Rules belong to no node: every organiser uses them, and what one is used for stays as it was printed."""

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        return self.user_has_permission(user, action)

    def instances_user_has_any_permission_for(self, user: Any, actions: Any) -> QuerySet[Any, Any]:
        return Rule.objects.all() if self.user_has_permission(user, "view") else Rule.objects.none()
