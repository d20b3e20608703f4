"""Text messages leave by settings alone; whatever the gateway does, no log holds a number, a code or a secret."""

import io
import json
import logging
import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client

from config import sms_settings
from organizations import sms
from organizations.sms import wire
from tests.factories.organizations import PASSWORD, UserFactory
from tests.organizations.sms_gateway import (
    KEY_ID,
    KEY_SECRET,
    Gateway,
    aliyun_signature_fits,
    closed_port,
    gateway,
    json_of,
    query_of,
    tencent_signature_fits,
)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
PHONE, CODE, SECRET = "+8613800000001", "482915", "gateway-secret"
LOGIN, ASK, CONFIRM = "/accounts/login/", "/accounts/login/code/", "/accounts/login/code/confirm/"


@pytest.fixture
def there() -> Iterator[Gateway]:
    with gateway() as found:
        yield found


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A gateway that answers is waited for, however busy this machine is."""
    monkeypatch.setattr(wire, "CONNECT_S", 60.0)
    monkeypatch.setattr(wire, "WHOLE_S", 60.0)
    cache.delete(sms.TROUBLE_KEY)
    yield
    cache.delete(sms.TROUBLE_KEY)


@pytest.fixture
def silence(there: Gateway, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The gateway answers nothing from now on, and is not waited for for long."""

    def begin() -> None:
        there.silent = True
        monkeypatch.setattr(wire, "CONNECT_S", 0.4)

    return begin


@pytest.fixture
def environment(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the product's settings as this environment would."""

    def use(**given: str) -> None:
        for name, value in given.items():
            monkeypatch.setenv(f"SMS_{name}", value)
        settings.SMS_WAY, settings.SMS_BACKEND, settings.SMS = sms_settings.read()

    return use


def http(use: Any, there: Gateway, **more: str) -> None:
    given = {"URL": there.url + "/send?key={secret}", "BODY": '{"to": "{mobile}", "say": "{text}"}', "SECRET": SECRET}
    use(**{"WAY": "http", **given, **more})


def aliyun(use: Any, there: Gateway, **more: str) -> None:
    use(**{
        "WAY": "aliyun", "KEY_ID": KEY_ID, "KEY_SECRET": KEY_SECRET, "SIGN": "指尖课堂", "TEMPLATE": "SMS_15305",
        "ENDPOINT": there.url, **more,
    })  # fmt: skip


def tencent(use: Any, there: Gateway, **more: str) -> None:
    use(**{
        "WAY": "tencent", "KEY_ID": KEY_ID, "KEY_SECRET": KEY_SECRET, "SIGN": "指尖课堂", "TEMPLATE": "449739",
        "APP_ID": "1400006666", "ENDPOINT": there.url, **more,
    })  # fmt: skip


def send() -> sms.Sent | None:
    return sms.send_now(sms.backend(), phone=PHONE, text=f"验证码 {CODE}", code=CODE)


# --- by template ---
def test_a_gateway_by_template(environment: Any, there: Gateway) -> None:
    """Finding: ops 8."""
    http(environment, there, HEADERS='{"Content-Type": "application/json", "X-Key": "{secret}"}', SUCCESS="json:code=0")
    there.answer, there.headers = lambda *_: (200, '{"code": 0}'), {"X-Request-Id": "r-1"}
    sent = send()
    assert sent is not None
    assert sent.request_id == "r-1"
    method, path, headers, body = there.seen[0]
    assert (method, path, headers["x-key"]) == ("POST", f"/send?key={SECRET}", SECRET)
    assert json_of(body) == {"to": "13800000001", "say": f"验证码 {CODE}"}


def test_a_gateway_that_is_asked_by_get(environment: Any, there: Gateway) -> None:
    environment(WAY="http", METHOD="get", URL=there.url + "/?to={phone}&code={code}", HEADERS="{}", SUCCESS="text:ok")
    there.answer = lambda *_: (200, "ok")
    send()
    assert (there.seen[0][0], query_of(there.seen[0][1]), there.seen[0][3]) == ("GET", {"to": PHONE, "code": CODE}, b"")


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (200, '{"code": 7, "message": "余额不足 13800000001"}', "7"),
        (200, "<html>garbage</html>", ""),
        (503, '{"code": 0}', "0"),
        (302, "", ""),
    ],
)
def test_a_gateway_that_does_not_take_it(environment: Any, there: Gateway, status: int, answer: str, code: str) -> None:
    http(environment, there, SUCCESS="json:code=0")
    there.answer, there.headers = lambda *_: (status, answer), {"Location": there.url + "/elsewhere"}
    with pytest.raises(sms.UnableToSendSms) as refused:
        send()
    assert (refused.value.code, len(there.seen)) == (code, 1)
    assert "13800000001" not in refused.value.answer


def test_a_gateway_that_is_silent_or_away_costs_little(
    environment: Any, there: Gateway, silence: Callable[[], None]
) -> None:
    http(environment, there)
    silence()
    with pytest.raises(sms.UnableToSendSms, match="no answer in time"):
        send()
    environment(URL=f"http://127.0.0.1:{closed_port()}/" + "{secret}")
    with pytest.raises(sms.UnableToSendSms, match="no answer: ConnectionRefusedError"):
        send()


# --- signed ---
def test_alibaba_takes_what_is_signed(environment: Any, there: Gateway) -> None:
    aliyun(environment, there)
    there.answer = lambda _method, path, headers, body: (
        (200, json.dumps({"Code": "OK", "Message": "OK", "RequestId": "F655A8D5-B967", "BizId": "9006"}))
        if aliyun_signature_fits(path, headers, body)
        else (400, json.dumps({"Code": "SignatureDoesNotMatch", "RequestId": "x"}))
    )
    assert send() == sms.Sent("F655A8D5-B967", "OK", "9006")
    _method, path, headers, body = there.seen[0]
    assert (headers["x-acs-action"], headers["x-acs-version"], body) == ("SendSms", "2017-05-25", b"")
    assert query_of(path) == {
        "PhoneNumbers": "13800000001", "SignName": "指尖课堂", "TemplateCode": "SMS_15305",
        "TemplateParam": '{"code":"482915"}',
    }  # fmt: skip
    environment(KEY_SECRET="another")
    with pytest.raises(sms.UnableToSendSms) as refused:
        send()
    assert (refused.value.code, refused.value.about_number) == ("SignatureDoesNotMatch", False)


def test_tencent_takes_what_is_signed(environment: Any, there: Gateway) -> None:
    tencent(environment, there, PARAMETERS="{code}, 5")
    taken = {"Response": {"SendStatusSet": [{"Code": "Ok", "Message": "send success"}], "RequestId": "a0aabda6-cf91"}}
    bad = {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "no"}, "RequestId": "b-1"}}
    there.answer = lambda _method, path, headers, body: (
        200, json.dumps(taken if tencent_signature_fits(path, headers, body) else bad)
    )  # fmt: skip
    assert send() == sms.Sent("a0aabda6-cf91", "send success")
    _method, _path, headers, body = there.seen[0]
    assert (headers["x-tc-action"], headers["x-tc-version"]) == ("SendSms", "2021-01-11")
    assert json_of(body) == {
        "PhoneNumberSet": [PHONE], "SmsSdkAppId": "1400006666", "SignName": "指尖课堂", "TemplateId": "449739",
        "TemplateParamSet": [CODE, "5"],
    }  # fmt: skip
    environment(KEY_SECRET="another")
    with pytest.raises(sms.UnableToSendSms) as refused:
        send()
    assert (refused.value.code, refused.value.request_id) == ("AuthFailure.SignatureFailure", "b-1")


@pytest.mark.parametrize(
    ("way", "said"), [(aliyun, '{"name":"{until}","until":"9月1日"}'), (tencent, ["{until}", "9月1日"])]
)
def test_a_reminder_goes_by_a_template_of_its_own(environment: Any, there: Gateway, way: Any, said: Any) -> None:
    """What stands in braces in somebody's name is put in nowhere."""
    named = way is aliyun
    parameters = "name={name},until={until}" if named else "{name},{until}"
    way(environment, there)
    assert sms.reminders_say() == ""
    environment(REMINDER_TEMPLATE="R-1", REMINDER_PARAMETERS=parameters)
    assert sms.reminders_say() == "template"
    taken = {"Code": "OK"} if named else {"Response": {"SendStatusSet": [{"Code": "Ok"}]}}
    there.answer = lambda *_: (200, json.dumps(taken))
    sms.send_reminder(phone=PHONE, text="words", values={"name": "{until}", "until": "9月1日"})
    _method, path, _headers, body = there.seen[0]
    sent = query_of(path) if named else json_of(body)
    if named:
        assert (sent["TemplateCode"], json.loads(sent["TemplateParam"])) == ("R-1", json.loads(said))
    else:
        assert (sent["TemplateId"], sent["TemplateParamSet"]) == ("R-1", said)


def test_a_reminder_in_words_goes_where_words_are_taken(environment: Any, there: Gateway) -> None:
    body = '{"to": "{mobile}", "text": "{text}"}'
    environment(WAY="http", URL=f"{there.url}/send", BODY=body)
    assert sms.reminders_say() == "text"
    sms.send_reminder(phone=PHONE, text="“培训”", values={})
    assert json_of(there.seen[0][3]) == {"to": "13800000001", "text": "“培训”"}
    there.answer = lambda *_: (504, "")
    with pytest.raises(sms.UnableToSendSms) as between:
        sms.send_reminder(phone=PHONE, text="x", values={})
    there.answer = lambda *_: (503, "")
    with pytest.raises(sms.UnableToSendSms) as refused:
        sms.send_reminder(phone=PHONE, text="x", values={})
    environment(WAY="http", URL=f"http://127.0.0.1:{closed_port()}/", BODY=body)
    with pytest.raises(sms.UnableToSendSms) as nobody:
        sms.send_reminder(phone=PHONE, text="x", values={})
    assert [one.value.unsure for one in (between, refused, nobody)] == [True, False, False]
    environment(WAY="http", URL=f"{there.url}/{{mobile}}/{{code}}", BODY="")
    assert sms.reminders_say() == ""


@pytest.mark.parametrize("way", [aliyun, tencent])
@pytest.mark.parametrize(
    "answer", ["", "garbage", "[]", "null", "{}", '{"Response": []}', '{"Code": ["OK"]}', "[" * 9999]
)
def test_a_provider_that_answers_nonsense_took_nothing(environment: Any, there: Gateway, way: Any, answer: str) -> None:
    way(environment, there)
    there.answer = lambda *_: (200, answer)
    with pytest.raises(sms.UnableToSendSms):
        send()


def test_one_numbers_fault_is_not_the_gateways(environment: Any, there: Gateway) -> None:
    aliyun(environment, there)
    there.answer = lambda *_: (200, '{"Code": "isv.MOBILE_NUMBER_ILLEGAL", "RequestId": "r"}')
    with pytest.raises(sms.UnableToSendSms) as refused:
        send()
    assert refused.value.about_number
    tencent(environment, there)
    failed = {"Code": "LimitExceeded.PhoneNumberDailyLimit", "Message": "+8613800000001 too many"}
    there.answer = lambda *_: (200, json.dumps({"Response": {"SendStatusSet": [failed], "RequestId": "r"}}))
    with pytest.raises(sms.UnableToSendSms) as refused:
        send()
    assert (refused.value.about_number, refused.value.answer) == (True, "*** too many")


def test_a_template_provider_sends_no_other_text(environment: Any, there: Gateway) -> None:
    aliyun(environment, there)
    with pytest.raises(sms.UnableToSendSms):
        sms.backend().send(phone=PHONE, text="hello")
    assert there.seen == []


# --- logs ---
@pytest.mark.parametrize("way", [http, aliyun, tencent])
@pytest.mark.parametrize("kind", ["taken", "refused", "echo", "silent"])
def test_no_log_holds_number_code_or_secret(
    environment: Any, there: Gateway, way: Any, kind: str, caplog: pytest.LogCaptureFixture, silence: Callable[[], None]
) -> None:
    way(environment, there)
    caplog.set_level(logging.DEBUG)
    if kind == "silent":
        silence()
    echo = f"{PHONE} {CODE} {SECRET} {KEY_SECRET}"
    there.headers = {"X-Request-Id": PHONE[3:]}
    there.answer = lambda *_: {
        "taken": (200, '{"Code": "OK", "RequestId": "r1", "Response": {"SendStatusSet": [{"Code": "Ok"}]}}'),
        "refused": (400, '{"Code": "isv.X", "RequestId": "r2", "Response": {"Error": {"Code": "E.F"}}}'),
        "echo": (500, json.dumps({"Code": echo, "RequestId": echo, "Message": echo, "Response": {"RequestId": echo}})),
    }[kind]
    sms.send_code(phone=PHONE, code=CODE, text=f"验证码 {CODE}")
    while len(there.seen) < 1 or not any("sms_" in str(record.msg) for record in caplog.records):
        threading.Event().wait(0.02)
    told = "".join(f"{record.msg}{record.getMessage()}" for record in caplog.records)
    for kept in (PHONE[3:], CODE, SECRET, KEY_SECRET):
        assert kept not in told
    assert ("sms_sent" if kind == "taken" else "sms_not_sent") in told
    assert "*******0001" in told
    assert sms.in_trouble() is (kind != "taken")


# --- settings ---
GOOD = {
    "http": {"URL": "https://g.example/", "BODY": '{"to": "{phone}", "say": "{text}"}'},
    "aliyun": {"KEY_ID": "a", "KEY_SECRET": "b", "SIGN": "c", "TEMPLATE": "d"},
    "tencent": {"KEY_ID": "a", "KEY_SECRET": "b", "SIGN": "c", "TEMPLATE": "d", "APP_ID": "e"},
}


@pytest.mark.parametrize("way", sorted(GOOD))
def test_complete_settings_are_taken(environment: Any, way: str) -> None:
    environment(WAY=way, **GOOD[way])
    assert sms.backend().reaches_phones
    assert sms.can_tell_codes()


@pytest.mark.parametrize(
    ("way", "missing"), [(way, name) for way in ("aliyun", "tencent") for name in GOOD[way]] + [("http", "URL")]
)
def test_an_incomplete_way_stops_the_start_and_names_the_variable(environment: Any, way: str, missing: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"SMS_{missing}"):
        environment(WAY=way, **{name: value for name, value in GOOD[way].items() if name != missing})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"WAY": "pigeon"}, "SMS_WAY"),
        ({"WAY": "http", "URL": "http://g.example/{phone}{code}"}, "SMS_URL 要写 https"),
        ({"WAY": "http", "URL": "https://{secret}.example/{phone}{code}", "SECRET": "s"}, "SMS_URL 要写 https"),
        ({"WAY": "http", "URL": "https://g.example/", "BODY": "{code}"}, "{phone} 或 {mobile}"),
        ({"WAY": "http", "URL": "https://g.example/", "BODY": "{phone}"}, "{text} 或 {code}"),
        ({"WAY": "http", "URL": "https://g.example/{phone}{code}{pin}"}, "SMS_URL 里的 {pin} 不认识"),
        ({"WAY": "http", "URL": "https://g.example/{phone}{code}{secret}"}, "SMS_SECRET"),
        ({"WAY": "http", "URL": "https://g.example/{phone}{code}", "METHOD": "PUT"}, "SMS_METHOD"),
        ({"WAY": "http", "URL": "https://g.example/{phone}{code}", "SUCCESS": "maybe"}, "SMS_SUCCESS"),
        ({"WAY": "http", "URL": "https://g.example/{phone}{code}", "HEADERS": "x"}, "SMS_HEADERS"),
        ({"WAY": "http", **GOOD["http"], "HEADERS": '{"Content-Type": "text/plain"}'}, "SMS_HEADERS 里的 Content-Type"),
        ({"WAY": "http", "URL": "https://g.example/{mobile}", "BODY": "{Msg1}"}, "SMS_BODY 里的 {Msg1} 不认识"),
        ({"WAY": "aliyun", **GOOD["aliyun"], "PARAMETERS": "code={cod}"}, "SMS_PARAMETERS 里的 {cod} 不认识"),
        ({"WAY": "aliyun", **GOOD["aliyun"], "PARAMETERS": "code"}, "SMS_PARAMETERS"),
        ({"WAY": "tencent", **GOOD["tencent"], "ENDPOINT": "http://sms.example"}, "SMS_ENDPOINT"),
        ({"WAY": "tencent", **GOOD["tencent"], "ENDPOINT": "https://sms.example/path"}, "SMS_ENDPOINT"),
        ({"WAY": "http", **GOOD["http"], "BACKEND": "own.Class"}, "SMS_BACKEND"),
    ],
)
def test_settings_that_contradict_stop_the_start(environment: Any, given: dict[str, str], named: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        environment(**given)
    assert named in str(refused.value)


def test_a_secret_comes_from_a_file(environment: Any, settings: Any, tmp_path: Any) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    environment(WAY="aliyun", KEY_SECRET_FILE=str(tmp_path / "key"), KEY_ID="a", SIGN="c", TEMPLATE="d")
    assert settings.SMS["KEY_SECRET"] == "from-a-file"


# --- the operator tries it ---
def test_trying_it_prints_what_the_provider_answered(environment: Any, there: Gateway) -> None:
    aliyun(environment, there)
    there.answer = lambda *_: (200, '{"Code": "OK", "Message": "好的", "RequestId": "R-77"}')
    out = io.StringIO()
    call_command("sms_test", "13800000001", stdout=out)
    told = out.getvalue()
    assert "服务商已接收" in told
    assert "R-77" in told
    assert "好的" in told
    assert "13800000001" not in told
    there.answer = lambda *_: (200, '{"Code": "isv.AMOUNT_NOT_ENOUGH", "Message": "账户余额不足", "RequestId": "R-78"}')
    with pytest.raises(CommandError) as refused:
        call_command("sms_test", "13800000001")
    assert all(word in str(refused.value) for word in ("没有发出", "isv.AMOUNT_NOT_ENOUGH", "账户余额不足", "R-78"))


def test_trying_it_without_a_way_says_so(environment: Any) -> None:
    environment(WAY="none")
    with pytest.raises(CommandError, match="SMS_WAY"):
        call_command("sms_test", "13800000001")
    with pytest.raises(CommandError, match="手机号"):
        call_command("sms_test", "12345")


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "这台机器上不了网，或者域名解析（DNS）不通"),
        (ConnectionRefusedError(), "连不上服务商（ConnectionRefusedError）"),
        (TimeoutError(), "没有按时回答"),
        (ssl.SSLCertVerificationError(), "证书通不过检查"),
    ],
)
def test_trying_it_without_a_network_says_so(
    environment: Any, there: Gateway, monkeypatch: pytest.MonkeyPatch, cause: OSError, said: str
) -> None:
    aliyun(environment, there)

    def away(*_args: Any, **_more: Any) -> None:
        raise urllib.error.URLError(cause)

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", away)
    with pytest.raises(CommandError, match=said):
        call_command("sms_test", "13800000001")


@pytest.mark.parametrize("name", ["sms_test", "doctor", "migrate", "check"])
def test_every_command_says_a_wrong_setting_in_one_sentence(name: str, tmp_path: Path) -> None:
    given = {
        "PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "SMS_WAY": "http", "SMS_URL": "https://g.example/{mobile}",
        "SMS_BODY": "{msg}", "DEMO": "1",
    }  # fmt: skip
    words = [name, "13800000001"] if name == "sms_test" else [name]
    ran = subprocess.run([sys.executable, "manage.py", *words], env=given, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr + ran.stdout
    assert len(ran.stderr.strip().splitlines()) <= 2
    assert ran.stderr.startswith("设置不对，没有运行。SMS_BODY 里的 {msg} 不认识")
    assert "请改 .env" in ran.stderr


# --- the page says it ---
def test_a_site_that_cannot_send_says_so_and_offers_no_code(client: Client, environment: Any) -> None:
    """Finding: ops 8."""
    environment(WAY="none")
    UserFactory(phone=PHONE, password=PASSWORD)
    entrance = client.get(LOGIN).content.decode()
    assert "这个网站现在不能发短信" in entrance
    assert ASK not in entrance
    for page in (client.get(ASK), client.post(ASK, {"phone": "13800000001"})):
        text = page.content.decode()
        assert page.status_code == 200
        assert "这个网站现在不能发短信" in text
        assert "发送验证码" not in text
        assert 'name="phone"' not in text
    assert client.get(CONFIRM).status_code == 302
    wrong = client.post(LOGIN, {"login": "13800000001", "password": "wrong-password"}).content.decode()
    assert "请找管理员要一条登录链接" in wrong
    assert client.post(LOGIN, {"login": "13800000001", "password": PASSWORD}).status_code == 302


def test_a_demonstration_without_a_way_shows_the_code(client: Client, environment: Any, settings: Any) -> None:
    environment(WAY="none")
    settings.DEMO = True
    UserFactory(phone=PHONE)
    assert "发送验证码" in client.get(ASK).content.decode()
    assert "验证码在下面" in client.post(ASK, {"phone": "13800000001"}, follow=True).content.decode()


@pytest.mark.parametrize("typed", ["13800000001", "13900000009"])
def test_a_failing_gateway_is_told_to_everybody_alike(
    client: Client, environment: Any, there: Gateway, typed: str
) -> None:
    """Known or unknown number: the code page says the same, before the trouble and after."""
    http(environment, there)
    UserFactory(phone=PHONE)
    there.answer = lambda *_: (200, "")
    before = client.post(ASK, {"phone": typed}, follow=True).content.decode()
    assert "短信一般一分钟内到" in before
    there.answer = lambda *_: (500, "")
    sms._send(sms.backend(), PHONE, "t", CODE)
    told = client.get(CONFIRM).content.decode()
    assert "发短信的服务刚才出了问题" in told
    assert "短信一般一分钟内到" not in told
    there.answer = lambda *_: (200, "")
    sms._send(sms.backend(), PHONE, "t", CODE)
    assert "短信一般一分钟内到" in client.get(CONFIRM).content.decode()
