"""Membership lists as people have them: several sheets, merged units, totals, other headings, other words."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.core.roster import (
    Area,
    NoValue,
    Problem,
    RosterRow,
    RosterTable,
    Sheet,
    UnableToReadRoster,
    date_of,
    number_key,
    read_roster,
    tidy_name,
    tidy_unit,
)
from organizations.sentences import roster_file

pytestmark = pytest.mark.unit
TODAY = dt.date(2026, 11, 23)
HEAD = ["组织", "姓名", "手机号"]
WANG = ["永安镇/第一支部", "王建国", "13900000001"]
LI = ["永安镇/第一支部", "李秀英", "13900000002"]
Rows = list[list[Any]]


def sheet(*rows: list[Any], name: str = "", **options: Any) -> Sheet:
    return Sheet(name, [(number, row) for number, row in enumerate(rows, start=1) if row], **options)


def table(*sheets: Sheet) -> RosterTable:
    return read_roster(sheets, today=TODAY)


def read(*rows: list[Any], **options: Any) -> list[RosterRow]:
    return table(sheet(*rows, **options)).rows


def problems(*sheets: Sheet) -> list[Problem]:
    with pytest.raises(UnableToReadRoster) as refusal:
        table(*sheets)
    assert all(roster_file.problem_lines([problem]) for problem in refusal.value.problems)
    return refusal.value.problems


def said(*sheets: Sheet) -> list[tuple[str, str, Any]]:
    """The remarks: sheet, code, and the one value that says which."""
    remarks = table(*sheets).remarks
    assert all(roster_file.remark_lines([remark]) for remark in remarks)
    return [(remark.sheet, remark.code, *remark.values.values()) for remark in remarks]


def names(rows: list[RosterRow]) -> list[str]:
    return [row.name for row in rows]


# --- sheets ---


def test_a_sheet_for_each_branch() -> None:
    one, two = sheet(HEAD, WANG, name="第一支部"), sheet([], HEAD, LI, name="第二支部")
    assert [(row.sheet, row.row, row.name) for row in table(one, two).rows] == [
        ("第一支部", 2, "王建国"),
        ("第二支部", 3, "李秀英"),
    ]
    assert [row.sheet for row in table(one).rows] == [""]


def test_a_problem_names_its_sheet() -> None:
    one, two = sheet(HEAD, [*WANG[:2], "12"], name="第一支部"), sheet(HEAD, [*LI[:2], "无"], name="第二支部")
    assert roster_file.problem_lines(problems(two, one)) == [
        "工作表“第二支部” 行 2: 手机号 没有手机的人请留空，并填写编号。",
        "工作表“第一支部” 行 2: 手机号 不够 11 位，请检查少了哪一位。",
    ]


def test_sheets_left_out_are_named_and_empty_ones_are_not() -> None:
    sheets = [
        sheet(HEAD, WANG, name="名册"),
        sheet(name="Sheet2"),
        Sheet("旧", [], left_out="hidden"),
        sheet(["各支部人数", 12], name="统计"),
        sheet(HEAD, LI, name="填写说明"),
    ]
    assert names(table(*sheets).rows) == ["王建国"]
    assert said(*sheets) == [("旧", "sheet_hidden"), ("统计", "sheet_no_header"), ("填写说明", "sheet_notes")]


def test_only_hidden_sheets() -> None:
    assert [problem.code for problem in problems(Sheet("旧", [], left_out="hidden"))] == ["only_hidden"]


def test_no_sheet_with_a_heading() -> None:
    assert [problem.code for problem in problems(sheet(["部门", "人数"], name="统计"))] == ["no_header"]


def test_a_list_of_everybody_beside_a_sheet_for_each_branch() -> None:
    everybody, one = sheet(HEAD, WANG, LI, name="总表"), sheet(HEAD, LI, name="第一支部")
    assert names(table(everybody, one).rows) == ["王建国", "李秀英"]
    assert said(everybody, one) == [("第一支部", "copies", "2")]


def test_the_same_number_in_another_sheet() -> None:
    other = sheet(HEAD, [*LI[:2], WANG[2]], name="第二支部")
    (problem,) = problems(sheet(HEAD, WANG, name="第一支部"), other)
    assert roster_file.problem_lines([problem]) == ["工作表“第二支部” 行 2: 手机号 与工作表“第一支部”第 2 行重复。"]


def test_an_id_number_in_any_visible_sheet() -> None:
    other = sheet(["备注", "110101199003070011"], name="统计")
    (problem,) = problems(sheet(HEAD, WANG, name="名册"), other)
    assert (problem.code, problem.sheet) == ("id_number", "统计")


# --- rows ---


def test_hidden_rows_are_read_and_named() -> None:
    filtered = sheet([*HEAD, "状态"], [*WANG, ""], [*LI, "已故"], hidden_rows=frozenset({3, 9}))
    assert [(row.name, row.status) for row in table(filtered).rows] == [("王建国", None), ("李秀英", "died")]
    assert said(filtered) == [("", "hidden_rows", "3")]


def test_a_unit_merged_over_its_members() -> None:
    merged = sheet(HEAD, WANG, ["", *LI[1:]], ["", "赵六", "13900000003"], merged=(Area(2, 1, 4, 1),))
    assert {row.path for row in table(merged).rows} == {("永安镇", "第一支部")}
    assert said(merged) == [("", "merged_filled", "3、4")]


def test_a_gap_below_a_merged_unit_is_filled_too_but_never_without_merging() -> None:
    rows: Rows = [HEAD, WANG, ["", *LI[1:]], ["", "赵六", "13900000003"]]
    assert len({row.path for row in read(*rows, merged=(Area(2, 1, 3, 1),))}) == 1
    assert [(problem.row, problem.code) for problem in problems(sheet(*rows))] == [(3, "missing"), (4, "missing")]


def test_a_unit_merged_over_two_columns() -> None:
    head, first, second = ["区域", *HEAD], ["永安镇/一支部", "", *WANG[1:]], ["", "", *LI[1:]]
    assert {row.path for row in read(head, first, second, merged=(Area(2, 1, 3, 2),))} == {("永安镇", "一支部")}


def test_names_and_phones_are_never_filled() -> None:
    merged = sheet(HEAD, WANG, [LI[0], LI[1], ""], merged=(Area(2, 3, 3, 3),))
    assert [(problem.row, problem.column) for problem in problems(merged)] == [(3, "phone")]


def test_titles_totals_signatures_and_headings_again() -> None:
    page = sheet(
        ["永安镇党员名册（2026年）"],
        ["填报单位：永安镇"],
        HEAD,
        WANG,
        ["第一支部小计", "", ""],
        ["小计", "1人", ""],
        HEAD,
        LI,
        ["合 计", "2人"],
        ["", "填表人：张三", "审核人：李四"],
        ["", NoValue("error"), ""],
    )
    assert names(table(page).rows) == ["王建国", "李秀英"]
    assert said(page) == [("", "title_rows", "1、2"), ("", "no_person_rows", "5、6、7、9、10、11")]


def test_somebody_called_like_a_signature_is_a_person() -> None:
    assert names(read(["姓名", "组织", "手机号"], ["共计", *WANG[::2]])) == ["共计"]


def test_a_cut_tail_is_said() -> None:
    assert said(sheet(HEAD, WANG, cut=True)) == [("", "tail_cut")]


def test_many_rows_are_not_all_listed() -> None:
    rows: Rows = [["永安镇/一支部", f"张{n}", f"139000{n:05}"] for n in range(40)]
    hidden = sheet(HEAD, *rows, hidden_rows=frozenset(range(2, 42)))
    assert table(hidden).remarks[0].values["rows"] == "、".join(map(str, range(2, 22))) + "…"


# --- columns ---


@pytest.mark.parametrize(
    "title",
    ["所在党支部", "党组织名称", "所在支部", "所在党组织全称", "所在党组织 (全称)", "党支部"],
)
def test_other_ways_to_name_the_unit(title: str) -> None:
    assert read([title, *HEAD[1:]], WANG)[0].path == ("永安镇", "第一支部")


@pytest.mark.parametrize("title", ["联系方式", "联系电话", "手机", "移动电话", "手机号\n（11位）"])
def test_other_ways_to_name_the_phone(title: str) -> None:
    assert read([*HEAD[:2], title], WANG)[0].phone == "+8613900000001"


def test_the_columns_of_a_party_member_list() -> None:
    head = [
        "序号",
        "姓名",
        "性别",
        "民族",
        "出生日期",
        "人员类别",
        "所在党支部",
        "入党日期",
        "联系电话",
        "固定电话",
        "党内职务",
    ]
    row = [1.0, "王建国", "男", "汉族", "1955-03-02", "正式党员", "永安镇/第一支部", "1985-07-01"]
    row += ["13900000001", "0577-88888888", "党支部书记"]
    (person,) = read(head, row)
    assert (person.path, person.status, person.joined) == (("永安镇", "第一支部"), "active", None)
    assert (person.roles, person.roles_only_added) == ({"secretary"}, True)
    assert said(sheet(head, row)) == [
        ("", "columns_ignored", "性别、民族、出生日期、入党日期、固定电话"),
        ("", "posts_only_added"),
    ]


def test_posts_never_end_a_role() -> None:
    head = [*HEAD, "党内职务"]
    people = read(head, [*WANG, "副书记"], [*LI, ""])
    assert [(person.roles, person.roles_only_added) for person in people] == [(None, False), (None, False)]
    assert ("", "other_posts", "副书记") in said(sheet(head, [*WANG, "副书记"]))


def test_the_mobile_phone_is_taken_before_the_other_one() -> None:
    head = ["组织", "姓名", "联系电话", "手机号码"]
    assert read(head, [*WANG[:2], "0577-88888888", "13900000001"])[0].phone == "+8613900000001"
    assert said(sheet(head, [*WANG[:2], "", "13900000001"])) == [("", "columns_ignored", "联系电话")]


def test_two_columns_of_one_meaning_are_named() -> None:
    (problem,) = problems(sheet([*HEAD, "手机"], [*WANG, ""]))
    assert roster_file.problem_lines([problem]) == ["行 1: 手机号 有几列都是这个内容：手机号、手机。请只留一列。"]


@pytest.mark.parametrize("title", ["身份证号", "身份证号码", "证件号码", "公民身份号码"])
def test_columns_that_we_must_not_take(title: str) -> None:
    assert [problem.code for problem in problems(sheet([*HEAD, title], [*WANG, "3303"]))] == ["id_column"]
    assert len(read([*HEAD, title], [*WANG, ""])) == 1


def test_a_heading_of_two_merged_rows() -> None:
    upper, lower = ["组织", "基本信息", "", "联系方式", ""], ["", "姓名", "性别", "固定电话", "手机号"]
    merged = (Area(1, 1, 2, 1), Area(1, 2, 1, 3), Area(1, 4, 1, 5))
    row = ["永安镇/第一支部", "王建国", "男", "", "13900000001"]
    (person,) = read(upper, lower, row, merged=merged)
    assert (person.row, person.name, person.phone) == (3, "王建国", "+8613900000001")


@pytest.mark.parametrize("head", [[*HEAD, ""], [*HEAD, "备注"], HEAD])
def test_words_of_leaving_beside_the_table_are_named(head: list[str]) -> None:
    remarked = said(sheet(head, [*WANG, "已故"], [*LI, "2026年转出"]))
    assert remarked[-1] == ("", "leaving_words", "2、3", "已故、转出")


# --- cells ---


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("在册", "active"),
        ("正式党员", "active"),
        ("预备党员", "active"),
        ("免学", "exempt"),
        ("转出", "transferred"),
        ("已转出", "transferred"),
        ("迁出", "transferred"),
        ("去世", "died"),
        ("已故", "died"),
        ("死 亡", "died"),
        ("停止党籍", "stopped"),
        ("出党", "stopped"),
        ("除名", "stopped"),
        ("退出", "stopped"),
        ("", None),
    ],
)
def test_words_for_a_state(word: str, status: str | None) -> None:
    assert read([*HEAD, "状态"], [*WANG, word])[0].status == status


def test_the_day_of_leaving() -> None:
    head = [*HEAD, "状态", "离开日期"]
    person = read(head, [*WANG, "转出", "2026-05-01"])[0]
    assert (person.status, person.left) == ("transferred", dt.date(2026, 5, 1))
    assert [p.code for p in problems(sheet(head, [*WANG, "在册", "2026-05-01"]))] == ["left_without_status"]
    assert [p.code for p in problems(sheet(head, [*WANG, "", "2026-05-01"]))] == ["left_without_status"]
    assert [p.code for p in problems(sheet(head, [*WANG, "转出", "去年"]))] == ["bad_date"]


def test_a_heading_may_say_why_somebody_left() -> None:
    head = [*HEAD, "人员类别", "转出日期", "去世日期"]
    gone, died, here = [*WANG, "正式党员", "2026-05-01", ""], [*LI, "正式党员", "", "2026-06-01"], LI[:2]
    people = read(head, gone, died, [*here, "13900000003", "正式党员", "", ""])
    assert [(person.status, person.left) for person in people] == [
        ("transferred", dt.date(2026, 5, 1)),
        ("died", dt.date(2026, 6, 1)),
        ("active", None),
    ]
    both = [*WANG, "正式党员", "2026-05-01", "2026-06-01"]
    assert [problem.code for problem in problems(sheet(head, both))] == ["leaving_twice"]


@pytest.mark.parametrize(
    ("words", "roles"),
    [
        ("党支部书记", {"secretary"}),
        ("监督员", {"auditor"}),
        ("书记兼组织员", {"secretary", "organiser"}),
        ("书记（讲师）", None),
        ("党员", set()),
        ("无", set()),
        ("副书记", set()),
        ("组织委员、讲师", {"lecturer"}),
        ("管理员", None),
    ],
)
def test_words_for_roles(words: str, roles: set[str] | None) -> None:
    written = sheet([*HEAD, "角色"], [*WANG, words])
    if roles is None:
        assert [problem.code for problem in problems(written)] == ["unknown_role"]
    else:
        assert table(written).rows[0].roles == roles


def test_roles_at_other_units_take_a_row_each() -> None:
    head = [*HEAD, "角色", "任职组织"]
    people = read(head, [*WANG, "书记", ""], [*WANG, "组织员", "永安镇"], [*WANG, "讲师", "/永安镇/第二支部/"])
    assert [(row.role_path, row.roles) for row in people] == [
        (None, {"secretary"}),
        (("永安镇",), {"organiser"}),
        (("永安镇", "第二支部"), {"lecturer"}),
    ]


def test_the_same_place_twice_and_another_name_are_repeated_numbers() -> None:
    head = [*HEAD, "角色", "任职组织"]
    again, other = [*WANG, "讲师", "永安镇"], [LI[0], LI[1], WANG[2], "讲师", "永安镇"]
    assert [p.code for p in problems(sheet(head, [*WANG, "书记", "永安镇"], again))] == ["twice"]
    assert [p.code for p in problems(sheet(head, [*WANG, "书记", ""], other))] == ["twice"]


def test_a_place_for_a_role_needs_a_role() -> None:
    assert [p.code for p in problems(sheet([*HEAD, "任职组织"], [*WANG, "永安镇"]))] == ["role_missing"]


@pytest.mark.parametrize(
    ("word", "decision"),
    [("改名", "renamed"), ("换号", "new_phone"), ("换了人", "new_person"), ("同名的两个人", "namesake"), ("", None)],
)
def test_words_for_an_answer(word: str, decision: str | None) -> None:
    assert read([*HEAD, "说明"], [*WANG, word])[0].decision == decision


def test_other_words_in_that_column_are_said() -> None:
    assert said(sheet([*HEAD, "说明"], [*WANG, "长期在外"])) == [("", "decision_unknown", "2")]


def test_our_own_id_makes_a_phone_needless() -> None:
    key = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert read(["组织", "姓名", "系统编号"], [*WANG[:2], key.upper()])[0].public_id == key
    assert [p.code for p in problems(sheet(["组织", "姓名", "系统编号"], [*WANG[:2], "0f8fad5b"]))] == ["bad_public_id"]
    twice = sheet([*HEAD, "系统编号"], [*WANG, key], [*LI, key])
    assert [(p.column, p.code) for p in problems(twice)] == [("public_id", "twice")]


@pytest.mark.parametrize("why", ["formula", "error"])
def test_a_cell_without_a_value_is_no_empty_cell(why: str) -> None:
    found = problems(sheet([*HEAD, "编号"], [*WANG[:2], NoValue(why), NoValue(why)]))
    assert [(problem.column, problem.code) for problem in found] == [("phone", why), ("number", why)]


def test_rows_of_formulas_alone_are_refused() -> None:
    assert {p.code for p in problems(sheet(HEAD, WANG, [NoValue("formula")] * 3))} >= {"formula"}


@pytest.mark.parametrize("phone", [13900000000, 13900000000.0, "1.39E+10"])
def test_a_phone_that_lost_its_digits(phone: Any) -> None:
    assert [problem.code for problem in problems(sheet(HEAD, [*WANG[:2], phone]))] == ["digits_lost"]


@pytest.mark.parametrize("phone", ["13900000000", "'13900000000", 13900000001.0])
def test_a_phone_that_has_all_its_digits(phone: Any) -> None:
    assert read(HEAD, [*WANG[:2], phone])[0].phone.startswith("+861390000000")


def test_words_for_no_phone_are_an_empty_phone_where_there_is_a_number() -> None:
    assert read([*HEAD, "编号"], [*WANG[:2], "无", "Y1"])[0].phone == ""


def test_the_calendar_counts_for_bare_day_numbers() -> None:
    (person,) = read([*HEAD, "加入日期"], [*WANG, 42185.0], epoch=dt.date(1904, 1, 1))
    assert person.joined == dt.date(2019, 7, 1)
    assert date_of(43647.0) == dt.date(2019, 7, 1)


# --- names and numbers ---


@pytest.mark.parametrize("dot", ["·", "•", "．", "・", ".", " · ", "‧", "･"])
def test_one_dot(dot: str) -> None:
    assert tidy_name(f"阿卜杜拉{dot}买买提") == "阿卜杜拉·买买提"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("王 𠮷", "王𠮷"),
        ("王\u3000𠮷", "王𠮷"),
        ("𠮷 野", "𠮷野"),
        ("\U00031350 文", "\U00031350文"),
        ("\ue863某", "䶮某"),
        ("Tashi Dorje", "Tashi Dorje"),
        ("J. Smith", "J. Smith"),
        ("王建国（大）", "王建国(大)"),
    ],
)
def test_one_written_form_of_a_name(written: str, name: str) -> None:
    assert read(HEAD, [WANG[0], written, WANG[2]])[0].name == name


@pytest.mark.parametrize("name", ["王?国", "王？国", "王□国", "王\ufffd国", "\ue000某", "\U000f0001某"])
def test_a_lost_character_is_refused(name: str) -> None:
    assert [p.code for p in problems(sheet(HEAD, [WANG[0], name, WANG[2]]))] == ["lost_character"]


@given(st.text(max_size=30))
def test_a_tidy_name_stays_as_it_is(name: str) -> None:
    assert tidy_name(tidy_name(name)) == tidy_name(name)
    assert tidy_unit(tidy_unit(name)) == tidy_unit(name)


@pytest.mark.parametrize(
    ("one", "other"), [("y001", "Y001"), ("001", "1"), ("Ｙ００１", "Y001"), ("Y 1", "y1"), ("0", "00")]
)
def test_one_member_number(one: str, other: str) -> None:
    assert number_key(one) == number_key(other)
    twice = sheet([*HEAD, "编号"], [*WANG, one], [*LI, other])
    assert [(problem.column, problem.code) for problem in problems(twice)] == [("number", "twice")]


@pytest.mark.parametrize(("cell", "shown"), [("001", "001"), (1.0, "1"), ("'001", "001"), ("y1", "y1"), ("12.0", "12")])
def test_a_member_number_is_shown_as_written(cell: Any, shown: str) -> None:
    assert read([*HEAD, "编号"], [*WANG, cell])[0].number == shown


@pytest.mark.parametrize("cell", ["3.303E+11", "3.3e11", 1.2345678901234567e16])
def test_a_member_number_that_lost_digits(cell: Any) -> None:
    found = problems(sheet([*HEAD, "编号"], [*WANG, cell]))
    assert [(problem.column, problem.code) for problem in found] == [("number", "digits_lost")]


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("..", "bad_unit_name"),
        ("../青石镇", "bad_unit_name"),
        ("./青石镇", "bad_unit_name"),
        ("永安镇/—", "bad_unit_name"),
        ("=HYPERLINK(1)", "bad_unit_name"),
        ("<script>", "other_separator"),
        ("永安镇\\第一支部", "other_separator"),
        ("永安镇>第一支部", "other_separator"),
        ("永安镇＞第一支部", "other_separator"),
        ("永安镇→第一支部", "other_separator"),
        ("永安?/第一支部", "lost_character"),
    ],
)
def test_what_is_no_unit(unit: str, code: str) -> None:
    assert [problem.code for problem in problems(sheet(HEAD, [unit, *WANG[1:]]))] == [code]


@pytest.mark.parametrize("unit", ["永安镇 / 第一 支部", "永安镇／第一支部", "/永安镇/第一支部/"])
def test_one_written_form_of_a_unit(unit: str) -> None:
    assert read(HEAD, [unit, *WANG[1:]])[0].path == ("永安镇", "第一支部")


@pytest.mark.parametrize("unit", ["（二）支部", "“红旗”支部", "3号楼支部", "永安镇-东风村", "第一支部(老年)"])
def test_unusual_names_of_units(unit: str) -> None:
    assert len(read(HEAD, [unit, *WANG[1:]])[0].path) == 1


LEAVERS = ["组织", "姓名", "手机号", "状态", "离开日期"]


def test_a_state_merged_over_some_rows_is_nobody_elses() -> None:
    rows = [["组织", "姓名", "手机号", "状态"], [*WANG, "转出"], [*LI, ""], [*LI[:1], "赵六", "13900000003", ""]]
    found = read(*rows, merged=(Area(2, 4, 3, 4),))
    assert [row.status for row in found] == ["transferred", "transferred", None]


def test_a_phone_of_somebody_who_left_is_free_for_another() -> None:
    left, stays = [*WANG, "转出", "2026-11-01"], [LI[0], "李秀英", WANG[2], "", ""]
    assert names(read(LEAVERS, left, stays)) == ["王建国", "李秀英"]
    twice = problems(sheet(LEAVERS, left, [LI[0], "赵六", WANG[2], "转出", "2026-11-02"], stays))
    assert ("phone", "twice") in [(problem.column, problem.code) for problem in twice]


def test_a_phone_of_somebody_who_leaves_later_is_free_later() -> None:
    leaves, stays = [*WANG, "转出", "2026-12-01"], [LI[0], "李秀英", WANG[2], "", ""]
    (found,) = problems(sheet(LEAVERS, leaves, stays))
    assert (found.row, found.code, found.values) == (3, "free_later", {"name": "王建国", "day": "2026-12-01"})
    (other,) = problems(sheet(LEAVERS, stays, leaves))
    assert (other.row, other.code) == (2, "free_later")
