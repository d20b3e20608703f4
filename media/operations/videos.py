"""Making, retrying and adopting videos."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from celery import current_app
from django.db import IntegrityError, transaction
from kombu.exceptions import OperationalError as BrokerError

from media import events, poster, storage, transcoder
from media.core.ladder import Phase
from media.core.names import clean_filename, clean_title
from media.core.playlists import UnableToReadPlaylist
from media.models import Clip, Job, Video
from media.queries import home_of
from organizations.models import User

log = structlog.get_logger(__name__)
TRANSCODE_TASK = "media.transcode"
RECORDINGS = uuid.UUID("6d1f2b0c-3f0e-5a55-9a53-0f4f6a0c9a10")
"""The name space of recordings' keys (RFC 9562, version 5)."""


class UnableToCreate(Exception):
    """The source cannot be taken over (it is gone or empty)."""


class UnableToRetry(Exception):
    """Only what failed can be tried again, if its source (a file, or the video of which it is a part) still exists."""


class UnableToAdopt(Exception):
    """The folder holds no playable recording."""


def hint(job_id: int) -> None:
    """Tell the workers about a job. A lost hint costs a minute: the row is the truth, the reconciler asks it."""
    try:
        current_app.send_task(TRANSCODE_TASK, args=[job_id], retry=False)
    except (BrokerError, OSError) as error:
        log.warning("job_hint_lost", job_id=job_id, error=type(error).__name__)


def queue(video_id: uuid.UUID, phase: Phase = Phase.FIRST) -> Job:
    job = Job.objects.create(video_id=video_id, phase=phase)
    transaction.on_commit(partial(hint, job.pk))
    return job


def create_video(
    *,
    title: str,
    source: Path,
    source_name: str,
    created_by_id: int | None,
    node_id: int | None = None,
    video_id: uuid.UUID | None = None,
) -> Video:
    """Take the file ``source`` over (it is gone afterwards), store the video and queue its job.

    It belongs to the unit ``node_id``; without one to that of its uploader's work, so that it is there when they leave.
    ``video_id``: under which the file was sent to the bucket before (``storage.send_up``): then no bucket is asked, and
    the call may stand in a transaction.
    Raises UnableToCreate, storage.UnableToStore where the disk's reserve is reached, and storage.UnableToReach.
    """
    if not source.is_file() or source.stat().st_size == 0:
        raise UnableToCreate
    storage.require_space()
    name = clean_filename(source_name)
    key = video_id or uuid.uuid4()
    video = Video(pk=key, title=clean_title(title) or clean_title(Path(name).stem) or name, source_name=name)
    target = storage.source_path(video.pk)
    if video_id is None:
        storage.take_over(source, target)
    try:
        with transaction.atomic():
            video.created_by_id = created_by_id
            video.node_id = node_id if node_id is not None else _home_id(created_by_id)
            video.source_path = storage.relative(target)
            video.save(force_insert=True)
            queue(video.pk)
            transaction.on_commit(partial(source.unlink, missing_ok=True))
    except IntegrityError:
        storage.drop(target)
        raise
    return video


def _home_id(user_id: int | None) -> int | None:
    user = User.objects.filter(pk=user_id).first() if user_id is not None else None
    home = home_of(user) if user is not None else None
    return home.pk if home is not None else None


def retry_video(*, video_id: uuid.UUID) -> Job:
    """Queue a failed video again, or the rungs that one lacks which can be played already.

    Raises UnableToRetry, and storage.UnableToReach.
    """
    video = Video.objects.filter(pk=video_id).first()
    if video is None or not _has_source(video):  # a bucket may take its time: asked before anything is held
        raise UnableToRetry
    return _retry(video_id)


@transaction.atomic
def _retry(video_id: uuid.UUID) -> Job:
    video = Video.objects.select_for_update(no_key=True).filter(pk=video_id).first()
    if video is not None and video.lacks_rungs:
        Video.objects.filter(pk=video_id).update(error_code="")
        return queue(video_id, Phase.LADDER)
    failed = Video.objects.filter(pk=video_id, state=Video.State.FAILED)
    if failed.update(state=Video.State.QUEUED, progress=0, error_code="") != 1:
        raise UnableToRetry
    return queue(video_id)


def _has_source(video: Video) -> bool:
    if Clip.objects.filter(video=video).exists():
        return Clip.objects.filter(video=video, source__state=Video.State.READY).exists()
    return bool(video.source_path) and storage.stored(video.source_path) is not None


def carry_chapters(*, earlier_id: uuid.UUID, video_id: uuid.UUID) -> None:
    """Give a video that takes the place of an earlier one its chapters; what it has of its own stays."""
    kept = Video.objects.filter(pk=earlier_id).values_list("chapters", flat=True).first()
    if kept:
        Video.objects.filter(pk=video_id, chapters=[]).update(chapters=kept)


def mark_replaced(*, video_id: uuid.UUID, as_of: datetime) -> None:
    """Say that a better recording has taken this one's place; ``drop_replaced`` deletes it when nothing needs it."""
    Video.objects.filter(pk=video_id, replaced_at=None).update(replaced_at=as_of)


@dataclass(frozen=True, slots=True)
class PlacedRecording:
    """A recording that lies where players will look. ``is_known``: an earlier row has named it."""

    video_id: uuid.UUID
    folder: str
    width: int
    height: int
    renditions: list[dict[str, Any]]
    is_known: bool


def place_recording(*, key: str, folder: Path, width: int, height: int) -> PlacedRecording:
    """Check a packed recording (a folder with master.m3u8), give it a poster and move it into storage.

    Takes as long as a copy takes: never call it inside a transaction. What is placed gets its name from ``key`` and
    from its own playlists, so that doing it again, after a rollback or a kill, finds what lies there instead of making
    a second copy. Raises UnableToAdopt; then the folder stays where it was, unless what was placed is gone again.
    Followed by ``adopt_recording``; what nobody adopts is swept after a day.
    """
    try:
        renditions = transcoder.describe(folder, width=width, height=height)
        token = _digest(folder)
    except (UnableToReadPlaylist, OSError) as error:
        raise UnableToAdopt from error
    video_id = uuid.uuid5(RECORDINGS, f"{key} {token}")
    poster.add_recording_poster(folder)
    placed = storage.place(folder, video_id=video_id, token=token)
    # In this order, and here: a row that is deleted from now on is missed by adopt_recording, which asks no bucket.
    is_known = Video.objects.filter(pk=video_id).exists()
    if not storage.is_placed(placed):
        raise UnableToAdopt(placed)
    return PlacedRecording(video_id, placed, width, height, renditions, is_known)


def _digest(folder: Path) -> str:
    """What a packed recording is, in 32 digits. Raises UnableToAdopt or OSError where a file of it is missing."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.m3u8")):
        text = path.read_text(encoding="utf-8")
        digest.update(f"{path.name}\n{text}".encode())
        for line in text.splitlines():
            uri = line.partition('URI="')[2].partition('"')[0] if line.startswith("#EXT-X-MAP:") else line
            if uri and not uri.startswith("#") and (folder / uri).stat().st_size == 0:
                raise UnableToAdopt(uri)
    return digest.hexdigest()[:32]


def adopt_recording(
    *, placed: PlacedRecording, title: str, duration_ms: int, node_id: int | None, created_by_id: int | None
) -> Video:
    """Name what ``place_recording`` placed: a video that can be played at once. Doing it twice is doing it once.

    Raises UnableToAdopt where an earlier row of the same name, and the files with it, were deleted meanwhile.
    """
    with transaction.atomic():
        video, made = Video.objects.get_or_create(
            pk=placed.video_id,
            defaults={
                "title": clean_title(title) or placed.folder,
                "state": Video.State.READY,
                "progress": 100,
                "folder": placed.folder,
                "duration_ms": duration_ms,
                "width": placed.width,
                "height": placed.height,
                "renditions": placed.renditions,
                "node_id": node_id,
                "created_by_id": created_by_id,
            },
        )
        # Held from here on: who deletes it has come first, or waits and finds it in use.
        held = Video.objects.select_for_update(no_key=True).filter(pk=video.pk)
        was_deleted = made and placed.is_known  # since it was placed, and its files with it
        if was_deleted or not held.exists() or not storage.lies_here(placed.folder):
            raise UnableToAdopt(placed.folder)
        held.exclude(replaced_at=None).update(replaced_at=None)
        if made:
            events.announce_ready(video.pk)
    return video
