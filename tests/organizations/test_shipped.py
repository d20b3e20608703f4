"""钉钉 and 飞书: sign-in against servers that speak their documented JSON."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from allauth.socialaccount.providers.feishu.client import FeishuOAuth2Client
from django.test import Client

from organizations.elsewhere.shipped import DingtalkAdapter, FeishuAdapter
from organizations.models import AccountLink
from tests.factories.organizations import County, make_county
from tests.organizations.sms_gateway import Gateway, gateway
from tests.organizations.test_elsewhere import national, set_up, who

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
IDS = {"dingtalk": ("ding-id", "ding-secret"), "feishu": ("cli_a", "feishu-secret")}


@pytest.fixture
def server() -> Iterator[Gateway]:
    with gateway() as one:
        yield one


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture(autouse=True)
def ways(settings: Any, monkeypatch: pytest.MonkeyPatch, server: Gateway) -> None:
    set_up(
        settings, monkeypatch, DINGTALK_CLIENT_ID="ding-id", DINGTALK_CLIENT_SECRET="ding-secret",
        DINGTALK_TRUSTS_PHONE="1", FEISHU_APP_ID="cli_a", FEISHU_APP_SECRET="feishu-secret", FEISHU_TRUSTS_PHONE="1",
    )  # fmt: skip
    monkeypatch.setattr(DingtalkAdapter, "access_token_url", f"{server.url}/v1.0/oauth2/userAccessToken")
    monkeypatch.setattr(DingtalkAdapter, "profile_url", f"{server.url}/v1.0/contact/users/me")
    monkeypatch.setattr(FeishuOAuth2Client, "app_access_token_url", f"{server.url}/auth/v3/app_access_token/internal/")
    monkeypatch.setattr(FeishuAdapter, "access_token_url", f"{server.url}/authen/v1/access_token")
    monkeypatch.setattr(FeishuAdapter, "user_info_url", f"{server.url}/authen/v1/user_info")


def dingtalk(code: str, mobile: str) -> Any:
    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        if path.endswith("/userAccessToken"):
            asked = json.loads(body)
            assert (asked["clientId"], asked["clientSecret"]) == IDS["dingtalk"]
            if (asked["code"], asked["grantType"]) != (code, "authorization_code"):
                return 400, json.dumps({"code": "invalidCode", "message": "no"})
            return 200, json.dumps({"accessToken": "t", "refreshToken": "r", "expireIn": 7200, "corpId": "c"})
        assert headers["x-acs-dingtalk-access-token"] == "t"
        return 200, json.dumps({"nick": "张", "openId": "open-1", "unionId": "u", "mobile": mobile, "stateCode": "86"})

    return answer


def feishu(code: str, mobile: str) -> Any:
    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        if "app_access_token" in path:
            assert dict(parse_qsl(body.decode())) == {"app_id": "cli_a", "app_secret": "feishu-secret"}
            return 200, json.dumps({"code": 0, "msg": "ok", "app_access_token": "a", "expire": 7200})
        if path.endswith("/access_token"):
            asked = json.loads(body)
            if asked != {"grant_type": "authorization_code", "code": code, "app_access_token": "a"}:
                return 200, json.dumps({"code": 20003, "msg": "invalid code"})
            return 200, json.dumps({"code": 0, "msg": "ok", "data": {"access_token": "t", "expires_in": 6900}})
        assert headers["authorization"] == "Bearer t"
        return 200, json.dumps({"code": 0, "data": {"name": "张", "open_id": "open-1", "mobile": mobile}})

    return answer


TALKS = {"dingtalk": (dingtalk, "authCode", "钉钉"), "feishu": (feishu, "code", "飞书")}


def leave(client: Client, way: str) -> dict[str, str]:
    text = client.post(f"/accounts/with/{way}/").content.decode()
    address = html.unescape(re.search(r'content="0;url=([^"]+)"', text)[1])
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["redirect_uri"] == f"http://127.0.0.1/accounts/with/{way}/callback/"
    assert asked.get("client_id", asked.get("app_id")) == IDS[way][0]
    return asked


@pytest.mark.parametrize("way", list(TALKS))
def test_its_number_lets_its_person_in(client: Client, world: County, server: Gateway, way: str) -> None:
    talk, code, name = TALKS[way]
    server.answer = talk("right", "+86" + national(world.member) if way == "feishu" else national(world.member))
    assert f"用{name}登录" in client.get("/accounts/login/").content.decode()
    state = leave(client, way)["state"]
    answer = client.get(f"/accounts/with/{way}/callback/", {code: "right", "state": state})
    assert answer.status_code == 302, answer.content.decode()
    assert who(client) == str(world.member.pk)
    link = AccountLink.objects.get()
    assert (link.provider, link.external_id, link.member) == (way, "open-1", world.member)


@pytest.mark.parametrize("way", list(TALKS))
@pytest.mark.parametrize(("wrong", "status"), [("code", 502), ("down", 503), ("nonsense", 502)])
def test_what_proves_nothing(client: Client, server: Gateway, way: str, wrong: str, status: int, caplog: Any) -> None:
    talk, code, name = TALKS[way]
    server.answer = {
        "code": talk("right", ""), "down": lambda *_: (500, "no"), "nonsense": lambda *_: (200, "[1]"),
    }[wrong]  # fmt: skip
    state = leave(client, way)["state"]
    answer = client.get(f"/accounts/with/{way}/callback/", {code: "wrong", "state": state})
    assert answer.status_code == status
    assert name in answer.content.decode()
    assert (who(client), AccountLink.objects.count()) == (None, 0)
    assert IDS[way][1] not in caplog.text


@pytest.mark.parametrize("way", list(TALKS))
def test_without_a_number_its_account_is_nobodys(client: Client, server: Gateway, way: str) -> None:
    talk, code, _name = TALKS[way]
    server.answer = talk("right", "")
    answer = client.get(f"/accounts/with/{way}/callback/", {code: "right", "state": leave(client, way)["state"]})
    assert answer.status_code == 403
    assert "open-1" in answer.content.decode()


def test_dingtalk_is_asked_for_the_least(client: Client) -> None:
    asked = leave(client, "dingtalk")
    assert (asked["scope"], asked["prompt"]) == ("openid", "consent")


@pytest.mark.parametrize(("asked", "answered"), [("feishu", "dingtalk"), ("dingtalk", "feishu")])
def test_the_state_of_one_provider_opens_no_other(
    client: Client, world: County, server: Gateway, asked: str, answered: str
) -> None:
    talk, code, _name = TALKS[answered]
    server.answer = talk("right", national(world.member))
    state = leave(client, asked)["state"]
    answer = client.get(f"/accounts/with/{answered}/callback/", {code: "right", "state": state})
    assert (answer.status_code, who(client), AccountLink.objects.count()) == (400, None, 0)


@pytest.mark.parametrize("way", list(TALKS))
def test_a_provider_that_leads_elsewhere_gets_no_secret_carried_there(
    client: Client, server: Gateway, way: str
) -> None:
    """From https to http, or to another host: nothing is followed."""
    _talk, code, _name = TALKS[way]
    with gateway() as other:
        server.answer, server.headers = (lambda *_: (307, "")), {"Location": f"{other.url}/elsewhere"}
        answer = client.get(f"/accounts/with/{way}/callback/", {code: "right", "state": leave(client, way)["state"]})
        assert (answer.status_code, other.seen) == (502, [])
    assert len(server.seen) == 1
