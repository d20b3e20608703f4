"""Sheets into persons, with remarks on what was passed over and problems with what cannot be taken."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from organizations.core.roster.cells import holds_id_number, number_key, text_of
from organizations.core.roster.headings import (
    Header,
    find_header,
    is_header_again,
    read_header,
    title_rows,
)
from organizations.core.roster.likeness import name_key
from organizations.core.roster.person import PersonReader, Sources
from organizations.core.roster.rows import (
    Area,
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
from organizations.core.roster.words import LEAVING_WORDS, NO_PERSON, NOTES_SHEETS

FILLED_DOWN = ("org", "role_path", "joined", "status", "left")
NAMED_ROWS = 20
LEAVING = frozenset({"transferred", "died", "stopped"})
_DIGITS = re.compile(r"[0-9]{5}")


def read_roster(sheets: Iterable[Sheet], *, today: dt.date) -> RosterTable:
    """Turn sheets into persons and remarks. Raises UnableToReadRoster with everything that is wrong at once."""
    read, remarks = _sheets_to_read(list(sheets))
    rows: list[RosterRow] = []
    problems: list[Problem] = []
    for sheet in read:
        reader = _SheetReader(sheet, sheet.name if len(read) > 1 else "", today)
        rows += reader.read()
        remarks += reader.remarks
        problems += reader.problems
    rows = _without_copies(rows, remarks)
    problems += _twice(rows, today)
    if problems:
        order = {sheet.name: place for place, sheet in enumerate(read)}
        raise UnableToReadRoster(sorted(problems, key=lambda problem: (order.get(problem.sheet, 0), problem.row)))
    if not rows:
        raise UnableToReadRoster([Problem(0, "", "empty")])
    return RosterTable(rows, remarks)


def _sheets_to_read(sheets: list[Sheet]) -> tuple[list[Sheet], list[Remark]]:
    """The visible sheets with a heading; the others that hold anything are named."""
    shown = [sheet for sheet in sheets if not sheet.left_out and _filled(sheet.rows)]
    remarks = [Remark(sheet.name, 0, "sheet_hidden") for sheet in sheets if sheet.left_out]
    if not shown:
        raise UnableToReadRoster([Problem(0, "", "only_hidden" if remarks else "empty")])
    for sheet in shown:
        _refuse_id_numbers(sheet, sheet.name if len(shown) > 1 else "")
    read = []
    for sheet in shown:
        if sheet.name in NOTES_SHEETS or find_header(sheet) is None:
            remarks.append(Remark(sheet.name, 0, "sheet_notes" if sheet.name in NOTES_SHEETS else "sheet_no_header"))
        else:
            read.append(sheet)
    if not read:
        raise UnableToReadRoster([Problem(shown[0].rows[0][0], "", "no_header")])
    return read, remarks


def _filled(rows: Sequence[Line]) -> list[Line]:
    return [(number, cells) for number, cells in rows if any(_shows(cell) for cell in cells)]


def _shows(cell: Cell) -> bool:
    return isinstance(cell, NoValue) or text_of(cell) != ""


def _refuse_id_numbers(sheet: Sheet, name: str) -> None:
    found = [number for number, cells in sheet.rows if any(holds_id_number(cell) for cell in cells)]
    if found:
        raise UnableToReadRoster([Problem(found[0], "身份证号", "id_number", {"count": len(found)}, name)])


def listed(rows: Sequence[int]) -> str:
    """Row numbers for a sentence; of very many the first."""
    more = "…" if len(rows) > NAMED_ROWS else ""
    return "、".join(str(row) for row in rows[:NAMED_ROWS]) + more


class _SheetReader:
    """Reads one sheet that has a heading."""

    def __init__(self, sheet: Sheet, name: str, today: dt.date) -> None:
        self.sheet = sheet
        self.name = name
        self.sources = Sources(today=today, sheet=name, epoch=sheet.epoch)
        self.remarks: list[Remark] = []
        self.problems: list[Problem] = []

    def read(self) -> list[RosterRow]:
        found = find_header(self.sheet)
        assert found is not None  # noqa: S101  # only sheets with a heading are read
        try:
            header, remarks = read_header(self.sheet, found)
        except UnableToReadRoster as error:
            self.problems = [replace(problem, sheet=self.name) for problem in error.problems]
            return []
        rows = _filled(self.sheet.rows)
        self.remarks = [replace(remark, sheet=self.name) for remark in remarks]
        self.remark_rows("title_rows", title_rows(rows, header))
        if self.sheet.cut:
            self.remark("tail_cut")
        rows = self.fill_merged(self.persons([row for row in rows if row[0] > header.last], header), header)
        self.remark_rows("hidden_rows", [number for number, _ in rows if number in self.sheet.hidden_rows])
        self.remark_leaving_words(rows, header)
        return self.people(rows, header)

    def remark(self, code: str, row: int = 0, **values: str | int) -> None:
        self.remarks.append(Remark(self.name, row, code, values))

    def remark_rows(self, code: str, rows: Sequence[int], **values: str | int) -> None:
        if rows:
            self.remark(code, rows[0], rows=listed(rows), **values)

    def persons(self, rows: Sequence[Line], header: Header) -> list[Line]:
        """The rows without those that are no person: totals, signatures, errors of copied formulas, headings again."""
        kept, passed_over = [], []
        for number, cells in rows:
            if self.is_no_person(cells, header):
                passed_over.append(number)
            else:
                kept.append((number, cells))
        self.remark_rows("no_person_rows", passed_over)
        return kept

    def is_no_person(self, cells: Sequence[Cell], header: Header) -> bool:
        texts = [text_of(cell) for cell in cells]
        first = next((text for text in texts if text), "")
        if not first:
            return not any(isinstance(cell, NoValue) and cell.why == "formula" for cell in cells)
        if is_header_again(cells, header):
            return True
        identity = [header.columns[key] for key in ("phone", "public_id") if key in header.columns]
        numbered = any(place < len(texts) and _DIGITS.search(texts[place]) for place in identity)
        return not numbered and NO_PERSON.match(first.replace(" ", "")) is not None

    def fill_merged(self, rows: list[Line], header: Header) -> list[Line]:
        """Give each row the unit (state, day) that is merged over it; in a column with merged cells also into gaps."""
        by_number = {number: list(cells) for number, cells in rows}
        filled: set[int] = set()
        for key in FILLED_DOWN:
            place = header.columns.get(key)
            areas = [area for area in self.sheet.merged if place is not None and _covers(area, place, header.last)]
            if place is None or not areas:
                continue
            above: Cell = None
            for number, cells in by_number.items():
                cells += [None] * (place + 1 - len(cells))
                area = next((area for area in areas if area.top <= number <= area.bottom), None)
                if area and area.top == number and area.left - 1 < place:
                    cells[place] = cells[area.left - 1]
                if _shows(cells[place]):
                    above = cells[place]
                elif area or key == "org":
                    cells[place] = above
                    filled.add(number)
        self.remark_rows("merged_filled", sorted(filled))
        return list(by_number.items())

    def remark_leaving_words(self, rows: Sequence[Line], header: Header) -> None:
        """A column that is not read but says 已故 or 转出: those people would come in as if they were here."""
        read = set(header.columns.values()) - {header.columns.get("decision")}
        found: dict[int, str] = {}
        for number, cells in rows:
            for place, cell in enumerate(cells):
                if place not in read and isinstance(cell, str) and (match := LEAVING_WORDS.search(text_of(cell))):
                    found[number] = match[0]
        if found:
            self.remark_rows("leaving_words", list(found), words="、".join(sorted(set(found.values()))))

    def people(self, rows: Sequence[Line], header: Header) -> list[RosterRow]:
        people, posts, decisions = [], set(), []
        for number, cells in rows:
            row = {key: cells[place] if place < len(cells) else None for key, place in header.columns.items()}
            reader = PersonReader(number, row, self.sources)
            person = reader.read()
            self.problems += reader.problems
            posts |= set(reader.other_posts)
            if reader.decision_unknown:
                decisions.append(number)
            if person is not None:
                people.append(person)
        if posts:
            self.remark("other_posts", header.first, posts="、".join(sorted(posts)))
        if "posts" in header.columns and "roles" not in header.columns:
            self.remark("posts_only_added", header.first)
        self.remark_rows("decision_unknown", decisions)
        return people


def _covers(area: Area, place: int, last_of_header: int) -> bool:
    return area.left <= place + 1 <= area.right and area.bottom > area.top and area.bottom > last_of_header


def _without_copies(rows: list[RosterRow], remarks: list[Remark]) -> list[RosterRow]:
    """Leave out rows that another sheet has word for word: a list of everybody beside a sheet for each branch."""
    first: dict[RosterRow, RosterRow] = {}
    kept: list[RosterRow] = []
    copies: dict[str, list[int]] = {}
    for row in rows:
        same = first.setdefault(replace(row, row=0, sheet=""), row)
        if same is row or same.sheet == row.sheet:
            kept.append(row)
        else:
            copies.setdefault(row.sheet, []).append(row.row)
    remarks += [Remark(sheet, of[0], "copies", {"rows": listed(of)}) for sheet, of in copies.items()]
    return kept


def _twice(rows: Sequence[RosterRow], today: dt.date) -> list[Problem]:
    """Later rows that repeat an earlier row's phone or member number, unless they are one person's roles elsewhere.

    A phone that the row of somebody who has left still shows is free: for another name it is no repetition.
    """
    problems = []
    given_up = _phones_given_up(rows, today)
    for key in ("public_id", "phone", "number"):
        first: dict[str, RosterRow] = {}
        for row in rows:
            value = getattr(row, key)
            value = number_key(value) if key == "number" and value else value
            if key == "phone" and row.row in given_up.get((row.sheet, row.phone), ()):
                continue
            other = first.setdefault(value, row) if value else row
            if other is not row and not _same_person_other_role(other, row):
                problems.append(_repeats(row, other, key, today))
    return problems


def _repeats(row: RosterRow, other: RosterRow, key: str, today: dt.date) -> Problem:
    if key == "phone" and name_key(row.name) != name_key(other.name):
        later = next((one for one in (other, row) if one.status in LEAVING and one.left and one.left > today), None)
        taker = row if later is other else other
        if later is not None and later.left is not None and taker.status not in LEAVING:
            said: dict[str, str | int] = {"name": later.name, "day": later.left.isoformat()}
            return Problem(taker.row, key, "free_later", said, taker.sheet)
    values: dict[str, str | int] = {"first": other.row}
    if other.sheet != row.sheet:
        values["first_sheet"] = other.sheet
    return Problem(row.row, key, "twice", values, row.sheet)


def _phones_given_up(rows: Sequence[RosterRow], today: dt.date) -> dict[tuple[str, str], set[int]]:
    """By sheet and phone: rows of people who have left by today, where people of other names, who stay, have it."""
    staying: dict[str, set[str]] = {}
    for row in rows:
        if row.phone and row.status not in LEAVING:
            staying.setdefault(row.phone, set()).add(name_key(row.name))
    found: dict[tuple[str, str], set[int]] = {}
    leavers: dict[str, str] = {}
    for row in rows:
        gone = row.status in LEAVING and (row.left is None or row.left <= today)
        if not gone or row.phone not in staying or name_key(row.name) in staying[row.phone]:
            continue
        if leavers.setdefault(row.phone, row.name) == row.name:  # two who leave with one phone are still a mistake
            found.setdefault((row.sheet, row.phone), set()).add(row.row)
    return found


def _same_person_other_role(one: RosterRow, other: RosterRow) -> bool:
    def person(row: RosterRow) -> tuple[object, ...]:
        return row.path, row.name, row.phone, row.number and number_key(row.number), row.public_id

    return person(one) == person(other) and one.role_path != other.role_path
