"""Celery shells of packages: one operation, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from packages import operations

BEAT = {
    "packages.drop_unnamed": {"task": "packages.drop_unnamed", "schedule": 86400.0 / 4, "options": {"expires": 3600}},
}


@shared_task(name="packages.drop_unnamed", ignore_result=True, expires=3600)
def drop_unnamed() -> None:
    """Delete the files of packages that were replaced a day ago, and those that no row names."""
    operations.drop_replaced(as_of=timezone.now())
    operations.drop_unnamed(as_of=timezone.now())
