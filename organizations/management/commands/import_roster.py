"""``manage.py import_roster FILE [--under CODE] [--dry-run] [--new-units] [--absent-left REASON]``."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from organizations.models import Left, Node
from organizations.operations import Answers, RosterOutcome, UnableToImportRoster, import_roster, log_list
from organizations.sentences import questions, roster_file


class Command(BaseCommand):
    help = (
        "Import a roster (.xlsx, .xls, .csv): columns 组织 (path below the node, / between levels), 姓名, 手机号, "
        "optional 编号, 加入日期, 状态 (在册/免学/转出/去世/停止), 离开日期, 角色 (书记/组织员/讲师/监督员), 任职组织, "
        "说明 (改名/换号/换了人/同名的两个人). All or nothing. "
        "Exit status 0: done; 1: refused, one line a bad row or open question on standard output."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--under", metavar="CODE", help="the node that the paths begin below (default: the root)")
        parser.add_argument("--dry-run", action="store_true", help="show what would change, change nothing")
        parser.add_argument(
            "--new-units", action="store_true", help="a name that is like an existing unit's is a new unit all the same"
        )
        parser.add_argument(
            "--absent-left",
            choices=Left.values,
            default="",
            help="whoever belongs to a unit that the file speaks of and is not in the file has left, for this reason",
        )

    def handle(self, *args: Any, file: Path, under: str | None, dry_run: bool, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(_("没有这个文件：%(file)s") % {"file": file})
        node = Node.objects.filter(code=under).first() if under else None
        if under and node is None:
            raise CommandError(_("没有代码为 %(code)s 的组织") % {"code": under})
        answers = Answers(all_absent=options["absent_left"], new_units=options["new_units"])
        with tqdm(file=sys.stderr, disable=not sys.stderr.isatty(), unit=_("行"), leave=False) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total // 2
                bar.update(done // 2 - bar.n)

            try:
                outcome = import_roster(
                    path_or_file=file,
                    under=node,
                    dry_run=dry_run,
                    as_of=timezone.now(),
                    answers=answers,
                    on_progress=show,
                )
            except UnableToImportRoster as error:
                self.refuse(error.lines)
        self.log(node, outcome)
        if outcome.open_questions:
            self.refuse([questions.question_line(question) for question in outcome.open_questions])
        self.tell(outcome, dry_run=dry_run, ended=bool(options["absent_left"]))

    def log(self, under: Node | None, outcome: RosterOutcome) -> None:
        """What follows names people as they stand here, whether anything is changed or not: one row, as on the page."""
        node = under or Node.get_first_root_node()
        if node is not None:
            log_list(
                reader_id=None, node_id=node.pk, member_ids=None, what="review", as_of=timezone.now(),
                count=len(outcome.lines), once_in=None,
            )  # fmt: skip

    def refuse(self, lines: Sequence[str]) -> NoReturn:
        for line in lines:
            self.stdout.write(line)
        raise SystemExit(1)

    def tell(self, outcome: RosterOutcome, *, dry_run: bool, ended: bool) -> None:
        for remark in roster_file.remark_lines(outcome.remarks):
            self.stdout.write(remark)
        if dry_run:
            for label in outcome.nodes:
                self.stdout.write(_("新建组织: %(label)s") % {"label": label})
            for line in outcome.lines:
                self.stdout.write(questions.line_of(line))
        for absent in outcome.absent:
            if absent.mentioned:
                word = _("不在文件里，办理离开") if ended else _("不在文件里")
                self.stdout.write(f"{word}: {questions.absent_line(absent)}")
        for label in outcome.unled:
            self.stdout.write(_("没有书记: %(label)s") % {"label": label})
        for label in outcome.emptied:
            self.stdout.write(_("不再有人: %(label)s") % {"label": label})
        heading = _("试运行，没有改动") if dry_run else _("已导入")
        self.stdout.write(f"{heading}: {questions.counts(outcome)}")
