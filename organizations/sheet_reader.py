"""Reads one spreadsheet in a process of its own, with limits, and prints its sheets and rows as JSON lines.

Run by path (``sheets.py`` does): ``python -I sheet_reader.py FILE MAX_ROWS MAX_COLUMNS``. Imports nothing of the
project, so that a hostile file meets as little as possible. A refusal is one line ``{"refused": code}``; otherwise
each sheet is one line ``{"sheet": name, …}`` (see ``head_of``) followed by its rows ``[number, cells]``.
"""

import datetime as dt
import json
import posixpath
import re
import resource
import struct
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

import defusedxml.sax
from defusedxml.common import DefusedXmlException
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum
from python_calamine import SheetVisibleEnum as Visible

MEMORY_BYTES = 2 * 2**30
CPU_S = 120
MAX_PARTS = 2000
MAX_UNPACKED_BYTES = 400 * 2**20
MAX_VALUELESS = 500_000
CHUNK_BYTES = 2**20
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
END_OF_CHAIN = 0xFFFFFFFA


class Refused(Exception):
    """The file is not taken; the code says why."""


@dataclass
class Shape:
    """What the cells' values do not tell: hidden rows, merged areas, cells that show something but hold no value."""

    hidden_rows: set[int] = field(default_factory=set)
    merged: list[list[int]] = field(default_factory=list)
    valueless: dict[tuple[int, int], str] = field(default_factory=dict)
    cut: bool = False

    def note_valueless(self, row: int, column: int, why: str) -> None:
        if len(self.valueless) < MAX_VALUELESS:
            self.valueless[row, column] = why


@dataclass
class Book:
    """``shapes`` by the sheet's place in the file."""

    shapes: dict[int, Shape] = field(default_factory=dict)
    epoch_1904: bool = False


def number_of(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


class WorksheetHandler(ContentHandler):
    """Measures a worksheet before anything allocates it: two far-apart values would make a table of gigabytes.

    Formatted cells without a value do not count: calamine leaves them out.
    """

    def __init__(self, max_rows: int, max_columns: int) -> None:
        super().__init__()
        self.max_rows, self.max_columns = max_rows, max_columns
        self.shape = Shape()
        self.row = self.column = 0
        self.kind = ""
        self.formula = self.value = self.reading = False

    def startElement(self, name: str, attrs: Any) -> None:
        tag = name.rpartition(":")[2]
        if tag == "c":
            match = _CELL.fullmatch(attrs.get("r", ""))
            self.column = column_number(match[1]) if match else self.column + 1
            self.row = int(match[2]) if match else self.row
            self.kind, self.formula, self.value = attrs.get("t", ""), False, False
        elif tag in ("v", "t"):
            self.reading = True
        elif tag == "f":
            self.formula = True
        elif tag == "row":
            self.row, self.column = number_of(attrs.get("r", "")) or self.row + 1, 0
            if attrs.get("hidden") in ("1", "true"):
                self.shape.hidden_rows.add(self.row)

    def characters(self, content: str) -> None:
        if self.reading and content:
            self.value = True

    def endElement(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag in ("v", "t"):
            self.reading = False
        elif tag == "c":
            self.end_cell()

    def end_cell(self) -> None:
        beyond_rows, beyond_columns = self.row > self.max_rows, self.column > self.max_columns
        if beyond_rows or beyond_columns:
            if self.value:
                raise Refused("too_many_rows" if beyond_rows else "too_many_columns")
            self.shape.cut = True
        elif self.kind == "e":
            self.shape.note_valueless(self.row, self.column, "error")
        elif self.formula and not self.value and self.kind != "str":
            self.shape.note_valueless(self.row, self.column, "formula")


class WorkbookHandler(ContentHandler):
    """Sheets in their order, by the id of their part, and the calendar."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.epoch_1904 = False

    def startElement(self, name: str, attrs: Any) -> None:
        tag = name.rpartition(":")[2]
        if tag == "sheet":
            self.parts.append(next((attrs[key] for key in attrs.getNames() if key.endswith(":id")), ""))
        elif tag == "workbookPr":
            self.epoch_1904 = attrs.get("date1904") in ("1", "true")


class RelationsHandler(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.targets: dict[str, str] = {}

    def startElement(self, name: str, attrs: Any) -> None:
        if name.rpartition(":")[2] == "Relationship":
            self.targets[attrs.get("Id", "")] = attrs.get("Target", "")


class ManifestHandler(ContentHandler):
    """META-INF/manifest.xml of an OpenDocument: says whether its parts are encrypted."""

    def startElement(self, name: str, attrs: Any) -> None:
        if name.rpartition(":")[2] == "encryption-data":
            raise Refused("encrypted")


class OpenDocumentHandler(ContentHandler):
    """Hidden rows and merged areas of content.xml; a filled row that is said to repeat for ever is refused."""

    def __init__(self, max_rows: int, max_columns: int) -> None:
        super().__init__()
        self.max_rows, self.max_columns = max_rows, max_columns
        self.shapes: list[Shape] = []
        self.row = self.column = 0
        self.repeat = 1

    def startElement(self, name: str, attrs: Any) -> None:
        tag = name.rpartition(":")[2]
        if tag == "table" and name.startswith("table:"):
            self.shapes.append(Shape())
            self.row = 0
        elif tag == "table-row" and self.shapes:
            self.row, self.column = self.row + 1, 0
            self.repeat = max(number_of(attrs.get("table:number-rows-repeated", "1")), 1)
            if attrs.get("table:visibility") in ("collapse", "filter") and self.repeat <= self.max_rows:
                self.shapes[-1].hidden_rows.update(range(self.row, self.row + self.repeat))
        elif tag in ("table-cell", "covered-table-cell") and self.shapes:
            self.cell(attrs)

    def cell(self, attrs: Any) -> None:
        repeat = max(number_of(attrs.get("table:number-columns-repeated", "1")), 1)
        if "office:value-type" in attrs:
            if self.row + self.repeat - 1 > self.max_rows:
                raise Refused("too_many_rows")
            if self.column + repeat > self.max_columns:
                raise Refused("too_many_columns")
        down = number_of(attrs.get("table:number-rows-spanned", "1"))
        across = number_of(attrs.get("table:number-columns-spanned", "1"))
        if down > 1 or across > 1:
            area = [self.row, self.column + 1, self.row + max(down, 1) - 1, self.column + max(across, 1)]
            self.shapes[-1].merged.append(area)
        self.column += repeat

    def endElement(self, name: str) -> None:
        if name == "table:table-row":
            self.row += self.repeat - 1


def check_zip(path: str, max_rows: int, max_columns: int) -> Book:
    """Caps from the zip directory first; then every part is unpacked once, counted, and its XML read defused."""
    handlers: dict[str, Any] = {}
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise Refused("too_big_unpacked")
        for part in parts:
            if part.flag_bits & 1:
                raise Refused("encrypted")
            with archive.open(part) as stream:
                if part.file_size and part.filename.endswith((".xml", ".rels", ".vml")):
                    handler = handlers[part.filename] = handler_for(part.filename, max_rows, max_columns)
                    defusedxml.sax.parse(stream, handler, forbid_dtd=True)
                    continue
                while stream.read(CHUNK_BYTES):  # the directory may lie about sizes: the checksum does not
                    pass
    return book_of(handlers)


def handler_for(name: str, max_rows: int, max_columns: int) -> ContentHandler:
    folder, base = posixpath.split(name)
    if folder.endswith("/worksheets"):
        return WorksheetHandler(max_rows, max_columns)
    if name == "content.xml":
        return OpenDocumentHandler(max_rows, max_columns)
    if name == "META-INF/manifest.xml":
        return ManifestHandler()
    if base.startswith("workbook"):
        return RelationsHandler() if base.endswith(".rels") else WorkbookHandler()
    return ContentHandler()


def book_of(handlers: dict[str, Any]) -> Book:
    """Put together what the parts of the file said, by the sheet's place."""
    if isinstance(document := handlers.get("content.xml"), OpenDocumentHandler):
        return Book(dict(enumerate(document.shapes)))
    book = Book()
    for name, handler in handlers.items():
        if not isinstance(handler, WorkbookHandler):
            continue
        folder, base = posixpath.split(name)
        relations = handlers.get(f"{folder}/_rels/{base}.rels")
        targets = relations.targets if isinstance(relations, RelationsHandler) else {}
        book.epoch_1904 = handler.epoch_1904
        for place, part in enumerate(handler.parts):
            target = posixpath.normpath(posixpath.join("/", folder, targets.get(part, ""))).lstrip("/")
            sheet = handlers.get(target)
            if isinstance(sheet, WorksheetHandler):
                book.shapes[place] = sheet.shape
    return book


class CompoundFile:
    """Just enough of Microsoft's compound file to name its streams and read one ([MS-CFB])."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = 1 << min(struct.unpack_from("<H", data, 30)[0], 16)
        (fat_count,) = struct.unpack_from("<I", data, 44)
        first_directory, _, cutoff, first_mini_fat = struct.unpack_from("<4I", data, 48)
        tables = list(struct.unpack_from("<109I", data, 76))
        (more,) = struct.unpack_from("<I", data, 68)
        while more < END_OF_CHAIN and len(tables) < fat_count:
            *listed, more = struct.unpack(f"<{self.size // 4}I", self.sector(more))
            tables += listed
        self.fat = [entry for table in tables[:fat_count] if table < END_OF_CHAIN for entry in self.numbers(table)]
        self.entries = dict(self.directory(b"".join(self.chain(first_directory, self.fat))))
        self.cutoff = cutoff
        self.mini_fat_start = first_mini_fat

    def sector(self, number: int) -> bytes:
        start = (number + 1) * self.size
        part = self.data[start : start + self.size]
        return part.ljust(self.size, b"\0")

    def numbers(self, sector: int) -> tuple[int, ...]:
        return struct.unpack(f"<{self.size // 4}I", self.sector(sector))

    def chain(self, start: int, fat: list[int]) -> Iterator[bytes]:
        seen: set[int] = set()
        while start < len(fat) and start not in seen:
            seen.add(start)
            yield self.sector(start)
            start = fat[start]

    @staticmethod
    def directory(data: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
        for at in range(0, len(data) - 127, 128):
            (length,) = struct.unpack_from("<H", data, at + 64)
            name = data[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
            yield name, struct.unpack_from("<II", data, at + 116)

    def stream(self, name: str) -> bytes:
        start, size = self.entries[name]
        if size >= self.cutoff:
            return b"".join(self.chain(start, self.fat))[:size]
        whole = b"".join(self.chain(self.entries["Root Entry"][0], self.fat))
        fat_bytes = b"".join(self.chain(self.mini_fat_start, self.fat))
        mini_fat = struct.unpack(f"<{len(fat_bytes) // 4}I", fat_bytes)
        parts, seen = [], set()
        while start < len(mini_fat) and start not in seen:
            seen.add(start)
            parts.append(whole[start * 64 : start * 64 + 64])
            start = mini_fat[start]
        return b"".join(parts)[:size]


BOUND_SHEET, DATE_1904, FILE_PASS, ROW, BOOL_ERR, FORMULA, END = 0x85, 0x22, 0x2F, 0x208, 0x205, 0x06, 0x0A


def records(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records of one substream, up to its end ([MS-XLS])."""
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<HH", data, at)
        yield kind, data[at + 4 : at + 4 + length]
        if kind == END:
            return
        at += 4 + length


def check_compound(data: bytes) -> Book:
    """An old .xls, or a new file behind a password."""
    file = CompoundFile(data)
    if "EncryptionInfo" in file.entries:
        raise Refused("encrypted")
    name = next((name for name in ("Workbook", "Book") if name in file.entries), "")
    book = Book()
    if not name:
        return book
    stream = file.stream(name)
    starts = []
    for kind, body in records(stream, 0):
        if kind == FILE_PASS:
            raise Refused("encrypted")
        if kind == DATE_1904:
            book.epoch_1904 = body[:1] == b"\x01"
        elif kind == BOUND_SHEET:
            starts.append(struct.unpack_from("<I", body)[0])
    for place, start in enumerate(starts):
        book.shapes[place] = old_shape(stream, start)
    return book


def old_shape(stream: bytes, start: int) -> Shape:
    shape = Shape()
    for kind, body in records(stream, start):
        if kind not in (ROW, BOOL_ERR, FORMULA) or len(body) < 8:
            continue
        row, column = struct.unpack_from("<HH", body)
        if kind == ROW:
            if len(body) >= 14 and struct.unpack_from("<H", body, 12)[0] & 0x20:
                shape.hidden_rows.add(row + 1)
        elif (kind == BOOL_ERR and body[7]) or (kind == FORMULA and body[6] == 2 and body[12:14] == b"\xff\xff"):
            shape.note_valueless(row + 1, column + 1, "error")
    return shape


def check(path: str, max_rows: int, max_columns: int) -> Book:
    if zipfile.is_zipfile(path):
        return check_zip(path, max_rows, max_columns)
    with open(path, "rb") as file:
        data = file.read()
    try:
        return check_compound(data)
    except (struct.error, IndexError, KeyError):
        return Book()  # calamine says whether it is a workbook at all


def plain(value: Any) -> Any:
    """A cell as JSON: dates as ``{"date": iso}``, everything that is neither number, text nor date as text."""
    if isinstance(value, dt.datetime | dt.date):
        return {"date": value.isoformat()[:10]}
    if isinstance(value, str | bool | int | float) or value is None:
        return value
    return str(value)


def lines_of(path: str, book: Book, max_rows: int, max_columns: int) -> Iterator[Any]:
    """Each worksheet's head and rows; of a hidden one the head alone."""
    with open(path, "rb") as file, CalamineWorkbook.from_filelike(file) as workbook:  # by content, not by suffix
        for place, metadata in enumerate(workbook.sheets_metadata):
            if metadata.typ != SheetTypeEnum.WorkSheet:
                continue
            shape = book.shapes.get(place, Shape())
            if metadata.visible != Visible.Visible:
                yield {"sheet": metadata.name, "left_out": "hidden"}
                continue
            sheet = workbook.get_sheet_by_name(metadata.name)
            if sheet.total_height >= max_rows or sheet.total_width >= max_columns:
                raise Refused("too_many_rows" if sheet.total_height >= max_rows else "too_many_columns")
            yield head_of(metadata.name, sheet, shape, epoch_1904=book.epoch_1904)
            for number, cells in enumerate(sheet.iter_rows(), start=1):
                row = [value_of(cell, shape, number, column) for column, cell in enumerate(cells, start=1)]
                if any(cell not in ("", None) for cell in row):
                    yield [number, row]


def head_of(name: str, sheet: CalamineSheet, shape: Shape, *, epoch_1904: bool) -> dict[str, Any]:
    merged = [
        [top + 1, left + 1, bottom + 1, right + 1] for (top, left), (bottom, right) in sheet.merged_cell_ranges or []
    ]
    return {
        "sheet": name,
        "hidden_rows": sorted(shape.hidden_rows),
        "merged": merged or shape.merged,
        "epoch_1904": epoch_1904,
        "cut": shape.cut,
    }


def value_of(cell: Any, shape: Shape, row: int, column: int) -> Any:
    if cell in ("", None) and shape.valueless:
        why = shape.valueless.get((row, column))
        return {"none": why} if why else cell
    return plain(cell)


def main(path: str, max_rows: int, max_columns: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    refused = ""
    try:
        for line in lines_of(path, check(path, max_rows, max_columns), max_rows, max_columns):
            sys.stdout.write(json.dumps(line, ensure_ascii=True) + "\n")
    except Refused as refusal:
        refused = str(refusal)
    except PasswordError:
        refused = "encrypted"
    except DefusedXmlException:
        refused = "hostile"
    except (CalamineError, SAXParseException, zipfile.BadZipFile, EOFError, OSError, ValueError, MemoryError):
        refused = "unreadable"
    if refused:
        sys.stdout.write(json.dumps({"refused": refused}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
