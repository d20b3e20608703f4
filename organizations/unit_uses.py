"""What hangs on a unit in the apps above. Each names a callable in ``settings.UNIT_USES``; nothing here writes."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from organizations.models import Node


@dataclass(frozen=True)
class Use:
    """One thing made for the unit, in words; ``blocks``: the unit cannot go before it is over or has another one."""

    text: str
    blocks: bool = False


def uses_of(node: Node, *, on_date: dt.date) -> list[Use]:
    """Return what the apps above made for exactly this unit and is not over on that day."""
    found: list[Use] = []
    for path in settings.UNIT_USES:
        ask: Callable[..., list[Use]] = import_string(path)
        found += ask(node=node, on_date=on_date)
    return found
