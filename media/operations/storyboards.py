"""Small pictures for films that were made before there were any."""

import secrets
from dataclasses import asdict
from uuid import UUID

import structlog

from media import storage
from media.core.playlists import STORYBOARD
from media.models import Video
from media.storyboard import make_storyboard

log = structlog.get_logger(__name__)


def add_storyboard(*, video_id: UUID) -> bool:
    """Draw the small pictures of a film from what is published of it, which nobody waits for and which stays as it is.

    False where there is nothing to draw from, or the film was made anew meanwhile. Safe to repeat.
    Raises storage.UnableToStore and storage.UnableToReach.
    """
    video = Video.objects.filter(pk=video_id, state=Video.State.READY, clip=None).exclude(folder="").first()
    if video is None:
        return False
    storage.require_space()
    work = storage.make_work_folder(secrets.token_hex(16))
    try:
        with storage.at_hand(video.folder) as published:
            board = make_storyboard(
                published,
                work,
                renditions=video.renditions,
                duration_ms=video.duration_ms or 0,
                on_beat=lambda: None,
            )
        if board is None or not storage.add_file(work / STORYBOARD, storage.absolute(video.folder)):
            return False
    finally:
        storage.drop(work)
    added = Video.objects.filter(pk=video_id, folder=video.folder).update(storyboard=asdict(board)) == 1
    log.info("storyboard_added", video_id=str(video_id), tiles=board.count, added=added)
    return added
