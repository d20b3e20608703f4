"""Celery shells of meetings."""

from celery import shared_task
from django.utils import timezone

from meetings import operations

BEAT = {
    "meetings.close_year_books": {
        "task": "meetings.close_year_books",
        "schedule": 86400.0,
        "options": {"expires": 86400},
    },
}


@shared_task(name="meetings.close_year_books")
def close_year_books() -> None:
    """Close what stands under a year that is over."""
    operations.close_year_books(as_of=timezone.now())
