"""Which days a calendar page shows: a month in whole weeks, or one week; weeks begin on Monday. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

WEEK = 7
FIRST_YEAR, LAST_YEAR = 2000, 2100
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Stretch:
    """``first``: the month's first day, or the week's Monday."""

    first: date
    is_week: bool

    @property
    def begins(self) -> date:
        """The first day shown: a Monday."""
        return _monday(self.first)

    @property
    def ends(self) -> date:
        """The first day not shown any more: a Monday too."""
        if self.is_week:
            return self.first + timedelta(days=WEEK)
        return _monday(_next_month(self.first) - timedelta(days=1)) + timedelta(days=WEEK)

    @property
    def weeks(self) -> list[list[date]]:
        """Its days, a list a week."""
        days = [self.begins + timedelta(days=count) for count in range((self.ends - self.begins).days)]
        return [days[at : at + WEEK] for at in range(0, len(days), WEEK)]

    def holds(self, day: date) -> bool:
        """Whether a day is of this month or week, and not only beside it."""
        return self.is_week or (day.year, day.month) == (self.first.year, self.first.month)

    @property
    def name(self) -> str:
        """What asks for it (``stretch_of``): 2026-11, or a week by its Monday, 2026-11-23."""
        return self.first.isoformat() if self.is_week else f"{self.first:%Y-%m}"

    @property
    def before(self) -> "Stretch":
        """The month or week before it."""
        one_less = self.first - timedelta(days=1)
        return week_of(one_less) if self.is_week else month_of(one_less)

    @property
    def after(self) -> "Stretch":
        """The month or week after it."""
        return week_of(self.ends) if self.is_week else month_of(_next_month(self.first))


def month_of(day: date) -> Stretch:
    """Return the month in which a day is."""
    return Stretch(day.replace(day=1), is_week=False)


def week_of(day: date) -> Stretch:
    """Return the week in which a day is."""
    return Stretch(_monday(day), is_week=True)


def stretch_of(asked: str, *, today: date) -> Stretch:
    """Return the month "2026-11", or the week around the day "2026-11-25"; this month for anything else."""
    if (day := day_of(asked)) is not None:
        return week_of(day)
    first = day_of(f"{asked}-01")
    return month_of(today if first is None else first)


def day_of(asked: str) -> date | None:
    """Return the day "2026-11-25"; None for what is none, and outside the years of a calendar."""
    try:
        day = date(*map(int, asked.split("-"))) if _DAY.fullmatch(asked) else None
    except ValueError:
        return None
    return day if day is not None and FIRST_YEAR <= day.year <= LAST_YEAR else None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
