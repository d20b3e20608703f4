"""What apps above the ledger say on its pages, without the ledger knowing them: ``settings.BESIDE``, functions by page.

``today``: ``(member, membership, as_of) -> [Beside]``; ``me``: ``(member) -> [Beside]``; ``training``: ``(user, scope)
-> [Beside]``; ``person``: ``(user, member_id, paths) -> [Beside]``, ``paths`` the parts of the tree that the reader
reads names in. Each costs one query at most, that of 今天 a few whatever there is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Beside:
    """One card: a title, a line below it, where it leads ("": nowhere)."""

    title: str
    text: str = ""
    url: str = ""


def beside(page: str, **asked: Any) -> list[Beside]:
    """Return what stands beside one of the ledger's pages."""
    parts: list[Callable[..., list[Beside]]] = [import_string(path) for path in settings.BESIDE.get(page, ())]
    return [one for part in parts for one in part(**asked)]
