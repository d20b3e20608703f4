"""Celery shells of certificates."""

from celery import shared_task
from django.utils import timezone

from attendance.surviving import survived
from certificates import operations

TURNS = 40  # 20,000 people, some seconds' work
BEAT = {
    "certificates.look_after": {"task": "certificates.look_after", "schedule": 30.0, "options": {"expires": 30}},
}


@shared_task(name="certificates.look_after")
def look_after() -> None:
    """Issue to who has finished, note what is no longer covered; a while at a time, the next turn comes by itself.

    What fails at one training is logged and stops no other.
    """
    most = operations.STEP * TURNS
    for training_id in operations.unfinished():
        survived(
            operations.advance, event="certificates_not_looked_through", training_id=training_id,
            as_of=timezone.now(), most=most,
        )  # fmt: skip
    for _turn in range(TURNS):
        if operations.look_at_marks(as_of=timezone.now()) < operations.STEP:
            return
