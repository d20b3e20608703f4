"""``manage.py replay_trace FILE …``: play traces through the ledger and print what it says, one JSON line a file."""

import gc
import json
import logging
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from attendance.replay.play import replay
from attendance.replay.scratch import scratch_database
from attendance.replay.trace import UnableToReadTrace, read_trace

MANY = 20  # files from which on it is worth having several processes


class Command(BaseCommand):
    help = "Play traces through the ledger on a scratch database; one JSON object a file. 2: a trace is malformed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            for answer in _answers(files):
                self.stdout.write(answer)
        except UnableToReadTrace as error:
            message = " ".join(str(error).split()).encode("utf-8", "backslashreplace").decode()
            raise CommandError(message, returncode=2) from error
        finally:
            logging.disable(before)


def _answers(files: list[Path]) -> Iterator[str]:
    """Yield the answer to each file, in order; many are shared among the processors, each with its own database."""
    if len(files) < MANY:
        with scratch_database():
            yield from map(_played, files)
        return
    # Forked, so that nothing is loaded twice: what the parent has open no child ever uses.
    with ProcessPoolExecutor(mp_context=get_context("fork"), initializer=_work_on_scratch) as processes:
        yield from processes.map(_played, files, chunksize=4)


_held = ExitStack()  # what a process of its own works on, until it ends


def _work_on_scratch() -> None:  # pragma: no cover - in a process of its own
    _held.enter_context(scratch_database())
    gc.freeze()  # all that is loaded stays: the collector need not walk through it again and again


def _played(path: Path) -> str:
    try:
        trace = read_trace(path.read_bytes())
    except (OSError, UnableToReadTrace) as error:
        raise UnableToReadTrace(f"{path}: {error}") from error
    with transaction.atomic():
        answer = replay(trace)
        # Thrown away: the next file finds the database empty, and nothing is queued or announced.
        transaction.set_rollback(True)
    return json.dumps(answer, ensure_ascii=False)
