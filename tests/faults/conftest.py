from collections.abc import Iterator

import pytest

from tests.faults.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One county for all of them: each test leaves it well."""
    with running_stack() as running:
        yield running
