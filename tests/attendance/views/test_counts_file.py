"""The file of numbers: each unit in the order of the tree, each occasion, nobody's name, nobody else's units."""

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from attendance.models import RecordState
from attendance.operations import fold_summary
from attendance.reports.counts import CountsReport
from attendance.reports.standing import overview
from organizations.models import Role, User
from tests.attendance.people import stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory, NodeFactory, RoleGrantFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


def sheets(client: Client, address: str) -> dict[str, list[list[Any]]]:
    answer = client.get(address)
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    return {sheet.title: [[cell.value for cell in row] for row in sheet.rows] for sheet in book}


def test_an_organiser_gets_the_numbers_of_each_unit_without_a_name(world: World, sign_in: SignIn) -> None:
    organiser = RoleGrantFactory(node=world.county.county, role=Role.ORGANISER).user
    found = sheets(sign_in(organiser), f"/branch/{world.training.pk}/counts.xlsx")
    head, *units = found["各单位"]
    assert head[:4] == ["组织或场次", "应到", "除去请假应到", "已完成"]
    assert [row[0].strip("　") for row in units] == ["青溪县", "永安镇", "东风村第一支部", "东风村第二支部"]
    by_name = {row[0].strip("　"): dict(zip(head, row, strict=True)) for row in units}
    for node in (world.county.county, world.county.branch, world.county.neighbour):
        counts = overview(world.scope(node)).counts
        said = by_name[node.name]
        assert (said["应到"], said["除去请假应到"], said["已完成"]) == (
            counts.expected, counts.not_excused, counts.done,
        )  # fmt: skip
        assert (said["请假"], said["没有参加"]) == (counts["excused"], counts["missing"])
    text = str(found)
    assert not [one.name for one in world.county.members + world.county.neighbours if one.name in text]
    assert found["各个场次"][1][0].startswith(world.occasion.title)


def test_the_numbers_are_those_of_this_moment(world: World, sign_in: SignIn) -> None:
    organiser = RoleGrantFactory(node=world.county.county, role=Role.ORGANISER).user
    client, address = sign_in(organiser), f"/branch/{world.training.pk}/counts.xlsx"
    before = sheets(client, address)["各单位"][1][1]
    stand(world.occasion, MembershipFactory(node=world.county.branch).member, world.county.branch, RecordState.MISSING)
    assert sheets(client, address)["各单位"][1][1] == before + 1


def test_nobody_reads_the_numbers_of_a_neighbour(world: World, sign_in: SignIn) -> None:
    address = f"/branch/{world.training.pk}/counts"
    for person in (world.county.member, world.county.neighbour_member):
        assert sign_in(person).get(f"{address}.xlsx").status_code == 404
    client = sign_in(world.county.secretary)
    assert client.get(f"{address}.csv?encoding=gbk").status_code == 200
    assert client.get(f"{address}.csv?node={world.county.neighbour.pk}").status_code == 404
    assert client.get(f"{address}.exe").status_code == 404


def test_the_number_of_queries_does_not_grow(world: World, django_assert_max_num_queries: Any) -> None:
    fold_summary()
    with django_assert_max_num_queries(7):
        few = len(list(CountsReport().rows(world.scope(world.county.county))))
    for _more in range(3):
        node = NodeFactory(parent=type(world.county.township).objects.get(pk=world.county.township.pk))
        stand(world.occasion, MembershipFactory(node=node).member, node, RecordState.MISSING)
    fold_summary()
    with django_assert_max_num_queries(7):
        assert len(list(CountsReport().rows(world.scope(world.county.county)))) == few + 3


def test_the_page_of_an_organiser_costs_the_same_for_few_and_many_units(
    world: World, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(RoleGrantFactory(node=world.county.county, role=Role.ORGANISER).user)

    def queries() -> int:
        fold_summary()
        with CaptureQueriesContext(connection) as seen:
            text = client.get(f"/branch/{world.training.pk}/?node={world.county.township.pk}").content.decode()
        assert "名单由各支部书记查看" in text
        return len(seen)

    few = queries()
    for _more in range(4):
        node = NodeFactory(parent=type(world.county.township).objects.get(pk=world.county.township.pk), name="新支部")
        stand(world.occasion, MembershipFactory(node=node).member, node, RecordState.MISSING)
    assert queries() == few <= 16


def test_a_closed_unit_stands_there_only_as_long_as_somebody_of_the_training_does(
    world: World, sign_in: SignIn
) -> None:
    client = sign_in(RoleGrantFactory(node=world.county.county, role=Role.ORGANISER).user)
    address = f"/branch/{world.training.pk}/?node={world.county.township.pk}"
    gone = NodeFactory(
        parent=type(world.county.township).objects.get(pk=world.county.township.pk), name="撤销了的支部",
        closed_date="2026-01-05",
    )  # fmt: skip
    assert gone.name not in client.get(address).content.decode()
    stand(world.occasion, MembershipFactory(node=gone).member, gone, RecordState.MISSING)
    assert gone.name in client.get(address).content.decode()


def test_where_very_much_changes_the_page_says_that_it_is_behind(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(RoleGrantFactory(node=world.county.county, role=Role.ORGANISER).user)
    said = "这里的人数是几秒到几十秒以前的"
    monkeypatch.setattr("attendance.operations.summary.ON_PAGE", 0)
    assert said in client.get(f"/branch/{world.training.pk}/").content.decode()
    monkeypatch.undo()
    assert said not in client.get(f"/branch/{world.training.pk}/").content.decode()
