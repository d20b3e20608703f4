"""What this app announces and asks.

Receivers get ids only, after the commit, and cannot break the sender; but who asks needs every answer.
"""

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

names_asked = Signal()
"""A question: does a row name what lies under ``key`` (a relative path), or something below it? Receivers answer True
or False, and ask the database at most once or twice.
"""


def is_named(key: str) -> bool:
    """Whether a row of any app names what lies in storage under ``key``, or something below it."""
    return any(answer for _receiver, answer in names_asked.send(sender=None, key=key))


def announce_ready(video_id: UUID) -> None:
    transaction.on_commit(partial(video_ready.send_robust, sender=None, video_id=video_id))


def announce_failed(video_id: UUID) -> None:
    transaction.on_commit(partial(video_failed.send_robust, sender=None, video_id=video_id))


def announce_captions(video_id: UUID) -> None:
    transaction.on_commit(partial(captions_changed.send_robust, sender=None, video_id=video_id))
