"""What the back office keeps of somebody goes with who they were (ADR 88); who published what, and when, stays."""

from django.contrib.contenttypes.models import ContentType
from wagtail.admin.models import EditingSession, FormState
from wagtail.models import APIToken, Comment, CommentReply, ModelLogEntry, PageSubscription, UploadedFile
from wagtail.users.models import UserProfile

from organizations.models import User
from organizations.operations.departures import NAMELESS


def take_out(*, member_id: int) -> None:
    """Remarks on pages, half-filled forms, uploads under way, keys, subscriptions, the profile with its picture."""
    for model in (CommentReply, Comment, PageSubscription, EditingSession, FormState, APIToken):
        model._default_manager.filter(user_id=member_id).delete()  # noqa: SLF001 - documented
    for upload in UploadedFile.objects.filter(uploaded_by_user_id=member_id):
        upload.file.delete(save=False)
        upload.delete()
    for profile in UserProfile.objects.filter(user_id=member_id):
        profile.avatar.delete(save=False)
        profile.delete()
    people = ContentType.objects.get_for_model(User)
    ModelLogEntry.objects.filter(content_type=people, object_id=str(member_id)).update(label=NAMELESS)
