"""Units: found with their codes, renamed, made, merged, closed and reopened; old reports keep the old unit."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.models import Occasion, RosterEntry, Training
from attendance.operations import close_occasion, settle
from attendance.permissions import may_record_for, scope_for
from attendance.reports.standing import entries
from organizations import operations as do
from organizations.models import Left, Membership, Node, NodeKind, Role, RoleGrant, User
from organizations.permissions import open_nodes, visible_nodes
from organizations.queries import grants_of, members_at, membership_on
from tests.factories.attendance import OccasionFactory, TrainingFactory, open_lecture
from tests.factories.organizations import (
    County,
    MembershipFactory,
    NodeFactory,
    RoleGrantFactory,
    make_county,
)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DAY = dt.timedelta(days=1)
BAD_NAMES = [
    "",
    "   ",
    "支/部",
    "支\\部",
    "支>部",
    "支＞部",
    ".",
    "..",
    "…",
    "支\x00部",
    "支\u200b部",
    "=HYPERLINK(1)",
    "第一<b支部",
    "字" * 121,
]


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def operator(client: Client, world: County) -> Client:
    client.force_login(world.operator)
    return client


@pytest.fixture
def today() -> dt.date:
    return timezone.localdate()


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BAD_NAMES)
def test_what_is_no_name_is_refused_and_kept_in_the_form(operator: Client, world: County, name: str) -> None:
    for what in ("rename", "new"):
        unit = world.branch if what == "rename" else world.township
        answer = operator.post(f"/units/{unit.pk}/{what}/", {"name": name, "kind": "branch"})
        assert (answer.status_code, 'class="errors"' in text_of(answer)) == (422, True)
    assert Node.objects.count() == 4
    assert Node.objects.get(pk=world.branch.pk).name == "东风村第一支部"


@pytest.mark.parametrize("what", ["rename", "new"])
def test_a_name_that_a_roster_could_not_tell_apart_is_refused(operator: Client, world: County, what: str) -> None:
    do.rename_unit(node_id=world.neighbour.pk, name="东风村 第二支部 B")
    unit = world.branch if what == "rename" else world.township
    before = set(Node.objects.values_list("name", flat=True))
    for name, sentence in (
        (world.township.name, f"上下两级组织不能都叫“{world.township.name}”"),
        (" ".join(world.township.name), f"上下两级组织不能都叫“{world.township.name}”"),
        ("东风村第二支部 b", "下面已有“东风村 第二支部 B”"),
        ("东风村　第二 支部 B", "下面已有“东风村 第二支部 B”"),
    ):
        answer = operator.post(f"/units/{unit.pk}/{what}/", {"name": name, "kind": "branch"})
        assert (answer.status_code, sentence in text_of(answer)) == (422, True), name
    assert set(Node.objects.values_list("name", flat=True)) == before


def test_a_unit_cannot_take_the_name_of_one_below_it(operator: Client, world: County) -> None:
    answer = operator.post(f"/units/{world.township.pk}/rename/", {"name": world.branch.name})
    assert (answer.status_code, "上下两级组织不能都叫" in text_of(answer)) == (422, True)
    again = operator.post(f"/units/{world.township.pk}/rename/", {"name": world.township.name})
    assert again.status_code == 302, "its own name"


def test_renaming_keeps_code_and_people_and_says_who_did_it(operator: Client, world: County) -> None:
    """Finding: secretary 10 (a renamed branch was a new branch)."""
    taken = operator.post(f"/units/{world.branch.pk}/rename/", {"name": "东风村第二支部"})
    assert "下面已有“东风村第二支部”" in text_of(taken)
    assert 'value="东风村第二支部"' in text_of(taken)
    assert operator.post(f"/units/{world.branch.pk}/rename/", {"name": " 东风村　党支部 "}).status_code == 302
    node = Node.objects.get(pk=world.branch.pk)
    assert (node.name, node.code) == ("东风村 党支部", "QX.01.01")
    page = text_of(operator.get(f"/units/{node.pk}/"))
    assert "QX.01.01" in page
    assert re.search(r"名称：东风村第一支部 → 东风村 党支部.*郑管理员", page)
    assert members_at(node=node, on_date=timezone.localdate()).count() == 4
    assert operator.post(f"/units/{world.county.pk}/rename/", {"name": "青溪区"}).status_code == 302


def test_a_new_unit_has_a_code_of_its_own(operator: Client, world: County) -> None:
    for name in ("第三支部", "第四支部"):
        assert operator.post(f"/units/{world.township.pk}/new/", {"name": name, "kind": "branch"}).status_code == 302
    assert operator.post(f"/units/{world.township.pk}/new/", {"name": "第五支部", "kind": "moon"}).status_code == 422
    made = Node.objects.filter(name__in=("第三支部", "第四支部")).order_by("path")
    assert list(made.values_list("code", flat=True)) == ["QX.01.03", "QX.01.04"]
    assert [node.get_parent() for node in made] == [world.township, world.township]
    assert Node.find_problems() == ([], [], [], [], [])


def test_a_level_that_is_none_makes_no_unit(world: County) -> None:
    with pytest.raises(do.UnableToChangeUnit) as refused:
        do.create_unit(parent_id=world.township.pk, name="第五支部", kind="moon")
    assert (str(refused.value), Node.objects.count()) == ("请选择层级。", 4)


def test_a_code_that_is_taken_is_passed_over_and_one_that_is_too_long_is_made_up(world: County) -> None:
    NodeFactory(parent=world.county, code="QX.01.03")
    deep = NodeFactory(parent=world.township, code="D" * 38)
    one = do.create_unit(parent_id=world.township.pk, name="第三支部", kind="branch")
    two = do.create_unit(parent_id=deep.pk, name="第一小组", kind="branch")
    assert one.code == "QX.01.04"
    assert re.fullmatch("[0-9a-f]{12}", two.code), two.code


def test_only_a_closed_unit_is_reopened_the_uppermost_too(world: County, today: dt.date) -> None:
    alone = NodeFactory(name="白溪县", kind=NodeKind.COUNTY)
    with pytest.raises(do.UnableToChangeUnit) as refused:
        do.reopen_unit(node_id=alone.pk)
    assert str(refused.value) == "“白溪县”没有撤销。"
    do.close_unit(node_id=alone.pk, on_date=today)
    assert Node.objects.get(pk=alone.pk).closed_date == today
    do.reopen_unit(node_id=alone.pk)
    assert Node.objects.get(pk=alone.pk).closed_date is None


# --- list -------------------------------------------------------------------------------------------------------------


def names(client: Client, **query: Any) -> list[str]:
    page = client.get("/units/", query)
    assert page.status_code == 200
    return [line.node.name for line in page.context["lines"]]


def test_the_list_has_codes_counts_and_secretaries(operator: Client, world: County) -> None:
    """Finding: secretary 23."""
    page = text_of(operator.get("/units/"))
    assert names(operator) == ["青溪县", "永安镇", "东风村第一支部", "东风村第二支部"]
    assert re.search(r"QX.01.01 · 支部 · 4 人 · 书记 赵书记", page)
    assert names(operator, q="第二") == ["东风村第二支部"]
    assert names(operator, q="qx.01.0") == ["东风村第一支部", "东风村第二支部"]
    assert names(operator, q="\x00", page="x") == names(operator)
    assert names(operator, q="没有") == []


def test_units_without_a_secretary_are_listed(operator: Client, world: County, today: dt.date) -> None:
    """Finding: secretary 10 (no list of branches without a secretary)."""
    assert "每个支部都有书记" in text_of(operator.get("/units/"))
    assert names(operator, show="vacant") == []
    do.revoke_role(user_id=world.secretary.pk, node_id=world.branch.pk, role=Role.SECRETARY, on_date=today)
    NodeFactory(parent=world.township, name="空支部")
    NodeFactory(parent=world.township, name="旧支部", closed_date=today)
    NodeFactory(parent=world.township, name="无人村", kind="community")
    assert names(operator, show="vacant") == ["东风村第一支部", "空支部"]
    assert "有 2 个组织没有书记" in text_of(operator.get("/units/"))
    assert "没有书记" in text_of(operator.get(f"/units/{world.branch.pk}/"))
    assert names(operator, show="closed") == ["旧支部"]


def test_an_operator_sees_their_own_units_alone(client: Client, world: County) -> None:
    client.force_login(RoleGrantFactory(node=world.neighbour, role=Role.OPERATOR).user)
    assert names(client) == ["东风村第二支部"]
    for path in ("", "rename/", "new/", "merge/", "close/", "reopen/"):
        url = f"/units/{world.branch.pk}/{path}"
        assert client.get(url).status_code == 404
        assert client.post(url, {"name": "x", "kind": "branch"}).status_code in {404, 405}
    for path in ("merge/", "close/"):
        assert client.get(f"/units/{world.neighbour.pk}/{path}").status_code == 404, "their own role hangs on it"


def test_the_list_costs_the_same_for_one_and_for_many(operator: Client, world: County) -> None:
    costs = []
    for more in (0, 3):
        for n in range(more):
            node = NodeFactory(parent=world.township, name=f"第{n}支部")
            RoleGrantFactory(node=node)
            MembershipFactory(node=node)
        for url in ("/units/", f"/units/{world.township.pk}/"):
            with CaptureQueriesContext(connection) as queries:
                assert operator.get(url).status_code == 200
            costs.append(len(queries))
    assert costs[:2] == costs[2:]


# --- merging ----------------------------------------------------------------------------------------------------------


def merge(client: Client, node: Node, **sent: Any) -> Any:
    return client.post(f"/units/{node.pk}/merge/", sent)


def test_a_merge_shows_whom_it_touches_and_then_moves_them(operator: Client, world: County, today: dt.date) -> None:
    """Finding: secretary 10 (two branches merged into one)."""
    lecturer = RoleGrantFactory(user__name="甲讲师", node=world.branch, role=Role.LECTURER)
    planned = OccasionFactory(training__node=world.township, title="全镇直播")
    running = open_lecture(world.branch, title="支部直播")
    page = text_of(merge(operator, world.branch, unit="QX.01.02"))
    for said in ("4 位党员", "王一0", "赵书记 · 支部书记", "甲讲师 · 讲师", "“支部直播”已经开始", "书记 钱书记"):
        assert said in page, said
    assert planned.title not in page, "it is the township's"
    assert "checked" not in page, "the other branch has a secretary"
    assert Node.objects.get(pk=world.branch.pk).closed_date is None, "so far only shown"
    answer = merge(operator, world.branch, unit="QX.01.02", sure="1", kept=[lecturer.pk])
    assert answer.headers["Location"] == f"/units/{world.neighbour.pk}/"
    old = Node.objects.get(pk=world.branch.pk)
    assert (old.closed_date, old.merged_into) == (today, world.neighbour)
    assert membership_on(member_id=world.member.pk, on_date=today - DAY).node == world.branch
    assert membership_on(member_id=world.member.pk, on_date=today).node == world.neighbour
    assert members_at(node=world.neighbour, on_date=today).count() == 8
    held = RoleGrant.objects.filter(active_to_date=None, node__in=(world.branch, world.neighbour))
    assert set(held.values_list("user__name", "role", "node__name")) == {
        ("钱书记", "secretary", "东风村第二支部"),
        ("甲讲师", "lecturer", "东风村第二支部"),
    }
    assert RosterEntry.objects.filter(occasion=running, node=old).count() == 4, "its roster keeps the old unit"
    page = text_of(operator.get(f"/units/{old.pk}/"))
    assert f"{today} 并入 东风村第二支部" in page
    assert "东风村第一支部" in text_of(operator.get(f"/units/{world.neighbour.pk}/"))
    assert "东风村第一支部" not in names(operator)


def test_the_secretary_is_kept_where_the_other_unit_has_none(operator: Client, world: County, today: dt.date) -> None:
    do.revoke_role(user_id=world.neighbour_secretary.pk, node_id=world.neighbour.pk, role="secretary", on_date=today)
    page = text_of(merge(operator, world.branch, unit="QX.01.02"))
    kept = RoleGrant.objects.get(user=world.secretary).pk
    assert re.search(rf'value="{kept}"[^>]* checked', page)
    assert merge(operator, world.branch, unit="QX.01.02", sure="1", kept=[kept]).status_code == 302
    assert [(g.role, g.node_id) for g in grants_of(user=fresh(world.secretary)) if g.node_id == world.neighbour.pk] == [
        ("secretary", world.neighbour.pk)
    ]
    assert names(operator, show="vacant") == []


def test_mistakes_of_a_merge_are_said_and_change_nothing(operator: Client, world: County) -> None:
    assert "没有这个组织" in text_of(merge(operator, world.branch, unit="第九支部"))
    assert "没有这个组织" in text_of(merge(operator, world.branch, unit="QX.01.01", sure="1")), "not into itself"
    assert merge(operator, world.branch, unit="", sure="1").status_code == 422
    other = RoleGrant.objects.get(user=world.neighbour_secretary).pk
    assert merge(operator, world.branch, unit="QX.01.02", sure="1", kept=[other]).status_code == 422
    NodeFactory(parent=world.branch, name="第一小组")
    assert "下面还有单位：第一小组" in text_of(merge(operator, world.branch, unit="QX.01.02", sure="1"))
    OccasionFactory(training__node=world.neighbour, title="明天的直播")
    answer = merge(operator, world.neighbour, unit="QX.01.01", sure="1")
    assert "“明天的直播”还没有开始，请组织员先改它的对象或取消。" in text_of(answer)
    assert not Node.objects.filter(closed_date__isnull=False).exists()
    assert not Membership.objects.filter(active_to_date__isnull=False).exists()


def test_planned_moves_and_leavings_survive_a_merge(world: County, today: dt.date) -> None:
    soon = today + 5 * DAY
    leaver, comer = world.members[0], MembershipFactory(node=world.branch, active_from_date=soon)
    do.end_membership(member_id=leaver.pk, because=Left.TRANSFERRED, on_date=soon, as_of=timezone.now())
    do.merge_unit(node_id=world.branch.pk, into_id=world.neighbour.pk, on_date=today)
    last = Membership.objects.filter(member=leaver).order_by("-active_from_date").first()
    assert (last.node, last.active_from_date, last.active_to_date, last.left_because) == (
        world.neighbour,
        today,
        soon,
        "transferred",
    )
    comer.refresh_from_db()
    assert (comer.node, comer.active_from_date) == (world.neighbour, soon)
    assert membership_on(member_id=leaver.pk, on_date=soon) is None


def test_old_reports_keep_the_old_unit_and_its_new_secretary_goes_on(world: County, today: dt.date) -> None:
    """Finding: secretary 10."""
    training = TrainingFactory(node=world.township)
    running = open_lecture(world.township, training=training)
    paths = [world.township.path, world.branch.path, world.neighbour.path]
    before = [entries(training_ids=[training.pk], paths=[path]).count() for path in paths]
    do.merge_unit(node_id=world.branch.pk, into_id=world.neighbour.pk, on_date=today)
    assert [entries(training_ids=[training.pk], paths=[path]).count() for path in paths] == before
    secretary = fresh(world.neighbour_secretary)
    assert may_record_for(secretary, occasion=running, member_id=world.member.pk)
    assert {grant.node_id for grant in grants_of(user=secretary)} == {world.branch.pk, world.neighbour.pk}
    scope = scope_for(secretary, training_id=training.pk, node_id=None, as_of=timezone.now())
    assert scope is not None
    assert scope.node == world.neighbour, "their own unit comes first"
    assert scope_for(secretary, training_id=training.pk, node_id=world.branch.pk, as_of=timezone.now()) is not None
    assert not may_record_for(fresh(world.secretary), occasion=running, member_id=world.members[1].pk)
    organiser = RoleGrantFactory(node=world.neighbour, role=Role.ORGANISER).user
    assert [grant.node_id for grant in grants_of(user=organiser)] == [world.neighbour.pk], "secretaries alone"


def test_what_was_merged_before_goes_along(world: County, today: dt.date) -> None:
    third = NodeFactory(parent=world.township, name="第三支部")
    do.merge_unit(node_id=world.branch.pk, into_id=world.neighbour.pk, on_date=today)
    do.merge_unit(node_id=world.neighbour.pk, into_id=third.pk, on_date=today)
    assert set(third.merged.all()) == {world.branch, world.neighbour}
    boss = RoleGrantFactory(node=third).user
    assert {grant.node_id for grant in grants_of(user=boss)} == {third.pk, world.branch.pk, world.neighbour.pk}
    with pytest.raises(do.UnableToChangeUnit, match="已撤销"):
        do.merge_unit(node_id=third.pk, into_id=world.branch.pk, on_date=today)
    with pytest.raises(do.UnableToChangeUnit, match="自己"):
        do.merge_unit(node_id=third.pk, into_id=third.pk, on_date=today)


def test_roles_are_still_one_query(world: County, today: dt.date) -> None:
    do.merge_unit(node_id=world.branch.pk, into_id=world.neighbour.pk, on_date=today)
    person = fresh(world.neighbour_secretary)
    with CaptureQueriesContext(connection) as queries:
        grants_of(user=person)
    assert len(queries) == 1


# --- closing ----------------------------------------------------------------------------------------------------------


def test_a_unit_with_people_is_not_closed_and_an_empty_one_is(operator: Client, world: County, today: dt.date) -> None:
    page = text_of(operator.get(f"/units/{world.branch.pk}/close/"))
    assert "4 位党员" in page
    assert "现在不能撤销" in page
    refused = operator.post(f"/units/{world.branch.pk}/close/")
    assert (refused.status_code, "还有 4 位党员" in text_of(refused)) == (422, True)
    empty = NodeFactory(parent=world.township, name="空支部")
    old = RoleGrantFactory(node=empty)
    TrainingFactory(node=empty, title="旧培训")
    assert "培训“旧培训”的对象是这里" in text_of(operator.get(f"/units/{empty.pk}/close/"))
    assert operator.post(f"/units/{empty.pk}/close/").status_code == 302
    empty.refresh_from_db()
    old.refresh_from_db()
    assert (empty.closed_date, old.active_to_date) == (today, today)
    for path in ("rename/", "new/", "merge/", "close/"):
        assert operator.get(f"/units/{empty.pk}/{path}").status_code == 404
    assert "下面还有单位" in text_of(operator.post(f"/units/{world.township.pk}/close/")), "its branches"


def test_a_closed_unit_takes_nobody_and_is_offered_nowhere(world: County, today: dt.date) -> None:
    closed = NodeFactory(parent=world.township, name="旧支部", closed_date=today)
    with pytest.raises(do.UnableToMoveMember, match="已撤销"):
        do.move_member(member_id=world.member.pk, node_id=closed.pk, on_date=today)
    with pytest.raises(do.UnableToGrantRole, match="已撤销"):
        do.grant_role(user_id=world.member.pk, node_id=closed.pk, role="secretary", on_date=today)
    with pytest.raises(do.UnableToChangeUnit, match="已撤销"):
        do.create_unit(parent_id=closed.pk, name="小组", kind="group")
    assert closed in visible_nodes(world.operator, Role.OPERATOR)
    assert closed not in open_nodes(world.operator, Role.OPERATOR)
    assert Membership.objects.get(member=world.member).node == world.branch


def test_a_closed_unit_can_be_reopened_unless_its_name_is_taken(operator: Client, world: County) -> None:
    empty = NodeFactory(parent=world.township, name="空支部")
    assert operator.get(f"/units/{empty.pk}/reopen/").status_code == 404
    assert operator.post(f"/units/{empty.pk}/close/").status_code == 302
    assert operator.post(f"/units/{world.township.pk}/new/", {"name": "空支部", "kind": "branch"}).status_code == 302
    assert "下面已有“空支部”" in text_of(operator.post(f"/units/{empty.pk}/reopen/"))
    Node.objects.exclude(pk=empty.pk).filter(name="空支部").update(name="另一个")
    assert operator.post(f"/units/{empty.pk}/reopen/").status_code == 302
    empty.refresh_from_db()
    assert empty.closed_date is None


def test_a_closed_unit_stays_in_the_reports_of_what_was(operator: Client, world: County, today: dt.date) -> None:
    lecture = open_lecture(world.branch)
    close_occasion(occasion_id=lecture.pk, as_of=lecture.ends_at)
    settle(occasion_id=lecture.pk, as_of=lecture.ends_at)
    Occasion.objects.filter(pk=lecture.pk).update(state=Occasion.State.SETTLED)
    before = list(entries(training_ids=[lecture.training_id], paths=[world.county.path]).values_list("node__name"))
    do.merge_unit(node_id=world.branch.pk, into_id=world.neighbour.pk, on_date=today)
    after = list(entries(training_ids=[lecture.training_id], paths=[world.county.path]).values_list("node__name"))
    assert before == after == [("东风村第一支部",)] * 4
    assert Training.objects.get(pk=lecture.training_id).node == world.branch
