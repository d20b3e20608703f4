"""What is kept how long: each kind's border day, the dry run that changes nothing, the page, the register."""

import datetime as dt
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from api.models import Delivery, Statement, Webhook
from attendance.models import Guest, MonthlyFile, Notice, Reminder, ReminderMessage
from config.celery import app
from config.retention.fields import FIELDS
from config.retention.kinds import MOST, Kind, kinds
from config.retention.register import ABOUT_PEOPLE, PAGE, markdown, register
from config.retention.words import KEPT, PURPOSES, READERS
from courses.models import LessonComment
from live.models import CaptionLine, ChatMessage, Question
from organizations import operations as do
from organizations.models import Departure, Left, SignInLink, User
from organizations.operations.departures import NAMELESS
from tests.factories.attendance import open_lecture
from tests.factories.live import ChatMessageFactory, make_live
from tests.factories.organizations import County, make_county

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
TASK = re.compile(r"\(((?:\w+\.)+\w+)\)")


def kind(code: str) -> Kind:
    return next(one for one in kinds() if one.code == code)


@pytest.fixture
def county(db: None) -> County:
    return make_county()


# --- The rules and the fields say the same -------------------


@pytest.mark.unit
def test_every_task_and_setting_that_a_field_names_is_a_kinds() -> None:
    said = {row.kept for rows in FIELDS.values() for row in rows if row.kind in ABOUT_PEOPLE}
    named = {task for kept in said for task in TASK.findall(kept)}
    assert named <= {one.task for one in kinds()}
    keys = {key for kept in said for key in re.findall(r"[A-Z]+_KEEP_DAYS", kept)}
    assert keys <= {one.key for one in kinds()}
    app.finalize()  # the schedule is merged then
    assert {one.task for one in kinds()} <= {str(entry["task"]) for entry in app.conf.beat_schedule.values()}


@pytest.mark.unit
def test_the_register_has_a_word_for_every_field_about_people_and_none_too_many() -> None:
    rows = [(label, row) for label, rows in FIELDS.items() for row in rows if row.kind in ABOUT_PEOPLE]
    assert len(register()) == len(rows)
    assert {label for label, _row in rows} == set(PURPOSES)
    assert {row.readers for _label, row in rows} == set(READERS)
    assert {row.kept for _label, row in rows} == set(KEPT)


@pytest.mark.unit
def test_the_page_of_the_register_is_the_one_that_is_made() -> None:
    out = StringIO()
    call_command("personal_data", markdown=True, stdout=out)
    assert out.getvalue() == markdown() == PAGE.read_text(encoding="utf-8")


@pytest.mark.unit
def test_the_register_is_said_line_by_line_too() -> None:
    out = StringIO()
    call_command("personal_data", stdout=out)
    assert len(out.getvalue().splitlines()) == len(register())
    assert "organizations.User phone_cipher：认出是谁、登录" in out.getvalue()


# --- The border day of each -----------------------------------------------------------------------------


def guest(county: County, at: dt.datetime) -> None:
    Guest.objects.create(
        occasion=open_lecture(county.branch), node=county.branch, name="来宾", started_at=at, ended_at=at,
        client_id="g", recorded_by=county.secretary, recorded_at=at,
    )  # fmt: skip


def notice(county: County, at: dt.datetime) -> None:
    Notice.objects.create(member=county.member, kind="corrected", at=at)


def message(county: County, at: dt.datetime) -> None:
    lecture = open_lecture(county.branch)
    made = Reminder.objects.create(
        kind="hand", key="k", training=lecture.training, node=county.branch, made_at=at, due_at=at
    )
    ReminderMessage.objects.create(reminder=made, member=county.member, channel="sms", made_at=at, due_at=at)


def chat(county: County, at: dt.datetime) -> None:
    ChatMessageFactory(lecture=make_live(county), author=county.member, at=at)


def question(county: County, at: dt.datetime) -> None:
    Question.objects.create(
        lecture=make_live(county), author=county.member, text="?", at=at, client_id="q", changed_at=at
    )


def link(county: County, at: dt.datetime) -> None:
    SignInLink.objects.create(
        member=county.member, made_by=county.operator, token_hash="t", standing="s", made_at=at, expires_at=at
    )


def statement(county: County, at: dt.datetime) -> None:
    Statement.objects.create(
        uuid="00000000-0000-4000-8000-000000000001", kind="lesson", member=county.member, at=at, body={"a": 1},
        state="sent", sent_at=at,
    )  # fmt: skip


def delivery(county: County, at: dt.datetime) -> None:
    hook = Webhook.objects.create(
        name="h", node=county.branch, url="https://example.org", events=[], made_by=county.operator, made_at=at,
        salt="s",
    )  # fmt: skip
    Delivery.objects.create(webhook=hook, event="ping", about=0, key="k", body={}, made_at=at, next_at=at)


def month(county: County, at: dt.datetime) -> None:
    MonthlyFile.objects.create(
        node=county.branch, month=at.date().replace(day=1), sha256="0" * 64, size=1, rows=1, head="", made_at=at
    )


MADE: dict[str, list[tuple[str, Any, type[Any]]]] = {
    "guest": [("guest", guest, Guest)],
    "notice": [("notice", notice, Notice), ("message", message, ReminderMessage)],
    "chat": [("chat", chat, ChatMessage), ("question", question, Question)],
    "link": [("link", link, SignInLink)],
    "statement": [("statement", statement, Statement)],
    "delivery": [("delivery", delivery, Delivery)],
}
CASES = [(code, make, model) for code, made in MADE.items() for _name, make, model in made]


@pytest.mark.integration
@pytest.mark.parametrize(("code", "make", "model"), CASES)
def test_what_is_over_goes_and_what_is_not_stays(code: str, make: Any, model: Any, county: County) -> None:
    now = timezone.now()
    one = kind(code)
    make(county, now - one.days() * DAY - MINUTE)
    due = one.due(as_of=now)
    assert (due.count, due.is_more, due.next_at) == (1, False, now)
    call_command("retention", kind=code, stdout=StringIO())
    assert model.objects.exists()
    out = StringIO()
    call_command("retention", apply=True, kind=code, stdout=out)
    assert not model.objects.exists()
    assert "还有 0 到期" in out.getvalue()
    assert one.due(as_of=now).count == 0


@pytest.mark.integration
@pytest.mark.parametrize(("code", "make", "model"), CASES)
def test_a_minute_before_it_stays_and_the_table_says_until_when(
    code: str, make: Any, model: Any, county: County
) -> None:
    now = timezone.now()
    one = kind(code)
    made = now - one.days() * DAY + 10 * MINUTE
    make(county, made)
    due = one.due(as_of=now)
    assert (due.count, due.oldest, due.next_at) == (0, made, made + one.days() * DAY)
    call_command("retention", apply=True, kind=code, stdout=StringIO())
    assert model.objects.exists()


@pytest.mark.integration
def test_monthly_files_are_counted_by_the_day_they_were_made(county: County, settings: Any) -> None:
    now = timezone.now()
    month(county, now - settings.MONTHLY_FILE_KEEP_DAYS * DAY - MINUTE)
    assert kind("file").due(as_of=now).count == 1
    assert kind("comment").due(as_of=now).count == LessonComment.objects.count() == CaptionLine.objects.count() == 0


@pytest.mark.integration
def test_more_than_can_be_looked_at_is_said_as_so_many_and_more(county: County, settings: Any) -> None:
    now = timezone.now()
    old = now - (settings.NOTICE_KEEP_DAYS + 1) * DAY
    Notice.objects.bulk_create([Notice(member=county.member, kind="x", at=old) for _one in range(MOST + 2)])
    out = StringIO()
    call_command("retention", stdout=out)
    assert f"现在到期 {MOST} 以上" in out.getvalue()
    call_command("retention", apply=True, kind="notice", stdout=out)
    assert not Notice.objects.exists()


# --- People -----------------------------------------------------------------------------


def leave(county: County, days: int) -> User:
    now = timezone.now()
    on_date = timezone.localdate(now) - days * DAY
    do.end_membership(member_id=county.member.pk, because=Left.DIED, on_date=on_date, as_of=now)
    return county.member


@pytest.mark.integration
def test_the_dry_run_names_who_goes_and_when_and_applying_does_it(county: County) -> None:
    person = leave(county, 1095)
    out = StringIO()
    call_command("retention", stdout=out)
    first = timezone.localdate() + 30 * DAY
    assert f"{county.branch.name} {person.name}：最早 {first} 清除" in out.getvalue()
    call_command("retention", apply=True, stdout=out)
    assert User.objects.get(pk=person.pk).name == person.name  # nobody was told
    Departure.objects.update(told_at=timezone.now() - 30 * DAY)
    assert kind("person").due(as_of=timezone.now()).count == 1
    call_command("retention", apply=True, kind="person", stdout=out)
    assert User.objects.get(pk=person.pk).name == NAMELESS
    assert kind("person").due(as_of=timezone.now()).oldest is None


@pytest.mark.integration
def test_who_is_kept_by_something_is_not_counted_and_ends_no_turn(county: County) -> None:
    person = leave(county, 1095)
    Departure.objects.update(told_at=timezone.now() - 30 * DAY)
    do.join_node(member_id=person.pk, node_id=county.branch.pk, on_date=timezone.localdate())
    out = StringIO()
    call_command("retention", apply=True, stdout=out)
    assert "（还属于一个组织）" in out.getvalue()
    assert kind("person").due(as_of=timezone.now()).count == 0


@pytest.mark.integration
def test_without_a_period_the_table_says_so(county: County, settings: Any) -> None:
    settings.PERSON_KEEP_DAYS = 0
    leave(county, 2000)
    out = StringIO()
    call_command("retention", stdout=out)
    assert "person 离开的人的姓名等个人信息：保留一直保留；现在到期 0" in out.getvalue()


@pytest.mark.integration
def test_the_operators_page_says_the_table_with_few_questions(
    county: County, client: Any, django_assert_max_num_queries: Any
) -> None:
    chat(county, timezone.now() - 200 * DAY)
    client.force_login(county.operator)
    client.get("/health/retention/")
    with django_assert_max_num_queries(40):
        page = client.get("/health/retention/").content.decode()
    assert "直播间里的发言" in page
    assert "现在到期 1；" in page
    client.force_login(county.secretary)
    assert client.get("/health/retention/").status_code == 404
