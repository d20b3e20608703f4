"""The captions of a video: their whole life through the door, and who gets them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from media.core.captions import Cue, write_vtt
from media.models import Captions, Video
from media.operations import UnableToKeepCaptions, keep_captions, shift_captions
from media.queries import captions_file, playback
from media.signing import signed_url
from organizations.models import Role, User
from tests.factories.media import ReadyVideoFactory
from tests.factories.organizations import RoleGrantFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SRT = (
    "1\n00:00:01,000 --> 00:00:02,000\n第一句\n\n2\n00:00:03,000 --> 00:00:04,000\n第二句\n\n"
    "3\n00:50:00,000 --> 00:50:01,000\n片外\n"
)


@pytest.fixture
def world() -> Any:
    return make_county()


@pytest.fixture
def video(world: Any) -> Video:
    return ReadyVideoFactory(node=world.branch, created_by=world.lecturer, duration_ms=60_000)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(client: Client, video: Video, text: str | bytes, name: str = "第一讲.srt") -> Any:
    data = text.encode() if isinstance(text, str) else text
    form = {"act": "upload", "file": SimpleUploadedFile(name, data)}
    return client.post(reverse("videos:captions", args=[video.pk]), form, follow=True)


def address(video: Video, user: User) -> str:
    return playback(video=Video.objects.get(pk=video.pk), viewer_id=user.pk, as_of=timezone.now()).captions_url


def test_the_life_of_captions(world: Any, video: Video) -> None:
    client = signed_in(world.lecturer)
    url = reverse("videos:captions", args=[video.pk])
    assert address(video, world.lecturer) == ""
    assert client.get(reverse("videos:captions_download", args=[video.pk])).status_code == 404
    page = send(client, video, SRT.encode("gbk")).content.decode()
    assert "字幕已保存，共 2 条。另有 1 条在视频以外，不显示。" in page
    assert "第一讲.srt" in page
    first = address(video, world.lecturer)
    served = client.get(first)
    assert served.content.decode().startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n第一句\n")
    assert (served["Content-Type"], served["Cache-Control"]) == (
        "text/vtt; charset=utf-8", "private, max-age=31536000, immutable",
    )  # fmt: skip
    # Shifted: the earlier address leads nowhere, and shifting back costs nothing.
    earlier = client.post(url, {"act": "shift", "shift": "-1.5"}, follow=True).content.decode()
    assert "字幕已整体提前 1.5 秒。" in earlier
    second = address(video, world.lecturer)
    assert client.get(first).status_code == 404
    assert "00:00:00.000 --> 00:00:00.500\n第一句" in client.get(second).content.decode()
    assert "字幕的时间已恢复原样。" in client.post(url, {"act": "shift", "shift": "0"}, follow=True).content.decode()
    assert address(video, world.lecturer) == first
    # Replaced, opened again, downloaded, deleted.
    send(client, video, "WEBVTT\n\n00:05.000 --> 00:06.000\n新的\n", "新.vtt")
    assert "新的" in client.get(url).content.decode()
    file = client.get(reverse("videos:captions_download", args=[video.pk]))
    assert file.content.decode() == "WEBVTT\n\n00:00:05.000 --> 00:00:06.000\n新的\n"
    client.post(url, {"act": "delete"})
    assert (address(video, world.lecturer), Captions.objects.count()) == ("", 0)
    assert client.post(url, {"act": "delete"}).status_code == 302
    assert client.post(url, {"act": "?"}, follow=True).status_code == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("WEBVTT\n\n1\n00:01 -> 00:02\n句\n", "第 3 行没有时间"),
        ("1\n00:00:01,000 --> 00:00:99,000\n句\n", "第 2 行的时间看不懂"),
        ("1\n00:00:02,000 --> 00:00:01,000\n句\n", "第 2 行的结束时间不在开始时间以后"),
        (b"\xff\xff\x81", "读不出文字"),
        ("1\n01:00:01,000 --> 01:00:02,000\n别的视频\n", "没有一条字幕落在视频里"),
    ],
)
def test_a_file_that_is_not_taken_changes_nothing(world: Any, video: Video, text: str | bytes, said: str) -> None:
    client = signed_in(world.organiser)
    send(client, video, SRT)
    page = send(client, video, text)
    assert page.status_code == 400
    assert said in page.content.decode()
    assert Captions.objects.get().cues[0] == [1000, 2000, "第一句"]


def test_no_file_and_a_wrong_shift(world: Any, video: Video) -> None:
    client, url = signed_in(world.organiser), reverse("videos:captions", args=[video.pk])
    assert "还没有选文件" in client.post(url, {"act": "upload"}).content.decode()
    assert "没有字幕" in client.post(url, {"act": "shift", "shift": "1"}).content.decode()
    send(client, video, SRT)
    for wrong in ("很多", "1e999", "nan", "4000"):
        page = client.post(url, {"act": "shift", "shift": wrong})
        assert "-3600 到 3600" in page.content.decode()
        assert f'value="{wrong}"' in page.content.decode(), "what was typed stands there"
    assert "没有一条字幕落在视频里" in client.post(url, {"act": "shift", "shift": "300"}).content.decode()
    assert Captions.objects.get().shift_ms == 0


def test_others_find_nothing(world: Any, video: Video) -> None:
    send(signed_in(world.lecturer), video, SRT)
    for user in (world.member, world.secretary, RoleGrantFactory(role=Role.ORGANISER).user, UserFactory()):
        client = signed_in(user)
        assert client.get(address(video, world.lecturer)).status_code == 404
        for name in ("videos:captions", "videos:captions_download"):
            assert client.get(reverse(name, args=[video.pk])).status_code in (302, 404)
    assert Client().get(address(video, world.lecturer)).status_code == 404
    # The operator keeps titles in order, and looks at nothing.
    operator = RoleGrantFactory(role=Role.OPERATOR, node=world.county).user
    assert signed_in(operator).get(reverse("videos:captions", args=[video.pk])).status_code == 404


def test_there_are_no_captions_of_a_live_picture(world: Any) -> None:
    url = signed_url(
        root="live", object_id="1", viewer_id=world.lecturer.pk, path="captions-0.vtt", as_of=timezone.now()
    )
    assert signed_in(world.lecturer).get(url).status_code == 404


def test_no_cues_are_no_captions(video: Video) -> None:
    now = timezone.now()
    keep_captions(video_id=video.pk, cues=[Cue(0, 1000, "一")], origin="live", as_of=now)
    keep_captions(video_id=video.pk, cues=[], origin="live", as_of=now)
    assert captions_file(video_id=str(video.pk), name="captions-.vtt") is None
    with pytest.raises(UnableToKeepCaptions, match="gone"):
        shift_captions(video_id=video.pk, shift_ms=1, actor_id=1, as_of=now + dt.timedelta(seconds=1))


def test_captions_are_written_once_for_all_who_watch(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def noted(given: Iterable[Cue]) -> str:
        written.append(write_vtt(given))
        return written[-1]

    cues, now = [Cue(0, 1000, "一")], timezone.now()
    keep_captions(video_id=video.pk, cues=cues, origin="file", as_of=now)
    digest = Video.objects.get(pk=video.pk).captions_digest
    which = {"video_id": str(video.pk), "name": f"captions-{digest}.vtt"}
    monkeypatch.setattr("media.queries.write_vtt", noted)
    assert captions_file(**which) == captions_file(**which) == write_vtt(cues)
    assert len(written) == 1
    # What is remembered is nobody's any more once others have taken its place, or the video is gone.
    keep_captions(video_id=video.pk, cues=[Cue(0, 1000, "二")], origin="file", as_of=now)
    assert captions_file(**which) is None
    keep_captions(video_id=video.pk, cues=cues, origin="file", as_of=now)
    assert captions_file(**which) is not None
    Video.objects.filter(pk=video.pk).delete()
    assert captions_file(**which) is None


def test_captions_that_are_replaced_while_somebody_asks(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    keep_captions(video_id=video.pk, cues=[Cue(0, 1000, "一")], origin="file", as_of=now)
    name = f"captions-{Video.objects.get(pk=video.pk).captions_digest}.vtt"

    def replaced(_key: str) -> None:
        keep_captions(video_id=video.pk, cues=[Cue(0, 1000, "二")], origin="file", as_of=now)

    monkeypatch.setattr("media.queries.cache.get", replaced)
    assert captions_file(video_id=str(video.pk), name=name) is None


def test_captions_of_a_film_that_is_not_ready_wait_for_it(video: Video) -> None:
    Video.objects.filter(pk=video.pk).update(duration_ms=None)
    kept = keep_captions(video_id=video.pk, cues=[Cue(0, 1000, "一")], origin="file", as_of=timezone.now())
    assert (kept.shown, kept.outside) == (1, 0)


def test_a_page_with_many_lines_shows_the_first(world: Any, video: Video) -> None:
    cues = [Cue(100 * n, 100 * n + 300, f"第{n}句") for n in range(250)]
    keep_captions(video_id=video.pk, cues=cues, origin="live", as_of=timezone.now())
    page = signed_in(world.organiser).get(reverse("videos:captions", args=[video.pk])).content.decode()
    assert "还有 50 条" in page
    assert "直播时打的字幕" in page
