"""How taking part becomes training hours (学时), and how many of them a year asks. Pure.

Hours follow what one took part in, never how long somebody was online: a course of 90 minutes gives the same to
everybody who finished it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Any

TENTH, HALF, MONTHS = Decimal("0.1"), Decimal("0.5"), 12
ZERO = Decimal(0)


class Form(StrEnum):
    """How somebody took part, as an hours table tells it apart."""

    LIVE = "live"
    COURSE = "course"
    GATHERING = "gathering"
    HALL = "hall"
    VISIT = "visit"
    DECLARED = "declared"


OWN = ""
"""In a record and a stamp: the occasion's own form (a lecture's, a course's), which its kind says."""


class UnableToReadConversion(ValueError):
    """Hours below nothing, or for no minutes."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """``hours`` for each ``minutes`` that what one took part in is long; without ``minutes``: for the whole of it."""

    hours: Decimal
    minutes: int | None = None

    def __post_init__(self) -> None:
        if self.hours < 0 or (self.minutes is not None and self.minutes <= 0):
            raise UnableToReadConversion(f"{self.hours} for {self.minutes} minutes")

    def of(self, length_ms: int) -> Decimal:
        """Return the hours for a length, cut to a tenth."""
        if self.minutes is None:
            return self.hours
        return (self.hours * length_ms / (self.minutes * 60_000)).quantize(TENTH, ROUND_DOWN)

    def as_json(self) -> dict[str, Any]:
        return {"hours": str(self.hours), "minutes": self.minutes}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Conversion:
        return cls(Decimal(values["hours"]), values.get("minutes"))


def owed(rates: Iterable[Decimal | None], *, by_month: bool) -> Decimal:
    """Return what a year asks of somebody, from what a whole year would ask in each of its months (None: nothing).

    By the month each counts a twelfth, and the sum is cut to half an hour, to the person's good. Otherwise a year is
    owed whole, by the highest of its rates.
    """
    counted = [rate for rate in rates if rate is not None]
    if not counted:
        return ZERO
    if not by_month:
        return max(counted)
    return (sum(counted, ZERO) / MONTHS // HALF) * HALF


def capped(earned: Decimal, cap: Decimal | None) -> Decimal:
    """Return what of the hours earned in one form counts for the year."""
    return earned if cap is None else min(earned, cap)
