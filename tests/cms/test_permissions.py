"""An organiser writes the courses of their own part of the tree; everybody else's are not there."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Page
from wagtail.permissions import policy_registry

from cms.models import CoursePage, LessonPage
from cms.operations import ensure_shelf
from organizations.models import Role, RoleGrant, User
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def world_with_two_organisers() -> tuple[County, User, User]:
    """One organiser of the branch, one of the neighbouring branch."""
    world = make_county()
    here, there = UserFactory(name="本支部组织员"), UserFactory(name="邻支部组织员")
    RoleGrantFactory(user=here, node=world.branch, role=Role.ORGANISER)
    RoleGrantFactory(user=there, node=world.neighbour, role=Role.ORGANISER)
    return world, here, there


def stream(*blocks: tuple[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"body-count": len(blocks)}
    for number, (kind, value) in enumerate(blocks):
        values |= {f"body-{number}-deleted": "", f"body-{number}-order": number, f"body-{number}-type": kind}
        if isinstance(value, dict):
            values |= {f"body-{number}-value-{key}": part for key, part in value.items()}
        else:
            values[f"body-{number}-value"] = value
    return values


def test_only_office_roles_enter_the_admin(client: Client) -> None:
    world = make_county()
    entered = {}
    for person in (world.organiser, world.operator, world.lecturer, world.member, world.secretary, world.auditor):
        client.force_login(person)
        entered[person.name] = client.get("/admin/").status_code
    assert {name for name, status in entered.items() if status == 200} == {"孙组织员", "郑管理员", "周讲师"}


def test_an_organiser_writes_publishes_and_previews_a_course(client: Client) -> None:
    world, here, _there = world_with_two_organisers()
    client.force_login(here)
    shelf = ensure_shelf()
    add = f"/admin/pages/add/cms/coursepage/{shelf.pk}/"
    form = client.get(add)
    assert form.status_code == 200
    choices = [label for value, label in form.context["form"].fields["node"].choices if value]
    assert choices == ["东风村第一支部"]
    values = {"title": "防汛安全", "slug": "fangxun", "node": world.branch.pk, "seek_ahead": "on", "intro": "null"}
    made = client.post(add, {**values, "action-publish": "1"})
    assert made.status_code == 302, made.context and made.context["form"].errors
    course = CoursePage.objects.get(title="防汛安全")
    assert (course.live, course.node) == (True, world.branch)
    add = f"/admin/pages/add/cms/lessonpage/{course.pk}/"
    video = ready_video(created_by=here)
    saved = client.post(add, {"title": "第一讲", "slug": "one", **stream(("video", str(video.pk)))})
    assert saved.status_code == 302
    lesson = LessonPage.objects.get(title="第一讲")
    assert lesson.live is False
    assert client.get(f"/admin/pages/{lesson.pk}/view_draft/").status_code == 200
    edit = f"/admin/pages/{lesson.pk}/edit/"
    values = {"title": "第一讲", "slug": "one", **stream(("video", str(video.pk))), "action-publish": "1"}
    assert client.post(edit, values).status_code == 302
    lesson.refresh_from_db()
    assert (lesson.live, lesson.body.raw_data[0]["value"]) == (True, str(video.pk))


def test_a_course_for_somebody_elses_organisation_is_refused(client: Client) -> None:
    world, here, _there = world_with_two_organisers()
    client.force_login(here)
    add = f"/admin/pages/add/cms/coursepage/{ensure_shelf().pk}/"
    values = {"title": "别人的", "slug": "x", "node": world.neighbour.pk, "intro": "null", "action-publish": "1"}
    assert client.post(add, values).status_code == 200
    assert CoursePage.objects.count() == 0


def test_the_neighbours_organiser_finds_no_door(client: Client) -> None:
    world, here, there = world_with_two_organisers()
    course = CoursePageFactory(node=world.branch, title="本支部的课", owner=there)
    lesson = LessonPageFactory(course=course)
    revision = lesson.save_revision()
    pages = [
        f"/admin/pages/{course.pk}/edit/",
        f"/admin/pages/{lesson.pk}/edit/",
        f"/admin/pages/{lesson.pk}/view_draft/",
        f"/admin/pages/{course.pk}/delete/",
        f"/admin/pages/{course.pk}/copy/",
        f"/admin/pages/{course.pk}/move/",
        f"/admin/pages/{course.pk}/unpublish/",
        f"/admin/pages/{lesson.pk}/history/",
        f"/admin/pages/{lesson.pk}/revisions/{revision.pk}/view/",
        f"/admin/pages/{lesson.pk}/revisions/{revision.pk}/revert/",
        f"/admin/pages/add/cms/lessonpage/{course.pk}/",
        f"/admin/pages/usage/{lesson.pk}/",
    ]
    client.force_login(there)
    assert {url: client.get(url).status_code for url in pages if client.get(url).status_code == 200} == {}
    client.force_login(here)
    assert client.get(pages[0]).status_code == client.get(pages[1]).status_code == 200


def test_lists_search_and_choosers_show_ones_own_only(client: Client) -> None:
    world, here, there = world_with_two_organisers()
    CoursePageFactory(node=world.branch, title="本支部的急救课")
    CoursePageFactory(node=world.neighbour, title="邻支部的急救课")
    shelf = ensure_shelf()
    for person, own, other in ((here, "本支部的", "邻支部的"), (there, "邻支部的", "本支部的")):
        client.force_login(person)
        for url in (f"/admin/pages/{shelf.pk}/", "/admin/pages/search/?q=急救", f"/admin/choose-page/{shelf.pk}/"):
            answer = client.get(url)
            shown = answer.json()["html"] if "choose" in url else answer.content.decode()
            assert (own in shown, other in shown) == (True, False), url
    client.force_login(world.organiser)
    shown = client.get(f"/admin/pages/{shelf.pk}/").content.decode()
    assert "本支部的急救课" in shown
    assert "邻支部的急救课" in shown


def test_a_withdrawn_role_ends_at_the_next_click(client: Client) -> None:
    world, here, _there = world_with_two_organisers()
    course = CoursePageFactory(node=world.branch, owner=here)
    client.force_login(here)
    assert client.get(f"/admin/pages/{course.pk}/edit/").status_code == 200
    RoleGrant.objects.filter(user=here).update(active_to_date=timezone.localdate())
    assert client.get(f"/admin/pages/{course.pk}/edit/").status_code != 200


def test_the_shelf_is_nobodys_to_change(client: Client) -> None:
    world = make_county()
    shelf = ensure_shelf()
    client.force_login(world.organiser)
    for action in ("edit", "delete", "unpublish", "move", "copy"):
        assert client.get(f"/admin/pages/{shelf.pk}/{action}/").status_code != 200


def test_the_policy_speaks_as_the_page_does() -> None:
    world, here, there = world_with_two_organisers()
    course = CoursePageFactory(node=world.branch)
    lesson = LessonPageFactory(course=course)
    policy = policy_registry.get_by_type(Page)
    assert policy.user_has_any_permission(here, {"change"})
    assert not policy.user_has_any_permission(world.member, {"change"})
    assert policy.user_has_any_permission_for_instance(here, {"change"}, lesson)
    assert not policy.user_has_any_permission_for_instance(there, {"change"}, lesson)
    pages = policy.instances_user_has_any_permission_for(here, {"change"})
    assert {page.pk for page in pages} == {course.pk, lesson.pk}
    assert not policy.instances_user_has_any_permission_for(there, {"change"}).exists()
    assert not policy.explorable_instances(world.member).exists()


def test_documents_of_the_library_are_for_editors(client: Client, var_dir: Any) -> None:
    world, here, there = world_with_two_organisers()
    paper = Document.objects.create(
        title="讲义", file=ContentFile(b"%PDF-1.4", name="jiangyi.pdf"), uploaded_by_user=here
    )
    expected = {here: 200, world.organiser: 200, there: 404, world.member: 404, world.secretary: 404}
    assert client.get(paper.url).status_code == 404
    for person, status in expected.items():
        client.force_login(person)
        answer = client.get(paper.url)
        assert answer.status_code == status, person
        if status == 200:
            assert b"".join(answer.streaming_content) == b"%PDF-1.4"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Wagtail's own temporary file
def test_a_picture_needs_its_words(client: Client, var_dir: Any) -> None:
    world, here, _there = world_with_two_organisers()
    course = CoursePageFactory(node=world.branch)
    image = Image.objects.create(title="水沟", file=get_test_image_file(), uploaded_by_user=here)
    client.force_login(here)
    add = f"/admin/pages/add/cms/lessonpage/{course.pk}/"
    wordless = stream(("picture", {"image": image.pk, "alt": ""}))
    refused = client.post(add, {"title": "讲", "slug": "j", **wordless, "action-publish": "1"})
    assert refused.status_code == 200
    assert LessonPage.objects.count() == 0
    words = {"image": image.pk, "alt": "屋后的排水沟"}
    assert client.post(add, {"title": "讲", "slug": "j", **stream(("picture", words))}).status_code == 302
    assert LessonPage.objects.get().title == "讲"
