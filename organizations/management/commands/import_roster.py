"""``manage.py import_roster FILE [--under CODE] [--dry-run]``."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from organizations import roster_texts
from organizations.models import Node
from organizations.operations import RosterOutcome, UnableToImportRoster, import_roster


class Command(BaseCommand):
    help = (
        "Import a roster (.xlsx, .xls, .csv): columns 组织 (path below the node, / between levels), 姓名, 手机号, "
        "optional 编号, 加入日期, 状态 (在册/免学), 角色 (书记/组织员/讲师). All or nothing. "
        "Exit status 0: done; 1: refused, one line a bad row on standard output."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--under", metavar="CODE", help="the node that the paths begin below (default: the root)")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, change nothing")

    def handle(self, *args: Any, file: Path, under: str | None, dry_run: bool, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(_("没有这个文件：%(file)s") % {"file": file})
        node = Node.objects.filter(code=under).first() if under else None
        if under and node is None:
            raise CommandError(_("没有代码为 %(code)s 的组织") % {"code": under})
        with tqdm(file=sys.stderr, disable=not sys.stderr.isatty(), unit=_("行"), leave=False) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total // 2
                bar.update(done // 2 - bar.n)

            try:
                outcome = import_roster(
                    path_or_file=file, under=node, dry_run=dry_run, as_of=timezone.now(), on_progress=show
                )
            except UnableToImportRoster as error:
                self.refuse(error)
        self.tell(outcome, dry_run=dry_run)

    def refuse(self, error: UnableToImportRoster) -> None:
        for line in roster_texts.lines(error.rows):
            self.stdout.write(line)
        raise SystemExit(1)

    def tell(self, outcome: RosterOutcome, *, dry_run: bool) -> None:
        if dry_run:
            for label in outcome.nodes:
                self.stdout.write(_("新建组织: %(label)s") % {"label": label})
            for line in outcome.lines:
                self.stdout.write(roster_texts.line_of(line))
        heading = _("试运行，没有改动") if dry_run else _("已导入")
        self.stdout.write(f"{heading}: {roster_texts.counts(outcome)}")
