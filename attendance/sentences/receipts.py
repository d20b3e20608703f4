"""Why a message did not arrive, and what whoever reminds people does next: one table of all reasons.

The codes of providers and carriers that mean each: ``organizations.core.receipts.REASONS``.
"""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from organizations.core import receipts as core

Says = Callable[[], str]


def _new_number() -> str:
    return _("请问本人要新的手机号，由管理员改在名册里。")


def _call() -> str:
    return _("请打电话或者当面说。")


def _tell_operator() -> str:
    return _("请先打电话通知本人，再告诉管理员。")


REASONS: Mapping[str, tuple[Says, Says]] = {
    core.NO_NUMBER: (lambda: _("手机号是空号"), _new_number),
    core.STOPPED: (lambda: _("号码停机"), _new_number),
    core.OFF: (lambda: _("手机关机，或者不在服务区"), lambda: _("请过些时候打电话。")),
    core.UNREACHABLE: (
        lambda: _("号码停机、空号、关机，或者不在服务区"),
        lambda: _("请打电话核对；号码不对的，问本人要新的，由管理员改在名册里。"),
    ),
    core.BARRED: (lambda: _("号码的短信功能停了，或者欠费、转网"), _call),
    core.OPTED_OUT: (lambda: _("本人退订过短信，或者号码在黑名单里"), _call),
    core.FULL: (lambda: _("手机的短信存满了，或者收不了短信"), lambda: _("请打电话，请本人清理短信。")),
    core.TOO_OFTEN: (lambda: _("发给这个人的太多，被服务商限制"), _call),
    core.BLOCKED: (lambda: _("内容被运营商拦下"), _tell_operator),
    core.NOT_APPROVED: (lambda: _("短信的签名、模板或通道没有通过"), _tell_operator),
    core.NO_ACCOUNT: (lambda: _("那里没有这个手机号"), _call),
    core.OTHER: (lambda: _("服务商没有说明原因"), _call),
}


def step_of(code: str) -> str:
    """Return what is done next about somebody who was not reached; the same of what did not go out at all."""
    return REASONS[code][1]() if code in REASONS else _call()
