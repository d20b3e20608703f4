"""What this app announces. Receivers get ids only, after the commit, and cannot break the sender."""

from functools import partial

from django.db import transaction
from django.dispatch import Signal

quiz_offered = Signal()
"""A quiz was withdrawn, or is offered again: ``quiz_id``."""


def announce_offered(quiz_id: int) -> None:
    transaction.on_commit(partial(quiz_offered.send_robust, sender=None, quiz_id=quiz_id), robust=True)
