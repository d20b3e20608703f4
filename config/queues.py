"""Which kind of work a task is, and so which queue it waits in: a film of two hours stands in nobody's way (ADR 90).

Settings like what ``__all__`` names. A worker takes every queue unless it is told which (deploy/start.sh); each of
``TASK_QUEUES`` has to be taken by one at least, and /readyz asks for all of them.
"""

from django.core.exceptions import ImproperlyConfigured

from config.env import words

__all__ = [
    "CELERY_TASK_DEFAULT_QUEUE",
    "CELERY_TASK_QUEUES",
    "CELERY_TASK_ROUTES",
    "TASK_QUEUES",
    "WORKER_QUEUES",
]
EVIDENCE, MEDIA, REPORTS, MESSAGES = "evidence", "media", "reports", "messages"
TASK_QUEUES = [EVIDENCE, MEDIA, REPORTS, MESSAGES]
# Where releases before there were kinds put everything: what they left there while an upgrade went on is still done.
BEFORE_KINDS = "celery"
BY_QUEUE = {
    # Short, and somebody waits for what comes of it: verdicts, rosters, who may take part.
    EVIDENCE: [
        "config.heartbeat",
        "config.forget_hosts",
        "organizations.finish_leaving",
        "organizations.prune_allowances",
        "attendance.settle",
        "attendance.complete_roster",
        "attendance.excuse_absent",
        "attendance.prepare_rosters",
        "attendance.reap_leases",
        "attendance.settle_dirty",
        "attendance.reconcile",
        "attendance.lapse_halls",
        "certificates.look_after",
        "courses.release_due",
        "api.end_lost_tokens",
        "live.tasks.end_forgotten_lectures",
    ],
    # Films, slides, pages of documents: minutes or hours of a processor, in the sandbox.
    MEDIA: [
        "media.transcode",
        "media.reconcile_jobs",
        "media.drop_replaced",
        "media.drop_again",
        "media.drop_unnamed",
        "media.abort_unfinished",
        "cms.draw_paper",
        "cms.reconcile_papers",
        "live.tasks.draw_slides",
        "live.tasks.reconcile_slides",
    ],
    # What is counted, made, sealed, indexed and cleared away: seconds to minutes, and later is not wrong.
    REPORTS: [
        "config.look_at_chain",
        "attendance.recompute",
        "attendance.fold_summary",
        "attendance.check_summary",
        "attendance.seal_days",
        "attendance.make_monthly_files",
        "attendance.remove_evidence",
        "attendance.prune_guests",
        "attendance.prune_notices",
        "organizations.take_out",
        "packages.drop_unnamed",
        "meetings.close_year_books",
        "quizzes.prune_answers",
        "api.prune_deliveries",
        "api.prune_statements",
        "courses.prune_comments",
        "cms.run_task",
        "live.tasks.delete_old_chat",
    ],
    # What waits for somebody else's server: text messages, webhooks, a record store.
    MESSAGES: [
        "attendance.ask_for_receipts",
        "attendance.remind",
        "attendance.send_reminders",
        "attendance.tell_departures",
        "api.report",
        "api.forward",
    ],
}
CELERY_TASK_DEFAULT_QUEUE = EVIDENCE
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in [*TASK_QUEUES, BEFORE_KINDS]}
CELERY_TASK_ROUTES = {name: {"queue": queue} for queue, names in BY_QUEUE.items() for name in names}


def chosen() -> list[str]:
    """Return WORKER_QUEUES: what a worker of this host takes that is told nothing. Raises ImproperlyConfigured."""
    named = words("WORKER_QUEUES", default=TASK_QUEUES) or TASK_QUEUES
    if unknown := sorted(set(named) - set(TASK_QUEUES)):
        raise ImproperlyConfigured(
            f"WORKER_QUEUES 里的 {'、'.join(unknown)} 不认识，只能写 {'、'.join(TASK_QUEUES)}"
            f" / WORKER_QUEUES names {', '.join(unknown)}; it may name {', '.join(TASK_QUEUES)}"
        )
    return named


WORKER_QUEUES = chosen()
