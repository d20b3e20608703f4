"""A roster table: what its cells may look like, and what is said about those that are wrong."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.core.roster import (
    Problem,
    RosterRow,
    Sheet,
    UnableToReadRoster,
    date_of,
    guess_kind,
    holds_id_number,
    read_roster,
    text_of,
)

pytestmark = pytest.mark.unit
TODAY = dt.date(2026, 11, 23)
HEADER = ["组织", "姓名", "手机号", "编号", "加入日期", "状态", "角色"]
GOOD = ["永安镇/东风村/第一支部", "王建国", "13800000001", "D001", "2024-01-05", "在册", "书记"]


def read(*rows: list[Any], header: list[Any] = HEADER) -> list[RosterRow]:
    return read_roster([Sheet("", list(enumerate([header, *rows], start=1)))], today=TODAY).rows


def problems(*rows: list[Any], header: list[Any] = HEADER) -> list[Problem]:
    with pytest.raises(UnableToReadRoster) as refusal:
        read(*rows, header=header)
    return refusal.value.problems


def but(**changes: Any) -> list[Any]:
    """The good row with some cells changed, by column: org, name, phone, number, joined, status, roles."""
    keys = ["org", "name", "phone", "number", "joined", "status", "roles"]
    return [changes.get(key, cell) for key, cell in zip(keys, GOOD, strict=True)]


def test_a_good_row() -> None:
    assert read(GOOD) == [
        RosterRow(
            row=2,
            path=("永安镇", "东风村", "第一支部"),
            name="王建国",
            phone="+8613800000001",
            number="D001",
            joined=dt.date(2024, 1, 5),
            status="active",
            roles=frozenset({"secretary"}),
        )
    ]


def test_only_the_required_columns_in_another_order() -> None:
    assert read(["13800000001", "王建国", "一支部"], header=["手机号", "姓名", "组织"]) == [
        RosterRow(2, ("一支部",), "王建国", "+8613800000001", None, None, None, None)
    ]


@pytest.mark.parametrize("title", ["手机", "手机号码", " 手 机 号 ", "*手机号", "手机号（必填）", "联系电话"])
def test_other_ways_to_name_a_column(title: str) -> None:
    assert read(["一支部", "王建国", 13800000001.0], header=["所在组织", "姓名", title])[0].phone == "+8613800000001"


def test_title_rows_blank_rows_and_short_rows_are_skipped() -> None:
    rows = [
        ["青溪县党员名册", "", ""],
        ["", "", ""],
        HEADER,
        [None],
        GOOD,
        ["", " ", "　"],
        but(phone="13800000002")[:3],
    ]
    people = read_roster([Sheet("", list(enumerate(rows, start=1)))], today=TODAY).rows
    assert [person.row for person in people] == [5, 7]


def test_formula_looking_text_stays_text() -> None:
    assert read(but(name="=1+1"))[0].name == "=1+1"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("王　五", "王五"),
        (" 王建国 ", "王建国"),
        ("阿依 古丽·买买提", "阿依古丽·买买提"),
        ("Anna  Li", "Anna Li"),
        ("王\u200b五", "王五"),
    ],
)
def test_names_are_tidied(written: str, name: str) -> None:
    assert read(but(name=written))[0].name == name


@pytest.mark.parametrize(
    "cell",
    [
        "13800000001",
        13800000001,
        13800000001.0,
        "13800000001.0",
        "138 0000 0001",
        "+86 13800000001",
        "１３８００００００01",
    ],
)
def test_phones_as_excel_leaves_them(cell: Any) -> None:
    assert read(but(phone=cell))[0].phone == "+8613800000001"


def test_no_phone_but_a_number() -> None:
    assert read(but(phone=""))[0].phone == ""
    assert read(but(phone="", number=1001.0))[0].number == "1001"


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("2024-01-05", dt.date(2024, 1, 5)),
        ("2024/1/5", dt.date(2024, 1, 5)),
        ("2024.1.5", dt.date(2024, 1, 5)),
        ("2024年1月5日", dt.date(2024, 1, 5)),
        ("20240105", dt.date(2024, 1, 5)),
        (20240105.0, dt.date(2024, 1, 5)),
        ("2024-01-05 00:00:00", dt.date(2024, 1, 5)),
        (dt.date(2024, 1, 5), dt.date(2024, 1, 5)),
        (dt.datetime(2024, 1, 5, 8, 30), dt.date(2024, 1, 5)),  # noqa: DTZ001
        (45296.0, dt.date(2024, 1, 5)),
        ("2024-13-05", None),
        ("2024-02-30", None),
        ("去年", None),
        ("2024.1", None),
        (True, None),
        (0.5, None),
    ],
)
def test_dates(cell: Any, date: dt.date | None) -> None:
    assert date_of(cell) == date


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (but(org=""), "org", "missing"),
        (but(org="永安镇//第一支部"), "org", "empty_level"),
        (but(org="/".join("一二三四五六七八九十百")), "org", "too_deep"),
        (but(org="支" * 121), "org", "too_long"),
        (but(org="永安镇\x00"), "org", "control"),
        (but(name=""), "name", "missing"),
        (but(name="王" * 61), "name", "too_long"),
        (but(name="王\x00五"), "name", "control"),
        (but(phone="12800000001"), "phone", "bad_phone"),
        (but(phone="1.38E+10"), "phone", "digits_lost"),
        (but(phone=13800000001.5), "phone", "too_many_digits"),
        (but(phone="", number=""), "phone", "missing"),
        (but(number="D" * 41), "number", "too_long"),
        (but(joined="昨天"), "joined", "bad_date"),
        (but(joined="1900-01-01"), "joined", "far_date"),
        (but(joined="2031-01-01"), "joined", "far_date"),
        (but(status="退休"), "status", "unknown_status"),
        (but(roles="书记、校长"), "roles", "unknown_role"),
    ],
)
def test_bad_cells(row: list[Any], column: str, code: str) -> None:
    found = problems([*GOOD[:2], "13900000009", "D9", *GOOD[4:]], row)
    assert [(problem.row, problem.column, problem.code) for problem in found] == [(3, column, code)]


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = problems(but(phone="1", joined="x"), GOOD, but(name=""))
    assert [(problem.row, problem.column) for problem in found] == [(2, "phone"), (2, "joined"), (4, "name")]


def test_twice_in_the_file() -> None:
    found = problems(GOOD, but(number="D002"), but(phone="13800000003"))
    assert found == [
        Problem(3, "phone", "twice", {"first": 2}),
        Problem(4, "number", "twice", {"first": 2}),
    ]


@pytest.mark.parametrize("roles", ["书记、组织员", "书记,组织员", "书记 组织员", "书记；组织员", "支部书记/组织员"])
def test_several_roles(roles: str) -> None:
    assert read(but(roles=roles))[0].roles == {"secretary", "organiser"}


def test_status_and_roles_left_empty() -> None:
    person = read(but(status="", roles="", joined=""))[0]
    assert (person.status, person.roles, person.joined) == (None, frozenset(), None)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (["组织", "姓名", "性别"], [("phone", "column_missing")]),
        (["组织", "姓名", "手机号", "手机"], [("phone", "column_twice")]),
        (["组织", "部门", "电子邮箱"], [("", "no_header")]),
    ],
)
def test_columns_are_named(header: list[str], found: list[tuple[str, str]]) -> None:
    row = ["一支部", "王建国", "13800000001", "13800000001"][: len(header)]
    assert [(problem.column, problem.code) for problem in problems(row, header=header)] == found


def test_the_running_number_is_ignored() -> None:
    assert read([1.0, "一支部", "王", "13800000001", ""], header=["序号", "组织", "姓名", "手机号", ""])[0].name == "王"


@pytest.mark.parametrize("rows", [[], [["", None]], [HEADER]])
def test_nobody_in_the_file(rows: list[list[Any]]) -> None:
    with pytest.raises(UnableToReadRoster) as refusal:
        read_roster([Sheet("", list(enumerate(rows, start=1)))], today=TODAY)
    assert [problem.code for problem in refusal.value.problems] == ["empty"]


@pytest.mark.parametrize(
    "cell",
    [
        "110101199003070011",
        "11010119900307001X",
        "身份证：11010119900307001x",
        "110101 1990 0307 0011",
        110101199003070011,
        1.10101199003070e17,
        "１１０１０１１９９００３０７００１１",
    ],
)
def test_an_id_number_anywhere_refuses_the_file(cell: Any) -> None:
    found = problems(GOOD, [*but(phone="13900000009", number="D9"), cell], header=[*HEADER, "备注"])
    assert [(problem.row, problem.code, problem.values) for problem in found] == [(3, "id_number", {"count": 1})]
    assert str(cell) not in repr(found)


@pytest.mark.parametrize(
    "cell",
    ["13800000001", 13800000001.0, "1101011990030700111", "12345678901234567", "", None, True, dt.date(2024, 1, 5)],
)
def test_what_is_no_id_number(cell: Any) -> None:
    assert not holds_id_number(cell)


@pytest.mark.parametrize(("cell", "text"), [(True, "TRUE"), (False, "FALSE"), (1.5, "1.5"), (None, ""), (7, "7")])
def test_cells_as_text(cell: Any, text: str) -> None:
    assert text_of(cell) == text


cells = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), st.text(max_size=30), st.dates())


@given(st.lists(st.lists(cells, max_size=8), max_size=5))
def test_any_table_is_read_or_refused_with_reasons(rows: list[list[Any]]) -> None:
    people: list[RosterRow] = []
    reasons: list[Problem] = []
    try:
        people = read_roster([Sheet("", list(enumerate([HEADER, *rows], start=1)))], today=TODAY).rows
    except UnableToReadRoster as refusal:
        reasons = refusal.problems
    assert bool(people) != bool(reasons)
    assert all(person.path and person.name and (person.phone or person.number) for person in people)


@pytest.mark.parametrize(
    ("name", "parent", "leaf", "kind"),
    [
        ("青溪县", None, False, "county"),
        ("中共青溪县委员会", None, False, "county"),
        ("江州市", None, False, "city"),
        ("江北市", "city", False, "county"),
        ("高新区", "city", False, "county"),
        ("永安镇", "county", False, "township"),
        ("永安镇党委", "county", False, "township"),
        ("和平街道", "county", False, "township"),
        ("和平街道党工委", "county", False, "township"),
        ("东风村", "township", False, "community"),
        ("东风村党总支部", "township", False, "community"),
        ("幸福社区", "township", False, "community"),
        ("东风村第一支部", "community", True, "branch"),
        ("第一党小组", "branch", True, "group"),
        ("学习组", "branch", True, "group"),
        ("县直机关", "county", False, "township"),
        ("县人民医院", "county", True, "branch"),
        ("退役军人之家", "branch", True, "group"),
        ("某单位", "group", True, "group"),
        ("某单位", None, True, "city"),
        ("党委", "county", True, "branch"),
    ],
)
def test_levels_guessed_from_names(name: str, parent: str | None, leaf: bool, kind: str) -> None:
    assert guess_kind(name, parent=parent, leaf=leaf) == kind
