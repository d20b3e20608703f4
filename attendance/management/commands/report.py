"""``manage.py report missing --training ID --under CODE --format xlsx --output FILE``: a page's rows, in a file."""

import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import Training
from attendance.operations import fold_summary
from attendance.reports import Report, Scope, UnableToFindReport, report_named, reports
from attendance.reports.render import ENCODINGS, WRITERS, write
from attendance.reports.standing import people_in
from organizations.models import Node
from organizations.operations import log_list


class Command(BaseCommand):
    help = "Write a report of one training and one organisation's subtree to a file. Exit status 1 says why not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="missing, records, …")
        parser.add_argument("--training", required=True, help="id of the training")
        parser.add_argument("--under", required=True, help="code of the organisation")
        parser.add_argument("--format", default="xlsx", help="xlsx, csv or json")
        parser.add_argument("--encoding", default="utf-8", help="of a csv: utf-8 (with BOM) or gbk")
        parser.add_argument("--output", required=True, help="file to write, or - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = report_named(options["name"])
        except UnableToFindReport as error:
            raise CommandError(
                _("没有叫“%(name)s”的报表，可用的有：%(known)s")
                % {"name": options["name"], "known": ", ".join(reports())}
            ) from error
        if options["format"] not in WRITERS or options["encoding"] not in ENCODINGS:
            raise CommandError(
                _("格式只能是 %(forms)s，编码只能是 %(encodings)s")
                % {"forms": ", ".join(WRITERS), "encodings": ", ".join(ENCODINGS)}
            )
        scope = self._scope(options["training"], options["under"])
        fold_summary()
        if options["output"] == "-":
            self._log(report, scope, options["format"])
            write(report, scope, sys.stdout.buffer, form=options["format"], encoding=options["encoding"])
            return
        with self._fresh_file(Path(options["output"])) as to:
            self._log(report, scope, options["format"])
            write(report, scope, to, form=options["format"], encoding=options["encoding"])

    def _log(self, report: Report, scope: Scope, form: str) -> None:
        """One row for those whom the file names and the auditor, before the first name is written: who reads it is out
        of our hands from then on, even where the writing breaks off."""
        first, count = people_in(scope, states=report.states)
        title = f"{scope.training.title} · {report.title}"
        log_list(
            reader_id=None, node_id=scope.node.pk, member_ids=first, what="export", as_of=scope.as_of,
            about=scope.training.pk, title=title, reason=form, count=count, once_in=None,
        )  # fmt: skip

    def _scope(self, training_id: str, code: str) -> Scope:
        numeric = training_id.isascii() and training_id.isdigit() and len(training_id) < 19
        training = Training.objects.filter(pk=training_id).first() if numeric else None
        if training is None:
            raise CommandError(_("没有编号为 %(id)s 的培训") % {"id": training_id})
        node = Node.objects.filter(code=code).first() if "\x00" not in code else None
        if node is None:
            raise CommandError(_("没有代码为 %(code)s 的组织") % {"code": code})
        return Scope(training=training, node=node, as_of=timezone.now())

    @contextmanager
    def _fresh_file(self, path: Path) -> Iterator[BinaryIO]:
        """Give a file beside ``path`` and rename it when it is whole; only its owner can read it."""
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".report-")
            try:
                with os.fdopen(handle, "wb") as to:
                    yield to
                Path(name).replace(path)
            finally:
                Path(name).unlink(missing_ok=True)
        except OSError as error:
            raise CommandError(_("写不了文件 %(path)s：%(why)s") % {"path": path, "why": error.strerror}) from error
