"""The roster as a file: what goes out comes in unchanged, and only the operator of that part takes it out."""

import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organizations.core.roster import UnableToReadRoster, read_roster
from organizations.models import AccessEntry, Exemption, Membership, Node, Role, RoleGrant, RosterImport, User
from organizations.operations import RosterOutcome, UnableToImportRoster, import_roster, set_phone
from organizations.queries import access_entries, phone_of
from organizations.roster_export import export_roster, roster_template
from organizations.sheets import read_table
from tests.factories.organizations import (
    County,
    MembershipFactory,
    NodeFactory,
    RoleGrantFactory,
    UserFactory,
    make_county,
)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def world() -> County:
    return make_county()


def exported(node: Node) -> io.BytesIO:
    out = io.BytesIO()
    export_roster(node=node, on_date=TODAY, to=out)
    out.seek(0)
    return out


def cells(file: io.BytesIO) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(file).worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def take(file: io.BytesIO, *, under: Node, **options: Any) -> RosterOutcome:
    file.seek(0)
    file.name = "名册.xlsx"
    return import_roster(path_or_file=file, under=under, dry_run=False, as_of=NOW, **options)


def everything() -> list[Any]:
    models = [Node, User, Membership, Exemption, RoleGrant, RosterImport]
    return [list(model.objects.order_by("pk").values()) for model in models]


def edited(file: io.BytesIO, change: Any) -> io.BytesIO:
    """The file as somebody hands it back after working on it in Excel."""
    book = openpyxl.load_workbook(file)
    change(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


# --- what is in it ---


def test_each_person_with_unit_state_and_roles_and_no_phone_number(world: County) -> None:
    RoleGrantFactory(user=world.member, node=world.township, role=Role.ORGANISER)
    Exemption.objects.create(member=world.neighbour_member, active_from_date=TODAY)
    rows = cells(exported(world.township))
    mine = [row for row in rows if row["系统编号"] == str(world.member.public_id)]
    assert [(row["组织"], row["姓名"], row["状态"], row["角色"], row["任职组织"], row["组织代码"]) for row in mine] == [
        ("东风村第一支部", "王一0", "在册", None, None, "QX.01.01"),
        ("东风村第一支部", "王一0", "在册", "组织员", "永安镇", "QX.01.01"),
    ]
    assert {row["状态"] for row in rows if row["姓名"] == world.neighbour_member.name} == {"免学"}
    assert {row["手机号"] for row in rows} == {None}
    whole = b"".join(exported(world.county).getvalue().split())
    assert not any(phone_of(user)[3:].encode() in whole for user in User.objects.all())


def test_cells_are_text_and_nothing_is_a_formula(world: County) -> None:
    User.objects.filter(pk=world.member.pk).update(name="=1+1", number="001")
    book = openpyxl.load_workbook(exported(world.county))
    (row,) = [row for row in book.worksheets[0].iter_rows() if row[1].value == "=1+1"]
    assert [(cell.data_type, cell.value) for cell in row[1:4:2]] == [("s", "=1+1"), ("s", "001")]
    assert row[3].number_format == "@"


def test_people_of_the_neighbour_stay_out(world: County) -> None:
    names = {row["姓名"] for row in cells(exported(world.branch))}
    assert names == {"王一0", "王一1", "王一2", "赵书记"}


def test_the_number_of_queries_does_not_grow(world: County) -> None:
    with CaptureQueriesContext(
        connection,
    ) as few:
        exported(world.county)
    for number in range(20):
        member = MembershipFactory(node=NodeFactory(parent=world.township, name=f"第{number}支部")).member
        RoleGrantFactory(user=member, node=world.township, role=Role.LECTURER)
    with CaptureQueriesContext(connection) as many:
        exported(world.county)
    assert len(many) == len(few)


# --- out and in again ---


@pytest.fixture
def large(world: County) -> County:
    """300 people more, with all that a file may get wrong: odd names and units, roles elsewhere, no numbers."""
    units = [NodeFactory(parent=world.township, name=f"第{n}支部") for n in range(8)]
    units.append(NodeFactory(parent=world.township, name="（红旗）老干部支部"))
    units.append(NodeFactory(parent=units[0], name="第一 小组"))
    rare = ["王𠮷", "㛃晴", "䶮飞", "阿卜杜拉·买买提", "\U00031350文", "Tashi Dorje", "王建国(大)", "=1+1", "'张三"]
    for n in range(300):
        name = rare[n] if n < len(rare) else f"党员{n}"
        number = {0: None, 1: f"00{n}", 2: f"y{n}"}[n % 3]
        user = UserFactory(name=name, number=number)
        if n % 7 == 0:
            User.objects.filter(pk=user.pk).update(phone_index=None, phone_cipher=None, phone_last4="")
        MembershipFactory(member=user, node=units[n % len(units)])
        if n % 11 == 0:
            Exemption.objects.create(member=user, active_from_date=TODAY - dt.timedelta(days=n))
        for role in (Role.SECRETARY, Role.AUDITOR)[: n % 3]:
            RoleGrantFactory(user=user, node=units[n % len(units)], role=role)
        if n % 29 == 0:
            RoleGrantFactory(user=user, node=world.township, role=Role.ORGANISER)
            RoleGrantFactory(user=user, node=world.neighbour, role=Role.LECTURER)
            RoleGrantFactory(user=user, node=world.county, role=Role.LECTURER)
    for number in (None, "N1"):
        MembershipFactory(member=UserFactory(name="同名", number=number), node=units[1])
    going = Membership.objects.filter(member__name="党员20")
    going.update(active_to_date=TODAY + dt.timedelta(days=30), left_because="transferred")
    RoleGrantFactory(user=world.operator, node=world.township, role=Role.OPERATOR)
    return world


@pytest.mark.parametrize("node", ["county", "township"])
def test_what_goes_out_comes_in_unchanged(large: County, node: str) -> None:
    before = everything()
    base: Node = getattr(large, node)
    file = exported(base)
    outcome = take(file, under=base)
    assert (outcome.lines, outcome.nodes, outcome.open_questions, outcome.remarks) == ([], [], [], [])
    assert outcome.absent == []
    assert outcome.unchanged >= 300
    assert everything() == before
    take(edited(file, lambda sheet: None), under=base, actor_id=large.operator.pk)  # saved by a spreadsheet in between
    assert everything() == before


def test_one_cell_changed_is_one_change(large: County) -> None:
    def rename(sheet: Any) -> None:
        (cell,) = [row[5] for row in sheet.iter_rows() if row[1].value == "党员100"]
        cell.value = "免学"

    outcome = take(edited(exported(large.county), rename), under=large.county)
    assert [(line.kind, line.name, line.changes) for line in outcome.lines] == [("updated", "党员100", ("status",))]


def test_a_new_phone_in_the_empty_cell_is_taken(world: County) -> None:
    def call(sheet: Any) -> None:
        (cell,) = [row[2] for row in sheet.iter_rows() if row[1].value == world.member.name]
        cell.value = "13700000009"

    take(edited(exported(world.county), call), under=world.county)
    world.member.refresh_from_db()
    assert phone_of(world.member) == "+8613700000009"


def test_a_line_copied_for_somebody_else_is_refused(world: County) -> None:
    """Whoever copies a line and types another name over it has our own id twice."""

    def copy(sheet: Any) -> None:
        row = [cell.value for cell in sheet[2]]
        sheet.append([row[0], "新来的", "13700000009", *row[3:]])

    with pytest.raises(UnableToImportRoster) as refusal:
        take(edited(exported(world.county), copy), under=world.county)
    assert [(problem.column, problem.code) for problem in refusal.value.problems] == [("public_id", "twice")]


# --- the empty one ---


def template_sheet(path: Path) -> Any:
    path.write_bytes(roster_template())
    return openpyxl.load_workbook(path)


def test_the_template_holds_nobody_and_is_read_once_it_is_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "模板.xlsx"
    book = template_sheet(path)
    with pytest.raises(UnableToReadRoster) as refusal:
        read_roster(read_table(path), today=TODAY)
    assert [problem.code for problem in refusal.value.problems] == ["empty"]
    book.worksheets[0].append(["永安镇/第一支部", "王建国", "13900000001"])
    book.save(path)
    table = read_roster(read_table(path), today=TODAY)
    assert [(row.name, row.phone) for row in table.rows] == [("王建国", "+8613900000001")]
    assert [(remark.sheet, remark.code) for remark in table.remarks] == [("填写说明", "sheet_notes")]


def test_the_template_s_own_example_is_a_good_roster(tmp_path: Path) -> None:
    path = tmp_path / "模板.xlsx"
    book = template_sheet(path)
    del book["名册"]
    example = book["填写说明"]
    example.title = "名册"
    start = next(row[0].row for row in example.iter_rows() if row[0].value == "例子")
    example.delete_rows(1, start)
    book.save(path)
    table = read_roster(read_table(path), today=TODAY)
    assert [row.name for row in table.rows] == ["王建国", "李秀英", "张志强", "赵德顺"]
    assert [(row.status, row.role_path) for row in table.rows[2:]] == [(None, ("永安镇",)), ("transferred", None)]


def test_the_template_offers_the_words(tmp_path: Path) -> None:
    sheet = template_sheet(tmp_path / "模板.xlsx").worksheets[0]
    lists = {str(rule.sqref).split(":")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert lists == {
        "F2": '"在册,免学,转出,去世,停止"',
        "H2": '"书记,组织员,讲师,监督员"',
        "J2": '"改名,换号,换了人,同名的两个人"',
    }


# --- who may ---


def test_the_operator_takes_the_roster_out_and_it_is_written_down(world: County, client: Client) -> None:
    set_phone(member_id=world.member.pk, phone="13700000009")
    client.force_login(world.operator)
    page = client.get(reverse("roster_export"), {"under": world.branch.pk})
    assert (page.status_code, page.headers["Content-Type"].endswith("sheet")) == (200, True)
    assert "no-store" in page.headers["Cache-Control"]
    rows = cells(io.BytesIO(b"".join(page.streaming_content)))
    assert {row["姓名"] for row in rows} == {"王一0", "王一1", "王一2", "赵书记"}
    logged = AccessEntry.objects.get(what="roster", reader=world.operator)
    assert (logged.count, logged.node, logged.role) == (4, world.branch, "operator")
    for person in (*world.members, world.secretary):
        assert list(access_entries(subject_id=person.pk)) == [logged]
    assert not access_entries(subject_id=world.neighbour_member.pk).exists()


def test_without_a_node_the_highest_one_is_meant(world: County, client: Client) -> None:
    client.force_login(world.operator)
    page = client.get(reverse("roster_export"))
    assert len(cells(io.BytesIO(b"".join(page.streaming_content)))) == 8


@pytest.mark.parametrize("under", ["neighbour", "township"])
def test_nothing_outside_one_s_own_part(world: County, client: Client, under: str) -> None:
    client.force_login(RoleGrantFactory(node=world.branch, role=Role.OPERATOR).user)
    assert client.get(reverse("roster_export"), {"under": getattr(world, under).pk}).status_code == 404
    assert not AccessEntry.objects.exists()


@pytest.mark.parametrize("under", ["0", "-1", "x", "١", "9" * 30, " "])
def test_what_is_no_node(world: County, client: Client, under: str) -> None:
    client.force_login(world.operator)
    assert client.get(reverse("roster_export"), {"under": under}).status_code == 404


@pytest.mark.parametrize("who", ["member", "secretary", "neighbour_secretary", "organiser", "lecturer", "auditor"])
def test_both_files_are_the_operator_s(world: County, client: Client, who: str) -> None:
    client.force_login(getattr(world, who))
    for name in ("roster_export", "roster_template"):
        assert client.get(reverse(name)).status_code == 404


def test_the_operator_takes_the_template(world: County, client: Client) -> None:
    client.force_login(world.operator)
    page = client.get(reverse("roster_template"))
    assert page.status_code == 200
    assert openpyxl.load_workbook(io.BytesIO(b"".join(page.streaming_content))).sheetnames == ["名册", "填写说明"]
