"""``manage.py backup [DIR]``: the database, its manifest and (``--files``) the files, in a folder of its own."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from config import backups


class Command(BaseCommand):
    help = "Back up. Exit status 1 and a sentence where it did not work. PHONE_KEY and SECRET_KEY are never in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", nargs="?", type=Path, default=settings.BACKUP_DIR)
        parser.add_argument("--keep", type=int, default=14, help="how many backups stay (default: 14)")
        parser.add_argument("--files", action="store_true", help="the files too; unchanged ones take no room again")

    def handle(self, *args: Any, folder: Path, keep: int, files: bool, **options: Any) -> None:
        if keep < 1:
            raise CommandError(_("--keep 至少是 1"))
        try:
            made = backups.back_up(folder=folder, keep=keep, with_files=files, as_of=timezone.now())
        except backups.UnableToBackUp as error:
            raise CommandError(str(error)) from error
        said = {"folder": made.folder, "size": made.size // 2**10, "rows": made.rows}
        self.stdout.write(_("已备份到 %(folder)s：数据库 %(size)s KiB，%(rows)s 行。") % said)
        held = made.files
        if files:
            told = _("文件 %(number)s 个，%(size)s MiB：新抄 %(copied)s 个，和上次相同 %(linked)s 个。")
        else:
            told = _("文件 %(number)s 个，%(size)s MiB：只列了名单，没有抄。要一起备份请加 --files。")
        number = {"number": held.number, "size": held.size // 2**20, "copied": held.copied, "linked": held.linked}
        self.stdout.write(told % number)
        if settings.STORAGE.now.is_bucket:
            kept = _("网站的文件在 %(place)s 里，只列名单，不抄。请在存储服务里打开多版本，或者定时复制到别处。")
            self.stdout.write(kept % {"place": settings.STORAGE.now})
        if made.removed:
            self.stdout.write(_("删掉了旧的备份：%(names)s") % {"names": "、".join(made.removed)})
        self.stdout.write(_("备份里没有密钥。PHONE_KEY 和 SECRET_KEY 请另外保存，没有 PHONE_KEY 就读不出手机号。"))
