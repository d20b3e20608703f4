"""钉钉: gettoken, topapi/v2/user/getbymobile, corpconversation/asyncsend_v2 (open.dingtalk.com).

A work notice is taken first and sent afterwards: that it was taken is all that is known here.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from organizations.core import gateway
from organizations.messengers.answers import UnableToMessage
from organizations.messengers.calls import Client

BEHIND = 88  # "the platform says": what happened stands in sub_code


class DingTalk(Client):
    name: ClassVar[str] = "dingtalk"
    # Nobody has the number; no such account; not yet of the organisation; not a number.
    nobody: ClassVar[frozenset[int]] = frozenset({60121, 33012, 40103, 60103})
    out_of_sight: ClassVar[frozenset[int]] = frozenset({50002})
    # Not this organisation; wrong key or secret; no permission for the call; not from this address.
    setup: ClassVar[frozenset[int]] = frozenset({33001, 40001, 40013, 40089, 40096, 60011, 60020})

    def token_path(self) -> str:
        return "/gettoken?" + urlencode({"appkey": self.app.key, "appsecret": self.app.secret})

    def code_of(self, found: Mapping[str, Any]) -> int | None:
        code = super().code_of(found)
        below = str(found.get("sub_code", ""))
        return int(below) if code == BEHIND and below.isascii() and below.isdigit() and len(below) < 10 else code

    def find(self, phone: str) -> str:
        mobile = gateway.mobile_of(phone)
        try:
            found = self.call("/topapi/v2/user/getbymobile", {"mobile": mobile}, hidden=(mobile,))
        except UnableToMessage as error:
            if error.about_person:
                return ""
            raise
        result = found.get("result")
        account = result.get("userid") if isinstance(result, dict) else None
        return account if isinstance(account, str) else ""

    def send(self, account: str, text: str) -> None:
        body = {
            "agent_id": self.app.agent_id, "userid_list": account,
            "msg": {"msgtype": "text", "text": {"content": text}},
        }  # fmt: skip
        self.call("/topapi/message/corpconversation/asyncsend_v2", body, hidden=(account, text), sends=True)
