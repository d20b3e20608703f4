"""What the ledger announces: after the commit, ids only. Receivers live in the apps above."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.dispatch import Signal

occasion_opened = Signal()  # occasion_id
occasion_closed = Signal()  # occasion_id
occasion_reopened = Signal()  # occasion_id
occasion_voided = Signal()  # occasion_id
replay_offered = Signal()  # occasion_id
record_settled = Signal()  # occasion_id, member_ids


def announce(event: Signal, *, occasion_id: int, member_ids: Sequence[int] | None = None) -> None:
    """Send ``event`` once the transaction has committed; one deaf receiver does not silence the others."""
    values: dict[str, Any] = {"occasion_id": occasion_id}
    if member_ids is not None:
        values["member_ids"] = member_ids
    transaction.on_commit(lambda: event.send_robust(sender=None, **values), robust=True)
