"""企业微信: gettoken, user/getuserid and message/send of its server API (developer.work.weixin.qq.com, 90236, 95402).

WeCom says at once who of a message's people gets none, and nothing afterwards: there is no report of one message.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from organizations.core import gateway
from organizations.messengers.answers import UnableToMessage
from organizations.messengers.calls import Client

NOBODY = frozenset({46004, 60111, 40003})  # no such person; no such account; not an account
NOT_TO_THEM = frozenset({81013, 82001, 40003, 60111})  # all who were named are unknown, or out of the app's sight
DUPLICATE_S = 1800


class WeCom(Client):
    name: ClassVar[str] = "wecom"

    def token_path(self) -> str:
        return "/cgi-bin/gettoken?" + urlencode({"corpid": self.app.key, "corpsecret": self.app.secret})

    def find(self, phone: str) -> str:
        mobile = gateway.mobile_of(phone)
        try:
            found = self.call("/cgi-bin/user/getuserid", {"mobile": mobile}, hidden=(mobile,))
        except UnableToMessage as error:
            if error.code in {str(one) for one in NOBODY}:
                return ""
            raise
        account = found.get("userid")
        return account if isinstance(account, str) else ""

    def send(self, account: str, text: str) -> None:
        body = {
            "touser": account, "msgtype": "text", "agentid": self.app.agent_id, "text": {"content": text},
            # Were the same ever to come twice, WeCom itself shows it once.
            "enable_duplicate_check": 1, "duplicate_check_interval": DUPLICATE_S,
        }  # fmt: skip
        found = self.call("/cgi-bin/message/send", body, hidden=(account, text), sends=True)
        if self._left_out(found, account):
            raise UnableToMessage("not to this person", code="0", about_person=True)

    def refused(self, found: Mapping[str, Any], *, hidden: tuple[str, ...]) -> UnableToMessage:
        error = super().refused(found, hidden=hidden)
        error.about_person = self.code_of(found) in NOT_TO_THEM
        return error

    def _left_out(self, found: Mapping[str, Any], account: str) -> bool:
        """Whether a message that was taken does not go to its one person: unknown, out of sight, without a licence."""
        names = [found.get(name) for name in ("invaliduser", "unlicenseduser")]
        listed = {one.lower() for text in names if isinstance(text, str) for one in text.split("|")}
        return account.lower() in listed
