"""Two at the same moment, each in a connection of its own: what a test of races needs."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import DatabaseError, connection, transaction

PATIENCE_S = 120


def meanwhile(
    first: Callable[[], Any], second: Callable[[], Any], *refusals: type[Exception], waits: bool = True
) -> Any:
    """Do ``second`` in another connection while the transaction of ``first`` is open; return its answer, or the error
    with which it was refused (``refusals``, and what the database says).

    ``waits``: the second has to wait until the first has committed, which is asserted.
    """
    found: list[Any] = []
    expected: tuple[type[Exception], ...] = (DatabaseError, *refusals)

    def run() -> None:
        try:
            found.append(second())
        except expected as error:
            found.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        thread.join(0.5 if waits else PATIENCE_S)
        assert thread.is_alive() is waits
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    return found[0]


def together(*works: Callable[[], Any], refusals: tuple[type[Exception], ...] = ()) -> list[Any]:
    """Do all of it at once, each in a connection of its own; return the answers, or the errors that refused them."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            start.wait(PATIENCE_S)
            return work()
        except refusals as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result(PATIENCE_S) for done in [pool.submit(run, work) for work in works]]
