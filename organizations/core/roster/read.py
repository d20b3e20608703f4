"""A roster table read into rows, pure: columns, cells, what is wrong with them, and the level that a name suggests.

Nothing here speaks to people: problems are codes with parameters (``roster_texts.py`` has the sentences), and no
problem repeats a phone or ID number.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence

from organizations.core import phones
from organizations.core.roster.rows import (
    Cell,
    Line,
    NoValue,
    Problem,
    Remark,
    RosterRow,
    RosterTable,
    Sheet,
    UnableToReadRoster,
)

COLUMNS = {
    "org": ("组织", "所在组织", "所属组织", "所在党组织", "所属党组织"),
    "name": ("姓名",),
    "phone": ("手机号", "手机", "手机号码", "联系电话", "电话"),
    "number": ("编号", "人员编号", "党员编号"),
    "joined": ("加入日期", "转入日期", "加入本组织日期"),
    "status": ("状态",),
    "roles": ("角色", "职责"),
}
TITLE = {key: names[0] for key, names in COLUMNS.items()}
REQUIRED = ("org", "name", "phone")
STATUSES = {"在册": "active", "免学": "exempt"}
ROLES = {"书记": "secretary", "支部书记": "secretary", "组织员": "organiser", "讲师": "lecturer"}
IGNORED_TITLES = frozenset({"", "序号"})
HEADER_WITHIN_ROWS = 10
MAX_LEVELS = 10
MAX_NAME, MAX_NODE_NAME, MAX_NUMBER = 60, 120, 40
EARLIEST = dt.date(1921, 7, 1)
_EXCEL_EPOCH = dt.date(1899, 12, 30)

_FIELD_OF_TITLE = {name: key for key, names in COLUMNS.items() for name in names}
_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_PLAIN_FLOAT = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+")
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T]0{1,2}:00(?::00)?(?:\.0+)?)?")
_COMPACT_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_HAN_AND_SPACES = re.compile(r"[\u3400-\u9fff·\s]+")


def text_of(cell: Cell) -> str:
    """A cell as tidy text: full-width forms and odd spaces made plain, whole numbers without ``.0``."""
    if cell is None or isinstance(cell, NoValue):
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dt.date):
        return cell.isoformat()[:10]
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, int | float):
        return str(cell)
    return _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", cell))).strip()


def holds_id_number(cell: Cell) -> bool:
    """Whether the cell holds 18 digits in a row (the last may be X), also as a number that Excel rounded."""
    if isinstance(cell, bool):
        return False
    if isinstance(cell, int | float):
        return 1e17 <= abs(cell) < 1e18
    return isinstance(cell, str) and _ID_NUMBER.search(text_of(cell).replace(" ", "")) is not None


def number_key(number: str) -> str:
    """What a member number is compared by: case, width, spaces and leading zeros make no other person."""
    return text_of(number).replace(" ", "").upper().lstrip("0") or "0"


def read_roster(sheets: Iterable[Sheet], *, today: dt.date) -> RosterTable:
    """Turn sheets into persons and remarks. Raises UnableToReadRoster with everything that is wrong at once."""
    rows: list[RosterRow] = []
    remarks: list[Remark] = []
    for sheet in sheets:
        rows += _read_sheet(sheet.rows, today)
    return RosterTable(rows, remarks)


def _read_sheet(rows: Iterable[Line], today: dt.date) -> list[RosterRow]:
    filled = [(number, cells) for number, cells in rows if any(text_of(cell) for cell in cells)]
    if not filled:
        raise UnableToReadRoster([Problem(0, "", "empty")])
    _refuse_id_numbers(filled)
    header, columns = _find_header(filled)
    people: list[RosterRow] = []
    problems: list[Problem] = []
    for number, cells in filled[header + 1 :]:
        reader = _RowReader(number, {key: cells[i] if i < len(cells) else None for key, i in columns.items()}, today)
        person = reader.read()
        problems += reader.problems
        if person is not None:
            people.append(person)
    problems += _twice(people, "phone") + _twice(people, "number")
    if problems:
        raise UnableToReadRoster(sorted(problems, key=lambda problem: problem.row))
    if not people:
        raise UnableToReadRoster([Problem(0, "", "empty")])
    return people


def _refuse_id_numbers(rows: Sequence[Line]) -> None:
    found = [number for number, cells in rows if any(holds_id_number(cell) for cell in cells)]
    if found:
        raise UnableToReadRoster([Problem(found[0], "身份证号", "id_number", {"count": len(found)})])


def _title(cell: Cell) -> str:
    return re.sub(r"[\s*]|\((?:必填|选填)\)", "", text_of(cell))


def _find_header(rows: Sequence[Line]) -> tuple[int, dict[str, int]]:
    """The first row that names two or more required columns; title rows above it are skipped."""
    for index, (number, cells) in enumerate(rows[:HEADER_WITHIN_ROWS]):
        titles = [_title(cell) for cell in cells]
        known = [_FIELD_OF_TITLE.get(title) for title in titles]
        if len(set(REQUIRED).intersection(key for key in known if key)) >= 2:
            return index, _columns(number, titles)
    raise UnableToReadRoster([Problem(rows[0][0], "", "no_header")])


def _columns(number: int, titles: Sequence[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    problems: list[Problem] = []
    for index, title in enumerate(titles):
        key = _FIELD_OF_TITLE.get(title)
        if key is None:
            if title not in IGNORED_TITLES:
                problems.append(Problem(number, title[:20], "unknown_column"))
        elif key in columns:
            problems.append(Problem(number, key, "column_twice"))
        else:
            columns[key] = index
    problems += [Problem(number, key, "column_missing") for key in REQUIRED if key not in columns]
    if problems:
        raise UnableToReadRoster(problems)
    return columns


def _twice(people: Sequence[RosterRow], key: str) -> list[Problem]:
    """Later rows that repeat an earlier row's phone or member number."""
    first: dict[str, int] = {}
    problems = []
    for person in people:
        value = person.phone if key == "phone" else person.number
        if not value:
            continue
        if value in first:
            problems.append(Problem(person.row, key, "twice", {"first": first[value]}))
        else:
            first[value] = person.row
    return problems


class _RowReader:
    """Reads one row; collects what is wrong with it."""

    def __init__(self, row: int, cells: dict[str, Cell], today: dt.date) -> None:
        self.row = row
        self.cells = cells
        self.today = today
        self.problems: list[Problem] = []

    def read(self) -> RosterRow | None:
        person = RosterRow(
            row=self.row,
            path=self.path(),
            name=self.name(),
            phone=self.phone(),
            number=self.number(),
            joined=self.joined(),
            status=self.status(),
            roles=self.roles(),
        )
        if not self.problems and not person.phone and not person.number:
            self.wrong("phone", "missing")
        return None if self.problems else person

    def wrong(self, column: str, code: str, **values: str | int) -> None:
        self.problems.append(Problem(self.row, column, code, values))

    def text(self, column: str) -> str:
        """The cell's text; a control character (NUL above all) is a problem."""
        text = text_of(self.cells.get(column))
        if _CONTROL.search(text):
            self.wrong(column, "control")
            return ""
        return text

    def path(self) -> tuple[str, ...]:
        before = len(self.problems)
        levels = tuple(level.strip() for level in self.text("org").strip("/ ").split("/"))
        if len(self.problems) > before:
            return ()
        if levels == ("",):
            self.wrong("org", "missing")
        elif "" in levels:
            self.wrong("org", "empty_level")
        elif len(levels) > MAX_LEVELS:
            self.wrong("org", "too_deep", most=MAX_LEVELS)
        elif any(len(level) > MAX_NODE_NAME for level in levels):
            self.wrong("org", "too_long", most=MAX_NODE_NAME)
        return levels

    def name(self) -> str:
        before = len(self.problems)
        name = self.text("name")
        if _HAN_AND_SPACES.fullmatch(name):
            name = name.replace(" ", "")  # 王　五 is how lists line up two-character names
        if not name and len(self.problems) == before:
            self.wrong("name", "missing")
        elif len(name) > MAX_NAME:
            self.wrong("name", "too_long", most=MAX_NAME)
        return name

    def phone(self) -> str:
        text = self.text("phone")
        if match := _PLAIN_FLOAT.fullmatch(text):
            text = match[1]
        if not text:
            return ""
        if _SCIENTIFIC.fullmatch(text):
            self.wrong("phone", "digits_lost")
            return ""
        try:
            return phones.normalise(text)
        except phones.UnableToReadPhone:
            self.wrong("phone", "bad_phone")
            return ""

    def number(self) -> str | None:
        number = self.text("number")
        if len(number) > MAX_NUMBER:
            self.wrong("number", "too_long", most=MAX_NUMBER)
        return number or None

    def joined(self) -> dt.date | None:
        cell = self.cells.get("joined")
        if cell is None or text_of(cell) == "":
            return None
        date = date_of(cell)
        if date is None:
            self.wrong("joined", "bad_date")
        elif not EARLIEST <= date <= self.today + dt.timedelta(days=366):
            self.wrong("joined", "far_date")
        return date

    def status(self) -> str | None:
        text = self.text("status")
        if text and text not in STATUSES:
            self.wrong("status", "unknown_status")
        return STATUSES.get(text)

    def roles(self) -> frozenset[str] | None:
        if "roles" not in self.cells:
            return None
        words = [word for word in re.split(r"[、,;/\s]+", self.text("roles")) if word]
        unknown = [word for word in words if word not in ROLES]
        if unknown:
            self.wrong("roles", "unknown_role")
        return frozenset(ROLES[word] for word in words if word in ROLES)


def date_of(cell: Cell) -> dt.date | None:
    """A date from an Excel date, an Excel day number, or the usual ways to write one; None if it is none."""
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 1 <= cell < 100_000:
        return _EXCEL_EPOCH + dt.timedelta(days=int(cell))
    text = text_of(cell)
    match = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
