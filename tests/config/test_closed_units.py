"""A closed unit is offered nowhere for anything new; what was made for it keeps it."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from cms.operations import ensure_shelf
from organizations.models import Node
from tests.factories.attendance import RuleFactory, TrainingFactory
from tests.factories.organizations import NodeFactory, RoleGrantFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
CLOSED, OPEN = "已经撤销的支部", "还开着的支部"


@pytest.mark.parametrize(
    "url",
    [
        "/admin/trainings/new/",
        "/admin/live/schedule/add/",
        "/admin/course-runs/new/",
        "/admin/pages/add/cms/coursepage/{shelf}/",
    ],
)
def test_what_is_closed_is_not_offered(client: Client, url: str) -> None:
    """Finding: secretary 10."""
    world = make_county()
    NodeFactory(parent=world.county, name=OPEN)
    NodeFactory(parent=world.county, name=CLOSED, closed_date=timezone.localdate())
    RuleFactory()
    client.force_login(world.organiser)
    page = client.get(url.format(shelf=ensure_shelf().pk))
    assert page.status_code == 200, url
    listed = re.search(r'data-url="(/units/choose.json\?for=[a-z]+)"', page.content.decode())
    assert listed is not None
    below = client.get(listed.group(1), {"at": world.county.pk, "for": listed.group(1).rpartition("=")[2]})
    offered = [one["name"] for one in below.json()["units"]]
    assert any(OPEN in name for name in offered)
    assert not any(CLOSED in name for name in offered)


def test_a_training_of_a_closed_unit_is_still_saved(client: Client) -> None:
    closed: Node = NodeFactory(name=CLOSED)
    training = TrainingFactory(node=closed)
    organiser = RoleGrantFactory(node=closed, role="organiser").user
    Node.objects.filter(pk=closed.pk).update(closed_date=timezone.localdate())
    client.force_login(organiser)
    page = client.get(f"/admin/trainings/edit/{training.pk}/")
    assert page.status_code == 200
    assert CLOSED in page.content.decode()
