"""The hall's screen: who opens it, that it names nobody and counts for nobody."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from attendance.models import PresenceSpan
from live import operations, permissions
from live.core.short_code import spoken
from live.models import CaptionLine, PinnedNotice, Speaker
from live.room import tickets, uncounted
from live.room.connections import Connection
from live.room.rooms import Room
from organizations.models import User
from tests.factories.live import ChatMessageFactory, make_live
from tests.factories.organizations import County, make_county
from tests.live.room.test_stage import done

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DEVICE = "a" * 32


@pytest.fixture
def world() -> County:
    return make_county()


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_whoever_may_enter_the_room_opens_it(world: County) -> None:
    lecture = make_live(world)
    address = f"/live/{lecture.pk}/screen/"
    for user in (world.member, world.lecturer, world.organiser):
        assert of(user).get(address).status_code == 200
    for user in (world.neighbour_member, world.neighbour_secretary, world.operator):
        assert of(user).get(address).status_code == 404
        assert of(user).get(f"{address}ticket.json?device={DEVICE}").status_code == 404
    assert Client().get(address).status_code == 302


def test_nothing_of_the_talk_or_of_who_opened_it_stands_there(world: County) -> None:
    lecture = make_live(world)
    ChatMessageFactory(lecture=lecture, author=world.members[1], text="屋檐")
    PinnedNotice.objects.create(lecture=lecture, text="三点继续", set_by=world.lecturer, set_at=lecture.live_at)
    page = of(world.member).get(f"/live/{lecture.pk}/screen/")
    text = page.content.decode()
    assert "屋檐" not in text
    assert "不给任何人计时" in text
    assert "<svg" in text
    assert f"testserver/l/{spoken(lecture.code or '')}/" in text
    assert f"testserver/live/{lecture.pk}/" not in text
    data = page.context["data"]
    assert data["notice"] == "三点继续"
    assert not {"chat", "mine", "questions", "asking", "you", "owner"} & set(data)


def test_captions_speakers_and_where_slides_lie_are_told(world: County) -> None:
    lecture = make_live(world)
    at = timezone.now()
    CaptionLine.objects.create(
        lecture=lecture, author=world.lecturer, client_id="a", text="先到村委会集合", at=at, changed_at=at
    )
    speaker = world.members[1]
    Speaker.objects.create(
        lecture=lecture, member=speaker, invited_by=world.lecturer, invited_at=at, came_at=at, seen_at=at
    )
    data = of(world.member).get(f"/live/{lecture.pk}/screen/").context["data"]
    assert [text for _, text in data["captions"]] == ["先到村委会集合"]
    assert [one["name"] for one in data["speakers"]] == [speaker.name]
    assert data["slide"]["deck"] == ""
    assert data["slides_url"]
    assert data["slide_words"]["lost"]


def test_a_lecture_without_a_code_gives_the_rooms_own_address(world: County) -> None:
    lecture = make_live(world, code=None)
    page = of(world.member).get(f"/live/{lecture.pk}/screen/")
    assert page.context["address"] == f"testserver/live/{lecture.pk}/"


def test_its_ticket_counts_for_nobody(world: County) -> None:
    lecture = make_live(world)
    client = of(world.member)
    read = {}
    for name in ("ticket.json", "screen/ticket.json"):
        answer = client.get(f"/live/{lecture.pk}/{name}?device={DEVICE}")
        read[name] = signing.loads(answer.json()["ticket"], salt=tickets.SALT)["counted"]
    assert read == {"ticket.json": True, "screen/ticket.json": False}
    assert client.get(f"/live/{lecture.pk}/screen/ticket.json").status_code == 400


def test_a_locked_room_keeps_the_screen_that_hangs_in_it_and_no_other(
    world: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is in no ledger: the room's own note vouches for it, as presence does for a phone."""
    lecture, kept = make_live(world), list[dict[str, Any]]()
    inside, outside, counted, host = (*world.members[:3], world.lecturer)

    async def at_once(work: Callable[[], Any]) -> None:
        kept.append(work())

    monkeypatch.setattr(asyncio, "to_thread", at_once)
    room = Room(lecture.pk)
    for user, fields in (
        (inside, {"admitted": True}),
        (outside, {}),
        (counted, {"admitted": True, "counted": True}),
        (host, {"admitted": True}),
    ):
        room.add(Connection(send=cast(Any, None), member_id=user.pk, host=user == host, **fields))
    rooms = SimpleNamespace(open={lecture.pk: room})
    vouchers = uncounted.Uncounted(cast(Any, SimpleNamespace(rooms=rooms)))
    for _look in range(2):
        done(vouchers.note())
    assert len(kept) == 1, "once at the beginning, and then every half a minute"
    operations.lock_room(occasion_id=lecture.pk, on=True, as_of=timezone.now())
    shown = {
        user: of(user).get(f"/live/{lecture.pk}/screen/").context["data"]["hls_url"] != ""
        for user in (inside, outside, counted)
    }
    assert shown == {inside: True, outside: False, counted: False}
    assert not PresenceSpan.objects.exists()
    lecture.refresh_from_db()
    kept_out = [permissions.is_locked_out(one, lecture, as_of=timezone.now()) for one in (inside, outside, counted)]
    assert kept_out == [False, True, True]
