"""``manage.py report``: the rows of the page in a file, or one clear sentence."""

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from attendance.reports import report_named
from attendance.reports.render import text_rows
from organizations.models import AccessEntry, User
from organizations.queries import access_entries
from tests.attendance.reports.conftest import World
from tests.attendance.reports.test_contract import value_of

pytestmark = pytest.mark.integration


def run(world: World, path: Path, **options: Any) -> None:
    values = {"training": str(world.training.pk), "under": "QX.01.01", "output": str(path), **options}
    call_command("report", values.pop("name", "missing"), **values)


@pytest.mark.parametrize("form", ["xlsx", "csv", "json"])
def test_the_file_holds_the_rows_of_the_page(world: World, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"谁还没参加.{form}"
    run(world, path, format=form)
    page = list(text_rows(report_named("missing").rows(world.scope(world.county.branch))))
    if form == "xlsx":
        sheet = openpyxl.load_workbook(path).worksheets[0]
        found = [[value_of(cell.value) for cell in row] for row in sheet.iter_rows()][1:]
    elif form == "csv":
        found = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))[1:]
    else:
        found = [list(row.values()) for row in json.loads(path.read_text())["rows"]]
    assert list(text_rows(tuple(row) for row in found)) == page
    assert [row[1] for row in page] == ["王一1"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "salaries"}, "没有叫“salaries”的报表"),
        ({"training": "999999"}, "没有编号为 999999 的培训"),
        ({"training": "一"}, "没有编号为 一 的培训"),
        ({"training": "9" * 40}, "没有编号为"),
        ({"under": "NOWHERE"}, "没有代码为 NOWHERE 的组织"),
        ({"under": "QX\x00"}, "没有代码为"),
        ({"format": "exe"}, "格式只能是"),
        ({"format": "csv", "encoding": "utf-7"}, "编码只能是"),
        ({"output": "/no/such/folder/a.xlsx"}, "写不了文件"),
    ],
)
def test_a_wrong_wish_is_answered_in_one_sentence_and_leaves_nothing(
    world: World, tmp_path: Path, options: dict[str, str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        run(world, tmp_path / "a.xlsx", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_a_command_writes_is_one_row_of_the_access_log(world: World, tmp_path: Path) -> None:
    """How many, of what and by which filter; whom it names reads it too."""
    run(world, tmp_path / "a.csv", format="csv")
    entry = AccessEntry.objects.get()
    assert (entry.reader, entry.what, entry.reason, entry.count) == (None, "export", "csv", 1)
    assert (entry.node, entry.about) == (world.county.branch, world.training.pk)
    assert "还没有参加" in entry.title
    named = User.objects.get(name="王一1")
    assert list(access_entries(subject_id=named.pk)) == [entry]
    run(world, tmp_path / "a.csv", format="csv")
    assert AccessEntry.objects.count() == 2
    with pytest.raises(CommandError):
        run(world, tmp_path / "no" / "a.csv", format="csv")
    assert AccessEntry.objects.count() == 2
