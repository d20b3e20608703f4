"""The life of a lecture through its operations: plan, start, end, recording; and what is said in the room."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance import operations as ledger
from attendance.models import Occasion
from live import operations
from live.models import ChatMessage, Lecture, Restriction
from live.operations import nodes
from live.queries import chat_lines, room_facts
from media import rights
from media.models import Video
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.live import ChatMessageFactory, make_lecture, make_live
from tests.factories.organizations import County, make_county
from tests.query_plans import plan_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = dt.datetime(2026, 9, 1, 4, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world() -> County:
    return make_county()


def plan(world: County, **changes: Any) -> operations.LecturePlan:
    training = changes.pop("training", None) or TrainingFactory(node=world.township)
    plan = operations.LecturePlan(
        training_id=training.pk,
        title="防汛避险",
        node_id=world.branch.pk,
        starts_at=NOW + HOUR,
        ends_at=NOW + 2 * HOUR,
        lecturer_id=world.lecturer.pk,
        rule_id=RuleFactory().pk,
    )
    return replace(plan, **changes)


def test_scheduled_lecture_has_an_occasion(world: County) -> None:
    lecture = operations.schedule_lecture(plan=plan(world, title="  防汛\x00  避险 "), as_of=NOW)
    occasion = lecture.occasion
    assert (lecture.state, lecture.record, lecture.webrtc_cap) == ("scheduled", True, 150)
    assert (occasion.title, occasion.kind, occasion.node, occasion.state) == (
        "防汛 避险",
        "lecture",
        world.branch,
        "scheduled",
    )


def test_bad_plans_are_refused_at_their_field(world: County) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"title": " "}, "title"),
        ({"title": "长" * 121}, "title"),
        ({"ends_at": NOW + HOUR}, "ends_at"),
        ({"ends_at": NOW + 14 * HOUR}, "ends_at"),
        ({"starts_at": NOW - 2 * HOUR, "ends_at": NOW}, "starts_at"),
        ({"training_id": 0}, "training"),
        ({"node_id": 0}, "node"),
        ({"node_id": world.county.pk}, "node"),
        ({"rule_id": 0}, "rule"),
        ({"rule_id": RuleFactory(node=world.neighbour).pk}, "rule"),
        ({"lecturer_id": world.member.pk}, "lecturer"),
        ({"lecturer_id": 0}, "lecturer"),
    ]
    for change, field in cases:
        with pytest.raises(operations.UnableToScheduleLecture) as refused:
            operations.schedule_lecture(plan=plan(world, **change), as_of=NOW)
        assert refused.value.field == field, change
    assert Lecture.objects.count() == Occasion.objects.count() == 0


def test_plan_changes_until_the_lecture_begins(world: County) -> None:
    lecture = make_lecture(world)
    training = lecture.occasion.training
    now = timezone.now()
    change = plan(world, training=training, title="改名", starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    other = replace(change, record=False, webrtc_cap=3)
    operations.reschedule_lecture(occasion_id=lecture.pk, plan=other, as_of=now)
    lecture.refresh_from_db()
    assert (lecture.occasion.title, lecture.record, lecture.webrtc_cap) == ("改名", False, 3)
    live = make_live(world)
    change = replace(change, training_id=live.occasion.training_id)
    with pytest.raises(operations.UnableToScheduleLecture):
        operations.reschedule_lecture(occasion_id=live.pk, plan=change, as_of=now)


def test_cancelled_lecture_is_gone(world: County) -> None:
    lecture = make_lecture(world)
    operations.cancel_lecture(occasion_id=lecture.pk, as_of=NOW)
    assert (Lecture.objects.count(), Occasion.objects.count()) == (0, 0)
    with pytest.raises(operations.UnableToCancelLecture):
        operations.cancel_lecture(occasion_id=make_live(world).pk, as_of=NOW)


def test_going_live_opens_the_occasion_once(world: County) -> None:
    lecture = make_lecture(world)
    now = timezone.now()
    operations.go_live(occasion_id=lecture.pk, as_of=now)
    operations.go_live(occasion_id=lecture.pk, as_of=now + HOUR)
    lecture.refresh_from_db()
    assert (lecture.state, lecture.live_at, lecture.occasion.opened_at) == ("live", now, now)
    assert set(lecture.occasion.roster.values_list("member_id", flat=True)) == {
        world.secretary.pk, *(member.pk for member in world.members)
    }  # fmt: skip


def test_what_stops_a_lecture_from_going_live(world: County) -> None:
    lecture = make_lecture(world)
    start = lecture.occasion.starts_at
    for as_of, code in ((start - HOUR, "too_early"), (start + 5 * HOUR, "too_late")):
        with pytest.raises(operations.UnableToGoLive) as refused:
            operations.go_live(occasion_id=lecture.pk, as_of=as_of)
        assert refused.value.code == code
    training = lecture.occasion.training
    training.state = "draft"
    training.save()
    with pytest.raises(operations.UnableToGoLive, match="draft"):
        operations.go_live(occasion_id=lecture.pk, as_of=start)
    live = make_live(world)
    operations.end_lecture(occasion_id=live.pk, as_of=timezone.now())
    with pytest.raises(operations.UnableToGoLive, match="state"):
        operations.go_live(occasion_id=live.pk, as_of=timezone.now())


def test_lecture_ends_once(world: County) -> None:
    lecture = make_live(world)
    now = timezone.now()
    operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    with pytest.raises(operations.UnableToEndLecture):
        operations.end_lecture(occasion_id=lecture.pk, as_of=now + HOUR)
    lecture.refresh_from_db()
    assert (lecture.state, lecture.ended_at, lecture.occasion.window_end_at) == ("ended", now, now)


@pytest.mark.parametrize(("after", "ends"), [(HOUR, False), (HOUR * 1.4, False), (HOUR * 1.6, True), (5 * HOUR, True)])
def test_forgotten_lecture_ends_by_itself(world: County, after: dt.timedelta, ends: bool) -> None:
    lecture = make_live(world)
    as_of = lecture.occasion.starts_at + after
    assert operations.end_forgotten_lectures(as_of=as_of) == ([lecture.pk] if ends else [])


def test_a_lecture_that_its_lecturer_ends_in_the_moment_of_the_clock_ends_once(
    world: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    lecture = make_live(world)
    as_of = lecture.occasion.starts_at + 5 * HOUR
    by_hand = as_of - dt.timedelta(seconds=1)

    def asked_too_late(**_facts: dt.datetime) -> bool:
        operations.end_lecture(occasion_id=lecture.pk, as_of=by_hand)
        return True

    monkeypatch.setattr("live.core.lifecycle.is_forgotten", asked_too_late)
    assert operations.end_forgotten_lectures(as_of=as_of) == []
    lecture.refresh_from_db()
    assert (lecture.state, lecture.ended_at) == ("ended", by_hand)


def test_picture_on_air_keeps_a_lecture_going(world: County) -> None:
    lecture = make_live(world)
    as_of = lecture.occasion.ends_at + HOUR
    operations.note_picture(occasion_id=lecture.pk, as_of=as_of)
    assert operations.end_forgotten_lectures(as_of=as_of) == []


def test_the_room_hears_of_the_picture_and_only_one_that_came_is_noted(
    world: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr("live.room_events.publish", lambda room, event, flush: told.append((room, event)))
    lecture, now = make_live(world), timezone.now()
    operations.announce_picture(occasion_id=lecture.pk, on=True, as_of=now)
    operations.announce_picture(occasion_id=lecture.pk, on=False, as_of=now + HOUR)
    lecture.refresh_from_db()
    assert lecture.published_at == now
    assert told == [(lecture.pk, {"t": "picture", "on": on}) for on in (True, False)]


# --- who carries it -------------------------------------------------------------------------------------------------


def beat(name: str, *, handles: int = 0, engine_up: bool = True, as_of: dt.datetime) -> int:
    return nodes.beat(name=name, url=f"unix:/{name}", load={"handles": handles}, engine_up=engine_up, as_of=as_of)


def test_a_lecture_is_carried_by_the_host_with_most_room_as_long_as_that_is_there(world: County) -> None:
    lecture, now = make_live(world), timezone.now()

    def carrier() -> str | None:
        return operations.place_lecture(occasion_id=lecture.pk, as_of=now)

    assert carrier() is None  # no host yet
    beat("broken", engine_up=False, as_of=now)
    beat("busy", handles=9, as_of=now)
    idle = beat("idle", handles=3, as_of=now)
    assert carrier() == "unix:/idle"
    beat("idle", handles=99, as_of=now)
    assert carrier() == "unix:/idle"  # those who are in stay where they are
    nodes.retire(node_id=idle, as_of=now)
    assert carrier() == "unix:/busy"
    operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    assert carrier() is None


def test_lectures_that_nobody_carries_any_more_are_taken_over_once(world: County) -> None:
    now = timezone.now()
    live, ended, packed_already, elsewhere = (make_live(world) for _ in range(4))
    silent, busy = beat("silent", as_of=now - HOUR), beat("busy", as_of=now)
    for lecture in (ended, packed_already):
        operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    Lecture.objects.update(media_node=silent)
    Lecture.objects.filter(pk=packed_already.pk).update(state=Lecture.State.UNRECORDED)
    Lecture.objects.filter(pk=elsewhere.pk).update(media_node=busy)
    fresh = beat("fresh", as_of=now)
    assert nodes.claim_lectures(node_id=fresh, as_of=now) == 2
    assert nodes.claim_lectures(node_id=fresh, as_of=now) == 0
    assert set(Lecture.objects.filter(media_node=fresh)) == {live, ended}


def packed(folder: Path) -> Path:
    folder.mkdir()
    variant = "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=1280x720\nvideo.m3u8\n"
    (folder / "master.m3u8").write_text(f"#EXTM3U\n## {folder.name}\n{variant}")
    (folder / "video.m3u8").write_text('#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:60.0,\n0.m4s\n#EXT-X-ENDLIST\n')
    for name in ("init.mp4", "0.m4s"):
        (folder / name).write_bytes(b"not a picture")
    return folder


def finish(lecture: Lecture, folder: Path | None, **changes: Any) -> None:
    facts: dict[str, Any] = {
        "occasion_id": lecture.pk,
        "folder": folder,
        "duration_ms": 60_000,
        "started_at": lecture.live_at,
        "width": 1280,
        "height": 720,
        "as_of": timezone.now(),
    }
    operations.finish_recording(**(facts | changes))


def test_recording_becomes_the_replay_once(world: County, var_dir: Path) -> None:
    lecture = make_live(world)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    lecture.refresh_from_db()
    began = lecture.occasion.window_start_at - dt.timedelta(seconds=2.5)  # type: ignore[operator]
    finish(lecture, packed(var_dir / "first"), started_at=began, cuts=((30_000, 12_000),))
    finish(lecture, packed(var_dir / "second"), started_at=began)
    lecture.refresh_from_db()
    assert (lecture.state, lecture.recording) == ("recorded", Video.objects.get())
    assert (lecture.occasion.media_ms, lecture.occasion.media_offset_ms) == (60_000, 2500)
    assert lecture.occasion.media_cuts == [[30_000, 12_000]]


@pytest.mark.parametrize("change", [{"folder": None}, {"duration_ms": 0}, {"started_at": None}])
def test_nothing_recorded_is_said(world: County, var_dir: Path, change: dict[str, Any]) -> None:
    lecture = make_live(world)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    facts = {"folder": packed(var_dir / "first"), **change}
    finish(lecture, facts.pop("folder"), **facts)
    lecture.refresh_from_db()
    assert (lecture.state, lecture.occasion.media_ms, Video.objects.count()) == ("unrecorded", None, 0)
    assert lecture.occasion.is_unrecorded  # nobody is told that it is being prepared
    ledger.set_replay(occasion_id=lecture.pk, media_ms=60_000, media_offset_ms=0, as_of=timezone.now())
    lecture.occasion.refresh_from_db()
    assert not lecture.occasion.is_unrecorded


def test_recording_waits_for_the_end(world: County, var_dir: Path) -> None:
    lecture = make_live(world)
    finish(lecture, packed(var_dir / "first"))
    lecture.refresh_from_db()
    assert (lecture.state, Video.objects.count()) == ("live", 0)


# --- what is said ---------------------------------------------------------------------------------------------------


def say(lecture: Lecture, author: Any, text: str = "声音很清楚", client_id: str = "one") -> Any:
    saying = operations.Saying(lecture.pk, author.pk, client_id, text, timezone.now())
    [said] = operations.say_all(sayings=[saying])
    if isinstance(said, operations.UnableToChat):
        raise said
    return said


def test_the_same_id_is_the_same_message(world: County) -> None:
    lecture = make_live(world)
    assert say(lecture, world.member) == say(lecture, world.member, "另一句")
    assert [row.text for row in ChatMessage.objects.all()] == ["声音很清楚"]


@pytest.mark.parametrize(("text", "code"), [(" \u202e\x00 ", "empty"), ("长" * 501, "too_long")])
def test_what_cannot_be_said(world: County, text: str, code: str) -> None:
    with pytest.raises(operations.UnableToChat) as refused:
        say(make_live(world), world.member, text)
    assert refused.value.code == code


def test_nothing_is_said_after_the_end(world: County) -> None:
    lecture = make_live(world)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    with pytest.raises(operations.UnableToChat, match="closed"):
        say(lecture, world.member)


def test_muted_person_may_speak_again_when_it_is_lifted(world: County) -> None:
    lecture = make_live(world)
    facts = {"occasion_id": lecture.pk, "member_id": world.member.pk, "kind": "muted", "as_of": timezone.now()}
    operations.restrict(**facts, actor_id=world.lecturer.pk)
    operations.restrict(**facts, actor_id=world.lecturer.pk)
    assert Restriction.objects.count() == 1
    with pytest.raises(operations.UnableToChat, match="muted"):
        say(lecture, world.member)
    operations.lift_restriction(**facts)
    assert say(lecture, world.member).name == world.member.name


def test_a_hidden_message_is_read_by_nobody_and_told_once(
    world: County, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    lecture, other = make_live(world), make_live(world, node=world.neighbour)
    line, kept = say(lecture, world.member), say(lecture, world.member, "下一句", "two")
    told: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setattr("live.room_events.publish", lambda room, event, flush: told.append((room, event)))
    facts = {"message_id": line.message, "actor_id": world.lecturer.pk, "as_of": NOW}
    with django_capture_on_commit_callbacks(execute=True):
        # From the desk of another room nothing is hidden; the second click finds it hidden already.
        hidden = [operations.hide_message(occasion_id=room.pk, **facts) for room in (other, lecture, lecture)]
    assert (hidden, told) == ([False, True, False], [(lecture.pk, {"t": "hidden", "message": line.message})])
    assert [one.message for one in chat_lines(occasion_id=lecture.pk)] == [kept.message]
    row = ChatMessage.objects.get(pk=line.message)
    assert (row.hidden_at, row.hidden_by) == (NOW, world.lecturer)


def test_hosts_are_not_restricted(world: County) -> None:
    lecture = make_live(world)
    for member_id in (world.lecturer.pk, world.organiser.pk, 0):
        with pytest.raises(operations.UnableToRestrict):
            operations.restrict(
                occasion_id=lecture.pk,
                member_id=member_id,
                kind="removed",
                actor_id=world.organiser.pk,
                as_of=timezone.now(),
            )


def test_old_chat_is_deleted(world: County) -> None:
    lecture = make_live(world)
    say(lecture, world.member)
    assert operations.delete_old_chat(as_of=timezone.now() + dt.timedelta(days=179)) == 0
    assert operations.delete_old_chat(as_of=timezone.now() + dt.timedelta(days=181)) == 1


def test_what_was_hidden_lately_is_found_by_an_index(world: County) -> None:
    lecture, now = make_live(world), timezone.now()
    for minutes in (0, 5, None):
        hidden_at = None if minutes is None else now - dt.timedelta(minutes=minutes)
        ChatMessageFactory(lecture=lecture, author=world.member, at=now, hidden_at=hidden_at)
    with CaptureQueriesContext(connection) as asked:
        facts = room_facts([lecture.pk], hidden_since=now - dt.timedelta(minutes=1))[lecture.pk]
    assert facts.hidden == {ChatMessage.objects.get(hidden_at=now).pk}
    (question,) = [one["sql"] for one in asked if "hidden_at" in one["sql"]]
    assert "chat_hidden" in plan_of(question)


def test_deleting_old_chat_is_bounded_and_the_oldest_goes_first(world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("live.operations.chat.PRUNE_AT_ONCE", 2)
    monkeypatch.setattr("live.operations.chat.PRUNE_AT_MOST", 4)
    lecture, now = make_live(world), timezone.now()
    for days in (200, 205, 201, 204, 203, 202, 1):
        ChatMessageFactory(lecture=lecture, author=world.member, at=now - dt.timedelta(days=days))
    assert operations.delete_old_chat(as_of=now) == 4
    assert [(now - one.at).days for one in ChatMessage.objects.order_by("at")] == [201, 200, 1]
    assert [operations.delete_old_chat(as_of=now) for _turn in range(2)] == [2, 0]


def test_who_is_removed_gets_no_further_file_of_the_picture(
    world: County, django_capture_on_commit_callbacks: Any
) -> None:
    lecture, member = make_live(world), world.member
    whose: dict[str, Any] = {"occasion_id": lecture.pk, "member_id": member.pk, "kind": Restriction.Kind.REMOVED}

    def may_read() -> list[bool]:
        viewed: dict[str, Any] = {"object_id": str(lecture.pk), "viewer_id": member.pk, "as_of": timezone.now()}
        return [rights.may_read(root=root, **viewed) for root in ("live", "slides")]

    assert may_read() == [True, True]
    with django_capture_on_commit_callbacks(execute=True):
        operations.restrict(actor_id=world.lecturer.pk, as_of=timezone.now(), **whose)
    assert may_read() == [False, False], "an answer that was remembered is forgotten"
    with django_capture_on_commit_callbacks(execute=True):
        operations.lift_restriction(as_of=timezone.now(), **whose)
    assert may_read() == [True, True]
