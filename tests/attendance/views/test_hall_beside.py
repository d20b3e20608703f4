"""集中收看 beside the screen: initials and last digits, what a phone kept, guests, halls that report later."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from attendance.models import Evidence, Guest, Hall, Occasion, Record, RosterEntry
from attendance.operations import close_occasion, settle, settle_dirty
from organizations.models import AccessEntry, Role, User
from tests.attendance.people import expect
from tests.attendance.reports.conftest import World
from tests.attendance.views.test_hall import boxes, checked, minute, running, ticks, url_of, whole_minutes
from tests.factories.organizations import MembershipFactory, RoleGrantFactory

__all__ = ["running", "whole_minutes"]
pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def sync(client: Client, world: World, *, node: Any = None, **body: Any) -> HttpResponse:
    """Send as the page's script does what a phone kept."""
    occasion = world.occasion
    at = f"?occasion={occasion.pk}&node={(node or world.county.branch).pk}"
    sent = {
        "id": "a" * 32, "members": [], "guests": [], "started_at": minute(occasion.window_start_at),
        "ended_at": minute(occasion.window_end_at or occasion.ends_at), **body,
    }  # fmt: skip
    url = f"/branch/{world.training.pk}/hall/sync{at}"
    return client.post(url, json.dumps(sent), content_type="application/json")  # type: ignore[return-value]


def post(client: Client, world: World, **data: Any) -> str:
    sent = {"occasion": world.occasion.pk, **data}
    return client.post(url_of(world), sent, follow=True).content.decode()


# --- Finding people -----------------------------------------------------------------------------------------------


def test_people_are_found_by_initials_and_last_digits_without_a_script(running: World, sign_in: SignIn) -> None:
    county, client = running.county, sign_in(running.county.secretary)
    for name, last4 in (("单玉香", "4417"), ("李秀梅", "9026")):
        member = MembershipFactory(
            member__name=name, member__phone=f"+8615500{last4}0000"[:-4] + last4, node=county.branch
        )
        expect(running.occasion, member.member, county.branch)
    shan, li = User.objects.get(name="单玉香"), User.objects.get(name="李秀梅")
    for typed, who in (("syx", shan), ("LX", li), ("玉", shan), ("9026", li)):
        text = client.post(
            url_of(running), {"occasion": running.occasion.pk, "do": "find", "name": typed}
        ).content.decode()
        assert boxes(text) == [str(who.pk)], typed
    assert 'data-letters="syx"' in client.get(url_of(running)).content.decode()
    assert "4417" not in client.get(url_of(running)).content.decode()


def test_names_stand_in_the_order_of_their_sounds(running: World, sign_in: SignIn) -> None:
    """Finding: secretary 28."""
    for name in ("周德顺", "吕明", "宋振国", "彭桂花"):
        member = MembershipFactory(member__name=name, node=running.county.branch).member
        expect(running.occasion, member, running.county.branch)
    text = sign_in(running.county.secretary).get(url_of(running)).content.decode()
    places = [text.index(name) for name in ("吕明", "彭桂花", "宋振国", "王一1", "周德顺")]
    assert places == sorted(places)


def test_last_digits_are_answered_for_ones_own_people_of_today_alone_and_logged(
    running: World, sign_in: SignIn
) -> None:
    county = running.county
    gone = MembershipFactory(member__name="已调走", member__phone="+8615512344417", node=county.neighbour).member
    expect(running.occasion, gone, county.branch)  # was here when it opened, belongs to the neighbours today
    here = MembershipFactory(member__name="还在这", member__phone="+8615598764417", node=county.branch).member
    expect(running.occasion, here, county.branch)
    at = f"?occasion={running.occasion.pk}&node={county.branch.pk}&last4="
    url = f"/branch/{running.training.pk}/hall/find{at}"
    assert sign_in(county.secretary).get(url + "4417").json() == {"members": [here.pk]}
    assert AccessEntry.objects.get(what="search").members == f",{here.pk},"
    assert sign_in(county.secretary).get(url + "44").status_code == 404
    assert sign_in(county.neighbour_secretary).get(url + "4417").status_code == 404
    assert sign_in(county.member).get(url + "4417").status_code == 404
    assert Client().get(url + "4417").status_code == 401


def test_two_of_one_name_without_a_number_are_told_apart_by_their_phones(running: World, sign_in: SignIn) -> None:
    county, client = running.county, sign_in(running.county.secretary)
    for last4, number in (("4417", ""), ("9026", ""), ("5555", "DY0042")):
        one = MembershipFactory(
            member__name="单玉香", member__phone=f"+8615500{last4}0000"[:-4] + last4, member__number=number or None,
            node=county.branch,
        )  # fmt: skip
        expect(running.occasion, one.member, county.branch)
    gone = MembershipFactory(
        member__name="单玉香", member__phone="+8615512347777", member__number=None, node=county.neighbour
    )
    expect(running.occasion, gone.member, county.branch)
    text = client.get(url_of(running)).content.decode()
    assert ("单玉香（手机尾号 4417）" in text, "单玉香（手机尾号 9026）" in text) == (True, True)
    assert "单玉香（编号尾号 0042）" in text
    assert ("5555" in text, "7777" in text) == (False, False), "a number that the reader may not know stands nowhere"


# --- What a phone kept --------------------------------------------------------------------------------------------


def test_what_a_phone_kept_is_taken_once_however_often_it_comes(running: World, sign_in: SignIn) -> None:
    """Also a day late, and after a tick was taken back in between."""
    client, people = sign_in(running.county.secretary), running.county.members
    ids = [one.pk for one in people]
    for _turn in range(2):
        answer = sync(client, running, members=ids, offline=True)
        assert answer.status_code == 200, answer.content
    assert Evidence.objects.filter(kind="hall").count() == len(ids)
    tick = Evidence.objects.get(member=people[0])
    assert (tick.category, tick.client_id, tick.recorded_by) == ("phone", "a" * 32, running.county.secretary)
    post(client, running, do="withdraw", ticks=[tick.pk])
    assert sync(client, running, members=ids).status_code == 200
    assert Evidence.objects.filter(kind="hall").count() == len(ids)
    assert str(people[0].pk) in boxes(client.get(url_of(running)).content.decode())


def test_an_outbox_a_day_late_still_makes_everybody_present(running: World, sign_in: SignIn) -> None:
    occasion, member = running.occasion, running.county.member
    close_occasion(occasion_id=occasion.pk, as_of=occasion.ends_at)
    settle(occasion_id=occasion.pk, as_of=occasion.ends_at)
    assert Record.objects.get(occasion=occasion, member=member).stands == "missing"
    occasion.refresh_from_db()
    answer = sync(sign_in(running.county.secretary), running, members=[member.pk], offline=True)
    assert "都达到了要求" in answer.json()["message"]
    assert Record.objects.get(occasion=occasion, member=member).stands == "attended"


def test_two_helpers_in_two_halls_of_one_occasion_merge(running: World, sign_in: SignIn) -> None:
    county = running.county
    helper = RoleGrantFactory(user__name="冯书记", node=county.branch, role=Role.SECRETARY).user
    one, both, other = county.members
    sync(sign_in(county.secretary), running, id="b" * 32, members=[one.pk, both.pk])
    answer = sync(sign_in(helper), running, id="c" * 32, members=[both.pk, other.pk])
    assert "已登记 1 位，另有 1 位之前登记过" in answer.json()["message"]
    by = dict(Evidence.objects.filter(kind="hall").values_list("member__name", "recorded_by__name"))
    assert by == {one.name: "赵书记", both.name: "赵书记", other.name: "冯书记"}


def test_whoever_is_not_on_the_roster_is_named_and_costs_the_others_nothing(running: World, sign_in: SignIn) -> None:
    county, client = running.county, sign_in(running.county.secretary)
    stranger = county.neighbour_member
    answer = sync(client, running, members=[county.member.pk, stranger.pk, county.secretary.pk])
    assert answer.json()["left"] == [stranger.pk]
    assert "1 位已不在应到名单里" in answer.json()["message"]
    assert [one.member for one in Evidence.objects.all()] == [county.member]
    refused = sync(client, running, id="d" * 32, members=[stranger.pk])
    assert (refused.status_code, refused.json()["error"]) == (400, "not_expected")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"members": "alle"}, 400), ({"members": [True]}, 400), ({"members": list(range(501))}, 400),
        ({"id": ""}, 400), ({"id": "x" * 41}, 400), ({"id": "a b"}, 400), ({"guests": [{"name": 1}]}, 400),
        ({"started_at": "gestern"}, 400), ({"started_at": None}, 400),
        ({"started_at": "2020-01-01T08:00", "ended_at": "2020-01-01T09:00"}, 409),
    ],
)  # fmt: skip
def test_what_no_page_of_ours_sends_is_refused(
    running: World, sign_in: SignIn, body: dict[str, Any], status: int
) -> None:
    answer = sync(sign_in(running.county.secretary), running, **{"members": [running.county.member.pk], **body})
    assert answer.status_code == status, answer.content
    assert answer.json()["message"]
    assert not Evidence.objects.exists()


def test_only_a_secretary_of_the_unit_hands_in(running: World, sign_in: SignIn) -> None:
    county, ids = running.county, [running.county.member.pk]
    for user in (county.neighbour_secretary, county.member, county.organiser):
        assert sync(sign_in(user), running, members=ids).status_code == 404
    assert sync(Client(), running, members=ids).status_code == 401
    assert not Evidence.objects.exists()


# --- Halls that report later --------------------------------------------------------------------------------------


def states(world: World) -> dict[str, str]:
    rows = Record.objects.filter(occasion=world.occasion).values_list("member__name", "stands")
    return {name: state for name, state in rows if name.startswith(("王一", "李二"))}


def test_nobody_of_an_announced_hall_is_missing_until_it_has_reported(running: World, sign_in: SignIn) -> None:
    occasion, client = running.occasion, sign_in(running.county.secretary)
    assert "登记还没有上交" in post(client, running, do="announce", place="西沟村文化室")
    close_occasion(occasion_id=occasion.pk, as_of=occasion.ends_at)
    settle(occasion_id=occasion.pk, as_of=occasion.ends_at)
    occasion.refresh_from_db()
    assert states(running) == {
        "王一0": "incomplete", "王一1": "incomplete", "王一2": "incomplete",
        "李二0": "missing", "李二1": "missing", "李二2": "missing",
    }  # fmt: skip
    own = sign_in(running.county.member).get(f"/me/records/{occasion.pk}/").content.decode()
    assert "所在的集中收看点还没有把登记交上来" in own
    sync(client, running, members=[running.county.member.pk], offline=True)
    hall = Hall.objects.get()
    assert post(client, running, do="close", hall=hall.pk).count("已结束") == 1
    settle_dirty(as_of=timezone.now())
    found = states(running)
    assert (found["王一0"], found["王一1"]) == ("attended", "missing")
    hall.refresh_from_db()
    assert hall.closed_by == running.county.secretary
    assert "已经结束了" in post(client, running, do="close", hall=hall.pk)


def test_a_neighbour_closes_no_hall_and_two_who_announce_announce_one(running: World, sign_in: SignIn) -> None:
    county = running.county
    post(sign_in(county.secretary), running, do="announce")
    post(sign_in(county.secretary), running, do="announce")
    hall = Hall.objects.get()
    client = sign_in(county.neighbour_secretary)
    post(client, running, do="close", hall=hall.pk)
    hall.refresh_from_db()
    assert hall.closed_at is None


def test_a_whole_county_is_not_announced(running: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.operations.halls.MOST_AWAITED", 2)
    assert "请到支部一级" in post(sign_in(running.county.secretary), running, do="announce")
    assert not Hall.objects.exists()


# --- Guests -------------------------------------------------------------------------------------------------------


def test_a_guest_is_written_down_found_by_their_own_secretary_and_counts_only_then(
    running: World, sign_in: SignIn
) -> None:
    county = running.county
    visitor = county.neighbour_member
    ours, theirs = sign_in(county.secretary), sign_in(county.neighbour_secretary)
    text = post(ours, running, do="guest", name=visitor.name, unit="东风村第二支部", last4=visitor.phone_last4)
    assert f"已写下{visitor.name}" in text
    assert not Evidence.objects.exists()
    page = theirs.get(url_of(running)).content.decode()
    assert "手机尾号一致" in page
    assert "写在东风村第一支部" in page
    guest = Guest.objects.get()
    # Whoever wrote them down cannot say who it is: the person is not theirs.
    assert "已经核对过，或不在您的名单里" in post(ours, running, do="found", guest=guest.pk, member=visitor.pk)
    assert not Evidence.objects.exists()
    assert f"给{visitor.name}记了集中收看" in post(theirs, running, do="found", guest=guest.pk, member=visitor.pk)
    tick = Evidence.objects.get()
    assert (tick.member, tick.category, tick.recorded_by) == (visitor, "guest", county.neighbour_secretary)
    assert (tick.started_at, tick.ended_at) == (running.occasion.starts_at, running.occasion.ends_at)
    assert "已核对，给本人记上了" in ours.get(url_of(running)).content.decode()
    assert "已经核对过" in post(theirs, running, do="found", guest=guest.pk, member=visitor.pk)
    assert Evidence.objects.count() == 1
    own = sign_in(visitor).get(f"/me/records/{running.occasion.pk}/").content.decode()
    assert "在别处作为来宾登记，已核对" in own


def test_a_guest_is_crossed_out_and_bad_lines_are_refused(running: World, sign_in: SignIn) -> None:
    client = sign_in(running.county.secretary)
    for data, said in (
        ({"name": "", "unit": "x"}, "请写来宾的姓名"),
        ({"name": "某人"}, "请写来宾的单位，或者手机尾号"),
        ({"name": "某人", "last4": "12a4"}, "手机尾号是 4 位数字"),
    ):
        assert said in post(client, running, do="guest", **data)
    assert not Guest.objects.exists()
    post(client, running, do="guest", name="李二0", unit="看错了")
    guest = Guest.objects.get()
    assert "已划去" in post(client, running, do="cross", guest=guest.pk)
    assert "可能是您这里的人" not in sign_in(running.county.neighbour_secretary).get(url_of(running)).content.decode()
    assert "已经核对过，或不在您的名单里" in post(client, running, do="cross", guest=guest.pk)


def test_a_guest_comes_once_from_a_phone(running: World, sign_in: SignIn) -> None:
    client = sign_in(running.county.secretary)
    for _turn in range(2):
        answer = sync(client, running, guests=[{"name": "李二1", "unit": "第二支部", "last4": ""}])
        assert answer.status_code == 200
    assert Guest.objects.count() == 1
    assert checked(client.get(url_of(running)).content.decode()) == []


def test_nobody_is_found_to_be_oneself(running: World, sign_in: SignIn) -> None:
    county = running.county
    post(sign_in(county.secretary), running, do="guest", name="钱书记", unit="第二支部")
    expect(running.occasion, county.neighbour_secretary, county.neighbour)
    client = sign_in(county.neighbour_secretary)
    text = post(client, running, do="found", guest=Guest.objects.get().pk, member=county.neighbour_secretary.pk)
    assert "不能登记或撤回自己的" in text
    assert not Evidence.objects.exists()
    assert RosterEntry.objects.filter(member=county.neighbour_secretary).exists()


def test_a_hall_and_a_phone_at_once_are_one_person(whole_minutes: World, sign_in: SignIn) -> None:
    world = whole_minutes
    member = world.county.members[1]
    sync(sign_in(world.county.secretary), world, members=[member.pk])
    sign_in(world.county.secretary).post(url_of(world), ticks(world, member))
    record = Record.objects.get(occasion=world.occasion, member=member)
    assert record.union_ms == record.hall_ms == int(dt.timedelta(hours=1).total_seconds() * 1000)
    assert Occasion.objects.get(pk=world.occasion.pk).state == Occasion.State.SETTLED
