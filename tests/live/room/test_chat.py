"""Chat in batches: one INSERT for many messages, an answer for each, and none acknowledged that is not kept."""

import asyncio
import datetime as dt
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, DataError, OperationalError, connection, connections, transaction
from django.utils import timezone

from live import operations, queries, room_events
from live.models import ChatMessage, Lecture, Restriction
from live.operations import Saying, UnableToChat
from live.queries import ChatLine, units_at
from live.room import batches
from live.room.chat import Chat
from organizations.models import RoleGrant, User
from organizations.operations import rename_member, transfer_member
from tests.factories.live import ChatMessageFactory, make_live
from tests.factories.meetings import make_live_meeting
from tests.factories.organizations import County, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def world() -> County:
    return make_county(members=3)


@pytest.fixture
def lecture(world: County) -> Lecture:
    return make_live(world)


def saying(lecture: Lecture, author: User, client_id: str, text: str = "听得清") -> Saying:
    return Saying(lecture.pk, author.pk, client_id, text, timezone.now())


def codes(answers: Sequence[ChatLine | UnableToChat]) -> list[str]:
    return [one.code if isinstance(one, UnableToChat) else one.text for one in answers]


def test_a_batch_is_one_insert_whatever_its_size(
    world: County, lecture: Lecture, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """Finding: ops 12."""
    many = [saying(lecture, one, f"{n}") for one in world.members for n in range(20)]
    for some in (many[:1], many[1:]):
        # The lectures, who is muted, the INSERT, names and units; begin and end of the transaction.
        with django_assert_num_queries(7):
            operations.say_all(sayings=some)
    assert ChatMessage.objects.count() == 60


def test_each_message_has_its_own_answer(world: County, lecture: Lecture) -> None:
    ended = make_live(world, node=world.neighbour)
    operations.end_lecture(occasion_id=ended.pk, as_of=timezone.now())
    muted = world.members[1]
    operations.restrict(
        occasion_id=lecture.pk, member_id=muted.pk, kind="muted", actor_id=world.lecturer.pk, as_of=timezone.now()
    )
    member = world.member
    answers = operations.say_all(
        sayings=[
            saying(lecture, member, "1", "好"), saying(lecture, muted, "2"), saying(lecture, member, "3", " \x00 "),
            saying(lecture, member, "4", "x" * 501), saying(ended, member, "5"), saying(lecture, member, "6", "再见"),
            saying(lecture, member, "1", "另一句"),
        ]
    )  # fmt: skip
    assert codes(answers) == ["好", "muted", "empty", "too_long", "closed", "再见", "好"]
    assert list(ChatMessage.objects.order_by("pk").values_list("text", flat=True)) == ["好", "再见"]


def test_what_was_stored_is_answered_again_whatever_became_of_the_room(world: County, lecture: Lecture) -> None:
    [first] = operations.say_all(sayings=[saying(lecture, world.member, "1", "好")])
    operations.restrict(
        occasion_id=lecture.pk,
        member_id=world.member.pk,
        kind="muted",
        actor_id=world.lecturer.pk,
        as_of=timezone.now(),
    )
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert operations.say_all(sayings=[saying(lecture, world.member, "1", "改了")]) == [first]


def test_only_what_is_new_is_announced_and_in_the_order_of_its_numbers(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr(room_events, "publish_all", heard.extend)
    with django_capture_on_commit_callbacks(execute=True):
        operations.say_all(sayings=[saying(lecture, world.member, "1")])
    with django_capture_on_commit_callbacks(execute=True):
        operations.say_all(sayings=[saying(lecture, one, "1") for one in reversed(world.members)])
    numbers = [event["message"] for _room, event in heard]
    assert numbers == sorted(ChatMessage.objects.values_list("pk", flat=True))


def test_what_is_not_kept_is_not_announced(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr(room_events, "publish_all", heard.extend)

    class GoneAway(Exception):
        """The commit fails."""

    @transaction.atomic
    def say_and_fail() -> None:
        operations.say_all(sayings=[saying(lecture, world.member, "1")])
        raise GoneAway

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(GoneAway):
        say_and_fail()
    assert (heard, ChatMessage.objects.count()) == ([], 0)


def test_a_batch_that_is_sent_again_asks_as_little(
    world: County, lecture: Lecture, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """Finding: the unit of each message was a question of its own."""
    many = [saying(lecture, one, f"{n}") for one in world.members for n in range(20)]
    first = operations.say_all(sayings=many)
    # As for one that is new, but instead of names and units: the messages, with their authors' names, and the units.
    with django_assert_num_queries(7):
        assert operations.say_all(sayings=many) == first
    assert {one.unit for one in first if isinstance(one, ChatLine)} == {world.branch.name}


def test_a_message_keeps_the_unit_of_its_day(world: County, lecture: Lecture) -> None:
    [first] = operations.say_all(sayings=[saying(lecture, world.member, "1")])
    today = timezone.localdate()
    transfer_member(member_id=world.member.pk, node_id=world.neighbour.pk, on_date=today + dt.timedelta(days=1))
    assert isinstance(first, ChatLine)
    days = [timezone.now() + dt.timedelta(days=days) for days in (-4000, 0, 1)]
    units = units_at([(world.member.pk, at) for at in days])
    assert list(units.values()) == ["", first.unit, world.neighbour.name]
    assert operations.say_all(sayings=[saying(lecture, world.member, "1")]) == [first]


def test_a_name_that_the_socket_knows_is_not_asked_again(world: County, lecture: Lecture) -> None:
    one = saying(lecture, world.member, "1")
    rename_member(member_id=world.member.pk, name="新名字")
    [known] = operations.say_all(sayings=[Saying(one.occasion_id, one.author_id, "1", "好", one.at, ("旧名", "支部"))])
    [asked] = operations.say_all(sayings=[saying(lecture, world.member, "2")])
    assert isinstance(known, ChatLine)
    assert isinstance(asked, ChatLine)
    assert (known.name, known.unit) == ("旧名", "支部")
    assert (asked.name, asked.unit) == ("新名字", world.branch.name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_two_processes_and_a_host_at_once(world: County, lecture: Lecture, turn: int) -> None:
    """The same messages on two sockets are stored once; of somebody muted nothing is stored after that."""
    people, start = world.members, threading.Barrier(3)
    stored: list[Sequence[ChatLine | UnableToChat]] = []
    failures: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        start.wait(60)
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)
        finally:
            connections.close_all()

    def speak(order: int) -> None:
        for n in range(10):
            some = [saying(lecture, one, f"{turn}-{n}") for one in people]
            stored.append(operations.say_all(sayings=some[::order]))

    def mute() -> None:
        operations.restrict(
            occasion_id=lecture.pk,
            member_id=people[1].pk,
            kind="muted",
            actor_id=world.lecturer.pk,
            as_of=timezone.now(),
        )
        silent.append(ChatMessage.objects.filter(author=people[1]).count())

    silent: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        for work in (lambda: speak(1), lambda: speak(-1), mute):
            pool.submit(run, work)
    assert failures == []
    assert Restriction.objects.count() == 1
    assert ChatMessage.objects.filter(author=people[1]).count() == silent[0]
    assert ChatMessage.objects.exclude(author=people[1]).count() == 20
    lines = [one for batch in stored for one in batch if isinstance(one, ChatLine)]
    assert {one.message for one in lines} == set(ChatMessage.objects.values_list("pk", flat=True))


class Store:
    """Stands for the database: fails as it is told, and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.poison: dict[str, Exception] = {}

    def __call__(self, *, sayings: Sequence[Saying]) -> list[ChatLine]:
        texts = [one.text for one in sayings]
        for text in texts:
            if text in self.poison:
                raise self.poison[text]
        self.batches.append(texts)
        return [ChatLine(n, one.author_id, "", "", one.text, 0, host=False) for n, one in enumerate(sayings)]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    made = Store()

    async def at_once(work: Callable[[], Any]) -> Any:
        await asyncio.sleep(0.01)
        return work()

    monkeypatch.setattr(operations, "say_all", made)
    monkeypatch.setattr(batches, "in_database", at_once)
    monkeypatch.setattr(batches, "TICK_S", 0.02)
    monkeypatch.setattr(batches, "BATCH", 8)
    return made


async def speak(texts: Sequence[str]) -> list[Any]:
    loop = asyncio.get_running_loop()
    room = Chat(spawn=loop.create_task)
    sayings = [Saying(1, 1, f"{n}", text, timezone.now()) for n, text in enumerate(texts)]
    return await asyncio.gather(*(room.say(one) for one in sayings), return_exceptions=True)


def told(answers: Sequence[Any]) -> list[str]:
    return [one.text if isinstance(one, ChatLine) else type(one).__name__ for one in answers]


def test_what_is_said_in_a_tick_is_one_batch_in_its_order(store: Store) -> None:
    words = [str(n) for n in range(20)]
    assert told(asyncio.run(speak(words))) == words
    assert store.batches == [words[:8], words[8:16], words[16:]]


@pytest.mark.parametrize("error", [ValueError("NUL"), DataError("too long")])
def test_one_poisonous_message_fails_alone(store: Store, error: Exception) -> None:
    store.poison["3"] = error
    answers = asyncio.run(speak([str(n) for n in range(8)]))
    assert told(answers) == ["0", "1", "2", "DatabaseError", "4", "5", "6", "7"]


def test_a_database_that_is_away_is_try_again_for_each_and_the_next_are_stored(store: Store) -> None:
    async def both() -> tuple[list[Any], list[Any]]:
        store.poison["1"] = OperationalError("away")
        first = await speak(["0", "1"])
        store.poison.clear()
        return first, await speak(["0", "1"])

    first, second = asyncio.run(both())
    assert all(isinstance(one, DatabaseError) for one in first)
    assert told(second) == ["0", "1"]
    assert store.batches == [["0", "1"]]


def test_whoever_waits_hears_when_the_process_stops(store: Store) -> None:
    async def stop() -> list[Any]:
        tasks: list[asyncio.Task[None]] = []

        def spawn(work: Any) -> "asyncio.Task[None]":
            tasks.append(asyncio.get_running_loop().create_task(work))
            return tasks[-1]

        room = Chat(spawn=spawn)
        waiting = asyncio.gather(room.say(Saying(1, 1, "1", "x", timezone.now())), return_exceptions=True)
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await waiting

    assert told(asyncio.run(stop())) == ["DatabaseError"]


def test_a_batch_under_way_is_answered_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are being written, one waits behind them: none of the three waits for ever."""
    tasks: list[asyncio.Task[None]] = []

    async def stop() -> list[Any]:
        is_writing = asyncio.Event()

        async def never(_work: Callable[[], Any]) -> Any:
            is_writing.set()
            await asyncio.Event().wait()

        def spawn(work: Any) -> "asyncio.Task[None]":
            tasks.append(asyncio.get_running_loop().create_task(work))
            return tasks[-1]

        monkeypatch.setattr(batches, "in_database", never)
        room = Chat(spawn=spawn)
        sayings = [Saying(1, 1, f"{n}", "x", timezone.now()) for n in range(3)]
        waiting = [asyncio.ensure_future(room.say(one)) for one in sayings[:2]]
        await asyncio.wait_for(is_writing.wait(), 60)
        waiting.append(asyncio.ensure_future(room.say(sayings[2])))
        await asyncio.sleep(0)
        tasks[0].cancel()
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 60)

    assert told(asyncio.run(stop())) == ["DatabaseError"] * 3
    assert len(tasks) == 1


def test_a_connection_to_a_file_is_kept(settings: Any) -> None:
    """Finding: ops D. A step of a room opened a connection and asked four PRAGMAs."""
    if connection.vendor == "sqlite":
        assert connection.settings_dict["CONN_MAX_AGE"] == 60
    else:
        assert connection.settings_dict["CONN_MAX_AGE"] == 0


# --- who says it as a host --------------------------------------------------------------------------------------------


def said_as_hosts(lecture: Lecture) -> list[bool]:
    return [line.host for line in queries.chat_lines(occasion_id=lecture.pk)]


def test_a_line_keeps_that_it_was_said_as_a_host(world: County, lecture: Lecture) -> None:
    """Finding: the mark followed whoever is written down as the lecturer now; an organiser who leads had none."""
    by = [(world.lecturer, True), (world.organiser, True), (world.member, False), (world.lecturer, False)]
    said = [
        Saying(lecture.pk, who.pk, f"{n}", "好", timezone.now(), is_host=is_host) for n, (who, is_host) in enumerate(by)
    ]
    first = operations.say_all(sayings=said)
    assert [one.host for one in first if isinstance(one, ChatLine)] == [True, True, False, False]
    Lecture.objects.filter(pk=lecture.pk).update(lecturer=world.organiser)
    # Read again, and sent again by whoever leads no more: as it was said.
    read = {line.message: line for line in queries.chat_lines(occasion_id=lecture.pk)}
    assert [read[one.message].host for one in first if isinstance(one, ChatLine)] == [True, True, False, False]
    assert operations.say_all(sayings=[replace(one, is_host=not one.is_host) for one in said]) == first


def test_a_row_of_the_version_before_has_no_mark(world: County, lecture: Lecture) -> None:
    """While a site is upgraded, processes of before go on writing rows that know nothing of the mark."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO live_chatmessage (lecture_id, author_id, client_id, text, at) VALUES (%s, %s, %s, %s, %s)",
            [lecture.pk, world.lecturer.pk, "1", "好", timezone.now()],
        )
    assert said_as_hosts(lecture) == [False]


def test_what_was_said_before_is_marked_by_the_roles_of_that_day(world: County, lecture: Lecture) -> None:
    fill = import_module("live.migrations.0023_mark_what_hosts_said").mark_what_hosts_said
    meeting, today = make_live_meeting(world), timezone.localdate()
    then = timezone.now() - dt.timedelta(days=9)
    acting, later, above = world.members[1], world.members[2], world.organiser
    RoleGrant.objects.filter(user=world.secretary).update(active_to_date=today)
    dates = {acting: (-20, -5), later: (0, None)}
    for who, (first, end) in dates.items():
        RoleGrant.objects.create(
            user=who, node=world.branch, role="secretary", active_from_date=today + dt.timedelta(days=first),
            active_to_date=None if end is None else today + dt.timedelta(days=end),
        )  # fmt: skip
    for where in (lecture, meeting):
        for who in (world.lecturer, world.secretary, acting, later, above, world.member):
            ChatMessageFactory(lecture=where, author=who, at=then)
    ChatMessageFactory(lecture=meeting, author=acting)
    ChatMessageFactory(lecture=meeting, author=world.secretary)
    fill(apps, None)
    assert said_as_hosts(lecture) == [True, False, False, False, True, False]
    # The planner led on that day and not today; who led in between; not yet then; the organiser above; nobody more.
    assert said_as_hosts(meeting) == [False, True, True, False, True, False, False, False]
