"""One row of a roster read into a person, with everything that is wrong in it."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass

from organizations.core import phones
from organizations.core.roster.cells import (
    CONTROL,
    LOST_CHARACTER,
    SCIENTIFIC,
    date_of,
    number_text,
    text_of,
    tidy_name,
    tidy_unit,
)
from organizations.core.roster.rows import Cell, NoValue, Problem, RosterRow
from organizations.core.roster.words import DECISIONS, LEAVING, NO_ROLE, OTHER_POSTS, ROLES, STATUSES
from organizations.core.units import is_name

MAX_LEVELS = 10
MAX_NAME, MAX_NODE_NAME, MAX_NUMBER = 60, 120, 40
EARLIEST = dt.date(1921, 7, 1)
MAX_EXACT = 10**15
ROUNDED = 10**6
_PLAIN_FLOAT = re.compile(r"([0-9]+)\.0+")
_OTHER_SEPARATOR = re.compile(r"[\\>|→»›➔➜]")
_BETWEEN_ROLES = re.compile(r"[、,;/\s兼]+")
_LEAVING_DATES = {"transferred_date": "transferred", "died_date": "died", "stopped_date": "stopped"}


@dataclass(frozen=True)
class Sources:
    """What all rows of one sheet share: the day of the import, the sheet's name and its calendar."""

    today: dt.date
    sheet: str
    epoch: dt.date


class PersonReader:
    """Reads one row; collects what is wrong with it, and words that were passed over."""

    def __init__(self, row: int, cells: dict[str, Cell], sources: Sources) -> None:
        self.row = row
        self.cells = cells
        self.sources = sources
        self.problems: list[Problem] = []
        self.other_posts: list[str] = []
        self.decision_unknown = False

    def read(self) -> RosterRow | None:
        self.check_values()
        path, name = self.path("org", needed=True), self.name()
        phone, number, public_id = self.phone(), self.number(), self.public_id()
        joined = self.date("joined")
        status, left = self.leaving()
        roles, only_added = self.all_roles()
        person = RosterRow(
            row=self.row,
            sheet=self.sources.sheet,
            path=path or (),
            name=name,
            phone=phone,
            number=number,
            public_id=public_id,
            joined=joined,
            status=status,
            left=left,
            roles=roles,
            roles_only_added=only_added,
            role_path=self.path("role_path"),
            decision=self.decision(),
        )
        if not self.problems and not (person.phone or person.number or person.public_id):
            self.wrong("phone", "missing")
        if not self.problems and person.role_path and person.roles is None:
            self.wrong("role_path", "role_missing")
        return None if self.problems else person

    def wrong(self, column: str, code: str, **values: str | int) -> None:
        self.problems.append(Problem(self.row, column, code, values, self.sources.sheet))

    def check_values(self) -> None:
        """A formula that was never calculated shows nothing to us, an error is no text."""
        for column, cell in self.cells.items():
            if isinstance(cell, NoValue):
                self.wrong(column, cell.why)

    def text(self, column: str) -> str:
        """The cell's text; a control character (NUL above all) is a problem."""
        text = text_of(self.cells.get(column))
        if CONTROL.search(text):
            self.wrong(column, "control")
            return ""
        return text

    def faulty(self, column: str) -> bool:
        return any(problem.column == column for problem in self.problems)

    def path(self, column: str, *, needed: bool = False) -> tuple[str, ...] | None:
        """The levels from the top down; None where the cell is empty, which is a problem where it is needed."""
        text = self.text(column)
        levels = tuple(tidy_unit(level) for level in text.strip("/ ").split("/"))
        if self.faulty(column):
            return None
        if levels == ("",):
            if needed:
                self.wrong(column, "missing")
            return None
        if _OTHER_SEPARATOR.search(text):
            self.wrong(column, "other_separator")
        elif "" in levels:
            self.wrong(column, "empty_level")
        elif len(levels) > MAX_LEVELS:
            self.wrong(column, "too_deep", most=MAX_LEVELS)
        elif any(len(level) > MAX_NODE_NAME for level in levels):
            self.wrong(column, "too_long", most=MAX_NODE_NAME)
        elif LOST_CHARACTER.search(text):
            self.wrong(column, "lost_character")
        elif not all(map(is_name, levels)):
            self.wrong(column, "bad_unit_name")
        return levels

    def name(self) -> str:
        cell = self.cells.get("name")
        self.text("name")
        if self.faulty("name"):
            return ""
        name = tidy_name(cell if isinstance(cell, str) else text_of(cell))
        if not name:
            self.wrong("name", "missing")
        elif len(name) > MAX_NAME:
            self.wrong("name", "too_long", most=MAX_NAME)
        elif LOST_CHARACTER.search(name):
            self.wrong("name", "lost_character")
        return name

    def phone(self) -> str:
        cell = self.cells.get("phone")
        self.text("phone")
        text = number_text(cell)
        if match := _PLAIN_FLOAT.fullmatch(text):
            text = match[1]
        if not text or self.faulty("phone"):
            return ""
        if SCIENTIFIC.fullmatch(text) or (isinstance(cell, int | float) and cell >= ROUNDED and cell % ROUNDED == 0):
            self.wrong("phone", "digits_lost")
            return ""
        try:
            return phones.normalise(text)
        except phones.UnableToReadPhone as error:
            if error.code != "no_phone" or not (self.text("number") or self.text("public_id")):
                self.wrong("phone", error.code)
            return ""

    def number(self) -> str | None:
        cell = self.cells.get("number")
        self.text("number")
        number = number_text(cell)
        if match := _PLAIN_FLOAT.fullmatch(number):
            number = match[1]
        if SCIENTIFIC.fullmatch(number) or (isinstance(cell, int | float) and abs(cell) >= MAX_EXACT):
            self.wrong("number", "digits_lost")
        elif len(number) > MAX_NUMBER:
            self.wrong("number", "too_long", most=MAX_NUMBER)
        return number or None

    def public_id(self) -> str | None:
        text = self.text("public_id")
        if not text:
            return None
        try:
            return str(uuid.UUID(text))
        except ValueError:
            self.wrong("public_id", "bad_public_id")
            return None

    def date(self, column: str) -> dt.date | None:
        cell = self.cells.get(column)
        if text_of(cell) == "":
            return None
        date = date_of(cell, epoch=self.sources.epoch)
        if date is None:
            self.wrong(column, "bad_date")
        elif not EARLIEST <= date <= self.sources.today + dt.timedelta(days=366):
            self.wrong(column, "far_date")
        return date

    def leaving(self) -> tuple[str | None, dt.date | None]:
        """State and day of leaving; 转出日期 and its like say both where no state is written."""
        status = self.status("status")
        left = self.date("left")
        for column, meaning in _LEAVING_DATES.items():
            if date := self.date(column):
                if status not in (None, meaning) or left not in (None, date):
                    self.wrong(column, "leaving_twice")
                status, left = meaning, date
        status = status or self.status("category")
        if left and status not in LEAVING and not self.faulty("status") and not self.faulty("category"):
            self.wrong("left", "left_without_status")
        return status, left

    def status(self, column: str) -> str | None:
        text = self.text(column).replace(" ", "")
        if text and text not in STATUSES:
            self.wrong(column, "unknown_status")
        return STATUSES.get(text)

    def all_roles(self) -> tuple[frozenset[str] | None, bool]:
        """The roles, and whether they come from the posts of a membership list, which end no role."""
        if "roles" in self.cells:
            return self.roles(), False
        words = self.words("posts")
        self.other_posts += [word for word in words if word not in ROLES and word not in NO_ROLE]
        posts = frozenset(ROLES[word] for word in words if word in ROLES)
        return posts or None, bool(posts)

    def roles(self) -> frozenset[str]:
        words = self.words("roles")
        self.other_posts += [word for word in words if OTHER_POSTS.fullmatch(word)]
        if any(word not in ROLES and word not in NO_ROLE and word not in self.other_posts for word in words):
            self.wrong("roles", "unknown_role")
        return frozenset(ROLES[word] for word in words if word in ROLES)

    def words(self, column: str) -> list[str]:
        return [word for word in _BETWEEN_ROLES.split(self.text(column)) if word]

    def decision(self) -> str | None:
        text = self.text("decision").replace(" ", "")
        self.decision_unknown = bool(text) and text not in DECISIONS
        return DECISIONS.get(text)
