"""Celery shells: one operation, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from courses import discussing, releasing


@shared_task(name="courses.release_due", ignore_result=True, expires=55)
def release_due() -> None:
    releasing.release_due(as_of=timezone.now())


@shared_task(name="courses.prune_comments", ignore_result=True)
def prune_comments() -> None:
    """Delete what was said under lessons once its time is over."""
    discussing.prune_comments(as_of=timezone.now())


BEAT = {
    "courses.release_due": {"task": "courses.release_due", "schedule": 60.0, "options": {"expires": 55}},
    "courses.prune_comments": {"task": "courses.prune_comments", "schedule": 3600.0, "options": {"expires": 3600}},
}
