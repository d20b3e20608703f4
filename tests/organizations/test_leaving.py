"""Whoever leaves is expected no longer, signed out and without a role; the same person comes back with all they did."""

import datetime as dt
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client

from attendance.models import RecordState, RosterEntry, Rule
from attendance.operations import close_occasion, settle
from attendance.queries import is_expected
from attendance.reports.standing import with_standing
from organizations import operations as do
from organizations.models import Exemption, Left, Membership, Role, RoleGrant, User
from organizations.operations import people as people_operations
from organizations.permissions import out_of_reach, within_reach
from organizations.queries import membership_on, phone_of, roles_of, user_by_phone
from organizations.tasks import finish_leaving as finish_leaving_task
from tests.factories.attendance import START, OccasionFactory, RuleFactory, be_present, open_lecture
from tests.factories.organizations import MembershipFactory, NodeFactory, RoleGrantFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
TODAY = dt.date(2026, 9, 10)
NOON = dt.datetime(2026, 9, 10, 4, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
Commit = Any


@pytest.fixture(autouse=True)
def commit(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


def leave(member: User, on_date: dt.date = TODAY, because: Left = Left.DIED) -> None:
    do.end_membership(member_id=member.pk, because=because, on_date=on_date, as_of=NOON)


def course(node: Any) -> Any:
    ends = START + 60 * DAY
    return open_lecture(node, rule=RuleFactory(basis=Rule.Basis.MEDIA), ends_at=ends, media_ms=60_000)


def standing(member: User) -> dict[int, str]:
    rows = with_standing(RosterEntry.objects.filter(member=member))
    return dict(rows.values_list("occasion_id", "stands"))


def test_leaving_ends_membership_roles_exemption_sign_in_and_frees_the_phone(client: Client) -> None:
    """Finding: secretary 3."""
    world = make_county()
    person = world.secretary
    phone_index = person.phone_index
    do.exempt_member(member_id=person.pk, from_date=dt.date(2026, 1, 1))
    RoleGrantFactory(user=person, node=world.county, role=Role.ORGANISER)
    client.force_login(person)
    assert client.get("/me/").status_code == 200
    leave(person)
    row = Membership.objects.get(member=person)
    assert (row.active_to_date, row.left_because) == (TODAY, Left.DIED)
    person = User.objects.get(pk=person.pk)
    assert (person.phone_index, person.phone_cipher, person.phone_last4, person.is_active) == (None, None, "", False)
    assert not person.has_usable_password()
    assert roles_of(user=User(pk=person.pk, is_active=True), on_date=TODAY) == frozenset()
    assert set(RoleGrant.objects.filter(user=person).values_list("active_to_date", flat=True)) == {TODAY}
    assert Exemption.objects.get(member=person).active_to_date == TODAY
    assert client.get("/me/").headers["Location"].startswith("/accounts/login/"), "the open session has ended"
    heir = UserFactory(phone="")
    assert phone_index is not None
    User.objects.filter(pk=heir.pk).update(phone_index=phone_index)
    assert User.objects.get(phone_index=phone_index) == heir, "somebody else may have the number at once"


def test_a_later_day_changes_nothing_before_it_comes() -> None:
    world = make_county()
    leave(world.secretary, TODAY + 5 * DAY)
    person = User.objects.get(pk=world.secretary.pk)
    assert (person.is_active, person.phone_index) == (True, world.secretary.phone_index)
    assert membership_on(member_id=person.pk, on_date=TODAY + 4 * DAY) is not None
    assert membership_on(member_id=person.pk, on_date=TODAY + 5 * DAY) is None
    assert roles_of(user=person, on_date=TODAY + 4 * DAY) == {"secretary"}
    assert roles_of(user=person, on_date=TODAY + 5 * DAY) == frozenset()
    assert do.finish_leaving(as_of=NOON + 4 * DAY) == 0
    assert do.finish_leaving(as_of=NOON + 5 * DAY) == 1
    assert do.finish_leaving(as_of=NOON + 5 * DAY) == 0, "once"
    person.refresh_from_db()
    assert (person.is_active, person.phone_index) == (False, None)


def test_a_planned_leaving_can_be_given_another_day_or_undone() -> None:
    world = make_county()
    leave(world.member, TODAY + 5 * DAY)
    leave(world.member, TODAY + 9 * DAY, Left.TRANSFERRED)
    row = Membership.objects.get(member=world.member)
    assert (row.active_to_date, row.left_because) == (TODAY + 9 * DAY, "transferred")
    back = do.take_back(
        member_id=world.member.pk, node_id=world.branch.pk, on_date=TODAY + 9 * DAY, as_of=NOON, actor_id=1
    )
    assert (back.pk, back.active_to_date, back.left_because) == (row.pk, None, "")
    assert Membership.objects.filter(member=world.member).count() == 1


def test_what_makes_no_sense_is_refused_with_a_sentence() -> None:
    world = make_county()
    with pytest.raises(do.UnableToEndMembership, match="不能早于加入"):
        leave(world.member, dt.date(2019, 12, 31))
    with pytest.raises(do.UnableToEndMembership, match="不属于任何组织"):
        leave(world.operator)
    with pytest.raises(do.UnableToEndMembership, match="自己"):
        do.end_membership(
            member_id=world.member.pk, because=Left.DIED, on_date=TODAY, as_of=NOON, actor_id=world.member.pk
        )
    with pytest.raises(do.UnableToTakeBack, match="没有离开"):
        do.take_back(member_id=world.member.pk, node_id=world.branch.pk, on_date=TODAY, as_of=NOON)
    leave(world.member)
    with pytest.raises(do.UnableToEndMembership, match="不属于任何组织"):
        leave(world.member)
    with pytest.raises(do.UnableToTakeBack, match="日期不能早于"):
        do.take_back(member_id=world.member.pk, node_id=world.neighbour.pk, on_date=TODAY - DAY, as_of=NOON)
    taken = User.objects.get(pk=world.neighbour_member.pk)
    with pytest.raises(do.UnableToTakeBack, match="另一个人"):
        do.take_back(
            member_id=world.member.pk, node_id=world.branch.pk, on_date=TODAY + DAY, phone=number_of(taken), as_of=NOON
        )
    assert membership_on(member_id=world.member.pk, on_date=TODAY + 2 * DAY) is None, "nothing was kept of the try"


def number_of(user: User) -> str:
    return phone_of(user)


def test_coming_back_is_the_same_person_with_a_number_and_no_old_session(client: Client) -> None:
    world = make_county()
    client.force_login(world.member)
    leave(world.member)
    do.take_back(
        member_id=world.member.pk, node_id=world.neighbour.pk, on_date=TODAY + DAY, phone="13900008888", as_of=NOON
    )
    found = user_by_phone("13900008888")
    assert found is not None
    assert (found.pk, found.is_active) == (world.member.pk, True)
    where = [membership_on(member_id=found.pk, on_date=day) for day in (TODAY - DAY, TODAY, TODAY + DAY)]
    assert [one and one.node for one in where] == [world.branch, None, world.neighbour]
    assert client.get("/me/").status_code == 302, "a session of before opens nothing any more"
    assert settings.SESSION_COOKIE_NAME in client.cookies


def test_an_open_course_expects_them_no_longer_and_again_when_they_are_back(commit: Commit) -> None:
    """Finding: secretary 3."""
    world = make_county()
    running, before = course(world.branch), open_lecture(world.branch, starts_at=START - 90 * DAY)
    close_occasion(occasion_id=before.pk, as_of=before.ends_at)
    settle(occasion_id=before.pk, as_of=before.ends_at)
    type(before).objects.filter(pk=before.pk).update(make_up_until_at=before.ends_at + DAY)
    with commit(execute=True):
        leave(world.member)
    entry = RosterEntry.objects.get(occasion=running, member=world.member)
    assert (entry.state, entry.why) == ("exempt", "left")
    assert standing(world.member) == {running.pk: "exempt", before.pk: "missing"}, "what was over stays"
    assert standing(world.members[1])[running.pk] != "exempt"
    with commit(execute=True):
        do.take_back(member_id=world.member.pk, node_id=world.branch.pk, on_date=TODAY + DAY, as_of=NOON)
    entry.refresh_from_db()
    assert (entry.state, entry.why) == ("expected", "")


def test_what_could_still_be_made_up_is_not_asked_of_the_dead_and_what_was_done_stays(commit: Commit) -> None:
    """Finding: secretary 3: not in a branch's list of missing after that day."""
    world = make_county()
    lecture = open_lecture(world.branch)
    be_present(lecture, world.members[1], 0, 3600)
    close_occasion(occasion_id=lecture.pk, as_of=lecture.ends_at)
    settle(occasion_id=lecture.pk, as_of=lecture.ends_at)
    assert standing(world.member) == {lecture.pk: RecordState.MISSING}
    with commit(execute=True):
        leave(world.member, START.date() + 3 * DAY)
        leave(world.members[1], START.date() + 3 * DAY)
    assert standing(world.member) == {lecture.pk: "exempt"}
    assert standing(world.members[1]) == {lecture.pk: "attended"}


def test_a_leaving_that_is_written_down_late_counts_from_its_day(commit: Commit) -> None:
    world = make_county()
    lecture = open_lecture(world.branch)
    close_occasion(occasion_id=lecture.pk, as_of=lecture.ends_at)
    settle(occasion_id=lecture.pk, as_of=lecture.ends_at)
    with commit(execute=True):
        leave(world.member, START.date() - 2 * DAY)
    assert standing(world.member) == {lecture.pk: "exempt"}
    with commit(execute=True):
        do.take_back(member_id=world.member.pk, node_id=world.branch.pk, on_date=START.date() + 5 * DAY, as_of=NOON)
    assert standing(world.member) == {lecture.pk: "exempt"}, "it was held while they were away"


def test_no_roster_of_a_later_day_names_them() -> None:
    world = make_county()
    leave(world.member, START.date() - DAY)
    planned = OccasionFactory(training__node=world.branch)
    assert not is_expected(occasion=planned, member_id=world.member.pk)
    lecture = open_lecture(world.branch)
    assert world.member.pk not in set(lecture.roster.values_list("member_id", flat=True))


def test_the_task_finishes_what_is_due() -> None:
    world = make_county()
    yesterday = dt.datetime.now(dt.UTC).date() - 2 * DAY
    Membership.objects.filter(member=world.member).update(active_to_date=yesterday, left_because=Left.STOPPED)
    finish_leaving_task()
    assert not User.objects.get(pk=world.member.pk).is_active


# --- reach ------------------------------------------------------------------------------------------------------------


def test_reach_ends_at_the_operators_nodes_and_at_roles_elsewhere() -> None:
    """Finding: security 7."""
    world = make_county()
    other = NodeFactory(parent=world.county, name="柳河镇")
    stranger = MembershipFactory(node=other).member
    township = RoleGrantFactory(user__name="镇管理员", node=world.township, role=Role.OPERATOR).user
    above = MembershipFactory(member=RoleGrantFactory(node=world.county, role=Role.LECTURER).user, node=world.branch)
    former = MembershipFactory(member=RoleGrantFactory(node=other, active_to_date=TODAY).user, node=world.branch)
    left, root = MembershipFactory(node=world.branch).member, UserFactory(is_superuser=True)
    MembershipFactory(member=root, node=world.branch)
    leave(left)
    moving = MembershipFactory(node=world.branch, active_to_date=TODAY + 3 * DAY).member
    MembershipFactory(member=moving, node=other, active_from_date=TODAY + 3 * DAY)
    expected = {
        world.member: True,
        world.secretary: True,
        former.member: True,
        left: True,
        world.operator: False,
        world.organiser: False,
        township: False,
        above.member: False,
        stranger: False,
        moving: False,
        root: False,
    }
    got = {person: within_reach(operator=township, person=person, on_date=TODAY) for person in expected}
    assert got == expected
    assert out_of_reach(operator=township, person_ids=[p.pk for p in expected], on_date=TODAY) == {
        person.pk for person, near in expected.items() if not near
    }
    assert not within_reach(operator=world.secretary, person=world.member, on_date=TODAY)
    assert within_reach(operator=world.operator, person=above.member, on_date=TODAY)


def test_reach_costs_the_same_for_one_and_for_many(django_assert_num_queries: Any) -> None:
    world = make_county()
    for people in (world.members[:1], world.members):
        operator = User.objects.get(pk=world.operator.pk)
        with django_assert_num_queries(4):
            assert out_of_reach(operator=operator, person_ids=[p.pk for p in people], on_date=TODAY) == set()


# --- memberships never overlap ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end"),
    [(dt.date(2026, 9, 1), None), (dt.date(2026, 8, 1), dt.date(2026, 9, 2)), (dt.date(2026, 9, 9), TODAY)],
)
def test_two_memberships_never_hold_on_one_day(start: dt.date, end: dt.date | None) -> None:
    """Finding: ledger S3 (two memberships valid on one day)."""
    world = make_county()
    first = MembershipFactory(node=world.branch, active_from_date=dt.date(2026, 9, 1), active_to_date=TODAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        MembershipFactory(member=first.member, node=world.neighbour, active_from_date=start, active_to_date=end)
    other = MembershipFactory(member=first.member, node=world.neighbour, active_from_date=TODAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=other.pk).update(active_from_date=TODAY - DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=first.pk).update(active_to_date=TODAY + DAY)


def test_memberships_may_touch_and_one_of_no_day_is_in_nobodys_way() -> None:
    world = make_county()
    first = MembershipFactory(node=world.branch, active_from_date=dt.date(2026, 9, 1), active_to_date=TODAY)
    MembershipFactory(member=first.member, node=world.neighbour, active_from_date=TODAY)
    five = dt.date(2026, 9, 5)
    MembershipFactory(member=first.member, node=world.neighbour, active_from_date=five, active_to_date=five)
    MembershipFactory(node=world.branch, active_from_date=five)
    assert Membership.objects.filter(member=first.member).count() == 3


def test_joining_while_one_belongs_somewhere_until_later_is_refused_with_a_sentence() -> None:
    """Finding: ledger S3 (two memberships valid on one day)."""
    world = make_county()
    first = MembershipFactory(node=world.branch, active_to_date=TODAY)
    with pytest.raises(do.UnableToMoveMember, match="还属于“东风村第一支部”"):
        do.join_node(member_id=first.member.pk, node_id=world.neighbour.pk, on_date=TODAY - DAY)
    do.join_node(member_id=first.member.pk, node_id=world.neighbour.pk, on_date=TODAY)


def test_rows_that_overlap_already_are_named_and_not_repaired() -> None:
    """Finding: ledger S3: the migration says whose dates somebody has to correct."""
    world = make_county()
    migration = import_module("organizations.migrations.0003_memberships_never_overlap")
    with connection.cursor() as cursor:
        editor = SimpleNamespace(connection=connection, execute=cursor.execute)
        connection.check_constraints()
        migration.release(None, editor)
        one = MembershipFactory(node=world.branch, active_to_date=TODAY)
        two = MembershipFactory(member=one.member, node=world.neighbour, active_from_date=TODAY - DAY)
        connection.check_constraints()
        named = f"member {one.member_id}: memberships {one.pk} and {two.pk}"
        with pytest.raises(migration.MembershipsOverlap, match=named):
            migration.hold(None, editor)
        assert Membership.objects.filter(member=one.member).count() == 2
        Membership.objects.filter(pk=two.pk).update(active_from_date=TODAY)
        connection.check_constraints()
        migration.hold(None, editor)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=two.pk).update(active_from_date=TODAY - DAY)


def test_whoever_came_back_in_time_is_not_signed_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of those to sign off is read; then one of them is taken back; then the task comes to them."""
    world = make_county()
    today = dt.datetime.now(dt.UTC).date()
    Membership.objects.filter(member=world.member).update(
        active_to_date=today - 2 * DAY, left_because=Left.STOPPED, active_from_date=today - 90 * DAY
    )
    lock, due = people_operations.lock_member, [world.member.pk]

    def back_first(member_id: int) -> None:
        lock(member_id)
        if due:
            due.pop()
            do.take_back(member_id=member_id, node_id=world.branch.pk, on_date=today, as_of=dt.datetime.now(dt.UTC))

    monkeypatch.setattr(people_operations, "lock_member", back_first)
    assert people_operations.finish_leaving(as_of=dt.datetime.now(dt.UTC)) == 0
    assert User.objects.get(pk=world.member.pk).is_active
