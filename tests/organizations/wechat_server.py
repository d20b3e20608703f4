"""微信's interface on this machine: the two addresses that a sign-in asks, in the words that WeChat documents.

Whatever it answers comes with 200 and is called text/plain; a code is good once, by the program that it was made for.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.organizations.sms_gateway import Gateway

SERVICE, SERVICE_SECRET = "wx0123456789abcdef", "service-secret"
WEB, WEB_SECRET = "wxfedcba9876543210", "web-secret"
SECRETS = {SERVICE: SERVICE_SECRET, WEB: WEB_SECRET}
IN_WECHAT = (
    "Mozilla/5.0 (Linux; Android 10; HLK-AL00 Build/HONORHLK-AL00; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/86.0.4240.99 XWEB/4317 MMWEBSDK/20230504 Mobile Safari/537.36 MMWEBID/1 "
    "MicroMessenger/8.0.37.2380(0x2800253D) WeChat/arm64 Weixin NetType/4G Language/zh_CN ABI/arm64"
)
IN_WECOM = IN_WECHAT + " wxwork/4.1.30"
ON_A_PC = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/109.0.0.0 Safari/537.36"
ON_A_PHONE = "Mozilla/5.0 (Linux; Android 10; HLK-AL00) AppleWebKit/537.36 Chrome/86.0.4240.99 Mobile Safari/537.36"


def openid_of(app: str, who: str) -> str:
    """As another program knows them by another one."""
    return f"o{app[2:6]}-{who}_Abc"


def unionid_of(who: str) -> str:
    return f"o6_union-{who}_Abc"


@dataclass
class Wechat:
    """``has_union``: the programs are bound to one open-platform account. ``tells_union_late``: only ``userinfo`` tells
    it. ``wrong``: what comes instead of an answer."""

    server: Gateway
    has_union: bool = True
    tells_union_late: bool = False
    preview: bool = False
    wrong: tuple[int, str] | None = None
    codes: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.server.answer = self.answer
        self.server.headers = {"Content-Type": "text/plain"}

    def scan(self, app: str, scope: str, who: str) -> str:
        """Somebody agrees; return the code that their browser brings back."""
        code = f"0{len(self.codes)}1WeChatCode"
        self.codes[code] = (app, scope, who)
        return code

    def asked(self) -> list[str]:
        return [urlsplit(path).path for _method, path, _headers, _body in self.server.seen]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        if self.wrong is not None:
            return self.wrong
        parts = urlsplit(path)
        asked = dict(parse_qsl(parts.query))
        assert (method, body) == ("GET", b"")
        if parts.path == "/sns/userinfo":
            return self._userinfo(asked)
        assert (parts.path, asked["grant_type"]) == ("/sns/oauth2/access_token", "authorization_code")
        if asked["appid"] not in SECRETS:
            return error(40013, "invalid appid")
        if SECRETS[asked["appid"]] != asked["secret"]:
            return error(40125, "invalid appsecret")
        if asked["code"] in self.used:
            return error(40163, "code been used")
        app, scope, who = self.codes.get(asked["code"], ("", "", ""))
        if app != asked["appid"]:
            return error(40029, "invalid code")
        self.used.add(asked["code"])
        openid = openid_of(app, who)
        told: dict[str, Any] = {
            "access_token": f"secret-token-of-{who}", "expires_in": 7200, "refresh_token": f"secret-refresh-of-{who}",
            "openid": openid, "scope": scope,
        }  # fmt: skip
        if self.preview:
            told["is_snapshotuser"] = 1
        if self.has_union and scope != "snsapi_base" and not self.tells_union_late:
            told["unionid"] = unionid_of(who)
        return 200, json.dumps(told)

    def _userinfo(self, asked: dict[str, str]) -> tuple[int, str]:
        who = asked["access_token"].removeprefix("secret-token-of-")
        told = {"openid": asked["openid"], "nickname": "张三", "sex": 0, "headimgurl": "https://thirdwx.qlogo.cn/1"}
        return 200, json.dumps(told | ({"unionid": unionid_of(who)} if self.has_union else {}), ensure_ascii=False)


def error(code: int, said: str) -> tuple[int, str]:
    return 200, json.dumps({"errcode": code, "errmsg": f"{said}, rid: 6543-abc"})
