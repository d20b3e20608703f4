"""What members' browsers cannot decode, so that whoever manages the video is told."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from media.models import Video, VideoFault

log = structlog.get_logger(__name__)

# A phone that can play nothing says so of a few videos; more than that a day is not somebody who watches.
MOST_A_DAY = 20


class UnableToNoteFault(Exception):
    """``code``: "gone" or "too_many"; the message is for the person whose browser said so."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@transaction.atomic
def note_fault(*, video_id: UUID, member_id: int, as_of: datetime) -> None:
    """Note that a person's browser cannot decode a video; again from the same person changes nothing.

    Raises UnableToNoteFault. The right to watch it is asked by the caller.
    """
    # The video's row is held, so that two people at once are counted as two.
    video = Video.objects.select_for_update(no_key=True).filter(pk=video_id, state=Video.State.READY).first()
    if video is None:
        raise UnableToNoteFault("gone", _("这个视频已经不在了。"))
    mine = VideoFault.objects.filter(member_id=member_id)
    if mine.filter(video=video, folder=video.folder).exists():
        return
    if mine.filter(at__gt=as_of - timedelta(days=1)).count() >= MOST_A_DAY:
        raise UnableToNoteFault("too_many", _("今天已经报告了很多次，请明天再试。"))
    VideoFault.objects.create(video=video, member_id=member_id, folder=video.folder, at=as_of)
    video.fault_count = VideoFault.objects.filter(video=video, folder=video.folder).count()
    video.fault_at = as_of
    video.save(update_fields=["fault_count", "fault_at"])
    log.warning("video_not_decodable", video=str(video_id), people=video.fault_count)
