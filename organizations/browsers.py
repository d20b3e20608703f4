"""A browser that signed somebody in before is known again, so that a stranger cannot spend its allowance.

Its cookie holds a random name of the browser and, for each of the last few people, a mark: a keyed hash of the browser,
the person, their password and their number. It names nobody and opens nothing; with another password or number the mark
fits no more, and the next sign-in makes a new one.
"""

import secrets
from collections.abc import Callable
from typing import Any

from allauth.account.signals import password_changed, password_set
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from organizations.models import User

COOKIE = "known"
PATH = "/accounts/"  # nobody else needs to see it
MAX_AGE_S = 400 * 24 * 3600  # as long as browsers keep any
PEOPLE = 4
SALT = "organizations.browsers"
NAME_LENGTH = 32


def known_browser(request: HttpRequest, person: User | None) -> str:
    """Return the name of this browser if this person signed in here before, with today's password and number, or ""."""
    name, marks = _read(request)
    fits = person is not None and any(constant_time_compare(mark, _mark(name, person)) for mark in marks)
    return name if fits else ""


class KnownBrowser:
    """Middleware: gives the cookie with the answer to a sign-in, or to the change of a password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        person = getattr(request, "known_from_now", None)
        if person is not None:
            _write(request, response, person)
        return response


@receiver([user_logged_in, password_changed, password_set])
def remember(request: HttpRequest | None = None, user: User | None = None, **_kwargs: Any) -> None:
    if request is not None and user is not None:
        request.known_from_now = user  # type: ignore[attr-defined]


def _write(request: HttpRequest, response: HttpResponseBase, person: User) -> None:
    name, marks = _read(request)
    name = name or secrets.token_hex(NAME_LENGTH // 2)
    mark = _mark(name, person)
    kept = [mark, *(one for one in marks if one != mark)][:PEOPLE]
    response.set_cookie(
        COOKIE,
        ".".join([name, *kept]),
        max_age=MAX_AGE_S,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    name, *marks = request.COOKIES.get(COOKIE, "").split(".")
    readable = len(name) == NAME_LENGTH and name.isascii() and name.isalnum()
    return (name, marks[:PEOPLE]) if readable else ("", [])


def _mark(name: str, person: User) -> str:
    return salted_hmac(SALT, f"{name}.{person.pk}.{person.get_session_auth_hash()}").hexdigest()[:32]
