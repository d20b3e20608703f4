"""Slides over HTTP: the desk's list and uploads, whose pictures they are, the replay's page."""

import datetime as dt
import json
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from wagtail.documents import get_document_model

from attendance.operations import set_replay
from live import operations
from live.models import Lecture, Restriction, SlideDeck, SlideTurn
from live.permissions import may_see_slides
from media.models import Video
from organizations.models import Role, User
from tests.factories.cms import ready_video
from tests.factories.organizations import County, RoleGrantFactory
from tests.live.slides.conftest import add, drawn
from tests.pdfs import ENCRYPTED, make_pdf

pytestmark = pytest.mark.integration


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def host(lecture: Lecture) -> Client:
    return signed_in(lecture.lecturer)


def url(lecture: Lecture, name: str = "live_slides") -> str:
    return reverse(name, args=[lecture.pk])


def upload(host: Client, lecture: Lecture, data: bytes, **more: str) -> Any:
    return host.post(url(lecture), {"file": SimpleUploadedFile("讲稿.pdf", data), **more})


def listed(host: Client, lecture: Lecture) -> list[dict[str, Any]]:
    return list(host.get(url(lecture)).json()["decks"])


def test_from_the_file_to_the_list_and_away_again(host: Client, lecture: Lecture) -> None:
    key = upload(host, lecture, make_pdf(2)).json()["deck"]
    assert [(one["deck"], one["name"], one["state"]) for one in listed(host, lecture)] == [(key, "讲稿", "queued")]
    drawn(SlideDeck.objects.get())
    new = upload(host, lecture, ENCRYPTED, replaces=key).json()["deck"]
    assert [one["replaces"] for one in listed(host, lecture)] == ["", "讲稿"]
    drawn(SlideDeck.objects.get(key=new))
    assert "去掉密码" in listed(host, lecture)[1]["fault"]
    assert host.post(url(lecture, "live_slides_remove"), {"deck": new}).json() == {"removed": True}
    assert [one["pages"] for one in listed(host, lecture)] == [2]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "没有收到文件"),
        ({"file": SimpleUploadedFile("a.pdf", b"")}, "文件是空的"),
        ({"file": SimpleUploadedFile("a.pptx", b"PK\x03\x04...")}, "另存为 PDF"),
        ({"file": SimpleUploadedFile("a.mp4", b"\0\0\0\x20ftypisom")}, "视频"),
        ({"document": "1"}, "文档库里已经没有"),
        ({"document": "x"}, "文档库里已经没有"),
        ({"document": "9" * 30}, "文档库里已经没有"),
    ],
)
def test_what_is_no_pdf_is_refused_with_the_next_step(
    host: Client, lecture: Lecture, sent: dict[str, Any], said: str
) -> None:
    answer = host.post(url(lecture), sent)
    assert answer.status_code == 409
    assert said in answer.json()["message"]
    assert listed(host, lecture) == []


def test_a_document_of_the_library_that_one_may_choose(host: Client, world: County, lecture: Lecture) -> None:
    documents = get_document_model()
    mine, other = (
        documents.objects.create(
            title=title, file=SimpleUploadedFile(f"{owner.pk}.pdf", make_pdf(1)), uploaded_by_user=owner
        )
        for title, owner in (
            ("我的讲稿", world.lecturer),
            ("别人的", RoleGrantFactory(node=world.neighbour, role=Role.LECTURER).user),
        )
    )
    documents.objects.create(
        title="表格", file=SimpleUploadedFile("a.xlsx", b"PK\x03\x04"), uploaded_by_user=world.lecturer
    )
    papers = url(lecture, "live_slide_papers")
    assert host.get(papers).json() == {"papers": [{"id": mine.pk, "title": "我的讲稿"}]}
    assert host.get(papers, {"q": "没有"}).json() == {"papers": []}
    assert len(host.get(papers, {"q": "我的\x00"}).json()["papers"]) == 1
    assert host.post(url(lecture), {"document": str(other.pk)}).status_code == 409
    assert host.post(url(lecture), {"document": str(mine.pk)}).status_code == 200
    assert drawn(SlideDeck.objects.get()).name == "我的讲稿"


def test_no_nul_reaches_the_database(host: Client, lecture: Lecture, deck: SlideDeck) -> None:
    """PostgreSQL refuses to be asked for one."""
    sent = {"file": SimpleUploadedFile("a.pdf", make_pdf(1)), "replaces": "\x00"}
    with CaptureQueriesContext(connection) as asked:
        assert host.post(url(lecture), sent).status_code == 200
        assert host.post(url(lecture, "live_slides_remove"), {"deck": f"{deck.key}\x00"}).status_code == 200
        assert host.get(url(lecture, "live_slide_papers"), {"q": "\x00"}).status_code == 200
    assert not [query["sql"] for query in asked if "\x00" in query["sql"]]
    assert not SlideDeck.objects.filter(pk=deck.pk).exists()


def test_only_hosts_have_a_desk(world: County, lecture: Lecture, deck: SlideDeck) -> None:
    for stranger in (world.member, world.neighbour_member, world.secretary):
        client = signed_in(stranger)
        assert client.get(url(lecture)).status_code == 404
        assert client.get(url(lecture, "live_slide_papers")).status_code == 404
        assert client.post(url(lecture), {"document": "1"}).status_code == 404
        assert client.post(url(lecture, "live_slides_remove"), {"deck": deck.key}).status_code == 404
    assert Client().get(url(lecture)).status_code == 401
    assert listed(signed_in(lecture.lecturer), lecture) != []


def picture(client: Client, lecture: Lecture, deck: SlideDeck, path: str = "720/1.jpg") -> str:
    state = client.get(reverse("live_state", args=[lecture.pk])).json()
    return f"{state['slides_url']}{deck.key}/{path}"


def test_a_picture_is_its_viewers_own_and_ends_with_the_right(world: County, lecture: Lecture, deck: SlideDeck) -> None:
    operations.show_slide(occasion_id=lecture.pk, deck=deck.key, page=2, as_of=timezone.now())
    member = signed_in(world.member)
    state = member.get(reverse("live_state", args=[lecture.pk])).json()
    assert state["slide"] == {"t": "slide", "deck": deck.key, "page": 2, "pages": 3}
    address = picture(member, lecture, deck)
    answer = member.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert "private" in answer["Cache-Control"]
    assert member.get(picture(member, lecture, deck, "source.pdf")).status_code == 404
    assert member.get(picture(member, lecture, deck, "../../1.jpg")).status_code == 404
    for other in (Client(), signed_in(world.members[1]), signed_in(world.neighbour_member)):
        assert other.get(address).status_code == 404
    assert signed_in(world.neighbour_member).get(reverse("live_state", args=[lecture.pk])).status_code == 404
    operations.restrict(
        occasion_id=lecture.pk,
        member_id=world.member.pk,
        kind=Restriction.Kind.REMOVED,
        actor_id=lecture.lecturer_id,
        as_of=timezone.now(),
    )
    cache.clear()
    assert member.get(address).status_code == 404


def test_whoever_a_locked_room_keeps_outside_sees_neither_its_slides_nor_who_speaks(
    world: County, lecture: Lecture, deck: SlideDeck
) -> None:
    member, now = signed_in(world.member), timezone.now()
    operations.show_slide(occasion_id=lecture.pk, deck=deck.key, page=2, as_of=now)
    operations.invite(occasion_id=lecture.pk, member_id=world.members[1].pk, actor_id=lecture.lecturer_id, as_of=now)
    address, state_url = picture(member, lecture, deck), reverse("live_state", args=[lecture.pk])
    assert (len(member.get(state_url).json()["speakers"]), member.get(address).status_code) == (1, 200)
    operations.lock_room(occasion_id=lecture.pk, on=True, as_of=now)
    cache.clear()
    state = member.get(state_url).json()
    assert (state["slides_url"], state["slide"]["deck"], state["speakers"]) == ("", "", [])
    assert member.get(address).status_code == 404
    assert may_see_slides(lecture.lecturer_id or 0, str(lecture.pk))
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    cache.clear()
    assert member.get(address).status_code == 200, "the replay is for whoever missed it"


def test_no_such_object(world: County) -> None:
    assert not any(may_see_slides(world.member.pk, name) for name in ("x", "9" * 30, "123456"))


def recorded(lecture: Lecture) -> Video:
    """The lecture over and its replay there; it began with its window."""
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    video = ready_video()
    Lecture.objects.filter(pk=lecture.pk).update(recording=video, state=Lecture.State.RECORDED)
    set_replay(occasion_id=lecture.pk, media_ms=540_000, media_offset_ms=0, as_of=timezone.now())
    return video


def test_the_replay_has_its_slides_and_chapters(
    world: County, lecture: Lecture, deck: SlideDeck, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    start = lecture.occasion.window_start_at
    assert start is not None
    for at_s, page in ((0, 1), (60, 2), (65, 3)):
        at = start + dt.timedelta(seconds=at_s)
        operations.show_slide(occasion_id=lecture.pk, deck=deck.key, page=page, as_of=at)
    recorded(lecture)
    member = signed_in(world.member)
    page = BeautifulSoup(member.get(reverse("live_replay", args=[lecture.pk])).content, "html.parser")
    chapters = page.select("#chapters button")
    assert [(one["data-start"], one.get_text(" ", strip=True)) for one in chapters] == [
        ("0", "00:00 开场"),
        ("65000", "01:05 第 3 页"),
    ]
    found = page.find(id="slides-data")
    assert found is not None
    # What somebody has written goes before what follows from the slides.
    video = Video.objects.get(pk=Lecture.objects.get(pk=lecture.pk).recording_id)
    Video.objects.filter(pk=video.pk).update(chapters=[[5_000, "三种骗局"]])
    written = BeautifulSoup(member.get(reverse("live_replay", args=[lecture.pk])).content, "html.parser")
    assert [one.get_text(" ", strip=True) for one in written.select("#chapters button")] == ["00:05 三种骗局"]
    data = json.loads(found.get_text())
    assert data["steps"] == [[0, deck.key, 1], [60_000, deck.key, 2], [65_000, deck.key, 3]]
    assert member.get(f"{data['url']}{deck.key}/1280/3.jpg").status_code == 200
    fresh = member.get(reverse("live_replay_addresses", args=[lecture.pk])).json()["slides_url"]
    assert member.get(f"{fresh}{deck.key}/720/3.jpg").status_code == 200
    for number in range(6):
        for page_number in (1, 2):
            at = start + dt.timedelta(seconds=70 + number * 20 + page_number)
            SlideTurn.objects.create(lecture=lecture, deck=deck, page=page_number, at=at)
    with django_assert_max_num_queries(60):
        member.get(reverse("live_replay", args=[lecture.pk]))


def test_a_replay_without_slides_has_none(world: County, lecture: Lecture) -> None:
    recorded(lecture)
    page = signed_in(world.member).get(reverse("live_replay", args=[lecture.pk])).content.decode()
    assert 'id="chapters"' not in page
    assert "slides-data" not in page


def test_the_desk_and_the_room_begin_with_what_is_shown(world: County, lecture: Lecture) -> None:
    add(lecture)
    for client, name in ((signed_in(world.member), "live_room"), (signed_in(lecture.lecturer), "live_host")):
        page = BeautifulSoup(client.get(reverse(name, args=[lecture.pk])).content, "html.parser")
        found = page.find(id="room-data" if name == "live_room" else "host-data")
        assert found is not None
        data = json.loads(found.get_text())
        assert data["slide"]["deck"] == ""
        assert data["slides_url"].startswith("/m/")
