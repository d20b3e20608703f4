"""Lectures on the organiser's desk: how far those of today are, each with one step, and what waits of the last days."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from attendance.desk import MOST, Given, matters_of, today_of
from attendance.models import Occasion, PresenceSpan, WorkerLease
from live.desk import MOST_TODAY, matters
from live.models import Lecture, Question
from live.operations import end_lecture
from organizations.models import Role, User
from organizations.permissions import has_role
from tests.factories.live import make_lecture, make_live
from tests.factories.organizations import County, RoleGrantFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = dt.datetime(2026, 12, 1, 4, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


def today(user: User) -> list[Given]:
    return today_of(fresh(user), as_of=timezone.now())


def fresh(user: User) -> User:
    """Roles are remembered on a user object."""
    return User.objects.get(pk=user.pk)


def waits(user: User) -> list[tuple[str, str]]:
    return [(one.title, one.step.url) for one in matters_of(fresh(user), as_of=timezone.now())]


def far(user: User) -> list[tuple[str, str]]:
    return [(one.chip, one.step.label if one.step else "") for one in today(user)]


def test_a_lecture_goes_through_its_day() -> None:
    world = make_county()
    lecture = make_lecture(world, starts_at=NOON + 2 * HOUR)
    assert far(world.organiser) == far(world.lecturer) == [("未开始", "检查设备")]
    Occasion.objects.filter(pk=lecture.pk).update(starts_at=NOON + HOUR / 2)
    assert far(world.organiser) == [("可以开播了", "去开播")]
    Occasion.objects.filter(pk=lecture.pk).update(starts_at=NOON - 2 * HOUR, ends_at=NOON - HOUR)
    assert far(world.organiser) == [("没有开播", "重新安排")]
    assert far(world.lecturer) == [("没有开播", "")]


def test_what_is_on_the_air_says_how_many_are_there() -> None:
    world = make_county()
    live = make_live(world)
    lease = WorkerLease.objects.create(name="w", started_at=NOON, beat_at=NOON)
    for number, member in enumerate([world.members[0], world.members[0], world.members[1], world.members[2]]):
        PresenceSpan.objects.create(
            occasion_id=live.pk, member=member, device=f"p{number}", started_at=NOON, lease=lease,
            ended_at=NOON if number == 3 else None, end_reason="left" if number == 3 else "",
        )  # fmt: skip
    one = today(world.organiser)[0]
    assert (one.time, one.title, one.chip, one.look) == ("11:50", "防汛避险", "正在直播 10 分钟", "live")
    assert one.text == f"{world.lecturer.name} · {world.branch.name} · 现在 2 位"
    assert one.step is not None
    assert (one.step.label, one.step.url) == ("协助管理", f"/live/{live.pk}/host/")
    assert far(world.lecturer) == [("正在直播 10 分钟", "去主持")]
    Lecture.objects.filter(pk=live.pk).update(break_at=NOON, break_until_at=NOON + HOUR)
    assert far(world.lecturer) == [("休息中", "去主持")]


def test_what_is_over_leads_to_what_became_of_it() -> None:
    world = make_county()
    live = make_live(world)
    end_lecture(occasion_id=live.pk, as_of=NOON)
    assert far(world.organiser) == [("整理回放", "恢复直播")]
    Occasion.objects.filter(pk=live.pk).update(closed_at=NOON - HOUR)
    assert far(world.organiser) == [("整理回放", "看结果")]
    assert far(world.lecturer) == [("整理回放", "看提问")]
    Lecture.objects.filter(pk=live.pk).update(state="recorded")
    assert far(world.organiser) == [("可回放", "看回放")]
    Lecture.objects.filter(pk=live.pk).update(state="unrecorded")
    assert far(world.organiser) == [("无回放", "再讲一场")]
    Occasion.objects.filter(pk=live.pk).update(state="not_held")
    assert far(world.organiser) == [("未举行", "再开一场")]
    Occasion.objects.filter(pk=live.pk).update(state="void")
    assert far(world.organiser) == []


def test_one_of_yesterday_that_still_goes_on_is_of_today_and_nothing_of_a_neighbour_is() -> None:
    world = make_county()
    night = make_live(world)
    Occasion.objects.filter(pk=night.pk).update(starts_at=NOON - 13 * HOUR)
    make_lecture(world, starts_at=NOON + 13 * HOUR)  # tomorrow
    make_lecture(world, node=world.neighbour)
    assert len(today(world.organiser)) == 2
    below = RoleGrantFactory(node=world.branch, role=Role.ORGANISER).user
    assert len(today(below)) == 1
    assert today(world.member) == []
    for _more in range(MOST_TODAY):
        make_lecture(world)
    assert len(today(world.organiser)) == MOST_TODAY


def test_one_that_nobody_began_waits_for_whoever_plans_for_a_week() -> None:
    world = make_county()
    lecture = make_lecture(world, starts_at=NOON - 2 * HOUR)
    assert waits(world.organiser) == [("“防汛避险”到时间没有开播", f"/admin/live/schedule/{lecture.pk}/")]
    assert waits(world.lecturer) == []
    Occasion.objects.filter(pk=lecture.pk).update(starts_at=NOON - 200 * HOUR, ends_at=NOON - 199 * HOUR)
    assert waits(world.organiser) == []


def test_what_others_plan_hides_nothing_that_one_plans_oneself() -> None:
    world = make_county()
    for number in range(MOST):
        theirs = make_lecture(world, starts_at=NOON - (10 + number) * HOUR, node=world.neighbour)
        Lecture.objects.filter(pk=theirs.pk).update(lecturer=world.lecturer)
    RoleGrantFactory(user=world.lecturer, node=world.branch, role=Role.ORGANISER)
    own = make_lecture(world, starts_at=NOON - 2 * HOUR)
    assert waits(world.lecturer) == [("“防汛避险”到时间没有开播", f"/admin/live/schedule/{own.pk}/")]


def ask(world: County, lecture: Lecture, text: str = "几点放水？") -> Question:
    return Question.objects.create(
        lecture=lecture, author=world.member, client_id=text, text=text, at=NOON, changed_at=NOON
    )


def test_questions_wait_until_they_are_answered_or_put_away(client: Client) -> None:
    world = make_county()
    live = make_live(world)
    one, two = ask(world, live), ask(world, live, "要带什么？")
    said = "“防汛避险”有 2 个提问没有回答"
    assert waits(world.lecturer) == waits(world.organiser) == [(said, f"/live/{live.pk}/host/")]
    end_lecture(occasion_id=live.pk, as_of=NOON)
    assert waits(world.lecturer) == [(said, f"/live/{live.pk}/asked/")]
    client.force_login(world.lecturer)
    for question, state in ((one, "answered"), (two, "hidden")):
        answer = client.post(f"/live/{live.pk}/asked/", {"question": question.pk, "state": state})
        assert answer.headers["Location"] == f"/live/{live.pk}/asked/"
        question.refresh_from_db()
        assert question.state == state
    assert waits(world.lecturer) == []


@pytest.mark.parametrize(
    "sent", [{}, {"question": "x", "state": "answered"}, {"question": "9" * 30, "state": "hidden"}]
)
def test_what_is_no_question_of_that_room_changes_nothing_and_is_said(client: Client, sent: dict[str, str]) -> None:
    world = make_county()
    live, other = make_live(world), make_live(world)
    question = ask(world, other)
    client.force_login(world.lecturer)
    theirs = {"question": str(question.pk), "state": "answered"}
    for lecture, form in ((live, sent), (live, theirs), (other, {**theirs, "state": "nonsense"})):
        page = client.post(f"/live/{lecture.pk}/asked/", form, follow=True).content.decode()
        assert "这个提问已经不在这一场里了，没有改动。" in page
    client.force_login(world.secretary)
    assert client.post(f"/live/{other.pk}/asked/", theirs).status_code == 404
    question.refresh_from_db()
    assert question.state == Question.State.WAITING


def test_gaps_of_a_recording_wait_for_a_week() -> None:
    world = make_county()
    live = make_live(world)
    end_lecture(occasion_id=live.pk, as_of=NOON)
    at = int(NOON.timestamp() * 1000) - 300_000
    Lecture.objects.filter(pk=live.pk).update(holes=[[at, at + 70_000, "agent"], [at + 80_000, None, "agent"]])
    assert waits(world.organiser) == [("“防汛避险”有 1 处没有录上", f"/live/{live.pk}/again/")]  # nothing is recorded
    Occasion.objects.filter(pk=live.pk).update(media_ms=600_000, media_offset_ms=0)
    assert waits(world.organiser) == [("“防汛避险”有 1 处没有录上", f"/admin/live/schedule/{live.pk}/")]
    assert waits(world.lecturer) == [("“防汛避险”有 1 处没有录上", f"/live/{live.pk}/replay/")]
    Lecture.objects.filter(pk=live.pk).update(holes=[[at, None, "agent"]])
    assert waits(world.organiser) == []


def test_recordings_that_lost_nothing_hide_no_other(django_assert_num_queries: Any) -> None:
    world = make_county()
    at = int(NOON.timestamp() * 1000) - 300_000
    for number in range(2 * MOST + 1):
        lecture = make_live(world)
        end_lecture(occasion_id=lecture.pk, as_of=NOON)
        lost = at + 70_000 if number < MOST else None
        Occasion.objects.filter(pk=lecture.pk).update(starts_at=NOON - (20 - number) * HOUR)
        Lecture.objects.filter(pk=lecture.pk).update(holes=[[at, lost, "agent"]] if number < 2 * MOST else [])
    assert len(waits(world.organiser)) == MOST
    user = fresh(world.organiser)
    has_role(user, Role.ORGANISER)
    with django_assert_num_queries(3):
        matters(user, NOON)


def test_a_free_day_of_the_calendar_is_filled_in(client: Client) -> None:
    world = make_county()
    client.force_login(world.organiser)
    for day, proposed in (("2026-12-05", "2026-12-05 19:30"), ("2026-12-01", "2026-12-01 19:30")):
        assert f'value="{proposed}"' in client.get(f"/admin/live/schedule/add/?day={day}").content.decode()
    for day in ("2026-11-30", "nonsense", "9999-12-31"):
        assert "19:30" not in client.get(f"/admin/live/schedule/add/?day={day}").content.decode()
    with time_machine.travel(NOON + 8 * HOUR, tick=False):
        client.force_login(world.organiser)
        assert 'value="2026-12-01 21:00"' in client.get("/admin/live/schedule/add/?day=2026-12-01").content.decode()


def test_the_calendar_leads_an_organiser_to_the_plan_and_a_lecturer_to_the_room(client: Client) -> None:
    world = make_county()
    lecture = make_lecture(world, starts_at=NOON + 2 * HOUR)
    theirs = make_lecture(world, starts_at=NOON + 3 * HOUR, node=world.neighbour)
    Lecture.objects.filter(pk=theirs.pk).update(lecturer=world.organiser)
    client.force_login(world.organiser)
    assert f'href="/admin/live/schedule/{lecture.pk}/"' in client.get("/desk/").content.decode()
    client.force_login(world.lecturer)
    page = client.get("/desk/").content.decode()
    assert f'k-lecture" href="/live/{lecture.pk}/host/"' in page
    assert f"/live/{theirs.pk}/" not in page
