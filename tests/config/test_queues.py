"""Queues by kind: each task has one, and a film that never ends stands in no verdict's way."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
from celery import Celery
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from attendance.models import Occasion
from attendance.operations import close_occasion
from config import queues
from config.celery import app
from config.models import Mark
from tests.factories.attendance import be_present, open_lecture
from tests.factories.organizations import make_county
from tests.realtime.conftest import database_url
from tests.services import redis

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90
STARTED = """#!/bin/bash
printf '%s\\n' "$@"
"""


def test_each_task_of_ours_has_a_queue_and_one_only() -> None:
    app.finalize()
    app.loader.import_default_modules()
    import_module("cms.tasks_backend")  # with the setting TASKS of a site, not of tests
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    named = [name for names in queues.BY_QUEUE.values() for name in names]
    assert sorted(named) == sorted(ours)


def test_tasks_go_where_their_kind_waits() -> None:
    for name, queue in (("attendance.settle", "evidence"), ("media.transcode", "media"), ("api.report", "messages")):
        assert app.amqp.router.route({}, name)["queue"].name == queue
    assert app.amqp.router.route({}, "another.task")["queue"].name == "evidence"
    assert set(app.amqp.queues) == {*queues.TASK_QUEUES, "celery"}  # a worker that is told nothing takes them all


@pytest.mark.parametrize(
    ("named", "taken"), [(None, queues.TASK_QUEUES), ("", queues.TASK_QUEUES), ("media", ["media"])]
)
def test_what_this_hosts_worker_takes(monkeypatch: pytest.MonkeyPatch, named: str | None, taken: list[str]) -> None:
    monkeypatch.delenv("WORKER_QUEUES", raising=False)
    if named is not None:
        monkeypatch.setenv("WORKER_QUEUES", named)
    assert queues.chosen() == taken


def test_a_queue_that_is_not_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_QUEUES", "evidence,medai")
    with pytest.raises(ImproperlyConfigured, match=r"WORKER_QUEUES 里的 medai 不认识.* / WORKER_QUEUES names medai"):
        queues.chosen()


def started(folder: Path, *words: str, env: str = "") -> "subprocess.CompletedProcess[str]":
    """What deploy/start.sh runs."""
    for name, text in (
        ("deploy/start.sh", (ROOT / "deploy/start.sh").read_text("utf-8")),
        (".venv/bin/python", STARTED),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    (folder / ".env").write_text(env, encoding="utf-8")
    return subprocess.run([folder / "deploy/start.sh", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "env", "taken"),
    [
        (["worker"], "", "evidence,media,reports,messages,celery"),
        (["worker"], "WORKER_QUEUES=evidence, reports\n", "evidence,reports,celery"),
        (["worker", "media"], "WORKER_QUEUES=evidence\n", "media"),
        (["worker", "evidence-messages"], "", "evidence,messages,celery"),
    ],
)
def test_start_gives_a_worker_its_queues(tmp_path: Path, words: list[str], env: str, taken: str) -> None:
    said = started(tmp_path, *words, env=env).stdout.splitlines()
    assert said[said.index("-Q") + 1] == taken
    assert said[said.index("-n") + 1] == f"{taken.replace(',', '-')}@%h"


def test_start_knows_no_other_queue(tmp_path: Path) -> None:
    done = started(tmp_path, "worker", "medai")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no such queue: medai" in done.stderr


# --- with real workers ---
@contextmanager
def worker(taken: str, environment: dict[str, str], folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", taken, "-n", f"{taken}@%h", "-c", "1"]
    command += ["--loglevel", "WARNING", "-O", "fair", "--without-gossip", "--without-mingle"]
    with (folder / f"{taken}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def comes_true(asked: Callable[[], Any], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not asked():
        logs = "\n".join(path.read_text("utf-8")[-2000:] for path in folder.glob("*.log"))
        assert time.monotonic() < deadline, logs
        time.sleep(0.1)


def waits_for_films() -> bool:
    """A task stands at the table of films, which the test holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'media_job'::regclass")
        return bool(cursor.fetchone()[0])


@pytest.mark.realtime
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite is the embedded shape: one worker, in threads")
@pytest.mark.django_db(transaction=True)
def test_a_film_that_never_ends_delays_no_verdict(tmp_path: Path, settings: Any) -> None:
    county = make_county()
    lecture = open_lecture(county.branch)
    be_present(lecture, county.member, 0, 3000)
    with redis(tmp_path) as url:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
        environment |= {"REDIS_URL": url, "DATABASE_URL": database_url(), "VAR_DIR": str(tmp_path / "var"), "DEMO": "0"}
        environment |= {"SECRET_KEY": "s" * 40, "PHONE_KEY": settings.PHONE_KEY, "MEDIA_SANDBOX": "try"}
        sender = Celery("sender", broker=url, set_as_current=False)
        sender.conf.update(task_queues=queues.CELERY_TASK_QUEUES, task_routes=queues.CELERY_TASK_ROUTES)
        with psycopg.connect(database_url()) as held, worker("media", environment, tmp_path):
            held.execute("LOCK TABLE media_job IN ACCESS EXCLUSIVE MODE")
            for number in range(3):
                sender.send_task("media.transcode", args=[number])
            comes_true(waits_for_films, tmp_path)
            close_occasion(occasion_id=lecture.pk, as_of=lecture.ends_at)
            with worker("evidence", environment, tmp_path):
                sender.send_task("attendance.settle", kwargs={"occasion_id": lecture.pk})
                sender.send_task("config.heartbeat", queue="evidence")
                sender.send_task("config.heartbeat", queue="media")
                comes_true(Occasion.objects.filter(pk=lecture.pk, state=Occasion.State.SETTLED).exists, tmp_path)
                comes_true(lambda: Mark.objects.filter(name__endswith="/evidence").count() == 2, tmp_path)
            assert waits_for_films(), "and the films stand where they stood"
            assert not Mark.objects.filter(name__startswith="worker@", data__queue="media").exists()
            assert sorted(Mark.objects.filter(name__startswith="alive@").values_list("data__queues", flat=True)) == [
                ["evidence"],
                ["media"],
            ]
            held.rollback()
            comes_true(Mark.objects.filter(name__startswith="worker@", data__queue="media").exists, tmp_path)
        sender.close()
