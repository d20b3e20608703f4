"""The Celery application; in the embedded shape worker and beat are threads of the web process (config/embedded.py)."""

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

APPS_WITH_TASKS = ["organizations", "attendance", "media", "cms", "courses", "live"]

app = Celery("fingertip")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def merge_beats(sender: Celery, **_kwargs: Any) -> None:
    """Collect each app's ``BEAT`` (its periodic tasks) into one schedule."""
    for name in APPS_WITH_TASKS:
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
