"""Celery shells of packages: one operation, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from packages.operations import drop_unnamed as drop

BEAT = {
    "packages.drop_unnamed": {"task": "packages.drop_unnamed", "schedule": 86400.0 / 4, "options": {"expires": 3600}},
}


@shared_task(name="packages.drop_unnamed", ignore_result=True, expires=3600)
def drop_unnamed() -> None:
    """Delete the files of packages that no row names."""
    drop(as_of=timezone.now())
