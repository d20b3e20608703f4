"""What /metrics says beside each process's own counters: how the whole site is, asked of the database at a scrape.

These figures are the same from every process (take the largest), cost a handful of questions, each by an index, and are
asked at most every ``KEPT_S``. Alerts are described in docs/zh/管理员.md.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Count
from django.utils import timezone
from django_prometheus.middleware import Metrics, PrometheusAfterMiddleware, PrometheusBeforeMiddleware
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config import disks, doctor, health, marks
from config.models import TaskCount
from live import quick
from live.models import Lecture, MediaNode
from live.queries import nodes
from media.models import Job
from organizations import replica

log = structlog.get_logger(__name__)
KEPT_S = 5.0
# Of the hundred and fifty series that django_prometheus has for each view, those that somebody looks at.
KEPT = {
    "django_http_requests_before_middlewares_total",
    "django_http_requests_latency_seconds_by_view_method",
    "django_http_responses_total_by_status_view_method",
    "django_http_exceptions_total_by_view",
}


class FewMetrics(Metrics):
    """The others are counted and never told."""

    def register_metric(
        self, metric_cls: Any, name: str, documentation: str, labelnames: Any = (), **kwargs: Any
    ) -> Any:
        registry = REGISTRY if name in KEPT else None
        return metric_cls(name, documentation, labelnames=labelnames, registry=registry, **kwargs)


class Before(PrometheusBeforeMiddleware):
    metrics_cls = FewMetrics


class After(PrometheusAfterMiddleware):
    metrics_cls = FewMetrics


class Site(Collector):
    """Whatever lies in the database or in Redis is left out of an answer while that is away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = 0.0
        self._known: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        return []  # else it would be asked when the program starts

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if not self._known or time.monotonic() - self._asked_at > KEPT_S:
                self._known = list(_all(timezone.now()))
                self._asked_at = time.monotonic()
            yield from self._known


def _all(as_of: datetime) -> Iterator[Metric]:
    yield from _queues()
    free = {disks.host(): disks.disk_free_percent()}
    yield _gauge("site_disk_free_percent", "Free space under VAR_DIR", "host", free)
    try:
        yield from _tasks()
        yield from _work(as_of)
        yield from _ages(as_of)
        yield from _replica()
    except (DatabaseError, InterfaceError) as error:
        log.warning("metrics_without_database", error=type(error).__name__)


def _gauge(name: str, text: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _queues() -> Iterator[Metric]:
    if settings.EMBEDDED:
        return
    asked = quick.redis_client()
    try:
        values = {queue: float(asked.llen(queue)) for queue in settings.TASK_QUEUES}
    except (redis.RedisError, OSError):
        return
    finally:
        asked.close()
    yield _gauge("site_queue_length", "Tasks that wait for a worker", "queue", values)


def _tasks() -> Iterator[Metric]:
    done = CounterMetricFamily("site_task_done", "Tasks done", labels=["task"])
    failed = CounterMetricFamily("site_task_failed", "Tasks that failed", labels=["task"])
    seconds = CounterMetricFamily("site_task_seconds", "Seconds spent in tasks", labels=["task"])
    for row in TaskCount.objects.all():
        done.add_metric([row.name], row.done)
        failed.add_metric([row.name], row.failed)
        seconds.add_metric([row.name], row.seconds)
    yield from (done, failed, seconds)


def _work(as_of: datetime) -> Iterator[Metric]:
    since = doctor.oldest_unsettled()
    lag = (as_of - since).total_seconds() if since else 0.0
    yield GaugeMetricFamily("site_settle_lag_seconds", "How long the oldest unsettled evidence has waited", lag)
    on_air = Lecture.objects.filter(state=Lecture.State.LIVE).count()
    yield GaugeMetricFamily("site_lectures_live", "Lectures on air", on_air)
    told = [Job.State.QUEUED, Job.State.RUNNING, Job.State.FAILED]
    counted = Job.objects.filter(state__in=told).values_list("state").annotate(Count("pk")).order_by()
    yield _gauge("site_jobs", "Videos to prepare", "state", dict.fromkeys(map(str, told), 0.0) | dict(counted))


def _ages(as_of: datetime) -> Iterator[Metric]:
    found = marks.found()
    heard = {name: marks.newest(found, f"{name}@") for name in ("worker", "beat")}
    ages = {name: (as_of - mark.at).total_seconds() for name, mark in heard.items() if mark}
    node = MediaNode.objects.order_by("-beat_at").first()
    if node is not None:
        ages["media_agent"] = (as_of - node.beat_at).total_seconds()
    yield _gauge("site_heartbeat_age_seconds", "Since a part was last heard of", "part", ages)
    states = nodes.states(as_of=as_of)
    for name, told in (("carried", "Lectures and meetings that it carries"), ("packing", "Recordings to put together")):
        counts = {state.node.name: float(state.live if name == "carried" else state.packing) for state in states}
        yield _gauge(f"site_media_node_{name}", told, "node", counts)
    draining = {state.node.name: float(state.is_draining) for state in states}
    yield _gauge("site_media_node_draining", "Whether it shall get no new lecture", "node", draining)
    served = {queue: health.served(queue, found) for queue in settings.TASK_QUEUES}
    late = {queue: (as_of - mark.at).total_seconds() for queue, mark in served.items() if mark}
    yield _gauge("site_queue_heartbeat_age_seconds", "Since a worker last did a task of a queue", "queue", late)
    kept = {name: (as_of - found[name].at).total_seconds() for name in (marks.BACKUP, marks.DRILL) if name in found}
    yield _gauge("site_backup_age_seconds", "Since the last backup, and the last drill", "what", kept)
    hosts = {
        str(mark.data["host"]): float(mark.data["disk_free"]) for mark in found.values() if "disk_free" in mark.data
    }
    yield _gauge("site_worker_disk_free_percent", "Free space at the workers", "host", hosts)


def _replica() -> Iterator[Metric]:
    if not replica.is_configured():
        return
    state = replica.found()
    used = float(state.code == replica.Code.FINE)
    yield GaugeMetricFamily("site_replica_used", "Whether reports are read from the replica", used)
    if state.lag_s is not None:
        yield GaugeMetricFamily("site_replica_lag_seconds", "How far the replica is behind", state.lag_s)


site = Site()


def register() -> None:
    """Once a process."""
    REGISTRY.register(site)
