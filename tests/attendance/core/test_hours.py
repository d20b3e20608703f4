"""From what one took part in to training hours, and what a year asks: examples as a table."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from attendance.core.evidence import Evidence, Presence, Watched, Window
from attendance.core.hours import OWN, Conversion, Form, UnableToReadConversion, capped, owed
from attendance.core.intervals import Span
from attendance.core.rules import Basis, Rule
from attendance.core.verdict import full_hours, judge

pytestmark = pytest.mark.unit
MINUTE = 60_000
WINDOW = Window(start=0, end=60 * MINUTE, media_ms=60 * MINUTE)


@pytest.mark.parametrize(
    ("hours", "minutes", "length_min", "given"),
    [
        (D(1), None, 5, D(1)),
        (D(1), 45, 45, D("1.0")),
        (D(1), 45, 44, D("0.9")),
        (D(1), 45, 90, D("2.0")),
        (D("0.5"), 30, 60, D("1.0")),
        (D(1), 45, 4, D("0.0")),
        (D(0), None, 60, D(0)),
    ],
)
def test_a_length_becomes_hours_cut_to_a_tenth(hours: D, minutes: int | None, length_min: int, given: D) -> None:
    assert Conversion(hours, minutes).of(length_min * MINUTE) == given


@pytest.mark.parametrize(("hours", "minutes"), [(D(-1), None), (D(1), 0), (D(1), -5)])
def test_nonsense_is_no_conversion(hours: D, minutes: int | None) -> None:
    with pytest.raises(UnableToReadConversion):
        Conversion(hours, minutes)


@pytest.mark.parametrize(
    ("rates", "by_month", "asked"),
    [
        ([D(32)] * 12, True, D(32)),
        ([D(32)] * 6 + [D(56)] * 6, True, D(44)),
        ([D(32)] * 6 + [D(56)] * 6, False, D(56)),
        ([None] * 6 + [D(32)] * 6, True, D(16)),
        ([None] * 5 + [D(32)] * 7, True, D("18.5")),  # 18.67, cut to the person's good
        ([None] * 6 + [D(32)] * 6, False, D(32)),
        ([None] * 12, True, D(0)),
        ([None] * 12, False, D(0)),
    ],
)
def test_what_a_year_asks(rates: list[D | None], by_month: bool, asked: D) -> None:
    assert owed(rates, by_month=by_month) == asked


def test_a_cap_bounds_what_counts() -> None:
    assert (capped(D(12), D(8)), capped(D(3), D(8)), capped(D(12), None)) == (D(8), D(3), D(12))


def rule(**forms: Conversion) -> Rule:
    return Rule(name="表", hours=D(3), by_form=tuple((OWN if key == "own" else key, one) for key, one in forms.items()))


@pytest.mark.parametrize(
    ("evidence", "form", "hours"),
    [
        (Evidence(presences=(Presence("a", 0, 60 * MINUTE),)), OWN, D(2)),
        (Evidence(halls=(Span(0, 60 * MINUTE),)), Form.HALL, D("0.5")),
        (Evidence(halls=(Span(0, 30 * MINUTE),), presences=(Presence("a", 30 * MINUTE, 60 * MINUTE),)), OWN, D(2)),
        (Evidence(declared="visit"), Form.VISIT, D(1)),
        (Evidence(declared="elsewhere"), Form.DECLARED, D(3)),  # the table says nothing of it: the rule's own hours
        (Evidence(declared="visit", presences=(Presence("a", 0, 60 * MINUTE),)), OWN, D(2)),
        (Evidence(), OWN, D(0)),
    ],
)
def test_the_form_decides_the_hours(evidence: Evidence, form: str, hours: D) -> None:
    by_table = rule(own=Conversion(D(2)), hall=Conversion(D("0.5")), visit=Conversion(D(1)))
    verdict = judge(evidence, WINDOW, by_table)
    assert (verdict.form, verdict.hours) == (form, hours)


def test_a_course_gives_by_its_length_whatever_was_watched_of_it() -> None:
    course = replace(rule(own=Conversion(D(1), 45)), basis=Basis.MEDIA)
    window = replace(WINDOW, media_ms=90 * MINUTE)
    most = Evidence(watched=(Watched("m", ((0, 75 * MINUTE),), 1),))
    assert judge(most, window, course).hours == full_hours(window, course) == D("2.0")
    assert judge(Evidence(watched=(Watched("m", ((0, 60 * MINUTE),), 1),)), window, course).hours == D(0)


def test_a_stamp_keeps_what_a_table_gave_and_old_stamps_stay_what_they_were() -> None:
    by_table = rule(own=Conversion(D(1), 45), hall=Conversion(D(2)))
    assert Rule.from_stamp(by_table.stamp()) == by_table
    assert "by_form" not in Rule().stamp()
    assert repr(by_table) == repr(replace(by_table, by_form=()))  # digests of before stay
