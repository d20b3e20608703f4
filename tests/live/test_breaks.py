"""A break in a lecture: nobody gains or loses by it, whenever it ends and whatever ends it."""

import datetime as dt
from typing import Any, cast

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.core.intervals import ms_of
from attendance.models import Record, RecordState
from attendance.operations import set_pause, settle
from attendance.queries import window_of
from live import operations
from live.core.media.facts import AirFacts, air_facts
from live.core.wire import protocol
from live.models import Lecture, MediaNode
from live.operations.nodes import note_air
from live.queries import RoomFacts, keeps_from_recording, room_facts
from live.room.checks import RoomChecks, Told
from live.room.rooms import Room
from tests.factories.attendance import be_present
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, make_county

MINUTE = dt.timedelta(minutes=1)
needs_database = pytest.mark.django_db


@pytest.fixture
def world() -> County:
    return make_county()


def again(lecture: Lecture) -> Lecture:
    return Lecture.objects.select_related("occasion").get(pk=lecture.pk)


def paused(lecture: Lecture) -> list[list[int]]:
    return again(lecture).occasion.paused_ms


def break_for(lecture: Lecture, minutes: int, at: dt.datetime) -> None:
    operations.take_break(occasion_id=lecture.pk, minutes=minutes, as_of=at)


@pytest.mark.integration
@needs_database
def test_a_break_pauses_the_window_until_a_host_goes_on(world: County) -> None:
    lecture, at = make_live(world), timezone.now()
    break_for(lecture, 10, at)
    assert room_facts([lecture.pk])[lecture.pk].break_until == ms_of(at + 10 * MINUTE)
    assert paused(lecture) == [[ms_of(at), ms_of(at + 10 * MINUTE)]]
    break_for(lecture, 5, at + 8 * MINUTE)
    assert paused(lecture) == [[ms_of(at), ms_of(at + 13 * MINUTE)]]
    operations.end_break(occasion_id=lecture.pk, as_of=at + 20 * MINUTE)
    assert paused(lecture) == [[ms_of(at), ms_of(at + 20 * MINUTE)]]
    assert room_facts([lecture.pk])[lecture.pk].break_until is None
    operations.end_break(occasion_id=lecture.pk, as_of=at + 21 * MINUTE)
    assert paused(lecture) == [[ms_of(at), ms_of(at + 20 * MINUTE)]]
    break_for(lecture, 5, at + 30 * MINUTE)
    operations.end_break(occasion_id=lecture.pk, as_of=at + 31 * MINUTE)
    assert [end - start for start, end in paused(lecture)] == [1_200_000, 60_000]


@pytest.mark.integration
@needs_database
def test_who_left_for_the_break_and_who_stayed_have_the_same(world: County) -> None:
    """Organiser: what a lecturer misses 2. A break took its length from everybody who was absent."""
    lecture = make_live(world)
    start = lecture.occasion.window_start_at
    assert start is not None
    goes, stays, late = world.members[:3]
    with time_machine.travel(start + 10 * MINUTE, tick=False):
        break_for(lecture, 5, timezone.now())
        break_until = room_facts([lecture.pk])[lecture.pk].break_until
    assert break_until == ms_of(start + 15 * MINUTE)
    with time_machine.travel(start + 20 * MINUTE, tick=False):
        operations.end_break(occasion_id=lecture.pk, as_of=timezone.now())
    be_present(lecture.occasion, goes, 0, 600)
    be_present(lecture.occasion, goes, 1200, 1800)
    be_present(lecture.occasion, stays, 0, 1800)
    be_present(lecture.occasion, late, 600, 1200)
    with time_machine.travel(start + 30 * MINUTE, tick=False):
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
        settle(occasion_id=lecture.pk, as_of=timezone.now())
        records = {record.member_id: record for record in Record.objects.filter(occasion=lecture.pk)}
        assert window_of(again(lecture).occasion, as_of=timezone.now()).length == 1_200_000
    assert (records[goes.pk].live_ms, records[stays.pk].live_ms) == (1_200_000, 1_200_000)
    assert (records[goes.pk].stands, records[goes.pk].hours) == (records[stays.pk].stands, records[stays.pk].hours)
    assert records[late.pk].live_ms == 0
    assert records[late.pk].stands == RecordState.MISSING


@pytest.mark.integration
@needs_database
def test_ending_in_a_break_ends_it_and_undoing_the_end_goes_on(world: County) -> None:
    lecture, at = make_live(world), timezone.now()
    break_for(lecture, 30, at)
    assert keeps_from_recording(again(lecture), as_of=at) == ""
    operations.end_lecture(occasion_id=lecture.pk, as_of=at + MINUTE)
    ended = again(lecture)
    assert (ended.break_at, ended.break_until_at, ended.occasion.window_end_at) == (None, None, at + MINUTE)
    assert ended.occasion.paused_ms == [[ms_of(at), ms_of(at + MINUTE)]]
    operations.resume_lecture(occasion_id=lecture.pk, as_of=at + 2 * MINUTE)
    assert (again(lecture).break_at, window_of(again(lecture).occasion, as_of=at).paused.total) == (None, 120_000)


@pytest.mark.integration
@needs_database
@pytest.mark.parametrize("minutes", [0, 61, 100_000])
def test_a_break_has_a_length(world: County, minutes: int) -> None:
    lecture = make_live(world)
    with pytest.raises(operations.UnableToTakeBreak, match="1 到 60 分钟") as refused:
        break_for(lecture, minutes, timezone.now())
    assert (refused.value.code, paused(lecture)) == ("break_length", [])


@pytest.mark.integration
@needs_database
def test_there_is_a_break_only_while_it_is_live(world: County) -> None:
    lecture = make_lecture(world)
    with pytest.raises(operations.UnableToTakeBreak) as refused:
        break_for(lecture, 5, timezone.now())
    assert refused.value.code == "state"
    operations.end_break(occasion_id=lecture.pk, as_of=timezone.now())
    assert not set_pause(occasion_id=lecture.pk, since=timezone.now(), until=timezone.now())
    assert paused(lecture) == []


@pytest.mark.integration
@needs_database
def test_who_reloads_or_comes_late_finds_the_break(world: County, client: Client) -> None:
    lecture, at = make_live(world), timezone.now()
    break_for(lecture, 10, at)
    client.force_login(world.member)
    state = client.get(reverse("live_state", args=[lecture.pk])).json()
    assert (state["state"], state["break_until"]) == ("live", ms_of(at + 10 * MINUTE))
    operations.end_break(occasion_id=lecture.pk, as_of=at + MINUTE)
    assert client.get(reverse("live_state", args=[lecture.pk])).json()["break_until"] is None


@pytest.mark.integration
@needs_database
def test_the_rooms_read_what_the_media_host_saw(world: County) -> None:
    lecture = make_live(world)
    facts = AirFacts(at=7, picture=True, sound=True, written=True, recording="on")
    assert room_facts([lecture.pk])[lecture.pk].air is None
    node = MediaNode.objects.create(name="one", url="unix:/x", beat_at=timezone.now())
    Lecture.objects.filter(pk=lecture.pk).update(media_node=node)
    assert room_facts([lecture.pk])[lecture.pk].air is None
    note_air(node_id=node.pk, air={str(lecture.pk): facts})
    assert room_facts([lecture.pk])[lecture.pk].air == facts


@pytest.mark.unit
def test_a_room_that_opens_anew_is_not_told_what_a_dead_media_host_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int]] = []

    class Line:
        rooms = property(lambda self: self)

        def deliver(self, _room: int, event: protocol.Event) -> None:
            told.append((event.word, getattr(event, "at", 0)))

    checks, now = RoomChecks(cast(Any, Line())), timezone.now()
    with time_machine.travel(now, tick=False):
        for age_ms in (4001, 60_000, 3000, 5000, 1000):
            air = AirFacts(at=ms_of(now) - age_ms, picture=True, sound=True, written=True, recording="on")
            facts = RoomFacts("live", 10, None, None, 0, frozenset(), frozenset(), air=air)
            room = Room(7, state="live")
            checks.take_facts(room, facts, Told.of(room))
            checks.take_facts(room, facts, Told.of(room))
    assert told == [("air", ms_of(now) - 3000), ("air", ms_of(now) - 1000)]


@pytest.mark.unit
@pytest.mark.parametrize(("seen_after_s", "is_back"), [(None, False), (-1, False), (0, False), (5, False), (6, True)])
def test_what_a_busy_agent_saw_late_brings_no_picture_back(seen_after_s: int | None, is_back: bool) -> None:
    """Packets from before its end: members read 正在打开画面 for 25 s instead of that the lecturer has none."""
    told: list[protocol.Event] = []

    class Line:
        rooms = property(lambda self: self)

        def deliver(self, _room: int, event: protocol.Event) -> None:
            told.append(event)

    checks, now = RoomChecks(cast(Any, Line())), timezone.now()
    off_at = now - dt.timedelta(seconds=8)
    seen_at = None if seen_after_s is None else off_at + dt.timedelta(seconds=seen_after_s)
    room = Room(7, state="live", picture=False, picture_off_at=off_at)
    facts = RoomFacts("live", 10, None, seen_at, 0, frozenset(), frozenset())
    checks.take_facts(room, facts, Told.of(room))
    assert told == ([protocol.PictureEvent(on=True)] if is_back else [])


@pytest.mark.integration
@needs_database
def test_nobody_takes_the_air_in_a_break_or_after_the_end(world: County) -> None:
    lecture, now = make_live(world), timezone.now()
    desk: dict[str, Any] = {"occasion_id": lecture.pk, "host_id": world.lecturer.pk, "source": "desk", "as_of": now}
    break_for(lecture, 10, now)
    with pytest.raises(operations.NobodyIsOnAir):
        operations.take_air(**desk)
    operations.end_break(occasion_id=lecture.pk, as_of=now)
    operations.take_air(**desk)
    operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    with pytest.raises(operations.NobodyIsOnAir):
        operations.take_air(**desk)


FACTS = [
    ("all is well", {}, (True, True, True)),
    ("no picture for two seconds", {"picture_age": 2.1}, (False, True, True)),
    ("no sound", {"sound_age": 5.0}, (True, False, True)),
    ("it has just begun: no segment can be there yet", {"picture_for": 3.0, "written_age": 60.0}, (True, True, True)),
    ("the picture comes and nothing is written", {"written_age": 9.0}, (True, True, False)),
    ("nothing at all", {"picture_age": 60.0, "sound_age": 60.0, "written_age": 60.0}, (False, False, False)),
]  # fmt: skip


@pytest.mark.unit
@pytest.mark.parametrize(("name", "changes", "said"), FACTS, ids=[case[0] for case in FACTS])
def test_what_the_audience_gets(name: str, changes: dict[str, float], said: tuple[bool, bool, bool]) -> None:
    ages = {"picture_age": 0.1, "sound_age": 0.1, "picture_for": 100.0, "written_age": 2.0} | changes
    facts = air_facts(at=1, recording="on", **ages)
    assert (facts["picture"], facts["sound"], facts["written"]) == said
