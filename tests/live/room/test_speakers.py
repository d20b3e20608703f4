"""The stage: who is asked up, who comes, and everything that takes somebody off it."""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.utils import timezone

from live import operations, queries
from live.core.media.scrubber import SPEAKERS
from live.core.wire import protocol
from live.engines.base import speaker_id
from live.models import Lecture, MediaPeer, RaisedHand, Speaker
from live.operations.speakers import INVITED_FOR, KEPT
from live.queries import nodes
from live.queries.speakers import Standing
from live.room import speakers
from live.room.connections import Connection
from live.room.peers import Peer
from live.room.rooms import Room
from organizations.models import User
from tests.factories.live import make_live
from tests.factories.organizations import County, make_county
from tests.live.room.test_stage import at_once, done, hear

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
S = dt.timedelta(seconds=1)
SOUND_ALONE = {"sound": True, "picture": False, "shown": False}


@pytest.fixture
def world() -> County:
    cache.clear()
    return make_county(members=5)


@pytest.fixture
def lecture(world: County) -> Lecture:
    return make_live(world)


def invite(lecture: Lecture, member: User, at: dt.datetime | None = None) -> None:
    operations.invite(
        occasion_id=lecture.pk, member_id=member.pk, actor_id=lecture.lecturer_id, as_of=at or timezone.now()
    )


def step_up(lecture: Lecture, member: User, at: dt.datetime | None = None, *, device: str = "phone") -> None:
    operations.step_up(occasion_id=lecture.pk, member_id=member.pk, device=device, as_of=at or timezone.now())


def on_stage(lecture: Lecture) -> list[tuple[str, bool]]:
    return [(one.name, one.on) for one in queries.speakers(lecture.pk)]


def test_a_hand_becomes_an_invitation_and_a_voice(
    world: County,
    lecture: Lecture,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    django_assert_max_num_queries: Any,
) -> None:
    told, member = hear(monkeypatch), world.member
    operations.raise_hand(occasion_id=lecture.pk, member_id=member.pk, as_of=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        invite(lecture, member)
        invite(lecture, member)
    assert not RaisedHand.objects.exists(), "it was answered"
    asked = {"member": member.pk, "name": member.name, "unit": world.branch.name, "on": False, **SOUND_ALONE}
    assert [one["speakers"] for one in told if one["t"] == "speakers"] == [[asked]]
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        step_up(lecture, member)
        step_up(lecture, member, device="tablet")
    assert [one["speakers"][0]["on"] for one in told] == [True], "another phone of theirs is no news"
    assert queries.room_facts([lecture.pk])[lecture.pk].speakers == (
        (Standing(member.pk, on=True, **SOUND_ALONE), "tablet"),
    )
    assert queries.is_speaking(occasion_id=lecture.pk, member_id=member.pk)
    assert queries.speaking([lecture.pk]) == {(lecture.pk, member.pk)}
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            operations.step_down(occasion_id=lecture.pk, member_ids=[member.pk])
    assert told == [{"t": "speakers", "speakers": []}]
    for one in world.members[:SPEAKERS]:
        invite(lecture, one)
    with django_assert_max_num_queries(2):
        assert len(queries.speakers(lecture.pk)) == SPEAKERS


def test_there_is_room_for_three_and_only_while_it_is_live(world: County, lecture: Lecture) -> None:
    for member in world.members[:SPEAKERS]:
        invite(lecture, member)
    with pytest.raises(operations.UnableToInvite, match="stage_full"):
        invite(lecture, world.members[SPEAKERS])
    operations.clear_stage(occasion_id=lecture.pk)
    invite(lecture, world.members[SPEAKERS])
    operations.take_break(occasion_id=lecture.pk, minutes=5, as_of=timezone.now())
    assert on_stage(lecture) == [], "in a break nobody is heard"
    with pytest.raises(operations.UnableToInvite, match="state"):
        invite(lecture, world.member)
    operations.end_break(occasion_id=lecture.pk, as_of=timezone.now())
    invite(lecture, world.member)
    step_up(lecture, world.member)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert not Speaker.objects.exists()
    with pytest.raises(operations.UnableToStepUp):
        step_up(lecture, world.member)


@pytest.mark.parametrize("kind", ["muted", "removed"])
def test_who_may_not_speak_in_the_room_leaves_the_stage_and_is_not_asked_up(
    world: County, lecture: Lecture, kind: str
) -> None:
    invite(lecture, world.member)
    step_up(lecture, world.member)
    whose: dict[str, Any] = {"occasion_id": lecture.pk, "member_id": world.member.pk, "kind": kind}
    operations.restrict(actor_id=lecture.lecturer_id, as_of=timezone.now(), **whose)
    assert on_stage(lecture) == []
    with pytest.raises(operations.UnableToInvite, match="is_muted"):
        invite(lecture, world.member)
    operations.lift_restriction(as_of=timezone.now(), **whose)
    invite(lecture, world.member)


def test_nobody_comes_unasked_or_too_late_and_a_lost_line_keeps_its_place_for_a_while(
    world: County, lecture: Lecture
) -> None:
    now = timezone.now()
    asked, speaking, away = world.members[:3]
    with pytest.raises(operations.UnableToStepUp):
        step_up(lecture, asked)
    for member in (asked, speaking, away):
        invite(lecture, member, now)
    for member in (speaking, away):
        step_up(lecture, member, now)
    later = now + KEPT + S
    operations.note_speakers(occasion_id=lecture.pk, member_ids=[speaking.pk], as_of=later)
    for _ in range(2):
        operations.step_down_absent(occasion_id=lecture.pk, as_of=later)
    assert on_stage(lecture) == [(asked.name, False), (speaking.name, True)]
    with pytest.raises(operations.UnableToStepUp):
        step_up(lecture, asked, now + INVITED_FOR + S)
    operations.note_speakers(occasion_id=lecture.pk, member_ids=[speaking.pk], as_of=now + INVITED_FOR)
    operations.step_down_absent(occasion_id=lecture.pk, as_of=now + INVITED_FOR + S)
    assert on_stage(lecture) == [(speaking.name, True)]


def test_the_engine_ends_whom_no_row_has_on_the_stage_whosever_they_were(world: County, lecture: Lecture) -> None:
    """The process that put them there may be dead: its rows are found by any other."""
    staying, going = world.members[:2]
    for member in (staying, going):
        invite(lecture, member)
        step_up(lecture, member)
    for member, kind, key in (
        (staying, "talk", "a"),
        (staying, "talk", "b"),
        (going, "talk", "c"),
        (going, "sub", "d"),
    ):
        assert operations.keep_peer(
            occasion_id=lecture.pk,
            member_id=member.pk,
            device="phone",
            kind=kind,
            key=key,
            reference=f"1.{key}",
            owner="dead",
            as_of=timezone.now(),
        )
    operations.step_down(occasion_id=lecture.pk, member_ids=[going.pk])
    assert operations.cut_speakers(occasion_id=lecture.pk) == ["1.c"]
    left = MediaPeer.objects.order_by("key").values_list("key", flat=True)
    assert list(left) == ["b", "d"], "one voice a person, and they go on hearing"


def sends(lecture: Lecture, member: User, *, sound: bool = True, picture: bool = True) -> None:
    operations.note_sending(occasion_id=lecture.pk, member_id=member.pk, sound=sound, picture=picture)


def show(lecture: Lecture, member_id: int) -> None:
    operations.show_picture(
        occasion_id=lecture.pk, member_id=member_id, actor_id=lecture.lecturer_id, as_of=timezone.now()
    )


def shown(lecture: Lecture) -> list[str]:
    return [one.name for one in queries.speakers(lecture.pk) if one.shown]


def test_a_host_chooses_whose_picture_is_the_lectures(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told, (first, second, other) = hear(monkeypatch), world.members[:3]
    for member in (first, second):
        invite(lecture, member)
        step_up(lecture, member)
    for member_id in (first.pk, other.pk):
        with pytest.raises(operations.UnableToShow):
            show(lecture, member_id)  # without a camera, or not on the stage at all
    sends(lecture, other)
    sends(lecture, first)
    sends(lecture, second)
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            show(lecture, first.pk)
        show(lecture, second.pk)
        sends(lecture, second)
    assert (shown(lecture), len(told)) == ([second.name], 2), "one at a time, and what stands is no news"
    assert nodes.shown(node_id=lecture.media_node_id or 0) == {}
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            show(lecture, 0)
    assert (shown(lecture), len(told)) == ([], 3)


def test_the_lecturers_picture_is_back_when_the_speakers_ends(world: County, lecture: Lecture) -> None:
    member = world.member

    def on_screen() -> None:
        invite(lecture, member)
        step_up(lecture, member)
        sends(lecture, member, sound=False)
        show(lecture, member.pk)
        assert shown(lecture) == [member.name]

    on_screen()
    sends(lecture, member, picture=False)
    assert [(one.sound, one.picture, one.shown) for one in queries.speakers(lecture.pk)] == [(True, False, False)]
    on_screen()
    step_up(lecture, member, device="tablet")
    assert [(one.sound, one.picture, one.shown) for one in queries.speakers(lecture.pk)] == [(True, False, False)]
    on_screen()
    operations.step_down(occasion_id=lecture.pk, member_ids=[member.pk])
    sends(lecture, member)
    assert queries.speakers(lecture.pk) == []


def test_a_room_gives_the_picture_that_was_chosen_and_gives_it_back(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, member, calls, url = Looks(lecture, monkeypatch), world.member, list[Any](), ["unix:/nowhere"]
    monkeypatch.setattr(speakers.queries, "engine_url", lambda **_of: _or_raise(url[0]))
    engine = SimpleNamespace(show=lambda *whose: calls.append(whose))
    monkeypatch.setattr(speakers, "get_engine", lambda _url: engine)
    invite(lecture, member)
    step_up(lecture, member)
    sends(lecture, member)
    process.look()
    show(lecture, member.pk)
    process.look()
    assert (process.room.shown(), len(process.cut)) == (member.pk, 1)
    for address in ("unix:/nowhere", "", OperationalError()):
        url[0] = address
        done(speakers._show(process.room))
    assert calls == [(process.room.room_id, speaker_id(member.pk))]
    process.look()
    assert len(calls) == 1, "the database is away yet"
    url[0] = "unix:/nowhere"
    process.look()
    process.look()
    assert len(calls) == 2, "and once it is back, the choice is told to the engine, once"


def test_a_picture_is_there_once_it_was_seen_to_come_and_by_the_device_that_speaks(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speakers, "in_database", at_once)
    process, member, room = Looks(lecture, monkeypatch), world.member, Room(lecture.pk)
    phone, tablet = (Connection(cast(Any, None), member.pk, False, device) for device in ("phone", "tablet"))
    by_phone, by_tablet = Peer(room, phone, "talk"), Peer(room, tablet, "talk")
    monkeypatch.setattr(process, "spawn", done)

    def flow(peer: Peer, *, comes: bool) -> tuple[bool, bool, list[str]]:
        speakers.flows(cast(Any, process), peer, comes=comes)
        return has()

    def noted(work: Any) -> bool:
        with pytest.raises(StopIteration) as over:
            work.send(None)
        return bool(over.value.value)

    def has() -> tuple[bool, bool, list[str]]:
        ((sound, picture),) = [(one.sound, one.picture) for one in queries.speakers(lecture.pk)]
        return sound, picture, shown(lecture)

    invite(lecture, member)
    assert not noted(speakers.note_sending(room, phone, None)), "only asked up"
    step_up(lecture, member)
    assert flow(by_phone, comes=True) == (True, False, []), "its page says nothing of a camera"
    by_phone.flows, phone.sends = False, (False, True)
    assert noted(speakers.note_sending(room, phone, by_phone))
    assert has() == (False, False, []), "nothing has come"
    with pytest.raises(operations.UnableToShow):
        show(lecture, member.pk)
    flow(by_phone, comes=True)
    show(lecture, member.pk)
    tablet.sends = (True, False)
    assert not noted(speakers.note_sending(room, tablet, None))
    by_tablet.flows = True
    assert flow(by_tablet, comes=False) == (False, True, [member.name]), "another device of theirs"
    back = Connection(cast(Any, None), member.pk, False, "phone", sends=(True, True))
    assert noted(speakers.note_sending(room, back, None))
    assert has() == (True, True, [member.name]), "another socket, and the picture goes on"
    monkeypatch.setattr(speakers, "in_database", lambda _work: _or_raise(OperationalError()))
    assert flow(by_phone, comes=False)[1]
    monkeypatch.setattr(speakers, "in_database", at_once)
    by_phone.flows = True
    assert flow(by_phone, comes=False) == (False, False, [])
    back.sends = (False, False)
    assert noted(speakers.note_sending(room, back, by_phone))
    assert has() == (False, False, []), "with both keys off the line comes back, and both stay off"


def test_a_speaker_whose_page_is_gone_is_neither_heard_nor_seen_until_it_sends_again(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is loaded anew is the same device: it is here, and sends nothing before a tap."""
    monkeypatch.setattr(speakers, "in_database", at_once)
    process, member, room = Looks(lecture, monkeypatch), world.member, Room(lecture.pk)
    monkeypatch.setattr(process, "spawn", done)

    def has() -> tuple[bool, bool, list[str]]:
        ((sound, picture),) = [(one.sound, one.picture) for one in queries.speakers(lecture.pk)]
        return sound, picture, shown(lecture)

    invite(lecture, member)
    step_up(lecture, member)
    phone = Connection(cast(Any, None), member.pk, False, "phone", sends=(True, True))
    old, new = Peer(room, phone, "talk"), Peer(room, phone, "talk")
    speakers.flows(cast(Any, process), old, comes=True)
    show(lecture, member.pk)
    assert has() == (True, True, [member.name])
    old.is_over = True
    speakers.ended(cast(Any, process), old)
    assert has() == (False, False, [])
    phone.talking = new
    speakers.ended(cast(Any, process), old)
    assert has() == (True, False, []), "it has begun anew"
    new.is_over, phone.talking = True, None
    new.kind = "meet"
    speakers.ended(cast(Any, process), new)
    assert has() == (True, False, []), "a meeting's is nobody's stage"


def _or_raise(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


class Looks:
    """A room that looks at its stage once a second, as ``seconds`` say; what it told, cut, and left on the air."""

    def __init__(self, lecture: Lecture, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(speakers, "in_database", at_once)
        monkeypatch.setattr(speakers, "time", SimpleNamespace(monotonic=lambda: self.seconds))
        self.room, self.seconds, self.noting = Room(lecture.pk), 1000.0, speakers.Noting()
        self.told, self.cut, self.heard = list[str](), list[Any](), list[set[int]]()
        self.rooms = self.background = self.peers = self

    def deliver(self, _room: int, event: protocol.Event) -> None:
        assert isinstance(event, protocol.SpeakersEvent)
        speakers.on_event(cast(Any, self), self.room, event)
        self.told.append(event.word)

    def spawn(self, work: Any) -> None:
        self.cut.append(work)
        work.close()

    def cut_unasked(self, _room: Room, speaking: Any) -> None:
        self.heard.append(set(speaking))

    def look(self, before: Callable[[], None] = lambda: None) -> list[str]:
        self.told.clear()
        self.heard.clear()
        was, facts = speakers.known(self.room), queries.room_facts([self.room.occasion_id])[self.room.occasion_id]
        before()
        done(speakers.compare(cast(Any, self), self.room, facts, was))
        return self.told


def test_a_room_finds_its_stage_in_the_database_and_cuts_who_went(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, member = Looks(lecture, monkeypatch), world.member
    invite(lecture, member)
    assert process.look() == ["speakers"]
    step_up(lecture, member)
    assert (process.look(), process.room.is_speaking(member.pk)) == (["speakers"], True)
    assert (process.look(), process.heard) == ([], [{member.pk}])
    other = Room(lecture.pk)
    done(speakers.learn(other, queries.room_facts([lecture.pk])[lecture.pk]))
    standing = Standing(member.pk, on=True, **SOUND_ALONE)
    assert (speakers.known(other), other.devices) == ([standing], {member.pk: "phone"})
    operations.step_down(occasion_id=lecture.pk, member_ids=[member.pk])
    assert (process.look(), process.cut != [], process.room.speakers) == (["speakers"], True, [])
    assert process.heard == [set()], "and nobody else is heard"
    told = protocol.SpeakersEvent(speakers=[protocol.OnStage(member=1, name="", unit="", on=True)])
    assert process.look(lambda: process.deliver(0, told)) == ["speakers"]
    assert process.heard == [], "what is told is newer than what was asked"


def test_a_lost_voice_goes_after_a_while_but_not_with_a_database_that_was_away(
    world: County, lecture: Lecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows are old when it is back: whoever comes first does not clear the stage that others are about to note."""
    process = Looks(lecture, monkeypatch)
    invite(lecture, world.member)
    step_up(lecture, world.member)
    process.look()
    process.seconds += speakers.BREAK_S + speakers.NOTE_S
    Speaker.objects.update(seen_at=timezone.now() - KEPT - S)
    for _outage in range(2):
        for _look in range(4):
            process.look()
            assert Speaker.objects.count() == 1
            process.seconds += speakers.NOTE_S
        process.seconds += speakers.BREAK_S
    for _look in range(5):
        assert Speaker.objects.count() == 1
        process.look()
        process.seconds += speakers.NOTE_S
    assert (process.look(), process.room.speakers) == (["speakers"], [])


def test_a_stage_is_left_with_the_page_that_speaks_and_not_with_another_phone(world: County, lecture: Lecture) -> None:
    member = world.member
    room = Room(lecture.pk)
    phone, tablet = (Connection(cast(Any, None), member.pk, False, device) for device in ("phone", "tablet"))
    assert not speakers.leaves(room, phone)
    room.speakers = [protocol.OnStage(member=member.pk, name="", unit="", on=True)]
    room.add(tablet)
    assert not speakers.leaves(room, phone), "only asked up: they may come by the other one"
    room.devices = {member.pk: "phone"}
    assert speakers.leaves(room, phone)
    assert not speakers.leaves(room, tablet), "the phone's line is away, and it comes back"
    room.add(Connection(cast(Any, None), member.pk, False, "phone"))
    assert not speakers.leaves(room, phone), "another tab of it"
    phone.staged = True
    assert speakers.leaves(room, phone), "it was the tab that came on the stage"
    room.devices = {member.pk: "tablet"}
    assert not speakers.leaves(room, phone), "the voice has moved since"
    phone.talking = cast(Any, object())
    assert speakers.leaves(room, phone)
    alone = Room(lecture.pk, speakers=room.speakers)
    assert speakers.leaves(alone, tablet), "asked up, and nothing of theirs is left to come by"
