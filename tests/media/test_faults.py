"""What a member's browser cannot decode: told by those who may watch it, each once, and read by who manages it."""

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import timezone

from media.models import Video, VideoFault
from media.operations import UnableToNoteFault, note_fault
from media.operations.faults import MOST_A_DAY
from organizations.models import User
from tests.factories.media import ReadyVideoFactory, VideoFactory
from tests.factories.organizations import UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def yes(_user_id: int, _object_id: str) -> bool:
    return True


@pytest.fixture
def open_to_all(settings: Any) -> None:
    settings.MEDIA_RIGHTS = {"videos": [f"{__name__}.yes"], "live": []}


def tell(user: User | None, video: Video) -> Any:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.post(f"/videos/{video.pk}/fault", {"id": "a"}, content_type="application/json")


def said(video: Video) -> str:
    return Template("{% load faults %}{{ video|faults }}").render(Context({"video": Video.objects.get(pk=video.pk)}))


def test_people_are_counted_once_each_and_the_manager_reads_how_many(open_to_all: None) -> None:
    video, first, second = ReadyVideoFactory(), UserFactory(), UserFactory()
    assert said(video) == ""
    assert [tell(user, video).status_code for user in (first, first, second, first)] == [200] * 4
    assert Video.objects.get(pk=video.pk).fault_count == 2
    assert said(video).startswith("2 位党员的手机放不出这个视频")
    answer = tell(first, video)
    assert "no-store" in answer.headers["Cache-Control"]


def test_only_those_who_may_watch_it_are_heard(media_root: Any) -> None:
    video = ReadyVideoFactory()
    assert tell(None, video).status_code == 401
    assert tell(UserFactory(), video).status_code == 404
    assert not VideoFault.objects.exists()
    assert Client().get(f"/videos/{video.pk}/fault").status_code == 405


def test_a_video_that_is_made_anew_begins_without_faults(open_to_all: None) -> None:
    video, member = ReadyVideoFactory(), UserFactory()
    tell(member, video)
    Video.objects.filter(pk=video.pk).update(folder=f"videos/{video.pk}/{'1' * 32}", fault_count=0, fault_at=None)
    assert said(video) == ""
    tell(member, video)
    assert said(video).startswith("1 位")


def test_there_is_an_end_to_what_one_phone_can_say(open_to_all: None) -> None:
    member, now = UserFactory(), timezone.now()
    for _ in range(MOST_A_DAY):
        note_fault(video_id=ReadyVideoFactory().pk, member_id=member.pk, as_of=now)
    answer = tell(member, ReadyVideoFactory())
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    note_fault(video_id=ReadyVideoFactory().pk, member_id=member.pk, as_of=now + dt.timedelta(days=1, minutes=1))


def test_a_video_that_is_not_ready_has_no_faults() -> None:
    for key in (uuid4(), VideoFactory().pk):
        with pytest.raises(UnableToNoteFault, match="不在了"):
            note_fault(video_id=key, member_id=UserFactory().pk, as_of=timezone.now())


def test_ones_own_download_names_them(open_to_all: None) -> None:
    video, member = ReadyVideoFactory(), UserFactory()
    tell(member, video)
    client = Client()
    client.force_login(member)
    rows = client.get("/me/data.json").json()["unplayable"]
    assert [row["video__title"] for row in rows] == [video.title]
