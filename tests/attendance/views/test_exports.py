"""Files for the secretary: the rows of the page, nobody else's, no phone, and written down."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.test import Client

from attendance.models import RecordState
from organizations.models import AccessEntry, User
from tests.attendance.people import stand
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


def test_an_export_is_written_down_for_everybody_in_it_and_nobody_else(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.secretary)
    body(client.get(f"/branch/{world.training.pk}/reports/missing.csv"))
    assert [(one.subject_id, one.what, one.reason) for one in AccessEntry.objects.all()] == [
        (world.county.members[1].pk, "export", "missing")
    ]
    body(client.get(f"/branch/{world.training.pk}/reports/records.csv"))
    logged = AccessEntry.objects.filter(reason="records").values_list("subject_id", flat=True)
    assert set(logged) == {member.pk for member in world.county.members}


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
