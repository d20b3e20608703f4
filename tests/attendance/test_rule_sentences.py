"""A rule in one sentence: true of what is judged, for lectures and courses, planned and stamped."""

from decimal import Decimal as D
from typing import Any

import pytest

from attendance.core.hours import OWN, Conversion
from attendance.core.rules import Basis
from attendance.core.rules import Rule as CoreRule
from attendance.models import Rule
from attendance.sentences.rules import number, rule_sentence

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {},
            "参加满 80% 就算参加，晚到或早退超过 5 分钟会注明，"
            "没参加的可以补学，补到这一场和培训都结束以后 14 天（回放晚一天以上的，从能看时算起）；记 1 学时",
        ),
        (
            {"min_minutes": 45, "late_after_s": 90, "make_up_days": 7, "hours": D("0.50")},
            "参加满 80%（至少 45 分钟）就算参加，晚到超过 1 分 30 秒、早退超过 5 分钟会注明，"
            "没参加的可以补学，补到这一场和培训都结束以后 7 天（回放晚一天以上的，从能看时算起）；记 0.5 学时",
        ),
        (
            {"make_up_days": 0, "hours": D(0)},
            "参加满 80% 就算参加，晚到或早退超过 5 分钟会注明，没参加的不能补学；不记学时",
        ),
        ({"basis": "media"}, "看满 80% 就算学完，到期后学完算补学，补到课和培训都结束以后 14 天；记 1 学时"),
        (
            {"basis": "media", "min_share": 0.666, "min_minutes": 20, "make_up_days": 0, "hours": D(20)},
            "看满 66.6%（至少 20 分钟）就算学完，到期以后不能补学；记 20 学时",
        ),
        (
            {"basis": "media", "hours_by": "table"},
            "看满 80% 就算学完，到期后学完算补学，补到课和培训都结束以后 14 天；学时按学时表记",
        ),
    ],
)  # fmt: skip
def test_a_rule_says_itself_in_one_sentence(values: dict[str, Any], said: str) -> None:
    assert rule_sentence(Rule(**values)) == said


def test_a_stamp_says_what_the_table_gave_that_day() -> None:
    stamped = CoreRule(basis=Basis.MEDIA, by_form=((OWN, Conversion(D(1), 45)),))
    assert rule_sentence(stamped).endswith("；每 45 分钟记 1 学时")


@pytest.mark.parametrize(
    ("value", "said"), [("10.00", "10"), ("20", "20"), ("0.50", "0.5"), ("0", "0"), ("100", "100")]
)
def test_hours_are_written_as_people_write_them(value: str, said: str) -> None:
    """Ten hours were "1E+1" on the member's page."""
    assert number(D(value)) == said
