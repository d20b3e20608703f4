"""What this app announces. Receivers get ids only, after the commit, and cannot break the sender; but for
``attempt_handed_in``, which is told within the transaction: what a receiver raises takes both back."""

from functools import partial

from django.db import transaction
from django.dispatch import Signal

quiz_offered = Signal()
"""A quiz can be begun no more, or again: it was withdrawn, offered or changed, or its bank emptied or filled:
``quiz_id``."""

attempt_handed_in = Signal()
"""An attempt was handed in, and how it went stands: ``attempt_id``."""


def tell_handed_in(attempt_id: int) -> None:
    attempt_handed_in.send(sender=None, attempt_id=attempt_id)


def announce_offered(quiz_id: int) -> None:
    transaction.on_commit(partial(quiz_offered.send_robust, sender=None, quiz_id=quiz_id), robust=True)
