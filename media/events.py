"""What this app announces. Receivers get ids only, after the commit, and cannot break the sender."""

from functools import partial
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal

video_ready = Signal()
"""A video can be played: ``video_id`` (UUID)."""

video_failed = Signal()
"""A video cannot be made, or one that was played is damaged: ``video_id`` (UUID)."""

captions_changed = Signal()
"""A video has other captions than before, or none any more: ``video_id`` (UUID)."""


def announce_ready(video_id: UUID) -> None:
    transaction.on_commit(partial(video_ready.send_robust, sender=None, video_id=video_id))


def announce_failed(video_id: UUID) -> None:
    transaction.on_commit(partial(video_failed.send_robust, sender=None, video_id=video_id))


def announce_captions(video_id: UUID) -> None:
    transaction.on_commit(partial(captions_changed.send_robust, sender=None, video_id=video_id))
