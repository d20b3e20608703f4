"""今天 of whoever gives a lecture: their own one now, and the ones due today."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organizations.models import User
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = dt.datetime(2026, 12, 1, 4, 0, tzinfo=dt.UTC)


def today_of(client: Client, user: User) -> str:
    client.force_login(user)
    return client.get("/").content.decode()


def queries_for(client: Client, user: User) -> int:
    client.force_login(user)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        client.get("/")
    return len(seen)


@time_machine.travel(NOON, tick=False)
def test_a_lecturer_is_led_to_the_lecture_that_runs_and_to_the_one_due_today(client: Client) -> None:
    world = make_county()
    assert "今天没有要做的事" in today_of(client, world.lecturer)
    live, later = make_live(world), make_lecture(world, starts_at=NOON + dt.timedelta(hours=7, minutes=30))
    tomorrow = make_lecture(world, starts_at=NOON + dt.timedelta(days=1))
    page = today_of(client, world.lecturer)
    assert "您的直播正在进行" in page
    assert f'href="/live/{live.pk}/host/">去主持</a>' in page
    assert "今天 19:30 要讲" in page
    assert f'href="/live/{later.pk}/host/">检查设备</a>' in page
    assert f"/live/{tomorrow.pk}/host/" not in page
    assert "今天没有要做的事" not in page
    assert "要讲" not in today_of(client, world.member)


def test_it_costs_a_lecturer_one_query_and_a_member_none(client: Client) -> None:
    world = make_county()
    make_lecture(world, starts_at=timezone.now() + dt.timedelta(minutes=5))
    member, lecturer = queries_for(client, world.member), queries_for(client, world.lecturer)
    for _each in range(2):
        make_lecture(world, starts_at=timezone.now() + dt.timedelta(minutes=5))
    assert queries_for(client, world.lecturer) == lecturer
    assert queries_for(client, world.member) == member
