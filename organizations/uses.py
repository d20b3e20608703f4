"""What still needs a thing that somebody wants to change, withdraw or delete, in words for whoever asks.

``settings.USES`` names the modules that know. Each has ``uses_of(*, thing, user, as_of) -> list[Use]`` for the models
it knows, and may have ``let_go(*, thing, as_of, actor_id)``, which lets go of what does not block, and
``changed(*, thing, user, as_of) -> list[Use]``, what another file changes; for others they do nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.models import Model


@dataclass(frozen=True)
class Use:
    """One thing that needs another; ``url`` leads to it, where whoever asks may open it.

    ``blocks``: what it needs cannot go before this is over, or has another one. ``where``: the same without what to do
    about it, for a page on which nobody wants to take the thing away.
    """

    text: str
    blocks: bool = False
    url: str = ""
    where: str = ""


def uses_of(thing: Model, *, user: Any, as_of: datetime) -> list[Use]:
    """Return what needs the thing, what blocks first. What lies beyond the user's reach is named without its title."""
    found = [use for name in settings.USES for use in import_module(name).uses_of(thing=thing, user=user, as_of=as_of)]
    return sorted(found, key=lambda use: not use.blocks)


def changed_with(thing: Model, *, user: Any, as_of: datetime) -> list[Use]:
    """Return what shows something else once the thing's file is another one; blocks nothing."""
    found: list[Use] = []
    for name in settings.USES:
        tell = getattr(import_module(name), "changed", None)
        found += tell(thing=thing, user=user, as_of=as_of) if tell is not None else []
    return found


def let_go(thing: Model, *, as_of: datetime, actor_id: int | None = None) -> None:
    """Let whoever needed the thing, but does not block, do without it. Call it in the transaction that deletes it."""
    for name in settings.USES:
        release = getattr(import_module(name), "let_go", None)
        if release is not None:
            release(thing=thing, as_of=as_of, actor_id=actor_id)
