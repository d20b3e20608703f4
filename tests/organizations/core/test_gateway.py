"""A gateway's template: what is put in cannot leave its place, and success is what the gateway says, no less."""

import json
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest

from organizations.core import gateway

pytestmark = pytest.mark.unit
NASTY = '【课堂】"\\验证码&{code}=1</a>%\n'
VALUES = {"phone": "+8613800000001", "mobile": "13800000001", "code": "012345", "text": NASTY, "secret": "s"}


def test_a_json_body_stays_the_object_it_was() -> None:
    body = gateway.fill('{"to": "{phone}", "say": "{text}", "n": {}}', VALUES, gateway.in_json)
    assert json.loads(body) == {"to": "+8613800000001", "say": NASTY, "n": {}}


def test_a_form_keeps_its_fields() -> None:
    body = gateway.fill("to={phone}&say={text}&code={code}", VALUES, gateway.in_url)
    assert parse_qs(body) == {"to": ["+8613800000001"], "say": [NASTY], "code": ["012345"]}


def test_xml_stays_well_formed() -> None:
    body = gateway.fill('<sms to="{text}"><say>{text}</say></sms>', VALUES, gateway.in_xml)
    found = ElementTree.fromstring(body)
    assert (found.get("to"), found.findtext("say")) == (NASTY.replace("\n", ""), NASTY.replace("\n", ""))


def test_a_header_keeps_its_line() -> None:
    assert gateway.fill("Bearer {secret}", {**VALUES, "secret": "a\r\nX: y"}, gateway.as_it_is) == "Bearer aX: y"


@pytest.mark.parametrize(
    ("sign", "status", "answer", "taken"),
    [
        ("status", 200, "", True),
        ("status", 204, "no", True),
        ("status", 302, "", False),
        ("status", 500, "ok", False),
        ("text:OK", 200, "result=OK", True),
        ("text:OK", 200, "result=KO", False),
        ("text:OK", 503, "OK", False),
        ("json:code=0", 200, '{"code": 0}', True),
        ("json:code=0", 200, '{"code": "0"}', True),
        ("json:code=0", 200, '{"code": 1, "message": "code=0"}', False),
        ("json:code=0", 200, "<html>", False),
        ("json:data.0.ok=true", 200, '{"data": [{"ok": true}]}', True),
        ("json:data.0.ok=true", 200, '{"data": []}', False),
        ("json:a=x", 200, "[" * 100_000, False),
    ],
)
def test_what_counts_as_taken(sign: str, status: int, answer: str, taken: bool) -> None:
    assert gateway.is_taken(gateway.read_success(sign), status=status, answer=answer) is taken


@pytest.mark.parametrize("sign", ["", "yes", "text:", "json:", "json:code", "json:=1", "status:200"])
def test_an_unreadable_sign_of_success_is_refused(sign: str) -> None:
    with pytest.raises(gateway.UnableToReadTemplate):
        gateway.read_success(sign)


@pytest.mark.parametrize(
    "headers", ["{", "[]", '{"A": 1}', '{"A": "x\\r\\nB: y"}', '{"A": "{telephone}"}', '{"甲": "x"}']
)
def test_unfit_headers_are_refused(headers: str) -> None:
    with pytest.raises(gateway.UnableToReadTemplate):
        gateway.read_headers(headers)


def test_what_a_log_may_hold_of_a_provider() -> None:
    hidden = ("+8613800000001", "13800000001", "123456", "secret-key")
    assert gateway.plain_word("isv.BUSINESS_LIMIT_CONTROL", hidden=hidden) == "isv.BUSINESS_LIMIT_CONTROL"
    assert gateway.plain_word("819BE656-D2E0-4858-8B21-B2E477085AAF", hidden=hidden) != ""
    for word in ("to-13800000001", "x123456", "two words", "a\nb", "", None, 7, "验证码"):
        assert gateway.plain_word(word, hidden=hidden) == ""
    said = gateway.without_secrets("no credit for +8613800000001\ncode 123456 key secret-key", hidden=hidden)
    assert said == "no credit for *** code *** key ***"
