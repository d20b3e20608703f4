"""The chapters of a video: written, changed, refused with the line, carried along, and seen by whom."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from media.core.chapters import Chapter
from media.models import Video
from media.operations import carry_chapters
from media.queries import chapters_of, playback
from organizations.models import Role, User
from tests.factories.media import ReadyVideoFactory
from tests.factories.organizations import RoleGrantFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def world() -> Any:
    return make_county()


@pytest.fixture
def video(world: Any) -> Video:
    return ReadyVideoFactory(node=world.branch, created_by=world.lecturer, duration_ms=600_000)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, video: Video, text: str, title: str = "防汛") -> Any:
    return client.post(
        reverse("videos:edit", args=[video.pk]), {"title": title, "chapters": text, "node": video.node_id}
    )


def test_the_life_of_chapters(world: Any, video: Video) -> None:
    client, url = signed_in(world.lecturer), reverse("videos:edit", args=[video.pk])
    assert 'name="chapters"' in client.get(url).content.decode()
    assert send(client, video, "00:00 开场\r\n1：05、三种骗局\r\n").status_code == 302
    video.refresh_from_db()
    assert video.chapters == [[0, "开场"], [65_000, "三种骗局"]]
    assert "00:00 开场\n01:05 三种骗局</textarea>" in client.get(url).content.decode()
    # A form that does not have them leaves them; an empty one takes them away.
    client.post(url, {"title": "别的名称", "node": video.node_id})
    video.refresh_from_db()
    assert (video.title, len(video.chapters)) == ("别的名称", 2)
    found = playback(video=video, viewer_id=world.lecturer.pk, as_of=timezone.now())
    assert found.chapters == (Chapter(0, "开场"), Chapter(65_000, "三种骗局"))
    send(client, video, " ")
    video.refresh_from_db()
    assert video.chapters == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("开场", "第 1 行没有时间"),
        ("00:00 开场\n\n00:99 二", "第 3 行的时间看不懂"),
        ("00:00", "第 1 行没有标题"),
        ("00:00 " + "长" * 61, "第 1 行的标题超过 60 字"),
        ("00:10 一\n00:05 二", "第 2 行的时间不在上一行以后"),
        ("00:10 一\n10:00 二", "第 2 行的时间超过了视频的长度"),
        ("\n".join(f"{n // 60:02}:{n % 60:02} 第{n}" for n in range(101)), "第 101 行起超过 100 章"),
    ],
)
def test_what_is_not_taken_names_the_line_and_stays_in_the_field(
    world: Any, video: Video, text: str, said: str
) -> None:
    Video.objects.filter(pk=video.pk).update(chapters=[[0, "原来的"]])
    page = send(signed_in(world.organiser), video, text, title="新名称").content.decode()
    assert said in page
    assert f"{text}</textarea>" in page
    assert 'value="新名称"' in page
    video.refresh_from_db()
    assert video.chapters == [[0, "原来的"]]


def test_a_newer_version_is_not_overwritten_unseen(world: Any, video: Video) -> None:
    url = reverse("videos:edit", args=[video.pk])
    mine, other = signed_in(world.lecturer), signed_in(world.organiser)
    seen = mine.get(url).context["form"]["seen"].value()
    values = {"title": "我的名称", "chapters": "00:00 我的", "node": video.node_id, "seen": seen}
    assert other.post(url, {**values, "title": "防汛", "chapters": "00:00 别人的"}).status_code == 302
    refused = mine.post(url, values)
    page = refused.content.decode()
    assert "您打开这一页以后，这里又保存过一次" in page
    assert "00:00 我的</textarea>" in page
    assert 'value="我的名称"' in page
    video.refresh_from_db()
    assert (video.title, video.chapters) == ("防汛", [[0, "别人的"]])
    again = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert again is not None
    assert mine.post(url, {**values, "seen": again[1]}).status_code == 302
    video.refresh_from_db()
    assert (video.title, video.chapters) == ("我的名称", [[0, "我的"]])


def test_while_the_length_is_not_known_any_moment_may_be_written_and_only_those_within_it_are_shown(
    world: Any, video: Video
) -> None:
    Video.objects.filter(pk=video.pk).update(duration_ms=None, state="queued")
    assert send(signed_in(world.lecturer), video, "00:30 一\n59:00 二").status_code == 302
    video.refresh_from_db()
    assert len(chapters_of(video)) == 2
    video.duration_ms = 60_000
    assert chapters_of(video) == (Chapter(30_000, "一"),)


def test_others_do_not_divide_it(world: Any, video: Video) -> None:
    """Another county's organiser finds nothing; an operator keeps the list in order and does not look."""
    stranger = RoleGrantFactory(role=Role.ORGANISER).user
    assert send(signed_in(stranger), video, "00:00 一").status_code in (302, 404)
    operator = RoleGrantFactory(role=Role.OPERATOR, node=world.county).user
    url = reverse("videos:edit", args=[video.pk])
    assert 'name="chapters"' not in signed_in(operator).get(url).content.decode()
    send(signed_in(operator), video, "00:00 一")
    video.refresh_from_db()
    assert (video.title, video.chapters) == ("防汛", [])


def test_a_better_recording_takes_them_over_unless_it_has_its_own(world: Any, video: Video) -> None:
    better, own = ReadyVideoFactory(), ReadyVideoFactory(chapters=[[0, "自己的"]])
    carry_chapters(earlier_id=video.pk, video_id=better.pk)
    assert Video.objects.get(pk=better.pk).chapters == []
    Video.objects.filter(pk=video.pk).update(chapters=[[0, "原来的"]])
    for each in (better, own):
        carry_chapters(earlier_id=video.pk, video_id=each.pk)
    assert Video.objects.get(pk=better.pk).chapters == [[0, "原来的"]]
    assert Video.objects.get(pk=own.pk).chapters == [[0, "自己的"]]
