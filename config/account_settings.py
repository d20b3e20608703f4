"""Accounts that people have elsewhere and sign in by, from the environment: half settings stop the start (ADR 85)."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import flag, text
from config.sms_settings import THIS_MACHINE, check_address

MAX_NAME = 20
CLAIM = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749, 3.3
WECOM_ENDPOINT = "https://qyapi.weixin.qq.com"
WECHAT_ENDPOINT = "https://api.weixin.qq.com"
WEIXIN = "weixin"  # allauth's word for WeChat
WECHAT_ID = re.compile(r"wx[0-9a-f]{16}")
# The file by which WeChat and WeCom see whose a domain is; what stands in it is the word in its name.
PROOF = re.compile(r"(?:MP|WW)_verify_[A-Za-z0-9]{1,64}\.txt")


@dataclass(frozen=True)
class Way:
    """One provider that is set up.

    ``id`` stands in addresses and in the database; ``kind`` is the provider's class (``organizations.provider``);
    ``name`` is what people read on the button. ``trusts_phone``: a number that it calls verified says who it is.
    """

    id: str
    kind: str
    name: str
    client_id: str
    secret: str = field(repr=False)
    trusts_phone: bool
    more: dict[str, Any]

    @property
    def accounts(self) -> str:
        """Under what its accounts are kept: WeChat's two ways know the same ones."""
        return "wechat" if self.is_personal else self.id

    @property
    def is_personal(self) -> bool:
        """Whether these are people's own accounts, of which no organisation knows whose they are."""
        return self.kind == WEIXIN

    @property
    def where(self) -> str:
        """In which browsers it can be gone: "inside" WeChat's, "outside" of it, "" in all."""
        return str(self.more.get("where", ""))


# Which forms allauth's views use.
FORMS = {
    "login": "organizations.forms.LoginForm",
    "request_login_code": "organizations.forms.RequestLoginCodeForm",
    "confirm_login_code": "organizations.forms.ConfirmLoginCodeForm",
    "change_password": "organizations.forms.ChangePasswordForm",
    "set_password": "organizations.forms.SetPasswordForm",
}
# The name that stands there without one of the operator's, and the keys that have to be given together.
KINDS = {
    "oidc": ("单位账号", ("SERVER", "CLIENT_ID", "CLIENT_SECRET")),
    "wecom": ("企业微信", ("CORP_ID", "AGENT_ID", "SECRET")),
    "dingtalk": ("钉钉", ("CLIENT_ID", "CLIENT_SECRET")),
    "feishu": ("飞书", ("APP_ID", "APP_SECRET")),
    "wechat": ("微信", ("APP_ID", "APP_SECRET")),
    "wechat_web": ("微信", ("APP_ID", "APP_SECRET")),
}
CLASSES = {"oidc": "openid_connect", "wechat": WEIXIN, "wechat_web": WEIXIN}
SECRETS = {"CLIENT_SECRET", "SECRET", "APP_SECRET"}
FIELDS = {
    "oidc": ("CLIENT_ID", "CLIENT_SECRET"),
    "wecom": ("CORP_ID", "SECRET"),
    "dingtalk": ("CLIENT_ID", "CLIENT_SECRET"),
    "feishu": ("APP_ID", "APP_SECRET"),
    "wechat": ("APP_ID", "APP_SECRET"),
    "wechat_web": ("APP_ID", "APP_SECRET"),
}


def read(site_url: str) -> list[Way]:
    """Return the providers whose keys are there, in the order of the buttons. Raises ImproperlyConfigured."""
    found = [way for kind in KINDS if (way := _way(kind)) is not None]
    site = urlsplit(site_url)
    if found and site.scheme != "https" and site.hostname not in THIS_MACHINE:
        raise ImproperlyConfigured(
            f"用{found[0].name}登录要有 https：请把 SITE_URL 写成 https:// 开头的网址"
            " / signing in by another account needs an https:// SITE_URL"
        )
    return found


def of_allauth(ways: list[Way]) -> dict[str, Any]:
    """Return allauth's settings for these providers: no tokens kept, nobody made, five seconds for an answer."""
    providers: dict[str, Any] = {}
    for way in ways:
        app = {
            "provider_id": way.id,
            "name": way.name,
            "client_id": way.client_id,
            "secret": way.secret,
            "settings": _settings_of(way),
        }
        of_kind = {"APPS": [], "OAUTH_PKCE_ENABLED": way.kind == "openid_connect"}
        providers.setdefault(way.kind, of_kind)["APPS"].append(app)
    return {
        "SOCIALACCOUNT_ADAPTER": "organizations.adapters_elsewhere.SocialAdapter",
        "SOCIALACCOUNT_PROVIDERS": providers,
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_AUTO_SIGNUP": False,
        "SOCIALACCOUNT_REQUESTS_TIMEOUT": 5,
    }


def _settings_of(way: Way) -> dict[str, Any]:
    ours = {"trusts_phone": way.trusts_phone, "accounts": way.accounts, "by_oneself": way.is_personal}
    return {**ours, **way.more}


def verify_files() -> dict[str, str]:
    """Return the files of VERIFY_FILES by name, each with what stands in it. Raises ImproperlyConfigured."""
    names = text("VERIFY_FILES").split()
    for name in names:
        if PROOF.fullmatch(name) is None:
            raise ImproperlyConfigured(
                "VERIFY_FILES 写微信或企业微信给的文件名，例如 MP_verify_AbCd123.txt，几个用空格分开"
                " / VERIFY_FILES must be names such as MP_verify_AbCd123.txt with spaces between"
            )
    return {name: name.split("_")[2].removesuffix(".txt") for name in names}


def _way(kind: str) -> Way | None:
    prefix = kind.upper()
    usual, needed = KINDS[kind]
    given = {name: text(f"{prefix}_{name}").strip() for name in needed}
    if not any(given.values()):
        return None
    for name, value in given.items():
        file = f"（或 {prefix}_{name}_FILE）" if name in SECRETS else ""
        if not value:
            raise ImproperlyConfigured(
                f"没有写 {prefix}_{name}{file}，用{usual}登录要用它 / {prefix}_{name} is not set"
            )
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise ImproperlyConfigured(
                f"{prefix}_{name} 里有空格或者不认识的字 / {prefix}_{name} must be printable ASCII without spaces"
            )
    named = f"{prefix.removesuffix('_WEB')}_NAME"
    name = " ".join(text(named).split()) or usual
    if len(name) > MAX_NAME:
        raise ImproperlyConfigured(f"{named} 最多 {MAX_NAME} 个字 / at most {MAX_NAME} characters")
    client_id, secret = (given[one] for one in FIELDS[kind])
    known_class = CLASSES.get(kind, kind)
    trusts = known_class != WEIXIN and flag(f"{prefix}_TRUSTS_PHONE", default=False)  # WeChat tells no number
    more = MORE[kind](given) if kind in MORE else {}
    return Way(kind, known_class, name, client_id, secret, trusts, more)


def _oidc(given: dict[str, str]) -> dict[str, Any]:
    check_address("OIDC_SERVER", given["SERVER"])
    claim = text("OIDC_ID_CLAIM").strip() or "sub"
    scopes = (text("OIDC_SCOPES").strip() or "openid phone").split()
    if CLAIM.fullmatch(claim) is None:
        raise ImproperlyConfigured("OIDC_ID_CLAIM 只写一个名称，例如 sub / OIDC_ID_CLAIM must be one name such as sub")
    if "openid" not in scopes or not all(SCOPE.fullmatch(one) for one in scopes):
        raise ImproperlyConfigured(
            "OIDC_SCOPES 用空格分开，里面要有 openid，例如 openid phone"
            " / OIDC_SCOPES must be words with spaces between, openid among them"
        )
    return {"server_url": given["SERVER"].rstrip("/"), "uid_field": claim, "scope": scopes}


def _wecom(given: dict[str, str]) -> dict[str, Any]:
    if not given["AGENT_ID"].isdigit():
        raise ImproperlyConfigured("WECOM_AGENT_ID 是应用的编号，只有数字 / WECOM_AGENT_ID must be digits")
    return {"agent_id": given["AGENT_ID"], "endpoint": _endpoint("WECOM_ENDPOINT", WECOM_ENDPOINT)}


def _endpoint(name: str, usual: str) -> str:
    endpoint = text(name).strip() or usual
    check_address(name, endpoint)
    return endpoint.rstrip("/")


def _wechat(given: dict[str, str]) -> dict[str, Any]:
    """In WeChat, by a service account (服务号). ``is_joined``: beside a website, whose accounts are to be the same."""
    _check_wechat_id("WECHAT_APP_ID", given["APP_ID"])
    is_joined = bool(text("WECHAT_WEB_APP_ID").strip())
    scope = ["snsapi_userinfo" if is_joined else "snsapi_base"]
    endpoint = _endpoint("WECHAT_ENDPOINT", WECHAT_ENDPOINT)
    return {"where": "inside", "is_joined": is_joined, "scope": scope, "endpoint": endpoint}


def _wechat_web(given: dict[str, str]) -> dict[str, Any]:
    """In other browsers, by a website of the open platform (网站应用) and a code to scan."""
    _check_wechat_id("WECHAT_WEB_APP_ID", given["APP_ID"])
    if given["APP_ID"] == text("WECHAT_APP_ID").strip():
        raise ImproperlyConfigured(
            "WECHAT_WEB_APP_ID 和 WECHAT_APP_ID 写了同一个：前者是开放平台的网站应用，后者是服务号"
            " / WECHAT_WEB_APP_ID and WECHAT_APP_ID must not be the same"
        )
    endpoint = _endpoint("WECHAT_ENDPOINT", WECHAT_ENDPOINT)
    return {"where": "outside", "is_joined": True, "scope": ["snsapi_login"], "endpoint": endpoint}


def _check_wechat_id(name: str, value: str) -> None:
    if WECHAT_ID.fullmatch(value) is None:
        raise ImproperlyConfigured(
            f"{name} 写 AppID：wx 和后面 16 位数字或小写字母 a–f / {name} must be wx and 16 hexadecimal digits"
        )


MORE = {"oidc": _oidc, "wecom": _wecom, "wechat": _wechat, "wechat_web": _wechat_web}
