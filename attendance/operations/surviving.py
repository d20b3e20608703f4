"""One occasion after the other: what fails at one is logged and counted, and stops no other."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError
from prometheus_client import Counter

log = structlog.get_logger(__name__)
T = TypeVar("T")
FAILURES = Counter("ledger_reconcile_failures", "Occasions that could not be opened, closed or settled in their turn")


def survived(work: Callable[..., T], occasion_id: int, as_of: datetime) -> T | None:
    """Do ``work`` for one occasion; None where it failed. That the database is away is raised: the next turn comes in
    seconds."""
    try:
        return work(occasion_id=occasion_id, as_of=as_of)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        FAILURES.inc()
        log.exception("not_reconciled", work=work.__name__, occasion_id=occasion_id)
        return None
