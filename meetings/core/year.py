"""A year of one form of meeting: into which periods it falls, how often it was held in each, what is still open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Per(StrEnum):
    """In which period a form is asked so many times."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


LENGTHS = {Per.MONTH: 1, Per.QUARTER: 3, Per.HALF: 6, Per.YEAR: 12}


class State(StrEnum):
    """How a period stands: enough was held; it still runs and something is open; it lies ahead; it ended with less than
    was asked; nothing is asked of it."""

    HELD = "held"
    OPEN = "open"
    AHEAD = "ahead"
    SHORT = "short"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Period:
    """Months ``first`` to ``last`` (1-12, both included) of a year."""

    year: int
    first: int
    last: int

    @property
    def months(self) -> int:
        return self.last - self.first + 1

    def has(self, day: date) -> bool:
        return day.year == self.year and self.first <= day.month <= self.last

    def is_over(self, today: date) -> bool:
        return (today.year, today.month) > (self.year, self.last)

    def is_ahead(self, today: date) -> bool:
        return (today.year, today.month) < (self.year, self.first)


@dataclass(frozen=True, slots=True)
class Cell:
    """One period of a form: the days on which it was held or is planned, and how often it is asked. ``overdue``: those
    planned whose time is over and that nobody has written down."""

    period: Period
    state: State
    held: tuple[date, ...]
    planned: tuple[date, ...]
    asked: int
    overdue: tuple[date, ...] = ()

    @property
    def left(self) -> int:
        """How many are still asked for, planned ones not counted."""
        return max(0, self.asked - len(self.held))


def periods(year: int, per: Per) -> list[Period]:
    """Return the periods of a year, in order."""
    length = LENGTHS[per]
    return [Period(year, first, first + length - 1) for first in range(1, 13, length)]


def cells(
    *,
    year: int,
    per: Per,
    times: int,
    held: Iterable[date],
    planned: Iterable[date],
    today: date,
    overdue: Iterable[date] = (),
) -> list[Cell]:
    """Return the year of a form that is asked ``times`` in each period (0: not asked by number)."""
    held, planned, overdue = sorted(held), sorted(planned), sorted(overdue)
    found = []
    for period in periods(year, per):
        here = tuple(day for day in held if period.has(day))
        coming = tuple(day for day in planned if period.has(day))
        late = tuple(day for day in overdue if period.has(day))
        found.append(Cell(period, _state(period, len(here), times, today), here, coming, times, late))
    return found


def _state(period: Period, held: int, asked: int, today: date) -> State:
    if asked and held >= asked:
        return State.HELD
    if not asked:
        return State.HELD if held else State.FREE
    if period.is_ahead(today):
        return State.AHEAD
    return State.SHORT if period.is_over(today) else State.OPEN


def asked_in_year(per: Per, times: int) -> int:
    """Return how often a form is asked in a whole year."""
    return times * 12 // LENGTHS[per]
