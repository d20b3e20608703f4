"""A meeting over real sockets: seats, the lobby, who leads, notes; there is no engine here, so nobody is seen."""

import secrets
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.models import PresenceSpan
from live import operations
from live.core.wire import meeting as wire
from live.models import Lecture, RecordingTurn, Seat
from live.permissions import expects, may_host
from live.room import tickets
from organizations.models import RoleGrant, User
from organizations.operations import grant_role
from tests.factories.live import make_live
from tests.factories.meetings import make_live_meeting
from tests.factories.organizations import County, make_county
from tests.realtime.conftest import Phone, RoomServer, sign_in, wait_until

pytestmark = pytest.mark.realtime


@pytest.fixture
def world(server: RoomServer) -> County:
    return make_county(members=3)


def knock(server: RoomServer, who: Any, lecture: Lecture) -> Phone:
    """Come with a ticket as the page gets it."""
    who = User.objects.get(pk=who.pk)  # with the roles of now
    key = sign_in(who)
    ticket = tickets.make(
        tickets.Ticket(
            occasion=lecture.pk, member=who.pk, device=secrets.token_hex(16), host=may_host(who, lecture),
            counted=expects(lecture.occasion, who.pk), meets=True,
        ),
        session_key=key,
    )  # fmt: skip
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"}
    phone = Phone(server.dial(server.path(lecture, ticket), headers), who)
    server.phones.append(phone)
    return phone


def come(server: RoomServer, who: Any, lecture: Lecture) -> tuple[Phone, dict[str, Any]]:
    phone = knock(server, who, lecture)
    return phone, phone.until("joined")


def test_everybody_sits_and_only_the_host_leads(server: RoomServer, world: County) -> None:
    lecture = make_live_meeting(world)
    host, joined = come(server, world.secretary, lecture)
    assert (joined["host"], [one["title"] for one in joined["notes"]]) == (True, ["学习防汛预案", "通报党费"])
    member, joined = come(server, world.member, lecture)
    assert (joined["host"], joined["waiting"], len(joined["seats"])) == (False, None, 2)
    fields: dict[str, Any] = {"member": world.members[1].pk, "on": True, "id": "a", "kind": "agenda"}
    for kind in wire.COMMANDS:
        if kind.host_only:
            own = {name: value for name, value in fields.items() if name in kind.__dataclass_fields__}
            member.send(t=kind.word, **own, **({"title": "x", "text": ""} if kind.word == "note" else {}))
            assert member.until("not_host")["t"] == kind.word
    member.send(t="show_slide", deck="x", page=1)
    assert member.until("state")["t"] == "show_slide"
    member.send(t="devices", mic=True, cam=False)
    while not any(one["mic"] for one in host.event("seats")["seats"]):
        pass
    host.send(t="silence", member=world.member.pk)
    assert member.event("silenced")["member"] == world.member.pk
    host.send(t="record", on=True)
    since = member.event("recorded")["since"]
    again, joined = come(server, world.members[1], lecture)
    assert joined["recorded_since"] == since
    again.send(t="leave")
    RecordingTurn.objects.update(ended_at=timezone.now())  # in another process
    assert member.event("recorded")["since"] is None
    host.send(t="note", id="d", kind="decision", title="汛期值班", text="每晚两人")
    assert member.event("notes")["notes"][-1]["title"] == "汛期值班"
    member.send(t="appear", sdp="v=0", again=False)
    assert member.until("engine_unreachable")["t"] == "appear"
    host.send(t="mute", member=world.member.pk, on=True)
    assert member.event("muted")["on"] is True
    member.send(t="appear", sdp="v=0", again=False)
    assert member.until("muted")["t"] == "appear"
    member.send(t="leave")
    wait_until(lambda: not Seat.objects.filter(member=world.member).exists())


def test_who_waits_in_the_lobby_hears_nothing_and_is_not_counted(server: RoomServer, world: County) -> None:
    lecture = make_live_meeting(world, lobby=True)
    host, _joined = come(server, world.secretary, lecture)
    member = knock(server, world.member, lecture)
    assert member.closed() == 4425
    assert member.frames == []
    assert [one["name"] for one in host.event("waiting")["waiting"]] == [world.member.name]
    assert not PresenceSpan.objects.filter(member=world.member).exists()
    host.send(t="admit", member=world.member.pk)
    wait_until(lambda: not Seat.objects.get(member=world.member).waits)
    _member, joined = come(server, world.member, lecture)
    assert joined["counted"] is True


def test_who_waits_is_told_the_end_and_waits_again_after_it_is_undone(server: RoomServer, world: County) -> None:
    lecture = make_live_meeting(world, lobby=True)
    assert knock(server, world.member, lecture).closed() == 4425
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    member, joined = come(server, world.member, lecture)
    assert (joined["state"], joined["seats"]) == ("unrecorded", [])
    operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert member.closed() == 4403
    assert knock(server, world.member, lecture).closed() == 4425


def test_a_locked_meeting_gives_no_seat_to_who_is_outside(server: RoomServer, world: County) -> None:
    lecture = make_live_meeting(world)
    _member, _joined = come(server, world.member, lecture)
    Lecture.objects.filter(pk=lecture.pk).update(locked_at=timezone.now())
    assert knock(server, world.members[1], lecture).closed() == 4423
    assert [seat.member for seat in Seat.objects.all()] == [world.member]
    come(server, world.member, lecture)


def test_whoever_was_removed_neither_sits_nor_waits_with_the_ticket_they_had(server: RoomServer, world: County) -> None:
    lecture = make_live_meeting(world, lobby=True)
    host, _joined = come(server, world.secretary, lecture)
    host.send(t="remove", member=world.organiser.pk, on=True)  # who leads it as well
    assert host.until("not_restrictable")["t"] == "remove"
    host.send(t="remove", member=world.member.pk, on=True)
    assert host.event("removed")["member"] == world.member.pk
    turned_away = knock(server, world.member, lecture)
    assert turned_away.closed() == 4403
    assert turned_away.frames == [{"t": "bye", "reason": "removed", "after_ms": None}]
    assert not Seat.objects.filter(member=world.member).exists()
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert knock(server, world.member, lecture).closed() == 4403, "nor are they told the end"
    assert not PresenceSpan.objects.filter(member=world.member).exists()


def test_a_meetings_commands_are_none_of_a_lecture(server: RoomServer, world: County) -> None:
    phone = server.join(world.member, make_live(world))
    phone.send(t="see", members=[])
    assert phone.until("state")["t"] == "see"


def hand_on(world: County, lecture: Lecture) -> None:
    """The secretary's role ends today; the first member has it from today on."""
    today = timezone.localdate()
    grant_role(user_id=world.member.pk, node_id=world.branch.pk, role="secretary", on_date=today)
    RoleGrant.objects.filter(user=world.secretary).update(active_to_date=today)


def test_who_leads_now_speaks_as_the_host_and_not_who_planned_it(server: RoomServer, world: County) -> None:
    """Finding: the mark was the planner's, after their role had ended, too; whoever led instead had none."""
    lecture = make_live_meeting(world)
    planner, _joined = come(server, world.secretary, lecture)
    planner.send(t="chat", id="1", text="我先主持")
    assert planner.event("chat")["host"] is True
    hand_on(world, lecture)
    acting, _joined = come(server, world.member, lecture)
    acting.send(t="chat", id="1", text="我来主持")
    assert acting.event("chat")["host"] is True
    planner, _joined = come(server, world.secretary, lecture)
    planner.send(t="chat", id="2", text="交给您了")
    assert acting.event("chat")["host"] is False
    client = Client()
    client.force_login(world.member)
    read = client.get(reverse("live_state", args=[lecture.pk])).json()["chat"]
    assert [(one["text"], one["host"]) for one in read] == [("我先主持", True), ("我来主持", True), ("交给您了", False)]


def test_the_chair_is_handed_on_and_both_keep_their_seats(server: RoomServer, world: County) -> None:
    """Finding: the new one had no keys before they loaded the page anew; the old one stood before the lobby's door."""
    lecture = make_live_meeting(world, lobby=True)
    planner, _joined = come(server, world.secretary, lecture)
    assert knock(server, world.member, lecture).closed() == 4425
    planner.send(t="admit", member=0)
    wait_until(lambda: not Seat.objects.get(member=world.member).waits)
    acting, joined = come(server, world.member, lecture)
    assert joined["host"] is False
    hand_on(world, lecture)
    for page, leads in ((acting, True), (planner, False)):
        assert page.until("bye") == {"t": "bye", "reason": "rights", "after_ms": 0}
        assert page.closed() == 4403
        _page, joined = come(server, page.user, lecture)
        assert (joined["host"], joined["waiting"] is not None) == (leads, leads)
    assert not Seat.objects.filter(waits=True).exists()
