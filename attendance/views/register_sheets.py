"""The register on paper: a month a sheet of A4 across, so many names as fit on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from attendance.queries.register import months_of
from attendance.standing import DONE
from attendance.views.register_asked import month_words
from attendance.views.register_table import Head, Register

SIDE_BY_SIDE = 9  # occasions of a month beside which a second column of names fits on a sheet
ROWS_A_BLOCK = 33  # names below each other on an A4 sheet across


@dataclass(frozen=True)
class Block:
    """So many rows as stand below each other on a sheet."""

    rows: list[tuple[int, str, list[str], str]]


@dataclass(frozen=True)
class Sheet:
    """One sheet of paper: one month, and so many names as fit."""

    title: str
    heads: list[Head]
    blocks: list[Block]
    sums: list[str]
    number: int
    of: int


def sheets_of(register: Register) -> list[Sheet]:
    """Return the register as sheets of A4 across: a month each, names in two columns where there is room."""
    found = []
    for month in months_of(register.occasions):
        at = [
            number
            for number, one in enumerate(register.occasions)
            if timezone.localdate(one.starts_at).replace(day=1) == month
        ]
        found += _sheets_of_month(register, month, at)
    return found


def _sheets_of_month(register: Register, month: date, at: Sequence[int]) -> list[Sheet]:
    occasions = [register.occasions[number] for number in at]
    rows = []
    for number, person in enumerate(register.shown, start=1):
        cells = [person.cells[one.pk] for one in occasions if one.pk in person.cells]
        done, asked = sum(cell.state in DONE for cell in cells), sum(cell.state != "exempt" for cell in cells)
        rows.append((number, person.name, [register.sign(one, person)[0] for one in occasions], f"{done}/{asked}"))
    blocks = [Block(rows[start : start + ROWS_A_BLOCK]) for start in range(0, len(rows), ROWS_A_BLOCK)]
    a_sheet = 2 if len(at) <= SIDE_BY_SIDE else 1
    pages = [blocks[start : start + a_sheet] for start in range(0, len(blocks), a_sheet)]
    heads, sums = register.heads, register.sums
    return [
        Sheet(month_words(month), [heads[one] for one in at], page, [sums[one] for one in at], number, len(pages))
        for number, page in enumerate(pages, start=1)
    ]
