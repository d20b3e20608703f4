"""Which scope somebody may give, and whether they still may: a token reads what its maker reads (ADR 77)."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from api.models import Scope, Token, Webhook
from organizations.models import Node, Role, User
from organizations.permissions import has_role, open_nodes
from organizations.queries import grants_of, subtree

# The same roles as read the same on the pages (attendance/permissions.py, organizations/views).
ROLES: dict[str, tuple[Role, ...]] = {
    Scope.TRAININGS: (Role.ORGANISER, Role.SECRETARY),
    Scope.COUNTS: (Role.ORGANISER, Role.SECRETARY),
    Scope.PEOPLE: (Role.OPERATOR, Role.SECRETARY),
    Scope.RECORDS: (Role.SECRETARY,),
    Scope.HOURS: (Role.SECRETARY,),
}
MAKERS = (Role.OPERATOR, Role.ORGANISER, Role.SECRETARY)


def may_give(user: User | AnonymousUser, scope: str, node: Node) -> bool:
    """Whether the user reads at ``node`` what ``scope`` opens."""
    return scope in ROLES and has_role(user, *ROLES[scope], node=node)


def may_still(user: User, scopes: Iterable[str], node: Node) -> bool:
    """Whether the maker of a token still reads all of it: with one right the whole token goes."""
    return all(may_give(user, scope, node) for scope in scopes)


def role_for(user: User, scope: str, node: Node) -> str:
    """Return the role by which the user reads what ``scope`` opens at ``node``, for the access log."""
    return next(
        (str(role) for role in ROLES[scope] if has_role(user, role, node=node)),
        "",
    )


def nodes_to_open(user: User) -> QuerySet[Node]:
    """Return the units of which the user may open anything."""
    return open_nodes(user, *MAKERS)


def scopes_anywhere(user: User) -> list[str]:
    """Return what the user may give somewhere, in the order of ``Scope``."""
    held = {grant.role for grant in grants_of(user=user)}
    return [scope for scope in Scope.values if held.intersection(ROLES[scope])]


def tokens_of(user: User) -> QuerySet[Token]:
    """Return the tokens that the user sees and may withdraw: their own, and all below where they are operator."""
    paths = sorted({grant.path for grant in grants_of(user=user) if grant.role == Role.OPERATOR})
    found = Token.objects.filter(made_by=user)
    if paths:
        found |= Token.objects.filter(subtree(paths, at="node"))
    return found.select_related("node", "made_by").order_by("-pk")


def nodes_to_report(user: User) -> QuerySet[Node]:
    """Return the units of which the user may have an address told."""
    return open_nodes(user, *ROLES[Scope.TRAININGS])


def webhooks_of(user: User) -> QuerySet[Webhook]:
    """Return the addresses that the user sees and may switch off: their own, and all below where they are operator."""
    paths = sorted({grant.path for grant in grants_of(user=user) if grant.role == Role.OPERATOR})
    found = Webhook.objects.filter(made_by=user)
    if paths:
        found |= Webhook.objects.filter(subtree(paths, at="node"))
    return found.select_related("node", "made_by").order_by("-pk")
