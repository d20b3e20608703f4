"""``manage.py replay_trace FILE …``: play traces through the ledger and print what it says, one JSON line a file."""

import json
import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from attendance.replay.play import replay
from attendance.replay.scratch import scratch_database
from attendance.replay.trace import UnableToReadTrace, read_trace


class Command(BaseCommand):
    help = "Play traces through the ledger on a scratch database; one JSON object a file. 2: a trace is malformed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            self._replay(files)
        finally:
            logging.disable(before)

    def _replay(self, files: list[Path]) -> None:
        with scratch_database():
            for path in files:
                try:
                    trace = read_trace(path.read_bytes())
                except (OSError, UnableToReadTrace) as error:
                    message = " ".join(f"{path}: {error}".split()).encode("utf-8", "backslashreplace").decode()
                    raise CommandError(message, returncode=2) from error
                with transaction.atomic():
                    answer = replay(trace)
                    # Thrown away: the next file finds the database empty, and nothing is queued or announced.
                    transaction.set_rollback(True)
                self.stdout.write(json.dumps(answer, ensure_ascii=False))
