"""What the ledger announces, ids only. Receivers live in the apps above.

Most is announced after the commit. What must never be lost with a process is told within the transaction (``tell``):
a receiver writes down what it has to do, and both stand, or neither.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.dispatch import Signal

occasion_opened = Signal()  # occasion_id
occasion_closed = Signal()  # occasion_id
occasion_reopened = Signal()  # occasion_id
replay_offered = Signal()  # occasion_id
# Within the transaction:
occasion_voided = Signal()  # occasion_id
standing_changed = Signal()  # occasion_id, member_ids: their records, or what the roster says of them


def announce(event: Signal, *, occasion_id: int) -> None:
    """Send ``event`` once the transaction has committed; one deaf receiver does not silence the others."""
    transaction.on_commit(lambda: event.send_robust(sender=None, occasion_id=occasion_id), robust=True)


def tell(event: Signal, *, occasion_id: int, member_ids: Sequence[int] | None = None) -> None:
    """Send ``event`` now, in the transaction of what it is about: what a receiver raises takes both back."""
    values: dict[str, Any] = {} if member_ids is None else {"member_ids": member_ids}
    event.send(sender=None, occasion_id=occasion_id, **values)
