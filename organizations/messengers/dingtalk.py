"""钉钉: gettoken, topapi/v2/user/getbymobile, corpconversation/asyncsend_v2 and getsendresult (open.dingtalk.com).

A work notice is taken first and sent afterwards: what became of it is asked by its task, for 24 hours.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from organizations.core import gateway
from organizations.core.receipts import NO_ACCOUNT, OTHER, TOO_OFTEN, Receipt
from organizations.messengers.answers import UnableToMessage
from organizations.messengers.calls import Client

# In which list of getsendresult a person stands, and what that comes to. Who has read it is told apart by DingTalk
# from who has not: here both have got it, and it is not kept which.
LISTS = (
    ("read_user_id_list", ""), ("unread_user_id_list", ""), ("invalid_user_id_list", NO_ACCOUNT),
    ("forbidden_user_id_list", TOO_OFTEN), ("forbidden_list", TOO_OFTEN), ("failed_user_id_list", OTHER),
)  # fmt: skip
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

    def send(self, account: str, text: str) -> str:
        body = {
            "agent_id": self.app.agent_id, "userid_list": account,
            "msg": {"msgtype": "text", "text": {"content": text}},
        }  # fmt: skip
        found = self.call("/topapi/message/corpconversation/asyncsend_v2", body, hidden=(account, text), sends=True)
        task = gateway.message_id(found.get("task_id"))
        return task if task.isdigit() else ""

    def receipt(self, message_id: str) -> Receipt | None:
        """Return what became of a task; each has one person, so that whatever list is not empty names them."""
        body = {"agent_id": self.app.agent_id, "task_id": int(message_id)}
        found = self.call("/topapi/message/corpconversation/getsendresult", body, hidden=())
        lists = found.get("send_result")
        named = lists if isinstance(lists, dict) else {}
        why = next((why for name, why in LISTS if named.get(name)), None)
        return None if why is None else Receipt(message_id, not why, why)
