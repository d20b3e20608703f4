"""Files for the secretary: the rows of the page, nobody else's, no phone, and written down."""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Occasion, RecordState, Rule
from attendance.operations import fold_summary
from organizations.models import AccessEntry, User
from organizations.queries import access_entries
from tests.attendance.people import expect, make_occasion, make_rule, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def body(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def test_the_workbook_says_who_is_missing_and_of_when_it_is(world: World, sign_in: SignIn) -> None:
    response = sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/reports/missing.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(body(response)))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert rows[0][:4] == ("组织", "姓名", "编号", "状态")
    assert [row[1] for row in rows[1:]] == ["王一1"]
    facts = dict(book.worksheets[1].iter_rows(values_only=True))
    assert (facts["培训"], facts["组织"]) == ("防汛避险", "东风村第一支部")
    assert "filename*=UTF-8''" in response.headers["Content-Disposition"]
    assert "no-store" in response.headers["Cache-Control"]


def test_csv_opens_in_new_and_old_spreadsheets(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.secretary)
    plain = body(client.get(f"/branch/{world.training.pk}/reports/missing.csv"))
    old = body(client.get(f"/branch/{world.training.pk}/reports/missing.csv?encoding=gbk"))
    assert plain.startswith(b"\xef\xbb\xbf")
    assert plain.decode("utf-8-sig") == old.decode("gbk")
    assert client.get(f"/branch/{world.training.pk}/reports/missing.csv?encoding=utf-7").status_code == 404


def test_all_records_name_everybody_of_the_branch(world: World, sign_in: SignIn) -> None:
    data = json.loads(body(sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/reports/records.json")))
    assert {row["name"]: row["state"] for row in data["rows"]} == {
        "王一0": "已参加",
        "王一1": "未参加",
        "王一2": "已补学",
        "赵书记": "请假",
    }


def covered(world: World) -> dict[str, list[str]]:
    """What each of the branch finds on their own page, as keys."""
    return {one.name: [entry.what for entry in access_entries(subject_id=one.pk)] for one in world.county.members}


def test_an_export_is_one_row_and_everybody_in_it_finds_it(world: World, sign_in: SignIn) -> None:
    """Finding: security 8."""
    client = sign_in(world.county.secretary)
    body(client.get(f"/branch/{world.training.pk}/reports/missing.csv"))
    entry = AccessEntry.objects.get()
    assert (entry.what, entry.title, entry.reason, entry.count) == ("export", "防汛避险 · 还没有参加", "csv", 1)
    assert (entry.role, entry.node, entry.about) == ("secretary", world.county.branch, world.training.pk)
    assert covered(world) == {"王一0": [], "王一1": ["export"], "王一2": []}
    body(client.get(f"/branch/{world.training.pk}/reports/records.csv"))
    # What was seen, as the table and the file count it; the reader is not named.
    assert (entry := AccessEntry.objects.latest("pk")).count == 4
    assert f",{world.county.secretary.pk}," not in entry.members
    assert covered(world) == {"王一0": ["export"], "王一1": ["export", "export"], "王一2": ["export"]}
    assert not access_entries(subject_id=world.county.neighbour_member.pk).exists()
    # Each file leaves, so each is a row.
    body(client.get(f"/branch/{world.training.pk}/reports/records.csv"))
    assert AccessEntry.objects.count() == 3
    page = sign_in(world.county.member).get("/me/access/").content.decode()
    assert "导出了报表“防汛避险 · 全部认定结果”（东风村第一支部，4 人，CSV 文件），里面有您。" in page
    assert "支部书记" in page


def test_a_table_is_one_row_however_many_of_its_pages_are_read(world: World, sign_in: SignIn) -> None:
    """Finding: security 8: the tables walked round the log."""
    client, url = sign_in(world.county.secretary), f"/branch/{world.training.pk}/reports/records/"
    for page in ("", "?page=1", "?page=2"):
        assert client.get(url + page).status_code == 200
    assert [(one.what, one.count) for one in AccessEntry.objects.all()] == [("table", 4)]
    assert covered(world) == {"王一0": ["table"], "王一1": ["table"], "王一2": ["table"]}
    AccessEntry.objects.update(at=timezone.now() - dt.timedelta(minutes=11))
    client.get(url)
    assert AccessEntry.objects.count() == 2


def test_a_file_of_very_many_is_one_row_too(world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stood on a roster in its scope when it was made finds it; nobody else, then or later."""
    for module in ("organizations.operations.access", "attendance.reports.standing"):
        monkeypatch.setattr(f"{module}.MOST_NAMED", 2)
    body(sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/reports/records.csv"))
    entry = AccessEntry.objects.get()
    assert (entry.members, entry.count) == ("", 4)
    later = MembershipFactory(node=world.county.branch, active_from_date=timezone.localdate()).member
    on_roster = make_occasion(world.training, state="scheduled", node=world.county.branch)
    expect(on_roster, later, world.county.branch)
    assert covered(world) == {"王一0": ["export"], "王一1": ["export"], "王一2": ["export"]}
    for other in (later, world.county.neighbour_member, world.county.secretary):
        assert not access_entries(subject_id=other.pk).exists()
    assert "您在这个范围里" in sign_in(world.county.member).get("/me/access/").content.decode()


def test_the_page_shows_the_rows_of_the_file_a_hundred_at_a_time(world: World, sign_in: SignIn) -> None:
    for number in range(101):
        member = MembershipFactory(member__name=f"欧阳{number:03}", node=world.county.branch).member
        stand(world.occasion, member, world.county.branch, RecordState.MISSING)
    client = sign_in(world.county.secretary)
    url = f"/branch/{world.training.pk}/reports/missing/"
    first, second = client.get(url).content.decode(), client.get(f"{url}?page=2").content.decode()
    table = list(csv.reader(io.StringIO(body(client.get(f"{url[:-1]}.csv")).decode("utf-8-sig"))))
    assert len(table) == 103
    for text, rows in ((first, table[1:101]), (second, table[101:])):
        assert text.count("<tr>") - 1 == len(rows)
        assert all(f">{row[1]}</td>" in text for row in rows)
    assert 'rel="next"' in first
    assert 'rel="next"' not in second


def test_an_empty_report_says_when_it_fills(world: World, sign_in: SignIn) -> None:
    world.occasion.records.update(state="attended", stands="attended")
    text = sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/reports/missing/").content.decode()
    assert "这张表现在是空的" in text


def test_running_courses_have_a_sheet_of_their_own(world: World, sign_in: SignIn) -> None:
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    course = make_occasion(world.training, title="防诈骗", state=Occasion.State.OPEN, rule=rule, media_ms=60_000)
    for member in world.county.members:
        expect(course, member, world.county.branch)
    open_lecture = make_occasion(world.training, title="正在讲", state=Occasion.State.OPEN)
    expect(open_lecture, world.county.member, world.county.branch)
    second = make_occasion(world.training, title="第二场")
    stand(second, world.county.members[1], world.county.branch, RecordState.MISSING)
    client = sign_in(world.county.secretary)
    book = openpyxl.load_workbook(io.BytesIO(body(client.get(f"/branch/{world.training.pk}/reports/missing.xlsx"))))
    assert book.sheetnames == ["还没有参加", "课程还在学", "说明"]
    missing, due, about = ([list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets)
    assert {row[1] for row in missing[1:]} == {"王一1"}
    assert [row[4] for row in missing[1:]] == [world.occasion.title, "第二场"]
    assert [(row[1], row[3], row[4]) for row in due[1:]] == [
        (member.name, "还没学完", "防诈骗") for member in world.county.members
    ]
    facts = dict(about)
    assert facts["认定规则"].startswith(
        "课程 v1：看满 80% 就算学完，到期后学完算补学，补到课和培训都结束以后 14 天；记 1 学时。通用 v1：参加满 80%"
    )
    assert (facts["正在认定（人次）"], facts["课程还在学（人次）"]) == ("1", "3")
    rows = list(csv.reader(io.StringIO(body(client.get(f"/branch/{world.training.pk}/reports/missing.csv")).decode())))
    assert [row[3] for row in rows[1:]] == ["未参加"] * 2 + ["还没学完"] * 3


def test_a_workbook_is_ready_to_print_and_to_filter(world: World, sign_in: SignIn) -> None:
    for name in ("missing", "records"):
        url = f"/branch/{world.training.pk}/reports/{name}.xlsx"
        sheet = openpyxl.load_workbook(io.BytesIO(body(sign_in(world.county.secretary).get(url)))).worksheets[0]
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToHeight) == (True, 0)
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, sheet.max_column).column_letter}{sheet.max_row}"


def test_without_anybody_missing_there_is_no_sheet_of_courses(world: World, sign_in: SignIn) -> None:
    world.occasion.records.update(state="attended", stands="attended")
    url = f"/branch/{world.training.pk}/reports/missing.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(body(sign_in(world.county.secretary).get(url))))
    assert book.sheetnames == ["还没有参加", "说明"]


def test_a_record_of_another_version_costs_its_own_cell(world: World, sign_in: SignIn) -> None:
    world.occasion.records.filter(state="missing").update(
        reasons=[{"code": "share", "ms": 660_000}, {"code": "late"}, {"code": "silent", "count": 2}]
    )
    data = json.loads(body(sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/reports/missing.json")))
    [row] = data["rows"]
    assert (row["name"], row["reason"]) == ("王一1", "网络中断 2 次")


def test_the_report_page_says_by_which_rule_and_what_is_pending(world: World, sign_in: SignIn) -> None:
    text = sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/reports/missing/").content.decode()
    for said in ("认定规则 通用 v1", "正在认定（人次） 0", "课程还在学（人次） 0", "截至 "):
        assert said in text


@pytest.mark.parametrize("path", ["reports/missing/", "reports/records.csv", "reports/missing.xlsx"])
def test_a_report_costs_the_same_for_one_and_for_many(world: World, sign_in: SignIn, path: str) -> None:
    client = sign_in(world.county.secretary)

    def queries() -> int:
        fold_summary()
        with CaptureQueriesContext(connection) as seen:
            response = client.get(f"/branch/{world.training.pk}/{path}")
            assert response.status_code == 200
        return len(seen)

    one = queries()
    for _ in range(5):
        stand(world.occasion, MembershipFactory(node=world.county.branch).member, world.county.branch, "missing")
    assert queries() == one <= 22
