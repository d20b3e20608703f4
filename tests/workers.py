"""A pytest plugin: each parallel worker has a Redis of its own, as it has a database of its own.

One Redis for all would mix rooms of the same number, and the emptying of one worker's cache would empty the others'.
"""

import atexit
import contextlib
import os
import tempfile
from pathlib import Path

from tests.services import redis


def own_redis() -> None:
    """Start one and point this process at it; before Django reads its settings."""
    stack = contextlib.ExitStack()
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="classroom-redis-"))
    os.environ["REDIS_URL"] = stack.enter_context(redis(Path(folder)))
    atexit.register(stack.close)


if os.environ.get("REDIS_URL") and os.environ.get("PYTEST_XDIST_WORKER"):
    own_redis()
