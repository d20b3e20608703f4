"""What the back office keeps of somebody goes with who they were (ADR 88); who published what, and when, stays."""

import copy
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from wagtail.admin.models import EditingSession, FormState
from wagtail.models import (
    APIToken,
    Comment,
    CommentReply,
    ModelLogEntry,
    PageLogEntry,
    PageSubscription,
    TaskState,
    UploadedFile,
)
from wagtail.users.models import UserProfile

from organizations.models import User
from organizations.operations.departures import NAMELESS


def take_out(*, member_id: int) -> None:
    """Remarks on pages, half-filled forms, uploads under way, keys, subscriptions, the profile with its picture."""
    _take_words_out(member_id)
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


def _take_words_out(member_id: int) -> None:
    """What they wrote stands in the history of a page, too, and in the log of whoever answered or deleted it; what they
    said as they reviewed stands with the review. That they said something, and when, stays."""
    said = dict(Comment.objects.filter(user_id=member_id).values_list("pk", "page_id"))
    answered = dict(CommentReply.objects.filter(user_id=member_id).values_list("pk", "comment__page_id"))
    theirs, theirs_said = set(said), set(answered)
    TaskState.objects.filter(finished_by_id=member_id).exclude(comment="").update(comment="")
    reviewed = Q(user_id=member_id, action__in=("wagtail.workflow.approve", "wagtail.workflow.reject"))
    written = Q(user_id=member_id, action__startswith="wagtail.comments.")
    pages = sorted({*said.values(), *answered.values()})  # by an index: the log of the whole site is long
    about = Q(page_id__in=pages) & (
        Q(data__comment__id__in=sorted(theirs)) | Q(data__reply__id__in=sorted(theirs_said))
    )
    for entry in PageLogEntry.objects.filter(reviewed | written | about).order_by().iterator(chunk_size=200):
        if (emptied := _emptied(entry, member_id, theirs, theirs_said)) != entry.data:
            PageLogEntry.objects.filter(pk=entry.pk).update(data=emptied)


def _emptied(entry: PageLogEntry, member_id: int, theirs: set[int], theirs_said: set[int]) -> dict[str, Any]:
    """The data of an entry without their words: those of a comment that another wrote stay."""
    data: dict[str, Any] = copy.deepcopy(entry.data)
    comment, reply = data.get("comment"), data.get("reply")
    if isinstance(comment, dict) and (comment.get("id") in theirs or _made(entry, member_id, "create", "edit")):
        comment["text"] = ""
    if isinstance(reply, dict) and (
        reply.get("id") in theirs_said or _made(entry, member_id, "create_reply", "edit_reply")
    ):
        reply["text"] = ""
    if isinstance(comment, str) and entry.user_id == member_id:
        data["comment"] = ""
    return data


def _made(entry: PageLogEntry, member_id: int, *how: str) -> bool:
    return entry.user_id == member_id and entry.action in {f"wagtail.comments.{one}" for one in how}
