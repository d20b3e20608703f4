"""``manage.py restore BACKUP``: put a backup in place of this site's database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from config import backups


class Command(BaseCommand):
    help = "Restore a backup, whole or not at all. Stop the services before. Only into an empty site, or --replace."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", metavar="BACKUP", type=Path, help="one backup's folder, classroom-…")
        parser.add_argument("--replace", action="store_true", help="throw away what this site holds now")
        parser.add_argument("--files", action="store_true", help="put the files back too; none is removed")

    def handle(self, *args: Any, backup: Path, replace: bool, files: bool, **options: Any) -> None:
        try:
            left = backups.restore(backup=backup, replace=replace, with_files=files, as_of=timezone.now())
        except (backups.UnableToRestore, backups.RestoredOtherwise) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("已从 %(backup)s 恢复。") % {"backup": backup})
        for sentence in left:
            self.stdout.write(sentence)
