"""What hangs on a unit in the apps above. Each names a callable in ``settings.UNIT_USES``; nothing here writes."""

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string

from organizations.models import Node
from organizations.uses import Use


def uses_of(node: Node, *, on_date: dt.date) -> list[Use]:
    """Return what the apps above made for exactly this unit and is not over on that day."""
    found: list[Use] = []
    for path in settings.UNIT_USES:
        ask: Callable[..., list[Use]] = import_string(path)
        found += ask(node=node, on_date=on_date)
    return found
