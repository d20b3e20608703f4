"""The operator's pages: a platform is set up, checked, changed, withdrawn, taken back and deleted."""

from typing import Any
from urllib.parse import urlencode

import pytest
from auditlog.models import LogEntry
from django.test import Client
from django.utils import timezone

from lti.models import Platform
from lti.operations.platforms import make_platform, switch
from lti.queries import platforms
from organizations.account_ways import account_way_name, account_ways
from organizations.models import AccountLink
from tests.lti.conftest import World, values
from tests.lti.test_launch import text
from tests.organizations.authenticator import prove

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def page(client: Client, world: World) -> Client:
    client.force_login(world.county.operator)
    return prove(client)


def sent(world: World, **changed: Any) -> dict[str, Any]:
    made = {**values(world.there), "deployments": "1\n2", **changed}
    return {name: value for name, value in made.items() if value is not False}


def test_a_platform_from_the_first_day_to_the_last(page: Client, world: World) -> None:
    answer = page.post("/lti/platforms/new/", sent(world, client_id="tool-9", name="新平台"))
    one = Platform.objects.get(client_id="tool-9")
    at = f"/lti/platforms/{one.pk}/"
    assert answer["Location"] == at
    assert one.deployments == ["1", "2"]
    assert "新平台" in text(page.get("/lti/platforms/"))
    person = f"/people/{world.county.member.pk}/"
    assert f"{person}account/" in text(page.get(person))  # it is a way in also where no other is set up
    assert "有 1 把" in text(page.post(at, {"do": "check"}, follow=True))
    world.there.says("keys away")
    assert "公钥取不到" in text(page.post(at, {"do": "check"}, follow=True))
    assert 'value="tool-9"' in text(page.get(f"{at}change/"))
    page.post(f"{at}change/", sent(world, client_id="tool-10", name="改名", trusts_phone="on"))
    one.refresh_from_db()
    assert (one.client_id, one.name, one.trusts_phone) == ("tool-10", "改名", True)
    assert "请先停用" in text(page.post(at, {"do": "delete"}, follow=True))
    page.post(at, {"do": "off"})
    page.post(at, {"do": "off"})
    one.refresh_from_db()
    assert one.off_at is not None
    assert "已停用" in text(page.get(at))
    page.post(at, {"do": "on"})
    one.refresh_from_db()
    assert one.off_at is None
    page.post(at, {"do": "off"})
    assert page.post(at, {"do": "delete"})["Location"] == "/lti/platforms/"
    assert page.get(at).status_code == 404
    told = LogEntry.objects.filter(content_type__app_label="lti", object_id=one.pk)
    assert told.count() == 6
    assert set(told.values_list("actor_id", flat=True)) == {world.county.operator.pk}


def test_one_that_people_come_in_by_keeps_what_says_who_they_are_and_is_not_deleted(page: Client, world: World) -> None:
    at = f"/lti/platforms/{world.platform.pk}/"
    for changed in ({"issuer": "https://evil.example"}, {"client_id": "another"}):
        answer = page.post(f"{at}change/", sent(world, **changed))
        assert answer.status_code == 422
        assert "已经有人用它登录" in text(answer)
    for _ in range(2):  # the second time nothing is another
        assert page.post(f"{at}change/", sent(world, name="改名")).status_code == 302
    page.post(at, {"do": "off"})
    assert "还有 1 个人" in text(page.post(at, {"do": "delete"}, follow=True))
    assert Platform.objects.filter(pk=world.platform.pk).exists()
    assert AccountLink.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "请写学习平台的名称"), ("name", "长" * 21, "最多 20 个字"), ("issuer", "", "请写平台标识"),
        ("issuer", "https://学习.example", "从学习平台的页面上复制"), ("client_id", "", "请写客户端编号"),
        ("client_id", "a b", "从学习平台的页面上复制"), ("deployments", " \n ", "请写部署编号"),
        ("deployments", "\n".join(str(n) for n in range(21)), "最多 20 个"), ("deployments", "一", "不认识的字"),
        ("authorize_url", "", "请写登录认证地址"), ("authorize_url", "http://moodle.example/", "https:// 开头"),
        ("authorize_url", "https://a:b@moodle.example/", "https:// 开头"), ("keyset_url", "", "请写公钥地址"),
        ("keyset_url", "ftp://x", "https:// 开头"), ("keyset_url", "https://moodle.example/#a", "不要有"),
        ("keyset_url", "https://[x", "https:// 开头"),
    ],
)  # fmt: skip
def test_each_mistake_is_said_and_what_was_typed_stays(
    page: Client, world: World, field: str, value: str, says: str
) -> None:
    changed = {"client_id": "tool-11", field: value}
    answer = page.post("/lti/platforms/new/", sent(world, **changed))
    assert answer.status_code == 422
    assert says in text(answer)
    assert f'value="{world.there.url}/auth"' in text(answer) or field == "authorize_url"
    assert Platform.objects.count() == 1


def test_the_same_twice_is_one(page: Client, world: World) -> None:
    answer = page.post("/lti/platforms/new/", sent(world))
    assert answer.status_code == 422
    assert "已经登记过了" in text(answer)
    page.post("/lti/platforms/new/", sent(world, client_id="tool-12"))
    other = Platform.objects.get(client_id="tool-12")
    assert "已经登记过了" in text(page.post(f"/lti/platforms/{other.pk}/change/", sent(world)))


def test_a_site_without_https_is_told_so(page: Client, world: World, settings: Any) -> None:
    settings.SITE_URL = "http://classroom.example.org"
    assert "还没有 https" in text(page.post("/lti/platforms/new/", sent(world, client_id="tool-13")))


def test_its_accounts_are_linked_on_a_persons_page_while_it_is_on(page: Client, world: World) -> None:
    way, person = world.platform.way, world.county.members[1]
    at = f"/people/{person.pk}/account/"
    assert f'value="{way}"' in text(page.get(at))
    page.post(at, {"provider": way, "external_id": "77"})
    assert AccountLink.objects.get(member=person).external_id == "77"
    assert world.platform.name in text(page.get(f"/people/{person.pk}/"))
    assert (way, world.platform.name) in account_ways()
    page.post(f"/lti/platforms/{world.platform.pk}/", {"do": "off"})
    assert page.get(at).status_code == 404
    assert account_way_name(way) == world.platform.name
    assert account_way_name("lti-999") == "lti-999"


def test_whoever_believes_a_platform_proves_themselves_first(client: Client, world: World) -> None:
    client.force_login(world.county.operator)
    at = f"/lti/platforms/{world.platform.pk}/"
    for url in ("/lti/platforms/new/", f"{at}change/"):
        for answer in (client.get(url), client.post(url, sent(world, client_id="tool-14"))):
            assert answer.status_code == 302
            assert answer["Location"] == f"/accounts/factor/confirm/?{urlencode({'next': url})}"
    assert Platform.objects.get().client_id != "tool-14"
    # To take a way in away nobody has to find their phone first.
    assert client.post(at, {"do": "off"})["Location"] == at
    assert client.post(at, {"do": "on"})["Location"] == f"/accounts/factor/confirm/?{urlencode({'next': at})}"
    assert Platform.objects.get().off_at is not None
    assert client.get(at).status_code == 200
    assert prove(client).post(at, {"do": "on"})["Location"] == at
    assert Platform.objects.get().off_at is None


def test_what_is_off_stands_last(world: World) -> None:
    more = [
        make_platform(
            maker=world.county.operator, as_of=timezone.now(), **values(world.there, client_id=f"order-{number}")
        )
        for number in range(2)
    ]
    switch(platform_id=more[1].pk, on=False, actor_id=world.county.operator.pk, as_of=timezone.now())
    assert [one.pk for one in platforms()] == [more[0].pk, world.platform.pk, more[1].pk]


def test_the_operator_of_a_part_and_others_have_no_such_pages(client: Client, world: World) -> None:
    for person in (world.county.organiser, world.county.member):
        client.force_login(person)
        for at in ("", "new/", f"{world.platform.pk}/", f"{world.platform.pk}/change/"):
            assert client.get(f"/lti/platforms/{at}").status_code == 404


def test_a_list_costs_the_same_for_one_and_for_three(
    page: Client, world: World, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    page.get("/lti/platforms/")
    with CaptureQueriesContext(connection) as one:
        page.get("/lti/platforms/")
    for number in (1, 2):
        page.post("/lti/platforms/new/", sent(world, client_id=f"more-{number}"))
    page.get("/lti/platforms/")
    with CaptureQueriesContext(connection) as three:
        page.get("/lti/platforms/")
    assert len(one) == len(three)
