"""The stage of a lecture: who is on the air, whose hands are up, what hosts set for the room, and who is in it."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone

from attendance.models import PresenceSpan
from attendance.operations import start_lease
from live import operations, queries
from live.core.wire import protocol
from live.models import AirTurn, Lecture, RaisedHand
from live.operations import UnableToChat
from live.permissions import is_locked_out
from live.queries.people import people_in, units_in
from live.room import stage
from live.room.rooms import Room
from organizations.models import User
from organizations.queries import access_entries
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
S = dt.timedelta(seconds=1)


@pytest.fixture
def world() -> County:
    cache.clear()
    return make_county(members=3)


@pytest.fixture
def lecture(world: County) -> Lecture:
    return make_live(world)


def take(lecture: Lecture, host: User, source: str, *, turn: int = 0, socket: str = "") -> protocol.OnAirEvent:
    operations.take_air(
        occasion_id=lecture.pk, host_id=host.pk, source=source, turn=turn, socket=socket, as_of=timezone.now()
    )
    return queries.on_air(lecture.pk)


# --- the air --------------------------------------------------------------------------------------------------------


def test_nobody_takes_the_air_without_naming_whom_they_replace(world: County, lecture: Lecture) -> None:
    """Finding: organiser 5."""
    first = take(lecture, world.lecturer, "desk")
    for source, host in (("tab", world.lecturer), ("laptop", world.organiser)):
        for turn in (0, first.turn + 7):
            with pytest.raises(operations.UnableToTakeAir):
                take(lecture, host, source, turn=turn)
    assert take(lecture, world.lecturer, "desk") == first, "a reload is the same page"
    taken = take(lecture, world.organiser, "laptop", turn=first.turn)
    assert (taken.name, taken.before, taken.before_name) == (world.organiser.name, "desk", world.lecturer.name)
    own = take(lecture, world.organiser, "phone", turn=taken.turn)
    assert (own.before, own.before_name) == ("laptop", ""), "another page of one's own is nobody to be asked"
    assert taken.unit != "", "the confirmation names where they are from"
    # Confirmed while somebody else took it: another name has to be confirmed.
    with pytest.raises(operations.UnableToTakeAir):
        take(lecture, world.lecturer, "tab", turn=first.turn)
    assert [(one.name, one.before_name) for one in queries.air_log(lecture.pk)] == [
        (world.organiser.name, world.lecturer.name)
    ]


def test_who_was_replaced_takes_the_picture_back_and_stands_as_before(world: County, lecture: Lecture) -> None:
    first = take(lecture, world.lecturer, "desk")
    with pytest.raises(operations.UnableToGiveBack):
        offer(lecture, world.lecturer, "desk")
    taken = take(lecture, world.organiser, "laptop", turn=first.turn)
    with pytest.raises(operations.UnableToGiveBack):
        offer(lecture, world.lecturer, "desk")
    assert not taken.offered
    for _ in range(2):
        offer(lecture, world.organiser, "laptop")
    assert queries.on_air(lecture.pk).offered
    back = take(lecture, world.lecturer, "desk", turn=taken.turn)
    assert (back.source, back.before, back.offered) == ("desk", "", False)
    assert AirTurn.objects.filter(ended_at=None).count() == 1


def offer(lecture: Lecture, host: User, source: str) -> None:
    operations.offer_air(occasion_id=lecture.pk, host_id=host.pk, source=source, as_of=timezone.now())


def test_a_page_that_left_keeps_its_turn_for_itself_and_for_its_own_host(world: County, lecture: Lecture) -> None:
    take(lecture, world.lecturer, "desk", socket="one")
    operations.leave_air(occasion_id=lecture.pk, socket="another", as_of=timezone.now())
    assert queries.on_air(lecture.pk).here
    operations.leave_air(occasion_id=lecture.pk, socket="one", as_of=timezone.now())
    assert not queries.on_air(lecture.pk).here
    with pytest.raises(operations.UnableToTakeAir):
        take(lecture, world.organiser, "laptop")
    assert take(lecture, world.lecturer, "desk", socket="two").here, "reloaded"
    operations.leave_air(occasion_id=lecture.pk, socket="one", as_of=timezone.now())
    assert queries.on_air(lecture.pk).here, "the old line is found dead after the new one came"
    operations.leave_air(occasion_id=lecture.pk, socket="two", as_of=timezone.now())
    assert take(lecture, world.lecturer, "other computer").source == "other computer"
    assert queries.air_log(lecture.pk) == []


def test_whoever_begins_the_lecture_is_on_the_air_before_its_state_is_told(
    world: County, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told = hear(monkeypatch)
    lecture = make_lecture(world)
    air = operations.Air(world.lecturer.pk, "desk", "one")
    with django_capture_on_commit_callbacks(execute=True):
        operations.go_live(occasion_id=lecture.pk, as_of=timezone.now(), air=air)
    assert [event["t"] for event in told] == ["on_air", "state"]
    # Two press at once: the second begins nothing, and takes nothing.
    operations.go_live(
        occasion_id=lecture.pk, as_of=timezone.now(), air=operations.Air(world.organiser.pk, "laptop", "two")
    )
    assert queries.on_air(lecture.pk).source == "desk"


def hear(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []

    def publish(events: Any, *, flush: bool) -> None:
        told.extend(event for _room, event in events)

    monkeypatch.setattr("live.room_events._publish", publish)
    return told


# --- hands ----------------------------------------------------------------------------------------------------------


def raise_hand(lecture: Lecture, member: User, at: dt.datetime) -> None:
    operations.raise_hand(occasion_id=lecture.pk, member_id=member.pk, as_of=at)


def hands(lecture: Lecture) -> list[str]:
    return [one.name for one in queries.hand_events(queries.room_facts([lecture.pk])[lecture.pk].hands)]


def test_hands_stand_in_the_order_in_which_they_went_up(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """Finding: organiser 6, 7."""
    now, told = timezone.now(), hear(monkeypatch)
    with django_capture_on_commit_callbacks(execute=True):
        for number, member in enumerate(reversed(world.members)):
            raise_hand(lecture, member, now + number * S)
        raise_hand(lecture, world.members[2], now + 9 * S)
    names = [member.name for member in reversed(world.members)]
    assert hands(lecture) == names
    assert [event["name"] for event in told] == names, "a hand that is up is not told again"
    assert told[0]["unit"] == world.branch.name
    operations.lower_hands(occasion_id=lecture.pk, member_ids=[world.members[2].pk])
    raise_hand(lecture, world.members[2], now + 10 * S)
    assert hands(lecture) == [*names[1:], names[0]]
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        operations.lower_all_hands(occasion_id=lecture.pk)
    assert (told, hands(lecture)) == ([{"t": "hands_down"}], [])


def test_hands_of_those_whom_no_room_sees_go_down(world: County, lecture: Lecture) -> None:
    """Finding: organiser 8."""
    now = timezone.now()
    for member in world.members[:2]:
        raise_hand(lecture, member, now)
    later = now + operations.hands.KEPT + S
    operations.note_hands(occasion_id=lecture.pk, member_ids=[world.members[1].pk], as_of=later)
    for _ in range(2):
        operations.lower_forgotten_hands(occasion_id=lecture.pk, as_of=later)
    assert hands(lecture) == [world.members[1].name]
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert not RaisedHand.objects.exists()
    with pytest.raises(operations.UnableToRaiseHand):
        raise_hand(lecture, world.member, now)


def test_a_room_finds_in_the_database_what_it_was_not_told(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another web process did while Redis was away."""
    monkeypatch.setattr(stage, "in_database", at_once)
    room, told = Room(lecture.pk), list[str]()

    def deliver(_room: int, event: protocol.Event) -> None:
        stage.on_event(room, event)
        told.append(event.word)

    def look() -> list[str]:
        told.clear()
        facts = queries.room_facts([lecture.pk])[lecture.pk]
        done(stage.compare(room, facts, stage.before(room), deliver=deliver))
        return told

    raise_hand(lecture, world.member, timezone.now())
    take(lecture, world.lecturer, "desk")
    operations.open_chat(occasion_id=lecture.pk, on=False)
    operations.lock_room(occasion_id=lecture.pk, on=True, as_of=timezone.now())
    assert sorted(look()) == ["hand", "on_air", "room"]
    assert (room.is_chat_open, room.is_locked, list(room.hands)) == (False, True, [world.member.pk])
    stands = room.stage()
    assert stands["on_air"] is not None
    assert stands["on_air"].name == world.lecturer.name
    assert look() == []
    operations.lower_hands(occasion_id=lecture.pk, member_ids=[world.member.pk])
    assert (look(), room.hands) == (["hand"], {})
    # The first of another process is told all of it with "joined".
    other = Room(lecture.pk)
    done(stage.learn(other, queries.room_facts([lecture.pk])[lecture.pk]))
    assert (other.is_locked, other.on_air.name, json.loads(protocol.dumps(other.stage()))["hands"]) == (  # type: ignore[arg-type]
        True,
        world.lecturer.name,
        [],
    )


async def at_once(work: Callable[[], Any]) -> Any:
    return work()


def done(work: Coroutine[Any, Any, None]) -> None:
    """Run what never waits without a loop: the database refuses to be asked on one."""
    with pytest.raises(StopIteration):
        work.send(None)


def test_the_end_of_a_lecture_lowers_all_hands_by_one_event(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told = hear(monkeypatch)
    for member in world.members:
        raise_hand(lecture, member, timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert [event["t"] for event in told] == ["hands_down", "state"]
    assert not RaisedHand.objects.exists()


def test_who_is_removed_lowers_the_hand_and_raises_it_no_more(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told, (removed, muted, _third) = hear(monkeypatch), world.members
    whose: dict[str, Any] = {"occasion_id": lecture.pk, "actor_id": world.lecturer.pk, "as_of": timezone.now()}
    for member in (removed, muted):
        raise_hand(lecture, member, timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        operations.restrict(member_id=removed.pk, kind="removed", **whose)
        operations.restrict(member_id=muted.pk, kind="muted", **whose)
    assert hands(lecture) == [muted.name]
    assert [(event["t"], event.get("up")) for event in told] == [("removed", None), ("hand", False), ("muted", None)]
    with pytest.raises(operations.UnableToRaiseHand):
        raise_hand(lecture, removed, timezone.now())
    operations.lift_restriction(occasion_id=lecture.pk, member_id=removed.pk, kind="removed", as_of=timezone.now())
    raise_hand(lecture, removed, timezone.now())
    assert len(hands(lecture)) == 2


@pytest.mark.django_db(transaction=True)
def test_no_hand_outlives_the_end_of_its_lecture(world: County, lecture: Lecture) -> None:
    """Whoever ends it waits for a hand that is going up, or the hand is refused."""
    start = threading.Barrier(4)

    def run(work: Callable[[], None]) -> str:
        start.wait(60)
        try:
            work()
        except operations.UnableToRaiseHand:
            return "refused"
        finally:
            connections.close_all()
        return "done"

    end = partial(operations.end_lecture, occasion_id=lecture.pk, as_of=timezone.now())
    works = [end, *(partial(raise_hand, lecture, member, timezone.now()) for member in world.members)]
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(run, works))
    assert said[0] == "done"
    assert not RaisedHand.objects.exists()


# --- the room -------------------------------------------------------------------------------------------------------


def say(lecture: Lecture, who: User, client_id: str, *, is_host: bool = False) -> str:
    saying = operations.Saying(lecture.pk, who.pk, client_id, "好", timezone.now(), is_host=is_host)
    [answer] = operations.say_all(sayings=[saying])
    return answer.code if isinstance(answer, UnableToChat) else answer.text


def test_a_host_who_comes_is_told_how_many_cannot_hear_now(world: County, lecture: Lecture) -> None:
    """Only changes are told later: whoever was away as it changed would go on showing the number from before."""
    room = Room(lecture.pk)
    assert room.stage()["unclear"] == 0
    room.asking.unclear[world.member.pk] = time.monotonic()
    room.elsewhere["another"] = (time.monotonic(), 5, 0, 2)
    assert room.stage()["unclear"] == 3


def test_while_the_chat_is_closed_hosts_speak_alone(world: County, lecture: Lecture) -> None:
    operations.open_chat(occasion_id=lecture.pk, on=False)
    assert say(lecture, world.member, "1") == "chat_off"
    assert say(lecture, world.lecturer, "2", is_host=True) == say(lecture, world.organiser, "3", is_host=True) == "好"
    assert say(lecture, world.lecturer, "4") == "chat_off", "whose role has ended"
    operations.open_chat(occasion_id=lecture.pk, on=True)
    assert say(lecture, world.member, "1") == "好"


def test_a_locked_room_lets_back_in_who_was_there_a_moment_ago(world: County, lecture: Lecture) -> None:
    now = timezone.now()
    inside, left, gone = world.members
    for member, ended in ((inside, None), (left, now - 60 * S), (gone, now - 180 * S)):
        be_in(lecture, member, ended)
    assert not is_locked_out(gone, lecture, as_of=now)
    operations.lock_room(occasion_id=lecture.pk, on=True, as_of=now)
    lecture.refresh_from_db()
    kept_out = [is_locked_out(one, lecture, as_of=now) for one in (inside, left, gone, world.lecturer)]
    assert kept_out == [False, False, True, False]
    be_in(lecture, gone, now - 170 * S, "hidden")
    assert not is_locked_out(gone, lecture, as_of=now), "their page is in the background"
    operations.lock_room(occasion_id=lecture.pk, on=False, as_of=now)
    lecture.refresh_from_db()
    assert lecture.locked_at is None


def be_in(lecture: Lecture, member: User, ended: dt.datetime | None = None, reason: str = "left") -> None:
    lease = start_lease(name=f"web-{member.pk}-{reason}", as_of=timezone.now())
    PresenceSpan.objects.create(
        occasion=lecture.occasion, member=member, device="d", lease_id=getattr(lease, "pk", lease),
        started_at=timezone.now() - 300 * S, ended_at=ended, end_reason=reason if ended else "",
    )  # fmt: skip


def test_a_locked_room_gives_no_picture_to_the_pages_of_others(world: County, lecture: Lecture, client: Client) -> None:
    be_in(lecture, world.members[0])
    operations.lock_room(occasion_id=lecture.pk, on=True, as_of=timezone.now())
    for member, has in ((world.members[0], True), (world.members[1], False)):
        client.force_login(member)
        state = client.get(f"/live/{lecture.pk}/state.json").json()
        assert (bool(state["hls_url"]), state["locked"], "stage" in state) == (has, True, False)


# --- people ---------------------------------------------------------------------------------------------------------


def test_hosts_search_who_is_in_and_it_is_written_down(world: County, lecture: Lecture, client: Client) -> None:
    User.objects.filter(pk=world.members[0].pk).update(name="李秀梅", name_key="li3xiu4mei2")
    for member in world.members[:2]:
        be_in(lecture, member)
    url = f"/live/{lecture.pk}/people.json"
    client.force_login(world.organiser)
    everybody = client.get(url).json()
    assert (everybody["found"], everybody["pages"]) == (2, 1)
    assert everybody["units"] == [{"id": world.branch.pk, "name": world.branch.name, "n": 2}]
    assert everybody["more_units"] == 0
    part = client.get(url, {"of": world.branch.name[1:3]}).json()
    assert (part["found"], [one["id"] for one in part["units"]]) == (2, [world.branch.pk])
    none = client.get(url, {"of": "没有这样的\x00组织"}).json()
    assert (none["found"], none["units"]) == (0, [])
    for sought in ("秀", "lx", "LXM"):
        assert [row["name"] for row in client.get(url, {"q": sought}).json()["rows"]] == ["李秀梅"]
    for asked in ({"q": "xm"}, {"q": "%"}, {"unit": world.neighbour.pk}):
        assert client.get(url, asked).json()["rows"] == []
    assert client.get(url, {"page": "9x", "unit": "abc"}).json()["page"] == 1
    assert client.get(url, {"page": "99"}).json()["page"] == 1
    assert access_entries(subject_id=world.members[1].pk).filter(reader=world.organiser).exists()
    for stranger in (world.member, world.secretary, world.neighbour_secretary, world.neighbour_member):
        client.force_login(stranger)
        assert client.get(url).status_code == 404


def test_of_thousands_of_units_a_handful_travels(
    world: County, lecture: Lecture, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [(number, f"第{number}支部", 1) for number in range(3000)]
    monkeypatch.setattr("live.views.people.units_in", lambda *args, **kwargs: many)
    client.force_login(world.organiser)
    url = f"/live/{lecture.pk}/people.json"
    answer = client.get(url).json()
    assert (len(answer["units"]), answer["more_units"]) == (8, 2992)
    answer = client.get(url, {"of": "第2999"}).json()
    assert (answer["units"], answer["more_units"]) == ([{"id": 2999, "name": "第2999支部", "n": 1}], 0)


def test_a_page_of_people_asks_as_little_for_many(
    world: County, lecture: Lecture, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for member in world.members:
        be_in(lecture, member)
    now = timezone.now()
    with django_assert_num_queries(2):
        page = people_in(lecture.pk, sought="", unit_id=world.branch.pk, page=1, as_of=now)
    assert [one.unit for one in page.rows] == [world.branch.name] * 3
    with django_assert_num_queries(1):
        for _ in range(3):
            assert units_in(lecture.pk, as_of=now) == [(world.branch.pk, world.branch.name, 3)]
