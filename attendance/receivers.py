"""Signals from below that the ledger receives: somebody left the organisation, or came back."""

from datetime import date
from typing import Any

from django.utils import timezone

from attendance.operations import expect_again, expect_no_longer, settle_dirty


def member_gone(*, member_id: int, on_date: date, **kwargs: Any) -> None:
    as_of = timezone.now()
    if expect_no_longer(member_id=member_id, on_date=on_date, as_of=as_of):
        settle_dirty(as_of=as_of, member_ids=[member_id])


def member_back(*, member_id: int, on_date: date, left_date: date, **kwargs: Any) -> None:
    as_of = timezone.now()
    if expect_again(member_id=member_id, on_date=on_date, left_date=left_date, as_of=as_of):
        settle_dirty(as_of=as_of, member_ids=[member_id])


def connect() -> None:
    """Connect everything once (attendance/apps.py)."""
    from organizations.events import member_left, member_returned  # noqa: PLC0415

    member_left.connect(member_gone, dispatch_uid="attendance.member_gone")
    member_returned.connect(member_back, dispatch_uid="attendance.member_back")
