"""省流量: sound first, the cheapest picture, no cover, no picture and nothing ahead until it is asked for."""

import json
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from cms.models import CoursePage
from tests.factories.cms import LessonPageFactory, ready_video
from tests.factories.courses import Given
from tests.factories.organizations import County

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def seen(client: Client, url: str, **headers: str) -> Any:
    return BeautifulSoup(client.get(url, headers=headers).content, "html.parser")


def player(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.find(id="player-data").string)
    return found


@pytest.fixture
def lesson(given: Given, world: County) -> str:
    """A lesson with a film and a picture, in a course with a cover."""
    image = Image.objects.create(title="心肺复苏", file=get_test_image_file())
    CoursePage.objects.filter(pk=given.page.pk).update(cover=image)
    shown = {"image": image, "alt": "按压的位置"}
    board = {"columns": 6, "count": 6, "width": 128, "height": 72, "every_ms": 10_000}
    body = [
        ("video", ready_video(storyboard=board)),
        ("picture", {**shown, "decorative": False}),
        ("gallery", [shown, shown]),
    ]
    return f"/courses/{given.run.pk}/{LessonPageFactory(course=given.page, body=body).pk}/"


def test_nothing_that_costs_is_loaded_before_it_is_asked_for(
    client: Client, world: County, given: Given, lesson: str
) -> None:
    client.force_login(world.member)
    full = seen(client, lesson)
    assert len(full.select("main img")) >= 2
    assert full.find("video").has_attr("poster")
    assert player(full)["is_lite"] is False
    assert player(full)["storyboard"]["url"].endswith("/storyboard.jpg")
    assert seen(client, f"/courses/{given.run.pk}/").select("main img.cover")

    assert client.post("/display/", {"lite": "1", "next": lesson})["Location"] == lesson
    page = seen(client, lesson)
    assert page.select("main img") == []
    assert [one.find("img") for one in page.select("a[data-picture]")] == [None] * 3
    assert "看图片：按压的位置" in page.get_text()
    assert not page.find("video").has_attr("poster")
    assert player(page)["is_lite"] is True
    assert player(page)["storyboard"] is None
    assert "省流量：先只听声音" in page.get_text()
    course = seen(client, f"/courses/{given.run.pk}/")
    assert course.select("main img") == []
    assert "省流量：不放封面" in course.get_text()
    assert seen(client, "/courses/").select("main img") == []


def test_what_is_kept_on_the_phone_has_its_pictures(client: Client, world: County, lesson: str) -> None:
    client.force_login(world.member)
    client.cookies["lite"] = "1"
    assert "<img" in client.get(f"{lesson}saved.json").json()["html"]


def test_the_choice_is_the_phones_and_is_taken_back(client: Client, world: County, given: Given) -> None:
    client.force_login(world.member)
    url = f"/courses/{given.run.pk}/"
    assert "省流量：" not in seen(client, url).get_text()
    client.post("/display/", {"lite": "1"})
    other_phone = Client()
    other_phone.force_login(world.member)
    assert "省流量：" not in seen(other_phone, url).get_text()
    client.post("/display/", {"lite": "0"})
    assert "省流量：" not in seen(client, url).get_text()


def test_a_phone_that_saves_data_is_asked_and_never_made_to(client: Client, world: County, lesson: str) -> None:
    client.force_login(world.member)
    asked = seen(client, lesson, **{"Save-Data": "on"})
    assert "要不要先只听声音" in asked.get_text()
    assert player(asked)["is_lite"] is False
    client.post("/display/", {"lite": "0"})
    assert "要不要先只听声音" not in seen(client, lesson, **{"Save-Data": "on"}).get_text()
