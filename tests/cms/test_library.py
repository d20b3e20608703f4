"""Pictures and documents over their whole life, for their owner, the colleagues, the neighbour and a member."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image as Pillow
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.models import Collection
from wagtail.users.models import UserProfile

from cms.belonging import give_to, unit_of
from cms.library import is_shown_by_right, may_look_at, picture_named
from cms.models import LessonPage
from cms.units import move, uses_of
from organizations.models import Node, Role, RoleGrant, User
from organizations.unit_choice import text_of
from tests.cms.test_permissions import stream, world_with_two_organisers
from tests.factories.cms import CoursePageFactory, LessonPageFactory
from tests.factories.courses import give_course
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]


def pixels(colour: str = "green", size: tuple[int, int] = (64, 48)) -> bytes:
    out = BytesIO()
    Pillow.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def picture_of(owner: User | None, title: str = "水沟", name: str = "shuigou.png") -> Image:
    file = ContentFile(pixels(), name=name)
    return Image.objects.create(title=title, file=file, uploaded_by_user=owner)


def paper_of(owner: User | None, title: str = "讲义") -> Document:
    file = ContentFile(b"%PDF-1.4 demo", name="jiangyi.pdf")
    return Document.objects.create(title=title, file=file, uploaded_by_user=owner)


def held(image: Image, paper: Document) -> list[tuple[str, Any]]:
    return [("picture", {"image": image, "alt": "屋后的排水沟", "decorative": False}), ("document", paper)]


def form(**values: Any) -> dict[str, Any]:
    return {"collection": Collection.get_first_root_node().pk, "tags": "", **values}


# --- Who finds what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["/admin/", "/admin/images/", "/admin/documents/", "/admin/pages/", "/admin/account/"])
def test_pictures_and_documents_are_both_in_the_menu(client: Client, page: str) -> None:
    """Wagtail remembers the rights on the user under one name for both."""
    world = make_county()
    for person in (world.organiser, world.lecturer):
        client.force_login(person)
        shown = client.get(page, follow=True).content.decode()
        assert ('"url": "/admin/images/"' in shown, '"url": "/admin/documents/"' in shown) == (True, True)


def listed(client: Client, person: User, kind: str) -> str:
    client.force_login(person)
    return str(client.get(f"/admin/{kind}/chooser/").json()["html"])


@pytest.mark.parametrize("kind", ["images", "documents"])
def test_ones_own_the_colleagues_and_nobodys(client: Client, var_dir: Any, kind: str) -> None:
    world, here, there = world_with_two_organisers()
    lecturer = RoleGrantFactory(user__name="本支部讲师", node=world.branch, role=Role.LECTURER).user
    make = picture_of if kind == "images" else paper_of
    make(here, "组织员的"), make(lecturer, "讲师的"), make(there, "邻支部的"), make(None, "无主的")
    titles = ("组织员的", "讲师的", "邻支部的", "无主的")

    def found(person: User) -> list[str]:
        shown = listed(client, person, kind)
        return [title for title in titles if title in shown]

    assert found(here) == ["组织员的", "讲师的"]
    assert found(lecturer) == ["讲师的"]
    assert found(there) == ["邻支部的"]
    assert found(world.organiser) == ["组织员的", "讲师的", "邻支部的"]
    assert found(world.operator) == ["无主的"]
    below = RoleGrantFactory(user__name="支部管理员", node=world.branch, role=Role.OPERATOR).user
    assert found(below) == []
    RoleGrant.objects.filter(user=here).update(active_to_date=timezone.localdate())
    client.force_login(here)
    assert client.get(f"/admin/{kind}/chooser/").status_code == 302
    assert "组织员的" in listed(client, world.organiser, kind)  # what somebody made stays with the unit


def test_the_operator_keeps_what_is_nobodys(client: Client, var_dir: Any) -> None:
    world = make_county()
    nobodys, owned = picture_of(None, "无主的"), picture_of(world.lecturer, "讲师的")
    client.force_login(world.operator)
    shown = client.get("/admin/images/").content.decode()
    assert ("无主的" in shown, "讲师的" in shown) == (True, False)
    assert client.get(f"/admin/images/{nobodys.pk}/").status_code == 200
    assert client.get(f"/admin/images/{owned.pk}/").status_code == 404
    assert client.get("/admin/images/add/").status_code == 302


@pytest.mark.parametrize("page", ["images/", "images/chooser/", "documents/", "documents/chooser/"])
def test_words_that_others_use_are_not_offered(client: Client, var_dir: Any, page: str) -> None:
    _world, here, there = world_with_two_organisers()
    for thing in (picture_of(here), paper_of(here), picture_of(there), paper_of(there)):
        thing.tags.add("甲支部的词" if thing.uploaded_by_user == here else "乙支部的词")
    client.force_login(there)
    answer = client.get(f"/admin/{page}")
    assert "甲支部的词" not in (answer.json()["html"] if "chooser" in page else answer.content.decode())
    assert client.get("/admin/tag-autocomplete/?term=甲").status_code == 404


# --- The file itself --------------------------------------------------------------------------------------------------


def test_a_pictures_file_is_for_those_who_may_choose_it(client: Client, var_dir: Any) -> None:
    world, here, there = world_with_two_organisers()
    image = picture_of(here)
    small = image.get_rendition("max-165x165")
    lecturer = RoleGrantFactory(user__name="邻支部讲师", node=world.neighbour, role=Role.LECTURER).user
    operator = RoleGrantFactory(user__name="邻支部管理员", node=world.neighbour, role=Role.OPERATOR).user
    expected = {here: 200, world.organiser: 200, there: 404, lecturer: 404, operator: 404, world.member: 404}
    for path in (image.file.name, small.file.name):
        assert client.get(f"/files/{path}").status_code == 404
        for person, status in expected.items():
            client.force_login(person)
            assert client.get(f"/files/{path}").status_code == status, (person.name, path)
        client.logout()
    client.force_login(here)
    assert client.get(f"/files/{image.file.name}")["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    "path", ["images/", "images", "original_images/", "original_images/../../db.sqlite3", "a%00b", "x" * 3000, "."]
)
def test_what_is_no_picture_is_404(client: Client, var_dir: Any, path: str) -> None:
    world = make_county()
    picture_of(world.organiser).get_rendition("max-165x165")
    client.force_login(world.organiser)
    assert client.get(f"/files/{path}").status_code == 404


def test_a_picture_whose_file_is_gone_is_404(client: Client, var_dir: Any) -> None:
    world = make_county()
    image = picture_of(world.organiser)
    image.file.storage.delete(image.file.name)
    client.force_login(world.organiser)
    assert client.get(f"/files/{image.file.name}").status_code == 404


def test_what_a_colleague_above_put_into_ones_lesson_is_seen_there(client: Client, var_dir: Any) -> None:
    """The county's organiser helps a branch: its own organiser sees that picture in the editor, and no other one."""
    world, here, there = world_with_two_organisers()
    image, paper, other = picture_of(world.organiser), paper_of(world.organiser), picture_of(world.organiser, "别的")
    course = CoursePageFactory(node=world.branch)
    lesson = LessonPageFactory(course=course, body=held(image, paper))
    assert (may_look_at(here, image), may_look_at(here, paper), may_look_at(here, other)) == (True, True, False)
    assert (may_look_at(there, image), may_look_at(there, paper)) == (False, False)
    client.force_login(here)
    assert client.get(f"/files/{image.file.name}").status_code == 200
    assert client.get(f"/admin/pages/{lesson.pk}/edit/").status_code == 200
    lesson.body = [("text", "<p>以后再说</p>")]
    lesson.save_revision(user=here)
    cache.clear()
    assert may_look_at(here, image)  # still published
    lesson.get_latest_revision().publish()
    cache.clear()
    assert not may_look_at(here, image)


def test_a_lesson_that_was_moved_shows_all_of_it_to_its_new_editor(
    client: Client, var_dir: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked before the lesson was theirs is not kept out for what they were told then."""
    world, here, there = world_with_two_organisers()
    image, paper = picture_of(here), paper_of(here)
    lesson = LessonPageFactory(course=CoursePageFactory(node=world.branch), body=held(image, paper))
    lesson.save_revision(user=here).publish()
    theirs = CoursePageFactory(node=world.neighbour)
    monkeypatch.setattr("cms.library.REFUSED_S", 0)

    def asked() -> list[int]:
        client.force_login(there)
        page = client.get(f"/admin/pages/{lesson.pk}/view_draft/")
        small = image.get_rendition("max-1280x1280").url
        return [page.status_code, client.get(small).status_code, client.get(paper.url).status_code]

    assert asked() == [404, 404, 404]
    client.force_login(world.organiser)
    assert client.post(f"/admin/pages/{lesson.pk}/move/{theirs.pk}/confirm/").status_code == 302
    assert asked() == [200, 200, 200]
    client.force_login(world.neighbour_member)
    assert client.get(paper.url).status_code == 404


def test_a_draft_shows_its_pictures_to_its_editor(var_dir: Any) -> None:
    world, here, _there = world_with_two_organisers()
    image = picture_of(world.organiser)
    lesson = LessonPageFactory(course=CoursePageFactory(node=world.branch), live=False)
    lesson.body = [("picture", {"image": image, "alt": "沟", "decorative": False})]
    lesson.save_revision(user=world.organiser)
    assert may_look_at(here, image)


def test_picture_named_is_one_query_each(var_dir: Any, django_assert_num_queries: Any) -> None:
    image = picture_of(None)
    small = image.get_rendition("max-165x165")
    with django_assert_num_queries(1):
        assert picture_named(image.file.name) == image
    with django_assert_num_queries(2):
        assert picture_named(small.file.name) == image
    assert picture_named("images/none.png") is None


# --- What a lesson hands out -----------------------------------------------------------------------------------------


def shown(client: Client, world: County, body: list[tuple[str, Any]], image: Image, paper: Document) -> tuple[int, int]:
    """What the member of the neighbouring branch gets of a picture and a document in a lesson of theirs."""
    given = give_course(world.neighbour)
    lesson = LessonPageFactory(course=given.page, body=body)
    client.force_login(world.neighbour_member)
    base = f"/courses/{given.run.pk}/{lesson.pk}"
    answers = [client.get(f"{base}/pictures/{image.pk}/"), client.get(f"{base}/documents/{paper.pk}/")]
    return answers[0].status_code, answers[1].status_code


def test_anothers_things_are_not_handed_out_by_a_lesson(client: Client, var_dir: Any) -> None:
    """Small numbers written by hand into a lesson of one's own."""
    world, here, _there = world_with_two_organisers()
    image, paper = picture_of(here), paper_of(here)
    assert shown(client, world, held(image, paper), image, paper) == (404, 404)


@pytest.mark.parametrize("where", ["county", "township", "neighbour"])
def test_what_stands_in_line_is_handed_out(client: Client, var_dir: Any, where: str) -> None:
    world = make_county()
    owner = RoleGrantFactory(user__name="讲课的", node=getattr(world, where), role=Role.LECTURER).user
    image, paper = picture_of(owner), paper_of(owner)
    RoleGrant.objects.filter(user=owner).update(active_to_date=timezone.localdate())  # they left since
    assert shown(client, world, held(image, paper), image, paper) == (200, 200)


def test_what_somebody_put_in_by_right_stays_when_the_course_moves(var_dir: Any) -> None:
    world, here, there = world_with_two_organisers()
    image, paper = picture_of(here), paper_of(here)
    lesson = LessonPageFactory(course=CoursePageFactory(node=world.neighbour), body=held(image, paper))
    lesson.save_revision(user=there).publish()
    lesson = LessonPage.objects.get(pk=lesson.pk)
    assert not is_shown_by_right(lesson=lesson, item=image)
    lesson.save_revision(user=world.organiser).publish()
    lesson = LessonPage.objects.get(pk=lesson.pk)
    assert is_shown_by_right(lesson=lesson, item=image)
    assert is_shown_by_right(lesson=lesson, item=paper)
    # The county's organiser once saved the lesson; what the neighbour adds later is not theirs for that.
    another = picture_of(here, "别的")
    lesson.body = held(another, paper)
    lesson.save_revision(user=there).publish()
    lesson = LessonPage.objects.get(pk=lesson.pk)
    assert not is_shown_by_right(lesson=lesson, item=another)
    assert is_shown_by_right(lesson=lesson, item=paper)


def test_the_right_is_asked_once_for_all_readers(var_dir: Any, django_assert_num_queries: Any) -> None:
    world, here, _there = world_with_two_organisers()
    lesson = LessonPageFactory(course=CoursePageFactory(node=world.neighbour))
    for image in (picture_of(here), picture_of(world.organiser), picture_of(None)):
        is_shown_by_right(lesson=lesson, item=image)
        with django_assert_num_queries(0):
            is_shown_by_right(lesson=lesson, item=image)


# --- Their life, through the admin ------------------------------------------------------------------------------------


def add_picture(client: Client, data: bytes, name: str = "shuigou.png", kind: str = "image/png", **values: Any) -> Any:
    file = SimpleUploadedFile(name, data, content_type=kind)
    return client.post("/admin/images/add/", form(title="水沟", file=file, **values))


def lying_png() -> bytes:
    """A PNG of a few bytes that says it is 60,000 by 60,000."""
    data = bytearray(pixels(size=(4, 4)))
    data[16:24] = (60_000).to_bytes(4) * 2
    return bytes(data)


REFUSED = {
    "text": (b"GIF89a" + b"hello " * 20, "a.gif", "image/gif"),
    "cut": (pixels(size=(400, 400))[:120], "a.png", "image/png"),
    "heic": (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 60, "IMG_1.HEIC", "image/heic"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "image/svg+xml"),
    "empty": (b"", "a.png", "image/png"),
    "lying": (lying_png(), "a.png", "image/png"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_picture_is_refused_with_a_sentence(client: Client, var_dir: Any, case: str) -> None:
    world = make_county()
    client.force_login(world.organiser)
    data, name, kind = REFUSED[case]
    answer = add_picture(client, data, name, kind)
    assert answer.status_code == 200
    assert answer.context["form"].errors["file"]
    assert answer.context["form"].data["title"] == "水沟"  # what was typed is kept
    assert Image.objects.count() == 0


def test_a_picture_from_upload_to_sign_out(client: Client, var_dir: Any) -> None:
    world, here, there = world_with_two_organisers()
    client.force_login(here)
    assert add_picture(client, pixels()).status_code == 302
    image = Image.objects.get()
    assert (image.uploaded_by_user, image.title) == (here, "水沟")
    edit, first = f"/admin/images/{image.pk}/", image.file.name
    assert "水沟" in client.get(edit).content.decode()
    assert client.post(edit, form(title="", file="")).status_code == 200  # with a mistake: again, nothing changed
    assert client.post(edit, form(title="屋后水沟", file="")).status_code == 302
    new = SimpleUploadedFile("xin.png", pixels("red", (80, 60)), content_type="image/png")
    assert client.post(edit, form(title="屋后水沟", file=new)).status_code == 302
    image.refresh_from_db()
    assert (image.title, image.width, image.file.name == first) == ("屋后水沟", 80, False)
    assert client.get(f"/files/{first}").status_code == 404
    chosen = client.get(f"/admin/images/chooser/chosen/{image.pk}/").json()["result"]
    assert chosen["title"] == "屋后水沟"
    assert client.get(chosen["preview"]["url"]).status_code == 200
    url = use_in_a_lesson(client, world, {"image": image.pk, "alt": "屋后的排水沟"}, "picture", f"pictures/{image.pk}")
    reads_with_the_lesson(client, world, url)
    assert 404 in neighbours_answers(client, there, [edit, f"{edit}delete/", f"/admin/images/usage/{image.pk}/"])
    sees_nothing_after_signing_out(client, here, [f"/files/{image.file.name}", url])


def test_a_document_from_upload_to_sign_out(client: Client, var_dir: Any) -> None:
    world, here, there = world_with_two_organisers()
    client.force_login(here)
    for name, data in (("a.html", b"<script>"), ("a.exe", b"MZ"), ("a.pdf", b"")):
        refused = client.post("/admin/documents/add/", form(title="讲义", file=SimpleUploadedFile(name, data)))
        assert (refused.status_code, bool(refused.context["form"].errors["file"])) == (200, True)
    made = SimpleUploadedFile("jiangyi.pdf", b"%PDF-1.4 one", content_type="application/pdf")
    assert client.post("/admin/documents/add/", form(title="讲义", file=made)).status_code == 302
    paper = Document.objects.get()
    edit = f"/admin/documents/edit/{paper.pk}/"
    assert "讲义" in client.get(edit).content.decode()
    assert client.post(edit, form(title="", file="")).status_code == 200
    new = SimpleUploadedFile("xin.pdf", b"%PDF-1.4 two", content_type="application/pdf")
    assert client.post(edit, form(title="防汛讲义", file=new)).status_code == 302
    paper.refresh_from_db()
    assert (paper.title, paper.uploaded_by_user) == ("防汛讲义", here)
    assert b"".join(client.get(paper.url).streaming_content) == b"%PDF-1.4 two"
    assert client.get(f"/admin/documents/chooser/chosen/{paper.pk}/").json()["result"]["title"] == "防汛讲义"
    url = use_in_a_lesson(client, world, paper.pk, "document", f"documents/{paper.pk}")
    reads_with_the_lesson(client, world, url)
    pages = [edit, f"/admin/documents/delete/{paper.pk}/", f"/admin/documents/usage/{paper.pk}/", paper.url]
    assert set(neighbours_answers(client, there, pages)) == {404}
    sees_nothing_after_signing_out(client, here, [paper.url, url])


def use_in_a_lesson(client: Client, world: County, value: Any, kind: str, end: str) -> str:
    """Write a lesson with the thing through the editor, publish it; return where members of the branch get it."""
    given = give_course(world.branch)
    add = f"/admin/pages/add/cms/lessonpage/{given.page.pk}/"
    sent = {"title": "第二讲", "slug": "two", **stream((kind, value)), "action-publish": "1"}
    assert client.post(add, sent).status_code == 302
    lesson = LessonPage.objects.get(title="第二讲")
    assert client.get(f"/admin/pages/{lesson.pk}/edit/").status_code == 200
    assert client.get(f"/admin/pages/{lesson.pk}/view_draft/").status_code == 200
    return f"/courses/{given.run.pk}/{lesson.pk}/{end}/"


def reads_with_the_lesson(client: Client, world: County, url: str) -> None:
    for person, status in ((world.member, 200), (world.neighbour_member, 404), (world.neighbour_secretary, 404)):
        client.force_login(person)
        answer = client.get(url)
        assert answer.status_code == status
        if status == 200:
            assert answer["Cache-Control"] == "private, max-age=86400"


def neighbours_answers(client: Client, there: User, pages: list[str]) -> list[int]:
    client.force_login(there)
    return [client.get(page).status_code for page in pages] + [client.post(page).status_code for page in pages]


def sees_nothing_after_signing_out(client: Client, person: User, addresses: list[str]) -> None:
    client.force_login(person)
    assert client.post("/admin/logout/").status_code == 302
    assert client.get("/admin/").status_code == 302
    assert [client.get(url).status_code for url in addresses if "/courses/" not in url] == [404] * (len(addresses) - 1)
    assert client.get(addresses[-1]).status_code == 302  # asked to sign in


def test_no_portrait_is_taken(client: Client, var_dir: Any) -> None:
    """It would be kept as the camera wrote it, with the place."""
    world = make_county()
    client.force_login(world.organiser)
    page = client.get("/admin/account/")
    assert (page.status_code, "avatar-avatar" in page.content.decode()) == (200, False)
    sent = {"avatar-avatar": SimpleUploadedFile("me.png", pixels(), content_type="image/png")}
    client.post("/admin/account/", {**sent, "locale-preferred_language": "zh-hans", "theme-theme": "system"})
    profile = UserProfile.objects.filter(user=world.organiser).first()
    assert profile is None or not profile.avatar


def test_someone_without_any_role_has_no_library(var_dir: Any) -> None:
    picture_of(None)
    world = make_county()
    for person in (world.member, UserFactory(), world.secretary, world.auditor):
        assert not may_look_at(person, Image.objects.get())


# --- To which unit a file belongs -----------------------------------------------------------------------------------


@pytest.fixture(params=["images", "documents"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(kind: str, owner: User | None, title: str) -> Any:
    return picture_of(owner, title) if kind == "images" else paper_of(owner, title)


def sent(kind: str, **values: Any) -> dict[str, Any]:
    file = SimpleUploadedFile("a.png", pixels()) if kind == "images" else SimpleUploadedFile("a.pdf", b"%PDF-1.4 demo")
    return form(title="新的", file=file, **values)


def edit_page(kind: str, item: Any) -> str:
    return f"/admin/images/{item.pk}/" if kind == "images" else f"/admin/documents/edit/{item.pk}/"


def asked(client: Client, person: User, url: str, **values: Any) -> Any:
    client.force_login(person)
    return client.post(url, values) if values else client.get(url)


def test_a_file_stays_with_the_unit_when_its_uploader_moves_on(client: Client, var_dir: Any, kind: str) -> None:
    """As a video does: whoever organises there goes on with it, the uploader's new unit does not get it."""
    world, here, there = world_with_two_organisers()
    item = made(kind, here, "甲支部的")
    assert unit_of(item) == world.branch
    RoleGrant.objects.filter(user=here).update(active_to_date=timezone.localdate())
    RoleGrantFactory(user=here, node=world.neighbour, role=Role.ORGANISER)
    after = RoleGrantFactory(user__name="接任的", node=world.branch, role=Role.ORGANISER).user
    page = edit_page(kind, item)
    assert [asked(client, one, page).status_code for one in (after, world.organiser)] == [200, 200]
    for stranger in (here, there, world.lecturer, world.operator):
        assert asked(client, stranger, page).status_code == 404, stranger.name
        if stranger != world.operator:
            assert "甲支部的" not in listed(client, stranger, kind)
        assert asked(client, stranger, page, title="改了").status_code == 404
    answer = asked(client, after, page, **form(title="改了名"))
    item.refresh_from_db()
    assert (answer.status_code, item.title, unit_of(item)) == (302, "改了名", world.branch)


def chosen(page: str, name: str = "node") -> Node | None:
    """The unit that stands in the input that asks for one."""
    found = re.search(rf'type="hidden" name="{name}" value="(\d+)"', page)
    return Node.objects.get(pk=found[1]) if found else None


def test_a_file_is_handed_over_by_whoever_holds_both_sides(client: Client, var_dir: Any, kind: str) -> None:
    world, here, there = world_with_two_organisers()
    item = made(kind, here, "水沟")
    page = edit_page(kind, item)
    client.force_login(world.organiser)
    assert chosen(client.get(page).content.decode()) == world.branch
    RoleGrantFactory(user=world.organiser, node=world.township, role=Role.ORGANISER)
    moved = asked(client, world.organiser, page, **form(title="水沟", node=world.neighbour.pk))
    assert (moved.status_code, unit_of(item)) == (302, world.neighbour)
    assert asked(client, here, page).status_code == 404
    assert asked(client, there, page).status_code == 200
    # Nobody gives it to a unit that is not theirs, nor takes it out of all units.
    for node in (world.branch.pk, world.county.pk, 10**6, "x"):
        answer = asked(client, there, page, **form(title="水沟", node=node))
        assert answer.status_code in (200, 302)
        assert unit_of(item) == world.neighbour
    asked(client, world.organiser, page, **form(title="水沟", node=""))
    assert unit_of(item) == world.neighbour


def test_whoever_works_in_several_units_chooses_when_uploading(client: Client, var_dir: Any, kind: str) -> None:
    world, here, there = world_with_two_organisers()
    RoleGrantFactory(user=here, node=world.neighbour, role=Role.LECTURER)
    model, add = (Image, "/admin/images/add/") if kind == "images" else (Document, "/admin/documents/add/")
    page = asked(client, here, add).content.decode()
    assert chosen(page) == world.branch
    assert not model.objects.exists()
    assert asked(client, here, add, **sent(kind, node=world.township.pk)).status_code == 200  # not theirs
    assert asked(client, here, add, **sent(kind, node=world.neighbour.pk)).status_code == 302
    assert unit_of(model.objects.get()) == world.neighbour
    # One place is no question; the page for many files asks nothing and gives it to where they work.
    assert "所属组织" not in asked(client, there, add).content.decode()
    assert asked(client, there, add, **sent(kind)).status_code == 302
    assert unit_of(model.objects.latest("pk")) == world.neighbour


def test_every_list_says_whose_each_is_at_the_same_cost(client: Client, var_dir: Any, kind: str) -> None:
    world, here, there = world_with_two_organisers()
    client.force_login(world.organiser)
    pages = [f"/admin/{kind}/", f"/admin/{kind}/chooser/", f"/admin/{kind}/?q=水沟"]
    pages += [f"{page}?layout=list" for page in pages[:2] if kind == "images"]
    made(kind, world.organiser, "水沟")
    costs = {}
    for number in range(3):
        if number:
            made(kind, here, f"水沟{number}"), made(kind, there, f"水沟又{number}")
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(page)
            text = answer.json()["html"] if "chooser" in page else answer.content.decode()
            shown = [unit in text for unit in ("青溪县", "东风村第一支部", "东风村第二支部")]
            assert shown == [True, bool(number), bool(number)], page
            costs[number, page] = sum("cms_belonging" in one["sql"] for one in queries)
    assert [costs[1, page] for page in pages] == [costs[2, page] for page in pages]
    # What belongs to no unit says so.
    model = Image if kind == "images" else Document
    give_to(model.objects.latest("pk"), None)
    assert "只归上传的人" in client.get(pages[0]).content.decode()


def test_of_many_files_each_has_a_home_at_once(client: Client, var_dir: Any, kind: str) -> None:
    """Also where somebody works in two units and leaves without a look at what is asked below each file."""
    world, here, there = world_with_two_organisers()
    RoleGrantFactory(user=here, node=world.neighbour, role=Role.LECTURER)
    client.force_login(here)
    model, name = (Image, "沟.png") if kind == "images" else (Document, "沟.txt")
    body = pixels() if kind == "images" else "沟在屋后".encode()
    for is_twin in (False, True):
        files = {"files[]": SimpleUploadedFile(name, body)}
        answer = client.post(f"/admin/{kind}/multiple/add/", {"title": "沟", **files}).json()
        item = model.objects.latest("pk")
        assert unit_of(item) == world.branch
        prefix = f"{'image' if kind == 'images' else 'doc'}-{item.pk}"
        # A picture that is there already is asked about first; what is asked afterwards says the unit, too.
        assert bool(answer.get("duplicate")) == (is_twin and kind == "images")
        assert chosen(answer["form"], f"{prefix}-node") == world.branch
    moved = {f"{prefix}-{field}": value for field, value in form(title="沟", node=world.neighbour.pk).items()}
    assert client.post(f"/admin/{kind}/multiple/{item.pk}/", moved).json()["success"]
    assert (unit_of(item), model.objects.count()) == (world.neighbour, 2)
    assert asked(client, there, edit_page(kind, item)).status_code == 200


def test_a_file_that_came_with_many_others_belongs_too(client: Client, var_dir: Any) -> None:
    world, here, _there = world_with_two_organisers()
    client.force_login(here)
    answer = client.post(
        "/admin/images/multiple/add/", {"title": "沟", "files[]": SimpleUploadedFile("a.png", pixels())}
    )
    assert answer.json()["success"]
    assert unit_of(Image.objects.get()) == world.branch
    # A description is asked for at its field, and no more above every picture that is on its way.
    assert "读给看不见图片的人听" in answer.json()["form"]
    page = BeautifulSoup(client.get("/admin/images/multiple/add/").content, "html.parser")
    above = page.select("#upload-list-item li > .right > .error-message")
    sheet = (Path(settings.BASE_DIR) / "frontend/styles/office.css").read_text()
    assert len(above) == 1
    assert "#upload-list > li > .right > .error-message {\n  display: none;" in sheet


def test_files_go_along_when_a_unit_is_merged(var_dir: Any) -> None:
    world, here, _there = world_with_two_organisers()
    image, paper = picture_of(here), paper_of(here)
    said = "".join(use.text for use in uses_of(node=world.branch, on_date=timezone.localdate()))
    assert "2 个图片和文档归这里" in said
    move(node=world.branch, into=world.neighbour)
    assert (unit_of(image), unit_of(paper)) == (world.neighbour, world.neighbour)


def test_a_lesson_goes_on_showing_what_it_held_before(client: Client, var_dir: Any) -> None:
    """Handed over to another unit or not, what was put in by right is read by the course's members."""
    world, here, _there = world_with_two_organisers()
    image, paper = picture_of(here), paper_of(here)
    lesson = LessonPageFactory(course=CoursePageFactory(node=world.branch), body=held(image, paper))
    lesson.save_revision(user=here).publish()
    move(node=world.branch, into=world.neighbour)
    cache.clear()
    lesson.refresh_from_db()
    for item in (image, paper):
        assert is_shown_by_right(lesson=LessonPage.objects.get(pk=lesson.pk), item=type(item).objects.get(pk=item.pk))
    assert may_look_at(here, image)


@pytest.mark.parametrize(("name", "make"), [("images", picture_of), ("documents", paper_of)])
def test_lists_and_choosers_are_narrowed_to_one_unit(client: Client, name: str, make: Any) -> None:
    world = make_county()
    here, beside = make(world.organiser, "沟渠"), make(world.organiser, "桥梁")
    give_to(here, world.branch)
    give_to(beside, world.neighbour)
    client.force_login(world.organiser)
    for url in (f"/admin/{name}/results/", f"/admin/{name}/chooser/results/"):
        for question, found in (
            ("", {"沟渠", "桥梁"}),
            (f"?unit={world.branch.pk}", {"沟渠"}),
            (f"?unit={world.neighbour.pk}&q=桥", {"桥梁"}),
            (f"?unit={world.branch.pk}&q=桥", set()),
            (f"?unit={world.township.pk}", {"沟渠", "桥梁"}),  # with what lies below
            (f"?unit={world.branch.pk}&unit_text={text_of(world.branch)}", {"沟渠"}),
            (f"?unit=&unit_text={world.branch.code}", {"沟渠"}),  # typed, without a script
            ("?unit=&unit_text=", {"沟渠", "桥梁"}),
            ("?unit=&unit_text=没有这个", set()),
            ("?unit=99999999999999999999", set()),
        ):
            page = client.get(url + question).content.decode()
            assert {title for title in ("沟渠", "桥梁") if title in page} == found, (url, question)
    assert "全部组织" in client.get(f"/admin/{name}/").content.decode()
    assert "全部组织" in client.get(f"/admin/{name}/chooser/").json()["html"]
    client.force_login(RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user)
    page = client.get(f"/admin/{name}/chooser/").json()["html"]
    assert "全部组织" not in page  # one unit: nothing to choose between
    assert "data-units" not in page
    answer = client.get(f"/admin/{name}/chooser/results/?unit={world.neighbour.pk}").content.decode()
    assert "桥梁" not in answer


@pytest.mark.parametrize(("name", "make"), [("images", picture_of), ("documents", paper_of)])
def test_a_list_is_narrowed_by_the_tree_and_says_to_what(client: Client, name: str, make: Any) -> None:
    """Never an option for each unit: the page weighs the same with many of them."""
    world = make_county()
    for node in (world.branch, world.neighbour):
        give_to(make(world.organiser, "沟渠"), node)
    client.force_login(world.organiser)
    for html in (client.get(f"/admin/{name}/").content.decode(), client.get(f"/admin/{name}/chooser/").json()["html"]):
        page = BeautifulSoup(html, "html.parser")
        assert page.select_one("[data-units] input[name=unit_text]") is not None
        assert page.select_one("select[name=unit]") is None
    assert "js/units" in client.get(f"/admin/{name}/").content.decode()
    asked = {"unit": world.branch.pk, "unit_text": text_of(world.branch)}
    page = BeautifulSoup(client.get(f"/admin/{name}/", asked).content, "html.parser")
    pill = page.select_one(".w-active-filters .w-pill")
    assert pill is not None
    assert world.branch.name in pill.text
    gone = pill.select_one(".w-pill__remove")
    assert gone is not None
    assert "unit" not in str(gone["data-w-swap-src-value"])
    wrong = client.get(f"/admin/{name}/", {"unit": "", "unit_text": "没有这个"}).content.decode()
    assert "没有这个组织" in wrong
    assert "沟渠" not in wrong
