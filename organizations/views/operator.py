"""What the operator's pages of people and units share: whose pages they are, and the units to choose from."""

import datetime as dt

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone

from organizations.models import Node, Role, User
from organizations.permissions import open_nodes, visible_nodes, within_reach

MOST_OFFERED = 300
LARGEST_ID = 2**63 - 1


def asker(request: HttpRequest) -> User:
    """The operator; views behind ``role_required`` always have one."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def today() -> dt.date:
    return timezone.localdate()


def own_nodes(request: HttpRequest) -> QuerySet[Node]:
    """All units of the operator, closed ones too."""
    return visible_nodes(request.user, Role.OPERATOR)


def choosable(request: HttpRequest) -> QuerySet[Node]:
    return open_nodes(request.user, Role.OPERATOR)


def offered(request: HttpRequest) -> list[Node]:
    """What the browser offers while somebody types a unit: all, where they are few."""
    nodes = list(choosable(request)[: MOST_OFFERED + 1])
    return nodes if len(nodes) <= MOST_OFFERED else []


def person_or_404(request: HttpRequest, person_id: int) -> User:
    """A person whom this operator may change; for everybody else the page does not exist."""
    person = User.objects.filter(pk=person_id).first() if person_id <= LARGEST_ID else None
    if person is None or not within_reach(operator=asker(request), person=person):
        raise Http404
    return person


def unit_or_404(request: HttpRequest, unit_id: int) -> Node:
    node = own_nodes(request).filter(pk=unit_id).first() if unit_id <= LARGEST_ID else None
    if node is None:
        raise Http404
    return node
