"""Who may upload and manage videos, and who may look at one while managing it."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser

from media.models import Video
from media.queries import UPLOADERS, managed_by, previewable_for
from organizations.models import User
from organizations.permissions import has_role


def may_upload(user: User | AnonymousUser) -> bool:
    """Organisers and lecturers make content; the operator helps them."""
    return has_role(user, *UPLOADERS)


def may_manage_video(user: User | AnonymousUser, video: Video) -> bool:
    return may_upload(user) and managed_by(user).filter(pk=video.pk).exists()


def may_preview_video(user_id: int, object_id: str) -> bool:
    """For ``settings.MEDIA_RIGHTS``: whoever may manage a video may look at it; an operator only at their own."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    try:
        video_id = UUID(object_id)
    except ValueError:
        return False
    return user is not None and may_upload(user) and previewable_for(user).filter(pk=video_id).exists()
