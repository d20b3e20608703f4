"""企业微信: gettoken, user/getuserid and message/send of its server API (developer.work.weixin.qq.com, 90236, 95402).

WeCom says at once who of a message's people gets none, and nothing afterwards: there is no report of one message.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from organizations.core import gateway
from organizations.messengers.answers import UnableToMessage
from organizations.messengers.calls import Client

DUPLICATE_S = 1800


class WeCom(Client):
    name: ClassVar[str] = "wecom"
    # No such person; no such account; not an account; not a number.
    nobody: ClassVar[frozenset[int]] = frozenset({46004, 60111, 40003, 60103})
    # All who were named are unknown or out of the application's sight: WeCom says the same when its scope is wrong.
    out_of_sight: ClassVar[frozenset[int]] = frozenset({81013, 82001})
    # Wrong secret, organisation or agent; no permission for the call, the people, the agent; not from this address.
    setup: ClassVar[frozenset[int]] = frozenset(
        {40001, 40013, 40056, 41001, 41002, 41004, 41011, 48002, 60011, 60020, 301002}
    )

    def token_path(self) -> str:
        return "/cgi-bin/gettoken?" + urlencode({"corpid": self.app.key, "corpsecret": self.app.secret})

    def find(self, phone: str) -> str:
        mobile = gateway.mobile_of(phone)
        try:
            found = self.call("/cgi-bin/user/getuserid", {"mobile": mobile}, hidden=(mobile,))
        except UnableToMessage as error:
            if error.about_person:
                return ""
            raise
        account = found.get("userid")
        return account if isinstance(account, str) else ""

    def send(self, account: str, text: str) -> str:
        body = {
            "touser": account, "msgtype": "text", "agentid": self.app.agent_id, "text": {"content": text},
            # Were the same ever to come twice, WeCom itself shows it once.
            "enable_duplicate_check": 1, "duplicate_check_interval": DUPLICATE_S,
        }  # fmt: skip
        found = self.call("/cgi-bin/message/send", body, hidden=(account, text), sends=True)
        if self._left_out(found, account):
            error = UnableToMessage("not to this person", code="0")
            error.out_of_sight = True
            raise error
        return ""  # it has a name there, but nothing tells by it what became of the message

    def _left_out(self, found: Mapping[str, Any], account: str) -> bool:
        """Whether a message that was taken does not go to its one person: unknown, out of sight, without a licence."""
        names = [found.get(name) for name in ("invaliduser", "unlicenseduser")]
        listed = {one.lower() for text in names if isinstance(text, str) for one in text.split("|")}
        return account.lower() in listed
