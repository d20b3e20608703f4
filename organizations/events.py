"""What this app announces about people: after the commit, ids only. Receivers live in the apps above."""

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.dispatch import Signal

member_left = Signal()  # member_id, on_date: the first day on which the person is expected nowhere; never in the future
member_returned = Signal()  # member_id, on_date: the first day of belonging somewhere again, left_date: since when not

exemptions_changed = Signal()  # member_ids: an exemption of theirs was entered, or ends on another day than before

factors_set = Signal()  # member_id: their first second step of signing in was set up
factors_taken = Signal()  # member_id: an operator or a command took their second step of signing in from them

account_bound = Signal()  # member_id: they linked an account of elsewhere to themselves


def announce_factors(event: Signal, member_id: int) -> None:
    """Send ``factors_set``, ``factors_taken`` or ``account_bound`` once the transaction has committed."""
    transaction.on_commit(lambda: event.send_robust(sender=None, member_id=member_id), robust=True)


def announce_exemptions(member_ids: Collection[int]) -> None:
    """Send ``exemptions_changed`` once the transaction has committed."""
    told = sorted(set(member_ids))
    if told:
        transaction.on_commit(lambda: exemptions_changed.send_robust(sender=None, member_ids=told), robust=True)


def announce(event: Signal, *, member_id: int, **days: dt.date) -> None:
    """Send ``event`` once the transaction has committed; one deaf receiver does not silence the others."""
    transaction.on_commit(lambda: event.send_robust(sender=None, member_id=member_id, **days), robust=True)
