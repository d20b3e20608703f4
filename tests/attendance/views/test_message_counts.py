"""The operator's page of messages: numbers, cost, what fails; nothing for others, no names, few questions."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import MessageCount, Reminder, ReminderMessage, WayTrouble
from tests.attendance.people import make_training
from tests.factories.organizations import County, make_county

pytestmark = pytest.mark.integration
PAGE, FAILURES = "/health/messages/", "/health/messages/failures/"


@pytest.fixture
def county(db: None) -> County:
    return make_county()


@pytest.fixture
def operator(county: County, client: Client) -> Client:
    client.force_login(county.operator)
    return client


def counted(county: County, day: dt.date, channel: str, **ends: int) -> None:
    MessageCount.objects.create(day=day, channel=channel, node=county.branch, **ends)


def failed(county: County, *, times: int, why: str = "out_of_sight", state: str = "failed") -> None:
    now = timezone.now()
    for _ in range(times):
        reminder = Reminder.objects.create(
            kind="hand", key=f"k{Reminder.objects.count()}", training=make_training(county.branch), node=county.branch,
            made_at=now, due_at=now,
        )  # fmt: skip
        ReminderMessage.objects.create(
            reminder=reminder, member=county.member, channel="wecom", state=state, why=why, made_at=now, due_at=now,
            done_at=now,
        )  # fmt: skip


def test_a_month_by_way_unit_and_day_with_its_cost(
    county: County,
    operator: Client,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Any,
) -> None:
    settings.MESSAGES = replace(settings.MESSAGES, price={"sms": 450})
    today = timezone.localdate()
    counted(county, today, "sms", sent=30, unsure=1, failed=2, cost=13950)
    counted(county, today, "site", sent=40)
    operator.get(PAGE)
    with django_assert_max_num_queries(20):
        page = operator.get(PAGE).content.decode()
    assert page.count("1.40 元") == 3  # 1.395, of the way, the unit and the day
    assert county.branch.name in page
    assert "0 / 2000" not in page  # nobody set it up
    assert "钉钉" not in page
    monkeypatch.setattr("organizations.sms.reminders_say", lambda: "text")
    assert "0 / 2000" in operator.get(PAGE).content.decode()
    assert "没有写每条的价格" not in page
    before = (today.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    assert "这个月没有发过消息" in operator.get(f"{PAGE}?month={before:%Y-%m}").content.decode()


def test_nothing_yet(operator: Client) -> None:
    page = operator.get(PAGE).content.decode()
    assert "这个月没有发过消息" in page
    assert "没有写每条的价格" in page
    assert "都发出去了" in operator.get(FAILURES).content.decode()


@pytest.mark.parametrize("month", ["x", "2026-13", "9999-12", "0001-01", "2026-1", "2026-01-01", "'"])
def test_a_month_that_is_none(operator: Client, month: str) -> None:
    assert operator.get(PAGE, {"month": month}).status_code == 404


def test_a_way_that_fails_is_told_above(county: County, operator: Client) -> None:
    now = timezone.now()
    moments = {"since_at": now, "last_at": now}
    WayTrouble.objects.create(channel="wecom", step="way", why="setup", code="60020", times=1, **moments)
    WayTrouble.objects.create(channel="sms", step="way", why="gateway", times=2, **moments)
    page = operator.get(PAGE).content.decode()
    assert "代码 60020" in page
    assert page.count("发不出去") == 1  # twice is not yet the way's fault


def test_failures_have_reasons_pages_and_no_names(
    county: County, operator: Client, django_assert_max_num_queries: Any
) -> None:
    failed(county, times=51)
    failed(county, times=1, why="claim_lost", state="unknown")
    failed(county, times=1, why="of a release to come")
    operator.get(FAILURES)
    with django_assert_max_num_queries(16):
        page = operator.get(FAILURES).content.decode()
    assert "第 1 页，共 2 页" in page
    for said in ("不在应用的可见范围里", "发送的程序中途停了", "其他原因", "不确定是否发出", county.branch.name):
        assert said in page
    assert county.member.name not in page
    assert "不在应用的可见范围里" in operator.get(f"{FAILURES}?page=2").content.decode()


@pytest.mark.parametrize("address", [PAGE, FAILURES])
def test_nobody_else_has_such_a_page(county: County, client: Client, address: str) -> None:
    for person in (county.secretary, county.member):
        client.force_login(person)
        assert client.get(address).status_code == 404
