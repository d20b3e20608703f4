"""The video screens of the admin: each sees their own part, states are said in words, retry works."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from media.choosers import VideoChooserBlock, choosable
from media.models import Video
from media.operations import create_video
from media.permissions import may_manage_video, may_preview_video
from media.queries import managed_by, videos_for
from organizations.models import NodeKind, Role, User
from organizations.operations import merge_unit
from organizations.unit_uses import uses_of
from tests.factories.live import LectureFactory
from tests.factories.media import JobFactory, ReadyVideoFactory, UploadFactory, VideoFactory
from tests.factories.organizations import NodeFactory, RoleGrantFactory, UserFactory, make_county

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


def test_an_organiser_manages_what_belongs_to_their_units_and_their_people(
    county: Any, organiser: User, foreign: Video
) -> None:
    township = NodeFactory(parent=county, kind=NodeKind.TOWNSHIP)
    below = VideoFactory(created_by=RoleGrantFactory(role=Role.LECTURER, node=township).user)
    own, of_unit = VideoFactory(created_by=organiser), VideoFactory(created_by=None, node=township)
    nobodys = VideoFactory(created_by=None)
    elsewhere = VideoFactory(created_by=organiser, node=foreign.created_by.role_grants.get().node)
    assert set(managed_by(organiser)) == set(videos_for(organiser)) == {below, own, of_unit}
    assert not may_manage_video(organiser, foreign)
    assert not may_preview_video(organiser.pk, str(nobodys.pk))
    assert not may_manage_video(organiser, elsewhere)
    assert may_preview_video(organiser.pk, str(own.pk))
    assert not may_preview_video(organiser.pk, "17")
    assert not may_preview_video(0, str(own.pk))


def test_a_lecturer_manages_their_own_alone_while_they_work_there(county: Any, foreign: Video) -> None:
    """Finding: security 1 (c)."""
    grant = RoleGrantFactory(role=Role.LECTURER, node=county)
    own = VideoFactory(created_by=grant.user, node=county)
    VideoFactory(created_by=None), VideoFactory(created_by=None, node=county)
    assert set(managed_by(grant.user)) == {own}
    grant.active_to_date = grant.active_from_date
    grant.save()
    moved = RoleGrantFactory(user=User.objects.get(pk=grant.user_id), role=Role.LECTURER).user
    assert not managed_by(moved).exists()


def test_the_operator_keeps_in_order_what_is_below_and_what_is_nobodys(county: Any, foreign: Video) -> None:
    township = NodeFactory(parent=county, kind=NodeKind.TOWNSHIP)
    nobodys, of_unit = VideoFactory(created_by=None), VideoFactory(created_by=None, node=township)
    assert set(managed_by(RoleGrantFactory(role=Role.OPERATOR, node=county).user)) == {nobodys, of_unit}
    assert set(managed_by(RoleGrantFactory(role=Role.OPERATOR, node=township).user)) == {of_unit}
    assert not managed_by(UserFactory()).exists()
    assert not managed_by(RoleGrantFactory(role=Role.SECRETARY).user).exists()


def test_a_video_belongs_to_where_its_uploader_works(county: Any, tmp_path: Path, media_root: Any) -> None:
    township = NodeFactory(parent=county, kind=NodeKind.TOWNSHIP)
    other = NodeFactory(parent=county, kind=NodeKind.TOWNSHIP)

    def made_by(*nodes: Any) -> Any:
        user = UserFactory()
        for node in nodes:
            RoleGrantFactory(user=user, role=Role.LECTURER, node=node)
        source = tmp_path / "film.mp4"
        source.write_bytes(b"x")
        return create_video(title="防汛", source=source, source_name="film.mp4", created_by_id=user.pk).node

    assert made_by(township) == township
    assert made_by(township, county) == county
    assert made_by(other, township) == township  # of several beside each other the first in the tree
    assert made_by() is None


def test_its_manager_hands_a_video_over_to_another_of_their_units(admin: Client, county: Any, organiser: User) -> None:
    township, outside = NodeFactory(parent=county, kind=NodeKind.TOWNSHIP), NodeFactory()
    video = ReadyVideoFactory(created_by=organiser)
    url = reverse("videos:edit", args=[video.pk])
    page = admin.post(url, {"title": "急救", "node": outside.pk})
    assert page.status_code == 200
    said = page.content.decode()
    assert "data-units" in said  # no list of all units
    assert "js/units." in said
    assert "没有这个组织，或者不在您的范围内" in said
    admin.post(url, {"title": "急救", "node": township.pk})
    video.refresh_from_db()
    assert (video.title, video.node) == ("急救", township)
    organiser_below = RoleGrantFactory(role=Role.ORGANISER, node=township).user
    assert may_manage_video(organiser_below, video)


def test_a_lecturer_changes_the_title_and_not_the_unit(county: Any) -> None:
    lecturer = RoleGrantFactory(role=Role.LECTURER, node=county).user
    video = ReadyVideoFactory(created_by=lecturer, node=county)
    client = Client()
    client.force_login(lecturer)
    client.post(reverse("videos:edit", args=[video.pk]), {"title": "新名称", "node": NodeFactory().pk})
    video.refresh_from_db()
    assert (video.title, video.node) == ("新名称", county)


def test_whoever_works_in_several_units_says_to_which_their_own_video_belongs(county: Any) -> None:
    here, there = (NodeFactory(parent=county, kind=NodeKind.TOWNSHIP) for _ in range(2))
    lecturer = RoleGrantFactory(role=Role.LECTURER, node=here).user
    RoleGrantFactory(role=Role.LECTURER, node=there, user=lecturer)
    video = ReadyVideoFactory(created_by=lecturer, node=here)
    client = Client()
    client.force_login(lecturer)
    url = reverse("videos:edit", args=[video.pk])
    client.post(url, {"title": "新名称", "node": county.pk})
    video.refresh_from_db()
    assert video.node == here
    client.post(url, {"title": "新名称", "node": there.pk})
    video.refresh_from_db()
    assert (video.title, video.node) == ("新名称", there)


def test_whoever_leaves_strands_no_film(county: Any, organiser: User) -> None:
    """Of no unit, by somebody whose role has ended: their organisers go on with it."""
    grant = RoleGrantFactory(role=Role.LECTURER, node=county)
    video = VideoFactory(created_by=grant.user)
    grant.active_to_date = grant.active_from_date
    grant.save()
    assert may_manage_video(organiser, video)


def test_videos_go_along_when_their_unit_is_merged() -> None:
    world = make_county()
    video = VideoFactory(created_by=None, node=world.branch)
    today = timezone.localdate()
    assert "1 个视频归这里" in str(uses_of(world.branch, on_date=today))
    merge_unit(node_id=world.branch.pk, into_id=world.neighbour.pk, on_date=today)
    video.refresh_from_db()
    assert video.node == world.neighbour


@pytest.mark.parametrize("state", ["not_held", "void"])
def test_recordings_of_what_was_not_held_are_managed_and_not_offered(county: Any, organiser: User, state: str) -> None:
    video = ReadyVideoFactory(created_by=None, node=county)
    LectureFactory(
        recording=video, occasion__state=state, state="recorded", live_at=timezone.now(), ended_at=timezone.now()
    )
    assert may_manage_video(organiser, video)
    assert not choosable(organiser).exists()


def test_list_shows_state_and_reason_in_words(admin: Client, organiser: User, foreign: Video) -> None:
    VideoFactory(title="防汛", created_by=organiser, state=Video.State.FAILED, error_code="truncated")
    running = VideoFactory(title="急救", created_by=organiser, state=Video.State.RUNNING, progress=37)
    JobFactory(video=running, state="running", progress=37, lease_until_at=timezone.now() + timedelta(minutes=1))
    page = admin.get(reverse("videos:index")).content.decode()
    assert "文件不完整" in page
    assert "37%" in page
    assert foreign.title not in page


def test_what_members_cannot_play_stands_in_the_list_and_on_its_page(
    admin: Client, organiser: User, foreign: Video
) -> None:
    """Media 3: until now nobody but the member saw it."""
    video = ReadyVideoFactory(created_by=organiser, fault_count=3, fault_at=timezone.now())
    for address in ("/admin/videos/", f"/admin/videos/edit/{video.pk}/"):
        assert "3 位党员的手机放不出这个视频" in admin.get(address).content.decode(), address


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
    for wanted in ("已让它重新处理，状态见下。", "这个视频现在不能重试"):
        page = admin.post(reverse("videos:retry", args=[video.pk]), follow=True).content.decode()
        assert wanted in page
    video.refresh_from_db()
    assert (video.state, video.jobs.count()) == (Video.State.QUEUED, 1)


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
