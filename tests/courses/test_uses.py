"""What somebody still needs is not deleted or withdrawn without saying who: through the real doors, as each role."""

import datetime as dt
import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import ModelLogEntry, Page

from attendance.models import Occasion, Record, RosterEntry
from cms.material import Material
from cms.models import CoursePage, LessonPage
from courses import guard
from courses.changes import given_among
from courses.views import Links
from live.models import Lecture
from live.operations import why_recording_stays
from media.models import Video
from media.operations import UnableToDeleteVideo, delete_video
from organizations.models import Role, User
from organizations.uses import uses_of
from tests.factories.cms import CoursePageFactory, LessonPageFactory, ready_video
from tests.factories.courses import Given, give_course, watch
from tests.factories.live import LectureFactory
from tests.factories.media import ReadyVideoFactory
from tests.factories.organizations import County, NodeFactory, RoleGrantFactory
from tests.office import sure

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def given(world: County) -> Given:
    given = give_course(world.branch)
    Video.objects.filter(pk=given.video.pk).update(node=world.county)
    return given


@pytest.fixture
def admin(client: Client, world: County) -> Client:
    client.force_login(world.organiser)
    return client


def words(response: Any) -> str:
    return str(response.content.decode())


def rows(lesson: Any) -> set[tuple[str, Any]]:
    found = Material.objects.filter(lesson_id=lesson.pk).values_list("version", "video_id", "image_id", "document_id")
    return {(version, video or image or document) for version, video, image, document in found}


def test_what_a_lesson_shows_is_written_down_with_each_version(given: Given) -> None:
    old, new = given.video, ready_video()
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    assert rows(lesson) == {("stored", old.pk)}
    lesson.save_revision().publish()
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", new)]
    revision = lesson.save_revision()
    assert rows(lesson) == {("stored", old.pk), ("draft", new.pk)}
    lesson.go_live_at = timezone.now() + DAY
    lesson.save_revision().publish()
    later = LessonPage.objects.get(pk=given.lesson.pk)
    later.body = []
    later.save_revision()
    assert rows(lesson) == {("stored", old.pk), ("planned", new.pk)}
    revision.publish()
    assert {key for version, key in rows(lesson) if version == "stored"} == {new.pk}
    LessonPage.objects.get(pk=lesson.pk).delete()
    assert not Material.objects.exists()


def test_what_is_no_key_and_what_is_gone_gets_no_row(world: County) -> None:
    page = CoursePageFactory(node=world.county)
    lesson = LessonPageFactory(course=page, body=[("video", ready_video())])
    raw = [{"type": "video", "value": "x"}, {"type": "document", "value": 999}, {"type": "picture", "value": None}]
    lesson.body = raw
    lesson.save()
    assert rows(lesson) == set()


@pytest.mark.parametrize("role", [Role.LECTURER, Role.ORGANISER])
def test_a_neighbour_finds_no_video_to_delete(client: Client, given: Given, role: str) -> None:
    """Finding: security 1."""
    client.force_login(RoleGrantFactory(role=role, node=NodeFactory()).user)
    for method in (client.get, client.post):
        assert method(reverse("videos:delete", args=[given.video.pk])).status_code == 404
    assert Video.objects.filter(pk=given.video.pk).exists()


def test_a_video_in_use_is_not_deleted_and_its_manager_reads_why(admin: Client, given: Given) -> None:
    """Finding: security 1."""
    url = reverse("videos:delete", args=[given.video.pk])
    page = words(admin.get(url))
    assert "课程“急救常识”的“急救常识 第一讲”里有它（已发布）" in page
    assert "4 人在学，4 人还没有学完" in page
    assert 'type="submit"' not in page.split("data-uses")[1]
    assert admin.post(url, {"sure": "yes"}).status_code == 409
    assert Video.objects.filter(pk=given.video.pk).exists()
    # Where nobody wants to delete it, nobody is asked to take it out.
    edit = words(admin.get(reverse("videos:edit", args=[given.video.pk])))
    assert "课程“急救常识”的“急救常识 第一讲”（已发布）" in edit
    assert "请先从那里去掉" not in edit
    assert "里有它（已发布）" in words(admin.get(reverse("videos:usage", args=[given.video.pk])))


def test_a_video_of_a_draft_is_not_deleted(admin: Client, world: County) -> None:
    video = ready_video(node=world.county)
    lesson = LessonPageFactory(course=CoursePageFactory(node=world.county), live=False)
    lesson.body = [("video", video)]
    lesson.save_revision()
    LessonPage.objects.filter(pk=lesson.pk).update(body="[]")
    assert "（草稿）" in words(admin.post(reverse("videos:delete", args=[video.pk])))
    lesson.refresh_from_db()
    lesson.body = []
    lesson.save_revision()
    assert admin.post(reverse("videos:delete", args=[video.pk])).status_code == 302
    assert not Video.objects.filter(pk=video.pk).exists()


def test_what_lies_beyond_ones_reach_is_named_without_its_title(client: Client, given: Given, world: County) -> None:
    Video.objects.filter(pk=given.video.pk).update(node=world.neighbour)
    client.force_login(RoleGrantFactory(role=Role.ORGANISER, node=world.neighbour).user)
    page = words(client.get(reverse("videos:delete", args=[given.video.pk])))
    assert "“东风村第一支部”的一讲课里有它" in page
    assert "急救常识" not in page


def test_a_free_video_goes_with_its_files(
    admin: Client, world: County, var_dir: Any, django_capture_on_commit_callbacks: Any
) -> None:
    video = ReadyVideoFactory(node=world.county)
    folder = var_dir / "files" / "videos" / str(video.pk)
    folder.mkdir(parents=True)
    assert admin.get(reverse("videos:delete", args=[video.pk])).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(reverse("videos:delete", args=[video.pk])).status_code == 302
    assert (Video.objects.exists(), folder.exists()) == (False, False)


def recorded(world: County, *, until: dt.timedelta) -> Any:
    now = timezone.now()
    video = ReadyVideoFactory(node=world.county, created_by=world.lecturer)
    return LectureFactory(
        recording=video,
        state="recorded",
        live_at=now,
        ended_at=now,
        occasion__node=world.county,
        occasion__title="防汛避险",
        occasion__state=Occasion.State.SETTLED,
        occasion__opened_at=now,
        occasion__make_up_until_at=now + until,
    )


def test_a_recording_stays_while_anybody_can_make_up(client: Client, world: County) -> None:
    """Finding: security 3."""
    lecture = recorded(world, until=DAY)
    client.force_login(world.lecturer)
    url = reverse("videos:delete", args=[lecture.recording_id])
    page = client.post(url, {"sure": "yes"})
    assert (page.status_code, "它是直播“防汛避险”的回放，0 人还可以用它补学" in words(page)) == (409, True)
    assert Video.objects.filter(pk=lecture.recording_id).exists()


def test_a_recording_whose_time_is_over_goes_when_somebody_is_sure(client: Client, world: County) -> None:
    lecture = recorded(world, until=-DAY)
    client.force_login(world.lecturer)
    url = reverse("videos:delete", args=[lecture.recording_id])
    assert "补学已经结束" in words(client.post(url))
    assert Video.objects.exists()
    assert client.post(url, sure(client.get(url))).status_code == 302
    lecture.refresh_from_db()
    assert (Video.objects.exists(), lecture.recording, lecture.state) == (False, None, "unrecorded")
    # The same as through the lecture's own page: final for the media agent, and in the log.
    assert lecture.recording_dropped_at is not None
    assert ModelLogEntry.objects.get(action="live.drop_recording").user == world.lecturer


@pytest.mark.parametrize(
    ("occasion", "words_of_it"),
    [
        ({"state": Occasion.State.SETTLED, "make_up_until_at": None}, "正在认定"),
        ({"state": Occasion.State.CLOSED, "make_up_until_at": None}, "正在认定"),
        ({"state": Occasion.State.NOT_HELD, "make_up_until_at": None, "closed_at": "now"}, "还可以恢复直播"),
        ({"state": Occasion.State.SETTLED, "closed_at": "now"}, "还可以恢复直播"),
        ({"state": Occasion.State.VOID, "make_up_until_at": None, "closed_at": "now"}, ""),
        ({"state": Occasion.State.NOT_HELD, "make_up_until_at": None}, ""),
        ({"state": Occasion.State.SETTLED}, ""),
    ],
)
def test_the_lecture_and_its_video_say_the_same_of_a_recording(
    client: Client, world: County, occasion: dict[str, Any], words_of_it: str
) -> None:
    lecture = recorded(world, until=-HOUR)
    now = timezone.now()
    values = {name: now if value == "now" else value for name, value in occasion.items()}
    void = {"voided_at": now, "voided_by": world.organiser, "void_reason": "不对"}
    Occasion.objects.filter(pk=lecture.pk).update(**values, **(void if "void" in occasion["state"] else {}))
    lecture = Lecture.objects.select_related("occasion").get(pk=lecture.pk)
    reason = why_recording_stays(lecture, as_of=now)
    assert (words_of_it in reason, bool(reason)) == (True, bool(words_of_it))
    uses = [use for use in uses_of(lecture.recording, user=world.organiser, as_of=now) if "回放" in use.text]
    assert [use.blocks for use in uses] == [bool(words_of_it)]
    assert words_of_it in uses[0].text
    client.force_login(world.organiser)
    url = reverse("videos:delete", args=[lecture.recording_id])
    client.post(url, sure(client.get(url)))
    assert Video.objects.exists() is bool(words_of_it)


@pytest.fixture
def things(world: County) -> dict[str, Any]:
    """A picture and a document of the organiser's, each in a published lesson."""
    image = Image.objects.create(title="图", file=get_test_image_file(), uploaded_by_user=world.organiser)
    document = Document(title="手册", uploaded_by_user=world.organiser)
    document.file.save("a.pdf", ContentFile(b"%PDF"))
    page = CoursePageFactory(title="急救常识", node=world.county)
    body = [("picture", {"image": image, "alt": "一张图"}), ("document", document)]
    LessonPageFactory(course=page, title="第一讲", body=body)
    return {"image": image, "document": document}


@pytest.mark.parametrize("name", ["image", "document"])
@pytest.mark.parametrize("is_bulk", [False, True])
def test_a_picture_and_a_document_in_use_stay(
    admin: Client, things: dict[str, Any], name: str, is_bulk: bool, var_dir: Any
) -> None:
    thing = things[name]
    app = f"wagtail{'images' if name == 'image' else 'docs'}"
    url = reverse(f"{app}:delete", args=[thing.pk])
    if is_bulk:
        url = f"/admin/bulk/{app}/{name}/delete/?id={thing.pk}"
    for answer in (admin.get(url), admin.post(url, {"sure": "yes"})):
        assert "课程“急救常识”的“第一讲”里有它（已发布）" in words(answer)
    assert type(thing).objects.filter(pk=thing.pk).exists()
    Material.objects.all().delete()
    assert admin.post(url).status_code == 302
    assert not type(thing).objects.filter(pk=thing.pk).exists()


@pytest.mark.parametrize("refusal", [ProtectedError("x", set()), IntegrityError("x")])
def test_what_the_database_refuses_in_a_race_is_said_in_words(
    admin: Client, things: dict[str, Any], monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise refusal

    monkeypatch.setattr(Image, "delete", refuse)
    Material.objects.all().delete()
    page = admin.post(reverse("wagtailimages:delete", args=[things["image"].pk]))
    assert (page.status_code, "刚刚有人用上了它" in words(page)) == (409, True)


def test_a_video_taken_up_meanwhile_is_kept(given: Given) -> None:
    with pytest.raises(UnableToDeleteVideo, match="正在使用"):
        delete_video(video_id=given.video.pk, as_of=timezone.now())
    free = ready_video()
    delete_video(video_id=free.pk, as_of=timezone.now())
    with pytest.raises(UnableToDeleteVideo, match="不在了"):
        delete_video(video_id=free.pk, as_of=timezone.now())


def pass_end(*, make_up: dt.timedelta) -> None:
    """Let every course have ended, for now, a minute ago."""
    now = timezone.now()
    Occasion.objects.update(
        starts_at=now - 9 * DAY,
        window_start_at=now - 9 * DAY,
        ends_at=now - 2 * DAY,
        window_end_at=now - 2 * DAY,
        make_up_until_at=now + make_up,
        state=Occasion.State.SETTLED,
    )
    Record.objects.bulk_create(
        Record(
            occasion=entry.occasion, member=entry.member, state="missing", stands="missing", judged_at=now,
            rule_version="v1", evidence_digest="0" * 64,
        )
        for entry in RosterEntry.objects.all()
    )  # fmt: skip


def bulk(action: str, *pages: Any) -> str:
    return f"/admin/bulk/wagtailcore/page/{action}/?" + "&".join(f"id={page.pk}" for page in pages)


@pytest.mark.parametrize("is_bulk", [False, True])
def test_a_course_in_use_is_not_deleted(admin: Client, given: Given, is_bulk: bool) -> None:
    """Finding: organiser 11."""
    free = CoursePageFactory(node=given.page.node)
    url = bulk("delete", given.page, free) if is_bulk else reverse("wagtailadmin_pages:delete", args=[given.page.pk])
    for answer in (admin.get(url), admin.post(url, {"sure": "yes"})):
        assert f"正在培训“{given.run.occasion.training.title}”（东风村第一支部" in words(answer)
    assert CoursePage.objects.filter(pk__in=[given.page.pk, free.pk]).count() == 2
    pass_end(make_up=-DAY)
    assert "学习记录要一直留着" in words(admin.post(url))
    assert admin.post(bulk("delete", free)).status_code == 302
    assert not CoursePage.objects.filter(pk=free.pk).exists()


@pytest.mark.parametrize("is_bulk", [False, True])
def test_a_lesson_in_use_is_not_deleted_but_may_be_withdrawn(admin: Client, given: Given, is_bulk: bool) -> None:
    """Finding: organiser 4."""
    url = bulk("delete", given.lesson) if is_bulk else reverse("wagtailadmin_pages:delete", args=[given.lesson.pk])
    for answer in (admin.get(url), admin.post(url, {"sure": "yes"})):
        assert "4 人在学，4 人还没有学完" in words(answer)
    assert LessonPage.objects.filter(pk=given.lesson.pk).exists()
    LessonPage.objects.get(pk=given.lesson.pk).unpublish()
    assert admin.post(url).status_code == 302
    assert not LessonPage.objects.filter(pk=given.lesson.pk).exists()


def test_a_neighbour_learns_nothing_at_these_doors(client: Client, given: Given, things: dict[str, Any]) -> None:
    client.force_login(RoleGrantFactory(role=Role.ORGANISER, node=NodeFactory()).user)
    image, document = things["image"], things["document"]
    urls = [
        *(reverse(f"wagtailadmin_pages:{name}", args=[given.lesson.pk]) for name in ("delete", "unpublish")),
        reverse("wagtailadmin_pages:move_confirm", args=[given.lesson.pk, given.page.pk]),
        reverse("wagtailimages:delete", args=[image.pk]),
        reverse("wagtaildocs:delete", args=[document.pk]),
        *(bulk(action, given.page, given.lesson) for action in ("delete", "unpublish", "publish", "move")),
    ]
    for url in urls:
        for answer in (client.get(url), client.post(url, {"chooser": given.page.pk})):
            assert "培训“" not in words(answer), url
            assert answer.status_code != 500


def finish(given: Given, member: User) -> None:
    watch(given, member, (0, 60_000))


@pytest.mark.parametrize("is_bulk", [False, True])
def test_withdrawing_the_last_lesson_asks_first_and_then_asks_nothing_of_anybody(
    admin: Client, world: County, given: Given, is_bulk: bool
) -> None:
    """Finding: organiser 4, organiser 12."""
    finish(given, world.members[0])
    url = reverse("wagtailadmin_pages:unpublish", args=[given.lesson.pk])
    url = bulk("unpublish", given.lesson) if is_bulk else url
    asked = admin.post(url)
    page = words(asked)
    assert "4 人在学，1 人已经学完，结果不变；其余 3 人暂时没有要学的" in page
    assert "1 人学过撤下的视频，学过的都保存着" in page
    assert LessonPage.objects.get(pk=given.lesson.pk).live
    assert admin.post(url, sure(asked)).status_code == 302
    occasion = Occasion.objects.get(pk=given.run.pk)
    assert (occasion.media_items, occasion.media_ms) == ({}, 0)


def test_withdrawing_one_of_two_lessons_says_what_is_asked_before_and_after(
    admin: Client, world: County, given: Given
) -> None:
    lesson = LessonPageFactory(course=given.page, body=[("video", ready_video(duration_ms=120_000))])
    lesson.save_revision().publish()
    page = words(admin.get(reverse("wagtailadmin_pages:unpublish", args=[lesson.pk])))
    assert "其余 4 人要学的从 2 分 24 秒 变为 48 秒" in page


def test_what_people_make_up_cannot_be_withdrawn(admin: Client, world: County, given: Given) -> None:
    pass_end(make_up=DAY)
    url = reverse("wagtailadmin_pages:unpublish", args=[given.lesson.pk])
    answer = admin.post(url, {"sure": "yes"})
    assert (answer.status_code, "4 人还可以补学到" in words(answer)) == (409, True)
    assert LessonPage.objects.get(pk=given.lesson.pk).live


def test_what_is_past_its_end_says_that_it_is_made_up_now(world: County, given: Given) -> None:
    pass_end(make_up=DAY)
    phone = Client()
    phone.force_login(world.member)
    assert "现在学完算“已补学”，请在 " in words(phone.get(f"/courses/{given.run.pk}/"))
    assert "已经到期，还能补学到" in words(phone.get("/courses/"))


def test_moving_a_lesson_takes_its_minutes_along_once_somebody_is_sure(
    admin: Client, world: County, given: Given
) -> None:
    other = give_course(world.branch, title="防汛")
    url = reverse("wagtailadmin_pages:move_confirm", args=[given.lesson.pk, other.page.pk])
    asked = admin.post(url)
    page = words(asked)
    assert "暂时没有要学的" in page
    assert "要学的从 48 秒 变为 1 分 36 秒" in page
    assert Occasion.objects.get(pk=given.run.pk).media_ms == 60_000
    assert admin.post(url, sure(asked)).status_code == 302
    assert Occasion.objects.get(pk=given.run.pk).media_items == {}
    assert Occasion.objects.get(pk=other.run.pk).media_ms == 120_000


def test_bulk_publishing_asks_too(admin: Client, world: County, given: Given) -> None:
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    lesson.body = [("video", ready_video(duration_ms=30_000))]
    lesson.save_revision()
    url = bulk("publish", lesson)
    asked = admin.post(url)
    assert "要学的从 48 秒 变为 24 秒" in words(asked)
    assert Occasion.objects.get(pk=given.run.pk).media_ms == 60_000
    assert admin.post(url, sure(asked)).status_code == 302
    assert Occasion.objects.get(pk=given.run.pk).media_ms == 30_000


def test_pages_of_the_back_office_that_are_no_door_cost_nothing(admin: Client, rf: Any) -> None:
    assert guard.question_of(rf.get("/admin/")) is None
    assert admin.get("/admin/pages/", follow=True).status_code == 200


def test_who_agrees_agrees_to_what_was_said_and_not_to_what_is_true_by_now(
    admin: Client, world: County, given: Given
) -> None:
    """One more has finished since the page was read: it is asked again, with the new numbers."""
    url = reverse("wagtailadmin_pages:unpublish", args=[given.lesson.pk])
    asked = admin.post(url)
    finish(given, world.members[0])
    again = admin.post(url, sure(asked))
    assert (again.status_code, "1 人已经学完" in words(again)) == (409, True)
    assert LessonPage.objects.get(pk=given.lesson.pk).live
    assert admin.post(url, {"sure": "yes"}).status_code == 409
    assert admin.post(url, sure(again)).status_code == 302


def test_all_of_a_library_is_asked_about_in_a_few_queries(
    admin: Client, world: County, things: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    """However many pictures there are; what is shown in more places than anybody reads is refused at once."""
    for number in range(40):
        Image.objects.create(title=f"图{number}", file=things["image"].file, uploaded_by_user=world.organiser)
    url = "/admin/bulk/wagtailimages/image/delete/?" + "&".join(f"id={image.pk}" for image in Image.objects.all())
    with django_assert_max_num_queries(45):
        page = words(admin.get(url))
    assert "课程“急救常识”的“第一讲”里有它（已发布）" in page
    lesson = LessonPage.objects.get()
    lesson.body = [("picture", {"image": image, "alt": "图"}) for image in Image.objects.all()]
    lesson.save()
    with django_assert_max_num_queries(45):
        page = words(admin.post(url, {"sure": "yes"}))
    assert "超过 20 个，一次看不过来" in page
    assert Image.objects.count() == 41


def test_many_pages_are_asked_about_in_a_few_queries(
    world: County, given: Given, django_assert_max_num_queries: Any
) -> None:
    """Pages that nobody was ever given cost nothing; of more than can be read nothing is done."""
    for _number in range(30):
        CoursePageFactory(node=world.county)
    everything = Page.objects.all()
    with django_assert_max_num_queries(5):
        assert {page.pk for page in given_among(everything)} == {given.page.pk, given.lesson.pk}


def test_more_given_courses_than_anybody_reads_are_not_withdrawn_at_once(
    admin: Client, given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MOST_AT_ONCE", 1)
    for action in ("delete", "unpublish", "publish"):
        answer = admin.post(bulk(action, given.page, given.lesson), {"sure": "yes"})
        assert (answer.status_code, "一次看不过来" in words(answer)) == (409, True)
    assert LessonPage.objects.get(pk=given.lesson.pk).live


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Wagtail's own temporary file
@pytest.mark.parametrize("name", ["image", "document"])
def test_another_file_in_the_place_of_what_people_read_is_asked_about(
    var_dir: Any, admin: Client, world: County, things: dict[str, Any], name: str
) -> None:
    given = give_course(CoursePage.objects.get().node, title="防汛")
    thing = things[name]
    lesson = LessonPage.objects.get(pk=given.lesson.pk)
    block = ("picture", {"image": thing, "alt": "图"}) if name == "image" else ("document", thing)
    lesson.body = [("video", given.video), block]
    lesson.save()
    app = "wagtailimages" if name == "image" else "wagtaildocs"
    url = reverse(f"{app}:edit", args=[thing.pk])
    opened = words(admin.get(url))
    assert "课程“急救常识”的“第一讲”" in opened
    assert "课程“防汛”的“防汛 第一讲”" in opened
    assert "8 人在学" in opened

    def sent(**more: Any) -> Any:
        file = get_test_image_file() if name == "image" else ContentFile(b"%PDF-1.4 other", name="b.pdf")
        file.seek(0)
        values = {"title": "新名字", "tags": "", "collection": thing.collection_id, "file": file, **more}
        return admin.post(url, {key: value for key, value in values.items() if value is not None})

    before = Links(given.run.pk, lesson.pk, None, {})
    show = before.picture if name == "image" else before.document
    address, had = show(thing), thing.file.name
    for agreed in ({}, {"agreed": "yes"}):
        refused = sent(**agreed)
        assert (refused.status_code, "还没有换" in words(refused)) == (200, True)
    assert type(thing).objects.get(pk=thing.pk).file.name == had
    assert sent(file=None).status_code == 302
    agreed = re.search(r'name="agreed" value="([0-9a-f]+)"', words(admin.get(url)))
    assert agreed is not None
    answer = sent(agreed=agreed[1])
    assert answer.status_code == 302, answer.context["form"].errors
    new = type(thing).objects.get(pk=thing.pk)
    assert new.file.name != had
    assert show(new) != address, "browsers keep what they have got for a day"


def test_a_lesson_with_many_versions_is_deleted_without_reading_each(
    world: County, django_assert_max_num_queries: Any
) -> None:
    lesson = LessonPageFactory(course=CoursePageFactory(node=world.county), body=[("video", ready_video())])
    for _number in range(30):
        lesson.save_revision()
    with django_assert_max_num_queries(90):
        LessonPage.objects.get(pk=lesson.pk).delete()
    assert not Material.objects.exists()
