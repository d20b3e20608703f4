"""A rehearsal is the lecturer's desk with nobody in it: for hosts, before the lecture, and it leaves nothing behind."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from live.operations import end_lecture
from live.sentences.rehearsal import rehearsal_script
from organizations.models import User
from tests.factories.live import ChatMessageFactory, make_lecture, make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]


@pytest.fixture
def world() -> County:
    return make_county()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_host_rehearses_before_the_lecture_and_nothing_is_written(world: County) -> None:
    lecture = make_lecture(world, starts_at=timezone.now() + dt.timedelta(days=3))
    ChatMessageFactory(lecture=lecture, author=world.member, text="提前问一句")
    url = reverse("live_rehearsal", args=[lecture.pk])
    client = signed_in(world.lecturer)
    assert url in client.get(reverse("live_host", args=[lecture.pk])).content.decode()
    with CaptureQueriesContext(connection) as asked:
        page = client.get(url)
    assert [one["sql"] for one in asked if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
    data = page.context["data"]
    assert (data["occasion"], data["opens_at"], data["chat"], data["stage"]["hands"]) == (-lecture.pk, 0, [], [])
    text = page.content.decode()
    assert text.index("js/rehearsal") < text.index("js/host")
    assert "彩排：只在这台设备上进行" in text
    assert "camera=(self)" in page["Permissions-Policy"]
    assert all(name.startswith("模拟·") for name in page.context["rehearsal"]["script"]["names"])


def test_whoever_does_not_lead_it_cannot(world: County) -> None:
    url = reverse("live_rehearsal", args=[make_lecture(world).pk])
    for user in (world.member, world.neighbours[0]):
        assert signed_in(user).get(url).status_code == 404
    assert signed_in(world.organiser).get(url).status_code == 200


def test_once_it_is_on_the_air_or_over_the_way_leads_to_the_desk(world: County) -> None:
    lecture = make_live(world)
    client, url = signed_in(world.lecturer), reverse("live_rehearsal", args=[lecture.pk])
    desk = reverse("live_host", args=[lecture.pk])
    assert client.get(url)["Location"] == desk
    assert url not in client.get(desk).content.decode()
    end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert client.get(url)["Location"] == desk


def test_everything_that_is_simulated_says_so() -> None:
    script = rehearsal_script()
    assert all(one.startswith("模拟·") for one in (*script["names"], *script["units"]))
    assert "模拟" in script["on_stage"]
