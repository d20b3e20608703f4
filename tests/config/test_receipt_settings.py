"""How receipts of text messages come: what is incomplete or contradicts itself stops the start, by its name."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.receipt_settings import Receipts, read
from organizations.core.receipts import Template

pytestmark = pytest.mark.unit
SECRET = "s3cret-" * 5
HTTP = {"RECEIPT_ID": "msgid", "RECEIPT_STATUS": "report.status", "RECEIPT_DELIVERED": "DELIVRD, 0"}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(way: str, *, message_id: str = "", **values: str) -> Receipts:
        for name in ("SECRET", "LIST", "ID", "STATUS", "DELIVERED", "REASON", "ANSWER"):
            monkeypatch.delenv(f"SMS_RECEIPT_{name}", raising=False)
        for name, value in values.items():
            monkeypatch.setenv(f"SMS_{name}", value)
        return read(way, {"MESSAGE_ID": message_id})

    return put


def test_none_are_taken(given: Any) -> None:
    assert given("aliyun") == Receipts()


@pytest.mark.parametrize("way", ["aliyun", "tencent"])
def test_a_provider_that_is_known_needs_the_secret_alone(given: Any, way: str) -> None:
    found = given(way, RECEIPT_SECRET=SECRET)
    assert (found.secret, found.template, found.answer_type) == (SECRET, None, "application/json")
    assert SECRET not in repr(found)


def test_a_gateway_by_template(given: Any) -> None:
    found = given("http", message_id="data.id", RECEIPT_SECRET=SECRET, RECEIPT_LIST="data.0", **HTTP)
    assert found.template == Template(("data", "0"), ("msgid",), ("report", "status"), frozenset({"DELIVRD", "0"}), ())
    assert (found.answer, found.answer_type) == ("ok", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("way", "values", "said"),
    [
        ("aliyun", {"RECEIPT_SECRET": "short"}, "SMS_RECEIPT_SECRET 要有 32"),
        ("aliyun", {"RECEIPT_SECRET": "/" * 40}, "SMS_RECEIPT_SECRET 要有 32"),
        ("none", {"RECEIPT_SECRET": SECRET}, "SMS_WAY 不是"),
        ("http", {"RECEIPT_SECRET": SECRET, **HTTP}, "SMS_MESSAGE_ID"),
        ("http", {"RECEIPT_SECRET": SECRET, "message_id": "id", **HTTP, "RECEIPT_ID": ""}, "没有写 SMS_RECEIPT_ID"),
        ("http", {"RECEIPT_SECRET": SECRET, "message_id": "id", **HTTP, "RECEIPT_ID": "a..b"}, "SMS_RECEIPT_ID 要写成"),
    ],
)
def test_what_cannot_be(given: Any, way: str, values: dict[str, str], said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        given(way, **values)
