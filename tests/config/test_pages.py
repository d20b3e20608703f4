"""The pages of no app: errors in plain words, the content policy, a database that is away."""

import logging
from typing import Any

import pytest
from django.core.exceptions import DisallowedHost, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from config import views
from config.logs import without_tokens
from config.middleware import RequestLog
from tests.factories.organizations import UserFactory

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


def test_database_that_is_away_becomes_503_with_retry_after(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    """Wherever it is noticed: here by a middleware, long before a view is called."""

    def away(*_args: object) -> None:
        raise OperationalError("server closed the connection")

    client.raise_request_exception = False
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore._get_session_from_db", away)
    client.cookies["sessionid"] = "a" * 32
    answer = client.get("/")
    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "5", "no-store")
    script = client.get("/live/1/state.json", headers={"accept": "application/json"})
    assert (script.status_code, script.json()["error"]) == (503, "busy")
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore._get_session_from_db", lambda *_args: 1 / 0)
    assert client.get("/").status_code == 500


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
    # The same for everybody; its script makes it large where the phone's last page was.
    assert "/js/offline." in answer.content.decode().split("<body", 1)[0]


def test_only_the_editors_preview_may_be_framed(client: Client) -> None:
    assert client.get("/accounts/login/")["X-Frame-Options"] == "DENY"
    assert client.get("/admin/nowhere/")["X-Frame-Options"] == "SAMEORIGIN"


def told(answer: HttpResponse) -> dict[str, str]:
    """The Permissions-Policy as a table."""
    return dict(part.strip().split("=") for part in answer["Permissions-Policy"].split(","))


@pytest.mark.parametrize("path", ["/accounts/login/", "/healthz/nowhere", "/live/", "/m/x/y.m4s", "/admin/login/"])
def test_a_page_may_ask_the_phone_for_nothing(client: Client, path: str) -> None:
    answer = client.get(path)
    assert set(told(answer).values()) == {"()"}
    assert {"camera", "microphone", "geolocation"} <= set(told(answer))
    assert answer["Cross-Origin-Resource-Policy"] == answer["Cross-Origin-Opener-Policy"] == "same-origin"


ALL_HEADERS = (
    "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy",
    "Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy",
)  # fmt: skip


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("host", ["testserver", "elsewhere.example"])
@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/m/x/y.m4s", "/nowhere/", "/accounts/login/", "/admin/x/", "/metrics"]
)
def test_whatever_answers_the_answer_has_all_headers(client: Client, path: str, host: str, method: str) -> None:
    answer = getattr(client, method)(path, headers={"host": host})
    if answer.status_code == 400:
        assert host != "testserver"
    assert [name for name in ALL_HEADERS if name not in answer.headers] == []
    assert answer["X-Frame-Options"] == ("SAMEORIGIN" if path == "/admin/x/" else "DENY")
    assert "frame-ancestors" in answer["Content-Security-Policy"]


def test_static_files_without_nginx_are_for_this_site_alone(client: Client) -> None:
    answer = client.get("/static/img/icon.svg")
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_https_is_kept_by_answers_that_no_page_gives(client: Client, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    settings.MIDDLEWARE = ["config.middleware.headers", "config.middleware.health"]
    assert client.get("/healthz", secure=True)["Strict-Transport-Security"] == "max-age=60"


def test_the_lecturers_page_may_ask_for_camera_and_microphone(client: Client) -> None:
    policy = told(client.get("/live/1/host/"))
    assert {name for name, whom in policy.items() if whom == "(self)"} == {"camera", "microphone", "display-capture"}
    assert policy["geolocation"] == "()"


@pytest.mark.django_db
def test_the_rooms_page_may_ask_for_camera_and_microphone_of_whoever_speaks_there(client: Client) -> None:
    policy = told(client.get("/live/1/"))
    assert {name for name, whom in policy.items() if whom == "(self)"} == {"camera", "microphone"}


@pytest.mark.parametrize(
    ("path", "options", "ancestors"),
    [("/accounts/login/", "DENY", "'none'"), ("/nowhere/", "DENY", "'none'"), ("/admin/x/", "SAMEORIGIN", "'self'")],
)
def test_both_rules_of_frames_say_the_same(client: Client, path: str, options: str, ancestors: str) -> None:
    assert client.get(path)["X-Frame-Options"] == options
    assert policy(client, path)["frame-ancestors"] == [ancestors]


def test_a_request_is_one_line_with_its_duration(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/accounts/login/?next=/me/&ticket=secret", REMOTE_ADDR="10.1.2.3")
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert len(lines) == 1
    assert {key: lines[0][key] for key in ("event", "request", "code", "ip")} == {
        "event": "request", "request": "GET /accounts/login/", "code": 200, "ip": "10.1.2.3",
    }  # fmt: skip
    assert 0 < lines[0]["ms"] < 60_000
    assert "secret" not in str(lines)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("/m/secret/a.ts", "/m/…"),
        ("//m/secret/a.ts", "/m/…"),
        ("/M/secret", "/m/…"),
        ("/./m//secret", "/m/…"),
        ("/x/../m/secret", "/m/…"),
        ("\\m\\secret", "/m/…"),
        ("/accounts//Link/secret/", "/accounts/link/…"),
        ("/m/secret/../../me/", "/me"),
        ("/me//", "/me//"),
        ("/Members/", "/Members/"),
    ],
)
def test_a_line_tells_no_token_however_the_address_is_written(asked: str, line: str) -> None:
    request = RequestFactory().get("/")
    request.path = asked
    assert RequestLog.format_request(request) == f"GET {line}"


@pytest.mark.parametrize("path", ["/accounts/link/secret/", "//accounts//link/secret", "/Accounts/LINK/secret"])
def test_what_others_log_tells_no_sign_in_link(path: str) -> None:
    assert "secret" not in str(without_tokens(None, "", {"event": f"Forbidden: {path}"}))


@pytest.mark.parametrize("error", [DisallowedHost, TooManyFieldsSent, RequestDataTooBig, SuspiciousOperation])
def test_what_a_stranger_sends_is_one_line_and_no_traceback(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise error("nobody's")

    headers = {"host": "elsewhere.example"} if error is DisallowedHost else {}
    if error is not DisallowedHost:
        monkeypatch.setattr("django.middleware.locale.LocaleMiddleware.process_request", refuse)
    with caplog.at_level(logging.INFO):
        answer = client.get("/favicon.ico", headers=headers)
    assert answer.status_code in (400, 413)
    assert [record.name for record in caplog.records if record.exc_info or "security" in record.name] == []
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [(line["request"], line["code"]) for line in lines] == [("GET /favicon.ico", answer.status_code)]


def test_a_line_names_the_person_only_where_the_page_asked(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    user = UserFactory()
    client.force_login(user)
    with caplog.at_level(logging.INFO):
        client.get("/me/")
        client.get("/healthz")
        client.get("/m/x/y.m4s")
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [(line["request"], line.get("user_id")) for line in lines] == [("GET /me/", user.pk), ("GET /m/…", None)]
