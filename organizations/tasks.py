"""Celery shells about people: one operation, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from organizations import operations

BEAT = {
    "organizations.finish_leaving": {
        "task": "organizations.finish_leaving",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
}


@shared_task(name="organizations.finish_leaving")
def finish_leaving() -> None:
    """Sign off whoever was to leave by today."""
    operations.finish_leaving(as_of=timezone.now())
