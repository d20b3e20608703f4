"""Resumable uploads: bytes are durable on disk before the offset that acknowledges them is."""

import fcntl
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import IO
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from media import storage
from media.core.names import clean_filename, clean_title
from media.models import Upload, Video
from media.operations.videos import UnableToCreate, create_video
from media.queries import complete_uploads, unfinished_uploads

log = structlog.get_logger(__name__)
LIFETIME = timedelta(days=7)
MAX_UNFINISHED = 20


class UnableToUpload(Exception):
    """``code``: bad_length, too_big, too_many, disk_full, gone, conflict, locked (sentences: media/messages.py)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def create_upload(*, owner_id: int, length: int, filename: str, title: str, as_of: datetime) -> Upload:
    """Make an empty upload of ``length`` bytes. Raises UnableToUpload."""
    if length <= 0:
        raise UnableToUpload("bad_length")
    if length > settings.MEDIA_MAX_UPLOAD_BYTES:
        raise UnableToUpload("too_big")
    if unfinished_uploads(owner_id=owner_id).count() >= MAX_UNFINISHED:
        raise UnableToUpload("too_many")
    _require_space(length)
    upload = Upload(
        owner_id=owner_id,
        length=length,
        filename=clean_filename(filename),
        title=clean_title(title),
        expires_at=as_of + LIFETIME,
    )
    storage.upload_path(upload.pk).touch()
    upload.save(force_insert=True)
    return upload


def append_upload(*, upload_id: UUID, owner_id: int, offset: int, chunks: Iterable[bytes], as_of: datetime) -> Upload:
    """Store the bytes that follow ``offset`` and return the upload with its new offset.

    Whatever arrived before ``chunks`` ended is kept, so a broken connection loses nothing that was stored. Two writers
    never mix: the second gets "locked", and an offset that is no longer true gets "conflict". Raises UnableToUpload.
    """
    upload = Upload.objects.filter(pk=upload_id, owner_id=owner_id).first()
    if upload is None or (upload.expires_at <= as_of and upload.video_id is None):
        raise UnableToUpload("gone")
    if upload.video_id is not None or upload.offset != offset:
        raise UnableToUpload("conflict")
    _require_space()
    try:
        with storage.upload_path(upload_id).open("r+b") as file:
            _lock(file)
            written = _write(file, upload, chunks)
    except FileNotFoundError as error:
        raise UnableToUpload("gone") from error
    return _acknowledge(upload, written, as_of)


def _lock(file: IO[bytes]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UnableToUpload("locked") from error


def _write(file: IO[bytes], upload: Upload, chunks: Iterable[bytes]) -> int:
    """Write and fsync; the row's offset is asked again under the lock, for another writer may just have moved it."""
    if not Upload.objects.filter(pk=upload.pk, offset=upload.offset, video=None).exists():
        raise UnableToUpload("conflict")
    file.seek(upload.offset)
    written = 0
    for chunk in chunks:
        written += len(chunk)
        if upload.offset + written > upload.length:
            raise UnableToUpload("bad_length")
        file.write(chunk)
    file.flush()
    os.fsync(file.fileno())
    acknowledged = Upload.objects.filter(pk=upload.pk, offset=upload.offset, video=None)
    if written and acknowledged.update(offset=upload.offset + written) != 1:
        raise UnableToUpload("conflict")
    return written


def _acknowledge(upload: Upload, written: int, as_of: datetime) -> Upload:
    upload.offset += written
    upload.expires_at = as_of + LIFETIME
    Upload.objects.filter(pk=upload.pk).update(expires_at=upload.expires_at)
    return upload


@transaction.atomic
def finish_upload(*, upload_id: UUID) -> Video:
    """Make a complete upload a video and queue its job; a second call returns the same video. Raises UnableToUpload."""
    upload = Upload.objects.select_for_update().filter(pk=upload_id).first()
    if upload is None:
        raise UnableToUpload("gone")
    if upload.video_id is not None:
        return Video.objects.get(pk=upload.video_id)
    if upload.offset != upload.length:
        raise UnableToUpload("conflict")
    try:
        upload.video = create_video(
            title=upload.title,
            source=storage.upload_path(upload.pk),
            source_name=upload.filename,
            created_by_id=upload.owner_id,
        )
    except storage.UnableToStore as error:
        raise UnableToUpload("disk_full") from error
    except UnableToCreate as error:
        raise UnableToUpload("gone") from error
    upload.save(update_fields=["video"])
    return upload.video


def drop_upload(*, upload_id: UUID, owner_id: int) -> None:
    """Forget an unfinished upload and its bytes. Raises UnableToUpload("gone")."""
    deleted, _ = Upload.objects.filter(pk=upload_id, owner_id=owner_id, video=None).delete()
    if not deleted:
        raise UnableToUpload("gone")
    storage.drop(storage.upload_path(upload_id))


def drop_expired_uploads(*, as_of: datetime) -> int:
    """Remove uploads that nobody went on with for a week. Returns how many."""
    expired = list(Upload.objects.filter(expires_at__lte=as_of, video=None).values_list("pk", "owner_id"))
    for upload_id, owner_id in expired:
        drop_upload(upload_id=upload_id, owner_id=owner_id)
    return len(expired)


def finish_complete_uploads() -> int:
    """Finish uploads whose last acknowledgement was followed by a crash. Returns how many."""
    finished = 0
    for upload_id in complete_uploads().values_list("pk", flat=True):
        try:
            finish_upload(upload_id=upload_id)
        except UnableToUpload as error:
            log.warning("upload_not_finished", upload_id=str(upload_id), code=error.code)
        else:
            finished += 1
    return finished


def _require_space(size: int = 0) -> None:
    try:
        storage.require_space(size)
    except storage.UnableToStore as error:
        raise UnableToUpload("disk_full") from error
