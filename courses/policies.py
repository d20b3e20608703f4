"""Who may do what with 安排课程 in Wagtail's admin: the roles in the tree decide, not Django's model permissions."""

from typing import Any

from django.db.models import QuerySet
from wagtail.permission_policies.base import BasePermissionPolicy

from cms.permissions import EDITORS, editable_nodes, may_edit_at
from courses.models import CourseRun
from courses.queries import runs_in_subtrees
from organizations.models import Role, User
from organizations.permissions import has_role

ACTIONS = frozenset({"add", "change", "view"})


class SchedulePolicy(BasePermissionPolicy):
    """Organisers give courses to their own part of the tree; nobody deletes what people may have studied (what has not
    begun is withdrawn, what has is declared void: ``courses.schedule``)."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action in ACTIONS and (user.is_superuser or has_role(user, *EDITORS))

    def users_with_any_permission(self, actions: Any) -> QuerySet[Any]:
        return User.objects.filter(is_active=True, role_grants__role=Role.ORGANISER).distinct()

    def user_has_permission_for_instance(self, user: Any, action: str, instance: CourseRun) -> bool:
        return action in ACTIONS and may_edit_at(user, instance.occasion.node)

    def user_has_any_permission_for_instance(self, user: Any, actions: Any, instance: CourseRun) -> bool:
        return any(self.user_has_permission_for_instance(user, action, instance) for action in actions)

    def instances_user_has_any_permission_for(self, user: Any, actions: Any) -> QuerySet[CourseRun]:
        return runs_in_subtrees(nodes=editable_nodes(user)) if ACTIONS & set(actions) else CourseRun.objects.none()
