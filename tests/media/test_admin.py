"""The video screens of the admin: each sees their own part, states are said in words, retry works."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ReferenceIndex

from media.choosers import VideoChooserBlock, choosable
from media.models import Video
from media.permissions import may_manage_video, may_preview_video
from media.queries import videos_for
from organizations.models import NodeKind, Role, User
from tests.factories.media import ReadyVideoFactory, UploadFactory, VideoFactory
from tests.factories.organizations import NodeFactory, RoleGrantFactory, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def county() -> Any:
    return NodeFactory(kind=NodeKind.COUNTY)


@pytest.fixture
def organiser(county: Any) -> User:
    return RoleGrantFactory(role=Role.ORGANISER, node=county).user


@pytest.fixture
def admin(organiser: User) -> Client:
    client = Client()
    client.force_login(organiser)
    return client


@pytest.fixture
def foreign() -> Video:
    """Made by the organiser of another county."""
    return ReadyVideoFactory(created_by=RoleGrantFactory(role=Role.ORGANISER).user)


def test_organiser_sees_own_subtree_and_shared_videos_alone(county: Any, organiser: User, foreign: Video) -> None:
    township = NodeFactory(parent=county, kind=NodeKind.TOWNSHIP)
    below = VideoFactory(created_by=RoleGrantFactory(role=Role.LECTURER, node=township).user)
    own, shared = VideoFactory(created_by=organiser), VideoFactory(created_by=None)
    assert set(videos_for(organiser)) == {below, own, shared}
    assert not may_manage_video(organiser, foreign)
    assert may_preview_video(organiser.pk, str(own.pk))
    assert not may_preview_video(organiser.pk, str(foreign.pk))
    assert not may_preview_video(organiser.pk, "17")
    assert not may_preview_video(0, str(own.pk))


def test_lecturer_sees_own_and_shared(foreign: Video) -> None:
    lecturer = RoleGrantFactory(role=Role.LECTURER, node=foreign.created_by.role_grants.get().node).user
    own, shared = VideoFactory(created_by=lecturer), VideoFactory(created_by=None)
    assert set(videos_for(lecturer)) == {own, shared}


def test_operator_sees_all_and_members_nothing(foreign: Video) -> None:
    assert list(videos_for(RoleGrantFactory(role=Role.OPERATOR).user)) == [foreign]
    assert not videos_for(UserFactory()).exists()
    assert not videos_for(RoleGrantFactory(role=Role.SECRETARY).user).exists()


def test_list_shows_state_and_reason_in_words(admin: Client, organiser: User, foreign: Video) -> None:
    VideoFactory(title="防汛", created_by=organiser, state=Video.State.FAILED, error_code="truncated")
    VideoFactory(title="急救", created_by=organiser, state=Video.State.RUNNING, progress=37)
    page = admin.get(reverse("videos:index")).content.decode()
    assert "文件不完整" in page
    assert "37%" in page
    assert foreign.title not in page


@pytest.mark.parametrize("name", ["videos:index", "video_chooser:choose"])
def test_list_costs_the_same_for_one_and_many(
    admin: Client, organiser: User, name: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    VideoFactory(created_by=organiser)
    admin.get(reverse(name))
    with django_assert_max_num_queries(40) as one:
        admin.get(reverse(name))
    VideoFactory.create_batch(2, created_by=organiser)
    with django_assert_num_queries(len(one)):
        admin.get(reverse(name))


def known(page: str) -> dict[str, Any]:
    """What the upload page's script is given."""
    found = re.search(r'<script id="upload-page" type="application/json">(.*?)</script>', page)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


def test_upload_page_knows_ones_own_files_from_any_device(
    admin: Client, organiser: User, django_assert_num_queries: Any
) -> None:
    UploadFactory()  # somebody else's
    UploadFactory(owner=organiser, expires_at=timezone.now())  # given up
    begun = UploadFactory(owner=organiser, filename="一.mp4", title="第一讲", length=200, offset=50)
    sent = UploadFactory(
        owner=organiser, filename="二.mp4", video=ReadyVideoFactory(title="第二讲", created_by=organiser)
    )
    with CaptureQueriesContext(connection) as few:
        told = known(admin.get(reverse("videos:add")).content.decode())
    assert told["unfinished"] == [
        {"name": "一.mp4", "size": 200, "title": "第一讲", "url": f"/uploads/{begun.pk}/", "percent": 25}
    ]
    assert [(one["name"], one["title"]) for one in told["sent"]] == [(sent.filename, "第二讲")]
    for _ in range(2):
        UploadFactory(owner=organiser)
        UploadFactory(owner=organiser, video=ReadyVideoFactory(created_by=organiser))
    with django_assert_num_queries(len(few)):
        told = known(admin.get(reverse("videos:add")).content.decode())
    assert (len(told["unfinished"]), len(told["sent"])) == (3, 3)


def test_upload_page_lists_own_unfinished_uploads(admin: Client, organiser: User) -> None:
    UploadFactory(owner=organiser, filename="第一讲.mp4", length=1000, offset=450)
    UploadFactory(filename="别人的.mp4")
    page = admin.get(reverse("videos:add")).content.decode()
    assert "第一讲.mp4" in page
    assert "已传 45%" in page
    assert "别人的.mp4" not in page
    assert 'data-upload="/uploads/"' in page
    assert admin.post(reverse("videos:add"), {"title": "x"}).status_code == 405


def test_title_is_edited(admin: Client, organiser: User) -> None:
    video = ReadyVideoFactory(created_by=organiser)
    assert "data-preview" in admin.get(reverse("videos:edit", args=[video.pk])).content.decode()
    admin.post(reverse("videos:edit", args=[video.pk]), {"title": "防汛安全"})
    video.refresh_from_db()
    assert video.title == "防汛安全"


@pytest.mark.parametrize("name", ["edit", "delete", "usage", "history"])
def test_foreign_video_does_not_exist(admin: Client, foreign: Video, name: str) -> None:
    assert admin.get(reverse(f"videos:{name}", args=[foreign.pk])).status_code == 404
    assert Video.objects.filter(pk=foreign.pk).exists()


def test_foreign_video_cannot_be_retried_chosen_or_asked_for(admin: Client, foreign: Video) -> None:
    assert admin.post(reverse("videos:retry", args=[foreign.pk])).status_code == 404
    assert admin.get(reverse("video_chooser:chosen", args=[foreign.pk])).status_code == 404
    assert admin.get(reverse("videos:status"), {"id": str(foreign.pk)}).json() == {"videos": []}
    assert admin.get(reverse("videos:status"), {"id": "x"}).status_code == 404


def test_status_says_everything_the_page_shows(admin: Client, organiser: User) -> None:
    failed = VideoFactory(created_by=organiser, state=Video.State.FAILED, error_code="nothing")
    ready = ReadyVideoFactory(created_by=organiser)
    response = admin.get(reverse("videos:status"), {"id": [str(failed.pk), str(ready.pk)]})
    answer = {video["id"]: video for video in response.json()["videos"]}
    assert answer[str(failed.pk)]["message"] == "文件里没有画面也没有声音，请换一个文件。"
    assert (answer[str(failed.pk)]["label"], answer[str(failed.pk)]["hls"]) == ("处理失败", "")
    assert answer[str(ready.pk)]["hls"].endswith("/master.m3u8")
    assert "no-store" in response["Cache-Control"]


def test_failed_video_is_retried_from_the_page(admin: Client, organiser: User, media_root: Any) -> None:
    video = VideoFactory(created_by=organiser, state=Video.State.FAILED, error_code="broken", source_path="sources/a")
    (media_root / "sources").mkdir(parents=True)
    (media_root / "sources" / "a").write_text("x")
    assert "重试" in admin.get(reverse("videos:edit", args=[video.pk])).content.decode()
    for wanted in ("已重新排队处理。", "这个视频现在不能重试"):
        page = admin.post(reverse("videos:retry", args=[video.pk]), follow=True).content.decode()
        assert wanted in page
    video.refresh_from_db()
    assert (video.state, video.jobs.count()) == (Video.State.QUEUED, 1)


def test_video_in_use_is_not_deleted(admin: Client, organiser: User) -> None:
    used, free = ReadyVideoFactory(created_by=organiser), ReadyVideoFactory(created_by=organiser)
    other = VideoFactory(created_by=organiser)
    ReferenceIndex.objects.create(
        base_content_type=ReferenceIndex._get_base_content_type(Video),
        content_type=ReferenceIndex._get_base_content_type(Video),
        object_id=str(other.pk),
        to_content_type=ReferenceIndex._get_base_content_type(Video),
        to_object_id=str(used.pk),
        model_path="body",
        content_path="body",
        content_path_hash="00000000-0000-0000-0000-000000000000",
    )
    for video in (used, free):
        admin.post(reverse("videos:delete", args=[video.pk]))
    assert set(Video.objects.all()) == {used, other}


def test_chooser_offers_what_will_play(admin: Client, organiser: User) -> None:
    ready, working = ReadyVideoFactory(created_by=organiser), VideoFactory(created_by=organiser)
    VideoFactory(created_by=organiser, state=Video.State.FAILED)
    assert set(choosable(organiser)) == {ready, working}
    page = admin.get(reverse("video_chooser:choose")).json()["html"]
    assert ready.title in page
    assert "可播放" in page
    chosen = admin.get(reverse("video_chooser:chosen", args=[ready.pk])).json()
    assert chosen["result"]["id"] == str(ready.pk)
    assert VideoChooserBlock().to_python(str(ready.pk)) == ready


@pytest.mark.parametrize("name", ["videos:index", "videos:add", "videos:status", "video_chooser:choose"])
def test_members_and_secretaries_find_no_video_screens(name: str) -> None:
    for user in (UserFactory(), RoleGrantFactory(role=Role.SECRETARY).user):
        client = Client()
        client.force_login(user)
        assert client.get(reverse(name)).status_code in {302, 403, 404}
