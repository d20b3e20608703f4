"""A table of lectures read into rows of text; times, lengths and a yes as people write them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live.core.bulk import (
    MOST_ROWS,
    TITLE,
    UnableToReadLectures,
    Written,
    minutes_of,
    read_lectures,
    time_of,
    yes_of,
)
from organizations.core.roster import Cell, Sheet

pytestmark = pytest.mark.unit
HEADER: list[Cell] = list(TITLE.values())
ROW: list[Cell] = ["防汛（一）", dt.date(2027, 3, 5), 14.5 / 24, 60.0, 13800000001.0, "春季培训", "是"]


def sheet(*rows: list[Cell], name: str = "") -> Sheet:
    return Sheet(name, list(enumerate(rows, start=1)))


def refused(*sheets: Sheet) -> tuple[str, str]:
    with pytest.raises(UnableToReadLectures) as error:
        read_lectures(sheets)
    return error.value.code, error.value.what


def test_excels_own_dates_times_and_numbers_become_text_and_its_signs_stay() -> None:
    (row,) = read_lectures([sheet(HEADER, ROW)])
    assert row == Written(2, "", "防汛（一）", "2027-03-05", "14:30", "60", "13800000001", "春季培训", "是")
    assert read_lectures([sheet(HEADER, [5.0, *ROW[1:]])])[0].title == "5"


def test_titles_above_notes_hidden_sheets_and_other_names_for_columns() -> None:
    other: list[Cell] = ["序号", "题目", "上课日期", "时间", "时长（分钟）", "讲师手机", "培训名称"]
    line: list[Cell] = [1.0, "防汛", "2027.3.5", "下午2点半", "60分钟", "138 0000 0001", "春季培训"]
    found = read_lectures(
        [
            sheet(["2027 年直播安排"], other, line, [None, "", " "], ["2", "防火"], name="一"),
            sheet(HEADER, ROW, name="填写说明"),
            sheet(["别的"], ["东西"], name="二"),
            Sheet("藏", [], left_out="hidden"),
        ]
    )
    assert [(one.row, one.sheet, one.title, one.start, one.record) for one in found] == [
        (3, "", "防汛", "下午2点半", ""),
        (5, "", "防火", "", ""),
    ]
    both = read_lectures([sheet(HEADER, ROW, name="一"), sheet(HEADER, ROW, name="二")])
    assert [one.sheet for one in both] == ["一", "二"]


def test_what_cannot_be_read_says_why() -> None:
    assert refused() == ("empty", "")
    assert refused(sheet(HEADER)) == ("empty", "")
    assert refused(sheet(["甲", "乙"], ROW)) == ("no_header", "")
    assert refused(sheet(["名称", "日期"], ROW)) == ("column_missing", "开始时间、时长、讲师手机号、培训")
    assert refused(sheet([*HEADER, "标题"], ROW)) == ("column_twice", "名称")
    assert refused(sheet(HEADER, *[ROW] * (MOST_ROWS + 1))) == ("too_many", str(MOST_ROWS))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("14:30", dt.time(14, 30)), ("9:05:00", dt.time(9, 5)), ("14.30", dt.time(14, 30)), ("14点", dt.time(14)),
        ("14时30分", dt.time(14, 30)), ("下午2点半", dt.time(14, 30)), ("晚上 7:30", dt.time(19, 30)),
        ("上午9点", dt.time(9)), ("中午12点", dt.time(12)), ("下午14:30", dt.time(14, 30)), ("24:00", None),
        ("25点", None), ("14", None), ("", None), ("十四点", None), ("14:75", None),
    ],
)  # fmt: skip
def test_times_of_day(text: str, time: dt.time | None) -> None:
    assert time_of(text) == time


def test_lengths_and_yes() -> None:
    assert [minutes_of(text) for text in ("90", "90分钟", "1.5小时", "2个小时", "", "很久", "-5")] == [
        90, 90, 90, 120, None, None, None,
    ]  # fmt: skip
    assert [yes_of(text) for text in ("", "是", "true", "√", "否", "False", "也许")] == [
        True, True, True, True, False, False, None,
    ]  # fmt: skip


@given(st.text(max_size=40))
def test_no_text_is_an_error(text: str) -> None:
    for read in (time_of, minutes_of, yes_of):
        read(text)  # type: ignore[operator]
