"""A task is a hint: a page that hands one over neither fails nor waits when the broker is away."""

from typing import Any

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from attendance.operations import occasions
from attendance.tasks import settle_occasion
from config.celery import app
from live.pause import Pause

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the broker was asked for; it is away."""
    names: list[str] = []

    def away(_self: Celery, name: str, *_args: Any, **_options: Any) -> None:
        names.append(name)
        raise OperationalError("redis is away")

    monkeypatch.setattr(Celery, "send_task", away)
    monkeypatch.setattr(app, "_pause", Pause())
    return names


def test_a_page_goes_on_after_its_commit(
    settings: Any, asked: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    settings.ANSWERS_PAGES, settings.EMBEDDED = True, False
    settle_occasion.delay(occasion_id=1)
    assert asked == ["attendance.settle"]
    with django_capture_on_commit_callbacks(execute=True):
        occasions.queue_settling(1)
        occasions._queue_roster(1)
    assert asked == ["attendance.settle"], "for a moment nobody asks again"


def test_a_worker_says_that_its_task_was_lost_and_goes_on(
    settings: Any, asked: list[str], django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ANSWERS_PAGES, settings.EMBEDDED = False, False
    with django_capture_on_commit_callbacks(execute=True):
        occasions.queue_settling(1)
    assert asked == ["attendance.settle"]
    assert "redis is away" in caplog.text
