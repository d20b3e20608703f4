"""What can be done about a lecture that has ended: through its operations and through the pages, by every role."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry, ReferenceIndex

from attendance.kinds import kinds
from attendance.models import Occasion, Record, RosterEntry, Training
from attendance.operations import reconcile, set_replay, settle, settling
from attendance.queries import evidence_of, rule_of, window_of
from live import operations
from live.models import Lecture
from live.queries import lecturers_for, may_lecture, nodes, room_facts
from live.views.schedule import minutes_left
from media import storage
from media.models import Video
from media.operations import drop_replaced
from organizations.models import Role, RoleGrant, User
from tests.factories.attendance import RuleFactory, TrainingFactory, be_present
from tests.factories.cms import CoursePageFactory, LessonPageFactory
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, RoleGrantFactory, make_county
from tests.live.test_operations import finish, packed
from tests.office import Office

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world() -> County:
    return make_county()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ended(world: County, *, after: dt.timedelta = dt.timedelta(), **fields: Any) -> Lecture:
    """A lecture that was held for ten minutes and ended ``after`` ago."""
    lecture = make_live(world, **fields)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now() - after)
    return again(lecture)


def not_held(world: County) -> Lecture:
    """Started by mistake and ended three seconds later."""
    lecture = make_lecture(world)
    now = timezone.now()
    operations.go_live(occasion_id=lecture.pk, as_of=now - 3 * dt.timedelta(seconds=1))
    operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    return again(lecture)


def again(lecture: Lecture) -> Lecture:
    return Lecture.objects.select_related("occasion", "recording").get(pk=lecture.pk)


def resume(lecture: Lecture, *, as_of: dt.datetime | None = None) -> Lecture:
    operations.resume_lecture(occasion_id=lecture.pk, as_of=as_of or timezone.now())
    return again(lecture)


# --- undoing the end, whatever the agent has done -----------------------------------------------------------------


def test_end_is_undone_before_anything_is_packed(world: County, var_dir: Path) -> None:
    lecture = resume(ended(world))
    assert (lecture.state, lecture.ended_at, lecture.occasion.state) == ("live", None, "open")
    finish(lecture, packed(var_dir / "late"))  # the agent was packing when the end was undone
    assert (again(lecture).state, Video.objects.count()) == ("live", 0)
    assert (var_dir / "late" / "master.m3u8").exists()


def test_one_replay_holds_both_parts(world: County, var_dir: Path, django_capture_on_commit_callbacks: Any) -> None:
    lecture = ended(world)
    began = lecture.live_at
    finish(lecture, packed(var_dir / "first"), started_at=began)
    first = again(lecture).recording
    assert first is not None
    lecture = resume(lecture)
    assert (lecture.state, lecture.recording) == ("live", first)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    finish(lecture, packed(var_dir / "both"), started_at=began, duration_ms=90_000, cuts=((60_000, 12_000),))
    lecture = again(lecture)
    assert set(Video.objects.filter(replaced_at=None)) == {lecture.recording}
    with django_capture_on_commit_callbacks(execute=True):
        assert drop_replaced() == 1
    assert drop_replaced() == 0
    assert (lecture.state, lecture.occasion.media_ms, lecture.occasion.media_offset_ms) == ("recorded", 90_000, 0)
    assert (lecture.occasion.media_cuts, Video.objects.get()) == ([[60_000, 12_000]], lecture.recording)
    assert not (storage.root() / "videos" / str(first.pk)).exists()


def is_judged_by_what_holds(lecture: Lecture, member: User) -> bool:
    """Whether a record was judged by the replay, the window and the evidence of now."""
    occasion = again(lecture).occasion
    record = Record.objects.get(occasion=lecture.pk, member=member)
    held = evidence_of(occasion=occasion, member_ids=[member.pk], exempt={}, as_of=timezone.now())
    frame = repr((window_of(occasion, as_of=timezone.now()), rule_of(occasion)))
    return record.evidence_digest == settling.digest_of(held[member.pk], frame)


@pytest.mark.parametrize("is_settled_first", [True, False])
def test_everybody_is_judged_by_the_replay_that_is_there(world: County, var_dir: Path, is_settled_first: bool) -> None:
    """The end was undone, both parts are recorded, and the agent's task reaches nobody: the database is the truth."""
    lecture = ended(world)
    began = lecture.live_at
    finish(lecture, packed(var_dir / "first"), started_at=began, duration_ms=300_000)
    early, late = world.members[:2]
    be_present(lecture.occasion, early, 0, 60)
    settle(occasion_id=lecture.pk, as_of=timezone.now())
    assert (is_judged_by_what_holds(lecture, early), again(lecture).occasion.state) == (True, "settled")
    lecture = resume(lecture)
    resumed = timezone.now()
    with time_machine.travel(resumed + 5 * MINUTE, tick=False):
        start = lecture.occasion.window_start_at
        assert start is not None
        since = (resumed - start).total_seconds()
        be_present(lecture.occasion, late, since, since + 240)
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
        if is_settled_first:
            settle(occasion_id=lecture.pk, as_of=timezone.now())
        cuts = ((600_000, 5_000),)
        finish(lecture, packed(var_dir / "both"), started_at=began, duration_ms=880_000, cuts=cuts)
        assert (is_judged_by_what_holds(lecture, early), again(lecture).occasion.state) == (False, "closed")
    with time_machine.travel(resumed + 7 * MINUTE, tick=False):
        reconcile(as_of=timezone.now())
        assert again(lecture).occasion.state == "settled"
        assert is_judged_by_what_holds(lecture, early)
        assert is_judged_by_what_holds(lecture, late)
        judged_at = Record.objects.get(occasion=lecture.pk, member=late).judged_at
        # The same replay offered once more asks nobody anything.
        occasion = again(lecture).occasion
        set_replay(
            occasion_id=lecture.pk, media_ms=880_000, media_offset_ms=occasion.media_offset_ms, media_cuts=cuts,
            as_of=timezone.now(),
        )  # fmt: skip
        assert again(lecture).occasion.state == "settled"
        assert Record.objects.get(occasion=lecture.pk, member=late).judged_at == judged_at


def test_a_replay_offered_while_everybody_is_judged_has_them_judged_again(
    world: County, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lecture = ended(world)
    be_present(lecture.occasion, world.member, 0, 60)
    chunk, offered = settling._settle_chunk, []

    def offered_meanwhile(*given: Any, **options: Any) -> int:
        changed = chunk(*given, **options)
        if not offered:
            offered.append(True)
            finish(lecture, packed(var_dir / "first"), started_at=lecture.live_at, duration_ms=300_000)
        return changed

    monkeypatch.setattr(settling, "_settle_chunk", offered_meanwhile)
    settle(occasion_id=lecture.pk, as_of=timezone.now())
    assert again(lecture).occasion.state == "closed"
    reconcile(as_of=timezone.now() + 2 * MINUTE)
    assert again(lecture).occasion.state == "settled"
    assert is_judged_by_what_holds(lecture, world.member)


def test_earlier_replay_stays_where_a_lesson_shows_it(world: County, var_dir: Path) -> None:
    lecture = ended(world)
    finish(lecture, packed(var_dir / "first"))
    first = again(lecture).recording
    assert first is not None
    lesson = LessonPageFactory(course=CoursePageFactory(node=world.branch), body=[("video", first)])
    ReferenceIndex.create_or_update_for_object(lesson)
    resume(lecture)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    finish(lecture, packed(var_dir / "both"))
    assert drop_replaced() == 0
    assert set(Video.objects.values_list("pk", flat=True)) == {first.pk, again(lecture).recording_id}


def test_earlier_replay_stays_when_the_second_recording_fails(world: County, var_dir: Path) -> None:
    lecture = ended(world)
    finish(lecture, packed(var_dir / "first"))
    resume(lecture)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    finish(lecture, None)
    lecture = again(lecture)
    assert (lecture.state, lecture.recording, lecture.occasion.media_ms) == ("recorded", Video.objects.get(), 60_000)


def test_unrecorded_lecture_comes_back_too(world: County) -> None:
    lecture = ended(world)
    finish(lecture, None)
    assert again(lecture).state == "unrecorded"
    assert resume(lecture).state == "live"


def test_agent_keeps_what_it_captured_while_an_end_can_be_undone(world: County, var_dir: Path) -> None:
    lecture = ended(world)
    finish(lecture, packed(var_dir / "first"))
    now = timezone.now()
    assert nodes.needs([lecture.pk, 0], as_of=now + 10 * MINUTE) == {lecture.pk: "all"}
    assert nodes.needs([lecture.pk], as_of=now + 12 * MINUTE) == {lecture.pk: "none"}
    resume(lecture)
    assert nodes.needs([lecture.pk], as_of=now + HOUR) == {lecture.pk: "all"}
    assert nodes.is_ended(lecture.pk, node_id=lecture.media_node_id or 0) is False


def test_ten_minutes_and_no_longer(world: County) -> None:
    lecture = ended(world, after=10 * MINUTE + dt.timedelta(seconds=5), starts_at=timezone.now() - HOUR)
    with pytest.raises(operations.UnableToResumeLecture) as refused:
        resume(lecture)
    assert (refused.value.code, again(lecture).state) == ("undo_over", "ended")
    with pytest.raises(operations.UnableToResumeLecture) as refused:
        resume(make_live(world))
    assert refused.value.code == "state"


def test_resumed_lecture_is_not_forgotten_at_once(world: County) -> None:
    now = timezone.now()
    lecture = make_lecture(world, starts_at=now - 6 * HOUR)
    operations.go_live(occasion_id=lecture.pk, as_of=now - 6 * HOUR)
    assert operations.end_forgotten_lectures(as_of=now) == [lecture.pk]
    resume(lecture, as_of=now + MINUTE)
    assert operations.end_forgotten_lectures(as_of=now + 2 * MINUTE) == []
    assert operations.end_forgotten_lectures(as_of=now + 32 * MINUTE) == [lecture.pk]


def test_lecture_that_began_late_is_not_forgotten_by_its_plan(world: County) -> None:
    start = timezone.now() - 5 * HOUR
    lecture = make_lecture(world, starts_at=start)
    late = start + 3.9 * HOUR
    operations.go_live(occasion_id=lecture.pk, as_of=late)
    operations.note_picture(occasion_id=lecture.pk, as_of=late + 0.5 * HOUR)
    assert operations.end_forgotten_lectures(as_of=late + 0.55 * HOUR) == []
    assert operations.end_forgotten_lectures(as_of=late + 1.6 * HOUR) == [lecture.pk]


def test_room_hears_of_every_step(
    world: County, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[str] = []
    monkeypatch.setattr("live.room_events.publish", lambda _id, event, flush=False: told.append(event["state"]))
    with django_capture_on_commit_callbacks(execute=True):
        lecture = not_held(world)
    with django_capture_on_commit_callbacks(execute=True):
        resume(lecture, as_of=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now() + HOUR)
    with django_capture_on_commit_callbacks(execute=True):
        operations.void_lecture(
            occasion_id=lecture.pk, reason="误开", actor_id=world.organiser.pk, as_of=timezone.now()
        )
    assert told == ["live", "not_held", "live", "ended", "void"]
    assert room_facts([lecture.pk])[lecture.pk].state == "void"


# --- not held, void, again ------------------------------------------------------------------------------------------


def test_nothing_is_offered_of_what_was_not_held_or_is_void(world: County) -> None:
    lecture = not_held(world)
    occasion = lecture.occasion
    Occasion.objects.filter(pk=lecture.pk).update(media_ms=440)
    for state in ("not_held", "void"):
        Occasion.objects.filter(pk=lecture.pk).update(state=state)
        occasion.refresh_from_db()
        kind = kinds()["lecture"]
        assert kind.catch_up(occasion, world.member) is None
        assert kind.url_for(occasion, world.member) == reverse("live_room", args=[lecture.pk])


def test_voiding_is_signed_and_logged(world: County) -> None:
    lecture = ended(world)
    settle(occasion_id=lecture.pk, as_of=timezone.now())
    operations.void_lecture(
        occasion_id=lecture.pk, reason="设备试验", actor_id=world.organiser.pk, as_of=timezone.now()
    )
    occasion = again(lecture).occasion
    assert (occasion.state, occasion.void_reason, occasion.voided_by) == ("void", "设备试验", world.organiser)
    entry = ModelLogEntry.objects.get(action="live.void")
    assert (entry.user, entry.object_id, entry.data) == (world.organiser, str(lecture.pk), {"reason": "设备试验"})
    assert again(lecture).get_stage_display() == "已作废"


def test_what_is_on_the_air_cannot_be_voided_and_what_was_held_not_replaced(world: County) -> None:
    lecture, now = make_live(world), timezone.now()
    with pytest.raises(operations.UnableToVoidLecture, match="结束"):
        operations.void_lecture(occasion_id=lecture.pk, reason="误开", actor_id=world.organiser.pk, as_of=now)
    operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    occasion = again(lecture).occasion
    plan = operations.LecturePlan(
        training_id=occasion.training_id,
        title=occasion.title,
        node_id=occasion.node_id,
        starts_at=now + HOUR,
        ends_at=now + 2 * HOUR,
        lecturer_id=world.lecturer.pk,
        rule_id=occasion.rule_id,
    )
    with pytest.raises(operations.UnableToVoidLecture, match="已经举行过"):
        operations.hold_again(occasion_id=lecture.pk, plan=plan, actor_id=world.organiser.pk, as_of=now)
    assert (again(lecture).stage, Lecture.objects.count(), ModelLogEntry.objects.count()) == ("ended", 1, 0)


def test_held_again_in_its_place(world: County) -> None:
    lecture = not_held(world)
    Training.objects.update(deadline_at=timezone.now() + 30 * 24 * HOUR)
    client = signed_in(world.lecturer)
    url = reverse("live_again", args=[lecture.pk])
    page = client.get(url)
    assert page.status_code == 200
    assert page.context["form"].initial == {"title": "防汛避险", "minutes": 60}
    wrong = client.post(url, {"title": "防汛避险", "starts_at": "2020-01-01T10:00", "minutes": 60})
    assert "starts_at" in wrong.context["form"].errors
    assert again(lecture).stage == "not_held"
    tomorrow = timezone.localtime() + dt.timedelta(days=1)
    answer = client.post(url, {"title": "防汛避险", "starts_at": f"{tomorrow:%Y-%m-%dT%H:%M}", "minutes": 45})
    planned = Lecture.objects.exclude(pk=lecture.pk).get()
    assert answer["Location"] == reverse("live_host", args=[planned.pk])
    old, new = again(lecture).occasion, planned.occasion
    assert (old.state, old.voided_by) == ("void", world.lecturer)
    assert old.void_reason == "这一场没有举行，已经另外安排。"
    same = ("training_id", "node_id", "rule_id")
    assert [getattr(old, name) for name in same] == [getattr(new, name) for name in same]
    assert (planned.lecturer_id, new.ends_at - new.starts_at) == (lecture.lecturer_id, 45 * MINUTE)


def test_void_lecture_can_be_held_again_and_one_that_runs_not(world: County) -> None:
    lecture = make_live(world)
    client = signed_in(world.organiser)
    url = reverse("live_again", args=[lecture.pk])
    assert client.get(url)["Location"] == reverse("live_host", args=[lecture.pk])
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    operations.void_lecture(occasion_id=lecture.pk, reason="误开", actor_id=world.organiser.pk, as_of=timezone.now())
    for page in (client.get(url), client.get(f"/admin/live/schedule/add/?again={lecture.pk}")):
        text = page.content.decode()
        assert "已经作废，原因：误开" in text
        assert "没有举行" not in text
        assert "原来的一场作废" not in text


def test_the_lecturer_is_asked_once_what_the_office_is_asked(world: County) -> None:
    lecture = not_held(world)
    Training.objects.update(deadline_at=timezone.now() + HOUR)
    day = (timezone.localtime() + dt.timedelta(days=3)).replace(hour=0, minute=0)
    other = make_lecture(world, starts_at=day + dt.timedelta(minutes=10))
    client = signed_in(world.lecturer)
    url = reverse("live_again", args=[lecture.pk])
    data = {"title": "防汛避险", "starts_at": f"{day:%Y-%m-%dT%H:%M}", "minutes": 45}
    page = client.post(url, data)
    text = page.content.decode()
    for words in ("晚于培训的截止时间", "零点，只填日期就会这样", "时间重叠"):
        assert words in text
    assert Lecture.objects.filter(in_place_of=lecture).count() == 0
    agreed = page.context["form"].agreement
    assert f'name="agreed" value="{agreed}"' in text
    assert client.post(url, {**data, "agreed": agreed}).status_code == 302
    assert Lecture.objects.get(in_place_of=lecture).occasion.starts_at < other.occasion.starts_at


def test_voiding_says_how_many_had_attended(world: County) -> None:
    lecture = ended(world)
    settle(occasion_id=lecture.pk, as_of=timezone.now())
    entry = RosterEntry.objects.filter(occasion_id=lecture.pk).first()
    assert entry is not None
    Record.objects.filter(occasion_id=lecture.pk, member=entry.member).update(state="attended", stands="attended")
    client = signed_in(world.organiser)
    for name in ("live_void", "live_schedule_void"):
        assert "其中 1 人已经参加或补学" in client.get(reverse(name, args=[lecture.pk])).content.decode()


def test_lecturer_voids_only_what_was_not_held(world: County) -> None:
    held, empty = ended(world), not_held(world)
    client = signed_in(world.lecturer)
    assert client.post(reverse("live_void", args=[held.pk]), {"reason": "x"}).status_code == 404
    url = reverse("live_void", args=[empty.pk])
    assert "4 人" in client.get(url).content.decode()
    missing = client.post(url, {"reason": " "})
    assert "reason" in missing.context["form"].errors
    assert client.post(url, {"reason": "点错了"}).status_code == 302
    assert (again(empty).stage, again(empty).occasion.void_reason) == ("void", "点错了")
    assert client.get(url).status_code == 404


def test_organiser_voids_what_was_held(world: County) -> None:
    lecture = ended(world)
    assert (
        signed_in(world.organiser).post(reverse("live_void", args=[lecture.pk]), {"reason": "误开"}).status_code == 302
    )
    assert again(lecture).stage == "void"


def test_nobody_else_finds_these_pages(world: County) -> None:
    lecture = not_held(world)
    other = RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user
    for stranger in (world.member, world.secretary, world.neighbour_member, other, world.operator):
        client = signed_in(stranger)
        for name in ("live_again", "live_void"):
            assert client.get(reverse(name, args=[lecture.pk])).status_code == 404
            assert client.post(reverse(name, args=[lecture.pk]), {"reason": "x"}).status_code == 404
    client = signed_in(other)
    for name in ("live_schedule_end", "live_schedule_cancel", "live_schedule_void", "live_schedule_resume"):
        assert client.post(reverse(name, args=[lecture.pk]), {"reason": "x"}).status_code == 404
    assert client.get(reverse("live_schedule_add") + f"?again={lecture.pk}").status_code == 404
    assert again(lecture).stage == "not_held"


# --- the pages ------------------------------------------------------------------------------------------------------


def test_room_and_desk_begin_with_what_can_be_undone(world: County) -> None:
    lecture = ended(world)
    until = lecture.occasion.closed_at + 10 * MINUTE  # type: ignore[operator]
    for user, name in ((world.member, "live_room"), (world.lecturer, "live_host")):
        data = signed_in(user).get(reverse(name, args=[lecture.pk])).context["data"]
        assert (data["state"], data["undone_until"]) == ("ended", round(until.timestamp() * 1000))
        # The room says so beside what the lecture was for its reader, for as long.
        assert ("may_resume" in data["words"]) is (name == "live_room")
    operations.void_lecture(occasion_id=lecture.pk, reason="误开", actor_id=world.organiser.pk, as_of=timezone.now())
    data = signed_in(world.member).get(reverse("live_room", args=[lecture.pk])).context["data"]
    assert (data["state"], data["undone_until"], data["void_reason"]) == ("void", None, "误开")


def test_replay_says_until_when_it_counts(world: County, var_dir: Path) -> None:
    lecture = ended(world)
    finish(lecture, packed(var_dir / "first"))
    url = reverse("live_replay", args=[lecture.pk])
    until = timezone.localtime(again(lecture).occasion.make_up_until_at)
    client = signed_in(world.member)
    assert f"{until.month}月{until.day}日 {until:%H:%M} 以前看的计入补学" in client.get(url).content.decode()
    with time_machine.travel(until + MINUTE, tick=False):
        client.force_login(world.member)
        assert "现在看不再计入" in client.get(url).content.decode()
    operations.void_lecture(occasion_id=lecture.pk, reason="误开", actor_id=world.organiser.pk, as_of=timezone.now())
    client.force_login(world.member)
    page = client.get(url)
    assert "这一场已作废：误开" in page.content.decode()
    assert page.context["player"]["records"] is False


def test_roster_day_is_said(world: County) -> None:
    lecture = make_live(world)
    day = timezone.localtime(lecture.occasion.window_start_at)
    said = f"按 {day.month}月{day.day}日 的组织关系"
    for user, name in ((world.member, "live_room"), (world.lecturer, "live_host")):
        assert said in signed_in(user).get(reverse(name, args=[lecture.pk])).content.decode()
    page = signed_in(world.organiser).get(reverse("live_schedule_edit", args=[lecture.pk])).content.decode()
    assert f"应到名单按 {day:%Y-%m-%d} 的组织关系确定，应到 4 人" in page


def test_lecture_that_nobody_started_says_so(world: County) -> None:
    lecture = make_lecture(world, starts_at=timezone.now() - 70 * MINUTE)
    office = signed_in(world.organiser)
    assert "没有开播" in office.get(reverse("live_schedule")).content.decode()
    assert "到时间没有开播" in office.get(reverse("live_schedule_edit", args=[lecture.pk])).content.decode()
    own = office.get(reverse("live_index")).content.decode()
    assert (reverse("live_schedule_edit", args=[lecture.pk]) in own, "没有开播" in own) == (True, True)
    assert "请组织员重新安排" in signed_in(world.lecturer).get(reverse("live_index")).content.decode()
    today = signed_in(world.member).get(reverse("today")).content.decode()
    assert ("没有开播" in today, "先进去等" in today, "马上开始" in today) == (True, False, False)


# --- the back office ------------------------------------------------------------------------------------------------


def test_nothing_happens_on_the_first_click(world: County) -> None:
    office = signed_in(world.organiser)
    planned, live, given = make_lecture(world), make_live(world), ended(world)
    asked = {
        reverse("live_schedule_cancel", args=[planned.pk]): "从 4 人的页面上消失",
        reverse("live_schedule_end", args=[live.pk]): "应到的 4 人的记录会马上开始认定",
        reverse("live_schedule_void", args=[given.pk]): "应到 4 人的记录都不算数",
    }
    for url, words in asked.items():
        page = office.get(url)
        assert (page.status_code, words in page.content.decode()) == (200, True), url
    assert [again(lecture).stage for lecture in (planned, live, given)] == ["scheduled", "live", "ended"]
    for url in asked:
        office.post(url, {"reason": "误开"})
    assert not Lecture.objects.filter(pk=planned.pk).exists()
    assert [again(lecture).stage for lecture in (live, given)] == ["ended", "void"]


def test_ending_at_once_is_said_to_be_no_lecture(world: County) -> None:
    lecture = make_lecture(world)
    operations.go_live(occasion_id=lecture.pk, as_of=timezone.now())
    page = signed_in(world.organiser).get(reverse("live_schedule_end", args=[lecture.pk])).content.decode()
    assert "未举行" in page


def test_steps_that_are_too_late_are_answered(world: County) -> None:
    office = signed_in(world.organiser)
    planned, live = make_lecture(world), make_live(world)
    wrong = [("cancel", live), ("end", planned), ("void", live), ("resume", live)]
    for step, lecture in wrong:
        answer = office.post(reverse(f"live_schedule_{step}", args=[lecture.pk]), {"reason": "x"}, follow=True)
        assert [str(message.level_tag) for message in answer.context["messages"]] == ["error"], step
    assert [again(lecture).stage for lecture in (planned, live)] == ["scheduled", "live"]


def test_back_office_undoes_an_end(world: County) -> None:
    lecture = ended(world, after=2 * MINUTE)
    office = signed_in(world.organiser)
    page = office.get(reverse("live_schedule_edit", args=[lecture.pk])).content.decode()
    assert "还可以恢复 8 分钟" in page
    office.post(reverse("live_schedule_resume", args=[lecture.pk]))
    assert again(lecture).state == "live"
    with time_machine.travel(timezone.now() + HOUR, tick=False):
        operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    with time_machine.travel(timezone.now() + HOUR + 11 * MINUTE, tick=False):
        office.force_login(world.organiser)
        assert "恢复直播" not in office.get(reverse("live_schedule_edit", args=[lecture.pk])).content.decode()


def test_back_office_holds_again_with_the_form_filled_in(world: County) -> None:
    lecture = not_held(world)
    RoleGrantFactory(node=world.branch, role=Role.ORGANISER, user=world.organiser)
    office = signed_in(world.organiser)
    page = office.get(reverse("live_schedule_edit", args=[lecture.pk])).content.decode()
    url = reverse("live_schedule_add") + f"?again={lecture.pk}"
    assert ("未举行" in page, url in page) == (True, True)
    form = office.get(url).context["form"]
    assert (form.initial["title"], form.initial["node"]) == ("防汛避险", lecture.occasion.node_id)
    tomorrow = timezone.localtime() + dt.timedelta(days=1)
    data = form.initial | {"starts_at": f"{tomorrow:%Y-%m-%d %H:%M}", "record": "on"}
    bad = office.post(url, data | {"starts_at": "2020-01-01 10:00"})
    assert ("starts_at" in bad.context["form"].errors, again(lecture).stage) == (True, "not_held")
    assert "晚于培训的截止时间" in Office(office, url).saved(data)[0]
    assert (again(lecture).stage, Lecture.objects.count()) == ("void", 2)
    running = make_live(world)
    assert office.get(reverse("live_schedule_add") + f"?again={running.pk}").status_code == 404
    assert office.get(reverse("live_schedule_add") + "?again=²").status_code == 404


def test_void_lecture_says_who_and_why(world: County) -> None:
    lecture = ended(world)
    operations.void_lecture(occasion_id=lecture.pk, reason="误开", actor_id=world.organiser.pk, as_of=timezone.now())
    office = signed_in(world.organiser)
    page = office.get(reverse("live_schedule_edit", args=[lecture.pk])).content.decode()
    assert "作废：误开" in page
    assert world.organiser.name in page
    assert "已作废" in office.get(reverse("live_schedule")).content.decode()


@pytest.mark.parametrize(("seconds", "minutes"), [(-1, 0), (0, 0), (0.5, 1), (60, 1), (60.5, 2), (480, 8), (600, 10)])
def test_minutes_that_are_left(seconds: float, minutes: int) -> None:
    now = timezone.now()
    assert minutes_left(now + dt.timedelta(seconds=seconds), now) == minutes
    assert minutes_left(None, now) == 0


# --- who may lecture ------------------------------------------------------------------------------------------------


def test_lecturer_whose_grant_ends_later_is_offered_and_accepted(world: County) -> None:
    """One rule for the list and for the plan, by the local day: 07:30 in China is the day before in UTC."""
    morning = dt.datetime(2026, 9, 1, 23, 30, tzinfo=dt.UTC)  # 2 September, 07:30 in Shanghai
    today = dt.date(2026, 9, 2)
    RoleGrant.objects.filter(user=world.lecturer).delete()
    grant = RoleGrantFactory(node=world.branch, role=Role.LECTURER, user=world.lecturer)
    organiser = RoleGrantFactory(node=world.township, role=Role.ORGANISER, active_from_date=dt.date(2026, 1, 1)).user
    plan = operations.LecturePlan(
        training_id=TrainingFactory(node=world.township).pk,
        title="防汛避险",
        node_id=world.township.pk,
        starts_at=morning + HOUR,
        ends_at=morning + 2 * HOUR,
        lecturer_id=world.lecturer.pk,
        rule_id=RuleFactory().pk,
    )
    days = [(today, None, True), (today, dt.date(2026, 9, 30), True), (dt.date(2026, 1, 1), today, False)]
    with time_machine.travel(morning, tick=False):
        for begins, ends, valid in days:
            RoleGrant.objects.filter(pk=grant.pk).update(active_from_date=begins, active_to_date=ends)
            assert may_lecture(world.lecturer, world.township, on_date=today) is valid
            assert (world.lecturer in lecturers_for(organiser, on_date=today)) is valid
            if valid:
                assert operations.schedule_lecture(plan=plan, as_of=morning).lecturer == world.lecturer
            else:
                with pytest.raises(operations.UnableToScheduleLecture):
                    operations.schedule_lecture(plan=plan, as_of=morning)


def test_media_agent_starts_without_the_back_office() -> None:
    """It installs no Wagtail: nothing that it imports may need it."""
    command = [sys.executable, "manage.py", "media_agent", "--help"]
    env = {**os.environ, "DEBUG": "1"}  # with a database of its own it would ask for keys first
    answer = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert (answer.returncode, "media_agent" in answer.stdout) == (0, True), answer.stderr


def test_media_agent_hands_over_a_task_without_those_of_apps_that_it_has_not() -> None:
    """What it asks of a worker, as at the end of a lecture, needs the tasks of its own apps alone."""
    begin = "import sys; sys.argv = ['manage.py', 'media_agent']; import django; django.setup();"
    ask = "from config.celery import app; app.finalize(); print(sorted({n.split('.')[0] for n in app.tasks}))"
    env = {**os.environ, "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", begin + ask]
    answer = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert answer.returncode == 0, answer.stderr
    assert "live" in answer.stdout
    assert "quizzes" not in answer.stdout
