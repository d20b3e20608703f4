"""Taking a roster over: the same people afterwards as in the file, all or nothing, and nothing the second time."""

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.management import CommandError, call_command

from organizations.models import AccessEntry, Exemption, Membership, Node, Role, RoleGrant, RosterImport, User
from organizations.operations import RosterOutcome, UnableToImportRoster, import_roster
from organizations.queries import access_entries, membership_on, phone_of, user_by_phone
from organizations.sentences.roster_file import title
from tests.factories.organizations import MembershipFactory, NodeFactory, RoleGrantFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
HEADER = ["组织", "姓名", "手机号", "编号", "加入日期", "状态", "角色"]
WANG = ["永安镇/东风村/第一支部", "王建国", "13800000001", "D1", "2024-01-05", "在册", "书记"]
LI = ["永安镇/东风村/第一支部", "李秀兰", "13800000002", "D2", "2023/5/6", "免学", ""]
ZHAO = ["永安镇/东风村/第二支部", "赵德顺", "", "D3", "", "", ""]
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_csv(*rows: list[Any], header: list[str] = HEADER, name: str = "r.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]) + "\n", encoding=encoding)
        return path

    return write_csv


def take(path: Path, *, under: Node | None = None, dry_run: bool = False, **options: Any) -> RosterOutcome:
    return import_roster(path_or_file=path, under=under, dry_run=dry_run, as_of=options.pop("as_of", NOW), **options)


def refusal(path: Path, **options: Any) -> list[tuple[int, str]]:
    with pytest.raises(UnableToImportRoster) as refused:
        take(path, **options)
    assert len(refused.value.lines) > 0
    wrong = [(problem.row, title(problem.column)) for problem in refused.value.problems]
    return wrong + [(question.row, "请确认") for question in refused.value.questions]


def counts(outcome: RosterOutcome) -> tuple[int, int, int, int, int]:
    return outcome.created, outcome.updated, outcome.moved, outcome.unchanged, outcome.nodes_created


def everything() -> list[Any]:
    """All that an import may change."""
    models = [Node, User, Membership, Exemption, RoleGrant, RosterImport]
    return [list(model.objects.order_by("pk").values()) for model in models]


def at_root() -> Node:
    return NodeFactory(name="青溪县", code="QX", kind="county")


def test_people_tree_exemptions_and_roles_are_made(write: Write) -> None:
    root = at_root()
    assert counts(take(write(WANG, LI, ZHAO))) == (3, 0, 0, 0, 4)
    tree = [(node.name, node.kind, node.depth, node.code) for node in Node.objects.order_by("path")]
    assert tree == [
        ("青溪县", "county", 1, "QX"),
        ("永安镇", "township", 2, "QX.01"),
        ("东风村", "community", 3, "QX.01.01"),
        ("第一支部", "branch", 4, "QX.01.01.01"),
        ("第二支部", "branch", 4, "QX.01.01.02"),
    ]
    wang, li = user_by_phone("13800000001"), user_by_phone("13800000002")
    zhao = User.objects.get(number="D3")
    assert (wang.name, wang.number, phone_of(wang)) == ("王建国", "D1", "+8613800000001")
    where = {m.member: (m.node.name, m.active_from_date) for m in Membership.objects.all()}
    assert where == {
        wang: ("第一支部", dt.date(2024, 1, 5)),
        li: ("第一支部", dt.date(2023, 5, 6)),
        zhao: ("第二支部", TODAY),
    }
    assert Exemption.objects.get().member == li
    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.node.name) == (wang, "secretary", "第一支部")
    assert RosterImport.objects.get().under == root
    assert Node.find_problems() == ([], [], [], [], [])


def test_the_same_file_again_changes_nothing(write: Write) -> None:
    at_root()
    path = write(WANG, LI, ZHAO)
    take(path)
    before = everything()
    again = take(path, as_of=NOW + dt.timedelta(days=30))
    assert counts(again) == (0, 0, 0, 3, 0)
    assert everything() == before


def test_a_dry_run_says_the_same_and_changes_nothing(write: Write) -> None:
    at_root()
    before = everything()
    path = write(WANG, LI, ZHAO)
    tried = take(path, dry_run=True)
    assert everything() == before
    done = take(path)
    assert (counts(tried), tried.lines, tried.nodes) == (counts(done), done.lines, done.nodes)


def test_an_empty_tree_begins_with_the_first_level(write: Write) -> None:
    path = write(
        ["青溪县/永安镇/第一支部", "王建国", "13800000001"], ["青溪县", "李秀兰", "13800000002"], header=HEADER[:3]
    )
    take(path)
    assert [(n.name, n.kind, n.depth) for n in Node.objects.order_by("path")] == [
        ("青溪县", "county", 1),
        ("永安镇", "township", 2),
        ("第一支部", "branch", 3),
    ]
    assert membership_on(member_id=user_by_phone("13800000002").pk, on_date=TODAY).node.name == "青溪县"
    assert counts(take(path)) == (0, 0, 0, 2, 0)


def test_an_empty_tree_with_two_tops_is_refused(write: Write) -> None:
    path = write(["青溪县/一支部", "王", "13800000001"], ["白溪县/一支部", "李", "13800000002"], header=HEADER[:3])
    assert refusal(path) == [(3, "组织")]
    assert not Node.objects.exists()


def test_two_roots_need_a_choice(write: Write) -> None:
    at_root()
    other = NodeFactory(name="白溪县", kind="county")
    assert refusal(write(WANG)) == [(0, "")]
    take(write(WANG), under=other)
    assert Node.objects.get(name="永安镇").get_root() == other


def test_new_nodes_stand_beside_those_that_are_there(write: Write) -> None:
    world = make_county()
    take(write(["永安镇/东风村第三支部", "周小梅", "13700000001"], header=HEADER[:3]))
    names = list(Node.objects.get(pk=world.township.pk).get_children().values_list("name", flat=True))
    assert names == ["东风村第一支部", "东风村第二支部", "东风村第三支部"]
    assert Node.find_problems() == ([], [], [], [], [])
    assert Node.objects.get(name="东风村第三支部").code == "QX.01.03"


def test_a_move_closes_the_old_membership_and_its_secretary(write: Write) -> None:
    at_root()
    take(write(WANG))
    wang = user_by_phone("13800000001")
    moved = ["永安镇/东风村/第二支部", *WANG[1:6], ""]
    path = write(moved)
    outcome = take(path, as_of=NOW + dt.timedelta(days=10))
    day = TODAY + dt.timedelta(days=10)
    assert counts(outcome) == (0, 0, 1, 0, 1)
    assert (outcome.lines[0].was, outcome.lines[0].place) == ("第一支部", "青溪县/永安镇/东风村/第二支部")
    history = list(
        Membership.objects.filter(member=wang)
        .order_by("pk")
        .values_list("node__name", "active_from_date", "active_to_date")
    )
    assert history == [("第一支部", dt.date(2024, 1, 5), day), ("第二支部", day, None)]
    assert RoleGrant.objects.get().active_to_date == day
    assert counts(take(path, as_of=NOW + dt.timedelta(days=11))) == (0, 0, 0, 1, 0)


def test_a_move_on_the_day_that_the_file_names(write: Write) -> None:
    at_root()
    take(write(WANG))
    path = write(["永安镇/东风村/第二支部", *WANG[1:4], "2026-06-01", "在册", "书记"])
    take(path)
    history = list(Membership.objects.order_by("pk").values_list("node__name", "active_to_date"))
    assert history == [("第一支部", dt.date(2026, 6, 1)), ("第二支部", None)]
    assert RoleGrant.objects.get(active_to_date=None).node.name == "第二支部"
    assert counts(take(path)) == (0, 0, 0, 1, 0)


def test_moved_within_the_day_of_the_first_import(write: Write) -> None:
    at_root()
    take(write(ZHAO))
    take(write(["永安镇/东风村/第一支部", *ZHAO[1:]]))
    history = list(Membership.objects.order_by("pk").values_list("active_from_date", "active_to_date"))
    assert history == [(TODAY, TODAY), (TODAY, None)]


def test_whoever_left_comes_back(write: Write) -> None:
    world = make_county()
    Membership.objects.filter(member=world.member).update(active_to_date=dt.date(2025, 1, 1))
    take(
        write(
            ["永安镇/东风村第二支部", world.member.name, phone_of(world.member), "2024-01-01"],
            header=[*HEADER[:3], "加入日期"],
        )
    )
    back = membership_on(member_id=world.member.pk, on_date=TODAY)
    assert (back.node, back.active_from_date) == (world.neighbour, TODAY)


@pytest.mark.parametrize(
    ("column", "value", "change"),
    [
        (2, "13900000001", "phone"),
        (4, "2022-01-01", "joined"),
        (5, "免学", "status"),
        (6, "书记、讲师", "roles"),
        (6, "", "roles"),
    ],
)
def test_one_change_is_one_update(write: Write, column: int, value: str, change: str) -> None:
    at_root()
    take(write(WANG))
    changed = list(WANG)
    changed[column] = value
    path = write(changed)
    outcome = take(path)
    assert counts(outcome) == (0, 1, 0, 0, 0)
    assert outcome.lines[0].changes == (change,)
    assert counts(take(path)) == (0, 0, 0, 1, 0)
    assert User.objects.count() == 1


def test_the_number_is_learned_by_phone_and_the_phone_by_number(write: Write) -> None:
    at_root()
    take(write([*WANG[:3], "", *WANG[4:]]))
    assert take(write(WANG)).lines[0].changes == ("number",)
    take(write([*WANG[:2], "13900000009", *WANG[3:]]))  # the same 编号 and name, a number of nobody's: no question
    assert user_by_phone("13900000009") == User.objects.get(number="D1")
    assert user_by_phone("13800000001") is None


def test_a_row_without_a_phone_keeps_the_one_that_is_known(write: Write) -> None:
    at_root()
    take(write(WANG))
    assert counts(take(write([*WANG[:2], "", *WANG[3:]]))) == (0, 0, 0, 1, 0)
    assert user_by_phone("13800000001").number == "D1"


def test_two_people_exchange_their_numbers(write: Write) -> None:
    at_root()
    take(write(WANG, LI))
    swapped = [[*WANG[:2], LI[2], *WANG[3:], "换号"], [*LI[:2], WANG[2], *LI[3:], "换号"]]
    assert refusal(write(*[row[:-1] for row in swapped])) == [(2, "请确认"), (3, "请确认")]
    take(write(*swapped, header=[*HEADER, "说明"]))
    assert (user_by_phone(LI[2]).number, user_by_phone(WANG[2]).number) == ("D1", "D2")


def test_back_on_the_roster_ends_only_the_roster_s_exemption(write: Write) -> None:
    at_root()
    take(write(LI))
    li = user_by_phone(LI[2])
    back = [*LI[:5], "在册", ""]
    take(write(back))
    assert Exemption.objects.get().active_to_date == TODAY
    Exemption.objects.create(member=li, active_from_date=TODAY, category="leave")
    assert counts(take(write(back))) == (0, 0, 0, 1, 0)


def test_without_a_role_column_roles_stay(write: Write) -> None:
    at_root()
    take(write(WANG))
    assert counts(take(write(WANG[:6], header=HEADER[:6]))) == (0, 0, 0, 1, 0)
    assert RoleGrant.objects.filter(active_to_date=None).count() == 1


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([[*WANG[:2], LI[2], *WANG[3:]]], [(2, "请确认")]),  # Wang's number, Li's phone, Li keeps it
        ([[*WANG[:3], "D9", *WANG[4:]]], [(2, "编号")]),  # Wang's phone, a new number: perhaps a recycled phone
        ([WANG, ["永安镇/东风村/第一支部", "王建国", "13900000001", "D1", "", "", ""]], [(3, "编号")]),
        ([[*WANG[:2], "13900000001", *WANG[3:]], [*WANG[:3], "", *WANG[4:]]], [(3, "姓名")]),  # one person twice
    ],
)
def test_contradictions_with_who_is_there(write: Write, rows: list[list[str]], found: list[tuple[int, str]]) -> None:
    at_root()
    take(write(WANG, LI))
    before = everything()
    assert refusal(write(*rows)) == found
    assert everything() == before


def test_one_bad_row_and_nothing_is_taken(write: Write) -> None:
    at_root()
    before = everything()
    rows = [WANG, [*LI[:2], "12", *LI[3:]], ZHAO, ["永安镇/东风村/第二支部", "", "13800000004", "", "", "退休", ""]]
    assert refusal(write(*rows)) == [(3, "手机号"), (5, "姓名"), (5, "状态")]
    assert everything() == before


def test_an_operator_reaches_only_their_own_part(write: Write) -> None:
    world = make_county()
    operator = RoleGrantFactory(node=world.branch, role=Role.OPERATOR).user
    mine = write(["东风村第一支部", world.member.name, phone_of(world.member)], header=HEADER[:3])
    assert counts(take(mine, under=world.branch, actor_id=operator.pk)) == (0, 0, 0, 1, 0)
    name, phone = world.neighbour_member.name, phone_of(world.neighbour_member)
    theirs = write(["东风村第一支部", name, phone], header=HEADER[:3])
    assert refusal(theirs, under=world.branch, actor_id=operator.pk) == [(2, "组织")]
    renamed = write(["东风村第一支部", "改名", phone], header=HEADER[:3], name="r2.csv")
    assert refusal(renamed, under=world.branch, actor_id=operator.pk) == [(2, "组织")]
    assert counts(take(theirs, under=world.branch, actor_id=world.operator.pk)) == (0, 0, 1, 0, 0)


def test_an_operator_below_cannot_take_over_somebody_above(write: Write) -> None:
    world = make_county()
    operator = RoleGrantFactory(node=world.branch, role=Role.OPERATOR).user
    boss = UserFactory(number="BOSS")
    MembershipFactory(member=boss, node=world.branch)
    RoleGrantFactory(user=boss, node=world.county, role=Role.OPERATOR)
    root = UserFactory(number="ROOT", is_superuser=True)
    rows = [["东风村第一支部", user.name, f"1360000000{n}", user.number] for n, user in enumerate((boss, root))]
    assert refusal(write(*rows, header=HEADER[:4]), under=world.branch, actor_id=operator.pk) == [
        (2, "组织"),
        (3, "组织"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(write: Write, encoding: str) -> None:
    at_root()
    take(write(WANG, encoding=encoding))
    assert User.objects.get().name == "王建国"


def test_an_upload_is_read_like_a_file(write: Write, var_dir: Path) -> None:
    at_root()
    upload = io.BytesIO(write(WANG).read_bytes())
    upload.name = "名册.CSV"
    take(upload)
    assert User.objects.get().name == "王建国"
    assert list(var_dir.glob("roster-*")) == []


def test_the_queries_do_not_grow_with_the_rows(write: Write, django_assert_max_num_queries) -> None:
    at_root()
    rows = [[f"永安镇/第{n // 10}支部", f"党员{n}", f"1370000{n:04d}", f"N{n}", "", "免学", "书记"] for n in range(300)]
    path = write(*rows)
    with django_assert_max_num_queries(45):
        take(path)
    with django_assert_max_num_queries(20):
        take(path)
    with django_assert_max_num_queries(12):
        take(path, dry_run=True)


def test_progress_reaches_the_end(write: Write) -> None:
    at_root()
    seen: list[tuple[int, int]] = []
    take(write(WANG, LI), on_progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 4)
    assert seen[-1] == (4, 4)
    assert seen == sorted(seen)


def test_a_number_given_to_somebody_between_the_look_and_the_writing_takes_nothing(write: Write) -> None:
    at_root()
    before = everything()

    def somebody_comes(done: int, total: int) -> None:
        if (done, total) == (1, 2):
            UserFactory(number="D1")

    with pytest.raises(UnableToImportRoster) as refused:
        take(write(WANG), on_progress=somebody_comes)
    assert refused.value.lines == ["检查时有人同时改了同一位人员，没有导入，请再试一次。"]
    assert everything() == before


def test_a_new_unit_s_code_is_nobody_s(write: Write) -> None:
    root = at_root()
    other = NodeFactory(name="白溪县", kind="county", code="QX.01")
    take(write(WANG), under=root)
    codes = list(Node.objects.filter(path__startswith=root.path, depth=2).values_list("code", flat=True))
    assert (len(codes), len(codes[0]), other.code in codes) == (1, 12, False)


# --- the command ---


def run(*arguments: Any, status: int = 0) -> list[str]:
    out, seen = io.StringIO(), 0
    try:
        call_command("import_roster", *map(str, arguments), stdout=out)
    except SystemExit as stop:
        seen = stop.code
    assert seen == status
    return out.getvalue().splitlines()


def test_the_command_says_what_it_did(write: Write) -> None:
    at_root()
    path = write(WANG, LI, ZHAO)
    tried = run(path, "--dry-run")
    assert tried[0] == "新建组织: 青溪县/永安镇"
    assert "行 2: 新增 王建国 青溪县/永安镇/东风村/第一支部（开始任支部书记：第一支部）" in tried
    assert tried[-2:] == [
        "没有书记: 青溪县/永安镇/东风村/第二支部",
        "试运行，没有改动: 新增 3，更新 0，调动 0，离开 0，回来 0，不变 0；新建组织 4",
    ]
    assert not User.objects.exists()
    assert run(path)[-1] == "已导入: 新增 3，更新 0，调动 0，离开 0，回来 0，不变 0；新建组织 4"
    moved = run(write(["永安镇/东风村/第二支部", *WANG[1:]]), "--dry-run")
    roles = "角色；开始任支部书记：第二支部；不再任支部书记：第一支部"
    assert moved[0] == f"行 2: 调动 王建国 第一支部 → 青溪县/永安镇/东风村/第二支部（{roles}）"
    assert "没有书记: 第一支部" in moved


def test_the_command_names_each_bad_row_on_one_line(write: Write) -> None:
    at_root()
    rows = [WANG, [*LI[:2], "1380000", "D2", "明天", "", ""], [*ZHAO[:2], "13800000001", "", "", "", ""]]
    assert run(write(*rows), status=1) == [
        "行 3: 手机号 不够 11 位，请检查少了哪一位。加入日期 不是日期，请写成 2024-01-05。",
        "行 4: 手机号 与第 2 行重复。",
    ]
    assert not User.objects.exists()


def test_the_command_puts_people_under_a_node(write: Write) -> None:
    world = make_county()
    run(write(["第五小组", "马春花", "13600000001"], header=HEADER[:3]), "--under", "QX.01.01")
    group = Node.objects.get(name="第五小组")
    assert (group.kind, group.get_parent()) == ("group", world.branch)


def test_the_command_without_file_or_node(write: Write, tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("import_roster", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError):
        call_command("import_roster", str(write(WANG)), "--under", "NONE")


def test_an_operator_is_made_before_any_tree(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError):
        call_command("add_operator", "13800000051", "--name", "郑管理员")
    with pytest.raises(CommandError):
        call_command("add_operator", "13800000051", "--organisation", "青溪县")
    with pytest.raises(CommandError):
        call_command("add_operator", "1", "--name", "郑管理员", "--organisation", "青溪县")
    assert not Node.objects.exists()
    for _ in range(2):
        call_command("add_operator", "13800000051", "--name", "郑管理员", "--organisation", "青溪县")
    grant = RoleGrant.objects.get()
    assert (grant.user, grant.role, grant.node.name) == (user_by_phone("13800000051"), "operator", "青溪县")


def test_an_operator_of_a_part_is_never_made_one_of_all() -> None:
    world = make_county()
    for more in ("--organisation", "新村"), ("--organisation", "新村", "--under", world.branch.code):
        with pytest.raises(CommandError, match="--under"):
            call_command("add_operator", "13800000099", "--name", "王管理员", *more)
    assert user_by_phone("13800000099") is None
    call_command("add_operator", "13800000099", "--name", "王管理员", "--under", world.branch.code)
    assert RoleGrant.objects.get(user=user_by_phone("13800000099")).node == world.branch


def test_excel_as_offices_write_it(tmp_path: Path) -> None:
    at_root()
    path = tmp_path / "名册.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("说明")
    sheet.write(0, 0, "请填第二张表")
    sheet = book.add_worksheet("党员")
    sheet.merge_range(0, 0, 0, 6, "青溪县党员名册")
    sheet.write_row(1, 0, HEADER)
    sheet.write_row(2, 0, ["永安镇/第一支部", "=王建国", 13800000001, 1001])
    sheet.write_string(2, 1, "=王建国")
    sheet.write_datetime(2, 4, dt.datetime(2024, 1, 5), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
    sheet.write_row(4, 0, ["永安镇/第一支部", "李秀兰", "13800000002", "", "2024年1月5日"])
    book.close()
    assert counts(take(path)) == (2, 0, 0, 0, 2)
    wang = user_by_phone("13800000001")
    assert (wang.name, wang.number) == ("=王建国", "1001")
    assert set(Membership.objects.values_list("active_from_date", flat=True)) == {dt.date(2024, 1, 5)}


def test_what_the_command_prints_of_people_is_one_row_of_the_access_log(write: Write) -> None:
    world = make_county()
    call_command("import_roster", str(write(WANG)), "--under", world.branch.code, "--dry-run", stdout=io.StringIO())
    entry = AccessEntry.objects.get()
    assert (entry.reader, entry.what, entry.node) == (None, "review", world.branch)
    assert access_entries(subject_id=world.members[1].pk).get() == entry
