"""``manage.py verify_chain``: whether every sealed row is as it was. Exit status 0: it is, 1: something is not."""

import json
import time
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from attendance.queries.verifying import Checked, problems
from config import chain

MOST_NAMED = 100


class Command(BaseCommand):
    help = "Check the ledger against its seals (ADR 37); names what was altered, removed or added."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=_day, help="only the seals from this day on, YYYY-MM-DD")
        parser.add_argument("--head", default="", help="a seal's digest noted elsewhere; it must be in the chain")

    def handle(self, *args: Any, since: date | None, head: str, **options: Any) -> None:
        checked, began, found = Checked(), time.monotonic(), 0
        for found, problem in enumerate(problems(since=since, head=head, checked=checked), start=1):
            if found <= MOST_NAMED:
                self.stderr.write(str(problem))
        took = time.monotonic() - began
        chain.note(checked, found, is_whole=since is None, as_of=timezone.now())
        said = {
            "seals": checked.seals, "rows": checked.rows, "removed": checked.removed, "late": checked.late,
            "problems": found, "head": checked.head, "seconds": round(took, 2),
        }  # fmt: skip
        self.stdout.write(json.dumps(said))
        if found:
            raise SystemExit(1)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text} is no day, write YYYY-MM-DD") from error
