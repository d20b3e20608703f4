"""The pages of keys: made, shown once, looked at, ended; by each role."""

import pytest
from django.test import Client
from django.utils import timezone

from api.models import Token
from organizations.models import User
from tests.api.conftest import World, get
from tests.organizations.authenticator import prove

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
FORM = {"name": "县人事系统", "node": "QX.01.01", "node_text": "QX.01.01", "scopes": ["records", "hours"], "days": "30"}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return prove(client)


def test_made_shown_once_used_and_ended(world: World) -> None:
    client = browser(world.county.secretary)
    assert "没有能用的密钥" in client.get("/api/").content.decode()
    made = client.post("/api/tokens/new/", {**FORM, "node": ""}, follow=True)
    key = made.context["key"]
    assert key in made.content.decode()
    token = Token.objects.get()
    assert (token.node_id, token.scopes, (token.expires_at - token.made_at).days) == (
        world.county.branch.pk, ["records", "hours"], 30,
    )  # fmt: skip
    url = f"/api/tokens/{token.pk}/"
    assert key not in client.get(url).content.decode()
    assert get(key, f"trainings/{world.training.pk}/records").status_code == 200
    page = client.get("/api/").content.decode()
    assert "县人事系统" in page
    assert "最近使用" in page
    ended = client.post(url, follow=True).content.decode()
    assert "已停用" in ended
    assert "不能再用的" in ended
    assert get(key, "token").status_code == 401
    client.post(url)
    assert "停用马上生效" not in client.get(url).content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "请写明用途"), ({"node_text": ""}, "请选择组织"), ({"scopes": []}, "请至少选一项"),
        ({"days": ""}, "请写有效期"), ({"days": "x"}, "整数天"), ({"days": "0"}, "至少 1 天"),
        ({"days": "366"}, "最多 365 天"), ({"node_text": "QX.01.02"}, "没有这个组织"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_and_nothing_typed_is_lost(world: World, changed: dict[str, object], said: str) -> None:
    answer = browser(world.county.secretary).post("/api/tokens/new/", {**FORM, "node": "", **changed})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert ("县人事系统" in answer.content.decode()) is ("name" not in changed)
    assert not Token.objects.exists()


def test_what_is_not_ones_own_to_give_here_is_refused_with_reason(world: World) -> None:
    """An operator of the county who is secretary of one branch reads records there alone."""
    from tests.factories.organizations import RoleGrantFactory

    RoleGrantFactory(user=world.county.operator, node=world.county.branch, role="secretary")
    sent = {**FORM, "node": "", "node_text": "QX"}
    answer = browser(world.county.operator).post("/api/tokens/new/", sent)
    assert "您在这个组织不能读取" in answer.content.decode()


def test_whose_tokens_one_sees(world: World) -> None:
    county = world.county
    token, _key = world.token("records", maker=county.secretary, node=county.branch)
    url = f"/api/tokens/{token.pk}/"
    assert browser(county.operator).get(url).status_code == 200
    for other in (county.organiser, county.neighbour_secretary, county.member):
        assert browser(other).get(url).status_code == 404
        assert browser(other).post(url).status_code == 404
    assert browser(county.member).get("/api/").status_code == 404
    assert browser(county.operator).post(url).status_code == 302
    token.refresh_from_db()
    assert (token.ended_by, token.ended_because) == (county.operator, Token.Ended.WITHDRAWN)


def test_over_in_words(world: World) -> None:
    token, _key = world.token("counts", maker=world.county.organiser)
    Token.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    assert "已过期" in browser(world.county.organiser).get("/api/").content.decode()


def test_the_page_of_documentation_names_every_address_and_field(world: World) -> None:
    answer = browser(world.county.organiser).get("/api/docs/")
    said = answer.content.decode()
    schema = Client().get("/api/v1/openapi.json").json()
    assert len(schema["paths"]) == 11
    assert [path for path in schema["paths"] if f"GET {path}" not in said] == []
    assert "items[].counted_s: integer" in said


@pytest.mark.parametrize("url", ["/api/tokens/new/", "/api/webhooks/new/"])
def test_whoever_has_not_proved_themselves_for_long_makes_nothing_that_outlives_the_visit(
    world: World, url: str
) -> None:
    client = Client()
    client.force_login(world.county.organiser)
    for answer in (client.get(url), client.post(url, {**FORM, "node": ""})):
        assert answer["Location"].startswith("/accounts/factor/confirm/")
    assert not Token.objects.exists()
