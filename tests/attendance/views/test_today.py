"""今天: live, next, owed, nothing else; the same queries whatever is in it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from icalendar import Calendar

from attendance import operations
from attendance.models import Occasion, RecordState, Rule, Training
from attendance.sentences.records import near_day, near_day_and_hour, near_span
from attendance.views.today import greeting, starts_in
from organizations.models import Exemption, User
from tests.attendance.people import expect, make_occasion, make_rule, make_training, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import UserFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def page(sign_in: SignIn, member: User) -> str:
    response = sign_in(member).get("/")
    assert response.status_code == 200
    return response.content.decode()


def test_whoever_is_not_signed_in_goes_to_the_sign_in_page(client: Client, db: None) -> None:
    response = client.get("/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/accounts/login/?next=/"


def test_the_live_lecture_comes_first_with_one_big_button(world: World, sign_in: SignIn) -> None:
    live = make_occasion(world.training, title="正在讲的课", state=Occasion.State.OPEN)
    expect(live, world.county.member, world.county.branch)
    text = page(sign_in, world.county.member)
    assert "正在讲的课" in text
    assert f'<a class="btn" href="/there/{live.pk}/">进入直播</a>' in text
    assert "今天没有要做的事" not in text


def test_the_doors_open_half_an_hour_before(world: World, sign_in: SignIn) -> None:
    soon = timezone.now() + dt.timedelta(minutes=29)
    coming = make_occasion(world.training, title="主题党日", state=Occasion.State.SCHEDULED, starts_at=soon)
    text = page(sign_in, world.county.member)
    assert f'href="/there/{coming.pk}/"' in text
    assert "先进去等" in text
    assert f"/calendar/{coming.pk}.ics" not in text


def test_a_neighbour_does_not_see_it(world: World, sign_in: SignIn) -> None:
    live = make_occasion(world.training, title="本支部的课", state=Occasion.State.OPEN, node=world.county.branch)
    expect(live, world.county.member, world.county.branch)
    make_occasion(world.training, title="本支部下一课", state=Occasion.State.SCHEDULED, node=world.county.branch)
    text = page(sign_in, world.county.neighbour_member)
    assert "本支部的课" not in text
    assert "本支部下一课" not in text


def test_what_is_next_has_a_time_and_a_calendar_file(world: World, sign_in: SignIn) -> None:
    starts_at = timezone.now() + dt.timedelta(minutes=30, seconds=30)
    coming = make_occasion(world.training, title="主题党日", state=Occasion.State.SCHEDULED, starts_at=starts_at)
    text = page(sign_in, world.county.member)
    assert "还有 30 分钟" in text
    assert f'href="/calendar/{coming.pk}.ics"' in text
    assert "该学的都学完了" in text


def test_an_exempt_member_is_not_invited(world: World, sign_in: SignIn) -> None:
    make_occasion(world.training, title="主题党日", state=Occasion.State.SCHEDULED)
    Exemption.objects.create(member=world.county.member, active_from_date=dt.date(2020, 1, 1))
    assert "主题党日" not in page(sign_in, world.county.member)


def test_drafts_are_not_shown(world: World, sign_in: SignIn) -> None:
    draft = make_training(world.county.county, "草稿", state=Training.State.DRAFT)
    make_occasion(draft, title="未发布", state=Occasion.State.SCHEDULED)
    assert "未发布" not in page(sign_in, world.county.member)


def test_what_is_owed_says_how_much_is_left_and_how_to_go_on(world: World, sign_in: SignIn) -> None:
    text = page(sign_in, world.county.members[1])
    assert "还要完成 1 项" in text
    assert "还差 37 分钟" in text  # 80 % of 60 minutes are 48; 11 are there
    assert f'href="/again/{world.occasion.pk}/"' in text
    assert "看回放补学 ›" in text


def test_a_reminder_of_what_is_done_is_not_said_though_more_of_its_training_is_open(
    world: World, sign_in: SignIn
) -> None:
    attended, missing, _made_up = world.county.members
    make_occasion(world.training, title="下一课", state=Occasion.State.SCHEDULED)
    data = {"at": (timezone.now() + dt.timedelta(days=1)).isoformat()}
    about: dict[str, Any] = {"training_id": world.training.pk, "as_of": timezone.now()}
    about |= {"member_ids": [attended.pk, missing.pk]}
    operations.tell(kind="due_soon", occasion_id=world.occasion.pk, data=data, **about)
    assert "您还没学完" in page(sign_in, missing)
    done = page(sign_in, attended)
    assert "下一课" in done
    assert "您还没学完" not in done
    operations.tell(kind="reminded", data={"until": data["at"]}, **about)  # of the whole training
    assert "还有没学完的" in page(sign_in, attended)


def test_a_further_session_is_said_by_its_day_as_people_say_it(world: World, sign_in: SignIn) -> None:
    at = timezone.now() + dt.timedelta(days=1)
    make_occasion(world.training, state=Occasion.State.SCHEDULED, starts_at=at, repeats=world.occasion)
    Occasion.objects.filter(pk=world.occasion.pk).update(is_repeated=True)
    text = page(sign_in, world.county.members[1])
    assert f"下一场：明天 {timezone.localtime(at):%H:%M}" in text


def test_a_running_course_without_any_record_is_owed(world: World, sign_in: SignIn) -> None:
    rule = make_rule(name="课程", basis=Rule.Basis.MEDIA)
    course = make_occasion(
        world.training, title="防诈骗", state=Occasion.State.OPEN, rule=rule, media_ms=1_500_000,
        ends_at=timezone.now() + dt.timedelta(days=5),
    )  # fmt: skip
    expect(course, world.county.member, world.county.branch)
    text = page(sign_in, world.county.member)
    assert "防诈骗" in text
    assert "还差 20 分钟" in text


def test_after_the_make_up_time_it_is_not_asked_for_any_more(world: World, sign_in: SignIn) -> None:
    Occasion.objects.update(make_up_until_at=timezone.now() - dt.timedelta(seconds=1))
    assert "今天没有要做的事" in page(sign_in, world.county.members[1])


def test_whoever_has_done_everything_is_told_so_warmly(world: World, sign_in: SignIn) -> None:
    text = page(sign_in, world.county.members[0])
    assert "今天没有要做的事" in text
    assert "还要完成" not in text


def test_a_person_without_a_branch_gets_a_page_too(world: World, sign_in: SignIn) -> None:
    assert "今天没有要做的事" in page(sign_in, UserFactory(name="新来的"))


def test_elder_mode_names_the_secretary_and_shows_no_number(world: World, sign_in: SignIn) -> None:
    elder = world.county.member
    assert "需要帮忙" not in page(sign_in, elder)
    User.objects.filter(pk=elder.pk).update(elder_mode=True)
    elder.refresh_from_db()
    text = page(sign_in, elder)
    assert "给支部书记赵书记打电话" in text
    assert world.county.secretary.phone_last4 not in text


def test_the_number_of_queries_does_not_depend_on_what_is_there(world: World, sign_in: SignIn) -> None:
    def queries() -> int:
        client = sign_in(world.county.members[1])
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/").status_code == 200
        return len(seen)

    one = queries()
    for number in range(3):
        make_occasion(world.training, title=f"下一场{number}", state=Occasion.State.SCHEDULED)
        live = make_occasion(world.training, title=f"直播{number}", state=Occasion.State.OPEN)
        expect(live, world.county.members[1], world.county.branch)
        missed = make_occasion(world.training, title=f"错过{number}", media_ms=1000)
        stand(missed, world.county.members[1], world.county.branch, RecordState.MISSING)
        # Where something is live, it is asked once from which rooms one was sent away.
        assert queries() == one + 1 <= 17
    # three: rosters that are being written, the newest message, the dot; three: what was asked; one: learning paths


def test_the_calendar_file_can_be_read_and_is_for_those_expected(world: World, sign_in: SignIn) -> None:
    coming = make_occasion(world.training, title="主题党日", state=Occasion.State.SCHEDULED, node=world.county.branch)
    response = sign_in(world.county.member).get(f"/calendar/{coming.pk}.ics")
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = Calendar.from_ical(response.content).walk("VEVENT")
    assert str(event["summary"]) == "主题党日"
    assert event.decoded("dtstart").astimezone(dt.UTC).replace(microsecond=0) == coming.starts_at.replace(microsecond=0)
    assert str(event["url"]) == f"http://testserver/there/{coming.pk}/"
    assert sign_in(world.county.neighbour_member).get(f"/calendar/{coming.pk}.ics").status_code == 404
    assert sign_in(world.county.member).get("/calendar/99999999999999999999.ics").status_code == 404


@pytest.mark.unit
def test_the_greeting_follows_the_clock() -> None:
    said = [greeting("王秀兰", hour).removeprefix("王秀兰，") for hour in (5, 10, 11, 13, 17, 18, 23, 0, 4)]
    assert said == ["早上好", "早上好", "中午好", "下午好", "下午好", "晚上好", "晚上好", "晚上好", "晚上好"]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (dt.timedelta(minutes=-5), "马上开始"),
        (dt.timedelta(seconds=59), "马上开始"),
        (dt.timedelta(minutes=59), "还有 59 分钟"),
        (dt.timedelta(hours=3), "还有 3 小时"),
        (dt.timedelta(hours=20), "明天"),
        (dt.timedelta(days=3), "还有 3 天"),
    ],
)
def test_the_countdown_is_in_words(ahead: dt.timedelta, said: str) -> None:
    morning = dt.datetime(2026, 3, 2, 8, 0, tzinfo=timezone.get_default_timezone())
    assert starts_in(morning + ahead, morning) == said


@pytest.mark.unit
@pytest.mark.parametrize(
    ("days", "said"),
    [(-1, "3月1日"), (0, "今天"), (1, "明天"), (2, "后天"), (3, "周四"), (6, "周日"), (7, "3月9日")],
)
def test_a_day_is_said_as_people_say_it(days: int, said: str) -> None:
    monday = dt.datetime(2026, 3, 2, 8, 0, tzinfo=timezone.get_default_timezone())
    at = monday + dt.timedelta(days=days, hours=11, minutes=33)
    with time_machine.travel(monday + dt.timedelta(days=999), tick=False):  # the moment of the page alone is asked
        assert (near_day(at, monday), near_day_and_hour(at, monday)) == (said, f"{said} 19:33")
        assert near_span(at, at + dt.timedelta(hours=1), monday) == f"{said} 19:33 – 20:33"
