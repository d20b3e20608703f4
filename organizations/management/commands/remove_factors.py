"""``manage.py remove_factors PHONE|NUMBER``: for the operator whom nobody else can help, who lost the second step."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.core.roster import number_key
from organizations.models import User
from organizations.operations import UnableToUseKey, check_phone_key
from organizations.operations.factors import take_factors
from organizations.queries import holders_of_numbers, user_by_phone


class Command(BaseCommand):
    help = "Remove somebody's authenticator, passkeys and recovery codes. Logged, and told to the person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("who", metavar="PHONE|NUMBER", help="the phone number, or the 编号 of the roster")

    def handle(self, *args: Any, who: str, **options: Any) -> None:
        member = _person_of(who)
        if not take_factors(member_id=member.pk, as_of=timezone.now()):
            raise CommandError(_("%(name)s没有设登录验证，不用移除。") % {"name": member.name})
        self.stdout.write(_("已移除%(name)s的登录验证，各处的登录也已退出。") % {"name": member.name})


def _person_of(who: str) -> User:
    """Return whose number this is, of the telephone or of the roster; who lost their phone may have none by now."""
    try:
        check_phone_key()
    except UnableToUseKey as error:
        raise CommandError(str(error)) from error
    found = {one.pk: one for one in holders_of_numbers([number_key(who)])[:2]} if who.strip() else {}
    by_phone = user_by_phone(who)
    if by_phone is not None:
        found[by_phone.pk] = by_phone
    if not found:
        raise CommandError(_("没有人登记了这个手机号或编号。请核对号码。"))
    if len(found) > 1:
        raise CommandError(_("这个号码对得上不止一个人。请改用那个人的手机号或编号。"))
    return next(iter(found.values()))
