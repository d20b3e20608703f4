"""May this person do that. Asked once, at the edge; the answer to "no" is 404, never 403."""

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase

from organizations.models import Node, User
from organizations.queries import grants_of, subtree


def in_subtree(node: Node, root: Node) -> bool:
    """Whether ``node`` is ``root`` or below it. No query."""
    return node.path.startswith(root.path)


def has_role(user: User | AnonymousUser, *roles: str, node: Node | None = None, on_date: dt.date | None = None) -> bool:
    """Whether the user holds one of the roles that day (today unless given).

    With ``node``: the node lies in the subtree of such a grant. A superuser has no role for being one.
    """
    if not isinstance(user, User):
        return False
    return any(
        grant.role in roles and (node is None or node.path.startswith(grant.path))
        for grant in grants_of(user=user, on_date=on_date)
    )


def visible_nodes(user: User | AnonymousUser, *roles: str, on_date: dt.date | None = None) -> QuerySet[Node]:
    """The union of the subtrees where the user holds one of the roles; in the order of the tree."""
    if not isinstance(user, User):
        return Node.objects.none()
    paths = sorted({grant.path for grant in grants_of(user=user, on_date=on_date) if grant.role in roles})
    return Node.objects.filter(subtree(paths)).order_by("path")


def role_required(*roles: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """View decorator: visitors go to the sign-in page and come back, others without the role get 404.

    Without a role it asks for the sign-in alone.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if roles and not has_role(request.user, *roles):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate
