"""A course that was declared void asks nothing of anybody: every page says so, and why."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from courses.models import LessonProgress
from courses.plans import void_course
from tests.factories.cms import LessonPageFactory
from tests.factories.courses import Given, give_course, watch
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def void_given(world: County) -> Given:
    given = give_course(world.branch)
    watch(given, world.member, (0, 12_000))
    void_course(occasion_id=given.run.pk, reason="发错了课件", actor_id=world.organiser.pk, as_of=timezone.now())
    return given


def test_every_page_says_that_it_is_void_and_why_and_none_asks_for_more(client: Client) -> None:
    world = make_county()
    given = void_given(world)
    course = f"/courses/{given.run.pk}/"
    client.force_login(world.member)
    for url in (course, f"{course}{given.lesson.pk}/", "/courses/", f"/me/records/{given.run.pk}/"):
        page = client.get(url).content.decode()
        assert "发错了课件" in page, url
        assert "已作废" in page
        shown = re.sub(r'<div class="card player-count" id="player-count" hidden>.*?</section>', "", page, flags=re.S)
        shown = re.sub(r"<script.*?</script>", "", shown, flags=re.S)
        for word in ("还差", "就算学完", "已计入", "开始 ›", "继续"):
            assert word not in shown, (url, word)
    assert given.page.title not in client.get("/").content.decode()
    player = client.get(f"{course}{given.lesson.pk}/").context["player"]
    assert player["records"] is False
    assert "needed_ms" not in player
    assert player["complete_url"] == ""
    assert player["hls_url"]


def test_a_text_of_it_cannot_be_finished_any_more(client: Client) -> None:
    world = make_county()
    given = void_given(world)
    text = LessonPageFactory(course=given.page, body=[("text", "<p>读</p>")])
    client.force_login(world.member)
    url = f"/courses/{given.run.pk}/{text.pk}/"
    assert "我学完了这一讲" not in client.get(url).content.decode()
    client.post(f"{url}complete/")
    assert LessonProgress.objects.count() == 0


def test_who_reads_it_from_above_is_told_too(client: Client) -> None:
    world = make_county()
    given = void_given(world)
    client.force_login(world.organiser)
    assert "发错了课件" in client.get(f"/courses/{given.run.pk}/").content.decode()
    assert "作废" in client.get("/courses/").content.decode()
