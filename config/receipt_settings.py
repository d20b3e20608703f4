"""How the provider of text messages says what arrived, from the environment (ADR 100): half settings stop the start."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ImproperlyConfigured

from config.env import text
from organizations.core import gateway
from organizations.core.receipts import Template

SECRET = re.compile(r"[A-Za-z0-9_-]{32,100}")
# What each wants to hear, else it says the same again.
ANSWERS = {"aliyun": '{"code": 0, "msg": "OK"}', "tencent": '{"result": 0, "errmsg": "OK"}'}
NEEDED = ("RECEIPT_ID", "RECEIPT_STATUS", "RECEIPT_DELIVERED")
# As settings.SIGN_IN_LIMITS: secrets that nobody has, by address; requests with the right one, each of many receipts.
LIMITS: dict[str, dict[str, list[tuple[int, int]]]] = {
    "receipt_secret": {"address": [(20, 300), (200, 86_400)]},
    "receipts": {"way": [(1200, 60)]},
}


@dataclass(frozen=True)
class Receipts:
    """``secret`` stands in the address, "" where no receipts are taken; ``answer``: what the provider is told."""

    secret: str = field(default="", repr=False)
    template: Template | None = None
    answer: str = ""

    @property
    def answer_type(self) -> str:
        """The answer's content type: JSON where it is some."""
        try:
            json.loads(self.answer)
        except ValueError:
            return "text/plain; charset=utf-8"
        return "application/json"


def read(way: str, sms: Mapping[str, str]) -> Receipts:
    """Return how receipts of text messages come. Raises ImproperlyConfigured."""
    secret = text("SMS_RECEIPT_SECRET").strip()
    if not secret:
        return Receipts()
    if not SECRET.fullmatch(secret):
        raise ImproperlyConfigured(
            "SMS_RECEIPT_SECRET 要有 32 到 100 个英文字母、数字、- 或 _，可以用 openssl rand -hex 24 生成"
            " / SMS_RECEIPT_SECRET must be 32 to 100 letters, digits, - or _, such as openssl rand -hex 24 prints"
        )
    if way in ANSWERS:
        return Receipts(secret, None, ANSWERS[way])
    if way != "http":
        raise ImproperlyConfigured(
            "写了 SMS_RECEIPT_SECRET，但是 SMS_WAY 不是 http、aliyun 或 tencent，没有短信的回执可收"
            " / SMS_RECEIPT_SECRET is set, but SMS_WAY is none of http, aliyun and tencent: there are no receipts"
        )
    if not sms["MESSAGE_ID"]:
        raise ImproperlyConfigured(
            "没有写 SMS_MESSAGE_ID：网关的回答里哪个字段是短信的编号，例如 data.id，回执要按它对上"
            " / SMS_MESSAGE_ID is not set: the field of the gateway's answer that names the message, such as data.id"
        )
    return Receipts(secret, _template(), text("SMS_RECEIPT_ANSWER", "ok"))


def _template() -> Template:
    given = {name: text(f"SMS_{name}").strip() for name in (*NEEDED, "RECEIPT_LIST", "RECEIPT_REASON")}
    for name in NEEDED:
        if not given[name]:
            raise ImproperlyConfigured(
                f"没有写 SMS_{name}，收短信的回执要用它 / SMS_{name} is not set, and receipts need it"
            )
    paths = {name: _path(name, given[name]) for name in given if name != "RECEIPT_DELIVERED"}
    delivered = frozenset(one.strip() for one in given["RECEIPT_DELIVERED"].split(",") if one.strip())
    return Template(
        paths["RECEIPT_LIST"], paths["RECEIPT_ID"], paths["RECEIPT_STATUS"], delivered, paths["RECEIPT_REASON"]
    )


def _path(name: str, value: str) -> tuple[str, ...]:
    try:
        return gateway.read_path(value)
    except gateway.UnableToReadTemplate as error:
        raise ImproperlyConfigured(f"SMS_{name} {error}") from error
