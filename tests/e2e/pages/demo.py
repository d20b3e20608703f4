"""The site to look at: the one named by BASE_URL, else a demonstration started for the occasion on a free port."""

import contextlib
import os
from collections.abc import Iterator

from tests.sites import running_site


@contextlib.contextmanager
def site() -> Iterator[str]:
    """Yield a base URL. A started demonstration keeps its state in a folder that is gone afterwards."""
    if named := os.environ.get("BASE_URL"):
        yield named.rstrip("/")
        return
    with running_site() as running:
        yield running.url
