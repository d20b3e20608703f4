"""The demo county: three townships, twelve branches, three hundred people with plausible, varied names."""

import csv
import random
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

from organizations.models import Node, Role, User
from organizations.operations import create_member, grant_role, import_roster
from organizations.queries import user_by_phone

PASSWORD = "fingertip-demo"  # noqa: S105 - the demo's published password
COUNTY = "云溪县"
TOWNSHIPS = {
    "青石镇": ["青石社区第一支部", "青石社区第二支部", "东岗村支部", "西岗村支部"],
    "柳河乡": ["柳河村支部", "上湾村支部", "下湾村支部", "白杨村支部"],
    "城关街道": ["文昌社区支部", "教育系统联合支部", "卫生院支部", "新城小区党群服务中心流动党员支部"],
}
HOME = f"青石镇/{TOWNSHIPS['青石镇'][0]}"
MEMBERS = 300
ACCOUNTS: dict[str, str | list[str]] = {
    "member": [f"1380000000{n}" for n in range(1, 10)],
    "secretary": "13800000011",
    "organiser": "13800000021",
    "lecturer": "13800000031",
    "auditor": "13800000041",
    "operator": "13800000051",
}
NAMED = ["王秀兰", "周德顺", "马春花", "欧阳国庆", "韩素珍", "高峰", "阿依古丽·买买提", "刘玉梅", "张桂英"]
FAMILY = list(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蔡蒋余于杜叶程苏魏吕丁任沈姚卢"
)
FAMILY += ["欧阳", "司马", "诸葛", "上官", "夏侯"]
GIVEN_OLD = [
    "建国",
    "建华",
    "国庆",
    "援朝",
    "卫东",
    "德顺",
    "长福",
    "桂英",
    "秀兰",
    "素珍",
    "玉梅",
    "淑芳",
    "春花",
    "金凤",
    "永贵",
    "满仓",
]
GIVEN_YOUNG = [
    "伟",
    "静",
    "磊",
    "敏",
    "洋",
    "婷婷",
    "浩然",
    "子涵",
    "欣怡",
    "志强",
    "海燕",
    "晓峰",
    "文博",
    "雅琴",
    "俊杰",
    "思远",
    "佳宁",
]
SETTLED_FOR = timedelta(days=200)  # how long the demo's county has been as it is, at least


def roster_rows(seed: int, joined: date) -> list[dict[str, str]]:
    """Return the county's roster as rows of an import file; the same for the same seed."""
    chance = random.Random(seed)
    branches = [f"{township}/{branch}" for township, names in TOWNSHIPS.items() for branch in names]
    rows = [
        {"组织": HOME, "姓名": name, "手机号": phone} for name, phone in zip(NAMED, phones_of("member"), strict=True)
    ]
    rows.append({"组织": HOME, "姓名": "陈志远", "手机号": str(ACCOUNTS["secretary"]), "角色": "书记"})
    for number in range(MEMBERS - len(rows)):
        given = chance.choice(GIVEN_OLD if chance.random() < 0.6 else GIVEN_YOUNG)
        row = {
            "组织": branches[number % len(branches)],
            "姓名": chance.choice(FAMILY) + given,
            "手机号": f"1390000{number:04d}",
            "编号": f"YX{number:05d}",
        }
        if number % 40 == 7:
            row["状态"] = "免学"
        if number < len(branches) and branches[number] != HOME:
            row["角色"] = "书记"
        rows.append(row)
    for number, row in enumerate(rows):
        row.setdefault("状态", "在册")
        row["加入日期"] = (joined - timedelta(days=number % 900)).isoformat()
    return rows


def write_roster(path: Path, rows: list[dict[str, str]]) -> None:
    columns = ["组织", "姓名", "手机号", "编号", "加入日期", "状态", "角色"]
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def phones_of(role: str) -> list[str]:
    """Return the demo accounts of a role."""
    phones = ACCOUNTS[role]
    return [phones] if isinstance(phones, str) else phones


def staff(name: str, phone: str, role: str, node: Node, as_of: datetime) -> User:
    """Create somebody who holds a role at the county, since before its first lecture, and is a member of no branch."""
    person = create_member(name=name, phone=phone, as_of=as_of)
    grant_role(user_id=person.pk, node_id=node.pk, role=role, on_date=as_of.date() - SETTLED_FOR)
    return person


def seed_people(as_of: datetime) -> Node:
    """Create the tree, the people, their roles and the demo accounts' passwords; return the county."""
    county = Node.add_root(name=COUNTY, code="YX", kind="county")
    rows = roster_rows(seed=8, joined=as_of.date() - SETTLED_FOR)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "roster.csv"
        write_roster(path, rows)
        import_roster(path_or_file=path, under=county, dry_run=False, as_of=as_of, actor_id=None, on_progress=None)
    staff("苏晓文", str(ACCOUNTS["organiser"]), Role.ORGANISER, county, as_of)
    staff("李建国", str(ACCOUNTS["lecturer"]), Role.LECTURER, county, as_of)
    staff("何正明", str(ACCOUNTS["auditor"]), Role.AUDITOR, county, as_of)
    staff("管理员", str(ACCOUNTS["operator"]), Role.OPERATOR, county, as_of)
    for role in ACCOUNTS:
        for phone in phones_of(role):
            person = user_by_phone(phone)
            if person is None:
                raise LookupError(f"the demo account {phone[-4:]} was not created")
            person.set_password(PASSWORD)
            person.phone_verified = True
            person.save(update_fields=["password", "phone_verified"])
    return county
