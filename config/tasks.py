"""What worker and beat leave behind, so that whoever asks knows that they work (config/health.py)."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import current_app, shared_task
from celery.signals import (
    before_task_publish,
    heartbeat_sent,
    task_failure,
    task_postrun,
    task_prerun,
    worker_process_shutdown,
    worker_shutting_down,
)
from celery.worker.state import active_requests
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import F
from django.utils import timezone

from config import chain, disks, marks
from config.models import TaskCount
from config.queues import MEDIA

log = structlog.get_logger(__name__)
HEARTBEAT = "config.heartbeat"
FORGET_HOSTS = "config.forget_hosts"
BEAT: dict[str, dict[str, Any]] = {
    f"{HEARTBEAT}.{queue}": {"task": HEARTBEAT, "schedule": marks.EVERY_S, "options": {"expires": 30, "queue": queue}}
    for queue in settings.TASK_QUEUES  # whoever takes that queue answers, and nobody else
}
LOOK_AT_CHAIN = "config.look_at_chain"
BEAT[LOOK_AT_CHAIN] = {"task": LOOK_AT_CHAIN, "schedule": 86400.0 / 4, "options": {"expires": 3600}}
BEAT[FORGET_HOSTS] = {"task": FORGET_HOSTS, "schedule": 3600.0, "options": {"expires": 3600}}


@shared_task(name=HEARTBEAT, bind=True, ignore_result=True)
def heartbeat(self: Any) -> None:
    """Done by a worker because beat asked for it: both live, and so does what lies between them."""
    queue = (self.request.delivery_info or {}).get("routing_key") or settings.TASK_QUEUES[0]
    now = timezone.now()
    facts = disks.facts_of_this_host(as_of=now) | {"queue": queue}
    marks.leave(name=f"worker@{disks.host()}/{queue}", as_of=now, data=facts)


@shared_task(name=FORGET_HOSTS, ignore_result=True)
def forget_hosts() -> None:
    """Drop the marks of hosts that are gone."""
    marks.forget_hosts(as_of=timezone.now())


@shared_task(name=LOOK_AT_CHAIN, ignore_result=True)
def look_at_chain() -> None:
    """Check the ledger's newest seals."""
    chain.look(as_of=timezone.now())


@before_task_publish.connect
def beat_lives(sender: str = "", **_kwargs: Any) -> None:
    """In beat's own process, as it asks for the next heartbeat."""
    if sender == HEARTBEAT:
        _survived(lambda: marks.leave(name=f"beat@{disks.host()}", as_of=timezone.now()))


_last_alive = 0.0


@heartbeat_sent.connect
def worker_lives(**_kwargs: Any) -> None:
    """In the worker's own process, which lives although all its children may be busy for an hour."""
    global _last_alive
    if time.monotonic() - _last_alive >= marks.EVERY_S:
        _last_alive = time.monotonic()
        taken = [queue for queue in settings.TASK_QUEUES if queue in current_app.amqp.queues.consume_from]
        name = f"alive@{disks.host()}/{'+'.join(taken)}"
        data = {"queues": taken, "films": _is_with_films()}
        _survived(lambda: marks.leave(name=name, as_of=timezone.now(), data=data))
        if not connection.in_atomic_block:
            connection.close()  # a child that is forked later must not share it


def _is_with_films() -> bool:
    """Whether what the children do now is long work on films and nothing else."""
    doing = {settings.CELERY_TASK_ROUTES.get(one.name, {}).get("queue") for one in list(active_requests)}
    return doing == {MEDIA}


def _survived(work: Callable[[], None]) -> None:
    try:
        work()
    except (DatabaseError, InterfaceError) as error:
        log.warning("mark_not_left", error=type(error).__name__)


@dataclass
class _Count:
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    error: str = ""


@dataclass
class Counts:
    """What this process did since it last told the database: a commit for each task would cost more than most tasks."""

    waiting: dict[str, _Count] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    told_at: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def over(self, name: str, *, seconds: float, error: str = "") -> None:
        with self.lock:
            count = self.waiting.setdefault(name, _Count())
            count.seconds += seconds
            count.done += not error
            count.failed += bool(error)
            count.error = error or count.error

    def is_due(self) -> bool:
        return time.monotonic() - self.told_at >= marks.EVERY_S

    def tell(self) -> None:
        """Add it up in the database; what does not get there is told the next time."""
        with self.lock:
            told, self.waiting = self.waiting, {}
            self.told_at = time.monotonic()
        try:
            with transaction.atomic():
                for name in sorted(told):  # in one order, so that two processes never wait for each other
                    _add(name, told[name])
        except (DatabaseError, InterfaceError):
            with self.lock:
                for name, count in told.items():
                    newer = self.waiting.setdefault(name, _Count())
                    newer.done += count.done
                    newer.failed += count.failed
                    newer.seconds += count.seconds
                    newer.error = newer.error or count.error


def _add(name: str, count: _Count) -> None:
    changed: dict[str, Any] = {"done": F("done") + count.done, "failed": F("failed") + count.failed}
    changed["seconds"] = F("seconds") + count.seconds
    if count.failed:
        changed |= {"failed_at": timezone.now(), "error": count.error[:200]}
    TaskCount.objects.get_or_create(name=name[:120])
    TaskCount.objects.filter(name=name[:120]).update(**changed)


counts = Counts()


@task_prerun.connect
def begins(task_id: str = "", **_kwargs: Any) -> None:
    counts.began[task_id] = time.monotonic()


@task_failure.connect
def fails(sender: Any = None, task_id: str = "", exception: BaseException | None = None, **_kwargs: Any) -> None:
    seconds = time.monotonic() - counts.began.pop(task_id, time.monotonic())
    counts.over(sender.name, seconds=seconds, error=type(exception).__name__)


@task_postrun.connect
def ends(sender: Any = None, task_id: str = "", state: str | None = None, **_kwargs: Any) -> None:
    began = counts.began.pop(task_id, None)
    if began is not None and state == "SUCCESS":
        counts.over(sender.name, seconds=time.monotonic() - began)
    if counts.is_due() and not connection.in_atomic_block:
        counts.tell()


@worker_process_shutdown.connect
@worker_shutting_down.connect
def stops(**_kwargs: Any) -> None:
    if counts.waiting:
        counts.tell()
