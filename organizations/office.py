"""What the office's pages of a unit's own things (a package, a quiz, a question) have in common."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from organizations.models import Node, Role
from organizations.permissions import visible_nodes

Thing = TypeVar("Thing")


class Shelf(NamedTuple):
    """One page of a list: ``off`` where it is of the withdrawn things."""

    page: Page[Any]
    off: bool


def own_nodes(request: HttpRequest) -> QuerySet[Node]:
    """The units whose things this person keeps as an organiser."""
    return visible_nodes(request.user, Role.ORGANISER)


def own(request: HttpRequest, thing_in: Callable[[QuerySet[Node], int], Thing | None], key: int) -> Thing:
    """Return a thing of one's own part of the tree; a neighbour's does not exist. Raises Http404."""
    found = thing_in(own_nodes(request), key)
    if found is None:
        raise Http404
    return found


def shelf(request: HttpRequest, things_in: Callable[..., QuerySet[Any]], *, a_page: int) -> Shelf:
    """Return one page of one's own things: those in use, with ``?off=1`` the withdrawn ones."""
    off = request.GET.get("off") == "1"
    return Shelf(Paginator(things_in(own_nodes(request), withdrawn=off), a_page).get_page(request.GET.get("p")), off)
