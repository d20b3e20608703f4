"""Signals that this app receives: slides that are gone take their files with them; and which of them are named."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from live.models import SlideDeck
from media import events, storage


@receiver(post_delete, sender=SlideDeck, dispatch_uid="live.drop_slides")
def drop_slides(instance: SlideDeck, **_kwargs: Any) -> None:
    folder = storage.slides_folder(instance.lecture_id, instance.key)
    transaction.on_commit(partial(storage.drop, folder), robust=True)


@receiver(events.names_asked, dispatch_uid="live.is_named")
def is_named(key: str, **_kwargs: Any) -> bool:
    """A deck that could not be drawn has given up its files."""
    area, _slash, rest = key.partition("/")
    decks = SlideDeck.objects.filter(key=rest.partition("/")[2]).exclude(state=SlideDeck.State.FAILED)
    return area == "slides" and decks.exists()
