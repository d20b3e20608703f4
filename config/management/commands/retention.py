"""``manage.py retention [--apply]``: what is kept how long, what is due now, and who is taken out next."""

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.celery import app
from config.retention.kinds import Kind, kinds, table
from config.retention.sentences import row_of
from organizations.departing import TOLD_BEFORE, kept_for, leavers, waiting

MOST_NAMED = 50
MOST_TURNS = 10_000


class Command(BaseCommand):
    """Without ``--apply`` nothing is changed."""

    help = "Say what is kept how long and what is due; with --apply do now what the tasks of the night do."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="run the tasks now, until nothing more is due")
        parser.add_argument("--kind", default="", help="this kind alone, by its code")
        parser.add_argument("--language", default="zh-hans", help="zh-hans or en")

    def handle(self, *, apply: bool, kind: str, language: str, **options: Any) -> None:
        as_of = timezone.now()
        with translation.override(language):
            self._say(as_of)
            if apply:
                for one in kinds():
                    if kind in ("", one.code):
                        self._apply(one, as_of)
            else:
                self.stdout.write(_("只是查看，没有改动。要现在就做：manage.py retention --apply"))

    def _say(self, as_of: dt.datetime) -> None:
        for line in table(as_of=as_of):
            row = row_of(line, as_of=as_of)
            said = _("%(code)s %(title)s：保留%(kept)s；现在到期 %(due)s；最早 %(oldest)s；下次 %(next)s") % {
                "code": line.kind.code, "title": row.title, "kept": row.kept, "due": row.due, "oldest": row.oldest,
                "next": row.next,
            }  # fmt: skip
            self.stdout.write(f"{said} {row.key}".rstrip())
        kept = kept_for()
        if kept is None:
            return
        rows = list(waiting(until=timezone.localdate(as_of + TOLD_BEFORE) - kept).select_related("member")[:MOST_NAMED])
        for one in leavers(rows, as_of=as_of):
            values = {"name": one.name, "unit": one.unit or "", "day": one.goes_on, "why": one.why_not}
            said = _("  %(unit)s %(name)s：最早 %(day)s 清除") % values
            self.stdout.write(said + (_("（%(why)s）") % values if one.why_not else ""))

    def _apply(self, one: Kind, as_of: dt.datetime) -> None:
        """Run its task until nothing is due, or until it makes no more headway: something may keep what is left."""
        first = before = one.due(as_of=as_of)
        for _turn in range(MOST_TURNS):
            if not before.count:
                break
            app.tasks[one.task].apply(throw=True)
            after = one.due(as_of=as_of)
            if after == before:
                break
            before = after
        if first.count:
            values = {"title": one.title, "left": before.count}
            self.stdout.write(_("%(title)s：做完了，还有 %(left)s 到期") % values)
