"""``manage.py remove_factors PHONE``: for the operator whom nobody else can help, who has lost the second step."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.operations import UnableToUseKey, check_phone_key
from organizations.operations.factors import take_factors
from organizations.queries import user_by_phone


class Command(BaseCommand):
    help = "Remove somebody's authenticator, passkeys and recovery codes. Logged, and told to the person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", metavar="PHONE")

    def handle(self, *args: Any, phone: str, **options: Any) -> None:
        try:
            check_phone_key()
        except UnableToUseKey as error:
            raise CommandError(str(error)) from error
        member = user_by_phone(phone)
        if member is None:
            raise CommandError(_("没有人登记了这个手机号。请核对号码。"))
        if not take_factors(member_id=member.pk, as_of=timezone.now()):
            raise CommandError(_("%(name)s没有设登录验证，不用移除。") % {"name": member.name})
        self.stdout.write(_("已移除%(name)s的登录验证，各处的登录也已退出。") % {"name": member.name})
