"""Celery shells of the ledger: ids in, one operation, safe to run twice."""

from celery import shared_task
from celery.schedules import crontab
from django.utils import timezone

from attendance import operations
from attendance.clock import clock

BATCH = 500
TURNS = 40  # 20,000 people, some seconds' work

BEAT = {
    "attendance.reap_leases": {"task": "attendance.reap_leases", "schedule": 10.0, "options": {"expires": 10}},
    "attendance.settle_dirty": {"task": "attendance.settle_dirty", "schedule": 10.0, "options": {"expires": 10}},
    "attendance.prepare_rosters": {"task": "attendance.prepare_rosters", "schedule": 30.0, "options": {"expires": 30}},
    "attendance.reconcile": {"task": "attendance.reconcile", "schedule": 30.0, "options": {"expires": 30}},
    "attendance.fold_summary": {"task": "attendance.fold_summary", "schedule": 5.0, "options": {"expires": 5}},
    "attendance.check_summary": {
        "task": "attendance.check_summary",
        "schedule": crontab(hour=3, minute=40),
        "options": {"expires": 7200},
    },
}


@shared_task(name="attendance.settle")
def settle_occasion(*, occasion_id: int) -> None:
    """Judge everybody at a closed occasion."""
    operations.settle(occasion_id=occasion_id, as_of=timezone.now())


@shared_task(name="attendance.complete_roster")
def complete_roster(*, occasion_id: int) -> None:
    """Write the rest of a large roster after its opening."""
    operations.complete_roster(occasion_id=occasion_id)


@shared_task(name="attendance.prepare_rosters")
def prepare_rosters() -> None:
    """Write the large rosters of what begins soon, a while at a time."""
    operations.prepare_rosters(as_of=timezone.now())


@shared_task(name="attendance.settle_dirty")
def settle_dirty() -> None:
    """Judge again whoever's evidence changed. A batch at a time, and not for ever: the next turn comes by itself."""
    for _turn in range(TURNS):
        if operations.settle_dirty(as_of=timezone.now(), limit=BATCH) < BATCH:
            return


@shared_task(name="attendance.reap_leases")
def reap_leases() -> None:
    """Close what dead workers left open."""
    operations.reap_leases(as_of=clock().now())


@shared_task(name="attendance.reconcile")
def reconcile() -> None:
    """Do what is due although nobody asked."""
    operations.reconcile(as_of=timezone.now())


@shared_task(name="attendance.fold_summary")
def fold_summary() -> None:
    """Count the units that are marked; whoever comes second leaves it to the first."""
    operations.fold_summary()


@shared_task(name="attendance.check_summary")
def check_summary() -> None:
    """Hold the numbers against the records, at night."""
    operations.check_summary(as_of=timezone.now())
