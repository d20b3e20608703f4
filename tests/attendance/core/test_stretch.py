"""The days of a calendar: whole weeks of a month, one week, and what asks for either."""

import datetime as dt

import pytest

from attendance.core.stretch import day_of, month_of, stretch_of, week_of

pytestmark = pytest.mark.unit
TODAY = dt.date(2026, 11, 25)


def test_a_month_is_shown_in_whole_weeks() -> None:
    november = month_of(TODAY)
    assert (november.begins, november.ends) == (dt.date(2026, 10, 26), dt.date(2026, 12, 7))
    assert [len(week) for week in november.weeks] == [7] * 6
    assert november.weeks[0][0].weekday() == 0
    assert november.holds(dt.date(2026, 11, 30))
    assert not november.holds(dt.date(2026, 12, 1))
    assert (november.name, november.before.name, november.after.name) == ("2026-11", "2026-10", "2026-12")


def test_four_weeks_are_a_february_that_begins_on_a_monday() -> None:
    february = month_of(dt.date(2027, 2, 14))
    assert (february.begins, february.ends, len(february.weeks)) == (dt.date(2027, 2, 1), dt.date(2027, 3, 1), 4)
    assert (february.before.name, month_of(dt.date(2026, 12, 31)).after.name) == ("2027-01", "2027-01")


def test_a_week_begins_on_its_monday() -> None:
    week = week_of(TODAY)
    assert (week.begins, week.ends, week.name) == (dt.date(2026, 11, 23), dt.date(2026, 11, 30), "2026-11-23")
    assert week.holds(dt.date(2026, 12, 1))  # nothing in it stands beside it
    assert (week.before.name, week.after.name) == ("2026-11-16", "2026-11-30")


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("2026-12", "2026-12"),
        ("2026-11-25", "2026-11-23"),
        ("", "2026-11"),
        ("2026-13", "2026-11"),
        ("2026-02-30", "2026-11"),
        ("9999-12-31", "2026-11"),
        ("0001-01", "2026-11"),
        ("１２３４-01", "2026-11"),
        ("2026-11-25-01", "2026-11"),
        ("1" * 5000, "2026-11"),
    ],
)
def test_what_asks_for_a_month_or_a_week_and_what_for_nothing(asked: str, name: str) -> None:
    assert stretch_of(asked, today=TODAY).name == name


def test_a_day_is_a_day_or_nothing() -> None:
    assert day_of("2026-11-25") == TODAY
    assert [day_of(one) for one in ("2026-11", "2026-11-31", "1999-01-01", "2101-01-01", "x")] == [None] * 5
