"""What lies in the cache alone is a hint, and nobody fails for want of one."""

from collections.abc import Callable
from typing import Any


def or_nothing(do: Callable[[], Any]) -> Any:
    """Return what ``do`` answers; None where the store is away, or holds what another key sealed."""
    try:
        return do()
    except Exception:  # noqa: BLE001 - whatever a store's client raises
        return None
