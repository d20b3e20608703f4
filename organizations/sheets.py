"""Roster files into sheets: Excel files through a limited process of their own, CSV here."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from organizations.core.csvfile import UnableToDecode, decode, rows_of
from organizations.core.roster import Area, Cell, Line, NoValue, Problem, Sheet, UnableToReadRoster

READER = Path(__file__).with_name("sheet_reader.py")
READER_TIMEOUT_S = 180
ZIP_MAGIC, OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
EXCEL_SUFFIXES = {".xlsx", ".xlsm", ".xls", ".et", ".ods"}
EPOCH_1900, EPOCH_1904 = dt.date(1899, 12, 30), dt.date(1904, 1, 1)


def read_table(path: Path, *, name: str = "") -> list[Sheet]:
    """The sheets of the file; what it is shows in its first bytes, the name only says what it should be.

    Raises UnableToReadRoster with one problem about the whole file.
    """
    suffix = Path(name or path.name).suffix.lower()
    size = path.stat().st_size
    if size == 0:
        raise _refused("empty")
    if size > settings.ROSTER_MAX_BYTES:
        raise _refused("too_big", most=settings.ROSTER_MAX_BYTES // 2**20)
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith((ZIP_MAGIC, OLE_MAGIC)):
        return _excel_sheets(path)
    if suffix in EXCEL_SUFFIXES:
        raise _refused("unreadable")
    if suffix != ".csv":
        raise _refused("unknown_kind")
    return [_csv_sheet(path)]


def _refused(code: str, **values: str | int) -> UnableToReadRoster:
    return UnableToReadRoster([Problem(0, "", code, values)])


def _csv_sheet(path: Path) -> Sheet:
    try:
        rows = [(number, trimmed(cells)) for number, cells in rows_of(decode(path.read_bytes()))]
    except UnableToDecode as error:
        raise _refused("encoding") from error
    rows = [(number, cells) for number, cells in rows if cells]
    if len(rows) > settings.ROSTER_MAX_ROWS:
        raise _refused("too_many_rows", most=settings.ROSTER_MAX_ROWS)
    if any(len(cells) > settings.ROSTER_MAX_COLUMNS for _, cells in rows):
        raise _refused("too_many_columns", most=settings.ROSTER_MAX_COLUMNS)
    return Sheet("", rows)


def trimmed(cells: list[str]) -> list[Cell]:
    """The cells without the empty ones at the end, which some programs write in great number."""
    while cells and not cells[-1].strip():
        cells.pop()
    return list(cells)


def _excel_sheets(path: Path) -> list[Sheet]:
    command = [sys.executable, "-I", str(READER), str(path)]
    limits = [str(settings.ROSTER_MAX_ROWS), str(settings.ROSTER_MAX_COLUMNS)]
    try:
        done = subprocess.run(  # noqa: S603 - our own reader
            # A hostile file finds none of our secrets in there.
            [*command, *limits], capture_output=True, timeout=READER_TIMEOUT_S, check=False, env={"LANG": "C.UTF-8"}
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _refused("unreadable") from error
    if done.returncode != 0:  # killed by its limits, or the reader gave up in a way it does not know
        raise _refused("unreadable")
    sheets: list[Sheet] = []
    rows: list[Line] = []
    for line in done.stdout.splitlines():
        record = json.loads(line)
        if isinstance(record, list):
            rows.append((record[0], [_cell(cell) for cell in record[1]]))
        elif "refused" in record:
            raise _refused(record["refused"], most=_most(record["refused"]))
        else:
            rows = []
            sheets.append(_sheet(record, rows))
    return sheets


def _sheet(head: dict[str, Any], rows: list[Line]) -> Sheet:
    if "left_out" in head:
        return Sheet(head["sheet"], rows, left_out=head["left_out"])
    return Sheet(
        head["sheet"],
        rows,
        hidden_rows=frozenset(head["hidden_rows"]),
        merged=tuple(Area(*area) for area in head["merged"]),
        epoch=EPOCH_1904 if head["epoch_1904"] else EPOCH_1900,
        cut=head["cut"],
    )


def _most(code: str) -> int:
    return settings.ROSTER_MAX_COLUMNS if code == "too_many_columns" else settings.ROSTER_MAX_ROWS


def _cell(value: str | float | int | bool | dict[str, str] | None) -> Cell:
    if not isinstance(value, dict):
        return value
    return NoValue(value["none"]) if "none" in value else dt.date.fromisoformat(value["date"])
