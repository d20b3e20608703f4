"""``manage.py sms_test PHONE``: send one code now and print what the provider answered."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from organizations import places, sms
from organizations.core import phones
from organizations.sentences.sign_in import code_text


class Command(BaseCommand):
    help = "Send a made-up code to PHONE by the configured way, and say honestly what came of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", metavar="PHONE")

    def handle(self, *args: Any, phone: str, **options: Any) -> None:
        try:
            number = phones.normalise(phone)
        except phones.UnableToReadPhone as error:
            raise CommandError(_("不是有效的手机号")) from error
        chosen, way = sms.backend(), settings.SMS_BACKEND or f"SMS_WAY={settings.SMS_WAY}"
        if not chosen.reaches_phones:
            raise CommandError(
                _("现在不会发出任何短信（%(way)s）。请在 %(file)s 里设置 SMS_WAY。")
                % {"way": way, "file": places.setting()}
            )
        code = f"{secrets.randbelow(10**6):06}"
        said = {"way": way, "phone": phones.mask(number)}
        self.stdout.write(_("正在通过 %(way)s 向 %(phone)s 发一条验证码……") % said)
        try:
            sent = sms.send_now(chosen, phone=number, text=code_text(code), code=code)
        except sms.UnableToSendSms as error:
            raise CommandError("\n".join(self.told(error))) from error
        answer = sent or sms.Sent()
        self.stdout.write(_("服务商已接收。请看手机是否收到 %(code)s。") % {"code": code})
        self.stdout.write(_("请求编号：%(id)s") % {"id": answer.request_id or _("没有")})
        if answer.answer:
            self.stdout.write(_("服务商的回答：%(answer)s") % {"answer": answer.answer})

    def told(self, error: sms.UnableToSendSms) -> list[str]:
        none = _("没有")
        return [
            _("没有发出：%(reason)s") % {"reason": plainly(str(error))},
            _("错误代码：%(code)s") % {"code": error.code or none},
            _("请求编号：%(id)s") % {"id": error.request_id or none},
            _("服务商的回答：%(answer)s") % {"answer": error.answer or none},
        ]


def plainly(reason: str) -> str:
    """What kept the provider from answering, for whoever looks after the machine; other reasons as they are."""
    kind = reason.removeprefix("no answer: ")
    if kind == "gaierror":
        return _("找不到服务商的地址：这台机器上不了网，或者域名解析（DNS）不通，或者网址写错了。")
    if kind.startswith("SSL"):
        return _("服务商的证书通不过检查：请核对网址和这台机器的时间。")
    if reason in {"no answer in time", "the answer did not end in time"}:
        return _("服务商没有按时回答：请看这台机器能不能上网，防火墙有没有放行。")
    if kind != reason:
        return _("连不上服务商（%(kind)s）：请看这台机器能不能上网，防火墙有没有放行，网址对不对。") % {"kind": kind}
    return reason
