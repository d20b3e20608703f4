"""What the log never holds, however much it tells."""

import logging
from typing import Any

import pytest
import requests
import sentry_sdk
from sentry_sdk.transport import Transport

from config.logs import TO_SENTRY, without_queries, without_secrets
from tests.organizations.sms_gateway import gateway

SECRET = "corp-secret-of-the-test"


@pytest.mark.integration
def test_an_address_that_is_asked_with_its_secret(caplog: pytest.LogCaptureFixture) -> None:
    """LOG_LEVEL=DEBUG, as an operator sets it to find out why a provider refuses."""
    caplog.set_level(logging.DEBUG)
    with gateway() as server:
        server.answer = lambda *_: (200, "{}")
        requests.get(f"{server.url}/cgi-bin/gettoken", params={"corpsecret": SECRET}, timeout=5)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/cgi-bin/gettoken", params={"corpsecret": SECRET}, timeout=5)
    assert SECRET not in caplog.text


@pytest.mark.integration
def test_sentry_is_not_told_either() -> None:
    class Kept(Transport):
        def capture_envelope(self, envelope: sentry_sdk.envelope.Envelope) -> None:
            told.append(envelope.serialize().decode())

    told: list[str] = []
    client = sentry_sdk.Client("https://key@sentry.example/1", transport=Kept, **TO_SENTRY)
    with sentry_sdk.isolation_scope() as scope, gateway() as server:
        scope.set_client(client)
        server.answer = lambda *_: (200, "{}")
        requests.get(f"{server.url}/cgi-bin/gettoken", params={"corpsecret": SECRET}, timeout=5)
        scope.add_event_processor(
            lambda event, _hint: {**event, "request": {"url": f"https://a.cn/receipts/sms/{SECRET}/"}}
        )
        sentry_sdk.capture_message("something else went wrong")
    assert "/receipts/sms/…/" in told[0] or "/receipts/sms/\\u2026/" in told[0]
    assert "/cgi-bin/gettoken" in told[0]
    assert SECRET not in told[0]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({"url": "https://a.example/b", "http.query": "token=1", "http.fragment": "x"}, {"url": "https://a.example/b"}),
        (None, {}),
    ],
)
def test_what_a_breadcrumb_keeps(data: dict[str, str] | None, kept: dict[str, str]) -> None:
    assert without_queries({"category": "httplib", "data": data}, {}) == {"category": "httplib", "data": kept}


@pytest.mark.unit
@pytest.mark.parametrize("before", ["/accounts/link/", "/calendar/feed/", "/receipts/sms/"])
def test_an_error_tells_where_and_not_by_which_token(before: str) -> None:
    event = {"message": "x", "request": {"url": f"https://a.cn{before}{SECRET}/", "method": "GET"}}
    kept = {"message": "x", "request": {"url": f"https://a.cn{before}…/", "method": "GET"}}
    assert without_secrets(event, {}) == kept


@pytest.mark.unit
@pytest.mark.parametrize("event", [{}, {"request": None}, {"request": {"method": "GET"}}])
def test_an_error_of_no_request_is_told_as_it_is(event: dict[str, Any]) -> None:
    assert without_secrets(event, {}) == event
