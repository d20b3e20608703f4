"""Wagtail's tasks go to Celery, after the commit."""

from typing import Any

import pytest
from django_tasks import task
from django_tasks.exceptions import InvalidTaskError
from kombu.exceptions import OperationalError as BrokerError

from cms import tasks_backend
from cms.tasks_backend import CeleryBackend, run_task

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
ran: list[tuple[int, str]] = []


@task()
def note(number: int, word: str) -> None:
    ran.append((number, word))


@pytest.fixture
def backend() -> CeleryBackend:
    ran.clear()
    return CeleryBackend("default", {})


def test_a_task_is_sent_on_commit_and_runs_by_its_path(
    backend: CeleryBackend, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(run_task, "apply_async", lambda message, **options: sent.append((message, options)))
    with django_capture_on_commit_callbacks(execute=True):
        result = backend.enqueue(note, (3,), {"word": "培训"})
        assert sent == []
    (message, options) = sent[0]
    assert message == ("tests.cms.test_tasks_backend.note", [3], {"word": "培训"})
    assert options == {"eta": None, "task_id": result.id, "retry": False}


def test_without_its_broker_a_task_is_done_at_once(
    backend: CeleryBackend, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """What asked for it is committed: whoever saved a lesson or a film must not be answered by an error."""

    def away(*_message: Any, **_options: Any) -> None:
        raise BrokerError("Connection refused")

    monkeypatch.setattr(run_task, "apply_async", away)
    monkeypatch.setattr(tasks_backend, "import_string", lambda _path: note)
    with django_capture_on_commit_callbacks(execute=True):
        backend.enqueue(note, (3,), {"word": "培训"})
    assert ran == [(3, "培训")]


def test_the_worker_runs_what_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ran.clear()
    monkeypatch.setattr(tasks_backend, "import_string", lambda path: note)
    run_task("tests.cms.test_tasks_backend.note", [3], {"word": "培训"})
    assert ran == [(3, "培训")]


def test_a_function_inside_a_function_is_refused(backend: CeleryBackend) -> None:
    def inner() -> None: ...

    with pytest.raises(InvalidTaskError):
        task()(inner)
