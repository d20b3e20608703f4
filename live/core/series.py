"""When the lectures of a series begin: every week, or once a month. Pure; times are wall times of the site's zone."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile
from typing import Literal, get_args

from dateutil.rrule import MONTHLY, WEEKLY, rrule, weekday

Every = Literal["week", "month_day", "month_weekday"]
EVERY: tuple[Every, ...] = get_args(Every)
MOST = 52


@dataclass(frozen=True)
class Starts:
    """``lacking``: the first days of months between that have no such day; ``is_cut``: there would be more than 52."""

    at: tuple[dt.datetime, ...]
    lacking: tuple[dt.date, ...]
    is_cut: bool


def starts_of(first: dt.datetime, *, every: Every, times: int | None = None, until: dt.date | None = None) -> Starts:
    """Return when a series begins that has ``first`` as its first: so many times, or until a day, which counts.

    ``month_day``: on the same day of each month; ``month_weekday``: on the same weekday of it (the third Friday). A
    month without that day (the 31st, a fifth Friday) is passed over, and told. At most ``MOST``, whatever is asked.
    """
    found: Iterator[dt.datetime] = iter(_rule(first, every))
    if until is not None:
        found = takewhile(lambda at: at.date() <= until, found)
    most = MOST if times is None else min(times, MOST)
    at = list(islice(found, most))
    is_cut = times is None and next(found, None) is not None
    lacking = () if every == "week" else tuple(_months_without(at))
    return Starts(tuple(at), lacking, is_cut)


def nth_weekday(day: dt.date) -> int:
    """Return the how-manieth of its weekday a day is in its month, from 1."""
    return (day.day - 1) // 7 + 1


def _rule(first: dt.datetime, every: Every) -> rrule:
    if every == "week":
        return rrule(WEEKLY, dtstart=first)
    if every == "month_day":
        return rrule(MONTHLY, dtstart=first, bymonthday=first.day)
    return rrule(MONTHLY, dtstart=first, byweekday=weekday(first.weekday(), nth_weekday(first.date())))


def _months_without(at: list[dt.datetime]) -> Iterator[dt.date]:
    """Return the months between the first and the last start in which there is none."""
    for one, after in pairwise(at):
        month, end = _next_month(one.date()), after.date().replace(day=1)
        while month < end:
            yield month
            month = _next_month(month)


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
