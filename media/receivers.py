"""Signals that this app receives: a video that is gone takes its files and the upload that it came from with it; and
which of its files are named.
"""

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver

from media import events, storage
from media.models import Upload, Video


@receiver(post_delete, sender=Video, dispatch_uid="media.drop_files")
def drop_files(instance: Video, **_kwargs: Any) -> None:
    transaction.on_commit(partial(_drop_files, instance.pk), robust=True)


def _drop_files(video_id: UUID) -> None:
    """A recording that was placed again has the same name: what a new row names stays."""
    if not Video.objects.filter(pk=video_id).exists():
        storage.drop_video(video_id)


@receiver(pre_delete, sender=Video, dispatch_uid="media.drop_upload")
def drop_upload(instance: Video, **_kwargs: Any) -> None:
    """Without its video the row would read as an upload that waits to be finished, from a file that is gone."""
    Upload.objects.filter(video=instance).delete()


@receiver(events.names_asked, dispatch_uid="media.is_named")
def is_named(key: str, **_kwargs: Any) -> bool:
    """Of all attempts of a video the one that its row names; of an original what an upload will be a video by, too."""
    area, _slash, rest = key.partition("/")
    name, _slash, attempt = rest.partition("/")
    try:
        video = Video.objects.filter(pk=UUID(name))
    except ValueError:
        return False
    if area == "videos":
        return (video.filter(folder=key) if attempt else video).exists()
    return area == "sources" and (
        video.filter(source_path=key).exists() or Upload.objects.filter(pk=UUID(name), video=None).exists()
    )
