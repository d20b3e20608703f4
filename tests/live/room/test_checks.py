"""The look once a second beside what else tells a room: its first browser, and the events that come meanwhile."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from live import operations, queries
from live.core.wire import protocol
from live.queries import RoomFacts
from live.room import checks, meeting, process, speakers, stage, tickets
from live.room.checks import RoomChecks, Told
from live.room.connections import Connection
from live.room.process import RoomProcess
from live.room.rooms import Room
from organizations.models import Role, RoleGrant
from tests.factories.live import make_live
from tests.factories.meetings import make_live_meeting
from tests.factories.organizations import RoleGrantFactory, make_county
from tests.organizations.authenticator import code_now, give_app


def facts_of(state: str, *, picture: bool) -> RoomFacts:
    return RoomFacts(state, 10, None, timezone.now() if picture else None, 0, frozenset(), frozenset())


@pytest.mark.unit
@pytest.mark.parametrize(
    ("before", "read", "after"),
    [
        (("live", True), ("live", True), ("ended", False)),  # the end came while a look asked
        (("ended", False), ("ended", False), ("live", False)),  # or its undoing
        (("live", False), ("live", False), ("live", True)),  # or the picture, or its end
        (("live", True), ("live", True), ("live", False)),
    ],
)
def test_what_was_told_while_a_look_asked_is_not_taken_back(
    before: tuple[str, bool], read: tuple[str, bool], after: tuple[str, bool]
) -> None:
    """Pages were told for a second that a lecture which had just begun had not; and who had come was sent away."""
    delivered: list[protocol.Event] = []
    rooms = SimpleNamespace(deliver=lambda _room, event: delivered.append(event))
    room = Room(7, state=before[0], picture=before[1])
    told, facts = Told.of(room), facts_of(read[0], picture=read[1])
    room.state, room.picture = after
    RoomChecks(cast(Any, SimpleNamespace(rooms=rooms))).take_facts(room, facts, told)
    assert delivered == []


@pytest.mark.unit
def test_a_state_that_is_told_while_the_room_is_learnt_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(7)

    async def asked(_work: Callable[[], Any]) -> Any:
        room.state = "live"  # it goes live after the answer was made
        return {7: facts_of("scheduled", picture=False)}

    async def nothing(*_of: Any) -> None:
        return None

    monkeypatch.setattr(process, "in_database", asked)
    for place in (stage, speakers, meeting):
        monkeypatch.setattr(place, "learn", nothing)
    here = SimpleNamespace(checks=RoomChecks(cast(Any, SimpleNamespace(rooms=SimpleNamespace()))))
    here.checks._process.rooms.deliver = lambda _room, event: pytest.fail(f"told {event}")
    with pytest.raises(StopIteration) as ended:
        RoomProcess._know(cast(Any, here), room).send(None)
    assert (ended.value.value, room.known, room.state) == (True, True, "live")


@pytest.mark.integration
@pytest.mark.django_db
def test_a_look_does_not_come_between_a_room_and_its_first_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """It told that the room was locked while the room was learnt; the host who came first then saw no hands."""
    world = make_county()
    lecture, now = make_live(world), timezone.now()
    operations.raise_hand(occasion_id=lecture.pk, member_id=world.member.pk, as_of=now)
    operations.lock_room(occasion_id=lecture.pk, on=True, as_of=now)
    room, facts = Room(lecture.pk), queries.room_facts([lecture.pk])[lecture.pk]
    rooms = SimpleNamespace(open={lecture.pk: room}, deliver=lambda _room, event: stage.on_event(room, event))
    looks = RoomChecks(cast(Any, SimpleNamespace(rooms=rooms)))

    async def at_once(work: Callable[[], Any]) -> Any:
        return work()

    async def after_a_look(work: Callable[[], Any]) -> Any:
        await looks.look()
        return work()

    async def enter() -> None:
        async with room.learning:
            room.known = True
            await stage.learn(room, facts)

    monkeypatch.setattr(checks, "in_database", at_once)
    monkeypatch.setattr(stage, "in_database", after_a_look)
    with pytest.raises(StopIteration):  # nothing here waits for a loop, on which the database refuses to be asked
        enter().send(None)
    assert (room.is_locked, list(room.hands)) == (True, [world.member.pk])


@pytest.mark.integration
@pytest.mark.django_db
def test_whose_role_waits_for_a_second_step_stays_in_the_meeting(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """By the roster, as everybody else there: they were sent away each second, and came back as what they were."""
    settings.SECOND_FACTOR_ROLES = frozenset({"secretary"})
    world = make_county(members=1)
    lecture, room, sent = make_live_meeting(world), Room(0), []
    room.occasion_id, room.meeting = lecture.pk, cast(Any, SimpleNamespace())
    page, cookie = reverse("live_ticket", args=[lecture.pk]), settings.SESSION_COOKIE_NAME

    def enter(client: Client) -> Connection:
        shown = client.get(page, {"device": "a" * 32}).json()["ticket"]
        header = f"{cookie}={client.session.session_key}"
        ticket, _key = tickets.read(shown, occasion_id=lecture.pk, cookie_header=header)
        one = Connection(
            send=cast(Any, None), member_id=ticket.member, host=ticket.host, meets=True, withheld=ticket.withheld
        )
        room.connections.add(one)
        room.members.setdefault(one.member_id, set()).add(one)
        return one

    async def at_once(work: Callable[[], Any]) -> Any:
        return work()

    def ask() -> list[Connection]:
        sent.clear()
        asked = SimpleNamespace(dismiss=lambda one, **_how: sent.append(one))
        with pytest.raises(StopIteration):
            RoomChecks(cast(Any, asked))._ask_rights(room).send(None)
        return list(sent)

    monkeypatch.setattr(checks, "in_database", at_once)
    without, with_it, member = Client(), Client(), Client()
    for client, who in ((without, world.secretary), (with_it, world.secretary), (member, world.member)):
        client.force_login(who)
    give_app(world.secretary)
    with_it.post("/accounts/factor/confirm/", {"code": code_now()})
    seats = [enter(client) for client in (without, with_it, member)]
    assert [(one.host, one.withheld) for one in seats] == [(False, True), (True, False), (False, False)]
    assert ask() == []
    RoleGrantFactory(user=world.member, node=world.branch, role=Role.SECRETARY)
    assert ask() == [seats[2]], "the chair is handed on"
    room.connections.remove(seats[2])
    assert (enter(member).withheld, ask()) == (True, [])
    RoleGrant.objects.filter(user=world.secretary).delete()
    assert ask() == [seats[1]]
