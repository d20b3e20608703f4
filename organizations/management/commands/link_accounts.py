"""``manage.py link_accounts FILE --provider ID [--dry-run]``: whose accounts are whose, from a CSV file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from organizations.account_ways import account_ways
from organizations.operations import UnableToUseKey, check_phone_key
from organizations.operations.account_file import UnableToLinkAccounts, link_accounts


class Command(BaseCommand):
    help = (
        "Link accounts of elsewhere to people: a CSV file with the columns 账号 and 手机号 or 编号. All or nothing; "
        "one line a bad row. Logged, and shown to each person."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--provider", required=True, metavar="ID", help="oidc, wecom, …: one that is set up")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, change nothing")

    def handle(self, *args: Any, file: Path, provider: str, dry_run: bool, **options: Any) -> None:
        ways = [way for way, _name in account_ways()]
        if provider not in ways:
            known = "、".join(ways) or _("一个也没有")
            raise CommandError(_("没有设置 %(name)s。已经设置的：%(known)s") % {"name": provider, "known": known})
        try:
            check_phone_key()
            data = file.read_bytes()
            done = link_accounts(data=data, provider=provider, as_of=timezone.now(), dry_run=dry_run)
        except UnableToUseKey as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(_("没有这个文件：%(file)s") % {"file": file}) from error
        except UnableToLinkAccounts as error:
            raise CommandError("\n".join([*error.lines, _("一个也没有绑定。")])) from error
        said = (
            _("试一试：会绑定 %(made)s 个，已经绑定的 %(known)s 个")
            if dry_run
            else _("绑定了 %(made)s 个，已经绑定的 %(known)s 个")
        )
        self.stdout.write(said % {"made": done.made, "known": done.known})
