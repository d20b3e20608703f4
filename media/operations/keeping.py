"""Whose a video is, and its end: it is deleted when nothing needs it."""

import uuid
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from media.models import Video
from organizations.uses import let_go

log = structlog.get_logger(__name__)


class UnableToDeleteVideo(Exception):
    """Something needs the video, or it is gone; the message is for the person who asks."""


@transaction.atomic
def delete_video(*, video_id: uuid.UUID, as_of: datetime) -> None:
    """Delete a video, and its files after the commit; whoever only showed it until it was over lets go of it.

    The row is held: a lesson that takes the video up meanwhile waits and finds it gone, or came first and keeps it.
    Raises UnableToDeleteVideo.
    """
    video = Video.objects.select_for_update().filter(pk=video_id).first()
    if video is None:
        raise UnableToDeleteVideo(_("这个视频已经不在了。"))
    try:
        with transaction.atomic():
            let_go(video, as_of=as_of)
            video.delete()
    except ProtectedError as error:
        raise UnableToDeleteVideo(_("这个视频正在使用，不能删除。")) from error
    log.info("video_deleted", video_id=str(video_id))


def drop_replaced() -> int:
    """Delete replaced recordings, with their files, but those that something still needs; returns how many.

    Safe to run twice: what is needed the database protects.
    """
    dropped = 0
    for video_id in Video.objects.filter(replaced_at__isnull=False).values_list("pk", flat=True):
        try:
            with transaction.atomic():
                video = Video.objects.select_for_update().filter(pk=video_id, replaced_at__isnull=False).first()
                if video is not None:
                    video.delete()
                    dropped += 1
        except ProtectedError:
            continue
    return dropped
