"""The guard's table before pages that a WSGI worker serves."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import RequestFactory

from organizations.models import Role
from tests.config.test_pages import ALL_HEADERS
from tests.factories.organizations import RoleGrantFactory, UserFactory
from tests.realtime.conftest import sign_in

KIB, MIB = 2**10, 2**20


def ask(path: str, *, size: int | str | None, method: str = "POST", cookie: str = "") -> tuple[int, int]:
    """The status, and how many requests reached the pages."""
    from config import wsgi  # it asks the database whether it may start

    reached: list[str] = []

    def pages(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        reached.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b"ok"]

    environ = RequestFactory().generic(method, path).environ
    environ["CONTENT_LENGTH"] = "" if size is None else str(size)
    environ["HTTP_COOKIE"] = f"{settings.SESSION_COOKIE_NAME}={cookie}"
    if size is None:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    said: list[str] = []
    body = b"".join(wsgi.Guarded(pages)(environ, lambda status, _headers: said.append(status)))
    assert body
    return int(said[0].split()[0]), len(reached)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "method", "size", "expected"),
    [
        ("/branch/", "POST", 64 * KIB, (200, 1)),
        ("/branch/", "POST", 64 * KIB + 1, (413, 0)),
        ("/branch/", "POST", None, (411, 0)),
        ("/roster/", "POST", MIB, (413, 0)),
        ("/admin/images/nowhere-at-all/", "POST", MIB, (413, 0)),
        ("/uploads/00000000-0000-4000-8000-000000000000/", "PATCH", 3 * MIB, (200, 1)),
        ("/uploads/00000000-0000-4000-8000-000000000000/", "PATCH", 3 * MIB + 1, (413, 0)),
    ],
)
def test_a_stranger_sends_no_more_than_the_table_says(
    path: str, method: str, size: int | None, expected: tuple[int, int]
) -> None:
    assert ask(path, size=size, method=method) == expected


@pytest.mark.django_db
@pytest.mark.parametrize("announced", ["²", "１", "1 ", "+1", "-1"])
def test_a_size_that_is_no_number_is_refused(announced: str) -> None:
    assert ask("/branch/", size=announced) == (411, 0)


@pytest.mark.django_db
def test_a_roster_is_taken_from_an_operator_alone() -> None:
    operator = sign_in(RoleGrantFactory(role=Role.OPERATOR).user)
    assert ask("/roster/", size=10 * MIB, cookie=operator) == (200, 1)
    assert ask("/roster/", size=60 * MIB, cookie=operator) == (413, 0)
    assert ask("/roster/", size=10 * MIB, cookie=sign_in(UserFactory())) == (413, 0)


@pytest.mark.django_db
def test_a_large_body_waits_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> bool:
        raise OperationalError

    monkeypatch.setattr("config.wsgi.holds_role", away)
    assert ask("/roster/", size=MIB) == (503, 0)
    assert ask("/branch/", size=10) == (200, 1)


@pytest.mark.django_db
def test_a_refusal_has_all_headers_of_a_page() -> None:
    from config import wsgi

    environ = RequestFactory().generic("POST", "/branch/").environ
    environ["CONTENT_LENGTH"] = str(MIB)
    given: list[tuple[str, str]] = []
    assert b"".join(wsgi.Guarded(wsgi.pages)(environ, lambda _status, headers: given.extend(headers)))
    assert {name for name, _value in given} >= set(ALL_HEADERS)
    assert len({name.lower() for name, _value in given}) == len(given)
