"""The pages of no app: errors in plain words, the content policy, a database that is away."""

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from config import middleware, views

pytestmark = pytest.mark.django_db


def test_unknown_page_is_said_in_chinese_with_a_next_step(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "没有找到这一页" in answer.content.decode()
    assert 'href="/"' in answer.content.decode()


def test_our_own_scripts_get_errors_as_json(client: Client) -> None:
    answer = client.get("/nowhere/", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (views.bad_request, 400),
        (views.permission_denied, 403),
        (views.page_not_found, 404),
        (views.server_error, 500),
        (views.unavailable, 503),
    ],
)
def test_error_pages_need_no_database(django_db_blocker, view, status: int) -> None:
    with django_db_blocker.block():
        answer = view(RequestFactory().get("/"))
    assert answer.status_code == status
    assert "<h1" in answer.content.decode()


def test_csrf_failure_says_what_to_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert answer.status_code == 403
    assert "请刷新后再试一次" in answer.content.decode()


def test_database_that_is_away_becomes_503_with_retry_after() -> None:
    guard = middleware.busy_database(lambda request: HttpResponse())
    answer = guard.process_exception(RequestFactory().get("/"), OperationalError("server closed the connection"))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert guard.process_exception(RequestFactory().get("/"), ValueError()) is None


def policy(client: Client, path: str) -> dict[str, list[str]]:
    header = client.get(path)["Content-Security-Policy"]
    return {words[0]: words[1:] for words in (part.split() for part in header.split(";"))}


def test_members_pages_have_a_strict_policy(client: Client) -> None:
    rules = policy(client, "/accounts/login/")
    assert rules["script-src"] == ["'self'"]
    assert rules["style-src"] == ["'self'"]
    assert "ws://testserver" in rules["connect-src"]
    assert rules["object-src"] == ["'none'"]


def test_wagtails_admin_has_its_own_policy(client: Client) -> None:
    assert "'unsafe-inline'" in policy(client, "/admin/nowhere/")["style-src"]


def test_offline_page_is_public_and_cachable(client: Client) -> None:
    answer = client.get("/offline/")
    assert answer.status_code == 200
    assert "max-age=3600" in answer["Cache-Control"]


def test_only_the_editors_preview_may_be_framed(client: Client) -> None:
    assert client.get("/accounts/login/")["X-Frame-Options"] == "DENY"
    assert client.get("/admin/nowhere/")["X-Frame-Options"] == "SAMEORIGIN"
