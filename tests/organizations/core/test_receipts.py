"""What providers push of their messages: read as each documents it, and said in our own reasons."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from attendance.sentences import receipts as said
from organizations.core import receipts
from organizations.core.gateway import message_id
from organizations.core.receipts import Receipt, Template, UnableToReadReceipts, why_of

pytestmark = pytest.mark.unit
ALIYUN = {
    "phone_number": "13811110000", "send_time": "2017-01-01 00:00:00", "report_time": "2017-01-01 00:00:00",
    "success": True, "err_code": "DELIVERED", "err_msg": "用户接收成功", "sms_size": "1",
    "biz_id": "900619746936498440^0", "out_id": "67890",
}  # fmt: skip
TENCENT = {
    "user_receive_time": "2015-10-17 08:03:04", "nationcode": "86", "mobile": "13800000000",
    "report_status": "SUCCESS", "errmsg": "DELIVRD", "description": "用户短信送达成功",
    "sid": "5000:1045710669157053657",
}  # fmt: skip
PLAIN = Template((), ("msgid",), ("status",), frozenset({"DELIVRD", "0"}), ("desc",))


def body(*reports: Any) -> bytes:
    return json.dumps(reports).encode()


def test_alibaba_cloud() -> None:
    failed = {**ALIYUN, "success": False, "err_code": "MOBILE_NOT_ON_SERVICE", "err_msg": "空号", "biz_id": "2"}
    nothing = [{**ALIYUN, "biz_id": None}, {**ALIYUN, "success": "maybe"}, {}]
    assert receipts.of_aliyun(body(ALIYUN, failed, *nothing)) == [
        Receipt("900619746936498440^0", True), Receipt("2", False, "no_number"),
    ]  # fmt: skip
    assert receipts.of_aliyun(b"[]") == []


def test_tencent_cloud() -> None:
    failed = {**TENCENT, "report_status": "FAIL", "errmsg": "MK:0024", "description": "", "sid": "7"}
    nothing = [{**TENCENT, "sid": ""}, {**TENCENT, "report_status": "?"}]
    assert receipts.of_tencent(body(TENCENT, failed, *nothing)) == [
        Receipt("5000:1045710669157053657", True), Receipt("7", False, "off"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("template", "kind", "sent", "query"),
    [
        (PLAIN, "application/json", b'{"msgid": "m1", "status": "DELIVRD"}', ""),
        (PLAIN, "text/plain", b' [{"msgid": "m1", "status": 0}]', ""),
        (PLAIN, "application/x-www-form-urlencoded", b"msgid=m1&status=DELIVRD", ""),
        (PLAIN, "", b"", "msgid=m1&status=DELIVRD&mobile=13800000000"),
        (
            Template(("sms_status",), ("sid",), ("report_status",), frozenset({"SUCCESS"})),
            "application/x-www-form-urlencoded;charset=utf-8",
            urlencode({"sms_status": '[{"sid": "m1", "report_status": "SUCCESS"}]'}).encode(),
            "",
        ),
        (
            Template(("data", "list"), ("id",), ("ok",), frozenset({"true"})),
            "application/json; charset=utf-8",
            b'{"data": {"list": [{"id": "m1", "ok": true}, {"id": 3.5, "ok": true}, {"id": "m2", "ok": null}]}}',
            "",
        ),
    ],
)
def test_a_gateway_by_template(template: Template, kind: str, sent: bytes, query: str) -> None:
    assert receipts.of_template(template, content_type=kind, body=sent, query=query) == [Receipt("m1", True)]


def test_a_gateway_by_template_says_why_and_what_is_under_way() -> None:
    sent = body(
        {"msgid": "a", "status": "UNDELIV", "desc": "[运营商] 号码停机"}, {"msgid": "b", "status": "acceptd"},
        {"msgid": 12345678901234567890, "status": "MX:0003"},
    )  # fmt: skip
    assert receipts.of_template(PLAIN, content_type="application/json", body=sent, query="") == [
        Receipt("a", False, "stopped"), Receipt("12345678901234567890", False, "too_often"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sent",
    [b"", b"x", b"\xff", b"null", b"3", b'"x"', b"[1]", b"[[]]", b"[" * 100_000, body(*[{}] * 2001), b'[{"biz_id":'],
)
def test_a_body_that_is_none(sent: bytes) -> None:
    for read in (receipts.of_aliyun, receipts.of_tencent):
        with pytest.raises(UnableToReadReceipts):
            read(sent)


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        (Template(("list",), ("id",), ("status",), frozenset({"1"})), b'{"other": []}'),
        (Template(("list",), ("id",), ("status",), frozenset({"1"})), b"list=%5B"),
        (PLAIN, b"&".join(b"a%d=1" % number for number in range(101))),
    ],
)
def test_a_body_of_a_template_that_is_none(template: Template, sent: bytes) -> None:
    with pytest.raises(UnableToReadReceipts):
        receipts.of_template(template, content_type="application/x-www-form-urlencoded", body=sent, query="")


@pytest.mark.parametrize(
    ("code", "words", "why"),
    [
        ("MK:0001", "", "no_number"),
        ("MK00001", "", "no_number"),
        ("mk: 0017", "", "full"),
        ("MOBILE_NOT_ON_SERVICE", "手机号停机、空号、暂停服务、关机或不在服务区", "unreachable"),
        ("MOBILE_NOT_ON_SERVICE", "停机", "stopped"),
        ("UNDELIV", "", "unreachable"),
        ("MN:0059", "", "unreachable"),
        ("EXPIRED", "", "off"),
        ("MK:0005", "", "barred"),
        ("USER_REJECT", "用户手机退订此业务、产品未开通", "opted_out"),
        ("HD:BLACK1", "", "opted_out"),
        ("MOBLLE_TERMINAL_ERROR", "", "full"),
        ("MOBILE_SEND_LIMIT", "", "too_often"),
        ("CONTENT_KEYWORD", "", "blocked"),
        ("isv.UNSUPPORTED_CONTENT", "", "blocked"),
        ("isv.SMS_SIGNATURE_ILLEGAL", "", "not_approved"),
        ("IS_CLOSE", "", "not_approved"),
        ("E:7", "短信内容含敏感词", "blocked"),
        ("SP_UNKNOWN_ERROR", "运营商未知错误", "other"),
        ("", "", "other"),
        (None, 3, "other"),
        ("9" * 10_000, "号" * 10_000 + "空号", "other"),
    ],
)
def test_reasons(code: Any, words: Any, why: str) -> None:
    assert why_of(code, words) == why


def test_each_reason_is_said_with_a_next_step() -> None:
    named = {why for why, _codes, _words in receipts.REASONS} | {receipts.OTHER, receipts.NO_ACCOUNT}
    assert set(said.REASONS) == named
    for why in named:
        assert len(why) <= 20
        assert said.REASONS[why][0]()
        assert said.step_of(why).endswith("。")
    assert said.step_of("gateway") == "请打电话或者当面说。"


def test_a_name_of_a_message_is_short_and_holds_no_number() -> None:
    for text in (None, True, "", "a b", "号", "x" * 81, "to-13800000001", 3.5):
        assert message_id(text, hidden=("13800000001", "")) == ""
    assert message_id(256271667526) == "256271667526"
