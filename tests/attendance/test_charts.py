"""Pictures of numbers: what is drawn is what the table beside it says, and a reader hears it too."""

import datetime as dt
from xml.etree import ElementTree as ET

import pytest

from attendance.charts import WIDE, Chart, Part, Piece, bars, line, strip

pytestmark = pytest.mark.unit


def parsed(chart: Chart) -> ET.Element:
    return ET.fromstring(str(chart.svg))


def rects(chart: Chart) -> list[tuple[str, int, int]]:
    found = [one for one in parsed(chart) if one.tag == "rect"]
    return [(one.get("class", ""), int(one.get("x", "")), int(one.get("width", ""))) for one in found]


def test_the_parts_of_a_bar_are_the_whole_one_after_the_other() -> None:
    chart = bars(
        [Part(30, "已参加", "done"), Part(0, "请假", "excused"), Part(10, "缺", "missing")], key="a", title="甲"
    )
    assert rects(chart) == [("c-done", 0, 750), ("c-missing", 750, 250)]
    assert chart.rows == [("已参加", "30"), ("请假", "0"), ("缺", "10")]


@pytest.mark.parametrize("counts", [[1, 9999], [1] * 7, [3, 3, 1], [1]])
def test_nothing_is_too_small_to_be_seen_and_nothing_sticks_out(counts: list[int]) -> None:
    drawn = rects(bars([Part(count, "甲", "done") for count in counts], key="a", title="甲"))
    assert len(drawn) == len(counts)
    assert min(width for _look, _x, width in drawn) >= 6
    assert sum(width for _look, _x, width in drawn) == WIDE


def test_nobody_is_an_empty_bar_without_a_table() -> None:
    chart = bars([Part(0, "已参加", "done")], key="a", title="甲")
    assert rects(chart) == []
    assert not chart


def test_a_picture_says_in_words_what_it_shows() -> None:
    root = parsed(bars([Part(2, "<b>已参加", "done")], key="k", title="一 & 二"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "k-t k-d"
    said = {one.tag: (one.get("id"), one.text) for one in root if one.tag in ("title", "desc")}
    assert said == {"title": ("k-t", "一 & 二"), "desc": ("k-d", "<b>已参加 2")}
    assert "style" not in str(ET.tostring(root))


def day(number: int) -> dt.datetime:
    return dt.datetime(2026, 11, number, tzinfo=dt.UTC)


def test_a_line_rises_in_steps_to_today_and_ends_before_the_deadline() -> None:
    points = [(day(1), 0), (day(3), 5), (day(6), 10)]
    chart = line(points, whole=20, until=day(11), as_of=day(7), key="p", title="完成")
    root = parsed(chart)
    (drawn,) = [one for one in root if one.tag == "polyline"]
    assert drawn.get("points", "").split() == [
        "0,240", "0,240", "200,240", "200,180", "500,180", "500,120", "600,120",
    ]  # fmt: skip
    until = next(one for one in root if one.get("class") == "c-until")
    assert until.get("x1") == "1000"
    assert chart.rows == [("2026-11-01", "0"), ("2026-11-03", "5"), ("2026-11-06", "10")]


def test_a_line_after_the_deadline_goes_on_beside_it() -> None:
    root = parsed(line([(day(1), 0), (day(2), 20)], whole=20, until=day(6), as_of=day(11), key="p", title="完成"))
    until = next(one for one in root if one.get("class") == "c-until")
    assert until.get("x1") == "500"


def test_a_line_without_points_is_nothing() -> None:
    assert not line([], whole=3, until=day(2), as_of=day(2), key="p", title="完成")


def test_a_strip_has_each_piece_where_it_was() -> None:
    pieces = [
        Piece(0, 600_000, "在线", "19:30 – 19:40", "live"),
        Piece(600_000, 900_000, "没有连接", "19:40 – 19:45", "gap"),
        Piece(900_000, 4_000_000, "集中收看", "19:45 – 20:30", "hall"),
    ]
    chart = strip(pieces, length_ms=3_600_000, key="s", title="这一小时")
    assert rects(chart) == [("c-live", 0, 166), ("c-gap", 166, 84), ("c-hall", 250, 750)]
    assert chart.rows[1] == ("19:40 – 19:45", "没有连接")
    assert parsed(chart).findtext("desc") == "19:30 – 19:40 在线；19:40 – 19:45 没有连接；19:45 – 20:30 集中收看"
