"""What messages came to and which way out fails, said plainly: nothing here names a person."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from attendance.models import Channel, WayTrouble
from attendance.queries.reminders import Sending
from attendance.sentences import receipts
from attendance.sentences.records import day_and_hour

ENOUGH = 3  # in a row: then it is the way and not the message
WHY: dict[str, Callable[[], str]] = {
    "gateway": lambda: _("对方没有收下，或者没有回答"),
    "server": lambda: _("邮件服务器没有收下，或者没有回答"),
    "refused": lambda: _("对方的邮箱拒收"),
    "setup": lambda: _("设置不对：应用的密钥、编号、权限或可信IP，邮件的账号、密码或发件人"),
    "out_of_sight": lambda: _("不在应用的可见范围里"),
    "no_account": lambda: _("那里没有这个手机号"),
    "no_phone": lambda: _("没有手机号"),
    "no_email": lambda: _("没有邮箱"),
    "claim_lost": lambda: _("发送的程序中途停了"),
}
DO: dict[str, Callable[[], str]] = {
    "setup": lambda: _(
        "请按《管理员手册》核对：应用的密钥、编号、权限和可信IP，邮件的账号、密码和发件人；改好以后自己接着发。"
    ),
    "out_of_sight": lambda: _("请把应用的可见范围改成全体党员；改好以后，第二天起再用这种方式。"),
}


def why(code: str) -> str:
    """Return why a message did not go out, may not have, or did not arrive."""
    known = WHY.get(code) or (receipts.REASONS[code][0] if code in receipts.REASONS else None)
    return known() if known else _("其他原因")


def missed(one: Sending) -> str:
    """Return by which way somebody was not reached, why, and what whoever reminds them does next."""
    said = {"way": way_of(one.channel), "why": why(one.why), "step": receipts.step_of(one.why)}
    return _("上次的%(way)s没有送到：%(why)s。%(step)s") % said


def is_told(trouble: WayTrouble) -> bool:
    """Whether it is the way that fails: settings that are wrong at once, all else three times in a row."""
    return trouble.why == "setup" or trouble.times >= ENOUGH


def trouble_said(trouble: WayTrouble) -> str:
    """Return what fails, why, how often in a row and since when, with the provider's own code for its support."""
    said = {
        "why": why(trouble.why), "times": trouble.times, "since": day_and_hour(trouble.since_at),
        "code": _("，代码 %(code)s") % {"code": trouble.code} if trouble.code else "",
    }  # fmt: skip
    if trouble.step == "find":
        return _("按手机号找人不成：%(why)s%(code)s。从 %(since)s 起连着 %(times)s 次；已经找到过的人照常发。") % said
    return _("%(why)s%(code)s。从 %(since)s 起连着 %(times)s 次；没有发出的会改用下一种方式。") % said


def to_do(trouble: WayTrouble) -> str:
    """Return the operator's next step."""
    usual = _("请看对方的服务是否正常；会自己再试，好了就接着发。")
    return DO[trouble.why]() if trouble.why in DO else usual


def way_of(channel: str) -> str:
    return str(Channel(channel).label)


def yuan(cost: int) -> str:
    """Return 1/100 fen as yuan, to the fen."""
    return _("%(yuan)s 元") % {"yuan": (Decimal(cost) / 10000).quantize(Decimal("0.01"), ROUND_HALF_UP)}
