"""A unit with many below it: its page has the counts of each of them, and reads nobody's record; names are further
down, three taps from a county to a branch."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from attendance.models import RecordState
from attendance.reports import named
from attendance.views import history
from organizations.models import AccessEntry, Role, User
from tests.attendance.people import make_occasion, stand
from tests.attendance.reports.conftest import World
from tests.factories.organizations import MembershipFactory, NodeFactory, RoleGrantFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]
READS = re.compile(r"attendance_(rosterentry|record|evidence)\b")


@pytest.fixture
def wide(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Everybody of the county is more than a page of a county names."""
    monkeypatch.setattr(named, "FEW", 3)
    monkeypatch.setattr(history, "MANY", 3)
    return world


@pytest.fixture
def above(world: World) -> User:
    """A secretary of the whole county."""
    return RoleGrantFactory(user__name="县书记", node=world.county.county, role=Role.SECRETARY).user


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def everybody(world: World) -> list[User]:
    return [*world.county.members, *world.county.neighbours]


def test_a_county_reads_counts_and_names_nobody(wide: World, above: User, sign_in: SignIn) -> None:
    text = read(sign_in(above), f"/branch/{wide.training.pk}/")
    assert "还有 4 位没有参加" in text
    assert "这里有 7 位，名单在下级组织里" in text
    assert "应到 7 位，已完成 2 位，请假 1 位" in text  # of the township below it
    assert not any(one.name in text for one in everybody(wide))
    assert "提醒未参加的 4 位" in text
    assert not AccessEntry.objects.exists()


def test_the_names_are_three_taps_away(wide: World, above: User, sign_in: SignIn) -> None:
    client, url = sign_in(above), f"/branch/{wide.training.pk}/"
    for node in (wide.county.township, wide.county.branch):
        assert f'"?node={node.pk}"' in read(client, url)
        url = f"/branch/{wide.training.pk}/?node={node.pk}"
    text = read(client, url)
    assert wide.county.members[1].name in text
    assert AccessEntry.objects.count() == 1


def test_whoever_stands_at_the_county_itself_is_named_there(wide: World, above: User, sign_in: SignIn) -> None:
    member = MembershipFactory(member__name="机关干部", node=wide.county.county).member
    stand(wide.occasion, member, wide.county.county, RecordState.MISSING)
    text = read(sign_in(above), f"/branch/{wide.training.pk}/")
    assert "机关干部" in text
    assert "名单在下级组织里" in text
    assert not any(one.name in text for one in everybody(wide))
    text = read(sign_in(above), f"/branch/occasions/{wide.occasion.pk}/")
    assert "机关干部" in text
    assert not any(one.name in text for one in everybody(wide))


def test_few_are_named_at_once_above_their_branches_too(world: World, above: User, sign_in: SignIn) -> None:
    text = read(sign_in(above), f"/branch/{world.training.pk}/")
    assert world.county.members[1].name in text
    assert all(one.name in text for one in world.county.neighbours)
    assert "永安镇 / 东风村第一支部" in text
    assert "名单在下级组织里" not in text


def asked(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        read(client, url)
    return [one["sql"] for one in seen if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]


def grow(world: World) -> None:
    """More branches, people and occasions, everywhere."""
    second = make_occasion(world.training, title="第二场")
    for number in range(4):
        branch = NodeFactory(parent=world.county.township, name=f"新支部{number}")
        for _person in range(3):
            member = MembershipFactory(node=branch).member
            stand(world.occasion, member, branch, RecordState.MISSING)
            stand(second, member, branch, RecordState.ATTENDED)


@pytest.mark.parametrize("page", ["/branch/{0}/", "/branch/{0}/progress/", "/branch/occasions/{1}/"])
def test_the_questions_do_not_grow_with_the_county(wide: World, above: User, sign_in: SignIn, page: str) -> None:
    client, url = sign_in(above), page.format(wide.training.pk, wide.occasion.pk)
    read(client, url)  # what was just written is counted, once
    few = asked(client, url)
    grow(wide)
    read(client, url)
    many = asked(client, url)
    assert len(many) == len(few) <= 18


@pytest.mark.parametrize("page", ["/branch/{0}/progress/", "/branch/occasions/{1}/"])
def test_an_organisers_numbers_are_read_from_no_persons_row(wide: World, sign_in: SignIn, page: str) -> None:
    """A roster is asked for nothing but evidence that nobody has read, by its own short index."""
    client, url = sign_in(wide.county.organiser), page.format(wide.training.pk, wide.occasion.pk)
    read(client, url)
    people = [sql for sql in asked(client, url) if READS.search(sql) and "dirty_at" not in sql]
    assert people == []


def test_an_occasion_says_how_each_unit_below_stands_at_it(wide: World, above: User, sign_in: SignIn) -> None:
    client = sign_in(above)
    text = read(client, f"/branch/occasions/{wide.occasion.pk}/")
    assert "应到 7 位，完成 2 位" in text
    assert "永安镇" in text
    assert "名单在下级组织里" in text
    text = read(client, f"/branch/occasions/{wide.occasion.pk}/?node={wide.county.township.pk}")
    assert text.index("东风村第一支部") < text.index("应到 4 位，已完成 2 位，请假 1 位") < text.index("东风村第二支部")
    assert f'"?node={wide.county.branch.pk}"' in text
    text = read(client, f"/branch/occasions/{wide.occasion.pk}/?node={wide.county.branch.pk}")
    assert wide.county.members[1].name in text


def test_over_time_a_wide_unit_has_the_numbers_of_its_occasions(wide: World, above: User, sign_in: SignIn) -> None:
    client, url = sign_in(above), f"/branch/{wide.training.pk}/progress/"
    text = read(client, url)
    assert 'class="c-line"' not in text
    assert "请到下级组织里看" in text
    assert wide.occasion.title in text
