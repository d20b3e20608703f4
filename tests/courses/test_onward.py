"""No page of a member's courses ends in nothing: each says the next step."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from attendance.models import Occasion
from tests.factories.cms import LessonPageFactory
from tests.factories.courses import give_course, watch
from tests.factories.organizations import make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def onward(client: Client, user: Any, url: str) -> tuple[str, str, str] | None:
    client.force_login(user)
    step = client.get(url).context["onward"]
    return (step.said, step.title, step.url) if step else None


def test_a_lesson_leads_to_the_next_and_the_last_to_what_was_left_out(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    second = LessonPageFactory(course=given.page, title="读一读", body=[("text", "<p>读</p>")])
    base = f"/courses/{given.run.pk}/"
    first_url, second_url = f"{base}{given.lesson.pk}/", f"{base}{second.pk}/"
    assert onward(client, world.member, first_url) == ("下一讲", "读一读", second_url)
    assert onward(client, world.member, second_url) == ("前面还有没学完的", "急救常识 第一讲", first_url)
    assert onward(client, world.member, base) is None  # the way on is the next lesson, beside the number
    watch(given, world.member, (0, 60_000))
    assert "下一讲：读一读" in client.get(first_url).content.decode()


def test_a_finished_course_leads_to_what_ends_first_and_then_to_today(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    watch(given, world.member, (0, 60_000))
    base = f"/courses/{given.run.pk}/"
    nothing_left = ("课程都学完了", "回到今天", "/")
    assert onward(client, world.member, base)[:2] == nothing_left[:2]  # type: ignore[index]
    give_course(world.branch, title="以后的课", starts_in=dt.timedelta(days=3))
    void = give_course(world.branch, title="作废的课")
    Occasion.objects.filter(pk=void.run.pk).update(state=Occasion.State.VOID, void_reason="错了")
    left = give_course(world.branch, title="没学的课")
    for url in (base, f"{base}{given.lesson.pk}/"):
        assert onward(client, world.member, url) == ("下一门课", "没学的课", f"/courses/{left.run.pk}/")


def test_whoever_only_looks_and_a_void_course_are_led_to_no_study(client: Client) -> None:
    world = make_county()
    given = give_course(world.branch)
    url = f"/courses/{given.run.pk}/{given.lesson.pk}/"
    assert onward(client, world.organiser, url) is None
    Occasion.objects.filter(pk=given.run.pk).update(state=Occasion.State.VOID, void_reason="错了")
    assert onward(client, world.member, url) is None
