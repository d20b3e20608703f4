"""Resumable uploads: bytes are durable on disk before the offset that acknowledges them is.

The row's offset is the truth. A file may be longer (bytes that nobody acknowledged: the process died over them); they
are cut off when the next piece begins, for after a loss of power they may be anything. It may be shorter (a disk that
lost what it said to have): then the upload goes on where the file ends.
"""

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from media import sides, storage
from media.core.names import clean_filename, clean_title
from media.models import Upload, Video
from media.operations.videos import UnableToCreate, create_video
from media.queries import complete_uploads, promised_bytes, unfinished_uploads
from media.sentences import reason

log = structlog.get_logger(__name__)
LIFETIME = timedelta(days=7)
MAX_UNFINISHED = 20
DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT}


class UnableToUpload(Exception):
    """``code``: bad_length, too_large, too_many, no_room, disk_full, bucket_full, away, elsewhere, gone, conflict or
    locked. ``facts``: bytes.
    """

    def __init__(self, code: str, **facts: int) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    @property
    def message(self) -> str:
        return reason(self.code, **self.facts)


def create_upload(*, owner_id: int, length: int, filename: str, title: str, as_of: datetime) -> Upload:
    """Make an empty upload of ``length`` bytes, which are promised from now on. Raises UnableToUpload.

    The row is written first and counted with the others: of two that ask at the same moment for the last room, each
    sees the other.
    """
    if length <= 0:
        raise UnableToUpload("bad_length")
    if length > settings.MEDIA_MAX_UPLOAD_BYTES:
        raise UnableToUpload("too_large", limit=settings.MEDIA_MAX_UPLOAD_BYTES)
    if unfinished_uploads(owner_id=owner_id).count() >= MAX_UNFINISHED:
        raise UnableToUpload("too_many")
    upload = Upload.objects.create(
        owner_id=owner_id,
        length=length,
        filename=clean_filename(filename),
        title=clean_title(title),
        expires_at=as_of + LIFETIME,
    )
    try:
        _require_room(length, as_of)
        storage.upload_path(upload.pk).touch()
    except BaseException:
        upload.delete()
        raise
    return upload


def _require_room(length: int, as_of: datetime) -> None:
    """``length`` is among what is promised already."""
    room = storage.room() - promised_bytes(as_of=as_of) + length
    if room < length:
        raise UnableToUpload("no_room", room=max(0, room), needed=length)


class Piece:
    """Bytes on their way into an upload's file, which nobody else can write meanwhile. Usable from any thread."""

    def __init__(self, upload: Upload, descriptor: int, offset: int) -> None:
        self.upload, self.offset, self.written = upload, offset, 0
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Add ``data``. Raises UnableToUpload("bad_length") beyond the upload's length, "disk_full" at the reserve.

        After an error the file ends again at the last acknowledged byte, and nothing more can be written.
        """
        with self._lock:
            try:
                if self.offset + self.written + len(data) > self.upload.length:
                    raise UnableToUpload("bad_length")
                storage.require_space(len(data))
                left = memoryview(data)
                while left:
                    left = left[os.write(self._descriptor, left) :]
            except (OSError, UnableToUpload, storage.UnableToStore) as error:
                self._give_up()
                raise _in_words(error) from error
            self.written += len(data)

    def settle(self) -> int:
        """Make what was written durable; return its length. Raises UnableToUpload as ``write`` does."""
        with self._lock:
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                self._give_up()
                raise _in_words(error) from error
            return self.written

    def close(self) -> None:
        """Let others write. Safe to call again."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor >= 0:
                os.close(descriptor)

    def _give_up(self) -> None:
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, self.offset)
            os.lseek(self._descriptor, self.offset, os.SEEK_SET)
        self.written = 0


def _in_words(error: Exception) -> Exception:
    """A full disk as UnableToUpload; any other error as it is."""
    if isinstance(error, storage.UnableToStore) or (isinstance(error, OSError) and error.errno in DISK_IS_FULL):
        return UnableToUpload("disk_full")
    return error


def begin_piece(*, upload_id: UUID, owner_id: int, offset: int, as_of: datetime) -> Piece:
    """Open the upload for the bytes that follow ``offset``; the caller closes the piece, or keeps it by ``keep_piece``.

    Two writers never mix: the second gets "locked", and an offset that is no longer true gets "conflict".
    Raises UnableToUpload.
    """
    upload = Upload.objects.filter(pk=upload_id, owner_id=owner_id).first()
    if upload is None or (upload.expires_at <= as_of and upload.video_id is None):
        raise UnableToUpload("gone")
    if upload.video_id is not None:
        raise UnableToUpload("conflict")
    descriptor = _open(storage.upload_path(upload_id))
    try:
        return _at(upload, descriptor, offset)
    except BaseException:
        os.close(descriptor)
        raise


def _open(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError as error:
        raise UnableToUpload("gone") from error
    # The kernel's lock on the open file, and no column: a worker that is killed has let go of it.
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise UnableToUpload("locked") from error
    return descriptor


def _at(upload: Upload, descriptor: int, offset: int) -> Piece:
    """Asked under the lock: another writer may just have moved the offset."""
    try:
        upload.refresh_from_db(fields=["offset", "video"])
    except Upload.DoesNotExist as error:
        raise UnableToUpload("gone") from error
    held = min(upload.offset, os.fstat(descriptor).st_size)
    if upload.video_id is not None or held != offset:
        raise UnableToUpload("conflict")
    try:
        storage.require_space()
    except storage.UnableToStore as error:
        raise UnableToUpload("disk_full") from error
    if held < upload.offset and Upload.objects.filter(pk=upload.pk, offset=upload.offset).update(offset=held) != 1:
        raise UnableToUpload("conflict")
    upload.offset = held
    os.ftruncate(descriptor, held)
    os.lseek(descriptor, held, os.SEEK_SET)
    return Piece(upload, descriptor, held)


def keep_piece(*, piece: Piece, as_of: datetime) -> Upload:
    """Acknowledge what the piece has written, close it, and return the upload; a whole one becomes a video.

    Raises UnableToUpload.
    """
    upload = piece.upload
    try:
        # On disk first, acknowledged then: a crash in between costs the browser this piece again and makes no gap. The
        # condition refuses a piece whose upload was finished or cancelled meanwhile.
        written = piece.settle()
        moved = {"offset": piece.offset + written, "expires_at": as_of + LIFETIME}
        if Upload.objects.filter(pk=upload.pk, offset=piece.offset, video=None).update(**moved) != 1:
            raise UnableToUpload("conflict")
    finally:
        piece.close()
    upload.offset, upload.expires_at = piece.offset + written, as_of + LIFETIME
    if upload.offset == upload.length:
        upload.video = finish_upload(upload_id=upload.pk)
    return upload


def append_upload(*, upload_id: UUID, owner_id: int, offset: int, chunks: Iterable[bytes], as_of: datetime) -> Upload:
    """Store the bytes that follow ``offset`` and return the upload with its new offset: a piece from begin to end.

    Whatever arrived before ``chunks`` ended is kept. Raises UnableToUpload.
    """
    piece = begin_piece(upload_id=upload_id, owner_id=owner_id, offset=offset, as_of=as_of)
    try:
        for chunk in chunks:
            piece.write(chunk)
        return keep_piece(piece=piece, as_of=as_of)
    finally:
        piece.close()


def held_bytes(upload: Upload) -> int:
    """How far an unfinished upload is: never more than what lies on disk."""
    try:
        return min(upload.offset, storage.upload_path(upload.pk).stat().st_size)
    except FileNotFoundError:
        return 0


def resume_upload(*, upload: Upload) -> Upload:
    """Say how far an unfinished upload is. One that has come whole and waited for the bucket is finished now.

    Raises UnableToUpload.
    """
    upload.offset = held_bytes(upload)
    if upload.offset == upload.length and sides.bucket_now() is not None:
        upload.video = finish_upload(upload_id=upload.pk)
    return upload


def finish_upload(*, upload_id: UUID) -> Video:
    """Make a complete upload a video and queue its job; a second call returns the same video. Raises UnableToUpload.

    Where files go to a bucket this host's file goes there first, by the name that the video will have, and with no row
    held: it may take a while. "away": the bucket does not answer, "elsewhere": another host has the file.
    """
    is_sent = sides.bucket_now() is not None
    if is_sent and Upload.objects.filter(pk=upload_id, video=None, offset=F("length")).exists():
        _send_up(upload_id)
    elif is_sent:
        return _finished(upload_id)
    return _finish(upload_id, is_sent=is_sent)


def _finished(upload_id: UUID) -> Video:
    """What nothing was sent of: the video that it is already. Raises UnableToUpload."""
    upload = Upload.objects.select_related("video").filter(pk=upload_id).first()
    if upload is None:
        raise UnableToUpload("gone")
    if upload.video is None:
        raise UnableToUpload("conflict")
    return upload.video


def _send_up(upload_id: UUID) -> None:
    path = storage.upload_path(upload_id)
    try:
        descriptor = _open(path)  # whoever asks meanwhile does not send it a second time
    except UnableToUpload as error:
        raise UnableToUpload("elsewhere" if error.code == "gone" else error.code) from error
    try:
        storage.send_up(path, storage.relative(storage.source_path(upload_id)))
    except storage.UnableToStore as error:
        raise UnableToUpload("bucket_full") from error
    except storage.UnableToReach as error:
        log.warning("upload_waits_for_storage", upload_id=str(upload_id), reason=str(error))
        raise UnableToUpload("away") from error
    finally:
        os.close(descriptor)


@transaction.atomic
def _finish(upload_id: UUID, *, is_sent: bool) -> Video:
    # The row is held: the request of the last piece and the minute's sweep may both find the upload complete.
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
            video_id=upload.pk if is_sent else None,
        )
    except storage.UnableToStore as error:
        raise UnableToUpload("disk_full") from error
    except UnableToCreate as error:
        raise UnableToUpload("gone") from error
    upload.save(update_fields=["video"])
    return upload.video


def rename_upload(*, upload_id: UUID, owner_id: int, title: str) -> None:
    """Change the title of an unfinished upload; nothing happens to any other."""
    mine = Upload.objects.filter(pk=upload_id, owner_id=owner_id, video=None)
    mine.exclude(title=clean_title(title)).update(title=clean_title(title))


def drop_upload(*, upload_id: UUID, owner_id: int) -> None:
    """Forget an unfinished upload and its bytes. Raises UnableToUpload("gone")."""
    # The row first, by a condition: what became a video in this moment keeps its bytes.
    deleted, _ = Upload.objects.filter(pk=upload_id, owner_id=owner_id, video=None).delete()
    if not deleted:
        raise UnableToUpload("gone")
    storage.drop(storage.upload_path(upload_id))


def drop_expired_uploads(*, as_of: datetime) -> int:
    """Remove uploads that nobody went on with for a week; return how many. Of those that are videos only the row."""
    dropped = 0
    for upload_id, owner_id in Upload.objects.filter(expires_at__lte=as_of, video=None).values_list("pk", "owner_id"):
        with contextlib.suppress(UnableToUpload):  # finished or cancelled this very moment
            drop_upload(upload_id=upload_id, owner_id=owner_id)
            dropped += 1
    Upload.objects.filter(expires_at__lte=as_of).exclude(video=None).delete()
    return dropped


def finish_complete_uploads() -> int:
    """Finish uploads whose last acknowledgement was followed by a crash. Returns how many."""
    finished = 0
    for upload_id in complete_uploads().values_list("pk", flat=True):
        try:
            finish_upload(upload_id=upload_id)
        except UnableToUpload as error:
            if error.code != "elsewhere":
                log.warning("upload_not_finished", upload_id=str(upload_id), code=error.code)
        else:
            finished += 1
    return finished
