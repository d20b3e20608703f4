"""A course goes out as one file and comes back the same, as a draft."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from wagtail import blocks
from wagtail.images.models import Image

from cms.blocks import LessonBody
from cms.models import CoursePage, LessonPage
from cms.packs.archive import UnfitPack
from cms.packs.blocks import UnfitBlock, carried, rich_text
from cms.packs.bringing import Brought, import_pack
from cms.packs.writing import UnableToExport
from media.models import Captions, Job, Video
from organizations.models import Node, User
from quizzes.models import Question, Quiz
from tests.cms.packs import full_course, packed, picture_of, rewritten, said_in
from tests.factories.cms import LessonPageFactory
from tests.factories.organizations import County, RoleGrantFactory, make_county

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Wagtail's own temporary file
]
LEFT_OUT = "视频“录音”不在文件里，要另外上传"


@pytest.fixture
def county(var_dir: Path) -> County:
    return make_county()


def brought_in(data: bytes, node: Node, user: User) -> Brought:
    return import_pack(file=io.BytesIO(data), node=node, user=user, as_of=timezone.now())


def raw_of(lesson: LessonPage) -> list[tuple[str, Any]]:
    return [(one["type"], one["value"]) for one in lesson.get_latest_revision_as_object().body.raw_data]


def without_bytes(said: dict[str, Any]) -> dict[str, Any]:
    """What a file says, without what is new each time: names of files that the disk had already."""
    for thing in said["things"].values():
        thing.pop("name", None)
        thing["entry"] = bool(thing.get("entry"))
    return said


def test_every_kind_of_block_has_a_rule_and_stands_in_the_round_trip(county: County) -> None:
    lesson = said_in(packed(full_course(county), county.organiser))["lessons"][0]
    assert {one["type"] for one in lesson["body"]} == set(LessonBody().child_blocks)
    assert None not in [one["value"] for one in lesson["body"]]


def test_a_kind_of_block_without_a_rule_is_refused() -> None:
    with pytest.raises(UnfitBlock, match="没有导出这种内容的办法"):
        carried(blocks.DateBlock(), "2026-01-01", kind="date", choose=lambda kind, key: key)


def test_round_trip_is_equal(county: County) -> None:
    author = county.organiser
    data = packed(full_course(county), author)
    for name in ("孙组织员", "uploaded_by", "owner", "author"):
        assert name.encode() not in data
    found = brought_in(data, county.township, author)
    course = CoursePage.objects.select_related("latest_revision").get(pk=found.course.pk)
    assert (course.live, course.node, course.owner) == (False, county.township, author)
    again = said_in(packed(course, author))
    first = said_in(data)
    assert first["course"].pop("requires") == ["旧的"]
    assert again["course"].pop("requires") == []
    # The recording had no original, and of a package the title alone travels: both places are empty, and their names
    # are not in the second file.
    for kind in ("audio", "package"):
        (empty,) = [one for one in again["lessons"][0]["body"] if one["type"] == kind]
        (left,) = [one for one in first["lessons"][0]["body"] if one["type"] == kind]
        assert empty["value"] is None
        del first["things"][left["value"]]
        left["value"] = None
    # Names count from the first to the last, and one is missing in the second.
    assert sorted(map(str, without_bytes(again)["things"].values())) == sorted(
        map(str, without_bytes(first)["things"].values())
    )
    assert again["course"] | {"cover": ""} == first["course"] | {"cover": ""}
    assert again["questions"] == first["questions"]
    for one, other in zip(again["lessons"], first["lessons"], strict=True):
        assert [block["type"] for block in one["body"]] == [block["type"] for block in other["body"]]
        assert {**one, "body": 0} == {**other, "body": 0}
    for at in (0, 1, 9):
        assert again["lessons"][0]["body"][at] == first["lessons"][0]["body"][at]


def test_what_comes_in_is_new_and_belongs_to_the_unit(county: County) -> None:
    author = county.organiser
    old = full_course(county)
    Captions.objects.create(
        video=Video.objects.get(title="巡堤"), origin="file", cues=[[0, 900, "走"]], changed_at=timezone.now()
    )
    found = brought_in(packed(old, author), county.township, author)
    film = Video.objects.get(title="巡堤", node=county.township)
    assert film.state == Video.State.QUEUED
    assert Job.objects.filter(video=film).exists()
    assert film.chapters == [[0, "出发"], [9000, "到"]]
    assert film.captions.cues == [[0, 900, "走"]]
    assert Quiz.objects.get(node=county.township).title == "防汛练习"
    assert Question.objects.filter(node=county.township).count() == 6
    assert {one.belonging.node for one in Image.objects.order_by("-pk")[:2]} == {county.township}
    body = dict(raw_of(LessonPage.objects.child_of(found.course).order_by("path").first()))  # type: ignore[arg-type]
    assert (body["video"], body["audio"], body["package"]) == (str(film.pk), None, None)
    question = Question.objects.get(pk=body["asks"]["question"])
    assert (question.node, question.newest.text, body["asks"]["at"]) == (county.township, "先转移谁？", "00:05")
    notes = "\n".join(found.notes)
    assert LEFT_OUT in notes
    assert "课件包“防汛课件”不在文件里，请另外上传" in notes
    assert "要先学完的课程没有带过来：“旧的”" in notes
    assert "题库" in notes


def test_the_same_file_twice_is_two_drafts_and_the_bank_has_each_question_once(county: County) -> None:
    data = packed(full_course(county), county.organiser)
    assert "已有一门课" not in "".join(brought_in(data, county.township, county.organiser).notes)
    assert "青溪县" not in "".join(brought_in(data, county.township, county.organiser).notes)
    assert "已有一门课叫“防汛”" in "".join(brought_in(data, county.township, county.organiser).notes)
    assert CoursePage.objects.filter(node=county.township, title="防汛", live=False).count() == 3
    assert Question.objects.filter(node=county.township).count() == 6


def test_what_is_not_the_editors_to_choose_is_left_out(county: County) -> None:
    """A quiz of the unit above would give away its answers; a colleague's film is not theirs to take away."""
    course = full_course(county)
    said = said_in(packed(course, county.lecturer))
    by_kind = {one["kind"]: one for one in said["things"].values()}
    assert by_kind["quiz"]["is_left_out"]
    assert said["questions"] == []
    assert by_kind["video"]["entry"] is None


def test_what_is_gone_and_what_does_not_fit_is_left_out_and_said(county: County) -> None:
    author = county.organiser
    course = full_course(county)
    data = packed(course, author, most_bytes=60_000)  # the film is larger
    said = said_in(data)
    assert [one["entry"] for one in said["things"].values() if one["kind"] == "video"] == [None, None]
    with pytest.raises(UnableToExport, match="超过 0 MB"):
        packed(course, author, most_bytes=10)
    gone = Image.objects.get(title="before")
    gone.file.storage.delete(gone.file.name)
    notes = "\n".join(brought_in(packed(course, author), county.township, author).notes)
    assert "“before”不在文件里" in notes
    assert "封面不在文件里" in notes


def test_links_to_pages_of_this_site_stay_here() -> None:
    html = '<p data-block-key="a1">见<a linktype="page" id="3">那里</a>和<a href="https://a.cn/">外面</a></p>'
    kept = rich_text(html, ["link"])
    assert kept == '<p data-block-key="a1">见那里和<a href="https://a.cn/">外面</a></p>'
    assert "script" not in rich_text("<p>x<script>alert(1)</script></p>", ["bold"])
    assert "javascript" not in rich_text('<p><a href="javascript:alert(1)">x</a></p>', ["link"])


def test_export_asks_no_more_for_more_lessons(
    county: County, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    course = full_course(county)
    for number in range(8):
        lesson = LessonPageFactory(course=course, live=False)
        lesson.body = [("picture", {"image": picture_of(county.organiser, f"p{number}"), "alt": "x"})]
        lesson.save_revision(user=county.organiser)
    with django_assert_max_num_queries(45):
        packed(course, county.organiser)


def test_export_and_import_through_the_office(county: County, client: Client) -> None:
    course = full_course(county)
    client.force_login(county.organiser)
    edit = client.get(reverse("wagtailadmin_pages:edit", args=[course.pk])).content.decode()
    address = reverse("cms_course_export", args=[course.pk])
    assert address in edit
    shelf = course.get_parent()
    assert reverse("cms_course_import") in client.get(reverse("wagtailadmin_explore", args=[shelf.pk])).content.decode()
    answer = client.get(address)
    data = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/zip"
    assert "attachment" in answer["Content-Disposition"]
    page = client.get(reverse("cms_course_import"))
    assert "导入课程" in page.content.decode()
    posted = {"node": county.township.pk, "file": SimpleUploadedFile("防汛.zip", data)}
    answer = client.post(reverse("cms_course_import"), posted, follow=True)
    assert answer.status_code == 200
    said = answer.content.decode()
    assert "导入好了，是一份草稿" in said
    assert LEFT_OUT in said
    assert CoursePage.objects.get(node=county.township).title == "防汛"


def test_import_says_what_is_missing_or_wrong(county: County, client: Client) -> None:
    client.force_login(county.organiser)
    bad = SimpleUploadedFile("x.zip", b"no zip at all")
    answer = client.post(reverse("cms_course_import"), {"node": county.township.pk, "file": bad})
    assert answer.status_code == 422
    assert "这不是一个完整的 zip 文件" in answer.content.decode()
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as file:
        file.writestr("a.txt", "x")
    posted = {"node": county.township.pk, "file": SimpleUploadedFile("x.zip", other.getvalue())}
    assert "请用“导出成文件”得到的那个 zip 文件" in client.post(reverse("cms_course_import"), posted).content.decode()
    answer = client.post(reverse("cms_course_import"), {"node": county.township.pk})
    assert answer.status_code == 422
    assert "请选课程文件" in answer.content.decode()


def test_a_file_over_the_limit_is_told_of_beside_the_form(county: County, client: Client, settings: Any) -> None:
    client.force_login(county.organiser)
    page = BeautifulSoup(client.get(reverse("cms_course_import")).content, "html.parser")
    field = page.select_one("input[name=file]")
    assert field is not None
    assert field["data-most-bytes"] == str(200 * 2**20)
    assert "最多 200 MB" in str(field["data-too-large"])
    assert "最大 200 MB" in page.get_text()
    assert page.select_one("script[src$='js/weigh.js']") is not None
    settings.COURSE_FILE_MAX_BYTES = 2**20
    big = SimpleUploadedFile("x.zip", b"x" * (2**20 + 1))
    answer = client.post(reverse("cms_course_import"), {"node": county.township.pk, "file": big})
    assert answer.status_code == 422
    page = BeautifulSoup(answer.content, "html.parser")
    assert "课程文件太大：最多 1 MB，没有导入。" in page.get_text()
    assert page.select_one("input[name=file]") is not None


def test_who_may(county: County, client: Client, settings: Any) -> None:
    course = full_course(county)
    data = packed(course, county.organiser)
    for person in (county.lecturer, county.secretary, county.member):
        client.force_login(person)
        assert client.get(reverse("cms_course_export", args=[course.pk])).status_code in (302, 404)
        assert client.get(reverse("cms_course_import")).status_code in (302, 404)
    below = county.neighbour_secretary
    RoleGrantFactory(user=below, role="organiser", node=county.neighbour)
    client.force_login(below)
    assert client.get(reverse("cms_course_export", args=[course.pk])).status_code == 404
    assert client.get(reverse("cms_course_export", args=[10**9])).status_code == 404
    posted = {"node": county.township.pk, "file": SimpleUploadedFile("a.zip", data)}
    assert client.post(reverse("cms_course_import"), posted).status_code == 422
    assert not CoursePage.objects.filter(node=county.township).exists()
    client.force_login(county.organiser)
    settings.COURSE_FILE_MAX_BYTES = 10
    answer = client.get(reverse("cms_course_export", args=[course.pk]), follow=True)
    assert "放不进一个文件" in answer.content.decode()


def test_nothing_is_left_of_what_failed_at_the_end(county: County) -> None:
    def change(said: dict[str, Any]) -> None:
        (quiz,) = [one for one in said["things"].values() if one["kind"] == "quiz"]
        quiz["draws"] = [["防汛", 40]]

    data = rewritten(packed(full_course(county), county.organiser), change)
    before = Image.objects.count(), Question.objects.count(), Video.objects.count(), CoursePage.objects.count()
    files = sorted(Path(Image.objects.first().file.path).parent.iterdir())  # type: ignore[union-attr]
    with pytest.raises(UnfitPack, match=r"练习“防汛练习”：.*不够抽 40 道"):
        brought_in(data, county.township, county.organiser)
    assert before == (
        Image.objects.count(), Question.objects.count(), Video.objects.count(), CoursePage.objects.count()
    )  # fmt: skip
    assert files == sorted(Path(Image.objects.first().file.path).parent.iterdir())  # type: ignore[union-attr]
