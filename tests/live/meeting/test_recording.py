"""The recording of a meeting: switched on and off, told to all, carried, kept for who was expected, deleted."""

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from attendance.core.intervals import ms_of
from live import operations, room_events
from live.agent.ends import not_on_air
from live.agent.meeting import MeetingCarrier, is_of_before, turn_of
from live.core.media.scrubber import BLACK
from live.engines.base import EngineGone, StagePicture, VoiceOver, VoiceTapped, guest_id
from live.meeting_forms import DropRecordingForm
from live.models import Lecture, MediaNode, RecordingTurn, Seat
from live.permissions import may_read_recording, may_watch_live, may_watch_recording
from live.queries import nodes, room_facts
from live.uses import uses_of
from media.queries import managed_by, previewable_for, videos_for
from organizations.models import User
from tests.factories.meetings import make_live_meeting, make_meeting
from tests.factories.organizations import County, make_county
from tests.live.test_operations import finish, packed

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def world() -> County:
    return make_county(members=3)


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def switch(lecture: Lecture, world: County, *, on: bool, at: dt.datetime | None = None) -> None:
    whose = {"occasion_id": lecture.pk, "actor_id": world.secretary.pk}
    operations.record_meeting(on=on, as_of=at or timezone.now(), **whose)


def again(lecture: Lecture) -> Lecture:
    return Lecture.objects.select_related("occasion", "recording", "media_node").get(pk=lecture.pk)


def held(world: County, tmp_path: Path, *, ago: dt.timedelta = 20 * MINUTE) -> Lecture:
    """A meeting that was recorded and is over."""
    lecture = make_meeting(world, starts_at=timezone.now() - ago - 40 * MINUTE)
    began = lecture.occasion.starts_at
    operations.go_live(occasion_id=lecture.pk, as_of=began)
    switch(lecture, world, on=True, at=began + MINUTE)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now() - ago)
    finish(again(lecture), packed(tmp_path / "packed"))
    return again(lecture)


# --- on and off -------------------------------------------------------------------------------------------------------


def test_it_is_off_until_it_is_switched_on_and_the_end_switches_it_off(world: County) -> None:
    lecture = make_live_meeting(world)
    node = MediaNode.objects.create(name="a", url="unix:/a", beat_at=timezone.now())
    Lecture.objects.filter(pk=lecture.pk).update(media_node=node)

    def carried() -> list[int]:
        return [one.pk for one in nodes.carried(node_id=node.pk)]

    assert (carried(), room_facts([lecture.pk])[lecture.pk].meeting.recorded) == ([], None)  # type: ignore[union-attr]
    began = timezone.now() - 3 * MINUTE
    switch(lecture, world, on=True, at=began)
    switch(lecture, world, on=True)
    assert RecordingTurn.objects.count() == 1, "on is on"
    assert (carried(), again(lecture).record) == ([lecture.pk], True)
    assert room_facts([lecture.pk])[lecture.pk].meeting.recorded == ms_of(began)  # type: ignore[union-attr]
    switch(lecture, world, on=False)
    switch(lecture, world, on=False)
    assert carried() == [], "nobody carries it while it is off"
    switch(lecture, world, on=True)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert not RecordingTurn.objects.filter(ended_at=None).exists()
    assert (carried(), again(lecture).state) == ([lecture.pk], "ended"), "what was recorded is packed"
    assert again(lecture).occasion.is_unrecorded, "the ledger waits for no replay"
    with pytest.raises(operations.UnableToRecord):
        switch(lecture, world, on=True)
    operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert (carried(), again(lecture).state) == ([], "live"), "undone, it is off"


def test_the_room_is_told_after_the_commit(
    world: County, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    lecture, told = make_live_meeting(world), []
    monkeypatch.setattr(room_events, "publish", lambda _pk, event, **_how: told.append(event))
    began = timezone.now()
    for on in (True, False):
        with django_capture_on_commit_callbacks(execute=True):
            switch(lecture, world, on=on, at=began)
    assert told == [{"t": "recorded", "since": ms_of(began)}, {"t": "recorded", "since": None}]


def test_a_meeting_that_was_never_recorded_is_over_when_it_ends(world: County) -> None:
    lecture = make_live_meeting(world)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert again(lecture).state == "unrecorded"


def test_what_lies_between_two_turns_is_no_hole(world: County) -> None:
    lecture, at = make_live_meeting(world), timezone.now() - 30 * MINUTE
    for number, on in enumerate((True, False, True, False)):
        switch(lecture, world, on=on, at=at + number * MINUTE)
    Lecture.objects.filter(pk=lecture.pk).update(ended_at=at + 9 * MINUTE)
    between = [(ms_of(at + MINUTE), ms_of(at + 2 * MINUTE)), (ms_of(at + 3 * MINUTE), ms_of(at + 9 * MINUTE))]
    assert [(one.start, one.end) for one in not_on_air(again(lecture))] == between


# --- what is carried --------------------------------------------------------------------------------------------------


def carrier(tmp_path: Path, turn: RecordingTurn | None) -> MeetingCarrier:
    return MeetingCarrier(turn=turn, occasion_id=1, folder=tmp_path, engine=None, record=True)


def test_whose_camera_is_on_is_told_in_the_order_of_coming(world: County) -> None:
    lecture, now = make_live_meeting(world), timezone.now()
    for number, (member, cam) in enumerate(zip(world.members, (True, False, True), strict=False)):
        came = now - number * MINUTE
        Seat.objects.create(lecture=lecture, member=member, cam=cam, came_at=came, seen_at=now)
    assert nodes.cameras([lecture.pk]) == {lecture.pk: [world.members[2].pk, world.members[0].pk]}


def test_a_voice_goes_to_its_track_and_a_strange_one_nowhere(tmp_path: Path) -> None:
    one, sound = carrier(tmp_path, None), b"\x80\x6f\x00\x01\x00\x00\x00\x00\x00\x00\x00"
    one._hear(VoiceTapped(guest_id(7), 5))
    assert one._scrub("audio", sound + b"\x05" + b"\xf8" * 60, 1.0, 0)
    assert one._scrub("audio", sound + b"\x06" + b"\xf8" * 60, 1.0, 0) == []
    assert one._scrub("audio", sound + b"\x05", 1.0, 0) == []
    assert one._scrub("audio", b"x", 1.0, 0) == []
    one._hear(VoiceOver(5))
    assert one._scrub("audio", sound + b"\x05" + b"\xf8" * 60, 1.0, 0) == []
    one._hear(VoiceTapped(guest_id(7), 6))
    one._hear(StagePicture("vp8"))
    one._hear(StagePicture(""))
    one._hear(EngineGone())
    assert (one._of, one._tap_over.is_set()) == ({}, True)


def test_black_is_recorded_where_nobody_is_seen(tmp_path: Path) -> None:
    one = carrier(tmp_path, None)
    one.cameras = [7]
    assert one._tick(100.0)[0].data == BLACK
    assert (one._shown, one.seen_at(timezone.now()), one.gaps([]).total) == (guest_id(7), None, 0)


@pytest.mark.parametrize(
    ("recorded", "over", "missing"),
    [(None, None, True), (5, None, True), (0, None, False), (9, 10, False), (2, 9, True)],
)
def test_time_in_which_no_agent_carried_a_turn_is_a_hole(
    tmp_path: Path, recorded: int | None, over: int | None, missing: bool
) -> None:
    """``recorded``, ``over``: minutes of the turn; 0: it has just begun, and nothing is there yet."""
    now = timezone.now()
    began = now - dt.timedelta(seconds=3) if recorded == 0 else now - 20 * MINUTE
    ended = None if over is None else began + over * MINUTE - dt.timedelta(seconds=55) * (over == 10)
    one = carrier(tmp_path, RecordingTurn(began_at=began, ended_at=ended))
    runs = [SimpleNamespace(ends_at=began + recorded * MINUTE, segments=[1])] if recorded else []
    one.packager.tracks = lambda: (runs, runs)  # type: ignore[assignment,method-assign,return-value]
    one.was_away(picture_at=None)
    assert (one.hole_log.since("agent") is not None) is missing


def test_a_carrier_of_no_turn_misses_nothing(tmp_path: Path) -> None:
    one = carrier(tmp_path, None)
    one.was_away(picture_at=None)
    assert one.hole_log.since("agent") is None


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_it_is_watched_by_who_was_expected_and_counts_for_nobody(world: County, tmp_path: Path) -> None:
    lecture = held(world, tmp_path)
    assert (lecture.state, lecture.occasion.media_ms) == ("recorded", None)
    address = reverse("live_meeting_recording", args=[lecture.pk])
    for user, sees in (
        (world.member, True),
        (world.secretary, True),
        (world.organiser, False),
        (world.neighbour_member, False),
    ):
        answer = as_(user).get(address)
        assert answer.status_code == (200 if sees else 404), user
        video_id = str(lecture.recording_id)
        assert (may_read_recording(user, lecture), may_watch_recording(user.pk, video_id)) == (sees, sees)
    page = as_(world.member).get(address).content.decode()
    assert ("不计入出席" in page, world.secretary.name in page, "删除会议录像" in page) == (True, True, False)
    assert as_(world.member).get(reverse("live_replay_addresses", args=[lecture.pk])).status_code == 200
    assert as_(world.member).get(reverse("live_replay", args=[lecture.pk])).status_code == 404
    for user in (world.member, world.secretary):
        assert address in as_(user).get(reverse("meeting", args=[lecture.pk])).content.decode()
    assert not may_watch_live(world.member.pk, str(lecture.pk))


def test_it_is_in_nobodys_library(world: County, tmp_path: Path) -> None:
    lecture = held(world, tmp_path)
    for found in (managed_by, previewable_for, videos_for):
        assert not found(world.organiser).exists()
    assert uses_of(thing=lecture.recording, user=world.organiser, as_of=timezone.now())  # type: ignore[arg-type]


def test_before_the_end_the_page_leads_into_the_room(world: County) -> None:
    lecture = make_live_meeting(world)
    answer = as_(world.member).get(reverse("live_meeting_recording", args=[lecture.pk]))
    assert answer.url == reverse("live_room", args=[lecture.pk])
    page = as_(world.member).get(reverse("meeting", args=[lecture.pk])).content.decode()
    assert "会议录像" not in page


def test_the_secretary_deletes_it_with_a_reason(world: County, tmp_path: Path) -> None:
    lecture = held(world, tmp_path)
    address, client = reverse("live_meeting_recording_drop", args=[lecture.pk]), as_(world.secretary)
    assert as_(world.member).get(address).status_code == 404
    assert client.get(address).status_code == 200
    empty = client.post(address, {"reason": " "})
    assert (empty.status_code, Lecture.objects.get().recording_id is None) == (422, False)
    with pytest.raises(operations.UnableToDropRecording):
        operations.drop_meeting_recording(
            occasion_id=lecture.pk, reason=" ", actor_id=world.secretary.pk, as_of=timezone.now()
        )
    assert client.post(address, {"reason": "录到了别的事"}).url == reverse("meeting", args=[lecture.pk])
    entry = ModelLogEntry.objects.get(action="live.drop_recording")
    assert (entry.user, "录到了别的事" in entry.message) == (world.secretary, True)
    page = client.get(reverse("live_meeting_recording", args=[lecture.pk])).content.decode()
    assert ("已经删除" in page, "删除会议录像" in page) == (True, False)
    assert client.get(address).url == reverse("meeting", args=[lecture.pk])


def test_what_is_gone_meanwhile_is_said_in_the_form(world: County) -> None:
    lecture = make_live_meeting(world)
    form = DropRecordingForm({"reason": "x"})
    assert form.is_valid()
    assert not form.save(lecture, actor_id=world.secretary.pk, as_of=timezone.now())
    assert form.errors["reason"]


def test_while_the_end_may_be_undone_it_stays(world: County, tmp_path: Path) -> None:
    lecture = held(world, tmp_path, ago=2 * MINUTE)
    address, client = reverse("live_meeting_recording_drop", args=[lecture.pk]), as_(world.secretary)
    page = reverse("live_meeting_recording", args=[lecture.pk])
    assert client.post(address, {"reason": "x"}).url == page
    assert "不到 10 分钟，还可以恢复会议" in client.get(page).content.decode()


def test_what_is_being_packed_and_what_was_not_found_is_said(world: County, tmp_path: Path) -> None:
    lecture = make_live_meeting(world)
    switch(lecture, world, on=True)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    page = reverse("live_meeting_recording", args=[lecture.pk])
    assert "正在整理" in as_(world.member).get(page).content.decode()
    finish(again(lecture), None)
    assert "没有录像" in as_(world.member).get(page).content.decode()


def test_the_room_says_that_it_is_recorded(world: County) -> None:
    lecture = make_live_meeting(world, lobby=True)
    page = as_(world.member).get(reverse("live_room", args=[lecture.pk])).content.decode()
    assert 'id="recorded" role="status" hidden' in page
    switch(lecture, world, on=True)
    page = as_(world.member).get(reverse("live_room", args=[lecture.pk])).content.decode()
    assert ('id="recorded" role="status" hidden' in page, "正在录音录像" in page) == (False, True)
    state = as_(world.member).get(reverse("live_state", args=[lecture.pk])).json()
    assert (state["recorded_since"] is not None, state["seats"]) == (True, []), "also to who waits outside"


def test_an_agent_makes_another_carrier_for_another_turn(world: County, tmp_path: Path) -> None:
    lecture = make_live_meeting(world)
    switch(lecture, world, on=True)
    one = carrier(tmp_path, turn_of(again(lecture)))
    assert one.turn == RecordingTurn.objects.get()
    assert not is_of_before(one, again(lecture))
    switch(lecture, world, on=False)
    switch(lecture, world, on=True)
    assert is_of_before(one, again(lecture)), "what was said between is not recorded"
