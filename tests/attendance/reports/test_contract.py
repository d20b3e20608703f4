"""What every report in ``settings.REPORTS`` must keep: scope, empty data, constant queries, one truth."""

import csv
import datetime as dt
import io
import json
import re
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Occasion, RecordState
from attendance.reports import Report, Scope, UnableToFindReport, report_named, reports
from attendance.reports.render import UnableToRender, neutral, text_rows, write
from tests.attendance.people import make_training, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory

pytestmark = pytest.mark.integration


@pytest.fixture(params=sorted(reports()))
def report(request: pytest.FixtureRequest) -> Report:
    return report_named(request.param)


def written(report: Report, scope: Scope, form: str, encoding: str = "utf-8") -> bytes:
    out = io.BytesIO()
    write(report, scope, out, form=form, encoding=encoding)
    return out.getvalue()


def sheet_rows(data: bytes) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [[value_of(cell.value) for cell in row] for row in sheet.iter_rows()]


def value_of(value: Any) -> Any:
    """A sheet's dates have no zone: they are local."""
    if isinstance(value, dt.datetime):
        return timezone.make_aware(value)
    return "" if value is None else value


@pytest.mark.parametrize(("name", "column"), [("missing", "due"), ("records", "starts")])
def test_a_moment_is_a_date_in_the_sheet(world: World, name: str, column: str) -> None:
    """It was text: nothing sorted or filtered by it."""
    Occasion.objects.update(starts_at=F("starts_at") + dt.timedelta(microseconds=9_908))
    report = report_named(name)
    at = [one.key for one in report.columns].index(column)
    sheet = openpyxl.load_workbook(io.BytesIO(written(report, world.scope(world.county.branch), "xlsx"))).worksheets[0]
    cell = sheet.cell(row=2, column=at + 1)
    assert cell.is_date
    assert (cell.value.second, cell.value.microsecond) == (0, 0)  # as a page says it
    assert (cell.number_format, sheet.print_title_rows, sheet.page_setup.orientation) == (
        "yyyy-mm-dd hh:mm", "$1:$1", "landscape",
    )  # fmt: skip
    assert (sheet.page_setup.fitToHeight, sheet.auto_filter.ref is not None) == (0, True)


@pytest.mark.parametrize("name", ["missing", "records"])
def test_names_stand_by_their_reading(world: World, name: str) -> None:
    for called in ("周一", "吕二", "宋三", "曾四", "单五", "阿依古丽"):
        member = MembershipFactory(member__name=called, node=world.county.branch).member
        stand(world.occasion, member, world.county.branch, RecordState.MISSING)
    report = report_named(name)
    printed = [row[1] for row in report.rows(world.scope(world.county.branch))]
    ours = [one for one in printed if one in {"周一", "吕二", "宋三", "曾四", "单五", "阿依古丽"}]
    assert ours == ["阿依古丽", "吕二", "单五", "宋三", "曾四", "周一"]


def test_nothing_of_the_neighbouring_branch_is_in_it(report: Report, world: World) -> None:
    printed = written(report, world.scope(world.county.branch), "csv").decode("utf-8-sig")
    assert world.county.members[1].name in printed
    assert not any(neighbour.name in printed for neighbour in world.county.neighbours)
    assert world.county.neighbour.name not in printed


def test_an_empty_training_gives_the_header_alone(report: Report, world: World) -> None:
    scope = Scope(make_training(world.county.county, "空"), world.county.branch, world.scope(world.county.branch).as_of)
    titles = [str(column.title) for column in report.columns]
    assert list(report.rows(scope)) == []
    assert sheet_rows(written(report, scope, "xlsx")) == [titles]
    assert list(csv.reader(io.StringIO(written(report, scope, "csv").decode("utf-8-sig")))) == [titles]
    assert json.loads(written(report, scope, "json"))["rows"] == []


def test_the_number_of_queries_does_not_grow(report: Report, world: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            list(report.rows(world.scope(world.county.branch)))
        return len(seen)

    few = queries()
    for _ in range(20):
        member = MembershipFactory(node=world.county.branch).member
        stand(world.occasion, member, world.county.branch, RecordState.MISSING)
    assert queries() == few <= 5


def test_page_csv_xlsx_and_json_say_the_same(report: Report, world: World) -> None:
    scope = world.scope(world.county.county)
    page = list(text_rows(report.rows(scope)))
    table = list(csv.reader(io.StringIO(written(report, scope, "csv").decode("utf-8-sig"))))
    sheet = sheet_rows(written(report, scope, "xlsx"))
    objects = json.loads(written(report, scope, "json"))["rows"]
    assert len(page) >= 4
    assert table[1:] == page
    assert list(text_rows(tuple(row) for row in sheet[1:])) == page
    assert list(text_rows(tuple(row.values()) for row in objects)) == page
    assert list(csv.reader(io.StringIO(written(report, scope, "csv", "gbk").decode("gb18030")))) == table


def test_no_cell_holds_a_phone_number(report: Report, world: World) -> None:
    printed = written(report, world.scope(world.county.county), "csv").decode("utf-8-sig")
    printed = re.sub(r"20\d\d-\d\d-\d\d", "", printed)  # a year looks like the end of a number
    everybody = [*world.county.members, *world.county.neighbours, world.county.secretary]
    assert not any(person.phone_last4 in printed.replace(person.name, "") for person in everybody)


@pytest.mark.parametrize(
    "attack", ["=1+1", "+1", "-1", "@A1", "＝1", "＋1", "－1", "＠x", "\t=1", " =1", "\u200b=1", "\r=1"]
)
def test_a_hostile_name_is_text_everywhere(report: Report, world: World, attack: str) -> None:
    member = world.county.members[1]
    member.name = attack
    member.save()
    scope = world.scope(world.county.branch)
    data = written(report, scope, "xlsx")
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    column = [column.key for column in report.columns].index("name")
    names = [
        row[column] for row in csv.reader(io.StringIO(written(report, scope, "csv").decode("utf-8-sig"), newline=""))
    ]
    assert f"'{attack}" in names
    assert attack not in names


def test_a_very_long_name_and_one_with_marks_survive(report: Report, world: World) -> None:
    member = world.county.members[1]
    member.name = "阿卜杜热西提·" * 7 + '"<b>&'
    member.save()
    names = [row[1] for row in sheet_rows(written(report, world.scope(world.county.branch), "xlsx"))]
    assert member.name in names


def test_ordinary_words_are_left_alone() -> None:
    assert [neutral(value) for value in ("王秀兰", "3=3", "", "52", "（补）")] == ["王秀兰", "3=3", "", "52", "（补）"]


def test_unknown_names_and_formats_are_refused(world: World) -> None:
    with pytest.raises(UnableToFindReport):
        report_named("salaries")
    scope = world.scope(world.county.branch)
    with pytest.raises(UnableToRender):
        write(report_named("missing"), scope, io.BytesIO(), form="exe")
    with pytest.raises(UnableToRender):
        write(report_named("missing"), scope, io.BytesIO(), form="csv", encoding="utf-7")
