"""Reads one Excel file in a process of its own, with limits, and prints its rows as JSON lines.

Run by path (``sheets.py`` does): ``python -I sheet_reader.py FILE MAX_ROWS MAX_COLUMNS``. Imports nothing of the
project, so that a hostile file meets as little as possible. A refusal is one line ``{"refused": code}``.
"""

import datetime as dt
import json
import re
import resource
import sys
import zipfile
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

import defusedxml.sax
from defusedxml.common import DefusedXmlException
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MEMORY_BYTES = 2 * 2**30
CPU_S = 120
MAX_PARTS = 2000
MAX_UNPACKED_BYTES = 400 * 2**20
CHUNK_BYTES = 2**20
HEADER_WITHIN_ROWS = 10
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class Refused(Exception):
    """The file is not taken; the code says why."""


class SheetShape(ContentHandler):
    """Measures a worksheet before anything allocates it: two far-apart cells would make a table of gigabytes."""

    def __init__(self, max_rows: int, max_columns: int) -> None:
        super().__init__()
        self.max_rows = max_rows
        self.max_columns = max_columns
        self.rows = 0

    def startElement(self, name: str, attrs: Any) -> None:
        tag = name.rpartition(":")[2]
        if tag == "row":
            self.rows += 1
            self.check(rows=max(self.rows, number_of(attrs.get("r", "0"))))
        elif tag == "c" and (match := _CELL.fullmatch(attrs.get("r", ""))):
            self.check(rows=int(match[2]), columns=column_number(match[1]))

    def check(self, *, rows: int, columns: int = 0) -> None:
        if rows > self.max_rows:
            raise Refused("too_many_rows")
        if columns > self.max_columns:
            raise Refused("too_many_columns")


def number_of(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def check_zip(path: str, max_rows: int, max_columns: int) -> None:
    """Caps from the zip directory first; then every part is unpacked once, counted, and its XML read defused."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise Refused("too_big_unpacked")
        for part in parts:
            if part.flag_bits & 1:
                raise Refused("encrypted")
            if part.filename.endswith((".xml", ".rels", ".vml")):
                handler = SheetShape(max_rows, max_columns) if "/worksheets/" in part.filename else ContentHandler()
                with archive.open(part) as stream:
                    defusedxml.sax.parse(stream, handler, forbid_dtd=True)
            else:
                with archive.open(part) as stream:  # the directory may lie about sizes: the checksum does not
                    while stream.read(CHUNK_BYTES):
                        pass


def plain(value: Any) -> Any:
    """A cell as JSON: dates as ``{"date": iso}``, everything that is neither number, text nor date as text."""
    if isinstance(value, dt.datetime | dt.date):
        return {"date": value.isoformat()[:10]}
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    return str(value)


def sheet_rows(path: str, max_rows: int, max_columns: int) -> list[tuple[int, list[Any]]]:
    """Rows of the first visible worksheet that names 姓名 near its top, else of the first visible one."""
    with open(path, "rb") as file, CalamineWorkbook.from_filelike(file) as book:  # by content, not by suffix
        visible = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        fallback: list[tuple[int, list[Any]]] = []
        for name in visible:
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height > max_rows:
                raise Refused("too_many_rows")
            if sheet.total_width > max_columns:
                raise Refused("too_many_columns")
            rows = [(number, cells) for number, cells in enumerate(sheet.iter_rows(), start=1) if any(filled(cells))]
            if any("姓名" in str(cell) for _, cells in rows[:HEADER_WITHIN_ROWS] for cell in cells):
                return rows
            fallback = fallback or rows
    return fallback


def filled(cells: list[Any]) -> list[bool]:
    return [cell not in ("", None) for cell in cells]


def main(path: str, max_rows: int, max_columns: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    try:
        if zipfile.is_zipfile(path):
            check_zip(path, max_rows, max_columns)
        for number, cells in sheet_rows(path, max_rows, max_columns):
            sys.stdout.write(json.dumps([number, [plain(cell) for cell in cells]], ensure_ascii=True) + "\n")
    except Refused as refusal:
        sys.stdout.write(json.dumps({"refused": str(refusal)}) + "\n")
    except PasswordError:
        sys.stdout.write(json.dumps({"refused": "encrypted"}) + "\n")
    except DefusedXmlException:
        sys.stdout.write(json.dumps({"refused": "hostile"}) + "\n")
    except (CalamineError, SAXParseException, zipfile.BadZipFile, EOFError, OSError, ValueError, MemoryError):
        sys.stdout.write(json.dumps({"refused": "unreadable"}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
