"""The small world, built once for each module and rolled back after it."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.trust.world import World, undone, world_in


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    requests_log = logging.getLogger("config.middleware")
    requests_log.setLevel(logging.ERROR)  # thousands of lines otherwise
    try:
        with django_db_blocker.unblock(), world_in(tmp_path_factory.mktemp("trust")) as made:
            yield made
    finally:
        requests_log.setLevel(logging.NOTSET)


@pytest.fixture
def unchanged(world: World) -> Iterator[World]:
    """The same world; what a test writes into it is gone after the test."""
    with undone():
        yield world
