"""Celery shells of certificates."""

import structlog
from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from certificates import operations

log = structlog.get_logger(__name__)
TURNS = 40  # 20,000 people, some seconds' work
BEAT = {
    "certificates.look_after": {"task": "certificates.look_after", "schedule": 30.0, "options": {"expires": 30}},
}


@shared_task(name="certificates.look_after")
def look_after() -> None:
    """Issue to who has finished, note what is no longer covered; a while at a time, the next turn comes by itself.

    What fails at one training is logged and stops no other.
    """
    for training_id in operations.unfinished():
        try:
            operations.advance(training_id=training_id, as_of=timezone.now(), most=operations.STEP * TURNS)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("certificates_not_looked_through", training_id=training_id)
    for _turn in range(TURNS):
        if operations.look_at_marks(as_of=timezone.now()) < operations.STEP:
            return
