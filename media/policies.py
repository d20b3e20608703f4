"""Who may do what with videos in Wagtail's admin."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from wagtail.permission_policies.base import BasePermissionPolicy

from media.models import Video
from media.permissions import may_manage_video, may_upload
from media.queries import UPLOADERS, managed_by

ACTIONS = frozenset({"add", "change", "delete", "view", "choose"})


class VideoPermissionPolicy(BasePermissionPolicy):
    """Roles in the tree decide, not Django's model permissions."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action in ACTIONS and may_upload(user)

    def user_has_any_permission(self, user: Any, actions: Any) -> bool:
        return any(self.user_has_permission(user, action) for action in actions)

    def users_with_any_permission(self, actions: Any) -> QuerySet[Any]:
        people = get_user_model().objects.filter(is_active=True, role_grants__active_to_date=None)
        return people.filter(role_grants__role__in=UPLOADERS).distinct()

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Video) -> bool:
        return action in ACTIONS and may_manage_video(user, instance)

    def user_has_any_permission_for_instance(self, user: Any, actions: Any, instance: Video) -> bool:
        return any(self.user_has_permission_for_instance(user, action, instance) for action in actions)

    def instances_user_has_any_permission_for(self, user: Any, actions: Any) -> QuerySet[Video]:
        return managed_by(user) if self.user_has_any_permission(user, actions) else Video.objects.none()
