"""Celery shells of the interface: one operation each, safe to run twice."""

from celery import shared_task
from django.utils import timezone

from api import operations

BEAT = {
    "api.report": {"task": "api.report", "schedule": 60.0, "options": {"expires": 60}},
    "api.prune_deliveries": {"task": "api.prune_deliveries", "schedule": 3600.0, "options": {"expires": 3600}},
    "api.forward": {"task": "api.forward", "schedule": 60.0, "options": {"expires": 60}},
    "api.prune_statements": {"task": "api.prune_statements", "schedule": 3600.0, "options": {"expires": 3600}},
    "api.end_lost_tokens": {"task": "api.end_lost_tokens", "schedule": 3600.0, "options": {"expires": 3600}},
}


@shared_task(name="api.end_lost_tokens")
def end_lost_tokens() -> None:
    """End the tokens whose maker no longer has the right to what they open."""
    operations.end_lost_tokens(as_of=timezone.now())


@shared_task(name="api.report", soft_time_limit=150, time_limit=180)
def report() -> None:
    """Make reports of what changed and what is over, and send what is due: at most a minute and a half."""
    now = timezone.now()
    operations.fold_changes(as_of=now)
    operations.report_finished(as_of=now)
    operations.send_due(as_of=now, clock=timezone.now)


@shared_task(name="api.prune_deliveries")
def prune_deliveries() -> None:
    """Forget the reports of more than a month ago."""
    operations.prune_deliveries(as_of=timezone.now())


@shared_task(name="api.forward", soft_time_limit=150, time_limit=180)
def forward() -> None:
    """Send statements to the record store, where one is set up: at most a minute and a half."""
    operations.forward(as_of=timezone.now(), clock=timezone.now)


@shared_task(name="api.prune_statements")
def prune_statements() -> None:
    """Forget what the record store has had for a month."""
    operations.prune_statements(as_of=timezone.now())
