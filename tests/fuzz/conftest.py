"""The small world of ``tests/trust``, where an error is an answer of 500 and not an exception."""

import logging
from collections.abc import Callable, Iterator

import pytest

from tests.fuzz.tally import Tally
from tests.trust.conftest import world as world
from tests.trust.world import World


@pytest.fixture
def fuzzed(world: World) -> Iterator[World]:
    world.browser.raise_request_exception = False
    errors = logging.getLogger("django.request")
    errors.setLevel(logging.CRITICAL)  # each is counted; a traceback is had by asking the address again
    yield world
    errors.setLevel(logging.NOTSET)
    world.browser.raise_request_exception = True


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Callable[[str], Tally]]:
    made: list[Tally] = []

    def make(what: str) -> Tally:
        made.append(Tally(what))
        return made[-1]

    yield make
    for one in made:
        record_property("tried", one.summary())
