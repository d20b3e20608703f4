"""What the operator's pages of people and units share: whose pages they are, and the units to choose from."""

import datetime as dt
from collections.abc import Collection

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils import timezone

from organizations.models import Node, Role, User
from organizations.operations import ONE_VISIT, log_access, log_list
from organizations.permissions import open_nodes, signed_in, visible_nodes, within_reach
from organizations.queries import user_by_id

LARGEST_ID = 2**63 - 1


def today() -> dt.date:
    return timezone.localdate()


def own_nodes(request: HttpRequest) -> QuerySet[Node]:
    """All units of the operator, closed ones too."""
    return visible_nodes(request.user, Role.OPERATOR)


def choosable(request: HttpRequest) -> QuerySet[Node]:
    return open_nodes(request.user, Role.OPERATOR)


def log_people(request: HttpRequest, ids: Collection[int], *, what: str) -> None:
    """Write down that the operator saw these people by name, in the transaction of the read.

    What was looked for is not kept: it may be a phone number.
    """
    log_access(
        reader_id=signed_in(request).pk, subject_ids=ids, what=what, as_of=timezone.now(),
        role=Role.OPERATOR, once_in=ONE_VISIT,
    )  # fmt: skip


def log_unit(request: HttpRequest, node: Node, ids: Collection[int]) -> None:
    """Write down, in one row, that the operator saw these people of a unit."""
    log_list(
        reader_id=signed_in(request).pk, node_id=node.pk, member_ids=ids, what="unit", as_of=timezone.now(),
        role=Role.OPERATOR,
    )  # fmt: skip


def person_or_404(request: HttpRequest, person_id: int) -> User:
    """A person whom this operator may change; for everybody else the page does not exist."""
    person = user_by_id(person_id) if person_id <= LARGEST_ID else None
    if person is None or not within_reach(operator=signed_in(request), person=person):
        raise Http404
    return person


def unit_or_404(request: HttpRequest, unit_id: int) -> Node:
    node = own_nodes(request).filter(pk=unit_id).first() if unit_id <= LARGEST_ID else None
    if node is None:
        raise Http404
    return node
