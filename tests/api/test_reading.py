"""What a program reads: its own part of the tree, a page at a time, and everybody who was read can see it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import Scope
from api.queries import reading
from attendance.models import RosterWork
from organizations.models import AccessEntry
from tests.api.conftest import World, get, items
from tests.attendance.people import make_occasion, make_training, stand
from tests.factories.organizations import NodeFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MOST_QUERIES = 10


def asked(sql: CaptureQueriesContext) -> list[str]:
    return [one["sql"] for one in sql if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN"))]


def test_the_token_says_what_it_is(world: World) -> None:
    said = get(world.key(Scope.COUNTS, node=world.county.branch), "token").json()
    assert (said["name"], said["scopes"], said["unit_id"]) == ("县人事系统", ["counts"], world.county.branch.pk)


def test_units_from_the_top_a_page_at_a_time(world: World) -> None:
    county = world.county
    found = items(world.key(Scope.PEOPLE), "units", limit=1)
    assert [one["id"] for one in found] == [
        one.pk for one in (county.county, county.township, county.branch, county.neighbour)
    ]
    assert [one["parent_id"] for one in found] == [None, county.county.pk, county.township.pk, county.township.pk]
    below = items(world.key(Scope.PEOPLE, node=county.township), "units")
    assert (below[0]["id"], below[0]["parent_id"]) == (county.township.pk, None)


def test_people_of_the_subtree_alone(world: World) -> None:
    county = world.county
    found = items(world.key(Scope.PEOPLE, node=county.branch), "people", limit=2)
    assert {one["name"] for one in found} == {one.name for one in [*county.members, county.secretary]}
    assert {one["unit_code"] for one in found} == {"QX.01.01"}
    assert "phone" not in found[0]
    whole = items(world.key(Scope.PEOPLE), "people", limit=3)
    assert len(whole) == len({one["id"] for one in whole}) == 8
    assert items(world.key(Scope.PEOPLE), "people", unit=county.branch.pk) == found


def test_pages_go_on_over_many_units(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Units without people, and more of them than one page asks."""
    monkeypatch.setattr(reading, "UNITS", 1)
    monkeypatch.setattr(reading, "TURNS", 2)
    for _number in range(3):
        NodeFactory(parent=world.county.county)
    key = world.key(Scope.PEOPLE, Scope.RECORDS)
    assert len(items(key, "people", limit=2)) == 8
    assert len(items(key, f"trainings/{world.training.pk}/records", limit=1)) == 4
    first = get(key, "people").json()
    assert (first["items"], first["next"] is None) == ([], False)


def test_trainings_and_occasions(world: World) -> None:
    other = make_training(world.county.neighbour, "隔壁的")
    make_training(world.county.county, "草稿", state="draft")
    key = world.key(Scope.TRAININGS, node=world.county.branch)
    assert [one["title"] for one in items(key, "trainings")] == ["防汛避险"]
    assert get(key, f"trainings/{world.training.pk}").json()["title"] == "防汛避险"
    assert get(key, f"trainings/{other.pk}").status_code == 404
    second = make_occasion(world.training, title="第二场")
    foreign = make_occasion(world.training, node=world.county.neighbour)
    found = items(key, f"trainings/{world.training.pk}/occasions", limit=1)
    assert [one["id"] for one in found] == [world.occasion.pk, second.pk]
    assert foreign.pk not in [one["id"] for one in found]
    assert len(items(world.key(Scope.TRAININGS), "trainings", limit=1)) == 2


def test_records_say_what_the_pages_say(world: World) -> None:
    found = items(world.key(Scope.RECORDS), f"trainings/{world.training.pk}/records", limit=3)
    assert [one["state"] for one in found] == ["attended", "missing", "excused", "missing"]
    first = found[0]
    assert first["person"]["id"] == str(world.county.member.public_id)
    assert (first["counted_s"], first["live_s"], first["left_s"], first["hours"]) == (3600, 3600, 0, 1)


def test_records_by_state_occasion_and_unit(world: World) -> None:
    key, path = world.key(Scope.RECORDS), f"trainings/{world.training.pk}/records"
    other = make_occasion(world.training)
    stand(other, world.county.member, world.county.branch, "attended")
    assert len(items(key, path, state="attended")) == 2
    assert len(items(key, path, occasion=other.pk)) == 1
    assert len(items(key, path, unit=world.county.neighbour.pk)) == 1
    RosterWork.objects.create(
        occasion=other, is_ahead=False, node=world.county.county, day=timezone.localdate(), began_at=timezone.now()
    )
    assert items(key, path, occasion=other.pk) == []


def test_who_is_missing(world: World) -> None:
    found = items(world.key(Scope.RECORDS), f"trainings/{world.training.pk}/missing")
    assert [one["person"]["name"] for one in found] == [
        world.county.members[1].name,
        world.county.neighbour_member.name,
    ]


def test_counts_are_those_of_the_page(world: World) -> None:
    said = get(world.key(Scope.COUNTS), f"trainings/{world.training.pk}/counts").json()
    assert said["is_current"] is True
    assert said["counts"] == {
        "on_roster": 4, "expected": 4, "done": 1, "by_state": {"missing": 2, "attended": 1, "excused": 1},
    }  # fmt: skip
    assert [one["unit_id"] for one in said["below"]] == [world.county.township.pk]
    assert said["occasions"][0]["occasion_id"] == world.occasion.pk


def test_hours_of_a_year_and_of_a_month(world: World) -> None:
    key, starts = world.key(Scope.HOURS), timezone.localtime(world.occasion.starts_at)
    year = {one["person"]["name"]: one for one in items(key, "hours", year=starts.year, limit=3)}
    assert year[world.county.member.name]["total"] == 1
    month = {one["person"]["name"]: one for one in items(key, "hours/month", year=starts.year, month=starts.month)}
    assert month[world.county.member.name]["hours"] == 1
    assert (month[world.county.members[1].name]["hours"], len(month)) == (0, 8)
    assert all(one["hours"] == 0 for one in items(key, "hours/month", year=starts.year - 1, month=12))


@pytest.mark.parametrize("number", [1, 30])
def test_a_page_costs_the_same_for_one_and_for_many(world: World, number: int) -> None:
    for _number in range(number):
        stand(make_occasion(world.training), world.county.member, world.county.branch, "attended")
    key = world.key()
    paths: list[tuple[str, dict[str, Any]]] = [
        ("units", {}),
        ("people", {}),
        ("trainings", {}),
        (f"trainings/{world.training.pk}/occasions", {}),
        (f"trainings/{world.training.pk}/records", {"unit": world.county.branch.pk}),
        (f"trainings/{world.training.pk}/missing", {}),
        ("hours/month", {"year": 2026, "month": 11}),
    ]
    get(key, "token")
    for path, parameters in paths:
        with CaptureQueriesContext(connection) as sql:
            assert get(key, path, **parameters).status_code == 200
        assert len(asked(sql)) <= MOST_QUERIES, (path, asked(sql))
    with CaptureQueriesContext(connection) as sql:
        get(key, "hours", year=2026)
    assert len(asked(sql)) <= MOST_QUERIES + 5, asked(sql)


NAMED = [
    "people",
    "trainings/{0}/records",
    "trainings/{0}/missing",
    "hours?year=2026",
    "hours/month?year=2026&month=11",
]


@pytest.mark.parametrize("path", NAMED)
def test_everybody_who_was_read_reads_that_they_were(world: World, path: str) -> None:
    """ADR 30: one row a request, each time, and in plain words on the person's own page."""
    key = world.key()
    for _time in range(2):
        assert get(key, path.format(world.training.pk)).status_code == 200
    rows = list(AccessEntry.objects.all())
    assert len(rows) == 2
    assert {(row.reader_id, row.title, row.role) for row in rows} <= {
        (world.chief.pk, "县人事系统", "secretary"), (world.chief.pk, "县人事系统", "operator"),
    }  # fmt: skip
    browser = Client()
    browser.force_login(world.county.members[1])
    said = browser.get("/me/access/").content.decode()
    assert "用接口“县人事系统”读取了“青溪县”" in said
    assert "里面有您" in said


def test_counts_and_lists_without_names_write_no_row(world: World) -> None:
    key = world.key()
    for path in ("token", "units", "trainings", f"trainings/{world.training.pk}/counts"):
        assert get(key, path).status_code == 200
    assert not AccessEntry.objects.exists()


def test_the_filter_is_in_the_row(world: World) -> None:
    get(world.key(), f"trainings/{world.training.pk}/records", state="missing", unit=world.county.branch.pk)
    row = AccessEntry.objects.get()
    assert (row.reason, row.count, row.node_id) == ("training=防汛避险 state=missing", 1, world.county.branch.pk)
