"""Whoever was removed from a room leaves it although the event of that was lost (Redis was away, another process), and
comes in by no ticket from before.
"""

import secrets
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from attendance.models import PresenceSpan
from live import operations
from live.models import Lecture, Restriction
from organizations.models import User
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.realtime.conftest import Phone, RoomServer, serving_two, sign_in, ticket_for, wait_until

pytestmark = pytest.mark.realtime
BYE = {"t": "bye", "reason": "removed", "after_ms": None}


class Knocking:
    """A person with one ticket, which was made now."""

    def __init__(self, who: User, lecture: Lecture) -> None:
        self.who, self.lecture, key = who, lecture, sign_in(who)
        self.ticket = ticket_for(who, lecture, device=secrets.token_hex(16), session_key=key)
        self.headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"}

    def at(self, server: RoomServer) -> Phone:
        phone = Phone(server.dial(server.path(self.lecture, self.ticket), self.headers), self.who)
        server.phones.append(phone)
        return phone

    def is_turned_away(self, server: RoomServer) -> bool:
        phone = self.at(server)
        return phone.closed() == 4403 and phone.frames[-1] == BYE and "joined" not in [one["t"] for one in phone.frames]


def remove(world: County, lecture: Lecture) -> None:
    """As a host does; a server without Redis finds it at its next look."""
    whom: dict[str, Any] = {"occasion_id": lecture.pk, "member_id": world.member.pk, "kind": Restriction.Kind.REMOVED}
    operations.restrict(**whom, actor_id=world.lecturer.pk, as_of=timezone.now())


def let_in_again(world: County, lecture: Lecture) -> None:
    whom: dict[str, Any] = {"occasion_id": lecture.pk, "member_id": world.member.pk, "kind": Restriction.Kind.REMOVED}
    operations.lift_restriction(**whom, as_of=timezone.now())


def test_a_removal_that_no_room_was_told_of_ends_the_socket_and_the_counting(server: RoomServer) -> None:
    """Finding: code 4, perm-removed."""
    world = make_county()
    lecture = make_live(world)
    phone, stays = server.join(world.members[0], lecture), server.join(world.members[1], lecture)
    Restriction.objects.create(
        lecture=lecture, member=world.members[0], kind="removed", set_by=world.lecturer, set_at=timezone.now()
    )
    assert phone.closed() == 4403
    assert wait_until(lambda: PresenceSpan.objects.filter(member=world.members[0]).exclude(ended_at=None).exists())
    stays.send(t="chat", id="x", text="还在")
    assert stays.until("ack")


def test_a_ticket_from_before_the_removal_opens_nothing_until_a_host_lets_in_again(server: RoomServer) -> None:
    world = make_county()
    lecture = make_live(world)
    knocking = Knocking(world.member, lecture)
    remove(world, lecture)
    assert knocking.is_turned_away(server), "nobody else is in the room: the first looks it up"
    server.join(world.members[1], lecture)
    assert all(knocking.is_turned_away(server) for _again in range(5)), "the room knows"
    assert not PresenceSpan.objects.filter(member=world.member).exists()
    let_in_again(world, lecture)
    assert knocking.at(server).until("joined")["counted"] is True, "also before this process has heard of it"


def test_another_process_turns_away_whom_a_host_removed_from_here(tmp_path: Path, transactional_db: None) -> None:
    world = make_county()
    lecture = make_live(world)
    with serving_two(tmp_path) as (one, two):
        knocking = Knocking(world.member, lecture)
        host = one.join(world.lecturer, lecture)
        other_host, phone = two.join(world.organiser, lecture), two.join(world.member, lecture)
        host.send(t="remove", member=world.member.pk, on=True)
        assert phone.closed() == 4403
        assert phone.frames[-1] == BYE
        counted = PresenceSpan.objects.filter(member=world.member).count()
        assert knocking.is_turned_away(one)
        assert knocking.is_turned_away(two)
        assert PresenceSpan.objects.filter(member=world.member).count() == counted
        other_host.send(t="remove", member=world.member.pk, on=False)
        wait_until(lambda: Restriction.objects.get().lifted_at)
        for server in (one, two):
            knocking.at(server).until("joined")
