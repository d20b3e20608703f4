"""Both denominators, from one function."""

import pytest

from attendance.queries.shares import shares_at, shares_of
from tests.attendance.reports.conftest import World, world

pytestmark = pytest.mark.integration
__all__ = ["world"]


def test_both_denominators_of_one_occasion(world: World) -> None:
    here = shares_at(occasion_id=world.occasion.pk, below=world.county.branch.path)
    assert (here.on_roster, here.done, here.excused, here.exempt, here.asked) == (4, 2, 1, 0, 3)
    assert here.words == "名单 4 人，请假 1，免 0，应参加 3；已参加 2，占名单 50%，占应参加 66.6%"
    assert here.short == "名单 4 人，除去请假和免的 3 人"
    assert shares_at(occasion_id=world.occasion.pk).on_roster == 7


@pytest.mark.parametrize(
    ("by_state", "of_all", "of_asked"),
    [
        ({}, None, None),
        ({"excused": 2, "exempt": 1}, 0.0, None),
        ({"attended": 1, "made_up": 1, "excused": 1, "exempt": 1}, 0.5, 1.0),
        ({"attended": 1, "missing": 1, "due": 1, "pending": 1}, 0.25, 0.25),
    ],
)
def test_a_share_of_nobody_is_no_share(by_state: dict[str, int], of_all: float | None, of_asked: float | None) -> None:
    found = shares_of(by_state)
    assert (found.of_all, found.of_asked) == (of_all, of_asked)


def test_nobody_on_a_roster_says_nothing() -> None:
    assert shares_of({}).words == ""
