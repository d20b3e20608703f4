"""The cover of a course: chosen, shown to those who may read it, and not lost without a word."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from cms.models import CoursePage
from courses.covers import cover_of
from organizations.models import Role, User
from organizations.uses import changed_with, uses_of
from tests.factories.courses import Given
from tests.factories.organizations import County, RoleGrantFactory, UserFactory

pytestmark = [
    pytest.mark.integration,
    pytest.mark.pages,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]

EMPTY = '{"blocks": [], "entityMap": {}}'


@pytest.fixture
def admin(client: Client, world: County, var_dir: Any) -> Client:
    client.force_login(world.organiser)
    return client


def picture_of(user: User | None, title: str = "封面") -> Image:
    return Image.objects.create(title=title, file=get_test_image_file(filename="cover.png"), uploaded_by_user=user)


def save(admin: Client, course: CoursePage, cover: Any, **more: Any) -> Any:
    values = {"title": course.title, "node": course.node_id, "intro": EMPTY, "cover": cover, "seek_ahead": "on"}
    return admin.post(reverse("wagtailadmin_pages:edit", args=[course.pk]), {**values, **more})


def covered(given: Given, picture: Image) -> CoursePage:
    CoursePage.objects.filter(pk=given.page.pk).update(cover=picture)
    page = CoursePage.objects.get(pk=given.page.pk)
    page.save_revision().publish()
    return page


def test_without_a_picture_the_title_is_drawn_in_lists_and_on_the_course(
    client: Client, world: County, given: Given
) -> None:
    client.force_login(world.member)
    for address in ("/courses/", f"/courses/{given.run.pk}/"):
        page = client.get(address).content.decode()
        assert '<svg class="cover ' in page
        assert ">急救常识</text>" in page
    assert client.get(f"/courses/{given.run.pk}/cover/").status_code == 404


def test_a_chosen_picture_is_shown_to_those_who_may_read_the_course(admin: Client, world: County, given: Given) -> None:
    picture = picture_of(world.organiser)
    assert save(admin, given.page, picture.pk, **{"action-publish": "1"}).status_code == 302
    given.run.page.refresh_from_db()
    url = cover_of(given.run).url
    assert given.run.page.cover == picture
    preview = admin.get(reverse("wagtailadmin_pages:view_draft", args=[given.page.pk])).content.decode()
    assert '<img class="cover head"' in preview
    for user, status in ((world.member, 200), (world.organiser, 200), (world.neighbours[0], 404)):
        admin.force_login(user)
        assert admin.get(url).status_code == status
    admin.force_login(world.member)
    assert f'src="{url}"' in admin.get("/courses/").content.decode()
    assert admin.get(url)["Cache-Control"] == "private, max-age=86400"
    picture.file.storage.delete(picture.file.name)
    picture.renditions.all().delete()
    assert admin.get(url).status_code == 404


@pytest.mark.parametrize("action", ["action-publish", ""])
def test_somebody_elses_picture_is_refused_without_its_title(
    admin: Client, world: County, given: Given, action: str
) -> None:
    other = UserFactory()
    RoleGrantFactory(user=other, node=world.neighbour, role=Role.ORGANISER)
    picture = picture_of(other, "邻支部的图")
    RoleGrantFactory(user=(mine := UserFactory()), node=world.branch, role=Role.ORGANISER)
    admin.force_login(mine)
    for key in (picture.pk, 10**30, "nonsense"):
        refused = save(admin, given.page, key, **({action: "1"} if action else {}))
        assert refused.status_code == 200
        page = refused.content.decode()
        assert "封面：这张图片不存在，或者不归您使用。请另选一张图片。" in page
        assert "邻支部的图" not in page
    assert CoursePage.objects.get(pk=given.page.pk).cover is None


def test_a_colleagues_picture_that_is_there_stays(admin: Client, world: County, given: Given) -> None:
    picture = picture_of(UserFactory(), "上级的图")
    course = covered(given, picture)
    assert save(admin, course, picture.pk).status_code == 302
    assert CoursePage.objects.get(pk=course.pk).get_latest_revision_as_object().cover == picture


def test_a_picture_on_a_cover_is_not_deleted_without_a_word(admin: Client, world: County, given: Given) -> None:
    picture = picture_of(world.organiser)
    covered(given, picture)
    now = timezone.now()
    found = uses_of(picture, user=world.organiser, as_of=now)
    assert [(use.text, use.blocks) for use in found] == [("课程“急救常识”用它做封面，请先在那里换一张", True)]
    asked = admin.get(reverse("wagtailimages:delete", args=[picture.pk]))
    assert "用它做封面" in asked.content.decode()
    assert [use.text for use in changed_with(picture, user=world.organiser, as_of=now)] == ["课程“急救常识”的封面"]
    stranger = UserFactory()
    assert [use.text for use in uses_of(picture, user=stranger, as_of=now)] == [
        f"“{world.branch.name}”的一门课程用它做封面，请与那里的组织员联系"
    ]
    assert [use.text for use in changed_with(picture, user=stranger, as_of=now)] == [
        f"“{world.branch.name}”的一门课程的封面"
    ]


def test_where_the_picture_is_lost_the_title_is_drawn_again(admin: Client, world: County, given: Given) -> None:
    picture = picture_of(world.organiser)
    course = covered(given, picture)
    picture.delete()
    assert CoursePage.objects.get(pk=course.pk).cover is None
    assert course.get_latest_revision_as_object().cover is None


def test_covers_of_a_list_cost_no_query_each(client: Client, world: County, given: Given, var_dir: Any) -> None:
    client.force_login(world.member)
    assert client.get("/courses/").status_code == 200
    with CaptureQueriesContext(connection) as drawn:
        client.get("/courses/")
    covered(given, picture_of(None))
    with CaptureQueriesContext(connection) as chosen:
        assert '<img class="cover ' in client.get("/courses/").content.decode()
    assert len(chosen) == len(drawn)
