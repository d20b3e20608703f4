"""Fixtures for every test."""

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadGroupScheduling

from tests.databases import test_database

DATABASE = {"db", "transactional_db", "django_db_setup"}
# What has SQL of our own, or is told apart by the kind of database: asked on both.
OWN_SQL = {"attendance", "config"}
# What talks to Redis or starts processes without asking a database lies here; tests/trust is asked as a whole.
PROCESSES = {"live", "config", "realtime", "trust"}
# One site of its own for all that a file asks: twenty seconds of processor time; one replica of the whole server.
DEAR = {"tests/realtime/test_away.py", "tests/organizations/test_replica.py"}
# No test is timed: on a busy machine a step of a third of a second says nothing about the code.
settings.register_profile("untimed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Give each worker a copy of the migrated template instead of migrating again."""
    with django_db_blocker.unblock(), test_database(os.environ.get("PYTEST_XDIST_WORKER", "main")):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what needs nothing, while one worker makes the database's template; then what waits most.

    The other workers fill the pauses of real sockets and real clocks. What a test says of itself by its place and its
    fixtures decides on which databases ``tests/run.sh`` asks it.
    """
    for item in items:
        place = set(item.path.parts)
        if "trust" in place and item.get_closest_marker("unit") is None:
            item.add_marker("trust")
        if place & {"views", "cms"}:
            item.add_marker("pages")
        database = item.get_closest_marker("django_db")
        if database is not None and database.kwargs.get("transaction"):
            item.add_marker("commits")
        asks = database is not None or not DATABASE.isdisjoint(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("unit") is not None or not (asks or place & PROCESSES):
            item.add_marker("alone")
        if place & OWN_SQL or any(item.get_closest_marker(name) for name in ("commits", "realtime")):
            item.add_marker("both")
    items.sort(key=turn)
    if first := next((item for item in items if item.get_closest_marker("alone") is None), None):
        items.insert(0, items.pop(items.index(first)))


def turn(item: pytest.Item) -> tuple[bool, bool, bool]:
    """When a test comes; of the sockets' first those that share one web process (tests/realtime/conftest.py)."""
    alone, realtime = (item.get_closest_marker(name) is not None for name in ("alone", "realtime"))
    return not alone, not realtime, realtime and "server" not in getattr(item, "fixturenames", ())


class InOneWorker(LoadGroupScheduling):
    """A test at a time, and the files in ``DEAR`` as a whole: what they share is made once.

    The mark ``xdist_group`` is for that, and does nothing with pytest 9.2: xdist 3.8 names a group in the identity that
    tests had before.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in DEAR else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    return InOneWorker(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_finish() -> None:
    """Half a million objects of the product's modules never go: walking them again and again costs 6 % of all tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the fuzz tests tried, one line of JSON each."""
    reports = [one for found in terminalreporter.stats.values() for one in found if isinstance(one, pytest.TestReport)]
    for tried in [
        value for one in reports if one.when == "teardown" for name, value in one.user_properties if name == "tried"
    ]:
        terminalreporter.write_line(json.dumps(tried, ensure_ascii=False))


@pytest.fixture
def var_dir(settings: Any, tmp_path: Path) -> Path:
    """A private VAR_DIR (and MEDIA_ROOT) for one test."""
    settings.VAR_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path


@pytest.fixture(autouse=True)
def no_process_of_another_test(request: pytest.FixtureRequest) -> None:
    """A lease, a mark, a media node say when a process was there: another test's would judge this one's people.

    A process that outlives the emptying of the tables after its module's last test writes them again, as it should.
    """
    mark = request.node.get_closest_marker("django_db")
    if mark is not None and request.node.get_closest_marker("realtime") is None:
        request.getfixturevalue("transactional_db" if mark.kwargs.get("transaction") else "db")
        from attendance.models import WorkerLease
        from config.models import Mark
        from live.models import MediaNode

        for model in (WorkerLease, Mark, MediaNode):
            model.objects.all().delete()


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody guesses at the passwords of tests; tests/organizations/test_hashing.py asks about real ones."""
    from organizations.hashing import Argon2

    monkeypatch.setattr(Argon2, "time_cost", 1)
    monkeypatch.setattr(Argon2, "memory_cost", 8)


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Rate limits and remembered rights of one test never reach the next."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    """A page asked for in English leaves its language on the thread; the next test begins in the product's own."""
    from django.conf import settings
    from django.utils import translation

    with translation.override(settings.LANGUAGE_CODE):
        yield
