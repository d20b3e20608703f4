"""企业微信: sign-in against a server that speaks its documented JSON, and checks what it is asked."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from organizations.core import phones
from organizations.models import AccountLink
from organizations.operations.accounts import link_account
from organizations.queries import phone_of
from tests.factories.organizations import County, make_county
from tests.organizations.sms_gateway import Gateway, gateway
from tests.organizations.test_elsewhere import national, set_up, who

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
START, BACK = "/accounts/with/wecom/", "/accounts/with/wecom/callback/"
CORP, SECRET, AGENT = "ww1234567890abcdef", "corp-secret", "1000002"
WECHAT = "Mozilla/5.0 (Linux; Android 10) MicroMessenger/8.0.44 wxwork/4.1.30"


class Wecom:
    """The three addresses that a sign-in asks. ``codes``: whose a code is; ``numbers``: whose ticket gives which."""

    def __init__(self, server: Gateway) -> None:
        self.codes: dict[str, dict[str, Any]] = {}
        self.numbers: dict[str, str] = {}
        self.token, self.made, self.wrong = "token-1", 0, ""
        self.server = server
        server.answer = self.answer

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        parts = urlsplit(path)
        asked = dict(parse_qsl(parts.query))
        if self.wrong in ("503", "<html>", "[]"):
            return (503, "no") if self.wrong == "503" else (200, self.wrong)
        if parts.path == "/cgi-bin/gettoken":
            if (asked["corpid"], asked["corpsecret"]) != (CORP, SECRET):
                return 200, json.dumps({"errcode": 40001, "errmsg": "invalid credential"})
            self.made += 1
            self.token = f"token-{self.made}"
            return 200, json.dumps({"errcode": 0, "errmsg": "ok", "access_token": self.token, "expires_in": 7200})
        if asked.get("access_token") != self.token:
            return 200, json.dumps({"errcode": 42001, "errmsg": "access_token expired"})
        if parts.path == "/cgi-bin/auth/getuserinfo":
            found = self.codes.pop(asked["code"], None)
            if found is None:
                return 200, json.dumps({"errcode": 40029, "errmsg": "invalid code"})
            return 200, json.dumps({"errcode": 0, "errmsg": "ok", **found})
        assert (method, parts.path) == ("POST", "/cgi-bin/auth/getuserdetail")
        ticket = json.loads(body)["user_ticket"]
        return 200, json.dumps({"errcode": 0, "errmsg": "ok", "userid": "x", "mobile": self.numbers[ticket]})


@pytest.fixture
def wecom() -> Iterator[Wecom]:
    cache.clear()
    with gateway() as server:
        yield Wecom(server)


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture(autouse=True)
def ways(settings: Any, monkeypatch: pytest.MonkeyPatch, wecom: Wecom) -> None:
    set_up(
        settings, monkeypatch, WECOM_CORP_ID=CORP, WECOM_AGENT_ID=AGENT, WECOM_SECRET=SECRET, WECOM_TRUSTS_PHONE="1",
        WECOM_ENDPOINT=wecom.server.url,
    )  # fmt: skip


def leave(client: Client, agent: str = WECHAT) -> str:
    text = client.post(START, headers={"user-agent": agent}).content.decode()
    return html.unescape(re.search(r'content="0;url=([^"]+)"', text)[1])


def come_back(client: Client, code: str) -> Any:
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    return client.get(BACK, {"code": code, "state": state})


def test_inside_wechat_one_is_led_to_its_own_page(client: Client) -> None:
    assert "用企业微信登录" in client.get("/accounts/login/").content.decode()
    address = leave(client)
    assert address.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?appid=")
    assert address.endswith("#wechat_redirect")
    asked = dict(parse_qsl(urlsplit(address).query))
    assert list(asked) == ["appid", "redirect_uri", "response_type", "scope", "state", "agentid"]
    assert (asked["appid"], asked["agentid"], asked["scope"]) == (CORP, AGENT, "snsapi_privateinfo")
    assert asked["redirect_uri"] == f"http://127.0.0.1{BACK}"


def test_in_another_browser_to_a_code_to_scan(client: Client) -> None:
    address = leave(client, "Mozilla/5.0 (Windows NT 10.0) Chrome/126")
    assert address.startswith("https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=")
    assert dict(parse_qsl(urlsplit(address).query))["agentid"] == AGENT


def test_a_number_that_wecom_gives_lets_its_person_in(client: Client, world: County, wecom: Wecom) -> None:
    wecom.codes["c1"] = {"userid": "ZhangSan", "user_ticket": "t1"}
    wecom.numbers["t1"] = national(world.member)
    assert come_back(client, "c1").status_code == 302
    assert who(client) == str(world.member.pk)
    assert AccountLink.objects.get().external_id == "zhangsan"
    wecom.codes["c2"] = {"userid": "zhangsan"}
    again = Client()
    come_back(again, "c2")
    assert who(again) == str(world.member.pk)
    assert wecom.made == 1  # the program's own token is asked for once
    assert b"token-1" not in repr(cache._cache).encode()  # nor kept as it is


def test_without_trust_only_the_name_is_asked_for(
    client: Client, world: County, wecom: Wecom, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(settings, monkeypatch, WECOM_TRUSTS_PHONE="0")
    assert "scope=snsapi_base&" in leave(client)
    wecom.codes["c1"] = {"userid": "zhangsan", "user_ticket": "t1"}
    answer = come_back(client, "c1")
    assert answer.status_code == 403
    assert "zhangsan" in answer.content.decode()
    assert not [path for _m, path, _h, _b in wecom.server.seen if "getuserdetail" in path]
    link_account(member_id=world.member.pk, provider="wecom", external_id="ZhangSan", as_of=timezone.now())
    wecom.codes["c2"] = {"userid": "zhangSan"}
    come_back(client, "c2")
    assert who(client) == str(world.member.pk)


def test_somebody_outside_of_the_organisation(client: Client, wecom: Wecom) -> None:
    wecom.codes["c1"] = {"openid": "o-1"}
    answer = come_back(client, "c1")
    assert answer.status_code == 403
    assert "您不在这个单位的企业微信里" in answer.content.decode()


def test_the_programs_token_was_made_void(client: Client, world: County, wecom: Wecom) -> None:
    link_account(member_id=world.member.pk, provider="wecom", external_id="zhangsan", as_of=timezone.now())
    wecom.codes |= {"c1": {"userid": "zhangsan"}, "c2": {"userid": "zhangsan"}}
    come_back(client, "c1")
    wecom.token = "another"
    assert come_back(client, "c2").status_code == 302
    assert wecom.made == 2


def test_a_token_that_another_key_sealed_is_none(client: Client, world: County, wecom: Wecom) -> None:
    """``PHONE_KEY`` was changed meanwhile."""
    link_account(member_id=world.member.pk, provider="wecom", external_id="zhangsan", as_of=timezone.now())
    wecom.codes |= {"c1": {"userid": "zhangsan"}, "c2": {"userid": "zhangsan"}}
    come_back(client, "c1")
    key = f"wecom-token-{CORP}-{AGENT}"
    assert cache.get(key) is not None
    cache.set(key, phones.seal("another-key" * 4, b"token"), 60)
    assert come_back(client, "c2").status_code == 302
    assert wecom.made == 2


def test_somebody_elses_number(client: Client, world: County, wecom: Wecom) -> None:
    link_account(member_id=world.member.pk, provider="wecom", external_id="zhangsan", as_of=timezone.now())
    wecom.codes["c1"] = {"userid": "zhangsan", "user_ticket": "t1"}
    wecom.numbers["t1"] = phone_of(world.neighbour_member)
    assert come_back(client, "c1").status_code == 409
    assert who(client) is None


@pytest.mark.parametrize(("wrong", "status"), [("503", 503), ("<html>", 502), ("[]", 502), ("", 502)])
def test_it_is_away_or_talks_nonsense(client: Client, wecom: Wecom, wrong: str, status: int, caplog: Any) -> None:
    wecom.wrong = wrong
    assert come_back(client, "never-made").status_code == status  # "": the code is none
    assert SECRET not in caplog.text


def test_a_secret_that_is_wrong(
    client: Client, wecom: Wecom, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    set_up(settings, monkeypatch, WECOM_SECRET="another-secret")
    assert come_back(client, "c1").status_code == 502
    assert "another-secret" not in caplog.text
    assert client.get(BACK, {"code": "c1", "state": "none"}).status_code == 400
