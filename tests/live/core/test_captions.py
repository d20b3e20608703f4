"""Lines of live captions: parted where one pauses, and placed where the recording has them."""

import pytest

from live.core.captions import APART_MS, LONGEST_MS, MAX_LINE, cues_of, part_line

pytestmark = pytest.mark.unit
S = 1000


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("短", ["短"]),
        ("  ", []),
        ("一" * 30 + "，" + "二" * 20, ["一" * 30 + "，", "二" * 20]),
        ("一" * 39 + "。" + "二", ["一" * 39 + "。", "二"]),
        ("one two " * 7, ["one two " * 4 + "one two", "one two one two"]),
        ("字" * 85, ["字" * 40, "字" * 40, "字" * 5]),
    ],
)
def test_a_long_line_is_parted(text: str, parts: list[str]) -> None:
    assert part_line(text) == parts
    assert all(len(part) <= MAX_LINE for part in parts)


def cues(*lines: tuple[int, str], media_ms: int = 60 * S, cuts: tuple[tuple[int, int], ...] = ()) -> list[object]:
    return list(cues_of(lines, began=1_000 * S, media_ms=media_ms, cuts=cuts))


def test_a_line_stands_until_the_next_but_not_for_ever() -> None:
    assert cues((1_010 * S, "二"), (1_005 * S, "一"), (1_056 * S, "末")) == [
        (5 * S, 10 * S, "一"),
        (10 * S, 10 * S + LONGEST_MS, "二"),
        (56 * S, 60 * S, "末"),
    ]


def test_lines_of_one_moment_follow_one_another() -> None:
    assert cues((1_010 * S, "上"), (1_010 * S, "下")) == [
        (10 * S, 10 * S + APART_MS, "上"),
        (10 * S + APART_MS, 10 * S + APART_MS + LONGEST_MS, "下"),
    ]


def test_what_is_not_recorded_has_no_caption() -> None:
    """A break of a minute after 20 s of media, another one later; the recording begins late and ends early."""
    cuts = ((20 * S, 60 * S), (40 * S, 10 * S))
    found = cues(
        (990 * S, "开头以前"), (1_010 * S, "一"), (1_030 * S, "休息"), (1_085 * S, "二"), (1_105 * S, "又休息"),
        (1_115 * S, "三"), (1_131 * S, "结束以后"), cuts=cuts,
    )  # fmt: skip
    assert [(start, text) for start, _end, text in found] == [(10 * S, "一"), (25 * S, "二"), (45 * S, "三")]  # type: ignore[misc,has-type]


def test_what_is_pushed_past_the_end_is_left_out() -> None:
    assert cues((1_059 * S, "一"), (1_059 * S, "二"), (1_059 * S + 900, "三")) == [(59 * S, 60 * S, "一")]
