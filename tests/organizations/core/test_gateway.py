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


@pytest.mark.parametrize(
    ("phone", "mobile"), [("+8613800000001", "13800000001"), ("+85251234567", "85251234567"), ("+8521", "8521")]
)
def test_a_gateway_is_given_digits(phone: str, mobile: str) -> None:
    assert gateway.mobile_of(phone) == mobile


@pytest.mark.parametrize("text", ['{"X-Name": "中文"}', '{"X-Né": "a"}', '{"X": "a\\r\\nY: b"}'])
def test_a_header_is_plain_text(text: str) -> None:
    with pytest.raises(gateway.UnableToReadTemplate, match="plain ASCII"):
        gateway.read_headers(text)


@pytest.mark.parametrize("text", ["[]", '"a"', '{"X-Number": 1}'])
def test_headers_are_an_object_of_texts(text: str) -> None:
    with pytest.raises(gateway.UnableToReadTemplate, match="JSON object of texts"):
        gateway.read_headers(text)


def test_a_template_of_known_words_alone() -> None:
    gateway.check_placeholders("to={mobile}&text={text}")
    with pytest.raises(gateway.UnableToReadTemplate, match="unknown word"):
        gateway.check_placeholders("to={number}")


@pytest.mark.parametrize(
    ("kind", "escaping"),
    [
        ("application/json; charset=utf-8", gateway.in_json),
        ("Application/X-WWW-Form-Urlencoded", gateway.in_url),
        ("text/xml", gateway.in_xml),
        ("application/xml", gateway.in_xml),
    ],
)
def test_the_kind_of_a_body_says_how_it_escapes(kind: str, escaping: object) -> None:
    assert gateway.escaping_of(kind) is escaping


def test_a_body_of_another_kind_is_refused() -> None:
    with pytest.raises(gateway.UnableToReadTemplate, match="Content-Type"):
        gateway.escaping_of("text/plain")
