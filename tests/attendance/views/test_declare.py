"""申报: said by a member, confirmed or refused by their secretary; it counts only once it is confirmed."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Declaration, Evidence, Notice, Occasion, Record
from attendance.sentences.notices import NOTICES
from organizations.models import Role, User
from tests.attendance.reports.conftest import World
from tests.attendance.views.test_hall import minute
from tests.factories.organizations import RoleGrantFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def said(**changed: Any) -> dict[str, Any]:
    at = minute(timezone.now() - dt.timedelta(hours=3))
    return {"category": "platform", "source": "“防汛”专题", "studied_at": at, "minutes": "45", **changed}


def url(world: World) -> str:
    return f"/me/records/{world.occasion.pk}/declare/"


def missing(world: World) -> User:
    return world.county.members[1]


def test_a_declaration_counts_when_the_secretary_has_confirmed_it(world: World, sign_in: SignIn) -> None:
    member = missing(world)
    phone, client = sign_in(member), sign_in(world.county.secretary)
    assert f'href="{url(world)}"' in phone.get(f"/me/records/{world.occasion.pk}/").content.decode()
    text = phone.post(url(world), said(), follow=True).content.decode()
    assert "等书记确认；确认以前不计入" in text
    assert not Evidence.objects.exists()
    assert Record.objects.get(member=member).stands == "missing"
    told = Notice.objects.get(member=world.county.secretary)
    assert "有人申报在别处学过，等您确认" in NOTICES[told.kind](told)
    one = Declaration.objects.get()
    assert "学习强国：“防汛”专题" in client.get("/branch/declarations/").content.decode()
    page = f"/branch/declarations/{one.pk}/"
    assert client.post(page, {}).status_code == 422
    assert "算作已补学" in client.post(page, {"outcome": "confirm"}, follow=True).content.decode()
    tick = Evidence.objects.get()
    assert (tick.kind, tick.media, tick.client_id, tick.recorded_by) == (
        "declared", "“防汛”专题", f"declaration-{one.pk}", world.county.secretary,
    )  # fmt: skip
    record = Record.objects.get(member=member)
    assert (record.stands, record.stands_hours) == ("made_up", 1)
    own = phone.get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert "其他方式学习：学习强国，45 分钟，书记已确认" in own
    assert "declared_confirmed" in Notice.objects.filter(member=member).values_list("kind", flat=True)


def test_a_refusal_has_a_reason_that_the_member_reads_and_may_answer_by_declaring_again(
    world: World, sign_in: SignIn
) -> None:
    phone, client = sign_in(missing(world)), sign_in(world.county.secretary)
    phone.post(url(world), said())
    page = f"/branch/declarations/{Declaration.objects.get().pk}/"
    answer = client.post(page, {"outcome": "refuse", "reason": " "})
    assert answer.status_code == 422
    assert "请写明没有通过的理由" in answer.content.decode()
    client.post(page, {"outcome": "refuse", "reason": "和这一场的内容无关，请看回放。"})
    assert "赵书记没有通过：和这一场的内容无关，请看回放。" in phone.get(url(world)).content.decode()
    assert not Evidence.objects.exists()
    phone.post(url(world), said(source="县里的防汛班"))
    assert Declaration.objects.filter(state="asked").count() == 1


def test_it_is_taken_back_until_it_is_answered_and_answered_once(world: World, sign_in: SignIn) -> None:
    member, county = missing(world), world.county
    phone, client = sign_in(member), sign_in(county.secretary)
    phone.post(url(world), said())
    one = Declaration.objects.get()
    assert phone.post(url(world), said()).status_code == 422  # one at a time
    back = f"/me/declarations/{one.pk}/withdraw/"
    assert sign_in(county.members[2]).post(back).status_code == 404
    assert "已撤回" in phone.post(back, follow=True).content.decode()
    text = client.post(f"/branch/declarations/{one.pk}/", {"outcome": "confirm"}).content.decode()
    assert "本人已经撤回了这份申报" in text
    phone.post(url(world), said())
    second = Declaration.objects.get(state="asked")
    page = f"/branch/declarations/{second.pk}/"
    client.post(page, {"outcome": "confirm"})
    other = sign_in(RoleGrantFactory(user__name="冯书记", node=county.branch, role=Role.SECRETARY).user)
    answer = other.post(page, {"outcome": "refuse", "reason": "不对"})
    assert "赵书记 已在" in answer.content.decode()
    assert "不能再撤回" in phone.post(f"/me/declarations/{second.pk}/withdraw/", follow=True).content.decode()
    assert Evidence.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"source": ""}, "请写明在哪里学的"),
        ({"minutes": "0"}, ""),
        ({"minutes": "9999"}, ""),
        ({"minutes": "很久"}, "请填一个整数"),
        ({"studied_at": ""}, "请填写什么时候开始学的"),
        ({"studied_at": "2031-01-01T08:00"}, "学习的时间还没有到"),
        ({"studied_at": "2019-01-01T08:00"}, "一年以前"),
        ({"category": "erfunden"}, ""),
        ({"source": "x" * 61}, ""),
    ],
)
def test_what_nobody_can_have_studied_is_refused_in_words(
    world: World, sign_in: SignIn, changed: dict[str, str], words: str
) -> None:
    answer = sign_in(missing(world)).post(url(world), said(**changed))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Declaration.objects.exists()


def test_what_waits_is_counted_on_today_as_on_its_own_page(world: World, sign_in: SignIn) -> None:
    """The nearest secretary is told, by unit; one above sees it on the page without being told each day."""
    county = world.county
    above = RoleGrantFactory(node=county.county, role=Role.SECRETARY).user
    Record.objects.filter(member=county.members[2]).update(state="missing", stands="missing")
    for one in (missing(world), county.members[2]):
        sign_in(one).post(url(world), said())
    client, higher = sign_in(county.secretary), sign_in(above)
    for page in ("/", "/branch/"):
        text = client.get(page).content.decode()
        assert "2 份申报等您确认" in text
        assert f"，{county.branch.name}" in text
        assert "份申报等您确认" not in higher.get(page).content.decode()
    assert len(client.get("/branch/declarations/").context["rows"]) == 2
    listed = higher.get("/branch/declarations/")
    assert (listed.context["rows"], len(listed.context["below"])) == ([], 2)
    first = Declaration.objects.order_by("pk")[0]
    assert higher.post(f"/branch/declarations/{first.pk}/", {"outcome": "confirm"}).status_code == 302
    assert "1 份申报等您确认" in client.get("/").content.decode()
    assert "份申报等您确认" not in sign_in(county.neighbour_secretary).get("/").content.decode()
    last = Declaration.objects.order_by("pk")[1]
    sign_in(last.member).post(f"/me/declarations/{last.pk}/withdraw/")
    assert "份申报等您确认" not in client.get("/").content.decode()


def test_ones_own_declaration_waits_for_the_secretary_above(world: World, sign_in: SignIn) -> None:
    county = world.county
    above = RoleGrantFactory(node=county.county, role=Role.SECRETARY).user
    sign_in(county.secretary).post(url(world), said())
    assert "份申报等您确认" not in sign_in(county.secretary).get("/").content.decode()
    assert "1 份申报等您确认" in sign_in(above).get("/").content.decode()


def test_only_ones_own_secretary_answers_and_nobody_their_own(world: World, sign_in: SignIn) -> None:
    county = world.county
    sign_in(missing(world)).post(url(world), said())
    sign_in(county.secretary).post(url(world), said())
    mine = Declaration.objects.get(member=county.secretary)
    theirs = Declaration.objects.get(member=missing(world))
    for user in (county.neighbour_secretary, county.organiser, county.member):
        assert sign_in(user).post(f"/branch/declarations/{theirs.pk}/", {"outcome": "confirm"}).status_code == 404
    assert sign_in(county.secretary).post(f"/branch/declarations/{mine.pk}/", {"outcome": "confirm"}).status_code == 404
    assert (
        "防汛"
        not in sign_in(county.neighbour_secretary).get("/branch/declarations/").content.decode().split("<main")[1]
    )
    assert not Evidence.objects.exists()


def test_nothing_is_declared_for_what_is_not_ones_own_or_was_called_off(world: World, sign_in: SignIn) -> None:
    assert sign_in(world.county.lecturer).get(url(world)).status_code == 404
    Occasion.objects.update(state=Occasion.State.VOID)
    assert sign_in(missing(world)).get(url(world)).status_code == 404


def test_a_secretary_enters_a_visit_with_when_and_how_long(world: World, sign_in: SignIn) -> None:
    member, client = missing(world), sign_in(world.county.secretary)
    page = f"/branch/occasions/{world.occasion.pk}/members/{member.pk}/declare/"
    assert client.post(page, said(category="visit", minutes="")).status_code == 422
    assert client.post(page, said(category="visit", source="到家里讲了一遍")).status_code == 302
    one = Evidence.objects.get()
    assert one.started_at
    assert one.ended_at
    assert one.ended_at - one.started_at == dt.timedelta(minutes=45)
    assert Record.objects.get(member=member).stands == "made_up"
    own = sign_in(member).get(f"/me/records/{world.occasion.pk}/").content.decode()
    assert "其他方式学习：送学上门，45 分钟，书记已确认" in own
    assert "到家里讲了一遍" in own
    client.post(f"/branch/evidence/{one.pk}/withdraw/")
    assert Record.objects.get(member=member).stands == "missing"


def test_each_declaration_has_a_notice_of_its_own(world: World, sign_in: SignIn) -> None:
    first, second = missing(world), world.county.members[0]
    Record.objects.filter(occasion=world.occasion).update(stands="missing")
    for member in (first, second):
        assert sign_in(member).post(url(world), said()).status_code == 302
    told = Notice.objects.filter(member=world.county.secretary, kind="declared_asked")
    assert told.count() == 2
    one = Declaration.objects.get(member=first)
    back = f"/me/declarations/{one.pk}/withdraw/"
    assert sign_in(second).get(back).status_code == 404
    opened = sign_in(first).get(back, HTTP_ACCEPT="text/html")
    assert (opened.status_code, opened["Location"]) == (302, url(world))
    one.refresh_from_db()
    assert one.state == "asked"
    sign_in(first).post(back)
    kept = Declaration.objects.get(member=second)
    assert list(told.values_list("data", flat=True)) == [{"declaration": kept.pk}]
