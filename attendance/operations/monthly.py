"""The monthly file of a top unit: all records of the trainings that went on in a month, sealed by its SHA-256.

The file is private (``VAR_DIR/monthly``) and expires; the row with its checksum stays, so that a file that was handed
over can be checked for ever, and the head of the chain in it proves which evidence there was.
"""

import hashlib
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import structlog
import xlsxwriter
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.models import MonthlyFile, Occasion, Training
from attendance.queries import CALLED_OFF
from attendance.queries.sealing import SEALED_AFTER, last_seal, start_of
from attendance.reports.base import Report, Row, Scope, report_named
from attendance.reports.render import text
from attendance.reports.render import write_sheet as write_rows
from attendance.sentences.records import moment
from organizations.models import Node

log = structlog.get_logger(__name__)

MADE_FROM_DAY = 2  # of the month after: the last evening's evidence is sealed by then
SHEET_ROWS = 1_000_000  # a sheet holds 1,048,576
BUFFER = 1 << 20
MOST_NAME = 1 << 16  # of the part of a file that says what it is
NAMED = re.compile(rb"fingertip-monthly:(\d+):(\d{4}-\d{2})")


def path_of(one: MonthlyFile) -> Path:
    return Path(settings.VAR_DIR) / "monthly" / f"{one.node_id}-{one.month:%Y-%m}.xlsx"


def make_due(*, as_of: datetime) -> MonthlyFile | None:
    """Make one file of last month that is not there yet; None when there is nothing left to make. Safe to repeat."""
    local = timezone.localtime(as_of - SEALED_AFTER)
    month = (local.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    if local.day < MADE_FROM_DAY:
        return None
    done = MonthlyFile.objects.filter(month=month).values("node_id")
    node = Node.objects.filter(depth=1, closed_date=None).exclude(pk__in=done).order_by("path").first()
    return make(node=node, month=month, as_of=as_of) if node is not None else None


def make(*, node: Node, month: date, as_of: datetime) -> MonthlyFile | None:
    """Write the file of a unit and month and keep its checksum; None if another worker was quicker."""
    seal = last_seal()
    one = MonthlyFile(node=node, month=month, made_at=as_of, head=seal.digest if seal else "")
    path = path_of(one)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{as_of.timestamp():.0f}")
    try:
        one.rows = _write(part, one)
        with part.open("rb") as file:
            one.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        one.size = part.stat().st_size
        with transaction.atomic():
            one.save()  # claims the month; only whoever has it puts a file there
            part.replace(path)
    except IntegrityError:
        return None
    finally:
        part.unlink(missing_ok=True)
    log.info("monthly_file_made", node_id=node.pk, month=f"{month:%Y-%m}", sha256=one.sha256, rows=one.rows)
    return one


def _write(part: Path, one: MonthlyFile) -> int:
    report = report_named("records")
    at = [column.key for column in report.columns].index("state")
    counts: dict[str, Counter[str]] = {}
    part.touch(mode=0o600)
    with xlsxwriter.Workbook(str(part), {"constant_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"comments": f"fingertip-monthly:{one.node_id}:{one.month:%Y-%m}"})
        bold, date = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for training in _trainings(one):
            counted = counts.setdefault(training.title, Counter())
            rows = _counted(report.rows(Scope(training=training, node=one.node, as_of=one.made_at)), at, counted)
            while some := next(rows, None):
                number = len(book.worksheets()) + 1
                name = re.sub(r"[\[\]:*?/\\']", " ", f"{number} {training.title}")[:31]
                write_rows(
                    book.add_worksheet(name), report, _with(some, islice(rows, SHEET_ROWS - 1)), bold=bold, date=date
                )
        _write_counts(book, one, report, counts)
    return sum(counted.total() for counted in counts.values())


def _trainings(one: MonthlyFile) -> list[Training]:
    """Return the trainings of which an occasion of this unit or above began in the month."""
    first, after = start_of(one.month), start_of((one.month + timedelta(days=32)).replace(day=1))
    held = Occasion.objects.filter(starts_at__gte=first, starts_at__lt=after, node__path__startswith=one.node.path)
    held = held.exclude(state__in=[*CALLED_OFF, Occasion.State.SCHEDULED])
    return list(Training.objects.filter(pk__in=held.values("training_id")).order_by("starts_date", "pk"))


def _counted(rows: Iterator[Row], at: int, counted: Counter[str]) -> Iterator[Row]:
    for row in rows:
        counted[str(row[at])] += 1
        yield row


def _with(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest


def _write_counts(book: xlsxwriter.Workbook, one: MonthlyFile, report: Report, counts: dict[str, Counter[str]]) -> None:
    sheet, bold = book.add_worksheet(str(_("汇总"))), book.add_format({"bold": True})
    sheet.set_column(0, 1, 30)
    said = [
        (_("报表"), f"{report.title} · {one.month:%Y-%m}"),
        (_("组织"), one.node.name),
        (_("截至"), moment(one.made_at)),
        (_("封存链"), one.head),
        *((f"{title} · {state}", str(count)) for title, by in counts.items() for state, count in sorted(by.items())),
    ]
    for line, (key, value) in enumerate(said):
        sheet.write_string(line, 0, text(str(key)), bold)
        sheet.write_string(line, 1, text(value))


def expire(*, as_of: datetime) -> int:
    """Delete the files whose time is over; their checksums stay. Returns how many."""
    before = as_of - timedelta(days=settings.MONTHLY_FILE_KEEP_DAYS)
    old = list(MonthlyFile.objects.filter(expired_at=None, made_at__lt=before).order_by("made_at")[:100])
    for one in old:
        path_of(one).unlink(missing_ok=True)
        MonthlyFile.objects.filter(pk=one.pk).update(expired_at=as_of)
    return len(old)


def check(file: BinaryIO) -> tuple[str, MonthlyFile | None]:
    """Return what a file is: ``sealed`` with its row, ``altered`` with the row that it says it is, or ``unknown``."""
    total = hashlib.sha256()
    while piece := file.read(BUFFER):
        total.update(piece)
    if one := MonthlyFile.objects.select_related("node").filter(sha256=total.hexdigest()).first():
        return "sealed", one
    file.seek(0)
    said = _named(file)
    one = MonthlyFile.objects.select_related("node").filter(**said).first() if said else None
    return ("altered", one) if one else ("unknown", None)


def _named(file: BinaryIO) -> dict[str, object] | None:
    """Return which file a workbook says it is; nothing else of it is read, and that little only."""
    try:
        with zipfile.ZipFile(file) as book, book.open("docProps/core.xml") as part:
            found = NAMED.search(part.read(MOST_NAME))
    except (KeyError, OSError, RuntimeError, ValueError, NotImplementedError, zipfile.BadZipFile, EOFError):
        return None
    if found is None:
        return None
    year, month = map(int, found[2].split(b"-"))
    node_id = int(found[1][:18])
    return {"node_id": node_id, "month": date(year, month, 1)} if 0 < month <= 12 and year else None
