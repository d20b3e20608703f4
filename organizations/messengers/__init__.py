"""Work messages: how 企业微信 (WeCom) and 钉钉 (DingTalk) are asked who somebody is there, and to write to them.

Nothing here touches a table: who was found is kept by whoever asks (``attendance.operations.messaging``).
"""

from organizations.messengers.answers import UnableToMessage
from organizations.messengers.calls import Client
from organizations.messengers.dingtalk import DingTalk
from organizations.messengers.wecom import WeCom

__all__ = ["CLIENTS", "Client", "DingTalk", "UnableToMessage", "WeCom"]
CLIENTS: dict[str, type[Client]] = {"wecom": WeCom, "dingtalk": DingTalk}
