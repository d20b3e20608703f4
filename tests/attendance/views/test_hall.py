"""What a secretary writes down: the hall, a leave, study elsewhere, a correction, an answer."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Correction, Dispute, Evidence, Occasion, Record
from organizations.models import User
from tests.attendance.people import expect, make_occasion
from tests.attendance.reports.conftest import World

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
        "ended_at": minute(world.occasion.window_end_at),
        **changed,
    }


def test_ticking_the_hall_makes_evidence_and_a_new_record(whole_minutes: World, sign_in: SignIn) -> None:
    world, member = whole_minutes, whole_minutes.county.members[1]
    client, url = sign_in(world.county.secretary), f"/branch/{world.training.pk}/hall/"
    form = client.get(url).content.decode()
    assert "王一1" in form
    assert "王一0" not in form  # has attended already
    response = client.post(url, ticks(world, member), follow=True)
    assert "已登记 1 位集中收看。" in response.content.decode()
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
    assert f'value="{member.pk}" id="id_members_0" checked' in text


def test_before_anything_opened_there_is_nothing_to_record(world: World, sign_in: SignIn) -> None:
    Occasion.objects.update(opened_at=None)
    assert (
        "还没有可以登记的场次"
        in sign_in(world.county.secretary).get(f"/branch/{world.training.pk}/hall/").content.decode()
    )


@pytest.mark.parametrize(
    ("what", "data", "state"),
    [
        ("leave", {"category": "duty"}, "excused"),
        ("declare", {"category": "visit"}, "made_up"),
    ],
)
def test_a_leave_and_study_elsewhere_change_the_record(
    world: World, sign_in: SignIn, what: str, data: dict[str, str], state: str
) -> None:
    member = world.county.members[1]
    client = sign_in(world.county.secretary)
    url = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/{what}/"
    assert member.name in client.get(url).content.decode()
    assert client.post(url, {"category": "gossip"}).status_code == 422
    response = client.post(url, data)
    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"/branch/{world.training.pk}/members/{member.pk}/")
    assert Record.objects.get(member=member).state == state
    assert Evidence.objects.get().category == data["category"]


def test_a_correction_is_signed_with_a_reason_and_leaves_the_record(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    client = sign_in(world.county.secretary)
    url = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/correct/"
    for reason in ("", "   ", "x" * 401, "a\x00b"):
        assert client.post(url, {"state": "attended", "reason": reason}).status_code == 422
    assert client.post(url, {"state": "pending", "reason": "好"}).status_code == 422
    assert client.post(url, {"state": "attended", "reason": "与他人同看一部手机"}).status_code == 302
    correction = Correction.objects.get()
    assert (correction.state, correction.author, correction.reason) == (
        "attended",
        world.county.secretary,
        "与他人同看一部手机",
    )
    assert Record.objects.get(member=member).state == "missing"
    assert "还有" not in client.get(f"/branch/{world.training.pk}/").content.decode().split("<h1>")[1].split("</h1>")[0]


def test_nobody_writes_down_anything_about_themselves(world: World, sign_in: SignIn) -> None:
    client, me = sign_in(world.county.secretary), world.county.secretary
    for what in ("leave", "declare", "correct"):
        assert client.get(f"/branch/occasions/{world.occasion.pk}/members/{me.pk}/{what}/").status_code == 404
    dispute = Dispute.objects.create(occasion=world.occasion, member=me, text="我来了", raised_at=timezone.now())
    assert client.post(f"/branch/disputes/{dispute.pk}/answer/", {"answer": "对"}).status_code == 404
    assert (
        "自己的记录要由上级书记登记或更正"
        in client.get(f"/branch/{world.training.pk}/members/{me.pk}/").content.decode()
    )


def test_a_dispute_is_answered_once(world: World, sign_in: SignIn) -> None:
    member = world.county.members[1]
    dispute = Dispute.objects.create(occasion=world.occasion, member=member, text="我在现场", raised_at=timezone.now())
    client = sign_in(world.county.secretary)
    url = f"/branch/disputes/{dispute.pk}/answer/"
    assert "没有保存" in client.post(url, {"answer": ""}, follow=True).content.decode()
    assert "已答复" in client.post(url, {"answer": "已更正"}, follow=True).content.decode()
    assert "没有保存" in client.post(url, {"answer": "又改"}, follow=True).content.decode()
    dispute.refresh_from_db()
    assert (dispute.state, dispute.answer, dispute.answered_by) == ("answered", "已更正", world.county.secretary)
    assert "已更正" in sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
