"""纸质签到表: printed in a fixed order, entered by its numbers, once."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Evidence, Occasion, RosterEntry, Sheet
from organizations.models import Role, User
from tests.attendance.people import expect, make_occasion
from tests.attendance.reports.conftest import World
from tests.attendance.views.test_hall import minute, whole_minutes
from tests.factories.organizations import MembershipFactory, RoleGrantFactory

__all__ = ["whole_minutes"]
pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def at(world: World, what: str = "sheet/") -> str:
    return f"/branch/{world.training.pk}/{what}?node={world.county.branch.pk}&occasion={world.occasion.pk}"


def printed(world: World, client: Client) -> Sheet:
    answer = client.get(at(world, "sheet.pdf"))
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    return Sheet.objects.latest("pk")


def numbers(world: World, sheet: Sheet, text: str, *, do: str = "read", **changed: Any) -> dict[str, Any]:
    occasion = world.occasion
    return {
        "sheet": sheet.pk, "numbers": text, "do": do, "started_at": minute(occasion.window_start_at),
        "ended_at": minute(occasion.window_end_at or occasion.ends_at), **changed,
    }  # fmt: skip


def test_a_sheet_is_printed_read_checked_and_kept_as_from_paper(whole_minutes: World, sign_in: SignIn) -> None:
    world, client = whole_minutes, sign_in(whole_minutes.county.secretary)
    for name in ("周德顺", "吕明", "单玉香"):
        expect(
            world.occasion, MembershipFactory(member__name=name, node=world.county.branch).member, world.county.branch
        )
    sheet = printed(world, client)
    names = [User.objects.get(pk=pk).name for pk in sheet.members]
    assert names == ["吕明", "单玉香", "王一0", "王一1", "王一2", "赵书记", "周德顺"]
    text = client.post(at(world), numbers(world, sheet, "全部，除 3、4、5、6")).content.decode()
    assert "读到 3 位签到，4 位没有签" in text
    assert not Evidence.objects.exists()
    done = client.post(at(world), numbers(world, sheet, "全部，除 3、4、5、6", do="keep"), follow=True)
    assert "按纸质签到表：已登记 3 位" in done.content.decode()
    assert sorted(Evidence.objects.values_list("member__name", "category", "recorded_by__name")) == [
        ("单玉香", "paper", "赵书记"), ("吕明", "paper", "赵书记"), ("周德顺", "paper", "赵书记"),
    ]  # fmt: skip
    assert "按纸质签到表" in client.get(f"/branch/{world.training.pk}/hall/").content.decode()


def test_the_same_sheet_twice_and_by_two_secretaries_is_once(whole_minutes: World, sign_in: SignIn) -> None:
    world, client = whole_minutes, sign_in(whole_minutes.county.secretary)
    sheet = printed(world, client)
    assert printed(world, client) == sheet  # nothing changed: the same sheet
    client.post(at(world), numbers(world, sheet, "1-2", do="keep"))
    other = sign_in(RoleGrantFactory(user__name="冯书记", node=world.county.branch, role=Role.SECRETARY).user)
    text = other.post(at(world), numbers(world, sheet, "1-3", do="keep"), follow=True).content.decode()
    assert "已登记 1 位，另有 2 位之前登记过" in text
    assert Evidence.objects.count() == 3


def test_numbers_stay_who_they_were_when_the_roster_has_changed(whole_minutes: World, sign_in: SignIn) -> None:
    world, client = whole_minutes, sign_in(whole_minutes.county.secretary)
    sheet = printed(world, client)
    gone = User.objects.get(pk=sheet.members[0])
    RosterEntry.objects.filter(member=gone).delete()
    expect(
        world.occasion, MembershipFactory(member__name="安新来", node=world.county.branch).member, world.county.branch
    )
    text = client.post(at(world), numbers(world, sheet, "1-2", do="keep"), follow=True).content.decode()
    assert f"没有登记：{gone.name}" in text
    assert [one.member_id for one in Evidence.objects.all()] == [sheet.members[1]]
    assert printed(world, client) != sheet


def test_what_cannot_be_meant_is_said_and_kept_nowhere(whole_minutes: World, sign_in: SignIn) -> None:
    world, client = whole_minutes, sign_in(whole_minutes.county.secretary)
    sheet = printed(world, client)
    start = world.occasion.window_start_at
    assert start is not None
    before = {"started_at": minute(start - dt.timedelta(days=2)), "ended_at": minute(start - dt.timedelta(days=1))}
    for data, said in (
        (numbers(world, sheet, "1-99"), "“1-99”不在这张表上，这张表的序号是 1 到 4。"),
        (numbers(world, sheet, "张三"), "“张三”读不懂"),
        (numbers(world, sheet, ""), "请写签了到的序号"),
        (numbers(world, sheet, "3-1"), "前后颠倒"),
        (numbers(world, sheet, "1", do="keep", **before), "请核对日期"),
    ):
        answer = client.post(at(world), data)
        assert answer.status_code == 422
        assert said in answer.content.decode()
    assert client.post(at(world), {**numbers(world, sheet, "1"), "sheet": 999_999}).status_code == 404
    assert not Evidence.objects.exists()


def test_nobody_enters_themselves(whole_minutes: World, sign_in: SignIn) -> None:
    world, client = whole_minutes, sign_in(whole_minutes.county.secretary)
    text = client.post(
        at(world), numbers(world, printed(world, client), "全部", do="keep"), follow=True
    ).content.decode()
    assert "没有登记：赵书记" in text
    assert not Evidence.objects.filter(member=world.county.secretary).exists()


def test_a_sheet_for_what_is_to_come_has_who_will_be_expected(world: World, sign_in: SignIn) -> None:
    coming = make_occasion(world.training, title="下一场", state=Occasion.State.SCHEDULED)
    client = sign_in(world.county.secretary)
    where = f"?node={world.county.branch.pk}&occasion={coming.pk}"
    assert client.get(f"/branch/{world.training.pk}/sheet.pdf{where}").content.startswith(b"%PDF")
    people = {User.objects.get(pk=pk).name for pk in Sheet.objects.get().members}
    assert people == {"王一0", "王一1", "王一2", "赵书记"}
    assert "场次开始以后" in client.get(f"/branch/{world.training.pk}/sheet/{where}").content.decode()


def test_a_neighbour_prints_and_enters_nothing_of_ours(whole_minutes: World, sign_in: SignIn) -> None:
    world = whole_minutes
    sheet = printed(world, sign_in(world.county.secretary))
    for user in (world.county.neighbour_secretary, world.county.member, world.county.organiser):
        client = sign_in(user)
        assert client.get(at(world, "sheet.pdf")).status_code == 404
        assert client.post(at(world), numbers(world, sheet, "1", do="keep")).status_code == 404
    theirs = f"/branch/{world.training.pk}/sheet/?occasion={world.occasion.pk}&sheet={sheet.pk}"
    assert sign_in(world.county.neighbour_secretary).get(theirs).status_code == 404
    assert not Evidence.objects.exists()
    assert sheet.printed_at <= timezone.now()
