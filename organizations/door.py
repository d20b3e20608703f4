"""Middleware: what a session may do that has not shown the second step which its person's roles ask for (ADR 94).

Without it those roles are not there (``queries.grants_of``): every page decides as it does for anybody. The desk's
pages lead to the second step by ``permissions.role_required``, Wagtail's from here, for it asks in many places.
"""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import get_user
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from organizations.factors import has_shown
from organizations.models import User
from organizations.permissions import to_second_step
from organizations.queries import awaits_step, withheld_roles

OFFICE = "/admin/"


class SecondStep:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not settings.SECOND_FACTOR_ROLES:
            return self.get_response(request)
        request.user = SimpleLazyObject(partial(of_session, request))  # type: ignore[assignment]
        if request.path_info.startswith(OFFICE) and isinstance(request.user, User) and _is_asked(request.user):
            return to_second_step(request)
        response = self.get_response(request)
        if response.status_code == HTTPStatus.NOT_FOUND and _is_visited(request) and _lacks_a_role(request.user):
            return to_second_step(request)  # it may be there for the role: pages that do not ask by ``role_required``
        return response


def of_session(request: HttpRequest) -> Any:
    """Return whose session this is, or nobody; its roles that wait for a second step are not theirs until it is shown.

    Also for what asks before any middleware: the guard of what is sent, and /readyz.
    """
    person = get_user(request)
    if isinstance(person, User):
        person.has_shown_factor = has_shown(request, person)
    return person


def _is_visited(request: HttpRequest) -> bool:
    """Whether a person waits for a page, and not a script for an answer."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def _lacks_a_role(person: Any) -> bool:
    return isinstance(person, User) and bool(withheld_roles(user=person))


def _is_asked(person: User) -> bool:
    """Also a superuser, who holds no role and may do everything there."""
    if person.is_superuser:
        return awaits_step(user=person)
    return bool(withheld_roles(user=person))
