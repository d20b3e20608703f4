"""Drawing the pages of a PDF: long work that survives its worker, as ``media.operations.jobs`` (trust.md, Jobs).

A row is the job: claimed by a conditional update, its lease renewed while pages come, published by one conditional
update. Whoever lost the lease publishes nothing. A lecture's slides and a lesson's documents are drawn like this.
"""

import datetime as dt
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from celery import current_app
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError as BrokerError

from media import pdf, storage
from media.ffmpeg import UnableToConfine
from media.models import DrawnPdf

log = structlog.get_logger(__name__)
State = DrawnPdf.State
LEASE = dt.timedelta(seconds=40)
RENEW_EVERY_S = 2.0
MAX_ATTEMPTS = 3
HINTS_AT_ONCE = 20


class LeaseLost(Exception):
    """Another worker draws it, or it was taken away."""


@dataclass(frozen=True)
class Drawing:
    """One kind of PDF that is drawn: ``model`` (a DrawnPdf), ``task`` (Celery's name), and what differs.

    ``wanted``: which rows are still to be drawn · ``source``: where the PDF lies · ``folder``: where its
    pictures go · ``lock``: what is locked before the
    row is published · ``publish(job, work, drawn, now)``: places the pictures, in the same transaction · ``drop``: of
    what cannot be drawn · ``facts``: what else the row says of what was drawn.
    """

    model: type[DrawnPdf]
    task: str
    source: Callable[[Any], Path]
    folder: Callable[[Any], Path]
    publish: Callable[[Any, Path, pdf.Drawn, dt.datetime], None]
    drop: Callable[[Any], None]
    wanted: Q = field(default_factory=Q)
    lock: Callable[[Any], object] = lambda _job: None
    facts: Callable[[pdf.Drawn], dict[str, Any]] = lambda _drawn: {}

    @property
    def rows(self) -> Any:
        return self.model._default_manager  # noqa: SLF001 - Django's name for it

    def hint(self, job_id: int) -> None:
        """Tell the workers about a row; what gets lost ``reconcile`` finds within a minute."""
        try:
            current_app.send_task(self.task, args=[job_id], retry=False)
        except (BrokerError, OSError) as error:
            log.warning("drawing_hint_lost", task=self.task, job_id=job_id, error=type(error).__name__)

    def draw(self, *, job_id: int, as_of: dt.datetime) -> bool:
        """Claim a row and draw it; False if it is not to be had. Safe to call any number of times, anywhere.

        What is wrong with the file ends in ``error_code``. Where the sandbox is required and does not start, it waits.
        """
        lease = self.claim(job_id=job_id, as_of=as_of)
        if lease is None:
            return False
        said = {"task": self.task, "job_id": job_id}
        work = storage.make_work_folder(lease.job.lease)
        try:
            storage.require_space()
            with storage.at_hand(storage.relative(self.source(lease.job)), on_beat=lease.beat) as source:
                drawn = pdf.draw(source, work, on_page=lease.page, on_beat=lease.beat)
            self._publish(lease, work, drawn)
            seconds = round(time.monotonic() - lease.started)
            log.info("pdf_drawn", **said, pages=drawn.pages, seconds=seconds)
        except pdf.UnableToDraw as error:
            log.info("pdf_not_drawn", **said, code=error.code, detail=error.detail[-400:])
            self._give_up(lease, error.code)
        except storage.UnableToStore:
            self._give_up(lease, "no_space")
        except UnableToConfine as error:
            log.error("pdf_waits_for_sandbox", **said, reason=str(error))
            self.rows.filter(lease.mine()).update(state=State.QUEUED, attempts=F("attempts") - 1)
        except storage.UnableToReach as error:
            log.warning("pdf_waits_for_storage", **said, reason=str(error))
            back = 0 if error.code in ("refused", "late") else 1  # those may well be for ever
            self.rows.filter(lease.mine()).update(state=State.QUEUED, attempts=F("attempts") - back)
        except LeaseLost:
            log.warning("pdf_lease_lost", **said)
            if not self.rows.filter(pk=job_id).exists():
                self.drop(lease.job)  # its pages may have come to the bucket after it was taken away
        finally:
            storage.drop(work)
        return True

    def reconcile(self, *, as_of: dt.datetime) -> int:
        """Hint again what waits or whose worker fell silent, give up what fails again and again; return how many."""
        tried = list(self.rows.filter(self.due(as_of), attempts__gte=MAX_ATTEMPTS)[:HINTS_AT_ONCE])
        over = {"state": State.FAILED, "error_code": "unreadable"}
        # Each by its own condition: the worker that fell silent may be back, and done.
        for job in [one for one in tried if self.rows.filter(self.due(as_of), pk=one.pk).update(**over)]:
            self.drop(job)
        waiting = list(self.rows.filter(self.due(as_of)).order_by("pk").values_list("pk", flat=True)[:HINTS_AT_ONCE])
        for job_id in waiting:
            self.hint(job_id)
        return len(waiting)

    def due(self, as_of: dt.datetime) -> Q:
        # Named by both states, as the index is that holds what waits.
        waiting = self.wanted & Q(state__in=[State.QUEUED, State.RUNNING])
        return waiting & (Q(state=State.QUEUED) | Q(leased_until__lt=as_of))

    def claim(self, *, job_id: int, as_of: dt.datetime) -> "Lease | None":
        # The condition is the lock: of two workers with the same hint one changes the row.
        token = secrets.token_hex(16)
        claimed = self.rows.filter(self.due(as_of), pk=job_id, attempts__lt=MAX_ATTEMPTS).update(
            state=State.RUNNING, lease=token, leased_until=as_of + LEASE, attempts=F("attempts") + 1, done=0
        )
        return Lease(self, self.rows.get(pk=job_id), as_of) if claimed == 1 else None

    def _publish(self, lease: "Lease", work: Path, drawn: pdf.Drawn) -> None:
        # Before anything is locked: on a slow disk hundreds of pages take seconds.
        storage.sync_pages(work, self.folder(lease.job), on_file=lease.beat)
        said = {"state": State.READY, "error_code": "", "pages": drawn.pages, "done": drawn.pages}
        with transaction.atomic():
            self.lock(lease.job)
            if self.rows.filter(lease.mine()).update(**said, **self.facts(drawn)) != 1:
                raise LeaseLost
            # Inside: a row that says ready has its pictures. An earlier attempt's, which placed and died, are the same.
            lease.job.refresh_from_db()
            self.publish(lease.job, work, drawn, lease.now())

    def _give_up(self, lease: "Lease", code: str) -> None:
        if self.rows.filter(lease.mine()).update(state=State.FAILED, error_code=code) == 1:
            self.drop(lease.job)


@dataclass
class Lease:
    """A row that this worker draws."""

    kind: Drawing
    job: Any
    as_of: dt.datetime
    started: float = field(default_factory=time.monotonic)
    renewed: float = 0.0
    done: int = 0
    pages: int = 0

    def now(self) -> dt.datetime:
        """By the monotonic clock since ``as_of``: a stepping wall clock does no harm."""
        return self.as_of + dt.timedelta(seconds=time.monotonic() - self.started)

    def mine(self) -> Q:
        return self.kind.wanted & Q(pk=self.job.pk, lease=self.job.lease, state=State.RUNNING)

    def page(self, done: int, pages: int) -> None:
        self.done, self.pages = done, pages
        self.beat()

    def beat(self) -> None:
        """Renew the lease and show how far it is, each only so often. Raises LeaseLost."""
        now = time.monotonic()
        if now - self.renewed < RENEW_EVERY_S:
            return
        self.renewed = now
        facts = {"leased_until": self.now() + LEASE, "done": self.done, "pages": self.pages}
        try:
            if self.kind.rows.filter(self.mine()).update(**facts) != 1:
                raise LeaseLost
        except DatabaseError as error:
            # It may be away for a moment; the conditional update at the end decides.
            log.warning("pdf_lease_not_renewed", job_id=self.job.pk, error=type(error).__name__)
