"""Celery shells of the ledger: ids in, one operation, safe to run twice."""

from celery import shared_task
from celery.schedules import crontab
from django.utils import timezone

from attendance import operations
from attendance.clock import clock
from attendance.operations import departures, hall_terms, message_ends, messaging, monthly, receipts
from attendance.queries.recomputing import unfinished

BATCH = 500
TURNS = 40  # 20,000 people, some seconds' work

BEAT = {
    "attendance.reap_leases": {"task": "attendance.reap_leases", "schedule": 10.0, "options": {"expires": 10}},
    "attendance.settle_dirty": {"task": "attendance.settle_dirty", "schedule": 10.0, "options": {"expires": 10}},
    "attendance.prepare_rosters": {"task": "attendance.prepare_rosters", "schedule": 30.0, "options": {"expires": 30}},
    "attendance.remind": {"task": "attendance.remind", "schedule": 60.0, "options": {"expires": 60}},
    "attendance.ask_for_receipts": {
        "task": "attendance.ask_for_receipts",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "attendance.prune_notices": {
        "task": "attendance.prune_notices",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "attendance.tell_departures": {
        "task": "attendance.tell_departures",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "attendance.lapse_halls": {"task": "attendance.lapse_halls", "schedule": 1800.0, "options": {"expires": 1800}},
    "attendance.prune_guests": {"task": "attendance.prune_guests", "schedule": 3600.0, "options": {"expires": 3600}},
    "attendance.recompute": {"task": "attendance.recompute", "schedule": 30.0, "options": {"expires": 30}},
    "attendance.reconcile": {"task": "attendance.reconcile", "schedule": 30.0, "options": {"expires": 30}},
    # Days are sealed some hours after they end, evidence goes a turn at a time: an hour more or less is nothing.
    "attendance.seal_days": {"task": "attendance.seal_days", "schedule": 1800.0, "options": {"expires": 1800}},
    "attendance.make_monthly_files": {
        "task": "attendance.make_monthly_files",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "attendance.remove_evidence": {
        "task": "attendance.remove_evidence",
        "schedule": 1800.0,
        "options": {"expires": 1800},
    },
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
    operations.excuse_absent(occasion_id=occasion_id, as_of=timezone.now())


@shared_task(name="attendance.excuse_absent")
def excuse_absent(*, occasion_id: int) -> None:
    """Excuse whoever is away by an approved leave from what has opened."""
    operations.excuse_absent(occasion_id=occasion_id, as_of=timezone.now())


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


@shared_task(name="attendance.recompute")
def recompute() -> None:
    """Go on with what is being tried or judged anew, some thousand people a turn."""
    for recomputation_id in list(unfinished().values_list("pk", flat=True)):
        operations.advance_recomputation(recomputation_id=recomputation_id, as_of=timezone.now(), most=BATCH * TURNS)


@shared_task(name="attendance.reconcile")
def reconcile() -> None:
    """Do what is due although nobody asked."""
    operations.reconcile(as_of=timezone.now())


@shared_task(name="attendance.remind")
def remind() -> None:
    """Make the reminders whose time has come, and send what is due."""
    operations.remind_by_clock(as_of=timezone.now())
    operations.send_reminders(as_of=timezone.now())


@shared_task(name="attendance.ask_for_receipts")
def ask_for_receipts() -> None:
    """Ask what became of messages where the provider says nothing by itself."""
    receipts.ask_for_receipts(as_of=timezone.now())


@shared_task(name="attendance.send_reminders")
def send_reminders() -> None:
    """Send what was made a moment ago; a hint, as ``remind`` comes every minute."""
    operations.send_reminders(as_of=timezone.now())


@shared_task(name="attendance.prune_notices")
def prune_notices() -> None:
    """Forget what people were told more than a year ago."""
    operations.prune_notices(as_of=timezone.now())
    messaging.prune_accounts(as_of=timezone.now())
    message_ends.prune_counts(as_of=timezone.now())


@shared_task(name="attendance.lapse_halls")
def lapse_halls() -> None:
    """Wait no longer for halls that were announced and never delivered."""
    hall_terms.lapse_halls(as_of=timezone.now())


@shared_task(name="attendance.prune_guests")
def prune_guests() -> None:
    """Forget who came to a hall from outside, when their time is over."""
    hall_terms.prune_guests(as_of=timezone.now())


@shared_task(name="attendance.seal_days")
def seal_days() -> None:
    """Seal the days that are over."""
    operations.seal_days(as_of=timezone.now())


@shared_task(name="attendance.remove_evidence")
def remove_evidence() -> None:
    """Delete raw evidence whose time is over."""
    operations.remove_evidence(as_of=timezone.now())


@shared_task(name="attendance.make_monthly_files")
def make_monthly_files() -> None:
    """Make last month's files, one unit a turn, and delete those whose time is over."""
    monthly.make_due(as_of=timezone.now())
    monthly.expire(as_of=timezone.now())


@shared_task(name="attendance.fold_summary")
def fold_summary() -> None:
    """Count the units that are marked; whoever comes second leaves it to the first."""
    operations.fold_summary()


@shared_task(name="attendance.check_summary")
def check_summary() -> None:
    """Hold the numbers against the records, at night."""
    operations.check_summary(as_of=timezone.now())


@shared_task(name="attendance.tell_departures")
def tell_departures() -> None:
    """Say of whom it is taken out soon who they were."""
    departures.tell_departures(as_of=timezone.now())
