"""Keys of providers of accounts: half of them, or nonsense, stops the start, by name."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.account_settings import Way, of_allauth, read, verify_files

pytestmark = pytest.mark.unit
SITE = "https://ketang.example.cn"
OIDC = {
    "OIDC_SERVER": "https://id.example.cn/realms/a/", "OIDC_CLIENT_ID": "site", "OIDC_CLIENT_SECRET": "s3cret",
}  # fmt: skip
WECHAT = {"WECHAT_APP_ID": "wx0123456789abcdef", "WECHAT_APP_SECRET": "s1"}
WECHAT_WEB = {"WECHAT_WEB_APP_ID": "wxfedcba9876543210", "WECHAT_WEB_APP_SECRET": "s2"}
WECOM = {"WECOM_CORP_ID": "ww1", "WECOM_AGENT_ID": "1000002", "WECOM_SECRET": "wsecret"}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Any:
    def put(site: str = SITE, **values: str) -> list[Way]:
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return read(site)

    return put


def test_none_is_set_up(given: Any) -> None:
    assert given("http://10.0.0.1") == []
    assert of_allauth([])["SOCIALACCOUNT_PROVIDERS"] == {}


def test_two(given: Any, tmp_path: Any) -> None:
    (tmp_path / "key").write_text("wsecret\n")
    more = {**WECOM, "WECOM_SECRET": "", "WECOM_SECRET_FILE": str(tmp_path / "key"), "OIDC_NAME": " 县里的 账号 "}
    oidc, wecom = given(**OIDC, **more, OIDC_TRUSTS_PHONE="1")
    assert (oidc.id, oidc.kind, oidc.name, oidc.trusts_phone) == ("oidc", "openid_connect", "县里的 账号", True)
    assert oidc.more == {
        "server_url": "https://id.example.cn/realms/a", "uid_field": "sub", "scope": ["openid", "phone"],
    }  # fmt: skip
    assert (wecom.id, wecom.name, wecom.secret, wecom.trusts_phone) == ("wecom", "企业微信", "wsecret", False)
    assert "secret" not in repr([oidc, wecom]).replace("secret=", "")
    made = of_allauth([oidc, wecom])
    assert made["SOCIALACCOUNT_STORE_TOKENS"] is False
    assert made["SOCIALACCOUNT_PROVIDERS"]["openid_connect"]["OAUTH_PKCE_ENABLED"] is True
    assert made["SOCIALACCOUNT_PROVIDERS"]["wecom"]["APPS"][0]["settings"]["endpoint"] == "https://qyapi.weixin.qq.com"


def test_wechat_is_two_programs_with_the_same_accounts(given: Any) -> None:
    (alone,) = given(**WECHAT, WECHAT_TRUSTS_PHONE="1")
    assert alone.more["endpoint"] == "https://api.weixin.qq.com"
    assert (alone.id, alone.accounts, alone.name, alone.where) == ("wechat", "wechat", "微信", "inside")
    assert (alone.trusts_phone, alone.is_personal) == (False, True)  # there is no number to believe
    assert (alone.more["is_joined"], alone.more["scope"]) == (False, ["snsapi_base"])
    inside, web = given(**WECHAT_WEB, WECHAT_NAME="我的微信")
    assert (inside.more["is_joined"], inside.more["scope"]) == (True, ["snsapi_userinfo"])
    assert (web.id, web.accounts, web.name, web.where) == ("wechat_web", "wechat", "我的微信", "outside")
    made = of_allauth([inside, web])["SOCIALACCOUNT_PROVIDERS"]["weixin"]["APPS"]
    assert [(app["provider_id"], app["client_id"], app["secret"]) for app in made] == [
        ("wechat", "wx0123456789abcdef", "s1"),
        ("wechat_web", "wxfedcba9876543210", "s2"),
    ]


def test_files_that_say_whose_the_domain_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert verify_files() == {}
    monkeypatch.setenv("VERIFY_FILES", "MP_verify_AbCd123.txt  WW_verify_x9.txt")
    assert verify_files() == {"MP_verify_AbCd123.txt": "AbCd123", "WW_verify_x9.txt": "x9"}
    for wrong in ("AbCd123", "MP_verify_.txt", "MP_verify_a_b.txt", "../MP_verify_a.txt", "MP_verify_a.html"):
        monkeypatch.setenv("VERIFY_FILES", wrong)
        with pytest.raises(ImproperlyConfigured, match="VERIFY_FILES"):
            verify_files()


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"OIDC_SERVER": "https://id.example.cn"}, "OIDC_CLIENT_ID"),
        ({**OIDC, "OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET_FILE"),
        ({**OIDC, "OIDC_SERVER": "http://id.example.cn"}, "OIDC_SERVER"),
        ({**OIDC, "OIDC_CLIENT_ID": "a b"}, "OIDC_CLIENT_ID"),
        ({**OIDC, "OIDC_NAME": "很" * 21}, "OIDC_NAME"),
        ({**OIDC, "OIDC_SCOPES": "phone"}, "OIDC_SCOPES"),
        ({**OIDC, "OIDC_SCOPES": 'openid "'}, "OIDC_SCOPES"),
        ({**OIDC, "OIDC_ID_CLAIM": "a b"}, "OIDC_ID_CLAIM"),
        ({**OIDC, "OIDC_TRUSTS_PHONE": "maybe"}, "OIDC_TRUSTS_PHONE"),
        ({**WECOM, "WECOM_AGENT_ID": "x"}, "WECOM_AGENT_ID"),
        ({"WECHAT_APP_ID": "wx0123456789abcdef"}, "WECHAT_APP_SECRET_FILE"),
        ({**WECHAT, "WECHAT_WEB_APP_SECRET": "s2"}, "WECHAT_WEB_APP_ID"),
        ({**WECHAT, "WECHAT_APP_ID": "gh_0123456789ab"}, "WECHAT_APP_ID"),
        ({**WECHAT, "WECHAT_WEB_APP_ID": "wx0123456789ABCDEF", "WECHAT_WEB_APP_SECRET": "s"}, "WECHAT_WEB_APP_ID"),
        ({**WECHAT_WEB, "WECHAT_APP_ID": "wxfedcba9876543210", "WECHAT_APP_SECRET": "s"}, "WECHAT_WEB_APP_ID"),
        ({**WECHAT_WEB, "WECHAT_NAME": "很" * 21}, "WECHAT_NAME"),
        ({**WECHAT_WEB, "WECHAT_ENDPOINT": "http://proxy.example"}, "WECHAT_ENDPOINT"),
        ({**WECOM, "WECOM_ENDPOINT": "http://proxy.example"}, "WECOM_ENDPOINT"),
    ],
)
def test_what_stops_the_start(given: Any, values: dict[str, str], name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        given(**values)


def test_a_site_without_https(given: Any) -> None:
    assert len(given("http://127.0.0.1:8000", **OIDC)) == 1
    with pytest.raises(ImproperlyConfigured, match="SITE_URL"):
        given("http://ketang.example.cn", **OIDC)
