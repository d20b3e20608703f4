"""Fixtures for every test."""

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.databases import test_database

# No test is timed: on a busy machine a step of a third of a second says nothing about the code.
settings.register_profile("untimed", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Give each worker a copy of the migrated template instead of migrating again."""
    with django_db_blocker.unblock(), test_database(os.environ.get("PYTEST_XDIST_WORKER", "main")):
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits most (real sockets, real clocks), so that the other workers fill its pauses.

    What lies in tests/trust has its mark from its place.
    """
    for item in items:
        if "trust" in item.path.parts and item.get_closest_marker("unit") is None:
            item.add_marker("trust")
    items.sort(key=lambda item: item.get_closest_marker("realtime") is None)


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
    """A lease and a mark say when a process was there: those of another test's would judge this one's people and site.

    A process that outlives the emptying of the tables after its module's last test writes them again, as it should.
    """
    mark = request.node.get_closest_marker("django_db")
    if mark is not None and request.node.get_closest_marker("realtime") is None:
        request.getfixturevalue("transactional_db" if mark.kwargs.get("transaction") else "db")
        from attendance.models import WorkerLease
        from config.models import Mark

        WorkerLease.objects.all().delete()
        Mark.objects.all().delete()


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
