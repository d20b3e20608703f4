"""``manage.py restore_drill [DIR]``: try whether the newest backup can be restored, without touching the site."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from config import backups


class Command(BaseCommand):
    help = "Restore the newest backup into a scratch database, check it, leave nothing. Exit status 1: do not trust it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", nargs="?", type=Path, default=settings.BACKUP_DIR)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            found = backups.drill(folder=folder, as_of=timezone.now())
        except backups.UnableToRestore as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("试恢复 %(name)s：") % {"name": found.backup})
        for one in found.findings:
            self.stdout.write(f"{'✓' if one.ok else '✗'} {one.name}：{one.detail}")
        if not found.ok:
            raise CommandError(_("这份备份不能用。请先查原因，再做一份新的。"))
        self.stdout.write(_("这份备份能恢复。"))
