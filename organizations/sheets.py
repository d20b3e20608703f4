"""Roster files into rows: Excel files through a limited process of their own, CSV here."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from organizations.core.csvfile import UnableToDecode, decode, rows_of
from organizations.core.roster import Cell, Problem, Sheet, UnableToReadRoster

READER = Path(__file__).with_name("sheet_reader.py")
READER_TIMEOUT_S = 180
ZIP_MAGIC, OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
EXCEL_SUFFIXES = {".xlsx", ".xls", ".et"}

Rows = list[tuple[int, list[Cell]]]


def read_table(path: Path, *, name: str = "") -> list[Sheet]:
    """``(row number, cells)`` of the file; what it is shows in its first bytes, the name only says what it should be.

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
        return [Sheet("", _excel_rows(path))]
    if suffix in EXCEL_SUFFIXES:
        raise _refused("unreadable")
    if suffix != ".csv":
        raise _refused("unknown_kind")
    return [Sheet("", _csv_rows(path))]


def _refused(code: str, **values: str | int) -> UnableToReadRoster:
    return UnableToReadRoster([Problem(0, "", code, values)])


def _csv_rows(path: Path) -> Rows:
    try:
        rows = rows_of(decode(path.read_bytes()))
    except UnableToDecode as error:
        raise _refused("encoding") from error
    if len(rows) > settings.ROSTER_MAX_ROWS:
        raise _refused("too_many_rows", most=settings.ROSTER_MAX_ROWS)
    if any(len(cells) > settings.ROSTER_MAX_COLUMNS for _, cells in rows):
        raise _refused("too_many_columns", most=settings.ROSTER_MAX_COLUMNS)
    return [(number, list(cells)) for number, cells in rows]


def _excel_rows(path: Path) -> Rows:
    command = [sys.executable, "-I", str(READER), str(path)]
    limits = [str(settings.ROSTER_MAX_ROWS), str(settings.ROSTER_MAX_COLUMNS)]
    try:
        done = subprocess.run([*command, *limits], capture_output=True, timeout=READER_TIMEOUT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise _refused("unreadable") from error
    if done.returncode != 0:  # killed by its limits, or the reader gave up in a way it does not know
        raise _refused("unreadable")
    rows: Rows = []
    for line in done.stdout.splitlines():
        record = json.loads(line)
        if isinstance(record, dict):
            raise _refused(record["refused"], most=_most(record["refused"]))
        rows.append((record[0], [_cell(cell) for cell in record[1]]))
    return rows


def _most(code: str) -> int:
    return settings.ROSTER_MAX_COLUMNS if code == "too_many_columns" else settings.ROSTER_MAX_ROWS


def _cell(value: str | float | int | bool | dict[str, str] | None) -> Cell:
    return dt.date.fromisoformat(value["date"]) if isinstance(value, dict) else value
