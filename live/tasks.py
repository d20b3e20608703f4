"""Periodic work around lectures: shells, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from live import operations


@shared_task
def end_forgotten_lectures() -> None:
    """End lectures that nobody ended."""
    operations.end_forgotten_lectures(as_of=timezone.now())


@shared_task
def delete_old_chat() -> None:
    """Keep chat, questions, lines of captions, and who chose what in a poll no longer than their retention time.

    And who sat in which meeting, had which media connection and the key of a device outside no longer than the
    lecture, and slides no longer than anybody can see them. What a release of before made while this one came up gets
    its short code.
    """
    operations.delete_old_chat(as_of=timezone.now())
    operations.delete_old_asking(as_of=timezone.now())
    operations.delete_old_captions(as_of=timezone.now())
    operations.forget_old_peers()
    operations.forget_old_seats(as_of=timezone.now())
    operations.forget_old_encoder_keys(as_of=timezone.now())
    operations.delete_old_slides(as_of=timezone.now())
    operations.delete_old_cancelled(as_of=timezone.now())
    operations.give_codes()


@shared_task(acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def draw_slides(deck_id: int) -> None:
    operations.draw_slides(deck_id=deck_id, as_of=timezone.now())


@shared_task
def reconcile_slides() -> None:
    """Draw what waits, also after a worker died over it."""
    operations.reconcile_slides(as_of=timezone.now())


BEAT = {
    "end-forgotten-lectures": {"task": "live.tasks.end_forgotten_lectures", "schedule": 60.0},
    "reconcile-slides": {"task": "live.tasks.reconcile_slides", "schedule": 60.0},
    "delete-old-chat": {"task": "live.tasks.delete_old_chat", "schedule": 3_600.0},
}
