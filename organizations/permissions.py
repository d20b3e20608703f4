"""May this person do that. Asked once, at the edge; the answer to "no" is 404, never 403."""

import datetime as dt
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils import timezone

from organizations import sms
from organizations.models import Membership, Node, Role, RoleGrant, User
from organizations.queries import awaits_step, grants_of, has_factor, not_over_on, subtree, withheld_roles


def signed_in(request: HttpRequest) -> User:
    """Return the person who asks; 404 for nobody. Views behind ``role_required`` and its like always have one."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


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


def open_nodes(user: User | AnonymousUser, *roles: str, on_date: dt.date | None = None) -> QuerySet[Node]:
    """Of ``visible_nodes`` those that are not closed: what may be chosen for anything new."""
    return visible_nodes(user, *roles, on_date=on_date).filter(closed_date=None)


def rules_above(user: User, node: Node) -> bool:
    """Whether the user is operator of a unit above ``node``: nobody ends the unit that their own role hangs on."""
    return any(
        grant.role == Role.OPERATOR and node.path.startswith(grant.path) and node.path != grant.path
        for grant in grants_of(user=user)
    )


def operates_everything(user: User | AnonymousUser) -> bool:
    """Whether the user is operator of a whole tree: whoever runs the site, and not only a part of its roster."""
    if not isinstance(user, User):
        return False
    return any(grant.role == Role.OPERATOR and len(grant.path) == Node.steplen for grant in grants_of(user=user))


def rules_the_whole_tree(user: User | AnonymousUser) -> bool:
    """Whether the user keeps in order what belongs to no unit: the operator of a whole tree, or a superuser."""
    return operates_everything(user) or (isinstance(user, User) and is_superuser_now(user))


def is_superuser_now(user: User) -> bool:
    """Whether the user is a superuser whose session has shown its second step, where any role asks for one."""
    return user.is_superuser and user.is_active and not awaits_step(user=user)


def within_reach(*, operator: User, person: User, on_date: dt.date | None = None) -> bool:
    """Whether the operator may change anything about the person.

    They belong (or, if they left, belonged last) below the operator's nodes, and hold no role anywhere else, now or
    later. Whoever never belonged anywhere, and a superuser, is out of reach.
    """
    return not out_of_reach(operator=operator, person_ids=[person.pk], on_date=on_date)


def out_of_reach(*, operator: User, person_ids: Iterable[int], on_date: dt.date | None = None) -> set[int]:
    """Those of the people whom ``within_reach`` refuses. Three queries, however many."""
    day = on_date or timezone.localdate()
    ids = set(person_ids)
    mine = tuple(grant.path for grant in grants_of(user=operator, on_date=day) if grant.role == Role.OPERATOR)
    if not mine:
        return ids
    holding = not_over_on(day)
    roles = RoleGrant.objects.filter(holding, user_id__in=ids).values_list("user_id", "node__path")
    beyond = {user_id for user_id, path in roles if not path.startswith(mine)}
    beyond |= set(User.objects.filter(pk__in=ids, is_superuser=True).values_list("pk", flat=True))
    rows = Membership.objects.filter(member_id__in=ids).values_list("member_id", "node__path", "active_to_date")
    places: dict[int, list[tuple[dt.date, str]]] = {}
    for member_id, path, until in rows:
        places.setdefault(member_id, []).append((until or dt.date.max, path))
    for member_id in ids:
        held = places.get(member_id, [])
        last = max(held, default=None)
        counted = [path for until, path in held if until > day] or ([last[1]] if last else [])
        if not counted or not all(path.startswith(mine) for path in counted):
            beyond.add(member_id)
    return beyond


def entrance() -> str:
    """The name of the page on which a visitor begins: by code where one can come, for most people know no password."""
    return "account_request_login_code" if sms.can_tell_codes() else "account_login"


def to_second_step(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to the page that asks for the second step, or to that which sets one up; then on to where they wanted."""
    page = resolve_url("factor_confirm" if has_factor(signed_in(request)) else "mfa_index")
    wanted = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    return HttpResponseRedirect(f"{page}?{urlencode({'next': wanted})}")


def role_required(*roles: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """View decorator: visitors go to the sign-in page and come back, others without the role get 404.

    Whose role asks for a second step that this session has not shown is led to it, and comes back.

    Without a role it asks for the sign-in alone.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), entrance())
            if roles and not has_role(request.user, *roles):
                if withheld_roles(user=signed_in(request)).intersection(roles):
                    return to_second_step(request)
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate
