"""What this app hears: a video that is gone takes its files with it."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from media import storage
from media.models import Video


@receiver(post_delete, sender=Video, dispatch_uid="media.drop_files")
def drop_files(instance: Video, **_kwargs: Any) -> None:
    transaction.on_commit(partial(storage.drop_video, instance.pk), robust=True)
