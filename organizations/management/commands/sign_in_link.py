"""``manage.py sign_in_link PHONE``: a link that lets this person in once, within a quarter of an hour."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.operations import UnableToMakeLink, UnableToUseKey, check_phone_key, make_link
from organizations.queries import user_by_phone
from organizations.sentences.sign_in import tell_link


class Command(BaseCommand):
    help = "Print a sign-in link for the person with this number. Logged, and shown to the person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", metavar="PHONE")

    def handle(self, *args: Any, phone: str, **options: Any) -> None:
        try:
            check_phone_key()
        except UnableToUseKey as error:
            raise CommandError(str(error)) from error
        member = user_by_phone(phone)
        if member is None:
            raise CommandError(_("没有人登记了这个手机号。请核对号码，或者先用 add_operator 或导入名册登记这个人。"))
        try:
            link = make_link(member_id=member.pk, as_of=timezone.now())
        except UnableToMakeLink as error:
            raise CommandError(str(error)) from error
        tell_link(self.stdout, link)
