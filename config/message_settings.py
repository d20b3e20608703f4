"""How messages go out, from the environment: in which order ways are tried, how many a day, and
the applications at 企业微信 (WeCom) and 钉钉 (DingTalk). Incomplete or contradictory settings stop the start (ADR 86).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.env import number, text, words
from config.sms_settings import check_address

WAYS = ("wecom", "dingtalk", "sms", "email")
# What the whole site sends in a day; sign-in codes are not among it.
A_DAY = {"wecom": 100_000, "dingtalk": 100_000, "sms": 2000, "email": 20_000}
ENDPOINTS = {"wecom": "https://qyapi.weixin.qq.com", "dingtalk": "https://oapi.dingtalk.com"}
NEEDED = {
    "wecom": ("CORP_ID", "AGENT_ID", "SECRET"),
    "dingtalk": ("APP_KEY", "AGENT_ID", "APP_SECRET"),
}
SECRETS = ("SECRET", "APP_SECRET")
PRICE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,2})?")


@dataclass(frozen=True)
class App:
    """An application at a provider that may write to its people: ``key`` (corp id or app key) and its secret."""

    key: str
    agent_id: int
    secret: str = field(repr=False)
    endpoint: str


@dataclass(frozen=True)
class Messages:
    """``order``: of the ways out of the house, the first that reaches somebody is taken; ``a_day``: the most of each in
    a day; ``apps``: by way; ``price``: of one message, in 1/100 fen, 0 where it costs nothing or nobody wrote it."""

    order: tuple[str, ...]
    a_day: Mapping[str, int]
    apps: Mapping[str, App]
    price: Mapping[str, int] = field(default_factory=dict)


def read() -> Messages:
    """Return how messages go out. Raises ImproperlyConfigured."""
    order = tuple(words("MESSAGE_WAYS", default=list(WAYS)))
    if unknown := [one for one in order if one not in WAYS]:
        raise ImproperlyConfigured(
            f"MESSAGE_WAYS 里的 {unknown[0]!r} 不认识，只能写 {'、'.join(WAYS)}"
            f" / MESSAGE_WAYS may hold {', '.join(WAYS)} alone"
        )
    if len(set(order)) < len(order):
        raise ImproperlyConfigured("MESSAGE_WAYS 里有一种写了两次 / MESSAGE_WAYS names one way twice")
    a_day = {
        way: number(f"{way.upper()}_REMINDERS_A_DAY", default=most, low=0, high=1_000_000)
        for way, most in A_DAY.items()
    }
    apps = {way: app for way in ENDPOINTS if (app := _app(way)) is not None}
    return Messages(order, a_day, apps, {way: _price(f"{way.upper()}_PRICE_FEN") for way in WAYS})


def _price(name: str) -> int:
    """Return 1/100 fen; 4.5 fen is a usual price. Raises ImproperlyConfigured."""
    given = text(name, "0").strip()
    if not PRICE.fullmatch(given):
        raise ImproperlyConfigured(
            f"{name} 写的是 {given!r}，要写一条多少分钱，最多两位小数，例如 4.5"
            f" / {name} is {given!r}; it must be fen a message, two decimals at most, such as 4.5"
        )
    whole, _point, part = given.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def _app(way: str) -> App | None:
    prefix = f"{way.upper()}_MESSAGE"
    given = {name: text(f"{prefix}_{name}").strip() for name in NEEDED[way]}
    if not any(given.values()):
        return None
    for name, value in given.items():
        file = f"（或 {prefix}_{name}_FILE）" if name in SECRETS else ""
        if not value:
            raise ImproperlyConfigured(f"没有写 {prefix}_{name}{file} / {prefix}_{name} is not set")
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise ImproperlyConfigured(
                f"{prefix}_{name} 里有空格或者不认识的字 / {prefix}_{name} must be printable ASCII without spaces"
            )
    if not given["AGENT_ID"].isdigit() or len(given["AGENT_ID"]) > 18:
        raise ImproperlyConfigured(f"{prefix}_AGENT_ID 是应用的编号，只有数字 / {prefix}_AGENT_ID must be digits")
    endpoint = text(f"{prefix}_ENDPOINT").strip().rstrip("/") or ENDPOINTS[way]
    check_address(f"{prefix}_ENDPOINT", endpoint)
    if urlsplit(endpoint).path or any(sign in endpoint for sign in "?#@"):
        raise ImproperlyConfigured(
            f"{prefix}_ENDPOINT 只写到主机名，例如 {ENDPOINTS[way]} / {prefix}_ENDPOINT must be a host alone"
        )
    key, _agent, secret = (given[name] for name in NEEDED[way])
    return App(key, int(given["AGENT_ID"]), secret, endpoint)
