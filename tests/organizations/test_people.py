"""Persons, memberships, roles and the questions about them: one member here, one in the neighbouring branch."""

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from organizations import operations as do
from organizations.models import Exemption, Left, Membership, Role, RoleGrant, User
from organizations.permissions import has_role, in_subtree, role_required, visible_nodes
from organizations.queries import (
    ancestors_of,
    exempt_member_ids,
    members_at,
    membership_on,
    phone_of,
    roles_of,
    user_by_phone,
)
from tests.factories.organizations import MembershipFactory, NodeFactory, RoleGrantFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MONDAY, TUESDAY, WEDNESDAY = dt.date(2026, 3, 2), dt.date(2026, 3, 3), dt.date(2026, 3, 4)
NOON = dt.datetime(2026, 3, 2, 4, tzinfo=dt.UTC)


def test_members_of_a_subtree_and_not_of_the_neighbour() -> None:
    world = make_county()
    here = {m.member_id for m in members_at(node=world.branch, on_date=MONDAY)}
    assert here == {user.pk for user in [*world.members, world.secretary]}
    assert members_at(node=world.township, on_date=MONDAY).count() == 8


def test_members_cost_one_query_with_names_and_nodes(django_assert_num_queries) -> None:
    world = make_county()
    with django_assert_num_queries(1):
        assert {m.member.name + m.node.name for m in members_at(node=world.neighbour, on_date=MONDAY)}


def test_whoever_leaves_on_a_day_is_not_there_that_day() -> None:
    world = make_county()
    do.move_member(member_id=world.member.pk, node_id=world.neighbour.pk, on_date=TUESDAY)
    where = [membership_on(member_id=world.member.pk, on_date=day) for day in (MONDAY, TUESDAY)]
    assert [m and m.node for m in where] == [world.branch, world.neighbour]
    assert membership_on(member_id=world.member.pk, on_date=dt.date(2019, 1, 1)) is None


def test_moving_to_where_one_is_changes_nothing() -> None:
    world = make_county()
    before = Membership.objects.count()
    stayed = do.move_member(member_id=world.member.pk, node_id=world.branch.pk, on_date=TUESDAY)
    assert (stayed.active_from_date, Membership.objects.count()) == (dt.date(2020, 1, 1), before)


def test_memberships_that_make_no_sense_are_refused() -> None:
    world = make_county()
    with pytest.raises(do.UnableToMoveMember):
        do.join_node(member_id=world.member.pk, node_id=world.neighbour.pk, on_date=MONDAY)
    with pytest.raises(do.UnableToMoveMember):
        do.leave_node(member_id=world.member.pk, on_date=dt.date(2019, 12, 31))
    with pytest.raises(do.UnableToMoveMember):
        do.leave_node(member_id=world.operator.pk, on_date=MONDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        MembershipFactory(member=world.member, node=world.neighbour)


@pytest.mark.both
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": " "}, "请填写姓名，最多 60 个字。"),
        ({"name": "王" * 61}, "请填写姓名，最多 60 个字。"),
        ({"name": "王 11010119900307123X"}, "请不要填写身份证号。"),
        ({"number": "A" * 41}, "编号太长，最多 40 个字。"),
        ({"number": "11010119900307123X"}, "请不要填写身份证号。"),
        ({"number": "é1"}, "这个编号已是另一个人的，请核对。"),  # SQLite's UPPER knows no é: the constraint does
    ],
    ids=str,
)
def test_what_is_no_name_or_number_is_refused_with_a_sentence(change: dict[str, str], sentence: str) -> None:
    world = make_county()
    UserFactory(number="é1")
    verb = do.rename_member if "name" in change else do.set_number
    with pytest.raises(do.UnableToChangeMember) as refused:
        verb(member_id=world.member.pk, **change)
    assert str(refused.value) == sentence
    assert User.objects.values_list("name", "number").get(pk=world.member.pk) == (world.member.name, None)


def test_a_transfer_to_where_one_is_ends_no_role() -> None:
    world = make_county()
    do.transfer_member(member_id=world.secretary.pk, node_id=world.branch.pk, on_date=MONDAY)
    assert has_role(world.secretary, Role.SECRETARY, world.branch, on_date=MONDAY)


@pytest.mark.parametrize(
    ("role", "is_here", "sentence"),
    [("emperor", True, "没有这种职责。"), (Role.SECRETARY, False, "这个人已离开，请先办理恢复。")],
)
def test_a_role_is_one_of_five_and_of_somebody_who_is_here(role: str, is_here: bool, sentence: str) -> None:
    world = make_county()
    if not is_here:
        do.end_membership(member_id=world.member.pk, because=Left.TRANSFERRED, on_date=MONDAY, as_of=NOON)
    with pytest.raises(do.UnableToGrantRole) as refused:
        do.grant_role(user_id=world.member.pk, node_id=world.branch.pk, role=role, on_date=MONDAY)
    assert (str(refused.value), RoleGrant.objects.filter(user=world.member).count()) == (sentence, 0)


def test_exemptions_begin_and_end() -> None:
    member = make_county().member
    first = do.exempt_member(member_id=member.pk, from_date=MONDAY)
    assert do.exempt_member(member_id=member.pk, from_date=TUESDAY) == first
    do.end_exemption(member_id=member.pk, on_date=WEDNESDAY)
    days = [member.pk in exempt_member_ids(on_date=day) for day in (MONDAY, TUESDAY, WEDNESDAY)]
    assert days == [True, True, False]
    do.exempt_member(member_id=member.pk, from_date=WEDNESDAY, to_date=dt.date(2026, 4, 1), category="leave")
    assert Exemption.objects.count() == 2


def test_a_person_is_made_and_found_by_phone() -> None:
    world = make_county()
    user = do.create_member(
        name="韩素珍",
        phone="138 0013 8000",
        number="D7",
        node_id=world.branch.pk,
        as_of=NOON,
        password="纸船明烛照天烧",
    )
    assert user_by_phone("+8613800138000") == user_by_phone("１３８00138000") == user
    assert user_by_phone("13800138001") is None
    assert user_by_phone("abc") is None
    assert phone_of(user) == "+8613800138000"
    assert (user.phone_masked, user.check_password("纸船明烛照天烧")) == ("*******8000", True)
    assert membership_on(member_id=user.pk, on_date=MONDAY).node == world.branch


def test_the_day_of_joining_is_the_day_in_china() -> None:
    world = make_county()
    late = dt.datetime(2026, 3, 2, 17, tzinfo=dt.UTC)  # already the 3rd in Shanghai
    user = do.create_member(name="高峰", node_id=world.branch.pk, as_of=late)
    assert Membership.objects.get(member=user).active_from_date == TUESDAY
    assert phone_of(user) == user.phone_masked == ""
    assert not user.has_usable_password()


@pytest.mark.parametrize("phone", ["13800138000", "12"])
def test_a_taken_or_unreadable_phone_is_refused(phone: str) -> None:
    taken = UserFactory(phone="+8613800138000")
    other = UserFactory()
    with pytest.raises(do.UnableToCreateMember):
        do.create_member(name="某某", phone=phone, as_of=NOON)
    with pytest.raises(do.UnableToSetPhone):
        do.set_phone(member_id=other.pk, phone=phone)
    assert user_by_phone("13800138000") == taken


def test_a_new_phone_is_not_verified_and_may_be_taken_away() -> None:
    user = UserFactory(phone_verified=True)
    do.set_phone(member_id=user.pk, phone="13900139000")
    user.refresh_from_db()
    assert (phone_of(user), user.phone_last4, user.phone_verified) == ("+8613900139000", "9000", False)
    do.set_phone(member_id=user.pk, phone="")
    user.refresh_from_db()
    assert (user.phone_index, user.phone_cipher, user.phone_last4) == (None, None, "")


def test_no_phone_number_stands_in_the_database_row() -> None:
    user = UserFactory(phone="+8613800138000")
    row = User.objects.filter(pk=user.pk).values().get()
    assert "13800138000" not in repr({**row, "phone_cipher": bytes(row["phone_cipher"])})


def test_roles_are_dated_and_asked_once(django_assert_num_queries) -> None:
    world = make_county()
    user = User.objects.get(pk=world.secretary.pk)
    with django_assert_num_queries(1):
        assert roles_of(user=user) == {"secretary"}
        assert has_role(user, Role.SECRETARY)
        assert not has_role(user, Role.OPERATOR, Role.AUDITOR)
    do.revoke_role(user_id=user.pk, node_id=world.branch.pk, role=Role.SECRETARY, on_date=dt.date(2026, 1, 1))
    assert has_role(user, Role.SECRETARY), "remembered for the request"
    user = User.objects.get(pk=user.pk)
    assert not has_role(user, Role.SECRETARY, on_date=dt.date(2026, 1, 1))
    assert has_role(user, Role.SECRETARY, on_date=dt.date(2025, 12, 31))


def test_a_role_counts_in_its_subtree_only() -> None:
    world = make_county()
    assert has_role(world.secretary, Role.SECRETARY, node=world.branch)
    assert not has_role(world.secretary, Role.SECRETARY, node=world.neighbour)
    assert not has_role(world.secretary, Role.SECRETARY, node=world.township)
    assert has_role(world.organiser, Role.ORGANISER, node=world.neighbour)
    assert list(visible_nodes(world.secretary, Role.SECRETARY)) == [world.branch]
    assert list(visible_nodes(world.organiser, Role.ORGANISER)) == [
        world.county,
        world.township,
        world.branch,
        world.neighbour,
    ]
    assert not visible_nodes(world.member, Role.SECRETARY).exists()
    assert not visible_nodes(AnonymousUser(), Role.SECRETARY).exists()
    assert in_subtree(world.branch, world.county)
    assert not in_subtree(world.county, world.branch)
    assert [node.pk for node in ancestors_of(node=world.branch)] == [world.county.pk, world.township.pk]
    assert ancestors_of(node=world.county) == []


def test_two_grants_give_both_subtrees_and_inactive_people_none() -> None:
    world = make_county()
    RoleGrantFactory(user=world.secretary, node=world.neighbour)
    assert list(visible_nodes(world.secretary, Role.SECRETARY)) == [world.branch, world.neighbour]
    gone = RoleGrantFactory(user__is_active=False, node=world.branch).user
    assert roles_of(user=gone) == frozenset()
    assert not has_role(AnonymousUser(), Role.SECRETARY)
    assert not has_role(UserFactory(is_superuser=True), Role.OPERATOR)


def test_granting_twice_is_one_grant() -> None:
    user, node = UserFactory(), NodeFactory()
    for day in (MONDAY, TUESDAY):
        do.grant_role(user_id=user.pk, node_id=node.pk, role=Role.LECTURER, on_date=day)
    assert RoleGrant.objects.get().active_from_date == MONDAY
    with pytest.raises(do.UnableToGrantRole):
        do.grant_role(user_id=user.pk, node_id=node.pk, role="emperor", on_date=MONDAY)


def test_the_view_decorator_sends_visitors_to_sign_in_and_hides_the_page_from_others() -> None:
    world = make_county()
    view = role_required(Role.SECRETARY)(lambda request: HttpResponse("seen"))
    request = RequestFactory().get("/branch/?x=1")
    request.user = AnonymousUser()
    assert view(request).headers["Location"] == "/accounts/login/?next=/branch/%3Fx%3D1"
    request.user = world.member
    with pytest.raises(Http404):
        view(request)
    request.user = world.secretary
    assert view(request).content == b"seen"


def test_an_exemption_has_an_end_after_its_beginning_and_lies_in_no_other() -> None:
    member = UserFactory()
    with pytest.raises(do.UnableToExempt, match="结束日期要在开始日期以后"):
        do.exempt_member(member_id=member.pk, from_date=TUESDAY, to_date=TUESDAY)
    do.exempt_member(member_id=member.pk, from_date=MONDAY, to_date=WEDNESDAY)
    with pytest.raises(do.UnableToExempt, match=f"{MONDAY} 至 {TUESDAY}"):
        do.exempt_member(member_id=member.pk, from_date=TUESDAY, to_date=dt.date(2026, 4, 1))
    assert Exemption.objects.get().active_to_date == WEDNESDAY
    do.exempt_member(member_id=member.pk, from_date=WEDNESDAY)
    with pytest.raises(do.UnableToExempt, match=f"{WEDNESDAY} 起"):
        do.exempt_member(member_id=member.pk, from_date=dt.date(2026, 4, 1), to_date=dt.date(2026, 5, 1))
