"""Celery shells of quizzes: one operation, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from quizzes.operations.pruning import prune_answers as prune
from quizzes.operations.pruning import prune_video_answers

BEAT = {
    "quizzes.prune_answers": {"task": "quizzes.prune_answers", "schedule": 3600.0, "options": {"expires": 3600}},
}


@shared_task(name="quizzes.prune_answers")
def prune_answers() -> None:
    """Delete what people answered once its time is over."""
    prune(as_of=timezone.now())
    prune_video_answers(as_of=timezone.now())
