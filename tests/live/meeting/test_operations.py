"""A meeting from its plan to its minutes: seats, the lobby, who may appear, what is noted."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from attendance.models import Occasion
from attendance.queries.windows import HELD
from live import operations
from live.models import Lecture, MediaNode, MeetingNote, RaisedHand, Restriction, Seat
from live.operations import meeting as seating
from live.operations import meeting_notes as noting
from live.permissions import is_locked_out
from live.queries import nodes, room_facts
from live.queries.meeting import appearing, digest_of, notes, seats, waiting
from meetings.models import Meeting, Minutes
from meetings.operations import UnableToPlanMeeting, book_mark, write_minutes
from tests.factories.meetings import AGENDA, HOUR, make_live_meeting, make_meeting, meeting_plan
from tests.factories.organizations import County, make_county

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> County:
    return make_county(members=3)


def sit(
    lecture: Lecture, member: Any, *, device: str = "phone", host: bool = False, ago: int = 0, **more: Any
) -> bool | None:
    as_of = timezone.now() - dt.timedelta(seconds=ago)
    return operations.sit_down(
        occasion_id=lecture.pk, member_id=member.pk, device=device, is_host=host, as_of=as_of, **more
    )


def leave(lecture: Lecture, member: Any, *, device: str = "phone", ago: int = 0, **how: bool) -> None:
    told = {"was_on": True, "is_last": True, "for_good": True, **how}
    as_of = timezone.now() - dt.timedelta(seconds=ago)
    operations.stand_up(occasion_id=lecture.pk, member_id=member.pk, device=device, as_of=as_of, **told)


def here(lecture: Lecture) -> list[int]:
    return [one.member for one in seats(lecture.pk)]


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_a_meeting_is_planned_with_its_book_and_agenda(world: County) -> None:
    lecture = make_meeting(world, lobby=True)
    assert (lecture.kind, lecture.lecturer, lecture.record, lecture.has_lobby) == (
        "meeting",
        world.secretary,
        False,
        True,
    )
    assert (lecture.occasion.kind, lecture.occasion.meeting.form_code) == ("meeting", "assembly")
    assert lecture.occasion.training.is_standing
    assert [one.title for one in notes(lecture.pk)] == AGENDA.splitlines()


def test_what_is_past_is_not_planned_by_video(world: County) -> None:
    with pytest.raises(UnableToPlanMeeting) as refused:
        operations.schedule_meeting(
            plan=meeting_plan(world, starts_at=timezone.now() - 3 * HOUR),
            has_lobby=False, host_id=world.secretary.pk, as_of=timezone.now(),
        )  # fmt: skip
    assert refused.value.field == "ends_at"


def test_a_plan_is_changed_until_it_begins(world: County) -> None:
    lecture = make_meeting(world)
    change = {"occasion_id": lecture.pk, "has_lobby": True, "actor_id": world.secretary.pk, "as_of": timezone.now()}
    operations.write_note(
        occasion_id=lecture.pk, key="own", kind="agenda", title="临时动议", text="",
        actor_id=world.secretary.pk, as_of=timezone.now(),
    )  # fmt: skip
    operations.reschedule_meeting(plan=meeting_plan(world, title="六月党员大会"), **change)
    assert [one.id for one in notes(lecture.pk)] == ["plan-0", "plan-1", "own"], "the same agenda: nothing is lost"
    operations.reschedule_meeting(plan=meeting_plan(world, agenda="只有一项"), **change)
    assert [one.title for one in notes(lecture.pk)] == ["只有一项"]
    with pytest.raises(UnableToPlanMeeting) as refused:
        operations.reschedule_meeting(plan=meeting_plan(world, starts_at=timezone.now() - 3 * HOUR), **change)
    assert refused.value.field == "ends_at", "nobody could take part any more"
    operations.go_live(occasion_id=lecture.pk, as_of=timezone.now())
    with pytest.raises(UnableToPlanMeeting):
        operations.reschedule_meeting(plan=meeting_plan(world), **change)


# --- seats and the lobby ----------------------------------------------------------------------------------------------


def test_who_comes_sits_and_who_has_left_does_not(world: County) -> None:
    lecture, (first, second, _third) = make_live_meeting(world), world.members
    assert sit(lecture, first)
    assert sit(lecture, first)
    assert sit(lecture, second)
    assert here(lecture) == [first.pk, second.pk]
    operations.show_devices(occasion_id=lecture.pk, member_id=first.pk, device="phone", mic=True, cam=True)
    leave(lecture, first, device="tablet", is_last=False)
    leave(lecture, first, was_on=False, is_last=False)
    assert seats(lecture.pk)[0].cam, "another device or tab of theirs left"
    leave(lecture, first, is_last=False)
    assert (seats(lecture.pk)[0].mic, seats(lecture.pk)[0].cam) == (False, False)
    leave(lecture, first)
    assert here(lecture) == [second.pk]


def test_whoever_was_removed_gets_no_seat_by_the_ticket_of_before(world: County) -> None:
    lecture, member = make_live_meeting(world), world.members[0]
    whose = {"occasion_id": lecture.pk, "member_id": member.pk}
    removal = {"kind": Restriction.Kind.REMOVED, "actor_id": world.secretary.pk}
    operations.restrict(**whose, **removal, as_of=timezone.now())
    with pytest.raises(operations.PersonIsRemoved):
        sit(lecture, member)
    assert here(lecture) == []
    operations.lift_restriction(**whose, kind=Restriction.Kind.REMOVED, as_of=timezone.now())
    assert sit(lecture, member)


def test_a_page_that_is_loaded_anew_keeps_its_seat(world: County) -> None:
    lecture, (first, second, _third) = make_live_meeting(world, lobby=True), world.members
    for one in (first, second):
        sit(lecture, one)
    operations.admit(occasion_id=lecture.pk, member_id=seating.EVERYBODY, as_of=timezone.now())
    leave(lecture, first, for_good=False)
    assert sit(lecture, first) is True, "they are not to wait again"
    leave(lecture, first, ago=5)
    assert here(lecture) == [first.pk, second.pk], "a note that came late is of before"
    leave(lecture, first, for_good=False)
    for later, who in ((15, [first.pk, second.pk]), (25, [second.pk])):
        as_of = timezone.now() + dt.timedelta(seconds=later)
        operations.note_seats(occasion_id=lecture.pk, member_ids=[second.pk], as_of=as_of)
        assert here(lecture) == who


def test_who_leaves_by_one_device_stays_by_the_other(world: County) -> None:
    lecture = make_live_meeting(world)
    sit(lecture, world.member)
    operations.keep_peer(
        occasion_id=lecture.pk, member_id=world.member.pk, device="desk", kind="sub", key="k", reference="1.1",
        owner="two", as_of=timezone.now(),
    )  # fmt: skip
    leave(lecture, world.member)
    assert here(lecture) == [world.member.pk]


def test_a_lock_gives_no_seat(world: County) -> None:
    lecture, (first, second, third) = make_live_meeting(world, lobby=True), world.members
    sit(lecture, first)
    operations.admit(occasion_id=lecture.pk, member_id=first.pk, as_of=timezone.now())
    Lecture.objects.filter(pk=lecture.pk).update(locked_at=timezone.now())
    with pytest.raises(operations.MeetingIsLocked):
        sit(lecture, second)
    assert here(lecture) == [first.pk]
    assert waiting(lecture.pk).waiting == []
    assert sit(lecture, first)
    assert sit(lecture, world.secretary, host=True)
    open_to_all = make_live_meeting(world)
    Lecture.objects.filter(pk=open_to_all.pk).update(locked_at=timezone.now())
    assert sit(open_to_all, third, is_inside=True)
    open_to_all.refresh_from_db()
    assert [is_locked_out(one, open_to_all, as_of=timezone.now()) for one in (third, second)] == [False, True]


def test_of_a_meeting_that_is_over_nobody_has_a_seat(world: County) -> None:
    lecture, member = make_live_meeting(world, lobby=True), world.member
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert sit(lecture, member) is None
    assert not Seat.objects.exists()
    assert sit(Lecture(pk=0), member) is None
    going_on = make_live_meeting(world)
    sit(going_on, member)
    sit(going_on, world.secretary, ago=4000)
    Seat.objects.create(lecture=lecture, member=member, came_at=timezone.now(), seen_at=timezone.now())
    operations.forget_old_seats(as_of=timezone.now())
    assert [(seat.lecture_id, seat.member_id) for seat in Seat.objects.all()] == [(going_on.pk, member.pk)]


def test_a_full_meeting_lets_in_only_whom_it_has(world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seating, "MEETING_MOST", 2)
    lecture, (first, second, third) = make_live_meeting(world), world.members
    assert sit(lecture, first, ago=200)
    assert sit(lecture, second)
    assert sit(lecture, third), "of the first nobody has heard for long"
    with pytest.raises(operations.MeetingIsFull):
        sit(lecture, first)
    assert sit(lecture, third)
    assert sit(lecture, world.secretary, host=True), "who leads it always comes in"


def test_no_more_are_let_in_than_there_are_seats(world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seating, "MEETING_MOST", 2)
    lecture, (first, second, third) = make_live_meeting(world, lobby=True), world.members
    for one in (first, second, third):
        sit(lecture, one)
    operations.admit(occasion_id=lecture.pk, member_id=seating.EVERYBODY, as_of=timezone.now())
    assert here(lecture) == [first.pk, second.pk]
    with pytest.raises(operations.MeetingIsFull):
        operations.admit(occasion_id=lecture.pk, member_id=third.pk, as_of=timezone.now())
    assert [one.member for one in waiting(lecture.pk).waiting] == [third.pk]


def test_the_lobby_lets_in_whom_the_host_lets_in(world: County) -> None:
    lecture, (first, second, third) = make_live_meeting(world, lobby=True), world.members
    assert sit(lecture, world.secretary, host=True)
    assert [sit(lecture, one) for one in world.members] == [False] * 3
    assert here(lecture) == [world.secretary.pk]
    told = waiting(lecture.pk)
    assert (told.lobby, [one.member for one in told.waiting]) == (True, [first.pk, second.pk, third.pk])
    operations.admit(occasion_id=lecture.pk, member_id=second.pk, as_of=timezone.now())
    assert (sit(lecture, second), sit(lecture, first)) == (True, False)
    operations.admit(occasion_id=lecture.pk, member_id=seating.EVERYBODY, as_of=timezone.now())
    assert sit(lecture, first)
    leave(lecture, third)
    operations.open_lobby(occasion_id=lecture.pk, on=False)
    assert sit(lecture, third)
    assert waiting(lecture.pk).lobby is False


def test_seats_are_noted_and_forgotten(world: County) -> None:
    lecture, (first, second, third) = make_live_meeting(world), world.members
    sit(lecture, first, ago=200)
    sit(lecture, second, ago=200)
    Seat.objects.create(
        lecture=lecture, member=third, waits=True, came_at=timezone.now(), seen_at=timezone.now() - HOUR
    )
    ids = [second.pk, world.secretary.pk]
    for _again in range(2):
        operations.note_seats(occasion_id=lecture.pk, member_ids=ids, as_of=timezone.now())
    assert set(here(lecture)) == set(ids)
    assert waiting(lecture.pk).waiting == []
    operations.restrict(
        occasion_id=lecture.pk, member_id=second.pk, kind=Restriction.Kind.REMOVED,
        actor_id=world.secretary.pk, as_of=timezone.now(),
    )  # fmt: skip
    operations.note_seats(occasion_id=lecture.pk, member_ids=ids, as_of=timezone.now())
    assert here(lecture) == [world.secretary.pk], "who was removed gets no seat again"


# --- who is seen and heard --------------------------------------------------------------------------------------------


def test_who_may_appear(world: County) -> None:
    lecture, member = make_meeting(world), world.member
    ask = {"occasion_id": lecture.pk, "member_id": member.pk}

    def code() -> str:
        try:
            operations.check_may_appear(**ask)
        except operations.UnableToAppear as error:
            return error.code
        return ""

    assert code() == "state"
    operations.go_live(occasion_id=lecture.pk, as_of=timezone.now())
    assert code() == "closed"
    sit(lecture, member)
    assert code() == ""
    operations.show_devices(device="phone", mic=True, cam=True, **ask)
    assert appearing([lecture.pk]) == {(lecture.pk, member.pk)}
    operations.restrict(
        occasion_id=lecture.pk, member_id=member.pk, kind=Restriction.Kind.MUTED,
        actor_id=world.secretary.pk, as_of=timezone.now(),
    )  # fmt: skip
    assert code() == "muted"
    assert [(one.mic, one.cam) for one in seats(lecture.pk)] == [(False, False)]
    assert appearing([lecture.pk]) == set()
    with pytest.raises(operations.UnableToAppear):
        operations.show_devices(device="phone", mic=True, cam=False, **ask)
    operations.show_devices(device="tablet", mic=False, cam=False, **ask)


def test_a_host_closes_microphones_and_gives_the_floor(world: County) -> None:
    lecture, (first, second, _third) = make_live_meeting(world), world.members
    for one in (first, second, world.secretary):
        sit(lecture, one)
        operations.show_devices(occasion_id=lecture.pk, member_id=one.pk, device="phone", mic=True, cam=False)
    host = world.secretary.pk
    operations.silence(occasion_id=lecture.pk, member_id=first.pk, actor_id=host)
    assert [one.mic for one in seats(lecture.pk)] == [False, True, True]
    operations.silence(occasion_id=lecture.pk, member_id=seating.EVERYBODY, actor_id=host)
    assert [one.mic for one in seats(lecture.pk)] == [False, False, True]
    operations.raise_hand(occasion_id=lecture.pk, member_id=second.pk, as_of=timezone.now())
    for member_id in (first.pk, second.pk, world.neighbour_member.pk):
        operations.give_floor(occasion_id=lecture.pk, member_id=member_id, on=True)
        floor = [one.member for one in seats(lecture.pk) if one.floor]
        assert floor == ([member_id] if member_id != world.neighbour_member.pk else [])
    assert not RaisedHand.objects.exists()
    operations.give_floor(occasion_id=lecture.pk, member_id=first.pk, on=False)
    assert not any(one.floor for one in seats(lecture.pk))


def test_each_change_is_told_to_the_room(
    world: County, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(seating.room_events, "publish_all", lambda events: told.extend(one["t"] for _, one in events))
    monkeypatch.setattr(seating.room_events, "publish", lambda _, event, *, flush: told.append(event["t"]))
    lecture = make_live_meeting(world)
    with django_capture_on_commit_callbacks(execute=True):
        sit(lecture, world.member)
    assert told == ["seats", "waiting"]
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        operations.silence(occasion_id=lecture.pk, member_id=seating.EVERYBODY, actor_id=world.secretary.pk)
        operations.drop_note(occasion_id=lecture.pk, key="plan-0")
    assert told == ["silenced", "seats", "waiting", "notes"]


def test_a_meeting_is_compared_by_its_digest(world: County, django_assert_num_queries: Any) -> None:
    lecture, other = make_live_meeting(world, lobby=True), make_live_meeting(world)
    for one in (world.member, world.secretary):
        sit(lecture, one, host=one == world.secretary)
    with django_assert_num_queries(9):
        facts = room_facts([lecture.pk, other.pk])
    digest = facts[lecture.pk].meeting
    assert digest is not None
    assert (digest.seats, digest.waiting) == (
        digest_of(seats(lecture.pk)),
        digest_of(waiting(lecture.pk).waiting),
    )
    assert (digest.lobby, digest.seats[0], digest.waiting[0], digest.notes[0]) == (True, 1, 1, 2)
    operations.show_devices(occasion_id=lecture.pk, member_id=world.secretary.pk, device="phone", mic=True, cam=False)
    assert room_facts([lecture.pk])[lecture.pk].meeting != digest


# --- notes and minutes ------------------------------------------------------------------------------------------------


def note(lecture: Lecture, actor: Any, key: str = "a", **said: Any) -> None:
    values = {"kind": "decision", "title": "汛期值班", "text": "每晚两人", **said}
    operations.write_note(occasion_id=lecture.pk, key=key, actor_id=actor.pk, as_of=timezone.now(), **values)


def test_notes_become_the_minutes_at_the_end_and_what_comes_after_an_undone_one(world: County) -> None:
    lecture = make_live_meeting(world)
    sit(lecture, world.member)
    note(lecture, world.secretary)
    note(lecture, world.secretary, "b")
    note(lecture, world.secretary, "plan-0", kind="agenda", title="学习防汛预案", text="读了预案")
    operations.drop_note(occasion_id=lecture.pk, key="b")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert (Lecture.objects.get(pk=lecture.pk).state, here(lecture)) == ("unrecorded", [])
    assert Occasion.objects.get(pk=lecture.pk).state in HELD
    first = Meeting.objects.get(pk=lecture.pk).minutes.get()
    assert first.decisions == [["汛期值班", "每晚两人"]]
    assert first.studied == "1. 通报党费\n2. 学习防汛预案\n读了预案" or first.studied.startswith(
        "1. 学习防汛预案\n读了预案"
    )
    with pytest.raises(operations.UnableToNote, match="state"):
        note(lecture, world.secretary, "late")
    operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert Meeting.objects.get(pk=lecture.pk).minutes.count() == 1, "nothing was noted since"
    operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    note(lecture, world.secretary, "c", title="再加一项")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert Meeting.objects.get(pk=lecture.pk).minutes.order_by("-number")[0].decisions[-1][0] == "再加一项"


def test_what_cannot_be_noted(world: County, monkeypatch: pytest.MonkeyPatch) -> None:
    lecture = make_live_meeting(world)
    with pytest.raises(operations.UnableToNote, match="empty"):
        note(lecture, world.secretary, title=" ")
    monkeypatch.setattr(noting, "MOST_NOTES", 2)
    note(lecture, world.secretary)
    note(lecture, world.secretary, "b")
    with pytest.raises(operations.UnableToNote, match="too_many"):
        note(lecture, world.secretary, "c")
    note(lecture, world.secretary, "b", title="改一条不算多写")
    note(lecture, world.secretary, "plan-0", kind="agenda", title="改过\ud800的")  # half a sign, as JSON may bring it
    assert MeetingNote.objects.get(key="plan-0").title == "改过的"


def test_what_the_minutes_have_no_room_for_is_refused_and_a_long_line_is_kept_whole(world: County) -> None:
    lecture = make_live_meeting(world, agenda="长" * 130)
    planned = MeetingNote.objects.get(lecture=lecture)
    assert (planned.title, planned.text) == ("长" * 100, "长" * 30)
    for number in range(3):
        note(lecture, world.secretary, f"{number}", kind="agenda", text="字" * 2000)
    note(lecture, world.secretary, "d", kind="decision", text="字" * 2000)
    with pytest.raises(operations.UnableToNote, match="too_long"):
        note(lecture, world.secretary, "e", kind="agenda", text="字" * 2000)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    minutes = Meeting.objects.get(pk=lecture.pk).minutes.get()
    assert minutes.studied.endswith("字" * 2000)


def test_a_decision_that_was_taken_back_after_an_undone_end_is_in_the_minutes_no_more(world: County) -> None:
    lecture = make_live_meeting(world, agenda="")
    note(lecture, world.secretary, "a", title="决定甲")
    note(lecture, world.secretary, "b", title="决定乙")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    operations.drop_note(occasion_id=lecture.pk, key="a")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert decided(lecture) == ["决定乙"]
    # Noted after an undone end and taken back after the next: the first end's words again.
    for key, is_there in (("c", True), ("c", False), ("b", False)):
        operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
        if is_there:
            note(lecture, world.secretary, key, title="决定丙")
        else:
            operations.drop_note(occasion_id=lecture.pk, key=key)
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
        assert decided(lecture) == {True: ["决定乙", "决定丙"], False: ["决定乙"] if key == "c" else []}[is_there]
    last = Meeting.objects.get(pk=lecture.pk).minutes.latest("number")
    assert last.studied == "没有记下讨论的内容和决定。"


def decided(lecture: Lecture) -> list[str]:
    last = Meeting.objects.get(pk=lecture.pk).minutes.latest("number")
    return [title for title, _text in last.decisions]


def test_minutes_written_by_hand_before_the_end_was_undone_stay(world: County) -> None:
    lecture = make_live_meeting(world, agenda="")
    note(lecture, world.secretary, "a", title="决定甲")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    meeting = Meeting.objects.get(pk=lecture.pk)
    write_minutes(
        occasion_id=lecture.pk, studied="学习了条例。", decisions=[("决定甲", "全体同意")],
        place="", chair="", recorder="", seen=1, seen_book=book_mark(meeting),
        actor_id=world.secretary.pk, as_of=timezone.now(),
    )  # fmt: skip
    operations.resume_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    note(lecture, world.secretary, "b", title="决定乙")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    last = meeting.minutes.latest("number")
    assert (last.number, last.studied) == (3, "学习了条例。")
    assert last.decisions == [["决定甲", "全体同意"], ["决定乙", "每晚两人"]]


def test_who_planned_a_meeting_and_was_not_at_it_neither_signs_its_minutes_nor_stays_when_removed(
    world: County,
) -> None:
    lecture = make_live_meeting(world)
    note(lecture, world.organiser, "a", title="决定甲")
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    assert Meeting.objects.get(pk=lecture.pk).minutes.get().written_by == world.organiser != lecture.lecturer
    facts = {"occasion_id": lecture.pk, "kind": "removed", "actor_id": world.organiser.pk, "as_of": timezone.now()}
    operations.restrict(member_id=lecture.lecturer_id, **facts)
    assert Restriction.objects.filter(lecture=lecture, member=lecture.lecturer).exists()


def test_without_notes_or_a_book_nothing_is_written(world: County) -> None:
    silent = make_live_meeting(world, agenda="")
    operations.end_lecture(occasion_id=silent.pk, as_of=timezone.now())
    assert not Meeting.objects.get(pk=silent.pk).minutes.exists()
    void = make_live_meeting(world)
    Occasion.objects.filter(pk=void.pk).update(state=Occasion.State.VOID, void_reason="重复")
    noting.keep_minutes(occasion_id=void.pk, actor_id=world.secretary.pk, as_of=timezone.now())
    assert not Meeting.objects.get(pk=void.pk).minutes.exists()
    Meeting.objects.filter(pk=void.pk).delete()
    noting.keep_minutes(occasion_id=void.pk, actor_id=world.secretary.pk, as_of=timezone.now())
    assert not Minutes.objects.exists()


def test_no_media_agent_carries_a_meeting(world: County) -> None:
    lecture = make_live_meeting(world)
    node = MediaNode.objects.create(name="media", url="unix:/x", beat_at=timezone.now())
    Lecture.objects.filter(pk=lecture.pk).update(media_node=node)
    assert nodes.carried(node_id=node.pk) == []
