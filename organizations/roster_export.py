"""The roster as a file in the columns that the import reads: an empty one to fill in, and the present one.

What goes out comes in unchanged. Phone numbers do not go out: an empty cell means "as it is", and 系统编号 says who is
meant.
"""

import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import xlsxwriter
from django.utils.translation import gettext as _
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from organizations.core.roster import EARLIEST, OURS, TITLE
from organizations.core.roster.words import NOTES_SHEETS
from organizations.models import Membership, Node, Role, RoleGrant
from organizations.queries import exempt_member_ids, members_at, valid_on

CODE_TITLE = "组织代码"
COLUMNS = [*OURS, "code"]
WIDTHS = {"org": 36, "name": 12, "phone": 16, "number": 14, "joined": 14, "status": 10, "left": 14, "roles": 16}
OTHER_WIDTH, LONGEST_CELL, LAST_ROW = 24, 32767, 1_048_575
STATUS_WORDS = {
    "active": "在册",
    "exempt": "免学",
    "transferred": "转出",
    "died": "去世",
    "stopped": "停止",
}
ROLE_WORDS = {
    Role.SECRETARY: "书记",
    Role.ORGANISER: "组织员",
    Role.LECTURER: "讲师",
    Role.AUDITOR: "监督员",
}
DECISION_WORDS = ["改名", "换号", "换了人", "同名的两个人"]
BRANCH = "永安镇/东风村/第一支部"
EXAMPLE = [
    {
        "org": "永安镇/东风村/第一支部",
        "name": "王建国",
        "phone": "13800000001",
        "roles": "书记",
        "joined": "2020-07-01",
    },
    {"org": BRANCH, "name": "李秀英", "number": "Y002", "status": "免学"},
    {
        "org": "永安镇/东风村/第一支部",
        "name": "张志强",
        "phone": "13800000003",
        "role_path": "永安镇",
        "roles": "组织员",
    },
    {"org": "永安镇/东风村/第二支部", "name": "赵德顺", "number": "Y004", "status": "转出", "left": "2026-11-01"},
]


def title(column: str) -> str:
    return CODE_TITLE if column == "code" else TITLE[column]


def roster_template() -> bytes:
    """An empty roster with the headings, lists to choose from, and a sheet that says how to fill it in (xlsx)."""
    to = io.BytesIO()
    with _workbook(to) as book:
        columns = [column for column in OURS if column != "public_id"]
        _headed(book, columns)
        _notes(book, columns)
    return to.getvalue()


def export_roster(*, node: Node, on_date: dt.date, to: BinaryIO) -> list[int]:
    """Write who belongs to ``node`` or below it that day, as an import under ``node`` reads it (xlsx).

    Five queries and constant memory a row. Returns the ids of everybody in it, for the access log.
    """
    people: list[int] = []
    with _workbook(to) as book:
        sheet, as_text = _headed(book, COLUMNS)
        line = 0
        for member_id, rows in _people(node, on_date):
            people.append(member_id)
            for row in rows:
                line += 1
                for index, column in enumerate(COLUMNS):
                    if text := row.get(column):
                        sheet.write_string(line, index, text[:LONGEST_CELL], as_text)
    return people


def _workbook(to: BinaryIO) -> xlsxwriter.Workbook:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    return xlsxwriter.Workbook(to, options)


def _headed(book: xlsxwriter.Workbook, columns: list[str]) -> tuple[Worksheet, Format]:
    """A sheet with the headings, and the format "text", by which Excel keeps leading zeros and long numbers."""
    sheet: Worksheet = book.add_worksheet("名册")
    bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, WIDTHS.get(column, OTHER_WIDTH), as_text)
        sheet.write_string(0, index, title(column), bold)
    _choices(sheet, columns.index("status"), list(STATUS_WORDS.values()))
    _choices(sheet, columns.index("roles"), list(ROLE_WORDS.values()))
    _choices(sheet, columns.index("decision"), DECISION_WORDS)
    return sheet, as_text


def _choices(sheet: Worksheet, index: int, words: list[str]) -> None:
    """A list to choose from; other text stays possible (two roles in one cell), the import judges it."""
    options = {"validate": "list", "source": words, "error_type": "information"}
    sheet.data_validation(1, index, LAST_ROW, index, options)


def _notes(book: xlsxwriter.Workbook, columns: list[str]) -> None:
    """How to fill it in, and four people as an example. The import leaves this sheet out by its name."""
    (name,) = NOTES_SHEETS
    sheet: Worksheet = book.add_worksheet(name)
    bold: Format = book.add_format({"bold": True})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, len(columns), 16)
    for line, (heading, text) in enumerate(_explained()):
        sheet.write_string(line, 0, heading, bold)
        sheet.write_string(line, 1, text)
    line = len(_explained()) + 1
    sheet.write_string(line, 0, str(_("例子")), bold)
    for index, column in enumerate(columns):
        sheet.write_string(line + 1, index, title(column), bold)
    for number, person in enumerate(EXAMPLE, start=line + 2):
        for index, column in enumerate(columns):
            sheet.write_string(number, index, person.get(column, ""))


def _explained() -> list[tuple[str, str]]:
    return [
        (
            title("org"),
            _("必填。从上往下写，各层之间用 / 隔开，见下面的例子。没有的组织会自动建立。"),
        ),
        (title("name"), _("必填。")),
        (title("phone"), _("只写本人的一个手机号。没有手机的人留空，并填写编号。导出的名册里留空，表示不变。")),
        (title("number"), _("单位自己的编号，可以没有。大小写和前面的 0 不算区别。")),
        (title("joined"), _("加入现在这个组织的日期，例如：2024-01-05。")),
        (title("status"), _("在册、免学、转出、去世、停止。留空表示不变，新的人算在册。")),
        (title("left"), _("转出、去世、停止的日期，从这一天起不再应到。留空就是导入的那一天。")),
        (title("roles"), _("书记、组织员、讲师、监督员，可以写几个，用顿号隔开。有这一列而留空，表示没有角色。")),
        (title("role_path"), _("角色不在自己的组织时，写在哪个组织。在几个组织有角色，就写几行。")),
        (title("decision"), _("检查时问到的行才填：改名、换号、换了人、同名的两个人。")),
        (_("注意"), _("不要写身份证号。公式请先“粘贴为值”。多余的列不会读入。")),
    ]


def _people(node: Node, on_date: dt.date) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """Each person's rows: one, and one more for every other unit where they hold roles."""
    paths = dict(_labels(node))
    exempt = set(exempt_member_ids(on_date=on_date).filter(member__memberships__node__path__startswith=node.path))
    roles = _roles(node, on_date)
    for membership in members_at(node=node, on_date=on_date).iterator(chunk_size=2000):
        person = _person(membership, paths, exempt=membership.member_id in exempt, on_date=on_date)
        held = dict(roles.get(membership.member_id, {}))
        rows = [person | {"roles": _role_words(held.pop(membership.node.path, set()))}]
        for path, names in sorted(held.items()):
            rows.append(person | {"roles": _role_words(names), "role_path": paths[path]})
        yield membership.member_id, rows


def _labels(node: Node) -> Iterator[tuple[str, str]]:
    """The path that the file says for each node, by its place in the tree: below ``node``, or its own name."""
    labels = {node.path: ""}
    yield node.path, node.name
    rows = Node.objects.filter(path__startswith=node.path, depth__gt=node.depth).order_by("path")
    for path, name in rows.values_list("path", "name"):
        above = labels[path[: -Node.steplen]]
        labels[path] = f"{above}/{name}" if above else name
        yield path, labels[path]


def _roles(node: Node, on_date: dt.date) -> Mapping[int, Mapping[str, set[str]]]:
    """By person and node path: the roles that a roster may speak of, held at ``node`` or below it."""
    roles: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    grants = RoleGrant.objects.filter(valid_on(on_date), node__path__startswith=node.path, role__in=ROLE_WORDS)
    for user_id, path, role in grants.values_list("user_id", "node__path", "role"):
        roles[user_id][path].add(role)
    return roles


def _role_words(roles: set[str]) -> str:
    return "、".join(word for role, word in ROLE_WORDS.items() if role in roles)


def _person(membership: Membership, paths: Mapping[str, str], *, exempt: bool, on_date: dt.date) -> dict[str, str]:
    member, joined = membership.member, membership.active_from_date
    leaves = bool(membership.active_to_date and membership.left_because)
    status = membership.left_because if leaves else "exempt" if exempt else "active"
    return {
        "org": paths[membership.node.path],
        "name": member.name,
        "number": member.number or "",
        "joined": joined.isoformat() if joined >= EARLIEST else "",
        "status": STATUS_WORDS[status],
        "left": membership.active_to_date.isoformat() if leaves and membership.active_to_date else "",
        "public_id": str(member.public_id),
        "code": membership.node.code,
    }
