"""The operator's pages of people, through the door: find, read, change one thing, with mistakes, as everybody else."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organizations import operations as do
from organizations.models import AccessEntry, Membership, Role, RoleGrant, User
from organizations.queries import phone_of, roles_of, user_by_phone
from tests.factories.organizations import (
    County,
    MembershipFactory,
    NodeFactory,
    RoleGrantFactory,
    UserFactory,
    make_county,
)
from tests.organizations.authenticator import prove

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
DAY = dt.timedelta(days=1)


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def operator(client: Client, world: County) -> Client:
    client.force_login(world.operator)
    prove(client)
    return client


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def found(client: Client, q: str) -> set[str]:
    page = client.get("/people/", {"q": q})
    assert page.status_code == 200
    return {line.person.name for line in page.context["lines"]}


def post(client: Client, person: User, what: str, **sent: Any) -> Any:
    return client.post(f"/people/{person.pk}/{what}/", sent)


# --- finding ----------------------------------------------------------------------------------------------------------


def test_people_are_found_by_name_number_last_four_and_whole_number(operator: Client, world: County) -> None:
    """Finding: secretary, What is missing (a person's page for the operator)."""
    User.objects.filter(pk=world.member.pk).update(number="D-77")
    do.set_phone(member_id=world.member.pk, phone="13900004321")
    for q in ("王一0", "d-77", "4321", "139 0000 4321"):
        assert found(operator, q) == {"王一0"}, q
    assert found(operator, "王一") == {"王一0", "王一1", "王一2"}
    assert found(operator, "1390") == set(), "the front of a number finds nobody"
    for q in ("", "没有这个人", "\x00", "%", "x" * 500):
        assert found(operator, q) == set()


def test_whoever_belongs_elsewhere_is_not_found(client: Client, world: County) -> None:
    own = RoleGrantFactory(node=world.neighbour, role=Role.OPERATOR).user
    client.force_login(own)
    assert found(client, "王一") == set()
    assert found(client, "李二") == {"李二0", "李二1", "李二2"}
    do.move_member(member_id=world.neighbour_member.pk, node_id=world.branch.pk, on_date=timezone.localdate())
    assert found(client, "李二0") == set(), "moved away"


def test_who_holds_a_role_above_is_named_and_cannot_be_opened(client: Client, world: County) -> None:
    """Finding: security 7."""
    own = RoleGrantFactory(node=world.branch, role=Role.OPERATOR).user
    RoleGrantFactory(user=world.member, node=world.county, role=Role.ORGANISER)
    client.force_login(own)
    page = client.get("/people/", {"q": "王一0"})
    assert "有上级的职责，请找上级管理员" in text_of(page)
    assert f"/people/{world.member.pk}/" not in text_of(page)
    assert client.get(f"/people/{world.member.pk}/").status_code == 404
    for what in ("name", "phone", "leave", "role"):
        assert client.get(f"/people/{world.member.pk}/{what}/").status_code == 404
        assert post(client, world.member, what, name="被改名的人", phone="").status_code == 404
    assert User.objects.get(pk=world.member.pk).name == "王一0"


def test_many_of_one_name_are_cut_and_said_so(operator: Client, world: County) -> None:
    for n in range(51):
        MembershipFactory(member__name=f"陈{n:02d}", node=world.branch)
    page = operator.get("/people/", {"q": "陈"})
    assert len(page.context["lines"]) == 50
    assert "只列出前 50 位" in text_of(page)


def test_a_unit_lists_its_own_people(operator: Client, world: County) -> None:
    page = operator.get("/people/", {"unit": world.branch.pk})
    assert {line.person.name for line in page.context["lines"]} == {"王一0", "王一1", "王一2", "赵书记"}
    assert "这里没有人" in text_of(operator.get("/people/", {"unit": world.township.pk}))
    assert operator.get("/people/", {"unit": 999_999}).status_code == 404
    assert operator.get("/people/", {"unit": "9" * 60}).status_code == 404


@pytest.mark.parametrize("by", ["name", "unit"])
def test_the_list_costs_the_same_for_one_and_for_three(operator: Client, world: County, by: str) -> None:
    query = {"q": "王一"} if by == "name" else {"unit": str(world.branch.pk)}
    costs = []
    for people in (world.members, world.members[:1]):
        Membership.objects.filter(node=world.branch).exclude(member__in=people).delete()
        AccessEntry.objects.all().delete()  # a second look within ten minutes writes nothing
        with CaptureQueriesContext(connection) as queries:
            page = operator.get("/people/", query)
        assert {line.person for line in page.context["lines"]} >= set(people)
        costs.append(len(queries))
    assert costs[0] == costs[1]


# --- one person -------------------------------------------------------------------------------------------------------


def test_the_page_shows_belonging_roles_and_history_and_is_written_down(operator: Client, world: County) -> None:
    page = text_of(operator.get(f"/people/{world.secretary.pk}/"))
    assert "赵书记" in page
    assert "东风村第一支部" in page
    assert "支部书记" in page
    assert phone_of(world.secretary) not in page
    assert world.secretary.phone_masked in page
    entry = AccessEntry.objects.get()
    assert (entry.reader, entry.subject, entry.what) == (world.operator, world.secretary, "person")


def test_a_name_is_changed_with_a_log_and_a_mistake_keeps_what_was_typed(operator: Client, world: County) -> None:
    wrong = post(operator, world.member, "name", name="身份证 11010119900307123X")
    assert (wrong.status_code, "请不要填写身份证号" in text_of(wrong)) == (422, True)
    assert 'value="身份证 11010119900307123X"' in text_of(wrong)
    assert post(operator, world.member, "name", name=" ").status_code == 422
    assert post(operator, world.member, "name", name="王　改名").headers["Location"] == f"/people/{world.member.pk}/"
    assert User.objects.get(pk=world.member.pk).name == "王 改名"
    page = text_of(operator.get(f"/people/{world.member.pk}/"))
    assert "姓名：王一0 → 王 改名" in page
    assert "郑管理员" in page


def test_a_new_number_ends_open_sessions_and_is_not_verified(operator: Client, world: County) -> None:
    theirs = Client()
    theirs.force_login(world.member)
    assert theirs.get("/me/").status_code == 200
    wrong = post(operator, world.member, "phone", phone="1390000")
    assert "手机号写法不对" in text_of(wrong)
    taken = post(operator, world.member, "phone", phone=phone_of(world.neighbour_member))
    assert "已是另一个人的" in text_of(taken)
    assert post(operator, world.member, "phone", phone="139 0000 7777").status_code == 302
    changed = user_by_phone("13900007777")
    assert changed is not None
    assert (changed.pk, changed.phone_verified) == (world.member.pk, False)
    assert theirs.get("/me/").status_code == 302, "whoever was signed in by the old number is not any more"
    assert "改了手机号" in text_of(operator.get(f"/people/{world.member.pk}/"))
    assert post(operator, world.member, "phone", phone="").status_code == 302
    assert User.objects.get(pk=world.member.pk).phone_index is None


def test_what_lets_somebody_in_asks_who_is_there(world: County) -> None:
    """A desk that an operator left for a while opens nobody's account to whoever sits down at it (ADR 94)."""
    left, before = Client(), phone_of(world.member)
    left.force_login(world.operator)
    sent = post(left, world.member, "phone", phone="13900007777")
    assert sent.headers["Location"] == f"/accounts/factor/confirm/?next=%2Fpeople%2F{world.member.pk}%2Fphone%2F"
    assert phone_of(User.objects.get(pk=world.member.pk)) == before
    assert left.get(f"/people/{world.member.pk}/phone/").status_code == 302
    assert left.get(f"/people/{world.member.pk}/name/").status_code == 200
    prove(left)
    assert left.get(f"/people/{world.member.pk}/phone/").status_code == 200


@pytest.mark.parametrize(("held", "typed"), [("7", "007"), ("007", "7"), ("y1", "Y1"), ("A 1", "a1"), ("00", "0")])
def test_one_number_in_two_spellings_is_one(operator: Client, world: County, held: str, typed: str) -> None:
    User.objects.filter(pk=world.neighbour_member.pk).update(number=held)
    taken = post(operator, world.member, "number", number=typed)
    assert (taken.status_code, f"的李二0的（{held}）" in text_of(taken)) == (422, True)
    assert User.objects.get(pk=world.member.pk).number is None
    assert "李二0" in found(operator, typed)
    assert post(operator, world.neighbour_member, "number", number=typed).status_code == 302, "their own, spelt anew"
    assert User.objects.get(pk=world.neighbour_member.pk).number == typed


def test_whose_a_number_is_is_not_told_beyond_the_own_units(client: Client, world: County) -> None:
    User.objects.filter(pk=world.neighbour_member.pk).update(number="7")
    client.force_login(RoleGrantFactory(node=world.branch, role=Role.OPERATOR).user)
    page = text_of(post(client, world.member, "number", number="007"))
    assert "这个编号已是另一个人的，请核对。" in page
    assert "李二0" not in page


@pytest.mark.parametrize(
    ("path", "sentences"),
    [
        ("/people/{member}/name/", ["请填写“姓名”。"]),
        ("/people/{member}/move/", ["请填写“转到”。", "请选择“从哪天起”。"]),
        ("/people/{member}/leave/", ["请选择“原因”。", "请选择“从哪天起”。"]),
        ("/people/{member}/role/", ["请选择“职责”。", "请填写“在哪个组织”。"]),
        ("/units/{township}/new/", ["请填写“名称”。", "请选择“层级”。"]),
        ("/units/{branch}/merge/", ["请填写“合并到”。"]),
    ],
)
def test_an_empty_field_says_what_to_write(operator: Client, world: County, path: str, sentences: list[str]) -> None:
    there = path.format(member=world.member.pk, township=world.township.pk, branch=world.branch.pk)
    page = operator.post(there, {})
    assert page.status_code == 422
    for sentence in sentences:
        assert sentence in text_of(page)
    for stock in ("必需", "必填", "这个字段"):
        assert stock not in text_of(page)


def test_a_number_is_nobody_elses(operator: Client, world: County) -> None:
    User.objects.filter(pk=world.neighbour_member.pk).update(number="D1")
    taken = text_of(post(operator, world.member, "number", number="D1"))
    assert f"这个编号已是“{world.neighbour.name}”的李二0的（D1）。" in taken
    assert post(operator, world.member, "number", number="D2").status_code == 302
    assert User.objects.get(pk=world.member.pk).number == "D2"
    assert post(operator, world.member, "number", number="").status_code == 302
    assert User.objects.get(pk=world.member.pk).number is None


def test_moving_by_code_or_name_and_the_secretary_of_the_old_unit_is_none(operator: Client, world: County) -> None:
    today = timezone.localdate()
    wrong = post(operator, world.secretary, "move", unit="第九支部", on_date=today)
    assert "没有这个组织" in text_of(wrong)
    assert 'value="第九支部"' in text_of(wrong)
    NodeFactory(parent=world.county, name="东风村第二支部", code="QX.09")
    two = text_of(post(operator, world.secretary, "move", unit="东风村第二支部", on_date=today))
    assert "请写代码：QX.01.02 永安镇 / 东风村第二支部；QX.09 东风村第二支部" in two
    assert "才加入" in text_of(post(operator, world.secretary, "move", unit="QX.01.02", on_date="2019-01-01"))
    assert "日期太远了" in text_of(post(operator, world.secretary, "move", unit="QX.01.02", on_date="2126-01-01"))
    assert post(operator, world.secretary, "move", unit="QX.01.02 随便", on_date=today).status_code == 302
    person = User.objects.get(pk=world.secretary.pk)
    assert Membership.objects.get(member=person, active_to_date=None).node == world.neighbour
    assert roles_of(user=person) == frozenset()


def test_leaving_and_coming_back_by_the_page(operator: Client, world: County) -> None:
    """Finding: secretary 3."""
    today = timezone.localdate()
    person = world.member
    wrong = post(operator, person, "leave", because="transferred", on_date="2019-01-01")
    assert "离开日期不能早于加入" in text_of(wrong)
    assert '<option value="transferred" selected>' in text_of(wrong)
    assert post(operator, person, "leave", because="emperor", on_date=today).status_code == 422
    later = today + 3 * DAY
    assert post(operator, person, "leave", because="transferred", on_date=later).status_code == 302
    page = text_of(operator.get(f"/people/{person.pk}/"))
    assert "取消离开 ›" in page  # who is still there is not brought back
    assert "恢复 ›" not in page
    assert post(operator, person, "leave", because="transferred", on_date=today).status_code == 302
    page = text_of(operator.get(f"/people/{person.pk}/"))
    assert f"{today} 已离开：转出" in page
    assert found(operator, person.name) == {person.name}, "they can still be found"
    for what in ("leave", "move", "phone", "role", "exempt"):
        assert operator.get(f"/people/{person.pk}/{what}/").status_code == 404
    back = text_of(operator.get(f"/people/{person.pk}/return/"))
    assert 'value="QX.01.01 东风村第一支部"' in back
    taken = phone_of(world.neighbour_member)
    assert "已是另一个人的" in text_of(post(operator, person, "return", unit="QX.01.01", on_date=today, phone=taken))
    assert post(operator, person, "return", unit="QX.01.01", on_date=today, phone="13900006666").status_code == 302
    assert user_by_phone("13900006666") == person
    assert Membership.objects.get(member=person).active_to_date is None
    assert operator.get(f"/people/{person.pk}/return/").status_code == 404


def test_an_exemption_has_its_page_in_the_ledger(operator: Client, world: County) -> None:
    today = timezone.localdate()
    assert operator.get(f"/people/{world.member.pk}/expect/").status_code == 404
    page = operator.get(f"/people/{world.member.pk}/exempt/")
    assert (page.status_code, page.headers["Location"]) == (302, f"/exemptions/people/{world.member.pk}/")
    sent = {"category": "away", "from_date": today, "document": "永组〔2026〕3号", "do": "save"}
    assert operator.post(page.headers["Location"], sent).status_code == 302
    assert "长期外出务工" in text_of(operator.get(f"/people/{world.member.pk}/"))
    assert "文号 永组〔2026〕3号" in text_of(operator.get(page.headers["Location"]))


# --- roles ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role.values)
def test_a_member_gets_any_role_at_another_unit(operator: Client, world: County, role: str) -> None:
    """Finding: secretary 9."""
    assert post(operator, world.member, "role", role=role, unit="QX.01").status_code == 302
    grant = RoleGrant.objects.get(user=world.member)
    assert (grant.role, grant.node, grant.active_from_date) == (role, world.township, timezone.localdate())
    assert Membership.objects.get(member=world.member).node == world.branch, "they stay where they belong"


def test_nobody_grants_above_their_own_unit_or_to_a_closed_one(client: Client, world: County) -> None:
    own = RoleGrantFactory(node=world.township, role=Role.OPERATOR).user
    client.force_login(own)
    asked = post(client, world.member, "role", role="operator", unit="QX.01")
    assert asked["Location"].startswith("/accounts/factor/confirm/"), "a desk left open appoints nobody"
    prove(client)
    assert post(client, world.member, "role", role="operator", unit="QX").status_code == 422
    NodeFactory(parent=world.township, name="旧支部", code="OLD", closed_date=timezone.localdate())
    assert post(client, world.member, "role", role="secretary", unit="OLD").status_code == 422
    assert not RoleGrant.objects.filter(user=world.member).exists()
    assert post(client, world.member, "role", role="operator", unit="QX.01").status_code == 302


def test_dismissing_anybody_from_a_role_in_ones_own_units(operator: Client, world: County) -> None:
    """Finding: secretary 9 (an operator cannot be dismissed)."""
    other = RoleGrantFactory(user__name="旧管理员", node=world.county, role=Role.OPERATOR)
    theirs = Client()
    theirs.force_login(other.user)
    assert theirs.get("/people/").status_code == 200
    assert "旧管理员" in text_of(operator.get(f"/roles/{other.pk}/end/"))
    assert operator.post(f"/roles/{other.pk}/end/").headers["Location"] == f"/units/{world.county.pk}/"
    assert theirs.get("/people/").status_code == 404
    assert operator.get(f"/roles/{other.pk}/end/").status_code == 404, "once"
    auditor = RoleGrant.objects.get(user=world.auditor)
    assert operator.post(f"/roles/{auditor.pk}/end/").status_code == 302
    assert roles_of(user=User.objects.get(pk=world.auditor.pk)) == frozenset()


def test_nobody_ends_their_own_last_operator_role(operator: Client, world: County) -> None:
    own = RoleGrant.objects.get(user=world.operator)
    answer = operator.post(f"/roles/{own.pk}/end/", follow=True)
    assert "这是您自己最后一项管理员职责" in text_of(answer)
    own.refresh_from_db()
    assert own.active_to_date is None
    RoleGrantFactory(user=world.operator, node=world.township, role=Role.OPERATOR)
    assert operator.post(f"/roles/{own.pk}/end/").status_code == 302
    own.refresh_from_db()
    assert own.active_to_date == timezone.localdate()


def test_roles_of_other_units_are_404(client: Client, world: County) -> None:
    client.force_login(RoleGrantFactory(node=world.neighbour, role=Role.OPERATOR).user)
    grant = RoleGrant.objects.get(user=world.secretary)
    for url in (f"/roles/{grant.pk}/end/", "/roles/999999/end/", f"/roles/{10**30}/end/"):
        assert (client.get(url).status_code, client.post(url).status_code) == (404, 404)
    grant.refresh_from_db()
    assert grant.active_to_date is None


@pytest.mark.parametrize("role", ["secretary", "organiser", "lecturer", "auditor", "member", "neighbour_member"])
def test_everybody_else_gets_404(client: Client, world: County, role: str) -> None:
    client.force_login(getattr(world, role))
    paths = ["people/", f"people/{world.member.pk}/", f"people/{world.member.pk}/name/", "units/"]
    assert [client.get(f"/{path}").status_code for path in paths] == [404] * 4


def test_a_person_never_seen_and_one_without_a_unit_are_404(operator: Client) -> None:
    nobody = UserFactory()
    for pk in (nobody.pk, 999_999, 10**30):
        assert operator.get(f"/people/{pk}/").status_code == 404


def test_every_form_of_a_person_opens(operator: Client, world: County) -> None:
    for what in ("name", "phone", "number", "move", "leave", "role"):
        page = operator.get(f"/people/{world.member.pk}/{what}/")
        assert (page.status_code, 'class="errors"' in page.content.decode()) == (200, False), what
    assert 'data-url="/units/choose.json?for=manage"' in text_of(operator.get(f"/people/{world.member.pk}/move/"))
    assert operator.get(f"/people/{world.member.pk}/erase/").status_code == 404
