"""What workers do for this app: the pages of documents."""

from celery import shared_task
from django.utils import timezone

from cms import operations


@shared_task(name="cms.draw_paper", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def draw_paper(paper_id: int) -> None:
    operations.draw_paper(paper_id=paper_id, as_of=timezone.now())


@shared_task(name="cms.reconcile_papers")
def reconcile_papers() -> None:
    """Draw what waits, also after a worker died over it."""
    operations.reconcile_papers(as_of=timezone.now())


BEAT = {"reconcile-papers": {"task": "cms.reconcile_papers", "schedule": 60.0}}
