"""One running site for the whole folder."""

from collections.abc import Iterator

import pytest

from tests.front.site import Front, front_site


@pytest.fixture(scope="session")
def front() -> Iterator[Front]:
    with front_site() as running:
        yield running
