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
}
SECRETS = {"CLIENT_SECRET", "SECRET", "APP_SECRET"}
FIELDS = {
    "oidc": ("CLIENT_ID", "CLIENT_SECRET"),
    "wecom": ("CORP_ID", "SECRET"),
    "dingtalk": ("CLIENT_ID", "CLIENT_SECRET"),
    "feishu": ("APP_ID", "APP_SECRET"),
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
            "settings": {"trusts_phone": way.trusts_phone, **way.more},
        }
        providers[way.kind] = {"APPS": [app], "OAUTH_PKCE_ENABLED": way.kind == "openid_connect"}
    return {
        "SOCIALACCOUNT_ADAPTER": "organizations.adapters_elsewhere.SocialAdapter",
        "SOCIALACCOUNT_PROVIDERS": providers,
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_AUTO_SIGNUP": False,
        "SOCIALACCOUNT_REQUESTS_TIMEOUT": 5,
    }


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
    name = " ".join(text(f"{prefix}_NAME").split()) or usual
    if len(name) > MAX_NAME:
        raise ImproperlyConfigured(f"{prefix}_NAME 最多 {MAX_NAME} 个字 / at most {MAX_NAME} characters")
    client_id, secret = (given[one] for one in FIELDS[kind])
    trusts = flag(f"{prefix}_TRUSTS_PHONE", default=False)
    more = MORE[kind](given) if kind in MORE else {}
    return Way(kind, "openid_connect" if kind == "oidc" else kind, name, client_id, secret, trusts, more)


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
    endpoint = text("WECOM_ENDPOINT").strip() or WECOM_ENDPOINT
    check_address("WECOM_ENDPOINT", endpoint)
    return {"agent_id": given["AGENT_ID"], "endpoint": endpoint.rstrip("/")}


MORE = {"oidc": _oidc, "wecom": _wecom}
