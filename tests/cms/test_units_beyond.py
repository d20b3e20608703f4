"""A course whose draft names a unit that its editor may not choose: kept, and said, until another is chosen."""

from typing import Any

import pytest

from cms.models import CoursePage
from organizations.models import Role, User
from tests.cms.test_editor import EMPTY, Desk, desk
from tests.factories.organizations import RoleGrantFactory, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.pages, pytest.mark.django_db]
__all__ = ["desk"]
SAID = "不在您的范围内，是别人选的：不改就保留"


@pytest.fixture
def beyond(desk: Desk) -> Desk:
    """Whoever organises above has drafted that the course belongs to the neighbours."""
    above: User = UserFactory(name="县组织员")
    RoleGrantFactory(user=above, node=desk.world.county, role=Role.ORGANISER)
    desk.client.force_login(above)
    assert save(desk, node=desk.world.neighbour.pk).status_code == 302
    assert newest(desk).node == desk.world.neighbour
    assert SAID not in opened(desk).content.decode(), "whoever may choose it is told nothing"
    desk.client.force_login(desk.author)
    return desk


def address(desk: Desk) -> str:
    return f"/admin/pages/{desk.course.pk}/edit/"


def opened(desk: Desk) -> Any:
    return desk.client.get(address(desk))


def save(desk: Desk, **values: Any) -> Any:
    return desk.client.post(address(desk), {"title": "防汛", "intro": EMPTY, "cover": "", **values})


def newest(desk: Desk) -> Any:
    return CoursePage.objects.get(pk=desk.course.pk).get_latest_revision_as_object()


def test_it_is_shown_kept_and_explained(beyond: Desk) -> None:
    page = opened(beyond)
    neighbour = beyond.world.neighbour
    assert f"现在写的“{neighbour.name}”{SAID}" in page.content.decode()
    assert page.context["form"]["node"].value() == neighbour.pk
    assert f"{neighbour.code} {neighbour.name}" in str(page.context["form"]["node"])
    refused = save(beyond, title="", node=neighbour.pk, **{"action-publish": "1"})
    assert refused.status_code == 200
    assert SAID in refused.content.decode(), "said after a mistake, too"
    written = save(beyond, title="改了名", node=neighbour.pk, node_text=f"{neighbour.code} {neighbour.name}")
    assert written.status_code == 302
    assert (newest(beyond).title, newest(beyond).node) == ("改了名", neighbour)


def test_another_is_chosen_among_ones_own_alone_and_there_is_no_way_back(beyond: Desk) -> None:
    strange = save(beyond, node=beyond.world.county.pk)
    assert "没有这个组织，或者不在您的范围内" in strange.content.decode()
    assert save(beyond, node=beyond.world.branch.pk).status_code == 302
    assert newest(beyond).node == beyond.world.branch
    assert SAID not in opened(beyond).content.decode()
    assert "node" in save(beyond, node=beyond.world.neighbour.pk).context["form"].errors
