"""The one verdict on a finished job."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from media.checks import Rendered, find_fault, is_dark
from media.core.facts import Picture, Sound, Source
from media.core.ladder import plan_ladder
from media.core.timeline import Timeline, Track

pytestmark = pytest.mark.unit

PICTURE = Picture(0, "vp9", "", 0, "yuv420p", 640, 480, True, False, Fraction(25), True, 900_000, False, False)
FACTS = Source("webm", 6.0, 1_000_000, PICTURE, Sound(1, "amr_nb", "", 1, 8000, 12_000))
TIMELINE = Timeline(
    0.0,
    Track(150, 0, 0.0, 0.0, 6.0, 6.0, 600_000, 4.0, True),
    Track(300, 0, 0.0, 0.0, 6.0, 6.0, 9_000, 0.02, True),
)
PLAN = plan_ladder(FACTS, TIMELINE)
WHOLE = [
    Rendered(rung, [], 6.0, (0.025, 6.025) if rung.kind == "video" else None, (0.004, 6.03)) for rung in PLAN.rungs
]


def fault(rendered: list[Rendered | None] | None = None, **change: Any) -> str:
    given: dict[str, Any] = {"facts": FACTS, "timeline": TIMELINE, "plan": PLAN, "lost": {}, "heard_s": 6.0}
    return find_fault(rendered or [*WHOLE], **(given | change))


def test_what_is_right_has_no_fault() -> None:
    assert fault() == ""
    assert fault(lost={0: 5, 1: 40}) == ""


def test_sound_that_was_mostly_not_decoded_is_named() -> None:
    """Finding: media 9: one frame of five."""
    assert fault(heard_s=1.2) == "codec:amr_nb"
    assert fault(heard_s=5.6) == ""
    assert fault(heard_s=None) == ""


def test_picture_that_is_mostly_lost_is_damaged() -> None:
    assert fault(lost={0: 40}) == "broken"


@pytest.mark.parametrize(
    "change",
    [
        {"length_s": 6.2},
        {"sound": None},
        {"picture": None},
        {"sound": (0.004, 5.5)},
        {"picture": (0.025, 5.5)},
        {"sound": (0.4, 6.03)},
    ],
)
def test_rungs_that_do_not_agree_are_uneven(change: dict[str, Any]) -> None:
    assert fault([replace(WHOLE[0], **change), *WHOLE[1:]]) == "uneven"
    assert fault([None, *WHOLE[1:]]) == "uneven"


def test_much_less_than_the_packets_promised_is_cut_off() -> None:
    short = [replace(one, length_s=2.0) for one in WHOLE]
    assert fault([*short]) == "truncated"
    assert fault([None] * 3) == "truncated"


def test_a_film_without_a_cheap_rung_is_made_anew() -> None:
    dear = replace(PLAN, rungs=tuple(replace(rung, kbits=1200) for rung in PLAN.rungs))
    assert fault(plan=dear) == "uneven"


def test_darkness_is_known() -> None:
    assert is_dark(2.0)
    assert not is_dark(40.0)
