"""What hangs on a unit in the apps above, and what goes along when it is merged into another.

The first is asked of the callables in ``settings.UNIT_USES``, the second done by those in ``settings.UNIT_MOVES``.
"""

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


def move_along(node: Node, into: Node) -> None:
    """Let what the apps above made for this unit belong to another from now on. Call it in the merge's transaction."""
    for path in settings.UNIT_MOVES:
        move: Callable[..., None] = import_string(path)
        move(node=node, into=into)
