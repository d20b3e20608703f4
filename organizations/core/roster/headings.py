"""The columns that a membership list may have: ours, other names for them, those left out and those refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from organizations.core.roster.cells import text_of
from organizations.core.roster.rows import Cell, Line, Problem, Remark, Sheet, UnableToReadRoster
from organizations.core.roster.words import ID_COLUMN

COLUMNS = {
    "org": (
        *("组织", "所在组织", "所属组织", "组织名称", "组织全称", "组织路径", "党组织", "所在党组织", "所属党组织"),
        *("党组织名称", "所在党组织名称", "党组织全称", "所在党组织全称", "支部", "党支部", "支部名称", "党支部名称"),
        *("所在支部", "所属支部", "所在党支部", "所属党支部", "所在支部名称", "所在党支部名称"),
    ),
    "name": ("姓名", "党员姓名", "人员姓名", "学员姓名", "名字"),
    "phone": (
        *("手机号", "手机", "手机号码", "移动电话", "移动电话号码", "本人手机", "联系手机", "手机电话"),
        *("联系电话", "联系方式", "电话", "电话号码", "本人电话"),
    ),
    "number": ("编号", "人员编号", "党员编号"),
    "joined": ("加入日期", "转入日期", "转入时间", "加入本组织日期", "进入当前党支部日期", "进入党支部日期"),
    "status": ("状态", "党籍状态", "人员状态", "党员状态"),
    "left": ("离开日期", "离开时间"),
    "roles": ("角色", "职责"),
    "role_path": ("任职组织",),
    "decision": ("说明", "核对说明"),
    "public_id": ("系统编号",),
    # what membership lists have in their own words
    "category": ("人员类别", "党员类别"),
    "posts": ("党内职务", "党支部职务", "支部职务", "支部内职务"),
    "transferred_date": ("转出日期", "转出时间"),
    "died_date": ("去世日期", "去世时间", "死亡日期", "死亡时间"),
    "stopped_date": ("停止日期", "停止时间", "停止党籍日期", "出党日期", "出党时间"),
}
TITLE = {key: names[0] for key, names in COLUMNS.items()}
OURS = ("org", "name", "phone", "number", "joined", "status", "left", "roles", "role_path", "decision", "public_id")
REQUIRED = ("org", "name", "phone")
IDENTITY = frozenset({"phone", "public_id"})  # either column will do
IGNORED_TITLES = frozenset({"", "序号", "组织代码"})
HEADER_WITHIN_ROWS = 10
MAX_TITLE = 20

_FIELD_OF_TITLE = {name: key for key, names in COLUMNS.items() for name in names}
_NOTE = re.compile(r"\([^()]*\)$")
_MOBILE = re.compile("手机|移动")


@dataclass
class Header:
    """Where a sheet's heading ends, which column is which field, and the titles of the others by their place."""

    first: int
    last: int
    columns: dict[str, int]
    others: dict[int, str] = field(default_factory=dict)


def title_of(cell: Cell) -> str:
    bare = re.sub(r"[\s*]", "", text_of(cell))
    return _NOTE.sub("", bare) or bare


def rows_with_merged_titles(sheet: Sheet) -> list[tuple[int, list[str]]]:
    """The titles of the first rows; a merged title stands in each cell of its area."""
    rows = [(number, [title_of(cell) for cell in cells]) for number, cells in sheet.rows[:HEADER_WITHIN_ROWS]]
    by_number = dict(rows)
    for area in sheet.merged:
        title = by_number.get(area.top, [])[area.left - 1 : area.left]
        for number, titles in rows:
            if title and area.top <= number <= area.bottom and area.bottom > area.top:
                titles += [""] * (area.right - len(titles))
                titles[area.left - 1 : area.right] = title * (area.right - area.left + 1)
    return rows


def find_header(sheet: Sheet) -> tuple[int, int, list[str]] | None:
    """Row numbers of the heading (one row, or several joined by merged cells) and its titles; None without one.

    It is the first row that names two or more of the columns that must be there; what stands above is a title.
    """
    rows = rows_with_merged_titles(sheet)
    for number, titles in rows:
        known = {_FIELD_OF_TITLE.get(title) for title in titles}
        if len(known & {*REQUIRED, "public_id"}) < 2:
            continue
        last = max((area.bottom for area in sheet.merged if area.top <= number <= area.bottom), default=number)
        for _, lower in [row for row in rows if number < row[0] <= last]:
            titles += [""] * (len(lower) - len(titles))
            titles[: len(lower)] = [below or above for below, above in zip(lower, titles, strict=False)]
        return number, last, titles
    return None


def read_header(sheet: Sheet, found: tuple[int, int, list[str]]) -> tuple[Header, list[Remark]]:
    """Columns by field. Raises UnableToReadRoster for columns that are missing, twice, or must not be taken."""
    first, last, titles = found
    header = Header(first, last, {})
    places: dict[str, list[int]] = {}
    for place, title in enumerate(titles):
        if key := _FIELD_OF_TITLE.get(title):
            places.setdefault(key, []).append(place)
        elif title not in IGNORED_TITLES:
            header.others[place] = title[:MAX_TITLE]
    problems = _id_columns(sheet, header)
    for key, where in places.items():
        chosen = _choose(key, where, titles)
        if len(chosen) > 1:
            names = "、".join(titles[place] for place in chosen)
            problems.append(Problem(first, key, "column_twice", {"columns": names}))
        header.columns[key] = chosen[0]
        header.others |= {place: titles[place] for place in where if place not in chosen}
    missing = [key for key in REQUIRED if key not in places and not (key in IDENTITY and "public_id" in places)]
    problems += [Problem(first, key, "column_missing") for key in missing]
    if problems:
        raise UnableToReadRoster(problems)
    ignored = "、".join(title for _, title in sorted(header.others.items()))
    return header, [Remark("", first, "columns_ignored", {"columns": ignored})] if ignored else []


def _choose(key: str, places: list[int], titles: Sequence[str]) -> list[int]:
    """Of several columns for one field the one with our own title; of several phones the mobile one."""
    if key == "phone":
        better = [place for place in places if _MOBILE.search(titles[place])]
    else:
        better = [place for place in places if titles[place] == TITLE[key]]
    return better or places


def _id_columns(sheet: Sheet, header: Header) -> list[Problem]:
    """Columns for ID numbers that hold anything."""
    below = [cells for number, cells in sheet.rows if number > header.last]
    return [
        Problem(header.first, title, "id_column")
        for place, title in header.others.items()
        if ID_COLUMN.search(title) and any(place < len(cells) and text_of(cells[place]) for cells in below)
    ]


def is_header_again(cells: Sequence[Cell], header: Header) -> bool:
    """Whether a later row repeats the heading, as lists made of printed pages do."""
    return all(
        place < len(cells) and _FIELD_OF_TITLE.get(title_of(cells[place])) == key
        for key, place in header.columns.items()
        if key in REQUIRED
    )


def title_rows(rows: Sequence[Line], header: Header) -> list[int]:
    return [number for number, _ in rows if number < header.first]
