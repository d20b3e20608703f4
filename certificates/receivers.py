"""What certificates follow in the ledger: records that changed, a voided occasion, a training that runs again."""

from collections.abc import Collection
from typing import Any

from django.db.models.signals import post_save
from django.utils import timezone

from attendance.events import occasion_voided, record_settled
from attendance.models import Training
from certificates.operations import look_again, mark, opened_again


def settled(*, occasion_id: int, member_ids: Collection[int], **kwargs: Any) -> None:
    mark(occasion_id=occasion_id, member_ids=member_ids)


def voided(*, occasion_id: int, **kwargs: Any) -> None:
    look_again(occasion_id=occasion_id, as_of=timezone.now())


def saved(*, instance: Training, **kwargs: Any) -> None:
    if instance.state != Training.State.CLOSED and not kwargs.get("created"):
        opened_again(training_id=instance.pk)


def connect() -> None:
    """Connect everything once (certificates/apps.py)."""
    record_settled.connect(settled, dispatch_uid="certificates.settled")
    occasion_voided.connect(voided, dispatch_uid="certificates.voided")
    post_save.connect(saved, sender=Training, dispatch_uid="certificates.saved")
