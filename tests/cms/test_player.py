"""What the player's page says before its island runs: the same that the island will draw, so that nothing moves."""

import pytest

from cms.templatetags.player import player_counted

pytestmark = pytest.mark.unit


def test_nothing_counted_yet() -> None:
    said = player_counted({"duration_ms": 20_000, "credited_ms": [], "needed_ms": 16_000})
    assert (said["done"], said["of"], said["left"]) == ("0 秒", " 已计入，共 20 秒", "还差 16 秒")
    assert (said["is_enough"], said["gaps"]) == (False, [])


def test_gaps_name_what_was_skipped_and_what_is_still_to_come() -> None:
    said = player_counted({"duration_ms": 1_200_000, "credited_ms": [[60_000, 300_000]], "needed_ms": 960_000})
    assert (said["done"], said["of"], said["left"]) == ("4 分钟", " 已计入，共 20 分钟", "还差 12 分钟")
    assert said["gaps"] == [
        {"from": "00:00", "to": "01:00", "why": "跳过去了，没有看"},
        {"from": "05:00", "to": "20:00", "why": "还没有看到"},
    ]


@pytest.mark.parametrize("needed", [960_000, None])
def test_enough_or_nothing_asked_for(needed: int | None) -> None:
    said = player_counted({"duration_ms": 1_200_000, "credited_ms": [[0, 1_199_000]], "needed_ms": needed})
    assert (said["left"], said["is_enough"], said["gaps"]) == ("这一段学够了" if needed else "", True, [])
