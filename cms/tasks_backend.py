"""Hands Wagtail's background tasks to Celery, after the transaction that asked for them (setting ``TASKS``)."""

import uuid
from functools import partial
from typing import Any

import structlog
from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult, TaskResultStatus
from django_tasks.signals import task_enqueued
from django_tasks.utils import normalize_json
from kombu.exceptions import OperationalError as BrokerError

log = structlog.get_logger(__name__)


@shared_task(name="cms.run_task")
def run_task(path: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Run one of Wagtail's tasks, named by its path. They are all safe to run twice (index, references, files)."""
    import_string(path).call(*args, **kwargs)


def _hand_over(message: tuple[str, list[Any], dict[str, Any]], **options: Any) -> None:
    """To a worker; done here at once where the broker is away, for what asked for it is already committed."""
    try:
        run_task.apply_async(message, retry=False, **options)
    except (BrokerError, OSError) as error:
        log.warning("task_done_here", task=message[0], error=type(error).__name__)
        run_task(*message)


class CeleryBackend(BaseTaskBackend):
    """A django_tasks backend over Celery; results are not kept, Wagtail asks for none."""

    supports_defer = True

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:  # type: ignore[type-arg]
        """Queue the task on commit. Arguments must be JSON."""
        self.validate_task(task)
        now = timezone.now()
        result: Any = TaskResult(
            task=task,
            id=str(uuid.uuid4()),
            status=TaskResultStatus.READY,
            enqueued_at=now,
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=normalize_json(list(args)),
            kwargs=normalize_json(dict(kwargs)),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        message = (task.module_path, result.args, result.kwargs)
        transaction.on_commit(partial(_hand_over, message, eta=task.run_after, task_id=result.id))
        task_enqueued.send(type(self), task_result=result)
        return result
