"""Writes any report from its rows: text cells for a page, XLSX, CSV and JSON. Strings stay strings, never formulas."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any, BinaryIO

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from attendance.models import RecordState
from attendance.queries.listing import listed_at
from attendance.reports.base import Cell, Report, Row, Scope
from attendance.reports.standing import rules_in_words, rules_of, still_open
from attendance.sentences.records import moment
from attendance.standing import DUE

ENCODINGS = {"utf-8": "utf-8-sig", "gbk": "gb18030"}
CONTENT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "json": "application/json",
}
A4 = 9  # as the format numbers paper
LONGEST_CELL = 32767  # characters, the format's limit
# A spreadsheet runs a cell that begins so, also behind blanks that it does not show.
_FORMULA = re.compile(r"^[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－﹣−＠﹢﹦﹫]|^[\t\r\n]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


class UnableToRender(ValueError):
    """No writer for that format or encoding."""


def text(cell: Cell) -> str:
    """Return a cell as a page and a CSV print it: numbers without a needless ``.0``, moments in local time."""
    if isinstance(cell, datetime):
        return moment(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return _CONTROL.sub("", str(cell))


def text_rows(rows: Iterable[Row]) -> Iterator[list[str]]:
    """Yield rows as the page prints them."""
    for row in rows:
        yield [text(cell) for cell in row]


def neutral(value: str) -> str:
    """Return ``value`` so that no spreadsheet takes it for a formula: an apostrophe stands before it."""
    return f"'{value}" if _FORMULA.match(value) else value


def write_csv(report: Report, scope: Scope, to: BinaryIO, *, encoding: str = "utf-8") -> None:
    """Write the header and the rows; UTF-8 carries a BOM for Excel, ``gbk`` is written as its superset GB18030."""
    if encoding not in ENCODINGS:
        raise UnableToRender(encoding)
    out = io.TextIOWrapper(to, encoding=ENCODINGS[encoding], newline="", write_through=True)
    writer = csv.writer(out)
    writer.writerow([neutral(str(column.title)) for column in report.columns])
    for row in report.rows(scope):
        writer.writerow([text(cell) if isinstance(cell, int | float) else neutral(text(cell)) for cell in row])
    out.detach()


def write_xlsx(report: Report, scope: Scope, to: BinaryIO, *, encoding: str = "utf-8") -> None:
    """Write a sheet a block and one that says as of when and by which rules; memory stays constant.

    A block without rows has no sheet, but the first always has one.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(to, options) as book:
        bold, date = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for index, section in enumerate(report.sections(scope)):
            first = next(section.rows, None)
            if first is not None or index == 0:
                rows = chain([first], section.rows) if first is not None else ()
                write_sheet(book.add_worksheet(section.title[:31]), report, rows, bold=bold, date=date)
        about = book.add_worksheet(str(_("说明")))
        about.set_column(0, 1, 40)
        own: Any = getattr(report, "facts", None)  # of a list that is of no training
        for line, (key, value) in enumerate(own(scope) if own else facts(report, scope)):
            about.write_string(line, 0, key, bold)
            about.write_string(line, 1, text(value))


def write_sheet(sheet: Worksheet, report: Report, rows: Iterable[Row], *, bold: Format, date: Format) -> None:
    """Write the heading and the rows, ready to be filtered and printed: A4 across, the heading on each page."""
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for index, column in enumerate(report.columns):
        sheet.set_column(index, index, column.width)
        sheet.write_string(0, index, str(column.title), bold)
    line = 0
    for line, row in enumerate(rows, start=1):
        for index, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(line, index, text(cell)[:LONGEST_CELL])
            elif isinstance(cell, datetime):
                at = timezone.localtime(cell).replace(tzinfo=None, second=0, microsecond=0)
                sheet.write_datetime(line, index, at, date)
            else:
                sheet.write_number(line, index, cell)
    sheet.autofilter(0, 0, line, len(report.columns) - 1)


def write_json(report: Report, scope: Scope, to: BinaryIO, *, encoding: str = "utf-8") -> None:
    """Write one object: what the report is of, its columns, and its rows as objects by column key."""
    undecided = still_open(scope)
    head = {
        "report": report.name,
        "training": {"id": scope.training.pk, "title": scope.training.title},
        "node": {"code": scope.node.code, "name": scope.node.name},
        "as_of": scope.as_of.isoformat(),
        "rules": rules_of(scope),
        "pending": undecided.get(RecordState.PENDING.value, 0),
        "due": undecided.get(DUE, 0),
        "being_listed": [one.title for one in listed_at(scope.training.pk)],
        "columns": {column.key: str(column.title) for column in report.columns},
    }
    keys = [column.key for column in report.columns]
    to.write(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "rows": [')
    for index, row in enumerate(report.rows(scope)):
        cells = {
            key: cell if isinstance(cell, int | float) else text(cell) for key, cell in zip(keys, row, strict=True)
        }
        to.write((b",\n" if index else b"\n") + json.dumps(cells, ensure_ascii=False).encode())
    to.write(b"\n]}\n")


def facts(report: Report, scope: Scope) -> list[tuple[str, str]]:
    """Return what every report says about itself: of what, as of when, by which rules, and what is not decided yet."""
    undecided = still_open(scope)
    listed = [one.title for one in listed_at(scope.training.pk)]
    said = [(_("名单正在整理，还没有列入"), _("、").join(listed))] if listed else []
    return [
        (_("报表"), str(report.title)),
        (_("培训"), scope.training.title),
        (_("组织"), scope.node.name),
        (_("截至"), moment(scope.as_of)),
        (_("认定规则"), _("。").join(rules_in_words(scope))),
        (_("正在认定（人次）"), str(undecided.get(RecordState.PENDING.value, 0))),
        (_("课程还在学（人次）"), str(undecided.get(DUE, 0))),
        *said,
    ]


Writer = Callable[..., None]
WRITERS: dict[str, Writer] = {"xlsx": write_xlsx, "csv": write_csv, "json": write_json}


def write(report: Report, scope: Scope, to: BinaryIO, *, form: str, encoding: str = "utf-8") -> None:
    """Write ``report`` of ``scope`` to an open binary file as ``form`` (xlsx, csv, json); raises UnableToRender."""
    if form not in WRITERS:
        raise UnableToRender(form)
    WRITERS[form](report, scope, to, encoding=encoding)
