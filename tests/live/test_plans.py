"""The plan of a lecture through the real admin: what is unusual is asked once, what concerns others says whom, and what
was planned, cancelled, held again or recorded is not lost by a second click, a colleague or a mistake."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from attendance.models import Evidence, Occasion, Training
from attendance.operations import approve_leave
from live import operations
from live.models import Lecture
from media.models import Video
from media.operations import drop_replaced
from organizations.models import Role, User
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.cms import ready_video
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, RoleGrantFactory, make_county
from tests.office import Office

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
ADD = "/admin/live/schedule/add/"


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def office(world: County, client: Client) -> Client:
    client.force_login(world.organiser)
    return client


def at_minute(at: dt.datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")


def tomorrow_at(hour: int) -> dt.datetime:
    return timezone.localtime().replace(hour=hour, minute=0, second=0, microsecond=0) + DAY


def values(world: County, **changes: Any) -> dict[str, Any]:
    form = {
        "training": TrainingFactory(
            node=world.county, starts_date=timezone.localdate(), deadline_at=timezone.now() + 60 * DAY
        ).pk,
        "title": "防汛避险",
        "node": world.branch.pk,
        "starts_at": at_minute(tomorrow_at(10)),
        "minutes": 60,
        "lecturer": world.lecturer.pk,
        "rule": RuleFactory().pk,
        "record": "on",
        "webrtc_cap": 100,
    }
    return {**form, **changes}


def edit_url(lecture: Lecture) -> str:
    return reverse("live_schedule_edit", args=[lecture.pk])


def again(lecture: Lecture) -> Lecture:
    return Lecture.objects.select_related("occasion", "recording").get(pk=lecture.pk)


# --- what is unusual ------------------------------------------------------------------------------------------------


def test_an_ordinary_plan_asks_nothing(world: County, office: Client) -> None:
    assert Office(office, ADD).saved(values(world)) == []
    assert Lecture.objects.count() == 1


def test_unusual_dates_are_asked_about_once_and_never_refused(world: County, office: Client) -> None:
    narrow = TrainingFactory(
        node=world.county,
        starts_date=(timezone.localtime() + 5 * DAY).date(),
        deadline_at=timezone.now() + HOUR,
        state="draft",
    )
    day_only = (timezone.localtime() + 2 * DAY).date().isoformat()
    asked = "\n".join(Office(office, ADD).saved(values(world, training=narrow.pk, starts_at=day_only)))
    for words in ("早于培训的开始日期", "晚于培训的截止时间", "零点，只填日期就会这样", "还是草稿"):
        assert words in asked
    assert Lecture.objects.count() == 1


def test_a_start_that_is_past_is_asked_about_and_an_end_that_is_past_refused(world: County, office: Client) -> None:
    begun = values(world, starts_at=at_minute(timezone.now() - HOUR / 3))
    assert "已经过去" in "".join(Office(office, ADD).saved(begun))
    over = values(world, starts_at=at_minute(timezone.now() - 3 * HOUR))
    assert list(Office(office, ADD).refused(over)) == ["starts_at"]


def test_a_lecturer_asked_for_twice_at_once_is_told_and_a_strangers_title_is_not(world: County, office: Client) -> None:
    Office(office, ADD).saved(values(world, title="县里的课"))
    local = RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user
    office.force_login(local)
    other = make_lecture(world, node=world.neighbour, starts_at=tomorrow_at(10))
    Occasion.objects.filter(pk=other.pk).update(title="邻支部的课")
    training = TrainingFactory(
        node=world.branch, starts_date=timezone.localdate(), deadline_at=timezone.now() + 60 * DAY
    )
    plan = values(world, training=training.pk, starts_at=at_minute(tomorrow_at(10) + HOUR / 2))
    asked = "\n".join(Office(office, ADD).saved(plan))
    assert asked.count("时间重叠") == 2
    assert ("“县里的课”" in asked, "另一场直播" in asked, "邻支部的课" in asked) == (True, True, False)
    # An hour later there is no clash, and one's own plan is none either.
    assert Office(office, ADD).saved({**plan, "starts_at": at_minute(tomorrow_at(13))}) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "防\x00汛"}, "title"),
        ({"starts_at": "2026-02-30 10:00"}, "starts_at"),
        ({"starts_at": "9999-12-31 23:59"}, "starts_at"),
        ({"starts_at": "0001-01-01 00:00"}, "starts_at"),
        ({"minutes": "1" + "0" * 20}, "minutes"),
        ({"minutes": "721"}, "minutes"),
        ({"webrtc_cap": "1" + "0" * 20}, "webrtc_cap"),
        ({"training": 2**63}, "training"),
        ({"node": 10**30}, "node"),
        ({"lecturer": 2**63}, "lecturer"),
        ({"rule": 2**63}, "rule"),
    ],
)
def test_a_mistake_names_its_field_and_keeps_the_rest(
    world: County, office: Client, change: dict[str, Any], field: str
) -> None:
    answer = office.post(ADD, values(world, title="写了很久的名称") | change)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert field == "title" or "写了很久的名称" in answer.content.decode()
    assert not Lecture.objects.exists()


# --- changed after others know it -----------------------------------------------------------------------------------


def test_a_moved_lecture_says_whom_it_concerns(world: County, office: Client) -> None:
    plan = values(world)
    Office(office, ADD).saved(plan)
    lecture = Lecture.objects.get()
    approve_leave(
        occasion_id=lecture.pk,
        member_id=world.member.pk,
        category="duty",
        recorded_by_id=world.secretary.pk,
        as_of=timezone.now(),
    )
    deputy = RoleGrantFactory(node=world.branch, role=Role.LECTURER).user
    changed = {**plan, "starts_at": at_minute(tomorrow_at(15)), "lecturer": deputy.pk, "node": world.township.pk}
    asked = "\n".join(Office(office, edit_url(lecture)).saved(changed))
    assert f"讲师从“{world.lecturer.name}”改为“{deputy.name}”" in asked
    assert "开始时间从" in asked
    assert "原来应到 4 人，改完应到 8 人" in asked
    assert "订阅的手机日历会自己跟着改，单独加进日历的一场不会改" in asked
    assert "已经写好的 1 条请假" in asked
    lecture = again(lecture)
    assert (lecture.lecturer, timezone.localtime(lecture.occasion.starts_at).hour) == (deputy, 15)
    # Saved once more as it is, nothing is asked.
    assert Office(office, edit_url(lecture)).saved(changed) == []


def test_two_organisers_at_one_plan(world: County, office: Client) -> None:
    plan = values(world)
    Office(office, ADD).saved(plan)
    lecture = Lecture.objects.get()
    at = Office(office, edit_url(lecture))
    opened = at.open()
    Occasion.objects.update(title="同事改的")
    answer = at.post({**plan, **opened, "title": "我改的"})
    assert "别人改过它" in answer.content.decode()
    assert "同事改的" in answer.content.decode()
    assert again(lecture).occasion.title == "同事改的"


def test_a_plan_that_went_live_meanwhile_is_not_changed(world: County, office: Client) -> None:
    lecture = make_live(world)
    before = again(lecture).occasion.title
    page = office.post(edit_url(lecture), values(world, title="太晚了")).content.decode()
    assert "安排不能再修改" in page
    assert again(lecture).occasion.title == before


# --- cancelled, held again --------------------------------------------------------------------------------------------


def test_a_leave_written_down_for_a_cancelled_lecture_stays(world: County, office: Client) -> None:
    lecture = make_lecture(world, starts_at=tomorrow_at(10))
    approve_leave(
        occasion_id=lecture.pk,
        member_id=world.member.pk,
        category="duty",
        recorded_by_id=world.secretary.pk,
        as_of=timezone.now(),
    )
    url = reverse("live_schedule_cancel", args=[lecture.pk])
    assert "从 4 人的页面上消失" in office.get(url).content.decode()
    assert office.post(url)["Location"] == reverse("live_schedule")
    assert not Lecture.objects.exists()
    assert (Occasion.objects.get().state, Evidence.objects.count()) == ("void", 1)
    for person in (world.member, world.secretary):
        client = Client()
        client.force_login(person)
        assert "防汛避险" not in client.get("/").content.decode()
        assert client.get("/me/").status_code == 200
        assert client.get(reverse("live_room", args=[lecture.pk])).status_code == 404


def not_held(world: County) -> Lecture:
    lecture = make_lecture(world)
    now = timezone.now()
    operations.go_live(occasion_id=lecture.pk, as_of=now - dt.timedelta(seconds=3))
    operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    return again(lecture)


def test_a_second_click_on_holding_again_plans_nothing_more(world: County, office: Client) -> None:
    lecture = not_held(world)
    Training.objects.update(deadline_at=timezone.now() + 30 * DAY)
    desk = Client()
    desk.force_login(world.lecturer)
    url = reverse("live_again", args=[lecture.pk])
    data = {"title": "防汛避险", "starts_at": f"{tomorrow_at(9):%Y-%m-%dT%H:%M}", "minutes": 45}
    first, second = desk.post(url, data), desk.post(url, data)
    assert first["Location"] == second["Location"]
    assert Lecture.objects.count() == 2
    planned = Lecture.objects.get(in_place_of=lecture)
    other = desk.post(url, {**data, "starts_at": f"{tomorrow_at(14):%Y-%m-%dT%H:%M}"})
    assert "已经另外安排过" in other.content.decode()
    assert desk.get(url)["Location"] == reverse("live_host", args=[planned.pk])
    # The back office leads to what is planned, and shows it.
    assert office.get(f"{ADD}?again={lecture.pk}")["Location"] == edit_url(planned)
    assert office.post(f"{ADD}?again={lecture.pk}", values(world))["Location"] == edit_url(planned)
    assert "已经另外安排" in office.get(edit_url(lecture)).content.decode()
    assert Lecture.objects.count() == 2
    # Once that one is cancelled there is room for another.
    operations.cancel_lecture(occasion_id=planned.pk, as_of=timezone.now())
    assert desk.post(url, {**data, "starts_at": f"{tomorrow_at(14):%Y-%m-%dT%H:%M}"}).status_code == 302
    assert Lecture.objects.count() == 2


def test_what_is_done_to_a_plan_stands_in_the_log_of_its_training(world: County, office: Client) -> None:
    form = values(world)
    Office(office, ADD).saved(form)
    lecture = Lecture.objects.get()
    Office(office, edit_url(lecture)).saved({**form, "title": "防汛避险（新）"})
    Office(office, edit_url(lecture)).saved({**form, "title": "防汛避险（新）"})  # as it stands: no entry
    cancel = reverse("live_schedule_cancel", args=[lecture.pk])
    assert office.post(cancel).status_code == 302
    training = Training.objects.get(pk=form["training"])
    log = list(ModelLogEntry.objects.for_instance(training).order_by("pk").values_list("action", "user"))
    assert log == [(action, world.organiser.pk) for action in ("live.plan", "live.change", "live.cancel")]
    history = office.get(reverse("trainings:history", args=[training.pk])).content.decode()
    assert "取消了直播“防汛避险（新）”" in history
    # A colleague's second tab.
    for answer in (office.get(edit_url(lecture), follow=True), office.post(cancel, follow=True)):
        assert f"“防汛避险（新）”已由{world.organiser.name}于" in answer.content.decode()
    stranger = RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user
    office.force_login(stranger)
    assert office.get(edit_url(lecture)).status_code == 404


def test_a_deleted_recording_is_not_one_that_never_was(world: County, office: Client) -> None:
    lecture = recorded(world)
    Occasion.objects.filter(pk=lecture.pk).update(make_up_until_at=timezone.now() - DAY)
    later = timezone.now() + DAY
    operations.drop_recording(occasion_id=lecture.pk, actor_id=world.organiser.pk, as_of=later)
    page = office.get(edit_url(lecture)).content.decode()
    assert f"回放已删除（{world.organiser.name}，" in page
    for url in (edit_url(lecture), reverse("live_schedule")):
        assert "无回放" not in office.get(url).content.decode()


# --- the recording ----------------------------------------------------------------------------------------------------


def recorded(world: County) -> Lecture:
    lecture = make_live(world)
    operations.end_lecture(occasion_id=lecture.pk, as_of=timezone.now())
    video = ready_video(title="防汛避险")
    Lecture.objects.filter(pk=lecture.pk).update(state=Lecture.State.RECORDED, recording=video)
    Occasion.objects.filter(pk=lecture.pk).update(media_ms=60_000, media_cuts=[[30_000, 5_000]])
    return again(lecture)


def test_a_recording_stays_while_somebody_can_make_up_with_it(world: County, office: Client) -> None:
    lecture = recorded(world)
    page = office.get(edit_url(lecture)).content.decode()
    for words in ("1 分钟", "讲师停顿 1 次，共 5 秒，不在回放里", "补学截止", "过了这个时间才能删除"):
        assert words in page
    url = reverse("live_schedule_recording", args=[lecture.pk])
    assert url not in page
    for answer in (office.get(url, follow=True), office.post(url, follow=True)):
        assert "还有人可以看回放补学" in answer.content.decode()
    with pytest.raises(operations.UnableToDropRecording):
        operations.drop_recording(occasion_id=lecture.pk, actor_id=world.organiser.pk, as_of=timezone.now())
    assert (again(lecture).stage, Video.objects.count()) == ("recorded", 1)


def test_after_make_up_a_recording_is_deleted_and_the_pages_say_so(world: County, office: Client) -> None:
    lecture = recorded(world)
    until = lecture.occasion.make_up_until_at
    assert until is not None
    with time_machine.travel(until + HOUR, tick=True):
        office.force_login(world.organiser)
        url = reverse("live_schedule_recording", args=[lecture.pk])
        assert url in office.get(edit_url(lecture)).content.decode()
        assert "应到的 4 人都不能再看" in office.get(url).content.decode()
        assert again(lecture).recording is not None
        assert office.post(url).status_code == 302
        assert (again(lecture).stage, again(lecture).recording) == ("unrecorded", None)
        assert ModelLogEntry.objects.get(action="live.drop_recording").user == world.organiser
        assert (drop_replaced(), Video.objects.count()) == (1, 0)
        assert again(lecture).occasion.media_ms == 60_000  # what was judged by it stays as it was judged
        member = Client()
        member.force_login(world.member)
        replay = member.get(reverse("live_replay", args=[lecture.pk]))
        assert (replay.status_code, "组织员删除了这一场的回放" in replay.content.decode()) == (200, True)
        assert member.get(reverse("live_replay_addresses", args=[lecture.pk])).status_code == 404
        assert "删除回放" not in office.get(edit_url(lecture)).content.decode()
        assert office.post(url).status_code == 302


@pytest.mark.parametrize("name", ["edit", "cancel", "end", "void", "resume", "recording"])
def test_nobody_else_finds_these_pages(world: County, client: Client, name: str) -> None:
    lecture = recorded(world)
    before = again(lecture)
    strangers: list[User] = [
        RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user,
        RoleGrantFactory(node=world.neighbour, role=Role.LECTURER).user,
        world.lecturer,
        world.operator,
        world.secretary,
        world.member,
    ]
    url = reverse(f"live_schedule_{name}", args=[lecture.pk])
    for person in strangers:
        client.force_login(person)
        for send in (client.get, client.post):
            assert send(url).status_code in (302, 404, 405)
    assert (again(lecture).stage, again(lecture).occasion.state) == (before.stage, before.occasion.state)
    client.force_login(world.organiser)
    for key in (2**63, 10**30):
        assert client.get(reverse(f"live_schedule_{name}", args=[key])).status_code in (404, 405)


def test_a_recording_stays_while_its_ending_can_be_undone(world: County, office: Client) -> None:
    """Of a lecture that was not held nobody makes up anything; but it goes on where its ending is undone."""
    lecture, now = recorded(world), timezone.now()
    ended = Occasion.objects.filter(pk=lecture.pk)
    ended.update(state=Occasion.State.NOT_HELD, closed_at=now, make_up_until_at=None)
    drop = {"occasion_id": lecture.pk, "actor_id": world.organiser.pk}
    with pytest.raises(operations.UnableToDropRecording, match="还可以恢复直播"):
        operations.drop_recording(**drop, as_of=now + dt.timedelta(minutes=9))
    answer = office.post(reverse("live_schedule_recording", args=[lecture.pk]), follow=True)
    assert "还可以恢复直播" in answer.content.decode()
    operations.drop_recording(**drop, as_of=now + dt.timedelta(minutes=11))
    assert again(lecture).recording is None


def test_a_recording_stays_while_its_lecture_goes_on_and_is_deleted_once(world: County) -> None:
    lecture, now = recorded(world), timezone.now()
    drop = {"occasion_id": lecture.pk, "actor_id": world.organiser.pk}
    operations.resume_lecture(occasion_id=lecture.pk, as_of=now)
    with pytest.raises(operations.UnableToDropRecording, match="这一场还没有结束"):
        operations.drop_recording(**drop, as_of=now)
    assert again(lecture).recording == lecture.recording
    operations.end_lecture(occasion_id=lecture.pk, as_of=now)
    Lecture.objects.filter(pk=lecture.pk).update(state=Lecture.State.RECORDED)
    later = now + 400 * DAY
    Occasion.objects.filter(pk=lecture.pk).update(make_up_until_at=later - DAY)
    operations.drop_recording(**drop, as_of=later)
    with pytest.raises(operations.UnableToDropRecording, match="这一场没有回放"):
        operations.drop_recording(**drop, as_of=later)
    assert ModelLogEntry.objects.filter(action="live.drop_recording").count() == 1
