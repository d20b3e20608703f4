"""The whole life of a lesson and a course in the editor: nothing that an author wrote is lost or becomes unreadable."""

import json
import re
import uuid
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from wagtail.admin.rich_text.converters.contentstate import ContentstateConverter
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Page, ReferenceIndex, Site

from cms.material import Material
from cms.models import CoursePage, LessonPage
from cms.operations import ensure_shelf
from media.models import Video
from organizations.models import Node, Role, User
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.organizations import County, RoleGrantFactory, UserFactory, make_county

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
EMPTY = '{"blocks": [], "entityMap": {}}'


def text(words: str) -> str:
    """What the rich text editor posts for one paragraph."""
    block = {
        "key": "a1b2c",
        "text": words,
        "type": "unstyled",
        "depth": 0,
        "inlineStyleRanges": [],
        "entityRanges": [],
        "data": {},
    }
    return json.dumps({"blocks": [block], "entityMap": {}})


def body(*blocks: tuple[str, Any], ids: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the editor's form posts for these blocks."""
    values: dict[str, Any] = {"body-count": len(blocks)}
    for number, (kind, value) in enumerate(blocks):
        start = f"body-{number}"
        values |= {f"{start}-deleted": "", f"{start}-order": number, f"{start}-type": kind}
        values[f"{start}-id"] = ids[number] if number < len(ids) else str(uuid.uuid5(uuid.NAMESPACE_OID, start))
        parts = value if isinstance(value, dict) else {"": value}
        values |= {f"{start}-value{f'-{key}' if key else ''}": part for key, part in parts.items()}
    return values


@dataclass
class Desk:
    """An author of a branch with a course, a video, a picture and a document; a neighbour with theirs."""

    world: County
    author: User
    colleague: User
    neighbour: User
    course: CoursePage
    video: Video
    picture: Image
    paper: Document
    client: Client

    @property
    def add(self) -> str:
        return f"/admin/pages/add/cms/lessonpage/{self.course.pk}/"

    def edit(self, lesson: LessonPage) -> str:
        return f"/admin/pages/{lesson.pk}/edit/"

    def blocks(self) -> tuple[tuple[str, Any], ...]:
        picture = {"image": self.picture.pk, "alt": "屋后的排水沟"}
        return (
            ("text", text("先看路")),
            ("picture", picture),
            ("document", self.paper.pk),
            ("video", str(self.video.pk)),
        )

    def values(self, title: str = "第一讲", *blocks: tuple[str, Any], **more: Any) -> dict[str, Any]:
        return {"title": title, **body(*(blocks or self.blocks())), **more}

    def published(self) -> LessonPage:
        answer = self.client.post(self.add, self.values(**{"action-publish": "1"}))
        assert answer.status_code == 302, faults(answer)
        return LessonPage.objects.get()

    def stored(self, lesson: LessonPage) -> list[dict[str, Any]]:
        """The blocks as the newest version holds them."""
        newest = LessonPage.objects.get(pk=lesson.pk).get_latest_revision_as_object()
        return list(newest.body.raw_data)


@pytest.fixture
def desk(client: Client, var_dir: Any) -> Desk:
    world = make_county()
    author, colleague, neighbour = (UserFactory(name=name) for name in ("钱组织员", "李组织员", "邻支部组织员"))
    for user, node in ((author, world.branch), (colleague, world.branch), (neighbour, world.neighbour)):
        RoleGrantFactory(user=user, node=node, role=Role.ORGANISER)
    client.force_login(author)
    return Desk(
        world=world,
        author=author,
        colleague=colleague,
        neighbour=neighbour,
        course=CoursePageFactory(node=world.branch),
        video=ready_video(created_by=author, title="怎样撤离"),
        picture=Image.objects.create(title="水沟", file=get_test_image_file(), uploaded_by_user=author),
        paper=paper_of(author, "讲义"),
        client=client,
    )


def paper_of(user: User, title: str) -> Document:
    file = ContentFile(b"%PDF-1.4", name="jiangyi.pdf")
    return Document.objects.create(title=title, file=file, uploaded_by_user=user)


def shown(answer: Any) -> list[dict[str, Any]]:
    """The blocks that the editor's script is given."""
    found = re.search(r'data-w-block-arguments-value="([^"]*)"', answer.content.decode())
    assert found is not None
    return json.loads(unescape(found.group(1)))[0]  # type: ignore[no-any-return]


def faults(answer: Any) -> Any:
    """What the editor's script is told is wrong with the blocks."""
    found = re.search(r'data-w-block-arguments-value="([^"]*)"', answer.content.decode())
    assert found is not None
    return json.loads(unescape(found.group(1)))[1]


def chosen(answer: Any) -> dict[str, Any]:
    """What is chosen in the blocks that the editor shows, by kind."""
    found = {}
    for block in shown(answer):
        value = block["value"]["image"] if block["type"] == "picture" else block["value"]
        if block["type"] != "text":
            found[block["type"]] = (value["id"], value["title"]) if value else None
    return found


def words_of(answer: Any) -> str:
    """The paragraph in the rich text block that the editor shows."""
    value = next(block["value"] for block in shown(answer) if block["type"] == "text")
    return " ".join(block["text"] for block in json.loads(value)["blocks"])


def test_a_lesson_opened_again_holds_what_was_put_in(desk: Desk) -> None:
    lesson = desk.published()
    opened = desk.client.get(desk.edit(lesson))
    assert chosen(opened) == {
        "picture": (desk.picture.pk, "水沟"),
        "document": (desk.paper.pk, "讲义"),
        "video": (str(desk.video.pk), "怎样撤离"),
    }
    assert words_of(opened) == "先看路"
    draft = desk.client.get(f"/admin/pages/{lesson.pk}/view_draft/").content.decode()
    assert "怎样撤离" in draft
    assert "讲义" in draft
    assert "先看路" in draft


def test_a_letter_is_changed_and_published(desk: Desk) -> None:
    lesson = desk.published()
    before = desk.stored(lesson)
    answer = desk.client.post(desk.edit(lesson), desk.values("第一讲！", **{"action-publish": "1"}))
    assert answer.status_code == 302, answer.context["form"].errors
    lesson.refresh_from_db()
    assert lesson.title == "第一讲！"
    assert [(block["type"], block["value"]) for block in desk.stored(lesson)] == [
        (block["type"], block["value"]) for block in before
    ]


def test_a_lesson_says_what_it_needs_to_wagtails_index_and_usage_page(desk: Desk) -> None:
    lesson = desk.published()
    kept = ReferenceIndex.get_references_to(desk.video)
    assert [(row.base_content_type.model, row.object_id) for row in kept] == [("page", str(lesson.pk))]
    usage = desk.client.get(f"/admin/videos/usage/{desk.video.pk}/")
    assert usage.status_code == 200
    assert "第一讲" in usage.content.decode()


@pytest.mark.parametrize("action", ["action-publish", ""])
@pytest.mark.parametrize("door", ["add", "edit"])
def test_a_mistake_beside_a_fresh_video_keeps_everything(desk: Desk, door: str, action: str) -> None:
    address = desk.add if door == "add" else desk.edit(desk.published())
    blocks = (*desk.blocks()[:1], ("picture", {"image": "", "alt": "x" * 201}), *desk.blocks()[2:])
    refused = desk.client.post(address, desk.values("第二讲", *blocks, **({action: "1"} if action else {})))
    assert refused.status_code == 200
    assert chosen(refused) == {
        "picture": None,
        "document": (desk.paper.pk, "讲义"),
        "video": (str(desk.video.pk), "怎样撤离"),
    }
    assert words_of(refused) == "先看路"
    assert refused.context["form"]["title"].value() == "第二讲"
    assert list(faults(refused)["blockErrors"]) == ["1"]


def test_publishing_names_each_field_that_is_missing(desk: Desk) -> None:
    blocks = (
        ("text", text("先看路")),
        ("picture", {"image": desk.picture.pk, "alt": ""}),
        ("video", ""),
    )
    refused = desk.client.post(desk.add, desk.values("", *blocks, **{"action-publish": "1"}))
    assert refused.status_code == 200
    assert refused.context["form"].errors["title"] == ["请写上名称。"]
    found = faults(refused)["blockErrors"]
    assert found["1"]["blockErrors"]["alt"]["messages"] == ["请写一句图片说明，或勾选“只是装饰”。"]
    assert found["2"]["messages"] == ["这里还没有选视频。请选一个，或删掉这一块。"]
    assert words_of(refused) == "先看路"
    assert LessonPage.objects.count() == 0


def test_a_draft_may_lack_words_title_and_choice(desk: Desk) -> None:
    blocks = (
        ("text", text("先看路")),
        ("picture", {"image": desk.picture.pk, "alt": ""}),
        ("video", ""),
    )
    assert desk.client.post(desk.add, desk.values("", *blocks)).status_code == 302
    lesson = LessonPage.objects.get()
    assert (lesson.title, lesson.live) == ("未命名的课", False)
    assert [block["type"] for block in desk.stored(lesson)] == ["text", "picture", "video"]
    opened = desk.client.get(desk.edit(lesson))
    assert words_of(opened) == "先看路"
    refused = desk.client.post(desk.edit(lesson), desk.values("未命名的课", *blocks, **{"action-publish": "1"}))
    assert refused.context["form"].errors["title"] == ["发布以前请换一个名称。"]
    assert sorted(faults(refused)["blockErrors"]) == ["1", "2"]


def autosave(desk: Desk, address: str, values: dict[str, Any]) -> dict[str, Any]:
    answer = desk.client.post(address, values, headers={"accept": "application/json"})
    return answer.json()  # type: ignore[no-any-return]


def test_autosave_keeps_what_is_not_finished(desk: Desk) -> None:
    blocks = (("text", text("先看路")), ("picture", {"image": "", "alt": ""}), ("video", str(desk.video.pk)))
    first = autosave(desk, desk.add, desk.values("", *blocks))
    assert first["success"] is True
    lesson = LessonPage.objects.get()
    values = desk.values("第一讲", *blocks, overwrite_revision_id=first["revision_id"])
    assert autosave(desk, desk.edit(lesson), values)["success"] is True
    assert [block["value"] for block in desk.stored(lesson)][-1] == str(desk.video.pk)
    assert lesson.get_latest_revision_as_object().title == "第一讲"


def test_the_preview_shows_the_unfinished_page_too(desk: Desk) -> None:
    lesson = desk.published()
    panel = f"/admin/pages/{lesson.pk}/edit/preview/"
    blocks = (*desk.blocks(), ("picture", {"image": "", "alt": ""}))
    assert desk.client.post(panel, desk.values("新题", *blocks)).json() == {"is_valid": True, "is_available": True}
    shown = desk.client.get(panel)
    assert "frame-ancestors 'self'" in shown["Content-Security-Policy"], "the editor shows it in a frame"
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    page = shown.content.decode()
    assert "新题" in page
    assert "怎样撤离" in page
    fresh = f"/admin/pages/add/cms/lessonpage/{desk.course.pk}/preview/"
    assert desk.client.post(fresh, desk.values("新课")).json()["is_valid"] is True
    assert "怎样撤离" in desk.client.get(fresh).content.decode()


def test_a_revision_comes_back_with_its_video_and_two_can_be_compared(desk: Desk) -> None:
    lesson = desk.published()
    first = lesson.get_latest_revision()
    other = ready_video(created_by=desk.author, title="怎样急救")
    blocks = (*desk.blocks()[:3], ("video", str(other.pk)))
    assert desk.client.post(desk.edit(lesson), desk.values("第一讲", *blocks)).status_code == 302
    lesson.refresh_from_db()
    second = lesson.get_latest_revision()
    compared = desk.client.get(f"/admin/pages/{lesson.pk}/revisions/compare/{first.pk}...{second.pk}/")
    assert compared.status_code == 200
    assert "怎样撤离" in compared.content.decode()
    assert "怎样急救" in compared.content.decode()
    revert = f"/admin/pages/{lesson.pk}/revisions/{first.pk}/revert/"
    assert chosen(desk.client.get(revert))["video"] == (str(desk.video.pk), "怎样撤离")
    assert desk.client.post(revert, desk.values("第一讲", **{"action-publish": "1"})).status_code == 302
    lesson.refresh_from_db()
    assert lesson.body.raw_data[3]["value"] == str(desk.video.pk)


def test_a_copy_with_too_long_a_name_is_asked_again(desk: Desk) -> None:
    """PostgreSQL refuses what is longer than its column; SQLite takes it."""
    lesson = desk.published()
    values = {"new_title": "副本", "new_slug": "fu-ben", "new_parent_page": desk.course.pk}
    values |= {"new_title": "a" * 256}
    answer = desk.client.post(f"/admin/pages/{lesson.pk}/copy/", values)
    assert answer.status_code == 200
    assert "255" in answer.content.decode()
    assert not desk.course.get_children().filter(slug="fu-ben").exists()


def test_a_copy_holds_the_same(desk: Desk) -> None:
    lesson = desk.published()
    values = {"new_title": "副本", "new_slug": "fu-ben", "new_parent_page": desk.course.pk}
    assert desk.client.post(f"/admin/pages/{lesson.pk}/copy/", values).status_code == 302
    copied = LessonPage.objects.get(title="副本")
    assert chosen(desk.client.get(desk.edit(copied)))["video"] == (str(desk.video.pk), "怎样撤离")


def test_a_course_is_copied_with_its_lessons_in_one_press(desk: Desk) -> None:
    lesson = desk.published()
    CoursePage.objects.update(cover=desk.picture)
    above = desk.world.organiser
    desk.client.force_login(above)
    url = f"/admin/pages/{desk.course.pk}/copy/"
    form = desk.client.get(url).context["form"]
    # As the page sends it when nothing is changed in it.
    values = {name: form[name].value() for name in form.fields if name != "publish_copies"}
    values |= {"copy_subpages": "on", "new_parent_page": desk.course.get_parent().pk}
    assert values["new_title"] == f"{desk.course.title}（副本）"
    assert values["node"] == desk.course.node_id
    answer = desk.client.post(url, {**values, "node": desk.world.neighbour.pk})
    copied = CoursePage.objects.exclude(pk=desk.course.pk).get()
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/pages/{copied.pk}/edit/")
    assert (copied.live, copied.node, copied.cover) == (False, desk.world.neighbour, desk.picture)
    assert copied.get_latest_revision_as_object().node == desk.world.neighbour
    inside = LessonPage.objects.child_of(copied).get()
    assert (inside.live, inside.title, list(inside.body.raw_data)) == (False, lesson.title, list(lesson.body.raw_data))
    assert desk.client.post(url, values).status_code == 302  # and once more, under a name of its own
    assert CoursePage.objects.get(pk=desk.course.pk).node == desk.course.node
    desk.client.force_login(desk.author)
    for other in (desk.world.neighbour.pk, 0, "x"):
        refused = desk.client.post(url, {**values, "node": other})
        assert "没有这个组织，或者不在您的范围内" in refused.content.decode()
    assert CoursePage.objects.count() == 3
    opened = desk.client.get(url)
    assert "<select" not in str(opened.context["form"]["node"])
    assert "js/units" in opened.content.decode()
    Node.objects.filter(pk=desk.course.node_id).update(closed_date=timezone.localdate())
    desk.client.force_login(above)
    assert desk.client.get(url).context["form"]["node"].value() is None
    refused = desk.client.post(url, {**values, "node": ""})
    assert "node" in refused.context["form"].errors
    assert CoursePage.objects.count() == 3


def test_a_video_that_is_gone_is_shown_and_kept(desk: Desk) -> None:
    lesson = desk.published()
    gone = str(desk.video.pk)
    Material.objects.all().delete()  # gone before the database refused
    Video.objects.filter(pk=gone).delete()
    opened = desk.client.get(desk.edit(lesson))
    assert chosen(opened)["video"] == (gone, "这个视频已不在了")
    assert chosen(opened)["document"] == (desk.paper.pk, "讲义")
    assert "这个视频已不在了" in desk.client.get(f"/admin/pages/{lesson.pk}/view_draft/").content.decode()
    answer = desk.client.post(desk.edit(lesson), desk.values("第一讲", **{"action-publish": "1"}))
    assert answer.status_code == 302, answer.context["form"].errors
    assert desk.stored(lesson)[3]["value"] == gone


def test_pictures_and_documents_that_are_gone_are_kept_too(desk: Desk) -> None:
    lesson = desk.published()
    keys = desk.picture.pk, desk.paper.pk
    Material.objects.all().delete()
    Image.objects.filter(pk=keys[0]).delete()
    Document.objects.filter(pk=keys[1]).delete()
    opened = desk.client.get(desk.edit(lesson))
    assert chosen(opened)["picture"] == (keys[0], "这张图片已不在了")
    assert chosen(opened)["document"] == (keys[1], "这个文件已不在了")
    assert desk.client.get(f"/admin/pages/{lesson.pk}/view_draft/").status_code == 200
    blocks = (
        ("text", text("改")),
        ("picture", {"image": keys[0], "alt": "沟"}),
        ("document", keys[1]),
        desk.blocks()[3],
    )
    answer = desk.client.post(desk.edit(lesson), desk.values("第一讲", *blocks, **{"action-publish": "1"}))
    assert answer.status_code == 302, answer.context["form"].errors
    assert desk.stored(lesson)[1]["value"]["image"] == keys[0]


def test_a_key_that_is_none_leaves_the_other_blocks_alone(desk: Desk) -> None:
    lesson = desk.published()
    raw = [*lesson.body.raw_data, {"type": "video", "value": "no-key", "id": str(uuid.uuid4())}]
    LessonPage.objects.filter(pk=lesson.pk).update(body=json.dumps(raw))
    values = [block.value for block in LessonPage.objects.get(pk=lesson.pk).body]
    assert values[3] == desk.video
    assert values[4] is None


def test_what_is_somebody_elses_is_refused_at_its_field_without_a_title(desk: Desk) -> None:
    film = ready_video(created_by=desk.neighbour, title="邻支部的片子")
    paper = paper_of(desk.neighbour, "邻支部的文件")
    picture = Image.objects.create(title="邻支部的图", file=get_test_image_file(), uploaded_by_user=desk.neighbour)
    blocks = (
        ("text", text("先看路")),
        ("picture", {"image": picture.pk, "alt": "图"}),
        ("document", paper.pk),
        ("video", str(film.pk)),
        ("video", str(uuid.uuid4())),
        ("video", "nonsense"),
        ("document", "999999999999999999999999"),
        ("video", str(desk.video.pk)),
    )
    for action in ({"action-publish": "1"}, {}):
        refused = desk.client.post(desk.add, desk.values("第一讲", *blocks, **action))
        assert refused.status_code == 200
        assert "邻支部的" not in refused.content.decode()
        found = faults(refused)["blockErrors"]
        said = {number: json.dumps(error, ensure_ascii=False) for number, error in found.items()}
        assert sorted(said) == ["1", "2", "3", "4", "5", "6"]
        assert all("不归您使用" in words for words in said.values())
        assert words_of(refused) == "先看路"
    assert LessonPage.objects.count() == 0
    preview = f"/admin/pages/add/cms/lessonpage/{desk.course.pk}/preview/"
    assert desk.client.post(preview, desk.values("第一讲", *blocks)).json()["is_valid"] is False


def test_what_a_page_held_before_stays_allowed_to_its_other_editor(desk: Desk) -> None:
    above = UserFactory(name="县组织员")
    RoleGrantFactory(user=above, node=desk.world.county, role=Role.ORGANISER)
    film = ready_video(created_by=above, title="县里的片子")
    lesson = LessonPageFactory(course=desk.course, body=[("video", film)])
    revision = lesson.save_revision()
    blocks = (("text", text("改")), ("video", str(film.pk)))
    kept = desk.client.post(desk.edit(lesson), desk.values("第一讲", *blocks, **{"action-publish": "1"}))
    assert kept.status_code == 302, kept.context["form"].errors
    without = desk.client.post(desk.edit(lesson), desk.values("第一讲", ("text", text("x")), **{"action-publish": "1"}))
    assert without.status_code == 302
    restored = desk.client.post(f"/admin/pages/{lesson.pk}/revisions/{revision.pk}/revert/", desk.values("一", *blocks))
    assert restored.status_code == 302, restored.context["form"].errors
    assert desk.stored(lesson)[1]["value"] == str(film.pk)
    elsewhere = desk.client.post(desk.add, desk.values("另一讲", *blocks))
    assert elsewhere.status_code == 200


def linked(words: str, **data: Any) -> str:
    """What the editor posts for one paragraph that is a link."""
    posted = json.loads(text(words))
    posted["blocks"][0]["entityRanges"] = [{"offset": 0, "length": len(words), "key": 0}]
    posted["entityMap"] = {"0": {"type": "LINK", "mutability": "MUTABLE", "data": data}}
    return json.dumps(posted)


def test_a_link_leads_out_and_none_to_a_page_without_an_address(desk: Desk) -> None:
    foreign = CoursePageFactory(node=desk.world.neighbour, title="邻支部的课")
    blocks = (
        ("text", linked("出去", url="https://www.12371.cn/")),
        ("text", linked("里面", id=foreign.pk, url=None, parentId=1)),
        ("text", linked("哪里", url=None)),
        ("text", linked("坏的", url="javascript:alert(1)")),
    )
    answer = desk.client.post(desk.add, desk.values("第一讲", *blocks, **{"action-publish": "1"}))
    assert answer.status_code == 302, faults(answer)
    lesson = LessonPage.objects.get()
    out, *others = [block["value"] for block in desk.stored(lesson)]
    assert 'href="https://www.12371.cn/"' in out
    assert [("<a" in one, word in one) for one, word in zip(others, ("里面", "哪里", "坏的"), strict=True)] == [
        (False, True)
    ] * 3
    older = f'<p><a linktype="page" id="{foreign.pk}">从前的链接</a></p>'
    lesson.body = [("text", older)]
    lesson.save_revision(user=desk.author).publish()
    shown = desk.client.get(f"/admin/pages/{lesson.pk}/view_draft/").content.decode()
    assert "<a>从前的链接</a>" in shown
    assert 'href="None"' not in shown
    opened = ContentstateConverter(features=["link"]).from_database_format(older)
    assert (json.loads(opened)["blocks"][0]["text"], json.loads(opened)["entityMap"]) == ("从前的链接", {})
    editor = unescape(desk.client.get(desk.edit(lesson)).content.decode())
    assert "邻支部的课" not in editor
    assert '/admin/choose-page/"' not in editor
    assert "/admin/choose-external-link/" in editor
    modal = desk.client.get("/admin/choose-external-link/?allow_external_link=true&allow_email_link=true").json()
    assert "/admin/choose-page/" not in modal["html"]


def test_two_authors_of_one_page_do_not_overwrite_each_other_in_silence(desk: Desk) -> None:
    lesson = desk.published()
    opened = lesson.get_latest_revision()
    mine = desk.values(
        "我的题目", loaded_revision_id=opened.pk, loaded_revision_created_at=opened.created_at.isoformat()
    )
    other = Client()
    other.force_login(desk.colleague)
    theirs = desk.values("她的题目", ("text", text("她写的")))
    assert other.post(desk.edit(lesson), theirs).status_code == 302
    assert autosave(desk, desk.edit(lesson), mine) == {
        "success": False,
        "error_code": "invalid_revision",
        "error_message": "别人保存了更新的版本，自动保存会盖掉它。",
    }
    refused = desk.client.post(desk.edit(lesson), mine)
    assert refused.status_code == 200
    page = unescape(refused.content.decode())
    assert "李组织员又保存过一次" in page
    assert refused.context["form"]["title"].value() == "我的题目"
    assert words_of(refused) == "先看路"
    again = {
        "loaded_revision_id": refused.context["page"].latest_revision_id,
        "loaded_revision_created_at": refused.context["loaded_revision_created_at"],
    }
    assert desk.client.post(desk.edit(lesson), {**mine, **again}).status_code == 302
    titles = [revision.content["title"] for revision in lesson.revisions.order_by("pk")]
    assert titles == ["第一讲", "她的题目", "我的题目"]


def test_what_this_very_page_stored_is_never_another_window(desk: Desk) -> None:
    """A click on publish overtakes the answer to the autosave: the form still names the version it was opened with."""
    lesson = desk.published()
    opened = lesson.get_latest_revision()
    seen = {"loaded_revision_id": opened.pk, "loaded_revision_created_at": opened.created_at.isoformat()}
    mine = {**desk.values("我写的"), **seen, "editor_window": "a1b2"}
    assert autosave(desk, desk.edit(lesson), mine)["success"]
    assert desk.client.post(desk.edit(lesson), {**mine, "editor_window": "c3d4"}).status_code == 200
    assert desk.client.post(desk.edit(lesson), {**mine, "action-publish": "1"}).status_code == 302
    assert LessonPage.objects.get(pk=lesson.pk).title == "我写的"


def test_the_list_of_what_is_wrong_is_in_words(desk: Desk) -> None:
    lesson = desk.published()
    opened = lesson.get_latest_revision()
    other = Client()
    other.force_login(desk.colleague)
    assert other.post(desk.edit(lesson), desk.values("她的题目", ("text", text("她写的")))).status_code == 302
    lacking = desk.values("我的", ("video", ""), **{"action-publish": "1", "loaded_revision_id": opened.pk})
    page = unescape(desk.client.post(desk.edit(lesson), lacking).content.decode())
    assert "李组织员又保存过一次" in page
    assert "内容: 里面有几处要改" in page
    assert "Validation error" not in page


def test_an_author_is_told_who_else_is_there(desk: Desk) -> None:
    lesson = desk.published()
    other = Client()
    other.force_login(desk.colleague)
    page = other.get(desk.edit(lesson)).content.decode()
    found = re.search(r'data-w-swap-src-value="([^"]+/editing-sessions/ping/[^"]+)"', page)
    assert found is not None
    assert other.post(found.group(1), {"is_editing": "1"}).status_code == 200
    own = re.search(r'data-w-swap-src-value="([^"]+/ping/[^"]+)"', desk.client.get(desk.edit(lesson)).content.decode())
    assert own is not None
    told = desk.client.post(own.group(1), {"revision_id": lesson.latest_revision_id}).json()
    assert [session["user"] for session in told["other_sessions"]] == ["李组织员"]
    assert "李组织员 有未保存的修改" in told["html"]


@pytest.mark.parametrize("action", ["action-publish", ""])
def test_hand_made_forms_are_bad_requests_and_no_errors_of_ours(desk: Desk, action: str) -> None:
    lesson = desk.published()
    done = {action: "1"} if action else {}
    forms: list[dict[str, Any]] = [
        {"title": "x"},
        {"title": "x", "body-count": "many"},
        {"title": "x", "body-count": "3"},
        {"title": "x", **body(("text", "no json"))},
        {"title": "x", **body(("text", "[1]"))},
        {"title": "x", **body(("text", '{"blocks": 1}'))},
        {"title": "x", **body(("video", "x")), "body-0-order": "first"},
    ]
    for values in forms:
        for address in (desk.add, desk.edit(lesson), f"{desk.edit(lesson)}preview/"):
            answer = desk.client.post(address, {**values, **done})
            assert answer.status_code == 400, (address, values)
    course = f"/admin/pages/{desk.course.pk}/edit/"
    base = {"title": "课", "node": desk.world.branch.pk}
    for intro in ("no json", "[]", '{"blocks": [{"text": 5}]}'):
        assert desk.client.post(course, {**base, "intro": intro, **done}).status_code in (200, 400), intro
    assert desk.client.post(course, {"node": "x", "intro": EMPTY, **done}).status_code == 200


def test_a_course_is_kept_with_a_mistake_and_drafted_without_a_name(desk: Desk) -> None:
    add = f"/admin/pages/add/cms/coursepage/{ensure_shelf().pk}/"
    values = {"title": "", "node": desk.world.branch.pk, "seek_ahead": "on", "intro": text("为什么学")}
    refused = desk.client.post(add, {**values, "action-publish": "1"})
    assert refused.status_code == 200
    assert refused.context["form"].errors == {"title": ["请写上名称。"]}
    assert "为什么学" in refused.context["form"]["intro"].value()
    assert desk.client.post(add, values).status_code == 302
    course = CoursePage.objects.get(title="未命名的课程")
    assert "为什么学" in desk.client.get(f"/admin/pages/{course.pk}/view_draft/").content.decode()
    opened = desk.client.get(f"/admin/pages/{course.pk}/edit/")
    assert "为什么学" in opened.context["form"]["intro"].value()
    changed = {**values, "title": "防汛", "action-publish": "1"}
    assert desk.client.post(f"/admin/pages/{course.pk}/edit/", changed).status_code == 302
    course.refresh_from_db()
    assert (course.title, course.live) == ("防汛", True)


def test_the_lists_publish_asks_for_the_same_as_the_editor(desk: Desk) -> None:
    blocks = (("picture", {"image": desk.picture.pk, "alt": ""}),)
    assert desk.client.post(desk.add, desk.values("没写完", *blocks)).status_code == 302
    lesson = LessonPage.objects.get()
    bulk = f"/admin/bulk/wagtailcore/page/publish/?id={lesson.pk}"
    refused = desk.client.post(bulk, follow=True)
    assert "《没写完》还没有写完" in unescape(refused.content.decode())
    lesson.refresh_from_db()
    assert lesson.live is False
    done = (("picture", {"image": desk.picture.pk, "alt": "沟"}),)
    assert desk.client.post(desk.edit(lesson), desk.values("写完了", *done)).status_code == 302
    assert desk.client.post(bulk).status_code == 302
    lesson.refresh_from_db()
    assert lesson.live is True


def test_a_session_that_ended_is_told_from_one_that_goes_on(desk: Desk) -> None:
    assert desk.client.get("/admin/signed-in/").json() == {"user": desk.author.pk}
    desk.client.logout()
    gone = desk.client.get("/admin/signed-in/")
    assert (gone.status_code, gone["Location"].split("?")[0]) == (302, "/admin/login/")


def test_a_new_site_begins_with_the_shelf_instead_of_the_makers_welcome(desk: Desk) -> None:
    shelf, root = ensure_shelf(), Page.get_first_root_node()
    written = root.add_child(instance=Page(title="有下级的页面", slug="written"))
    written.add_child(instance=Page(title="下级", slug="below"))
    welcome = root.add_child(instance=Page(title="Welcome to Wagtail!", slug="welcome"))
    for before in (welcome, written):
        Site.objects.update(root_page=before)
        assert ensure_shelf() == shelf
        assert Site.objects.get(is_default_site=True).root_page_id == shelf.pk
    assert set(Page.objects.filter(slug__in=["welcome", "written"])) == {written}


def test_a_new_course_begins_with_its_authors_own_unit_and_is_kept_as_a_draft_from_its_first_words(desk: Desk) -> None:
    new = f"/admin/pages/add/cms/coursepage/{desk.course.get_parent().pk}/"
    form = desk.client.get(new).context["form"]
    assert form["node"].value() == desk.world.branch.pk
    values = {"title": "防汛", "node": form["node"].value(), "intro": EMPTY, "cover": ""}
    assert autosave(desk, new, values)["success"] is True
    assert CoursePage.objects.filter(title="防汛", live=False).count() == 1
    again = desk.client.get(f"/admin/pages/{desk.course.pk}/edit/").context["form"]
    assert again["node"].value() == desk.course.node_id


def test_a_lesson_that_was_never_published_is_called_a_draft_where_its_video_is_used(desk: Desk) -> None:
    desk.client.post(desk.add, desk.values())
    lesson, used = LessonPage.objects.get(), f"/admin/videos/edit/{desk.video.pk}/"
    assert "第一讲”（草稿）" in unescape(desk.client.get(used).content.decode())
    desk.client.post(desk.edit(lesson), desk.values(**{"action-publish": "1"}))
    assert "第一讲”（已发布）" in unescape(desk.client.get(used).content.decode())
    desk.client.post(f"/admin/pages/{lesson.pk}/unpublish/")
    assert "第一讲”（已撤下）" in unescape(desk.client.get(used).content.decode())
