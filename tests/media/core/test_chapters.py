"""Chapters as people write them, and what is left of them after a cut."""

import pytest

from media.core.chapters import Chapter, UnableToReadChapters, cut_chapters, read_chapters, write_chapters

pytestmark = pytest.mark.unit


def test_a_line_is_a_time_and_a_title_however_it_is_typed() -> None:
    text = "00:00 开场\r\n\r\n1：05、为什么学\n ０２：３０　三种  骗局\n 65:00 - 问答\n1:10:09\t小结: 一\n"
    found = read_chapters(text, within_ms=5_000_000)
    assert found == [
        Chapter(0, "开场"),
        Chapter(65_000, "为什么学"),
        Chapter(150_000, "三种 骗局"),
        Chapter(3_900_000, "问答"),
        Chapter(4_209_000, "小结: 一"),
    ]
    written = write_chapters(found)
    assert written == "00:00 开场\n01:05 为什么学\n02:30 三种 骗局\n1:05:00 问答\n1:10:09 小结: 一"
    assert read_chapters(written, within_ms=None) == found
    assert read_chapters(" \n", within_ms=None) == []


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("开场", "no_time", 1),
        ("00:00 开场\n\n1分5秒 为什么", "no_time", 3),
        ("00:005 开场", "no_time", 1),
        ("00:60 开场", "bad_time", 1),
        ("1:60:00 开场", "bad_time", 1),
        ("00:00 —", "no_title", 1),
        ("00:00 \u200b", "no_title", 1),
        ("00:00 " + "长" * 61, "too_long", 1),
        ("00:10 一\n00:10 二", "order", 2),
        ("00:10 一\n00:09 二", "order", 2),
        ("00:00 一\n01:00 二", "outside", 2),
        ("\n".join(f"{n // 60:02}:{n % 60:02} 第{n}" for n in range(101)), "too_many", 101),
    ],
)
def test_what_cannot_be_read_names_its_line(text: str, code: str, line: int) -> None:
    within_ms = None if code == "too_many" else 60_000
    with pytest.raises(UnableToReadChapters) as refused:
        read_chapters(text, within_ms=within_ms)
    assert (refused.value.code, refused.value.line) == (code, line)


def test_what_is_left_of_chapters_after_a_cut() -> None:
    chapters = [Chapter(2_000, "一"), Chapter(10_000, "二"), Chapter(20_000, "三"), Chapter(30_000, "四")]
    assert cut_chapters(chapters, spans=[(0, 40_000)]) == chapters
    # Begun before the cut: from its first moment. Wholly cut out: gone. Parted by a cut: once.
    assert cut_chapters(chapters, spans=[(5_000, 9_000), (9_500, 12_000), (24_000, 30_000)]) == [
        Chapter(0, "一"),
        Chapter(4_500, "二"),
        Chapter(6_500, "三"),
    ]
    assert cut_chapters(chapters, spans=[(0, 1_000)]) == []
    assert cut_chapters([], spans=[(0, 1_000)]) == []
