"""Celery shells: one operation, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from courses import releasing


@shared_task(name="courses.release_due", ignore_result=True, expires=55)
def release_due() -> None:
    releasing.release_due(as_of=timezone.now())


BEAT = {
    "courses.release_due": {"task": "courses.release_due", "schedule": 60.0, "options": {"expires": 55}},
}
