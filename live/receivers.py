"""Signals that this app receives: slides that are gone take their files with them."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from live.models import SlideDeck
from media import storage


@receiver(post_delete, sender=SlideDeck, dispatch_uid="live.drop_slides")
def drop_slides(instance: SlideDeck, **_kwargs: Any) -> None:
    folder = storage.slides_folder(instance.lecture_id, instance.key)
    transaction.on_commit(partial(storage.drop, folder), robust=True)
