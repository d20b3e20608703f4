"""What became of a message after the provider took it, as providers tell it. Pure.

Read here: what Alibaba Cloud (SmsReport, HTTP batch push), Tencent Cloud (短信下发状态通知) and gateways by template
push. Nothing of it is kept but which message it is, whether it arrived, and one of our own reasons.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from organizations.core.gateway import message_id, value_in

# Why a message did not arrive.
NO_NUMBER, STOPPED, OFF, UNREACHABLE = "no_number", "stopped", "off", "unreachable"
BARRED, OPTED_OUT, FULL, TOO_OFTEN = "barred", "opted_out", "full", "too_often"
BLOCKED, NOT_APPROVED, NO_ACCOUNT, OTHER = "blocked", "not_approved", "no_account", "other"

# One table: our reason, the codes of providers and carriers (in capitals, without spaces), words of their sentences.
# The first row that fits holds, all codes before any words. Codes: from Alibaba Cloud's and Tencent Cloud's lists.
REASONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (NO_NUMBER, r"MK:?0*(0|1|12)|MI:?0010|LT:0001|SGIP:1|PHONEERR", ("空号", "号码不存在", "未知用户")),
    (OFF, r"MK:0*(8|9|24)|MN:0036|EXPIRED", ("关机", "不在服务区", "超时")),
    (STOPPED, r"", ("停机", "欠费", "暂停服务")),
    (BARRED, r"MK:0005|MOBILE_ACCOUNT_ABNORMAL|SP_NOT_BY_(INTER_)?SMS", ("账户异常", "携号转网", "未开通")),
    (OPTED_OUT, r"MOBILE_IN_BLACK|USER_REJECT|MX:001[12]|TD:(0001|19)|MA:0001|.*BLACK.*|BWLIST_?\d*",
     ("退订", "黑名单", "拒收")),
    (FULL, r"MOB(I|L)LE_TERMINAL_ERROR|MK:0*17|MC:0055", ("内存满", "卡满", "信箱满", "终端")),
    (TOO_OFTEN, r"MOBILE_SEND_LIMIT|MX:0003|TE:0003|BEYOND[MHD]", ("频繁", "频率", "上限", "超限", "流控")),
    (BLOCKED, r"CONTENT_\w+|KEYWORDS?|ID:0076|ISV\.UNSUPPORTED_CONTENT",
     ("关键字", "关键词", "敏感", "内容")),
    (NOT_APPROVED, r"IS_CLOSED?|PARAMS_ILLEGAL|NO_?ROUTE|PORT_NOT_REGISTERED|SIG\w*FAIL|SIGN\w+|QM_FAIL|ISV\..+",
     ("签名", "模板", "通道", "报备")),
    (UNREACHABLE,
     r"MOBILE_NOT_ON_SERVICE|INVALID_NUMBER|REQUEST_SUCCESS|UNDELIV(RD)?|M[IKNC]:?\d+|I[CA]:\d+|LT:\d+", ()),
)  # fmt: skip
CODES = tuple((why, re.compile(codes, re.IGNORECASE)) for why, codes, _words in REASONS if codes)
# What a sentence says of a number that gives no service at all names several of these at once.
OF_THE_PHONE = frozenset({NO_NUMBER, OFF, STOPPED})
# Neither: the carrier has it and says more later (SMPP 3.4, 5.2.28).
UNDER_WAY = frozenset({"ACCEPTD", "ACCEPTED", "ENROUTE", "UNKNOWN"})
MOST_OF_ONE = 2000  # reports that one request may hold; a body is smaller
LONGEST_WORDS, LONGEST_CODE = 300, 60


class UnableToReadReceipts(ValueError):
    """A body is not as this provider writes it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Whether a message arrived; ``message_id``: what the provider called it; ``why``: one of the reasons above."""

    message_id: str
    delivered: bool
    why: str = ""


@dataclass(frozen=True)
class Template:
    """How a gateway writes its reports: where in a request they are, and where in each what stands.

    ``each``: path of the list in the body, none where the body is the list or the one report; ``delivered``: the values
    of ``status`` that mean arrived.
    """

    each: tuple[str, ...]
    id: tuple[str, ...]
    status: tuple[str, ...]
    delivered: frozenset[str]
    reason: tuple[str, ...] = ()


def why_of(code: Any, words: Any) -> str:
    """Return our reason for a provider's code and sentence."""
    given = re.sub(r"\s", "", code[:LONGEST_CODE]) if isinstance(code, str) else ""
    found = next((why for why, pattern in CODES if pattern.fullmatch(given)), "")
    if found and found != UNREACHABLE:
        return found
    said = words[:LONGEST_WORDS] if isinstance(words, str) else ""
    fits = [why for why, _codes, known in REASONS if any(one in said for one in known)]
    if len(OF_THE_PHONE.intersection(fits)) > 1:
        return UNREACHABLE
    return fits[0] if fits else found or OTHER


def of_aliyun(body: bytes) -> list[Receipt]:
    """Read Alibaba Cloud's SmsReport. Raises UnableToReadReceipts."""
    found = []
    for one in _objects(_json(body)):
        arrived = one.get("success")
        if (named := message_id(one.get("biz_id"))) and isinstance(arrived, bool):
            found.append(_receipt(named, arrived, one.get("err_code"), one.get("err_msg")))
    return found


def of_tencent(body: bytes) -> list[Receipt]:
    """Read Tencent Cloud's notification of what was sent. Raises UnableToReadReceipts."""
    found = []
    for one in _objects(_json(body)):
        status = one.get("report_status")
        if (named := message_id(one.get("sid"))) and status in ("SUCCESS", "FAIL"):
            found.append(_receipt(named, status == "SUCCESS", one.get("errmsg"), one.get("description")))
    return found


def of_template(template: Template, *, content_type: str, body: bytes, query: str) -> list[Receipt]:
    """Read a gateway's reports: JSON, a form, or the address's own query. Raises UnableToReadReceipts."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or body.lstrip()[:1] in (b"[", b"{"):
        whole: Any = _json(body)
    else:
        whole = dict(_pairs(body.decode("utf-8", "replace") or query))
    found = []
    reports = value_in(template.each, whole)
    if isinstance(reports, str):  # a field of a form that holds JSON
        reports = _json(reports.encode())
    for one in _objects(reports):
        status = _text(value_in(template.status, one))
        if (named := message_id(value_in(template.id, one))) and status and status.upper() not in UNDER_WAY:
            words = value_in(template.reason, one) if template.reason else ""
            found.append(_receipt(named, status in template.delivered, status, words))
    return found


def _receipt(named: str, arrived: bool, code: Any, words: Any) -> Receipt:
    return Receipt(named, arrived, "" if arrived else why_of(code, words))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnableToReadReceipts("no JSON") from error


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, max_num_fields=100)
    except ValueError as error:
        raise UnableToReadReceipts("too many fields") from error


def _objects(whole: Any) -> Sequence[Mapping[str, Any]]:
    """Return the reports of a list, or the one report. Raises UnableToReadReceipts for anything else."""
    rows = [whole] if isinstance(whole, dict) else whole
    if not isinstance(rows, list) or len(rows) > MOST_OF_ONE or not all(isinstance(one, dict) for one in rows):
        raise UnableToReadReceipts("no list of objects")
    return rows


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, int) else ""
