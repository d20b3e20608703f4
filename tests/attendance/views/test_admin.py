"""Wagtail's admin: organisers see and change trainings of their subtree; a rule in use is never changed."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.models import Rule, Training
from organizations.models import Node, Role, User
from tests.attendance.people import make_occasion, make_rule, make_training
from tests.attendance.reports.conftest import World
from tests.factories.organizations import NodeFactory, RoleGrantFactory, UserFactory

pytestmark = pytest.mark.integration
SignIn = Callable[[User], Client]


@pytest.fixture
def elsewhere(world: World) -> Training:
    """A training of another county."""
    return make_training(NodeFactory(name="白石县", code="BS", kind="county"), "白石培训")


def filled(node: Node, **changed: object) -> dict[str, object]:
    return {
        "title": "急救常识",
        "summary": "",
        "node": node.pk,
        "starts_date": "2026-03-01",
        "deadline_at": "2099-04-01 18:00",
        "hours_required": "2",
        "state": "published",
        **changed,
    }


def test_the_list_holds_trainings_of_the_subtree_only(world: World, elsewhere: Training, sign_in: SignIn) -> None:
    text = sign_in(world.county.organiser).get(reverse("trainings:index")).content.decode()
    assert "防汛避险" in text
    assert "白石培训" not in text
    assert "白石培训" not in sign_in(world.county.organiser).get(
        reverse("trainings:index") + "?q=白石"
    ).content.decode().split("<main")[-1].replace('value="白石"', "")


@pytest.mark.parametrize("view", ["edit", "delete", "history", "history_results"])
def test_a_training_of_another_county_does_not_exist(
    world: World, elsewhere: Training, sign_in: SignIn, view: str
) -> None:
    client, url = sign_in(world.county.organiser), reverse(f"trainings:{view}", args=[elsewhere.pk])
    assert client.get(url).status_code == 404
    if view in ("edit", "delete"):
        assert client.post(url, filled(world.county.county)).status_code == 404
    elsewhere.refresh_from_db()
    assert elsewhere.title == "白石培训"


def test_an_organiser_makes_and_changes_a_training_for_their_own_nodes(
    world: World, elsewhere: Training, sign_in: SignIn
) -> None:
    client = sign_in(world.county.organiser)
    assert "白石县" not in client.get(reverse("trainings:add")).content.decode()
    assert client.post(reverse("trainings:add"), filled(elsewhere.node)).status_code == 200
    assert not Training.objects.filter(title="急救常识").exists()
    assert client.post(reverse("trainings:add"), filled(world.county.township)).status_code == 302
    training = Training.objects.get(title="急救常识")
    assert training.node == world.county.township
    url = reverse("trainings:edit", args=[training.pk])
    assert client.post(url, filled(world.county.township, title="急救")).status_code == 302
    assert client.post(url, filled(elsewhere.node)).status_code == 200
    assert client.post(url, filled(world.county.township, deadline_at="2026-02-01 18:00")).status_code == 200
    training.refresh_from_db()
    assert (training.title, training.node) == ("急救", world.county.township)
    assert timezone.localdate(training.deadline_at) == dt.date(2099, 4, 1)


def test_only_an_empty_draft_can_be_deleted(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.county.organiser)
    assert client.post(reverse("trainings:delete", args=[world.training.pk])).status_code == 409
    draft = make_training(world.county.township, "草稿", state=Training.State.DRAFT)
    assert client.post(reverse("trainings:delete", args=[draft.pk])).status_code == 302
    assert set(Training.objects.values_list("title", flat=True)) == {"防汛避险"}


def test_members_and_secretaries_have_no_trainings_page(world: World, sign_in: SignIn) -> None:
    for person in (world.county.member, world.county.secretary, world.county.operator):
        for url in (reverse("trainings:index"), reverse("attendance_rules:index"), reverse("occasions:index")):
            response = sign_in(person).get(url)
            if person == world.county.operator and "rules" in url:  # keeps those of no unit, sees no unit's
                assert (response.status_code, "通用" in response.content.decode()) == (200, False)
                continue
            assert response.status_code in (302, 404)
            assert "防汛避险" not in response.content.decode()


def test_a_rule_out_of_range_is_refused(world: World, sign_in: SignIn) -> None:
    data = {"name": "怪", "basis": "window", "hours": "1", "min_share": "8"}
    assert sign_in(world.county.organiser).post(reverse("attendance_rules:add"), data).status_code == 200
    assert not Rule.objects.filter(name="怪").exists()


def test_occasions_are_listed_for_the_subtree_and_changed_elsewhere(
    world: World, elsewhere: Training, sign_in: SignIn
) -> None:
    make_occasion(elsewhere, title="白石直播")
    text = sign_in(world.county.organiser).get(reverse("occasions:index")).content.decode()
    assert "防汛直播" in text
    assert "白石直播" not in text
    assert sign_in(world.county.organiser).get(f"/admin/occasions/edit/{world.occasion.pk}/").status_code == 404


@pytest.mark.parametrize("name", ["trainings", "occasions", "attendance_rules"])
def test_a_list_costs_the_same_for_one_and_for_three(world: World, sign_in: SignIn, name: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = sign_in(world.county.organiser)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse(f"{name}:index")).status_code == 200
        return len(seen)

    queries()
    one = queries()
    for number in range(2):
        training = make_training(world.county.township, f"培训{number}")
        make_occasion(training, title=f"场次{number}", rule=make_rule(name=f"规则{number}"))
    assert queries() == one


def test_the_menu_leads_to_the_branch_pages(world: World, sign_in: SignIn) -> None:
    assert reverse("branch") in sign_in(world.county.organiser).get(reverse("trainings:index")).content.decode()


def test_an_organiser_of_two_counties_sees_both(world: World, elsewhere: Training, sign_in: SignIn) -> None:
    both = UserFactory(name="两县组织员")
    for node in (world.county.county, elsewhere.node):
        RoleGrantFactory(user=both, node=node, role=Role.ORGANISER)
    text = sign_in(both).get(reverse("trainings:index")).content.decode()
    assert "防汛避险" in text
    assert "白石培训" in text
