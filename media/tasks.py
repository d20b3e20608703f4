"""Celery shells: ids in, one operation, safe to run twice."""

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from media import operations, sides, storage
from media.models import Video


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
def drop_again(key: str) -> None:
    """What could not be deleted because the bucket was away; for two days or so."""
    if not Video.objects.filter(Q(folder=key) | Q(source_path=key)).exists():  # placed again meanwhile
        sides.delete_tree(key)


BEAT = {
    "media.reconcile_jobs": {"task": "media.reconcile_jobs", "schedule": 60.0, "options": {"expires": 55}},
    "media.drop_replaced": {"task": "media.drop_replaced", "schedule": 900.0, "options": {"expires": 900}},
    "media.drop_unnamed": {"task": "media.drop_unnamed", "schedule": 21_600.0, "options": {"expires": 3600}},
}
