"""One item after the other: what fails at one is logged and counted, and stops no other."""

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Model
from prometheus_client import Counter

log = structlog.get_logger(__name__)
T = TypeVar("T")
FAILURES = Counter("ledger_reconcile_failures", "Items of many (occasions, halls, people) that failed in their turn")


def survived(work: Callable[..., T], *, event: str, **item: Any) -> T | None:
    """Do ``work(**item)`` for one item of many; None where it failed, which is logged as ``event`` and counted.

    That the database is away is no fault of the item's, and raised: the next turn comes in seconds.
    """
    try:
        return work(**item)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        FAILURES.inc()
        log.exception(event, work=getattr(work, "__name__", ""), **_said(item))
        return None


def _said(item: dict[str, Any]) -> dict[str, Any]:
    """Return what the log says of an item: ids, that of a row, and of many people the first ten."""
    found = {name: value for name, value in item.items() if name.endswith("_id")}
    found |= {f"{name}_id": value.pk for name, value in item.items() if isinstance(value, Model)}
    for name, value in item.items():
        if name.endswith("_ids"):
            found |= {name: sorted(value)[:10], "people": len(value)}
    return found
