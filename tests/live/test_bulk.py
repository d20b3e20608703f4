"""Many lectures from a table in the real office: each row is judged, none planned until all that stay are right."""

import datetime as dt
import html
import io
import json
import math
import re
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from attendance.models import Occasion, Training
from live.core.bulk import MOST_ROWS, TEXTS, TITLE
from live.models import Lecture
from organizations.models import Role
from organizations.queries import phone_of
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.live import make_lecture
from tests.factories.organizations import County, RoleGrantFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
URL = "/admin/live/schedule/table/"
HEADER = list(TITLE.values())


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def office(world: County, client: Client) -> Client:
    client.force_login(world.organiser)
    return client


@pytest.fixture
def training(world: County) -> Training:
    return TrainingFactory(
        node=world.county, title="春季培训（一）", starts_date=timezone.localdate(),
        deadline_at=timezone.now() + 900 * DAY, lecture_rule=RuleFactory(),
    )  # fmt: skip


def day(after: int) -> str:
    return (timezone.localdate() + after * DAY).isoformat()


def line(world: County, title: str = "防汛", **changes: str) -> list[str]:
    row = {
        "title": title, "date": day(3), "start": "14:30", "minutes": "60", "phone": phone_of(world.lecturer),
        "training": "春季培训（一）", "record": "是",
    }  # fmt: skip
    return list({**row, **changes}.values())


def csv(*rows: list[str], header: list[str] = HEADER, name: str = "a.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join(",".join(row) for row in [header, *rows]).encode())


def shown(office: Client, *rows: list[str], **more: Any) -> Any:
    return office.post(URL, {"file": csv(*rows), "rule": "", **more})


def sent_on(answer: Any) -> dict[str, Any]:
    """What the page of a table sends back untouched."""
    page = answer.content.decode()
    found = re.search(r'name="sent" value="([^"]+)"', page)
    assert found
    marks = re.findall(r'name="read" value="([^"]+)"', page)
    ticked = re.findall(r'name="out" value="([0-9]+)" checked', page)
    return {"sent": html.unescape(found[1]), "read": marks, "out": ticked, "rule": ""}


def problems(answer: Any) -> list[list[str]]:
    return [[column for column, _words in row.problems] for row in answer.context["form"].rows]


def said(answer: Any) -> str:
    return "".join(str(one) for one in answer.context["messages"])


def errors(answer: Any) -> str:
    return str(answer.context["form"].errors)


def test_a_right_table_is_shown_and_planned_with_one_more_click(
    world: County, office: Client, training: Training
) -> None:
    answer = shown(office, line(world), line(world, "防火", date=day(4), record="否"))
    assert (answer.status_code, problems(answer), Lecture.objects.count()) == (200, [[], []], 0)
    assert world.lecturer.name in answer.content.decode()
    done = office.post(URL, sent_on(answer), follow=True)
    assert "已安排 2 场" in said(done)
    first, second = Lecture.objects.select_related("occasion").order_by("occasion__starts_at")
    assert (first.occasion.title, first.record, second.record, first.series) == ("防汛", True, False, None)
    assert first.occasion.rule_id == training.lecture_rule_id
    assert first.occasion.node_id == world.county.pk
    assert f"{timezone.localtime(first.occasion.starts_at):%Y-%m-%d %H:%M}" == f"{day(3)} 14:30"


def test_every_wrong_column_of_every_row_is_named_and_nothing_is_planned(
    world: County, office: Client, training: Training
) -> None:
    neighbour = RoleGrantFactory(node=world.neighbour, role=Role.LECTURER).user
    TrainingFactory(node=world.county, title="两个")
    TrainingFactory(node=world.county, title="两个")
    TrainingFactory(node=world.branch, title="支部的", lecture_rule=RuleFactory(), starts_date=timezone.localdate())
    answer = shown(
        office,
        line(world),
        line(world, "", date="明天", start="两点", minutes="0", phone="138", training="", record="也许"),
        line(world, "题" * 121, date="1999-01-01", minutes="721", phone="13899999999", training="没有这个"),
        line(world, training="两个"),
        line(world, date="2020-01-01"),
        line(world, phone=phone_of(neighbour), training="支部的"),
        line(world, phone=phone_of(world.member)),
        line(world, phone=""),
    )
    assert problems(answer) == [
        [],
        ["名称", "日期", "开始时间", "时长", "培训", "讲师手机号", "保存回放"],
        ["名称", "日期", "时长", "培训", "讲师手机号"],
        ["培训"],
        ["日期"],
        ["讲师手机号"],
        ["讲师手机号"],
        ["讲师手机号"],
    ]
    again = office.post(URL, sent_on(answer))
    assert "还有 7 行不对，一场也没有安排" in errors(again)
    assert not Lecture.objects.exists()
    # Taken out, the rest is planned; the boxes stay as they were ticked over a mistake.
    kept = office.post(URL, {**sent_on(again), "out": ["1", "2"]})
    assert [row.is_out for row in kept.context["form"].rows] == [False, True, True, *[False] * 5]
    assert "还有 5 行不对" in errors(kept)
    assert office.post(URL, {**sent_on(kept), "out": list("1234567")}).status_code == 302
    assert Lecture.objects.count() == 1


def test_what_was_understood_stands_beside_what_was_written(world: County, office: Client, training: Training) -> None:
    answer = shown(
        office,
        line(world, start="上午9点半", minutes="1.5小时", record="不录"),
        line(world, "夜课", start="23:30"),
        line(world, "没有时间", start="早", record="也许"),
    )
    page = answer.content.decode()
    assert f"{day(3)} 09:30 – 11:00" in page
    assert "上午9点半 · 1.5小时" in page
    rows = answer.context["form"].rows
    assert [row.when for row in rows[1:]] == [f"{day(3)} 23:30 – {day(4)} 00:30", ""]
    assert [row.record_words for row in rows] == ["否", "是", ""]


def test_nothing_left_is_said(world: County, office: Client, training: Training) -> None:
    answer = shown(office, line(world))
    assert "一行也没有留下" in errors(office.post(URL, {**sent_on(answer), "out": ["0"]}))


def test_a_stranger_is_no_lecturer_whether_the_number_exists_or_not(
    world: County, office: Client, training: Training
) -> None:
    answer = shown(office, line(world, phone=phone_of(world.neighbour_member)), line(world, phone="13899999999"))
    (one,), (other,) = [row.problems for row in answer.context["form"].rows]
    assert one == other


def test_the_same_file_twice_is_noticed(world: County, office: Client, training: Training) -> None:
    first = shown(office, line(world), line(world, "防火"), line(world))
    assert problems(first) == [[], [], ["名称"]]
    assert "第 2 行是同一场" in str(first.context["form"].rows[2].problems)
    assert office.post(URL, {**sent_on(first), "out": ["2"]}).status_code == 302
    second = shown(office, line(world), line(world, "防火"))
    assert "这份表格好像已经用过" in second.content.decode()
    assert problems(second) == [["名称"], ["名称"]]


def test_two_clicks_at_once_plan_once(
    world: County, office: Client, training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = sent_on(shown(office, line(world)))
    assert office.post(URL, sent).status_code == 302
    monkeypatch.setattr("live.bulk.planned_keys", lambda plans: set())  # the other click was not seen yet
    assert "第 2 行：“防汛”" in errors(office.post(URL, {**sent, "read": marks(office, sent)}))
    assert Lecture.objects.count() == 1


def marks(office: Client, sent: dict[str, Any]) -> list[str]:
    return list(sent_on(office.post(URL, sent))["read"])


def test_clashes_are_shown_at_the_row_and_what_was_not_shown_is_shown_first(
    world: County, office: Client, training: Training
) -> None:
    answer = shown(office, line(world), line(world, "防火", start="15:00"), line(world, "防电", date=day(9)))
    notes = [row.notes for row in answer.context["form"].rows]
    assert [len(one) for one in notes] == [0, 1, 0]
    assert "第 2 行是同一位讲师" in notes[1][0]
    sent = sent_on(answer)
    at = timezone.make_aware(dt.datetime.combine(timezone.localdate() + 9 * DAY, dt.time(14)))
    other = make_lecture(world, starts_at=at)
    Occasion.objects.filter(pk=other.pk).update(title="早有安排")
    changed = office.post(URL, sent)
    assert "提醒有变化" in errors(changed)
    assert "早有安排" in changed.content.decode()
    assert office.post(URL, sent_on(changed)).status_code == 302
    assert Lecture.objects.count() == 4


def test_a_training_without_a_rule_asks_for_one(world: County, office: Client, training: Training) -> None:
    Training.objects.filter(pk=training.pk).update(lecture_rule=None)
    asked = shown(office, line(world))
    assert problems(asked) == [["认定规则"]]
    assert "请在表格上方的“认定规则”里选一条" in asked.content.decode()
    rule = RuleFactory()
    again = office.post(URL, sent_on(asked))
    assert "还有 1 行没有合适的规则" in errors(again)
    # The select stands in the form that is confirmed: choosing and pressing is enough.
    confirming = again.content.decode().split('name="sent"')[1].split("</form>")[0]
    assert '<select name="rule"' in confirming
    assert again.content.decode().count('<select name="rule"') == 1
    assert office.post(URL, {**sent_on(again), "rule": rule.pk}).status_code == 302
    assert Lecture.objects.get().occasion.rule_id == rule.pk
    answer = shown(office, line(world, "防火"), rule=rule.pk)
    assert problems(answer) == [[]]
    assert f'name="rule" value="{rule.pk}"' in answer.content.decode()
    assert office.post(URL, {**sent_on(answer), "rule": rule.pk}).status_code == 302
    gone = office.post(URL, {**sent_on(answer), "rule": 2**63})
    assert "rule" in gone.context["form"].errors
    assert len(gone.context["form"].rows) == 1  # what was sent is still there
    strange = RuleFactory(node=world.neighbour)
    assert "rule" in shown(office, line(world), rule=2**63).context["form"].errors
    assert problems(shown(office, line(world, "别的"), rule=strange.pk)) == [["认定规则"]]


def test_other_peoples_trainings_do_not_exist(world: County, office: Client, training: Training) -> None:
    office.force_login(RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user)
    assert "培训" in problems(shown(office, line(world)))[0]
    for stranger in (world.lecturer, world.member):
        office.force_login(stranger)
        assert office.get(URL).status_code != 200
        assert office.get(f"{URL}template.xlsx").status_code != 200


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (SimpleUploadedFile("a.csv", b""), "是空的（0 字节）"),
        (SimpleUploadedFile("a.doc", b"hello"), "只能导入"),
        (SimpleUploadedFile("a.xlsx", b"hello"), "读不懂"),
        (csv(header=["甲", "乙"]), "没有找到列名"),
        (csv(), "没有要安排的直播"),
        (csv(header=["名称", "日期"]), "缺少这些列"),
        (csv(header=[*HEADER, "题目"]), "只留一列"),
        (csv(*[["课"]] * (MOST_ROWS + 1)), f"超过 {MOST_ROWS} 行"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_beside_it(office: Client, file: SimpleUploadedFile, words: str) -> None:
    file.seek(0)
    answer = office.post(URL, {"file": file, "rule": ""})
    assert answer.status_code == 200
    assert words in str(answer.context["form"].errors["file"])


@pytest.mark.parametrize(
    "sent",
    ["", "x", "[]", "{}", "[1]", "null", '[{"row":"x"}]', "[" * 5000, json.dumps([{"row": 1}]), "1e999"]
    + [json.dumps([{**dict.fromkeys(("sheet", *TEXTS), "x"), "row": row}]) for row in (math.inf, math.nan)],
)
def test_rows_that_are_none_of_ours_are_asked_for_anew(office: Client, sent: str) -> None:
    answer = office.post(URL, {"sent": sent, "out": ["x", "9" * 30], "rule": ""})
    assert answer.status_code == 200
    assert "没有收到表格" in str(answer.context["form"].errors["file"])


def test_the_template_is_read_as_it_is_filled_in(world: County, office: Client, training: Training) -> None:
    empty = b"".join(office.get(f"{URL}template.xlsx").streaming_content)  # type: ignore[attr-defined]
    refused = office.post(URL, {"file": SimpleUploadedFile("模板.xlsx", empty), "rule": ""})
    assert "没有要安排的直播" in str(refused.context["form"].errors["file"])
    to = io.BytesIO()
    with xlsxwriter.Workbook(to) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        clock = book.add_format({"num_format": "hh:mm"})
        sheet.write_row(1, 0, line(world))
        sheet.write_datetime(1, 1, dt.datetime.fromisoformat(day(5)), date)
        sheet.write_datetime(1, 2, dt.time(8, 45), clock)
    answer = office.post(URL, {"file": SimpleUploadedFile("a.xlsx", to.getvalue()), "rule": ""})
    assert problems(answer) == [[]]
    (row,) = answer.context["form"].rows
    assert row.plan is not None
    assert f"{timezone.localtime(row.plan.starts_at):%Y-%m-%d %H:%M}" == f"{day(5)} 08:45"


def test_two_hundred_rows_cost_no_more_questions(
    world: County, office: Client, training: Training, django_assert_max_num_queries: Any
) -> None:
    rows = [line(world, f"第 {number} 课", date=day(3 + number)) for number in range(MOST_ROWS)]
    with django_assert_max_num_queries(45):
        assert sum(map(bool, problems(shown(office, *rows)))) == 0


def test_the_page_before_a_file_names_the_columns(office: Client) -> None:
    page = office.get(URL).content.decode()
    assert all(name in page for name in HEADER)
