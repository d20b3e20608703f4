"""Celery shells about people: one operation, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from organizations import operations
from organizations.operations.sessions import prune_sessions

BEAT = {
    "organizations.finish_leaving": {
        "task": "organizations.finish_leaving",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "organizations.take_out": {
        "task": "organizations.take_out",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "organizations.prune_allowances": {
        "task": "organizations.prune_allowances",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
}


@shared_task(name="organizations.finish_leaving")
def finish_leaving() -> None:
    """Sign off whoever was to leave by today."""
    operations.finish_leaving(as_of=timezone.now())


@shared_task(name="organizations.prune_allowances")
def prune_allowances() -> None:
    """Forget the limits that nobody has touched for so long that they are whole again, links that open nothing, and
    sessions that are over."""
    operations.prune_allowances(as_of=timezone.now())
    operations.prune_links(as_of=timezone.now())
    prune_sessions(as_of=timezone.now())


@shared_task(name="organizations.take_out")
def take_out() -> None:
    """Note who is gone without a day of leaving, and take out who left long ago, some at a time."""
    operations.note_missed(as_of=timezone.now())
    operations.take_out(as_of=timezone.now())
