"""The Celery application; in the embedded shape worker and beat are threads of the web process (config/embedded.py)."""

import os
from importlib import import_module
from typing import Any

import structlog
from celery import Celery
from celery.signals import worker_init
from celery.utils import uuid
from django.apps import apps
from django.conf import settings
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from live.pause import Pause

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = structlog.get_logger(__name__)
APPS_WITH_TASKS = [
    "config",
    "organizations",
    "attendance",
    "quizzes",
    "packages",
    "media",
    "cms",
    "meetings",
    "certificates",
    "api",
    "courses",
    "live",
]

# What no reconciler asks for again, and costs little: done where it was asked for when the broker is away.
DONE_HERE_WHEN_LOST = {"cms.run_task"}


class Hints(Celery):
    """Celery, but a page that hands over a task neither fails nor waits when the broker is away or silent.

    What a page did is in the database by then, and the database is the truth: ``reconcile`` and its like find it.
    """

    _pause = Pause()

    def send_task(self, name: str, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        if not settings.ANSWERS_PAGES or settings.EMBEDDED:
            return super().send_task(name, args, kwargs, **options)
        if not self._pause.is_on():
            try:
                return super().send_task(name, args, kwargs, **options)
            except (OperationalError, RedisError, OSError) as error:
                self._pause.begin()
                log.warning("task_not_handed_over", task=name, error=type(error).__name__)
        if name in DONE_HERE_WHEN_LOST:
            try:
                self.tasks[name](*(args or ()), **(kwargs or {}))
            except Exception:
                log.exception("task_failed", task=name)
        return self.AsyncResult(options.get("task_id") or uuid())


app = Hints("fingertip")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def merge_beats(sender: Celery, **_kwargs: Any) -> None:
    """Collect each app's ``BEAT`` (its periodic tasks) into one schedule.

    The media agent has not every app, and the models of one that it has not cannot be imported.
    """
    for name in APPS_WITH_TASKS:
        if not apps.is_installed(name):
            continue
        try:
            tasks = import_module(f"{name}.tasks")
        except ModuleNotFoundError as error:
            if error.name != f"{name}.tasks":
                raise
            continue
        sender.conf.beat_schedule.update(getattr(tasks, "BEAT", {}))


@worker_init.connect
def check_key(**_kwargs: Any) -> None:
    """A worker process with another PHONE_KEY than the database's ends before its first task."""
    from config.startup import refusal  # noqa: PLC0415 - Django is ready only now

    if why := refusal():
        raise SystemExit(why)
