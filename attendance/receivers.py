"""Signals that the ledger receives: somebody left, came back, is exempt or signs in in another way; and its own."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.utils import timezone

from attendance import tasks
from attendance.operations import expect_again, expect_no_longer, follow_exemptions, settle_dirty, tell


def member_gone(*, member_id: int, on_date: date, **kwargs: Any) -> None:
    as_of = timezone.now()
    if expect_no_longer(member_id=member_id, on_date=on_date, as_of=as_of):
        settle_dirty(as_of=as_of, member_ids=[member_id])


def member_back(*, member_id: int, on_date: date, left_date: date, **kwargs: Any) -> None:
    as_of = timezone.now()
    if expect_again(member_id=member_id, on_date=on_date, left_date=left_date, as_of=as_of):
        settle_dirty(as_of=as_of, member_ids=[member_id])


def exempted(*, member_ids: Collection[int], **kwargs: Any) -> None:
    as_of = timezone.now()
    if follow_exemptions(member_ids=member_ids, as_of=as_of):
        settle_dirty(as_of=as_of, member_ids=member_ids)


def factors_set(*, member_id: int, **kwargs: Any) -> None:
    tell(member_ids=[member_id], kind="factors_set", as_of=timezone.now())


def factors_taken(*, member_id: int, **kwargs: Any) -> None:
    tell(member_ids=[member_id], kind="factors_taken", as_of=timezone.now())


def account_bound(*, member_id: int, **kwargs: Any) -> None:
    tell(member_ids=[member_id], kind="account_bound", as_of=timezone.now())


def opened(*, occasion_id: int, **kwargs: Any) -> None:
    tasks.excuse_absent.delay(occasion_id=occasion_id)  # a hint: settling excuses whom it leaves out


def connect() -> None:
    """Connect everything once (attendance/apps.py)."""
    from attendance.events import occasion_opened  # noqa: PLC0415
    from organizations import events  # noqa: PLC0415

    events.member_left.connect(member_gone, dispatch_uid="attendance.member_gone")
    events.member_returned.connect(member_back, dispatch_uid="attendance.member_back")
    events.exemptions_changed.connect(exempted, dispatch_uid="attendance.exempted")
    events.factors_set.connect(factors_set, dispatch_uid="attendance.factors_set")
    events.factors_taken.connect(factors_taken, dispatch_uid="attendance.factors_taken")
    events.account_bound.connect(account_bound, dispatch_uid="attendance.account_bound")
    occasion_opened.connect(opened, dispatch_uid="attendance.opened")
