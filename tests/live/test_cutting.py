"""From a recording to a draft lesson: by whom, what is shown before, and what is said when it cannot be."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cms.models import LessonPage, Material
from live import operations
from live.models import Lecture
from live.operations.lessons import AGAIN
from media.models import Clip, Job, Video
from media.operations import UnableToCut, delete_video, transcode
from organizations.models import Role, User
from tests.factories.cms import CoursePageFactory
from tests.factories.live import make_live
from tests.factories.organizations import County, RoleGrantFactory, make_county
from tests.live.test_operations import finish, packed

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def lecture(world: County, var_dir: Path) -> Lecture:
    """A recording of ten seconds, in segments of two."""
    found = make_live(world)
    operations.end_lecture(occasion_id=found.pk, as_of=timezone.now())
    folder = packed(var_dir / "one")
    lines = [f"#EXTINF:2.0,\n{n}.m4s" for n in range(5)]
    (folder / "video.m3u8").write_text(
        "\n".join(["#EXTM3U", '#EXT-X-MAP:URI="init.mp4"', *lines, "#EXT-X-ENDLIST", ""])
    )
    for n in range(5):
        (folder / f"{n}.m4s").write_bytes(b"not a picture")
    finish(found, folder, duration_ms=10_000)
    return Lecture.objects.select_related("occasion", "recording").get(pk=found.pk)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def filled(page: Any, /, **changes: str) -> dict[str, Any]:
    form = {"act": "look", "start": "0:03", "end": "0:09", "without": "0:04-0:05", "title": "防汛一讲"}
    return form | {"course": str(page.pk)} | changes


def made(client: Client, url: str, form: dict[str, Any]) -> Any:
    """What a person does: look, then make what was seen."""
    seen = client.post(url, form).context["form"].data["seen"]
    return client.post(url, form | {"act": "make", "seen": seen})


def test_an_organiser_makes_a_draft_lesson_of_a_part(world: County, lecture: Lecture) -> None:
    course = CoursePageFactory(node=world.branch)
    client, url = signed_in(world.organiser), reverse("live_cut", args=[lecture.pk])
    assert url in client.get(reverse("live_replay", args=[lecture.pk])).content.decode()
    page = client.get(url).content.decode()
    assert 'value="00:10"' in page
    looked = client.post(url, filled(course))
    # Outwards at the ends, the part that is taken out goes with all of its segment.
    assert (looked.context["rows"], looked.context["data"]) == (
        ["00:02 – 00:04", "00:06 – 00:10"], {"spans": [(2_000, 4_000), (6_000, 10_000)]},
    )  # fmt: skip
    assert "共 6 秒" in looked.content.decode()
    assert not LessonPage.objects.exists()
    answer = made(client, url, filled(course))
    lesson = LessonPage.objects.get()
    assert answer.url == reverse("wagtailadmin_pages:edit", args=[lesson.pk])
    assert (lesson.title, lesson.live, lesson.get_parent().pk, lesson.owner) == (
        "防汛一讲", False, course.pk, world.organiser,
    )  # fmt: skip
    video = Clip.objects.get().video
    assert (video.node, video.created_by, video.state) == (world.branch, world.organiser, "queued")
    assert {row.video_id for row in Material.objects.filter(lesson=lesson)} == {video.pk}
    edit = client.get(answer.url)
    assert (edit.status_code, "没剪成会在视频那里说明原因" in edit.content.decode()) == (200, True)
    assert transcode(job_id=Job.objects.get().pk, as_of=timezone.now())
    video.refresh_from_db()
    assert (video.state, video.duration_ms) == ("ready", 6_000)
    # The lecture is declared void and its recording deleted: the lesson keeps its own.
    now = timezone.now()
    operations.void_lecture(occasion_id=lecture.pk, reason="讲错了", actor_id=world.organiser.pk, as_of=now)
    delete_video(video_id=lecture.recording_id, as_of=now, actor_id=world.organiser.pk)  # type: ignore[arg-type]
    assert Video.objects.get() == video
    assert "没有可以剪的回放" in client.get(url, follow=True).content.decode()


def test_a_second_click_makes_no_second_lesson(world: County, lecture: Lecture) -> None:
    course, other = CoursePageFactory(node=world.branch), CoursePageFactory(node=world.branch)
    client, url = signed_in(world.organiser), reverse("live_cut", args=[lecture.pk])
    first, second = (made(client, url, filled(course)).url for _click in range(2))
    assert (first == second, LessonPage.objects.count(), Clip.objects.count(), Job.objects.count()) == (True, 1, 1, 1)
    # Anything else is meant: another course, name or part, the same one later, or after the draft was deleted.
    made(client, url, filled(other))
    made(client, url, filled(course, title="又一讲"))
    made(client, url, filled(course, end="0:07"))
    assert LessonPage.objects.count() == 4
    LessonPage.objects.order_by("pk").first().delete()
    made(client, url, filled(course))
    Video.objects.update(created_at=timezone.now() - AGAIN)
    made(client, url, filled(course))
    assert LessonPage.objects.count() == 5


def test_nothing_is_made_of_times_that_nobody_has_seen(world: County, lecture: Lecture) -> None:
    course = CoursePageFactory(node=world.branch)
    client, url = signed_in(world.organiser), reverse("live_cut", args=[lecture.pk])
    form = filled(course)
    seen = client.post(url, form).context["form"].data["seen"]
    changed = client.post(url, form | {"act": "make", "seen": seen, "end": "0:05"})
    assert changed.context["rows"] == ["00:02 – 00:04"]
    assert "时间改过了，还没有放进课程" in changed.content.decode()
    assert not Clip.objects.exists()
    again = form | {"act": "make", "seen": changed.context["form"].data["seen"], "end": "0:05"}
    assert client.post(url, again).status_code == 302


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": "开头"}, "请写成 分:秒"),
        ({"end": "0:02"}, "要晚于“从”的时间"),
        ({"end": "99:00"}, "回放只有 00:10"),
        ({"end": "0:75"}, "后面的分和秒不超过 59"),
        ({"without": "0:04-0:05\n\n中间"}, "第 3 行看不懂"),
        ({"without": "0:05-0:04"}, "第 1 行的结尾要晚于开头"),
        ({"without": "0:01-0:02\n" * 11}, "最多去掉 10 段"),
        ({"without": "0:00-0:10"}, "什么也不剩"),
        ({"title": ""}, "课的名称"),
        ({"course": ""}, "放进哪门课程"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    world: County, lecture: Lecture, changes: dict[str, str], said: str
) -> None:
    course = CoursePageFactory(node=world.branch)
    form = filled(course, **changes) | {"act": "make"}
    page = signed_in(world.organiser).post(reverse("live_cut", args=[lecture.pk]), form)
    assert page.status_code == 200
    assert page.context["form"].errors
    text = page.content.decode()
    assert said in text
    assert form["start"] in text
    assert not Clip.objects.exists()


def test_looking_asks_for_times_alone(world: County, lecture: Lecture) -> None:
    form = filled(CoursePageFactory(node=world.branch), course="", title="")
    page = signed_in(world.organiser).post(reverse("live_cut", args=[lecture.pk]), form)
    assert (page.context["rows"], page.context["form"].errors) == (["00:02 – 00:04", "00:06 – 00:10"], {})


def test_only_a_host_who_writes_courses_finds_it_and_only_their_courses(world: County, lecture: Lecture) -> None:
    url = reverse("live_cut", args=[lecture.pk])
    foreign = RoleGrantFactory(role=Role.ORGANISER, node=world.neighbour).user
    for user in (world.member, world.secretary, world.lecturer, foreign):
        assert signed_in(user).get(url).status_code == 404
        assert signed_in(user).post(url, {}).status_code == 404
    page = signed_in(world.organiser).post(url, filled(CoursePageFactory()) | {"act": "make"})
    assert "course" in page.context["form"].errors
    course = CoursePageFactory(node=world.neighbour)
    # The lecturer who organises elsewhere cuts their own recording for their own courses.
    RoleGrantFactory(user=world.lecturer, role=Role.ORGANISER, node=world.neighbour)
    lecturer = User.objects.get(pk=world.lecturer.pk)
    assert made(signed_in(lecturer), url, filled(course)).status_code == 302
    assert LessonPage.objects.get().get_parent().pk == course.pk


def test_a_recording_that_goes_at_that_moment(world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
    course = CoursePageFactory(node=world.branch)
    client, url = signed_in(world.organiser), reverse("live_cut", args=[lecture.pk])

    def gone(**_given: Any) -> int:
        raise UnableToCut("gone")

    monkeypatch.setattr("live.views.cutting.cut_to_lesson", gone)
    page = made(client, url, filled(course))
    assert (page.status_code, "回放已经不在了" in page.content.decode()) == (200, True)
    Lecture.objects.filter(pk=lecture.pk).update(recording=None)
    with pytest.raises(UnableToCut, match="gone"):
        operations.cut_to_lesson(
            occasion_id=lecture.pk, course_id=course.pk, start_ms=0, end_ms=9_000, without=[], title="",
            actor_id=world.organiser.pk, as_of=timezone.now(),
        )  # fmt: skip
    assert "没有可以剪的回放" in client.get(url, follow=True).content.decode()


def test_the_page_asks_as_much_for_many_courses_as_for_one(world: County, lecture: Lecture) -> None:
    client, url = signed_in(world.organiser), reverse("live_cut", args=[lecture.pk])
    asked = []
    for _count in (1, 3):
        CoursePageFactory(node=world.branch)
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        asked.append(len(queries))
    assert asked[0] == asked[1]
