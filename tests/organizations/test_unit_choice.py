"""The choice of a unit: what a page sends means one unit of one's own, and the list opens only those."""

from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from organizations.models import Node, Role, User
from organizations.unit_choice import ORGANISE, UnitChoice, choose_unit
from organizations.views import picking
from organizations.views.picking import MOST
from tests.factories.organizations import County, NodeFactory, RoleGrantFactory, UserFactory, make_county

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
URL = "/units/choose.json"


class OneUnit(forms.Form):
    node = forms.ModelChoiceField(Node.objects.none(), label="对象", help_text="给谁")

    def __init__(self, *args: Any, nodes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice = choose_unit(self, "node", nodes, scope=ORGANISE, empty="写代码")


def sent(nodes: Any, **data: Any) -> OneUnit:
    return OneUnit(data, nodes=nodes, initial={"node": data.pop("was", None)})


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    def signed(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed


def test_a_unit_is_meant_by_its_key_its_code_or_its_name(world: County) -> None:
    every, branch = Node.objects.all(), world.branch
    for data in (
        {"node": branch.pk},
        {"node": branch.pk, "node_text": "QX.01.01 东风村第一支部"},
        {"node": world.neighbour.pk, "node_text": "QX.01.01 东风村第一支部"},  # typed after it was chosen
        {"node": "", "node_text": " QX.01.01 "},
        {"node": "", "node_text": "qx.01.01"},
        {"node": "9" * 40, "node_text": "东风村第一支部"},
    ):
        form = sent(every, **data)
        assert form.is_valid(), (data, form.errors)
        assert form.cleaned_data["node"] == branch


def test_what_means_none_or_several_is_said_and_stays(world: County) -> None:
    NodeFactory(parent=world.county, name="东风村第一支部", code="QX.09")
    every = Node.objects.all()
    several = sent(every, node="", node_text="东风村第一支部")
    assert "QX.01.01 永安镇 / 东风村第一支部" in several.errors["node"][0]
    assert 'value="东风村第一支部"' in str(several["node"])
    assert "没有这个组织" in sent(every, node="", node_text="没有的村").errors["node"][0]
    part = sent(every, node="", node_text="第一支部").errors["node"][0]  # never guessed, whatever it is a part of
    assert "是下面的哪一个，请写代码：" in part
    assert "QX.01.01 永安镇 / 东风村第一支部" in part
    assert "范围" in sent(every.filter(pk=world.branch.pk), node=world.county.pk).errors["node"][0]
    assert "范围" in sent(every, node="9" * 40).errors["node"][0]
    assert "node" in sent(every, node="", node_text="  ").errors
    foreign = sent(every.filter(pk=world.branch.pk), node=world.county.pk, node_text="QX 青溪县")
    assert "没有这个组织" in foreign.errors["node"][0]


def test_the_stored_unit_is_shown_and_is_no_change(world: County) -> None:
    every = Node.objects.all()
    form = OneUnit(nodes=every, initial={"node": world.branch.pk})
    shown = str(form["node"])
    assert 'value="QX.01.01 东风村第一支部"' in shown
    assert f'name="node" value="{world.branch.pk}"' in shown
    assert "<option" not in shown
    assert 'value=""' in str(OneUnit(nodes=every, initial={"node": "x"})["node"])
    assert 'value=""' in str(OneUnit(nodes=every, initial={"node": 10**9})["node"])
    assert not sent(every, node=world.branch.pk, node_text="QX.01.01 东风村第一支部", was=world.branch.pk).has_changed()
    assert sent(every, node="", node_text="QX.01.02", was=world.branch.pk).has_changed()
    assert sent(every, node="", node_text="无", was=world.branch.pk).has_changed()
    form.choice.disabled = True
    assert not form.choice.has_changed(world.branch.pk, "9")
    assert UnitChoice(every, scope=ORGANISE).help_text


def get(client: Client, **asked: Any) -> Any:
    answer = client.get(URL, {"for": ORGANISE, **asked})
    assert answer.status_code == 200
    return answer.json()


def names(found: Any) -> list[str]:
    return [one["name"] for one in found["units"]]


def test_the_tree_opens_level_by_level_and_no_further_than_ones_own(
    world: County, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(world.organiser)
    NodeFactory(parent=world.county, name="撤销的镇", closed_date=timezone.localdate())
    top = get(client)
    assert (names(top), top["line"], top["owner"], top["more"]) == (["青溪县"], [], world.organiser.pk, False)
    assert names(get(client, at=world.county.pk)) == ["永安镇"]
    below = get(client, at=world.township.pk)
    assert names(below) == ["东风村第一支部", "东风村第二支部"]
    assert [one["name"] for one in below["line"]] == ["青溪县", "永安镇"]
    own = UserFactory()
    RoleGrantFactory(user=own, node=world.branch, role=Role.ORGANISER)
    client = sign_in(own)
    assert names(get(client)) == ["东风村第一支部"]
    assert names(get(client, q="东风")) == ["东风村第一支部"]
    for wrong in ({"at": world.neighbour.pk}, {"at": "x"}, {"at": "9" * 30}, {"for": "other"}):
        assert client.get(URL, {"for": ORGANISE, **wrong}).status_code == 404
    assert client.get(URL, {"for": "manage"}).json()["units"] == []
    assert sign_in(world.secretary).get(URL, {"for": ORGANISE}).status_code == 404


def test_a_search_reads_names_codes_and_initials(
    world: County, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(world.organiser)
    found = get(client, q="第一支部")
    assert [(one["name"], one["where"]) for one in found["units"]] == [("东风村第一支部", "青溪县 / 永安镇")]
    assert names(get(client, q="qx.01.02")) == ["东风村第二支部"]
    assert names(get(client, q="yaz")) == ["永安镇"]
    assert names(get(client, q="没有\x00的")) == []
    for number in range(MOST + 1):
        NodeFactory(parent=world.county, name=f"柳树村{number}")
    monkeypatch.setattr(picking, "MOST_IN_LEVEL", MOST)
    level = get(client, at=world.county.pk)
    assert (len(level["units"]), level["more"]) == (MOST, True)
    many = get(client, q="柳树")
    assert (len(many["units"]), many["more"]) == (MOST, True)


def test_a_superuser_opens_the_whole_tree(world: County, sign_in: Callable[[User], Client]) -> None:
    root = UserFactory(is_superuser=True)
    RoleGrantFactory(user=root, node=world.branch, role=Role.LECTURER)
    assert names(get(sign_in(root))) == ["青溪县"]


def test_an_opening_asks_three_questions_whatever_the_tree(
    world: County, sign_in: Callable[[User], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(world.organiser)
    get(client)
    for asked in ({}, {"at": world.township.pk}, {"q": "支部"}):
        with django_assert_max_num_queries(6):  # session, person and roles before the three
            get(client, **asked)
