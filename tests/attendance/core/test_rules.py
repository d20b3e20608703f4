"""The stamp of a rule."""

from decimal import Decimal

import pytest

from attendance.core.rules import Basis, Rule, UnableToReadRule

pytestmark = pytest.mark.unit


def test_a_stamp_comes_back_whole() -> None:
    rule = Rule(name="课程", version=3, basis=Basis.MEDIA, min_share=0.6, min_minutes=20, hours=Decimal("1.50"))
    assert Rule.from_stamp({**rule.stamp(), "deadline_at": "2026-12-01"}) == rule
    assert rule.label == "课程 v3"


def test_an_old_stamp_takes_defaults() -> None:
    assert Rule.from_stamp({"min_share": 0.5}) == Rule(min_share=0.5)


@pytest.mark.parametrize("values", [{"min_share": 0}, {"min_share": 1.1}, {"bridge_s": -1}, {"hours": "-1"}], ids=str)
def test_nonsense_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(UnableToReadRule):
        Rule.from_stamp(values)


@pytest.mark.parametrize(
    ("share", "minutes", "length_ms", "needed"),
    [(0.8, None, 3_600_000, 2_880_000), (0.5, 45, 3_600_000, 2_700_000), (0.5, 90, 3_600_000, 3_600_000)],
)
def test_what_is_needed(share: float, minutes: int | None, length_ms: int, needed: int) -> None:
    assert Rule(min_share=share, min_minutes=minutes).needed_ms(length_ms) == needed


def test_limits_are_read_in_milliseconds() -> None:
    assert (Rule(bridge_s=0.5).bridge_ms, Rule(outbox_s=60).outbox_ms) == (500, 60_000)
