"""What certificates follow in the ledger: people who stand otherwise, a voided occasion, a training that runs again.

Each is written down in the transaction of what happened: nobody who finished is forgotten with a process that dies.
"""

from collections.abc import Collection
from typing import Any

from django.db.models.signals import post_save
from django.utils import timezone

from attendance.events import occasion_voided, standing_changed
from attendance.models import Training
from certificates.operations import look_again, mark, opened_again


def changed(*, occasion_id: int, member_ids: Collection[int], **kwargs: Any) -> None:
    mark(occasion_id=occasion_id, member_ids=member_ids)


def voided(*, occasion_id: int, **kwargs: Any) -> None:
    look_again(occasion_id=occasion_id, as_of=timezone.now())


def saved(*, instance: Training, **kwargs: Any) -> None:
    if instance.state != Training.State.CLOSED and not kwargs.get("created"):
        opened_again(training_id=instance.pk)


def connect() -> None:
    """Connect everything once (certificates/apps.py)."""
    standing_changed.connect(changed, dispatch_uid="certificates.changed")
    occasion_voided.connect(voided, dispatch_uid="certificates.voided")
    post_save.connect(saved, sender=Training, dispatch_uid="certificates.saved")
