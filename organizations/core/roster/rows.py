"""What a roster file is made of, what is read from it, what is said about it and what is wrong with it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NoValue:
    """A cell that shows something in Excel but holds no value: ``why`` is "formula" (never calculated) or "error"."""

    why: str


Cell = str | float | int | bool | dt.date | NoValue | None
Line = tuple[int, Sequence[Cell]]


@dataclass(frozen=True)
class Area:
    """A merged area; all four numbers count from 1 as the sheet shows them, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """One sheet of a file: ``(the sheet's own row number, cells)``, no empty rows. A CSV file is one nameless sheet.

    ``left_out``: why its rows were not read at all ("hidden"), else empty. ``epoch``: the day that a plain number 0
    means as a date (workbooks made on old Macs count from 1904). ``cut``: a formatted tail without content was cut.
    """

    name: str
    rows: Sequence[Line]
    hidden_rows: frozenset[int] = frozenset()
    merged: tuple[Area, ...] = ()
    left_out: str = ""
    epoch: dt.date = dt.date(1899, 12, 30)
    cut: bool = False


@dataclass(frozen=True)
class RosterRow:
    """One person as the file has them, or one of several rows of a person that differ only in ``role_path``."""

    row: int  # the sheet's own row number
    path: tuple[str, ...]
    name: str
    phone: str  # E.164; empty: the file says nothing
    number: str | None
    joined: dt.date | None
    status: str | None  # active | exempt | transferred | died | stopped
    roles: frozenset[str] | None  # auditor included; None: the file says nothing
    sheet: str = ""  # the name of the sheet when more than one is read
    left: dt.date | None = None  # 离开日期
    role_path: tuple[str, ...] | None = None  # 任职组织: where the roles are held; None: the row's own unit
    decision: str | None = None  # 说明: renamed | new_phone | new_person | namesake
    public_id: str | None = None  # 系统编号, as our own export writes it: User.public_id
    roles_only_added: bool = False  # the roles come from 党内职务, which cannot say that somebody has no other role


@dataclass(frozen=True)
class Problem:
    """Why a row (0: the whole sheet or file) cannot be taken; ``column`` is a key of COLUMNS or a title."""

    row: int
    column: str
    code: str
    values: dict[str, str | int] = field(default_factory=dict)
    sheet: str = ""


@dataclass(frozen=True)
class Remark:
    """Something said about a file that can be taken: what was skipped, filled or cut (row 0: the whole sheet)."""

    sheet: str
    row: int
    code: str
    values: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class RosterTable:
    rows: list[RosterRow]
    remarks: list[Remark]


class UnableToReadRoster(Exception):
    """The file or some of its rows cannot be taken."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = list(problems)
