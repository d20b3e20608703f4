"""Whose a video, picture or document is: one rule for all that people upload (ADR 30).

It belongs to a unit: to those who organise there or above, and to its uploader while they have work there. One of no
unit is its uploader's and those who organise where the uploader works or worked; one of nobody the operator's of the
whole tree. Nothing here writes.
"""

from collections.abc import Collection

from django.db.models import Q, QuerySet

from organizations.models import Node, Role, User
from organizations.permissions import has_role, rules_the_whole_tree, visible_nodes
from organizations.queries import grants_of


def home_of(user: User, *, roles: Collection[str]) -> Node | None:
    """The unit to which what this person uploads belongs until another is chosen: where they work.

    Of several units the highest, and of those the first in the tree. None where they work nowhere: then it is theirs.
    """
    return workplaces_of(user, roles=roles).order_by("depth", "path").first()


def homes_for(user: User) -> QuerySet[Node]:
    """The units to which somebody may hand a thing over: those where they organise, and those next below."""
    paths = {grant.path for grant in grants_of(user=user) if grant.role == Role.ORGANISER}
    own = Q(path__in=paths)
    for path in paths:
        own |= Q(path__startswith=path, depth=len(path) // Node.steplen + 1)
    return Node.objects.filter(own, closed_date=None).order_by("path") if paths else Node.objects.none()


def workplaces_of(user: User, *, roles: Collection[str]) -> QuerySet[Node]:
    """The open units in which somebody holds one of the roles."""
    ids = {grant.node_id for grant in grants_of(user=user) if grant.role in roles}
    return Node.objects.filter(pk__in=ids, closed_date=None).order_by("path")


def theirs(user: User, *, owner: str, node: str, roles: Collection[str]) -> Q:
    """The condition of what is somebody's; ``owner`` and ``node`` are the fields that name the uploader and the unit.

    ``roles``: those that upload.
    """
    working = visible_nodes(user, *roles).order_by()
    found = Q(**{owner: user}) & (Q(**{node: None}) | Q(**{f"{node}__in": working}))
    if has_role(user, Role.ORGANISER):
        found |= below(visible_nodes(user, Role.ORGANISER).order_by(), owner=owner, node=node)
    if rules_the_whole_tree(user):
        found |= Q(**{node: None, owner: None})
    return found


def below(nodes: QuerySet[Node], *, owner: str, node: str) -> Q:
    """What belongs to these units, or to no unit and to people who work or worked there."""
    people = User.objects.filter(role_grants__node__in=nodes)
    return Q(**{f"{node}__in": nodes}) | Q(**{node: None, f"{owner}__in": people})
