"""Celery shells: ids in, one operation, safe to run twice."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from media import events, operations, sides, storage

log = structlog.get_logger(__name__)
# Longer than the largest film takes over a slow line.
UNFINISHED_AFTER = timedelta(days=3)


@shared_task(name="media.transcode", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def transcode(job_id: int) -> None:
    operations.transcode(job_id=job_id, as_of=timezone.now())


@shared_task(name="media.reconcile_jobs", ignore_result=True, expires=55)
def reconcile_jobs() -> None:
    operations.reconcile_jobs(as_of=timezone.now())


@shared_task(name="media.drop_replaced", ignore_result=True, expires=900)
def drop_replaced() -> None:
    operations.drop_replaced()


@shared_task(name="media.drop_unnamed", ignore_result=True, expires=3600)
def drop_unnamed() -> None:
    operations.drop_unnamed(as_of=timezone.now())
    operations.drop_sources(as_of=timezone.now())


@shared_task(
    name="media.drop_again",
    ignore_result=True,
    autoretry_for=(storage.UnableToReach,),
    retry_backoff=30,
    retry_backoff_max=3600,
    max_retries=60,
)
def drop_again(key: str, moment: float) -> None:
    """What could not be deleted at ``moment`` (Unix seconds) because the bucket was away; for two days or so.

    What was placed again by the same name stays: a row names it, or it was stored since and its row comes.
    """
    if not events.is_named(key):
        sides.delete_older(key, moment)


@shared_task(name="media.abort_unfinished", ignore_result=True, expires=3600)
def abort_unfinished() -> None:
    """Pieces of files that were on their way to a bucket when their process was killed."""
    try:
        aborted = sides.abort_unfinished((timezone.now() - UNFINISHED_AFTER).timestamp())
    except storage.UnableToReach as error:
        log.warning("unfinished_not_aborted", reason=str(error))  # the next run asks again
        return
    if aborted:
        log.info("unfinished_aborted", count=aborted)


BEAT = {
    "media.reconcile_jobs": {"task": "media.reconcile_jobs", "schedule": 60.0, "options": {"expires": 55}},
    "media.drop_replaced": {"task": "media.drop_replaced", "schedule": 900.0, "options": {"expires": 900}},
    "media.drop_unnamed": {"task": "media.drop_unnamed", "schedule": 21_600.0, "options": {"expires": 3600}},
    "media.abort_unfinished": {"task": "media.abort_unfinished", "schedule": 21_600.0, "options": {"expires": 3600}},
}
