"""长辈版 of a course and a lesson: one step on top, the rest folded away."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from organizations.models import User
from tests.factories.courses import Given, watch
from tests.factories.organizations import County

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def elder(client: Client, world: County) -> Client:
    User.objects.filter(pk=world.member.pk).update(elder_mode=True)
    client.force_login(User.objects.get(pk=world.member.pk))
    return client


def seen(client: Client, url: str) -> Any:
    return BeautifulSoup(client.get(url).content, "html.parser").find("main")


def open_buttons(page: Any) -> list[str]:
    """The red buttons that stand open."""
    found = page.select("a.btn:not(.quiet):not([hidden]), button.btn:not(.quiet):not([hidden])")
    return [one.get_text(strip=True) for one in found if one.find_parent("details") is None]


def test_a_course_of_one_lesson_has_its_step_too(elder: Client, given: Given) -> None:
    page = seen(elder, f"/courses/{given.run.pk}/")
    assert open_buttons(page) == ["开始学习"]
    fold = page.find("details", class_="more")
    assert "其他" in fold.summary.get_text()
    assert given.lesson.title in fold.get_text()


def test_a_finished_course_leads_on(elder: Client, world: County, given: Given) -> None:
    watch(given, world.member, (0, 60_000))
    assert open_buttons(seen(elder, f"/courses/{given.run.pk}/")) == ["课程都学完了：回到今天"]


def test_a_lesson_plays_and_folds_its_text(elder: Client, world: County, given: Given) -> None:
    url = f"/courses/{given.run.pk}/{given.lesson.pk}/"
    page = seen(elder, url)
    assert open_buttons(page) == []  # the player's own button is the one
    assert page.find(class_="lesson-body").find_parent("details") is not None
    watch(given, world.member, (0, 60_000))
    assert open_buttons(seen(elder, url)) == ["课程都学完了：回到今天"]


def test_other_pages_fold_nothing(client: Client, world: County, given: Given) -> None:
    client.force_login(world.member)
    for url in (f"/courses/{given.run.pk}/", f"/courses/{given.run.pk}/{given.lesson.pk}/"):
        assert seen(client, url).find("details", class_="more") is None
