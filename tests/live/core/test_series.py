"""When the lectures of a series begin, and what a change of one does to those that follow."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.plan import LecturePlan, followed
from live.core.series import EVERY, MOST, Every, nth_weekday, starts_of

pytestmark = pytest.mark.unit
HOUR, WEEK = dt.timedelta(hours=1), dt.timedelta(days=7)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def days(first: str, every: Every, **asked: object) -> list[str]:
    return [one.date().isoformat() for one in starts_of(at(first), every=every, **asked).at]  # type: ignore[arg-type]


def test_every_week_at_the_same_time_so_many_times_or_until_a_day_that_counts() -> None:
    found = starts_of(at("2026-12-24T19:30"), every="week", times=3)
    assert found.at == (at("2026-12-24T19:30"), at("2026-12-31T19:30"), at("2027-01-07T19:30"))
    assert (found.lacking, found.is_cut) == ((), False)
    assert days("2026-12-24T19:30", "week", until=dt.date(2027, 1, 7)) == ["2026-12-24", "2026-12-31", "2027-01-07"]
    assert days("2026-12-24T19:30", "week", until=dt.date(2027, 1, 6)) == ["2026-12-24", "2026-12-31"]
    assert days("2026-12-24T19:30", "week", until=dt.date(2026, 12, 1)) == []


def test_a_month_without_that_day_is_passed_over_and_told() -> None:
    found = starts_of(at("2026-12-31T09:00"), every="month_day", times=3)
    assert [one.date().isoformat() for one in found.at] == ["2026-12-31", "2027-01-31", "2027-03-31"]
    assert found.lacking == (dt.date(2027, 2, 1),)
    fifth = starts_of(at("2026-12-30T09:00"), every="month_weekday", until=dt.date(2027, 7, 1))  # a fifth Wednesday
    assert [one.date().isoformat() for one in fifth.at] == ["2026-12-30", "2027-03-31", "2027-06-30"]
    assert [month.month for month in fifth.lacking] == [1, 2, 4, 5]


def test_the_leap_day_comes_when_it_comes() -> None:
    found = starts_of(at("2027-12-29T09:00"), every="month_day", times=4)
    assert [one.date().isoformat() for one in found.at] == ["2027-12-29", "2028-01-29", "2028-02-29", "2028-03-29"]
    assert starts_of(at("2026-12-29T09:00"), every="month_day", times=3).lacking == (dt.date(2027, 2, 1),)


def test_never_more_than_a_year_of_weeks() -> None:
    found = starts_of(at("2026-01-01T09:00"), every="week", until=dt.date(2099, 1, 1))
    assert (len(found.at), found.is_cut) == (MOST, True)
    assert len(starts_of(at("2026-01-01T09:00"), every="week", times=400).at) == MOST
    assert not starts_of(at("2026-01-01T09:00"), every="week", until=dt.date(2026, 12, 24)).is_cut


@given(
    st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), st.times(), st.sampled_from(EVERY), st.integers(2, MOST)
)  # fmt: skip
def test_each_start_is_at_that_time_on_that_day(day: dt.date, time: dt.time, every: Every, times: int) -> None:
    first = dt.datetime.combine(day, time.replace(second=0, microsecond=0))
    found = starts_of(first, every=every, times=times).at
    assert (len(found), found[0]) == (times, first)
    assert list(found) == sorted(set(found))
    for one in found:
        assert one.time() == first.time()
        assert one.day == first.day if every == "month_day" else one.weekday() == first.weekday()
        assert every != "month_weekday" or nth_weekday(one.date()) == nth_weekday(first.date())


def plan(**changes: object) -> LecturePlan:
    starts_at = at("2026-12-24T19:30")
    values = {
        "training_id": 1, "title": "防汛", "node_id": 2, "starts_at": starts_at, "ends_at": starts_at + HOUR,
        "rule_id": 3, "lecturer_id": 4, "record": True, "webrtc_cap": 100,
    }  # fmt: skip
    return LecturePlan(**{**values, **changes})  # type: ignore[arg-type]


def test_what_follows_changes_as_the_first_and_no_further() -> None:
    own = plan(title="防汛（二）", starts_at=at("2026-12-31T20:00"), ends_at=at("2026-12-31T20:30"))
    same = followed(own, before=plan(), after=plan())
    assert same == own
    later = plan(starts_at=at("2026-12-25T19:00"), ends_at=at("2026-12-25T20:00"), lecturer_id=5)
    moved = followed(own, before=plan(), after=later)
    assert (moved.starts_at, moved.ends_at) == (at("2027-01-01T19:30"), at("2027-01-01T20:00"))
    assert (moved.title, moved.lecturer_id) == ("防汛（二）", 5)
    longer = followed(own, before=plan(), after=plan(ends_at=at("2026-12-24T21:30")))
    assert longer.ends_at - longer.starts_at == 2 * HOUR
