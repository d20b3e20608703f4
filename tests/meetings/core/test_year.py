"""A year of a form: periods, what was held in them, what is open, ahead or short."""

import datetime as dt

import pytest

from meetings.core.year import Per, State, asked_in_year, cells, periods

TODAY = dt.date(2026, 5, 20)


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        (Per.MONTH, [(month, month) for month in range(1, 13)]),
        (Per.QUARTER, [(1, 3), (4, 6), (7, 9), (10, 12)]),
        (Per.HALF, [(1, 6), (7, 12)]),
        (Per.YEAR, [(1, 12)]),
    ],
)
def test_a_year_falls_into_periods(per: Per, expected: list[tuple[int, int]]) -> None:
    assert [(one.first, one.last) for one in periods(2026, per)] == expected


@pytest.mark.parametrize(
    ("per", "times", "held", "states"),
    [
        (Per.QUARTER, 1, ["2026-03-31"], [State.HELD, State.OPEN, State.AHEAD, State.AHEAD]),
        (Per.QUARTER, 1, ["2026-04-01"], [State.SHORT, State.HELD, State.AHEAD, State.AHEAD]),
        (Per.QUARTER, 2, ["2026-05-01"], [State.SHORT, State.OPEN, State.AHEAD, State.AHEAD]),
        (Per.QUARTER, 1, ["2025-05-01"], [State.SHORT, State.OPEN, State.AHEAD, State.AHEAD]),
        (Per.YEAR, 1, [], [State.OPEN]),
        (Per.HALF, 0, ["2026-05-01"], [State.HELD, State.FREE]),
        # Held before its time has come is held.
        (Per.HALF, 1, ["2026-07-01"], [State.OPEN, State.HELD]),
    ],
)
def test_a_period_says_how_it_stands(per: Per, times: int, held: list[str], states: list[State]) -> None:
    days = [dt.date.fromisoformat(one) for one in held]
    found = cells(year=2026, per=per, times=times, held=days, planned=[], today=TODAY)
    assert [cell.state for cell in found] == states


def test_what_is_planned_is_not_held() -> None:
    (cell,) = cells(year=2026, per=Per.YEAR, times=2, held=[], planned=[dt.date(2026, 6, 1)], today=TODAY)
    assert (cell.left, cell.planned, cell.state) == (2, (dt.date(2026, 6, 1),), State.OPEN)


def test_the_leap_day_belongs_to_its_month() -> None:
    found = cells(year=2028, per=Per.MONTH, times=1, held=[dt.date(2028, 2, 29)], planned=[], today=dt.date(2028, 3, 1))
    assert [cell.state for cell in found[:3]] == [State.SHORT, State.HELD, State.OPEN]


def test_a_past_year_is_over_and_the_next_one_ahead() -> None:
    past = cells(year=2025, per=Per.YEAR, times=1, held=[], planned=[], today=TODAY)
    coming = cells(year=2027, per=Per.YEAR, times=1, held=[], planned=[], today=TODAY)
    assert (past[0].state, coming[0].state) == (State.SHORT, State.AHEAD)


@pytest.mark.parametrize(("per", "times", "asked"), [(Per.MONTH, 1, 12), (Per.QUARTER, 1, 4), (Per.HALF, 2, 4)])
def test_how_often_a_year(per: Per, times: int, asked: int) -> None:
    assert asked_in_year(per, times) == asked
