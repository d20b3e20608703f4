"""WeCom's and DingTalk's server on this machine: real HTTP, their documented paths and answers, one organisation."""

import itertools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from config.message_settings import App
from tests.organizations.sms_gateway import Answer, Gateway

KEY, SECRET, AGENT = "corp-1", "messenger-secret-1", 1000002
FIND = {"wecom": "/cgi-bin/user/getuserid", "dingtalk": "/topapi/v2/user/getbymobile"}
SEND = {"wecom": "/cgi-bin/message/send", "dingtalk": "/topapi/message/corpconversation/asyncsend_v2"}
TOKEN = {
    "/cgi-bin/gettoken": ("corpid", "corpsecret", 40001),
    "/gettoken": ("appkey", "appsecret", 40089),
}


class Office:
    """``people``: account by 11 digits; ``sent``: (account, text); ``instead``: what a path answers this time."""

    def __init__(self, here: Gateway, way: str) -> None:
        self.here, self.way = here, way
        self.people: dict[str, str] = {}
        self.sent: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.instead: dict[str, Callable[[], Answer | None]] = {}
        self.valid = ""
        self._numbers = itertools.count(1)
        here.answer = self.answer

    @property
    def app(self) -> App:
        return App(KEY, AGENT, SECRET, self.here.url)

    def answer(self, _method: str, address: str, _headers: dict[str, str], body: bytes) -> Answer:
        path, given = urlsplit(address).path, dict(parse_qsl(urlsplit(address).query))
        self.asked.append(path)
        if path in self.instead and (special := self.instead[path]()) is not None:
            return special
        if path in TOKEN:
            key, secret, refusal = TOKEN[path]
            if (given.get(key), given.get(secret)) != (KEY, SECRET):
                return error(refusal, "invalid credential")
            self.valid = f"token-{next(self._numbers)}"
            return said(errmsg="ok", access_token=self.valid, expires_in=7200)
        if given.get("access_token") != self.valid:
            return error(40014, "invalid access_token")
        return self._find(json.loads(body)) if path == FIND[self.way] else self._send(json.loads(body))

    def _find(self, body: dict[str, Any]) -> Answer:
        account = self.people.get(body["mobile"], "")
        if self.way == "wecom":
            return said(userid=account) if account else error(46004, "user not exist")
        return said(result={"userid": account}) if account else error(60121, "找不到该用户")

    def _send(self, body: dict[str, Any]) -> Answer:
        if self.way == "wecom":
            assert (body["msgtype"], body["agentid"]) == ("text", AGENT)
            self.sent.append((body["touser"], body["text"]["content"]))
            return said(invaliduser="", msgid="m1")
        assert (body["msg"]["msgtype"], body["agent_id"]) == ("text", AGENT)
        self.sent.append((body["userid_list"], body["msg"]["text"]["content"]))
        return said(task_id=256271667526)


def said(**values: Any) -> Answer:
    return 200, json.dumps({"errcode": 0, "errmsg": "ok", **values})


def error(code: int, words: str, **more: Any) -> Answer:
    return 200, json.dumps({"errcode": code, "errmsg": words, **more})


def once(answer: Answer) -> Callable[[], Answer | None]:
    left = [answer]
    return lambda: left.pop() if left else None
