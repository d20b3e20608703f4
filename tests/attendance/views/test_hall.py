"""登记集中收看: who is ticked and by whom, ticking, finding a name, taking back; with no script."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Evidence, Occasion, Record, Rule
from organizations.models import Role, User
from tests.attendance.people import expect, make_occasion, make_rule
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory, RoleGrantFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def minute(moment: dt.datetime | None) -> str:
    assert moment is not None
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


@pytest.fixture
def whole_minutes(world: World) -> World:
    """A form knows minutes: let the window begin and end on one."""
    start = timezone.now().replace(second=0, microsecond=0) - dt.timedelta(hours=2)
    Occasion.objects.update(
        starts_at=start, window_start_at=start, ends_at=start + dt.timedelta(hours=1),
        window_end_at=start + dt.timedelta(hours=1),
    )  # fmt: skip
    world.occasion.refresh_from_db()
    return world


def ticks(world: World, *members: User, **changed: Any) -> dict[str, Any]:
    return {
        "occasion": world.occasion.pk,
        "members": [member.pk for member in members],
        "started_at": minute(world.occasion.window_start_at),
        "ended_at": minute(world.occasion.window_end_at or world.occasion.ends_at),
        **changed,
    }


def test_ticking_the_hall_makes_evidence_and_a_new_record(whole_minutes: World, sign_in: SignIn) -> None:
    world, member = whole_minutes, whole_minutes.county.members[1]
    client, url = sign_in(world.county.secretary), f"/branch/{world.training.pk}/hall/"
    form = client.get(url).content.decode()
    assert "王一1" in form
    assert "王一0" not in form  # has attended already
    response = client.post(url, ticks(world, member), follow=True)
    assert "已登记 1 位，都达到了要求。" in response.content.decode()
    (one,) = Evidence.objects.all()
    assert (one.member, one.kind, one.recorded_by) == (member, "hall", world.county.secretary)
    assert (one.started_at, one.ended_at) == (world.occasion.window_start_at, world.occasion.window_end_at)
    assert Record.objects.get(member=member).state == "attended"


def test_wrong_ticks_are_refused_in_words_and_keep_nothing(whole_minutes: World, sign_in: SignIn) -> None:
    world, member = whole_minutes, whole_minutes.county.members[1]
    client, url = sign_in(world.county.secretary), f"/branch/{world.training.pk}/hall/"
    for data, said in (
        (ticks(world), "请至少勾选一位在场的人。"),
        (ticks(world, world.county.neighbour_member), "不"),
        (ticks(world, member, ended_at=minute(world.occasion.window_start_at)), "结束时间要晚于开始时间。"),
        (ticks(world, member, started_at="昨天"), "开始"),
        (ticks(world, member, members="a\x00"), "在场的人"),
    ):
        response = client.post(url, data)
        assert response.status_code == 422
        assert said in response.content.decode()
    assert client.post(url, ticks(world, member, occasion=999999)).status_code == 404
    assert Evidence.objects.count() == 0


def test_nobody_ticks_themselves(whole_minutes: World, sign_in: SignIn) -> None:
    world = whole_minutes
    Record.objects.filter(member=world.county.secretary).update(state="missing")
    client, url = sign_in(world.county.secretary), f"/branch/{world.training.pk}/hall/"
    assert "赵书记" not in client.get(url).content.decode().split("<main")[1]
    assert client.post(url, ticks(world, world.county.secretary)).status_code == 422


def test_the_occasion_is_chosen_and_the_person_who_was_tapped_is_ticked(world: World, sign_in: SignIn) -> None:
    second = make_occasion(world.training, title="第二场", starts_at=timezone.now() - dt.timedelta(days=1))
    expect(second, world.county.member, world.county.branch)
    client = sign_in(world.county.secretary)
    member = world.county.members[1]
    text = client.get(
        f"/branch/{world.training.pk}/hall/?occasion={world.occasion.pk}&member={member.pk}"
    ).content.decode()
    assert f"occasion={second.pk}" in text
    assert re.findall(r'name="members" value="(\d+)"\s+checked', text) == [str(member.pk)]


def test_before_anything_opened_there_is_nothing_to_record(world: World, sign_in: SignIn) -> None:
    Occasion.objects.update(opened_at=None)
    assert (
        "还没有可以登记的场次"
        in sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/hall/").content.decode()
    )


def url_of(world: World) -> str:
    return f"/branch/{world.training.pk}/hall/"


def boxes(text: str, name: str = "members") -> list[str]:
    return re.findall(rf'name="{name}" value="(\d+)"', text)


def checked(text: str) -> list[str]:
    return re.findall(r'name="members" value="(\d+)"\s+checked', text)


@pytest.fixture
def running(world: World) -> World:
    """The lecture runs, since half an hour ago and for another half."""
    start = timezone.now().replace(second=23, microsecond=0) - dt.timedelta(minutes=30)
    world.occasion.records.all().delete()
    Occasion.objects.update(
        state=Occasion.State.OPEN, starts_at=start, window_start_at=start, ends_at=start + dt.timedelta(hours=1),
        window_end_at=None, make_up_until_at=None,
    )  # fmt: skip
    world.occasion.refresh_from_db()
    return world


def test_who_is_ticked_by_whom_and_when_is_shown_while_it_runs(running: World, sign_in: SignIn) -> None:
    """Finding: secretary 12 (a)."""
    client, member = sign_in(running.county.secretary), running.county.members[1]
    before = client.get(url_of(running)).content.decode()
    assert str(member.pk) in boxes(before)
    data = {"occasion": running.occasion.pk, "members": [member.pk], "started_at": _value(before, "started_at")}
    text = client.post(url_of(running), {**data, "ended_at": _value(before, "ended_at")}, follow=True).content.decode()
    assert "已登记 1 位。结束后认定。" in text
    assert "<h2>已登记 1 位</h2>" in " ".join(text.split())
    assert re.search(r"赵书记\s+\S+ \S+ 登记", text)
    assert boxes(text, "ticks") == [str(Evidence.objects.get().pk)]
    assert str(member.pk) not in boxes(text)


def test_the_offered_time_holds_the_whole_occasion_and_what_is_kept_is_clipped(running: World, sign_in: SignIn) -> None:
    """Finding: secretary 12 (c): the page's own times lost up to 59 s at the end."""
    client, occasion = sign_in(running.county.secretary), running.occasion
    text = client.get(url_of(running)).content.decode()
    start, end = occasion.starts_at, occasion.ends_at
    assert _value(text, "started_at") == minute(start)
    assert _value(text, "ended_at") == minute(end + dt.timedelta(minutes=1))
    members = running.county.members
    client.post(url_of(running), {
        "occasion": occasion.pk, "members": [one.pk for one in members],
        "started_at": _value(text, "started_at"), "ended_at": _value(text, "ended_at"),
    })  # fmt: skip
    assert set(Evidence.objects.values_list("started_at", "ended_at")) == {(start, end)}


def _value(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def test_a_tick_is_taken_back_and_made_again(running: World, sign_in: SignIn) -> None:
    """Finding: secretary 12 (d)."""
    client, url, member = sign_in(running.county.secretary), url_of(running), running.county.members[1]
    data = ticks(running, member, ended_at=minute(running.occasion.ends_at))
    client.post(url, data)
    tick = Evidence.objects.get()
    assert client.post(url, {"occasion": running.occasion.pk, "do": "withdraw"}).status_code == 422
    back = {"occasion": running.occasion.pk, "do": "withdraw", "ticks": [tick.pk]}
    assert "已撤回 1 位的登记" in client.post(url, back, follow=True).content.decode()
    assert client.post(url, back).status_code == 422  # once is enough, and it is said
    text = client.get(url).content.decode()
    assert boxes(text, "ticks") == []
    assert str(member.pk) in boxes(text)
    client.post(url, data)
    assert [one.kind for one in Evidence.objects.order_by("id")] == ["hall", "withdrawn", "hall"]
    own = sign_in(member).get(f"/me/records/{running.occasion.pk}/").content.decode()
    assert re.search(r"已撤回：赵书记 \S+ \S+", own)


def test_after_the_judging_the_outcome_is_said_with_what_is_left(whole_minutes: World, sign_in: SignIn) -> None:
    """Finding: secretary 12 (c): 40 people 未参加 stood under a message of success."""
    world, member = whole_minutes, whole_minutes.county.members[1]
    Record.objects.filter(member=member).update(state="missing", stands="missing")
    half = minute(world.occasion.window_start_at + dt.timedelta(minutes=30))  # type: ignore[operator]
    client = sign_in(world.county.secretary)
    text = client.post(url_of(world), ticks(world, member, ended_at=half), follow=True).content.decode()
    assert "已登记 1 位，其中 0 位达到要求，1 位还不够（王一1还差 18 分钟）。" in text
    assert 'class="notice warning"' in text


def test_another_secretary_who_ticks_the_same_people_is_told(whole_minutes: World, sign_in: SignIn) -> None:
    world, member = whole_minutes, whole_minutes.county.members[1]
    client = sign_in(world.county.secretary)
    client.post(url_of(world), ticks(world, member))
    text = client.post(url_of(world), ticks(world, member), follow=True).content.decode()
    assert "已登记 0 位，另有 1 位之前登记过，都达到了要求。" in text
    assert Evidence.objects.count() == 1


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (dt.timedelta(days=20), dt.timedelta(days=385), "开始时间还没有到"),
        (dt.timedelta(), dt.timedelta(days=365), "从开始到结束比场次长得多"),
        (-dt.timedelta(days=1), -dt.timedelta(hours=23), "结束时间在场次开始以前"),
        (dt.timedelta(hours=1), dt.timedelta(hours=1, minutes=50), "开始时间在场次结束以后"),
    ],
)
def test_a_span_outside_is_refused_and_the_field_is_named(
    whole_minutes: World, sign_in: SignIn, start: dt.timedelta, end: dt.timedelta, said: str
) -> None:
    """Finding: secretary 12 (b), ledger S3 hall."""
    world, member = whole_minutes, whole_minutes.county.members[1]
    begin = world.occasion.window_start_at
    assert begin is not None
    data = ticks(world, member, started_at=minute(begin + start), ended_at=minute(begin + end))
    response = sign_in(world.county.secretary).post(url_of(world), data)
    assert response.status_code == 422
    text = response.content.decode()
    assert said in text
    assert checked(text) == [str(member.pk)]  # nothing typed is lost
    assert f'value="{minute(begin + end)}"' in text
    assert Evidence.objects.count() == 0


def test_a_name_is_found_and_everybody_ticked_without_a_script(running: World, sign_in: SignIn) -> None:
    client, url, people = sign_in(running.county.secretary), url_of(running), running.county.members
    typed = ticks(running, people[0], started_at="2026-11-20T08:00", ended_at="")
    found = client.post(url, {**typed, "do": "find", "name": "一2"})
    assert found.status_code == 200
    text = found.content.decode()
    assert set(boxes(text)) == {str(people[0].pk), str(people[2].pk)}  # the ticked one stays in sight
    assert checked(text) == [str(people[0].pk)]
    assert 'value="2026-11-20T08:00"' in text
    text = client.post(url, {**typed, "do": "all"}).content.decode()
    assert set(checked(text)) == {str(one.pk) for one in people}
    assert checked(client.post(url, {**typed, "do": "none"}).content.decode()) == []
    assert "没有叫“欧阳”的人" in client.post(url, {**typed, "do": "find", "name": "欧阳"}).content.decode()
    assert Evidence.objects.count() == 0


def test_what_was_not_held_or_is_void_is_not_offered(whole_minutes: World, sign_in: SignIn) -> None:
    world, client = whole_minutes, sign_in(whole_minutes.county.secretary)
    for state in (Occasion.State.NOT_HELD, Occasion.State.VOID):
        Occasion.objects.update(state=state)
        assert "还没有可以登记的场次" in client.get(url_of(world)).content.decode()
        assert client.post(url_of(world), ticks(world, world.county.members[1])).status_code == 404
    assert Evidence.objects.count() == 0


def test_a_tick_of_the_secretary_is_shown_and_taken_back_by_others_only(running: World, sign_in: SignIn) -> None:
    county = running.county
    above = RoleGrantFactory(user__name="吴镇书记", node=county.township, role=Role.SECRETARY).user
    client = sign_in(above)
    data = ticks(running, county.secretary, ended_at=minute(running.occasion.ends_at), node=county.branch.pk)
    assert client.post(url_of(running), data).status_code == 302
    tick = Evidence.objects.get()
    back = {"occasion": running.occasion.pk, "do": "withdraw", "ticks": [tick.pk]}
    own = sign_in(county.secretary)
    assert boxes(own.get(url_of(running)).content.decode(), "ticks") == []
    assert own.post(url_of(running), back).status_code == 422
    assert client.post(url_of(running), {**back, "node": county.branch.pk}).status_code == 302
    assert Evidence.objects.filter(kind="withdrawn").count() == 1


def test_the_page_costs_the_same_for_one_and_for_sixty(running: World, sign_in: SignIn) -> None:
    def queries() -> int:
        client = sign_in(running.county.secretary)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url_of(running)).status_code == 200
        return len(seen)

    one = queries()
    for number in range(60):
        member = MembershipFactory(member__name=f"欧阳{number:03}", node=running.county.branch).member
        expect(running.occasion, member, running.county.branch)
        if number % 2:
            Evidence.objects.create(
                occasion=running.occasion, member=member, kind="hall", recorded_by=running.county.secretary,
                started_at=running.occasion.starts_at, ended_at=running.occasion.ends_at, recorded_at=timezone.now(),
            )  # fmt: skip
    assert queries() == one <= 19  # four of them for the access log


def test_a_course_is_ticked_when_it_is_over(world: World, sign_in: SignIn) -> None:
    course = make_occasion(
        world.training, title="急救课", state=Occasion.State.OPEN, media_ms=3_600_000, rule=make_rule(basis="media"),
        starts_at=timezone.now() - dt.timedelta(days=3), ends_at=timezone.now() + dt.timedelta(days=3),
    )  # fmt: skip
    assert course.rule.basis == Rule.Basis.MEDIA
    member = world.county.members[1]
    expect(course, member, world.county.branch)
    client, url = sign_in(world.county.secretary), f"{url_of(world)}?occasion={course.pk}"
    text = client.get(url).content.decode()
    data = {"occasion": course.pk, "members": [member.pk], "started_at": _value(text, "started_at")}
    later = minute(timezone.now() + dt.timedelta(hours=2))
    assert "课程请在看完以后登记" in client.post(url, {**data, "ended_at": later}).content.decode()
    said = client.post(url, {**data, "ended_at": _value(text, "ended_at")}, follow=True).content.decode()
    assert "已登记 1 位，都达到了要求。" in said
    assert Record.objects.get(occasion=course, member=member).state == "attended"


def test_a_running_course_is_not_told_to_be_ticked_to_its_planned_end(world: World, sign_in: SignIn) -> None:
    """The hint said what the form then refuses."""
    course = make_occasion(
        world.training, title="急救课", state=Occasion.State.OPEN, media_ms=3_600_000, rule=make_rule(basis="media"),
        ends_at=timezone.now() + dt.timedelta(days=3),
    )  # fmt: skip
    expect(course, world.county.members[1], world.county.branch)
    text = sign_in(world.county.secretary).get(f"{url_of(world)}?occasion={course.pk}").content.decode()
    assert "先登记到计划结束" not in text
    assert "课程请在看完以后登记，结束时间不能晚于现在。" in text


def test_what_is_missing_or_foreign_is_said_in_words(whole_minutes: World, sign_in: SignIn) -> None:
    world, client = whole_minutes, sign_in(whole_minutes.county.secretary)
    member, theirs = world.county.members[1], world.county.neighbour_member
    for data, said in (
        (ticks(world, member, started_at=""), "请填写他们从几点开始看。"),
        (ticks(world, member, ended_at=""), "请填写他们看到几点。"),
        (ticks(world, member, theirs), "有人不在这场的应到名单里。"),
    ):
        response = client.post(url_of(world), data)
        assert response.status_code == 422
        assert said in response.content.decode()
    assert Evidence.objects.count() == 0
