"""Whose a video is, and its end: it is deleted when nothing needs it."""

import time
import uuid
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from media import storage
from media.models import Video
from organizations.uses import let_go

log = structlog.get_logger(__name__)
ADOPTED_WITHIN_S = 3600.0


class UnableToDeleteVideo(Exception):
    """Something needs the video, or it is gone; the message is for the person who asks."""


@transaction.atomic
def delete_video(*, video_id: uuid.UUID, as_of: datetime, actor_id: int | None = None) -> None:
    """Delete a video, and its files after the commit; whoever only showed it until it was over lets go of it.

    The row is held: a lesson that takes the video up meanwhile waits and finds it gone, or came first and keeps it.
    Raises UnableToDeleteVideo.
    """
    gone = UnableToDeleteVideo(_("这个视频已经不在了。"))
    video = Video.objects.filter(pk=video_id).first()
    if video is None:
        raise gone
    try:
        with transaction.atomic():
            # What shows the video before the video: whoever hands a recording over, or drops it, holds them so.
            let_go(video, as_of=as_of, actor_id=actor_id)
            if not Video.objects.select_for_update().filter(pk=video_id).exists():
                raise gone
            video.delete()
    except ProtectedError as error:
        raise UnableToDeleteVideo(_("这个视频正在使用，不能删除。")) from error
    log.info("video_deleted", video_id=str(video_id))


def _is_placed_again(video: Video) -> bool:
    """Whether its folder was placed once more after it was replaced, within the last hour."""
    placed_at = storage.placed_at(video.folder)
    if placed_at is None or video.replaced_at is None:
        return False
    return placed_at > max(video.replaced_at.timestamp(), time.time() - ADOPTED_WITHIN_S)


def drop_replaced() -> int:
    """Delete replaced recordings, with their files, but those that something still needs; returns how many.

    Safe to run twice: what is needed the database protects. One that was placed again since is about to be named again
    (``adopt_recording``); if it is not, the sweep takes it once that lies an hour back.
    """
    dropped = 0
    for video_id in Video.objects.filter(replaced_at__isnull=False).values_list("pk", flat=True):
        try:
            with transaction.atomic():
                video = Video.objects.select_for_update().filter(pk=video_id, replaced_at__isnull=False).first()
                if video is not None and not _is_placed_again(video):
                    video.delete()
                    dropped += 1
        except ProtectedError:
            continue
    return dropped
