"""Many lectures written in a table, read into rows of plain text; what a date, a time or a yes is. Pure.

The tolerant reading of cells is the roster's (``organizations.core.roster``): odd spaces, full-width forms, Excel's own
dates and numbers. A row is text only, so that it can be shown, sent back and read again.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from organizations.core.roster import Cell, Sheet, date_of, text_of
from organizations.core.roster.headings import title_of
from organizations.core.roster.words import NOTES_SHEETS

COLUMNS = {
    "title": ("名称", "标题", "题目", "主题", "课程名称", "直播名称", "讲座名称"),
    "date": ("日期", "上课日期", "直播日期", "开始日期"),
    "start": ("开始时间", "开始", "时间", "上课时间", "开播时间"),
    "minutes": ("时长", "分钟", "分钟数", "时长分钟"),
    "phone": ("讲师手机号", "讲师手机", "讲师电话", "讲师手机号码", "手机号", "手机"),
    "training": ("培训", "培训名称", "所属培训"),
    "record": ("保存回放", "录制", "是否录制", "回放", "是否保存回放"),
}
TITLE = {key: names[0] for key, names in COLUMNS.items()}
OPTIONAL = frozenset({"record"})
MOST_ROWS = 200
LONGEST_CELL = 300
HEADER_WITHIN_ROWS = 10
YES = frozenset({"是", "要", "有", "对", "录", "保存", "√", "✓", "✔", "1", "Y", "YES", "TRUE"})
NO = frozenset({"否", "不", "不要", "无", "没有", "不录", "不保存", "×", "✗", "0", "N", "NO", "FALSE"})

_KEY_OF_TITLE = {name: key for key, names in COLUMNS.items() for name in names}
_CLOCK = re.compile(
    r"(上午|早上|中午|下午|晚上)?\s*([0-9]{1,2})\s*"
    r"(?:[:.]\s*([0-9]{1,2})(?::[0-9]{1,2})?|[点时]\s*(半|[0-9]{1,2})?分?)"
)
_MINUTES = re.compile(r"([0-9]{1,4})\s*(?:分钟|分)?")
_HOURS = re.compile(r"([0-9]{1,2}(?:\.5)?)\s*(?:个小时|小时)")
_PM = frozenset({"下午", "晚上"})


class UnableToReadLectures(Exception):
    """``code``: "no_header", "column_missing", "column_twice", "empty" or "too_many"; ``what``: the columns, or the
    most rows."""

    def __init__(self, code: str, what: str = "") -> None:
        super().__init__(code)
        self.code, self.what = code, what


@dataclass(frozen=True)
class Written:
    """One row as it was written: all text, "" for nothing. ``row``: the sheet's own number; ``sheet``: "" for one."""

    row: int
    sheet: str
    title: str
    date: str
    start: str
    minutes: str
    phone: str
    training: str
    record: str


TEXTS = tuple(field.name for field in fields(Written) if field.name not in ("row", "sheet"))


def read_lectures(sheets: Iterable[Sheet]) -> list[Written]:
    """Return the rows of all sheets that have a heading. Raises UnableToReadLectures."""
    shown = [sheet for sheet in sheets if not sheet.left_out and sheet.name not in NOTES_SHEETS and sheet.rows]
    found = [(sheet, header) for sheet in shown if (header := _header(sheet)) is not None]
    if not found:
        raise UnableToReadLectures("no_header" if shown else "empty")
    rows = [
        row
        for sheet, (number, columns) in found
        for row in _rows(sheet, number, columns, name=sheet.name if len(found) > 1 else "")
    ]
    if not rows:
        raise UnableToReadLectures("empty")
    if len(rows) > MOST_ROWS:
        raise UnableToReadLectures("too_many", str(MOST_ROWS))
    return rows


def _header(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """Return the row that names title, date and start or more, and which column is which; None without one."""
    for number, cells in sheet.rows[:HEADER_WITHIN_ROWS]:
        keys = [_KEY_OF_TITLE.get(title_of(cell)) for cell in cells]
        if len({"title", "date", "start", "training"} & set(keys)) < 2:
            continue
        twice = [TITLE[key] for key in COLUMNS if keys.count(key) > 1]
        if twice:
            raise UnableToReadLectures("column_twice", "、".join(twice))
        missing = [TITLE[key] for key in COLUMNS if key not in keys and key not in OPTIONAL]
        if missing:
            raise UnableToReadLectures("column_missing", "、".join(missing))
        return number, {key: place for place, key in enumerate(keys) if key is not None}
    return None


def _rows(sheet: Sheet, header: int, columns: dict[str, int], *, name: str) -> Iterable[Written]:
    for number, cells in sheet.rows:
        texts = {key: _text(key, cells, columns.get(key), sheet.epoch) for key in TEXTS}
        if number > header and any(texts.values()):
            yield Written(number, name, **texts)


def _text(key: str, cells: Sequence[Cell], place: int | None, epoch: dt.date) -> str:
    cell = cells[place] if place is not None and place < len(cells) else None
    if key == "date" and (day := date_of(cell, epoch=epoch)) is not None:
        return day.isoformat()
    if key == "start" and isinstance(cell, float) and 0 <= cell < 1:  # how Excel keeps a time of day
        minutes = round(cell * 24 * 60) % (24 * 60)
        return f"{minutes // 60:02}:{minutes % 60:02}"
    if key == "title" and isinstance(cell, str):  # its full-width signs are meant
        return " ".join(cell.split())[:LONGEST_CELL]
    return text_of(cell)[:LONGEST_CELL]


def time_of(text: str) -> dt.time | None:
    """Return a time of day as people write it (14:30, 14点半, 下午2点30分, 14.30); None if it is none."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    part, hour, minute = match[1], int(match[2]), match[3] or match[4] or "0"
    if part in _PM and 1 <= hour < 12:
        hour += 12
    try:
        return dt.time(hour, 30 if minute == "半" else int(minute))
    except ValueError:
        return None


def minutes_of(text: str) -> int | None:
    """Return a length in minutes (90, 90分钟, 1.5小时); None if it is none."""
    if match := _MINUTES.fullmatch(text):
        return int(match[1])
    if match := _HOURS.fullmatch(text):
        return round(float(match[1]) * 60)
    return None


def yes_of(text: str) -> bool | None:
    """Return a yes or no as people write it, yes for nothing; None for anything else."""
    word = text.upper()
    if not word or word in YES:
        return True
    return False if word in NO else None
