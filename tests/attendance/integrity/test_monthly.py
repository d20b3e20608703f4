"""The monthly file and the page on which it is shown and checked; what the site itself missed."""

import datetime as dt
import hashlib
import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from attendance import operations
from attendance.models import MonthlyFile, Occasion, Record
from attendance.operations import monthly
from organizations.models import AccessEntry, Role, User
from tests.attendance.tampering import unguarded
from tests.factories.attendance import HOUR, START, TrainingFactory, be_present, open_lecture
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county

OCTOBER_2 = dt.datetime(2026, 10, 2, 4, tzinfo=dt.UTC)
SEPTEMBER = dt.date(2026, 9, 1)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def chief(county: County) -> User:
    """The secretary of the whole county."""
    user: User = UserFactory()
    RoleGrantFactory(user=user, node=county.county, role=Role.SECRETARY)
    return user


@pytest.fixture
def lecture(county: County) -> Occasion:
    held = open_lecture(county.branch, training=TrainingFactory(node=county.county, title="防汛 [一]: 避险/转移"))
    be_present(held, county.member, 0, 3500)
    operations.close_occasion(occasion_id=held.pk, as_of=START + HOUR)
    operations.settle(occasion_id=held.pk, as_of=START + HOUR)
    operations.seal_days(as_of=START + dt.timedelta(days=2))
    return held


@pytest.fixture
def made(lecture: Occasion, var_dir: Any) -> MonthlyFile:
    one = monthly.make_due(as_of=OCTOBER_2)
    assert one is not None
    return one


def page(user: User, file: bytes | None = None) -> str:
    client = Client()
    client.force_login(user)
    if file is None:
        return client.get("/integrity/").content.decode()
    return client.post("/integrity/", {"file": SimpleUploadedFile("月报.xlsx", file)}).content.decode()


def test_it_holds_every_record_and_its_checksum_is_kept(made: MonthlyFile, lecture: Occasion) -> None:
    data = monthly.path_of(made).read_bytes()
    assert (made.month, made.size, made.sha256) == (SEPTEMBER, len(data), hashlib.sha256(data).hexdigest())
    assert made.rows == Record.objects.count() == 4
    assert monthly.path_of(made).stat().st_mode & 0o077 == 0
    book = load_workbook(io.BytesIO(data), read_only=True)
    assert book.sheetnames == ["1 防汛  一   避险 转移", "汇总"]
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert len(rows) == 5
    counts = dict(book["汇总"].iter_rows(values_only=True))
    assert counts["防汛 [一]: 避险/转移 · 已参加"] == "1"
    assert counts["封存链"] == made.head != ""


def test_it_is_made_once_a_month_for_each_top_unit(made: MonthlyFile, county: County) -> None:
    assert monthly.make_due(as_of=OCTOBER_2 + HOUR) is None
    assert monthly.make(node=county.county, month=SEPTEMBER, as_of=OCTOBER_2) is None  # another worker at once
    assert monthly.path_of(made).is_file()
    assert [one.name for one in monthly.path_of(made).parent.iterdir()] == [monthly.path_of(made).name]
    later = monthly.make_due(as_of=dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC))
    assert later is not None
    assert (later.month, later.rows) == (dt.date(2026, 10, 1), 0)


def test_on_the_first_of_a_month_nothing_is_made(lecture: Occasion, var_dir: Any) -> None:
    assert monthly.make_due(as_of=OCTOBER_2 - dt.timedelta(days=1)) is None


def test_a_file_is_checked(made: MonthlyFile, county: County, chief: User) -> None:
    data = monthly.path_of(made).read_bytes()
    good = f"没有改动过：这是{county.county.name} 2026-09 的月报"
    for user in (chief, county.auditor, county.operator, county.secretary):
        assert good in page(user, data)
    assert "改动过：文件自称是" in page(chief, rewritten(data, b"1", b"2"))
    assert "不是本网站生成的月报" in page(county.neighbour_secretary, rewritten(data, b"1", b"2"))
    for other in (b"", b"PK", b"x" * 100, rewritten(data, b"fingertip-monthly", b"something")):
        assert "不是本网站生成的月报" in page(chief, other) or "请先选一个文件" in page(chief, other)


def rewritten(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return a workbook whose sheets somebody edited; ``old`` of the name that it has of itself becomes ``new``."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            if (name == "docProps/core.xml") == old.startswith(b"f"):
                part = part.replace(old, new)
            after.writestr(name, part)
    return out.getvalue()


def test_who_may_have_it(made: MonthlyFile, county: County, chief: User) -> None:
    client = Client()
    for user, status in ((county.secretary, 404), (county.auditor, 404), (county.operator, 404), (chief, 200)):
        client.force_login(user)
        response = client.get(f"/integrity/monthly/{made.pk}.xlsx")
        assert (user.name, response.status_code) == (user.name, status)
    assert b"".join(response) == monthly.path_of(made).read_bytes()  # type: ignore[arg-type]
    (entry,) = AccessEntry.objects.filter(reader=chief)
    assert (entry.what, entry.node_id, entry.count, entry.title) == ("export", county.county.pk, 4, "2026-09 月报")
    assert made.sha256 in page(county.auditor)
    assert "下载" in page(chief)
    assert "下载" not in page(county.auditor)
    assert made.sha256 not in page(county.secretary)
    assert county.member.name not in page(chief)


def test_it_expires_and_can_still_be_checked(made: MonthlyFile, chief: User) -> None:
    data = monthly.path_of(made).read_bytes()
    assert monthly.expire(as_of=OCTOBER_2 + dt.timedelta(days=399)) == 0
    assert monthly.expire(as_of=OCTOBER_2 + dt.timedelta(days=401)) == 1
    assert not monthly.path_of(made).exists()
    assert "没有改动过" in page(chief, data)
    assert "文件已过保存期，仍可核验" in page(chief)
    client = Client()
    client.force_login(chief)
    assert client.get(f"/integrity/monthly/{made.pk}.xlsx").status_code == 404


def test_the_month_says_which_chain_it_belongs_to(made: MonthlyFile) -> None:
    from attendance.queries.verifying import problems

    assert list(problems(head=made.head)) == []
    with unguarded("attendance_seal", "attendance_sealedblock"):
        from attendance.models import Seal, SealedBlock

        SealedBlock.objects.all()._raw_delete("default")
        Seal.objects.all()._raw_delete("default")
    assert [one.code for one in problems(head=made.head)] == ["head"]


@pytest.mark.parametrize("number", [1, 3])
def test_gaps_are_said_to_whoever_is_above(number: int, county: County, django_assert_num_queries: Any) -> None:
    now = dt.datetime.now(dt.UTC)
    for n in range(number):
        held = open_lecture(county.branch, starts_at=now - (n + 2) * HOUR)
        Occasion.objects.filter(pk=held.pk).update(away_ms=[[0, 900_000]], state=Occasion.State.SETTLED)
        Record.objects.create(
            occasion=held, member=county.member, state="incomplete", stands="incomplete", rule_version="", judged_at=now
        )
    open_lecture(county.branch, starts_at=now - HOUR)
    for user in (county.secretary, county.organiser, county.operator, county.auditor):
        said = page(user)
        assert said.count("系统中断 15 分钟 · 1 人记录不全") == number
        assert county.member.name not in said
    assert "系统中断 15" not in page(county.neighbour_secretary)
    client = Client()
    client.force_login(county.secretary)
    client.get("/integrity/")
    with django_assert_num_queries(QUERIES):
        client.get("/integrity/")
    client.force_login(county.member)
    assert client.get("/integrity/").status_code == 404


QUERIES = 8
