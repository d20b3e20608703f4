"""The embedded shape: Celery's worker and beat as threads of the one web process, over a broker in memory."""

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from celery import beat
from django.conf import settings

from config.celery import app

log = structlog.get_logger(__name__)
# A film, the first rung of another one, the largest of a third, and short tasks beside them.
CONCURRENCY = 4


@dataclass
class EmbeddedWorker:
    """Starts and stops both threads; ``stop`` waits for the running task at most ``PATIENCE_S``."""

    PATIENCE_S = 3.0
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        logging.getLogger("celery").setLevel(logging.WARNING)
        app.finalize()
        self.worker = app.WorkController(
            pool="threads",
            concurrency=CONCURRENCY,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            hostname="embedded@localhost",
            loglevel="WARNING",
            quiet=True,
        )
        schedule = str(Path(settings.VAR_DIR) / "beat.db")
        self.beat = beat.Service(app, scheduler_cls="celery.beat:Scheduler", max_interval=1, schedule_filename=schedule)
        for name, target in (("celery-worker", self.worker.start), ("celery-beat", self.beat.start)):
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
            self.threads.append(thread)
        log.info("embedded_worker_started", threads=CONCURRENCY)

    def stop(self) -> None:
        self.beat.stop()
        self.worker.stop()
        for thread in self.threads:
            thread.join(self.PATIENCE_S)
