"""What Wagtail's admin shows of the ledger: roles in the tree decide, not Django's model permissions."""

from typing import Any

from django.db.models import Q, QuerySet
from wagtail.permission_policies.base import BasePermissionPolicy

from attendance.queries.rules import usable_rules
from organizations.models import Role, RoleGrant, User
from organizations.permissions import has_role, rules_the_whole_tree, visible_nodes


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
    """A rule is seen by whoever may schedule with it, and changed by the organisers of its unit or one above.

    The site's own, of no unit, are kept by the operator of the whole tree.
    """

    def user_has_permission(self, user: Any, action: str) -> bool:
        is_keeper = has_role(user, Role.ORGANISER) or rules_the_whole_tree(user)
        return action in self.actions and is_keeper

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        if instance.node is None:
            return action in self.actions and rules_the_whole_tree(user)
        return super().user_has_permission_for_instance(user, action, instance)

    def instances_user_has_any_permission_for(self, user: Any, actions: Any) -> QuerySet[Any, Any]:
        return usable_rules(user) if self.actions.intersection(actions) else self.model.objects.none()


class HoursPolicy(SubtreePolicy):
    """An hours table is kept by the organisers and operators of its unit or one above; the site's, by whoever keeps
    the whole tree."""

    keepers = (Role.ORGANISER, Role.OPERATOR)

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action in self.actions and (has_role(user, *self.keepers) or rules_the_whole_tree(user))

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        if instance.node is None:
            return action in self.actions and rules_the_whole_tree(user)
        return action in self.actions and has_role(user, *self.keepers, node=instance.node)

    def instances_user_has_any_permission_for(self, user: Any, actions: Any) -> QuerySet[Any, Any]:
        """Return what one keeps: a list leads to nothing that cannot be opened."""
        if not self.actions.intersection(actions):
            return self.model.objects.none()
        mine = Q(node__in=visible_nodes(user, *self.keepers).order_by())
        return self.model.objects.filter(mine | Q(node=None) if rules_the_whole_tree(user) else mine)
