"""Signing in by an account of elsewhere, against an OpenID provider that speaks real HTTP in a process of its own."""

import html
import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from config import account_settings
from organizations import operations as do
from organizations.elsewhere.oidc import OidcAdapter, is_safe
from organizations.models import AccessEntry, AccountLink, EndedAccount, Left, User
from organizations.operations.accounts import UnableToLinkAccount, allow_account, end_account_link, link_account
from organizations.queries import phone_of
from tests.factories.organizations import County, UserFactory, make_county
from tests.organizations.authenticator import prove
from tests.organizations.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, provider
from tests.organizations.sms_gateway import closed_port

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
START, BACK = "/accounts/with/oidc/", "/accounts/with/oidc/callback/"
NAME = "青溪县统一认证"


@pytest.fixture(scope="module")
def oidc() -> Iterator[Provider]:
    with provider() as one:
        yield one


@pytest.fixture
def world() -> County:
    return make_county()


def set_up(settings: Any, monkeypatch: pytest.MonkeyPatch, **keys: str) -> None:
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    settings.SITE_URL = "http://127.0.0.1"
    settings.ACCOUNT_WAYS = account_settings.read(settings.SITE_URL)
    for name, value in account_settings.of_allauth(settings.ACCOUNT_WAYS).items():
        setattr(settings, name, value)


@pytest.fixture(autouse=True)
def ways(settings: Any, monkeypatch: pytest.MonkeyPatch, oidc: Provider) -> None:
    oidc.goes_wrong()
    oidc.asked()
    set_up(
        settings, monkeypatch, OIDC_NAME=NAME, OIDC_SERVER=oidc.url, OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET, OIDC_TRUSTS_PHONE="1",
    )  # fmt: skip


def who(client: Client) -> str | None:
    found = client.session.get("_auth_user_id")
    return None if found is None else str(found)


def leave(client: Client, **data: str) -> str:
    """Press the button on the sign-in page and return the address that the page leads to."""
    page = client.post(START, data)
    assert page.status_code == 200, page.content.decode()
    text = page.content.decode()
    address = html.unescape(re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', text)[1])
    assert html.unescape(re.search(r'class="btn" href="([^"]+)"', text)[1]) == address
    assert NAME in text
    return address


def come_back(client: Client, oidc: Provider, sub: str, **data: str) -> Any:
    back = urlsplit(oidc.visit(leave(client, **data), sub=sub))
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"http://127.0.0.1{BACK}"
    return client.get(f"{back.path}?{back.query}")


def national(person: User) -> str:
    return phone_of(person).removeprefix("+86")


# --- who comes in -----------------------------------------------------------------------------------------------------
def test_a_verified_number_lets_its_person_in_and_links_the_account(
    client: Client, world: County, oidc: Provider
) -> None:
    page = client.get("/accounts/login/?next=/me/").content.decode()
    assert f"用{NAME}登录" in page
    assert f'action="{START}"' in page
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True, name="别的名字")
    people = User.objects.count()
    answer = come_back(client, oidc, "zhang", next="/me/")
    assert (answer.status_code, answer["Location"]) == (302, "/me/")
    assert who(client) == str(world.member.pk)
    link = AccountLink.objects.get()
    assert (link.member, link.provider, link.external_id, link.made_by) == (world.member, "oidc", "zhang", None)
    assert link.used_at == link.made_at
    assert User.objects.count() == people
    assert User.objects.get(pk=world.member.pk).name == world.member.name
    entry = AccessEntry.objects.get(what="account_linked")
    assert (entry.reader, entry.subject, entry.title) == (world.member, world.member, NAME)
    went, token = oidc.asked()[-2:]
    assert set(went["scope"].split()) == {"openid", "phone"}
    assert went["redirect_uri"] == f"http://127.0.0.1{BACK}"
    assert len(went["state"]) >= 16
    assert len(token["code_verifier"]) >= 43


def test_nothing_of_what_was_told_is_stored(client: Client, world: County, oidc: Provider) -> None:
    from allauth.socialaccount.models import SocialAccount, SocialToken

    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    come_back(client, oidc, "zhang")
    assert (SocialAccount.objects.count(), SocialToken.objects.count()) == (0, 0)
    held = repr(dict(client.session.items()))
    assert national(world.member) not in held
    assert "access_token" not in held


def test_the_second_time_the_account_alone_is_enough(client: Client, world: County, oidc: Provider) -> None:
    link_account(member_id=world.member.pk, provider="oidc", external_id="zhang", as_of=timezone.now())
    oidc.knows("zhang", name="没有手机号")
    assert come_back(client, oidc, "zhang").status_code == 302
    assert who(client) == str(world.member.pk)
    assert AccountLink.objects.get().used_at is not None


def test_a_number_that_the_roster_does_not_know_is_no_matter_where_an_operator_linked_the_account(
    client: Client, world: County, oidc: Provider
) -> None:
    link_account(
        member_id=world.member.pk, provider="oidc", external_id="zhang", as_of=timezone.now(),
        actor_id=world.operator.pk,
    )  # fmt: skip
    oidc.knows("zhang", phone_number="+8613900009999", phone_number_verified=True)
    come_back(client, oidc, "zhang")
    assert who(client) == str(world.member.pk)


def test_a_name_that_went_to_a_new_colleague_opens_nobodys_account(
    client: Client, world: County, oidc: Provider
) -> None:
    """Linked by the number of its first owner; the provider gave its name to somebody new, whom nobody here knows."""
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    come_back(Client(), oidc, "zhang")
    before = list(AccountLink.objects.values())
    oidc.knows("zhang", phone_number="+8613900009999", phone_number_verified=True)
    answer = come_back(client, oidc, "zhang")
    assert answer.status_code == 409
    assert "与名册上登记的不一样" in answer.content.decode()
    assert (who(client), list(AccountLink.objects.values())) == (None, before)
    do.set_phone(member_id=world.member.pk, phone="13900009999")  # it is the first owner after all, who moved
    come_back(client, oidc, "zhang")
    assert who(client) == str(world.member.pk)


@pytest.mark.parametrize("verified", [False, None, "yes", 1.5, "false", [True]])
def test_a_number_that_is_not_called_verified_is_nobodys(
    client: Client, world: County, oidc: Provider, verified: Any
) -> None:
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=verified)
    answer = come_back(client, oidc, "zhang")
    assert answer.status_code == 403
    assert "名册上没有找到您" in answer.content.decode()
    assert (who(client), AccountLink.objects.count()) == (None, 0)


def test_a_provider_that_is_not_trusted_is_not_asked_for_numbers(
    client: Client, world: County, oidc: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(settings, monkeypatch, OIDC_TRUSTS_PHONE="0")
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    assert come_back(client, oidc, "zhang").status_code == 403
    assert AccountLink.objects.count() == 0


def test_an_account_of_nobody_gets_a_page_with_whom_to_call(
    client: Client, world: County, oidc: Provider, settings: Any
) -> None:
    settings.HELP_PHONE = "0571-88880000"
    oidc.knows("stranger-7", phone_number="+8613900009999", phone_number_verified=True)
    answer = come_back(client, oidc, "stranger-7")
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "stranger-7" in text
    assert "0571-88880000" in text
    assert "13900009999" not in text
    assert (who(client), AccountLink.objects.count()) == (None, 0)


def test_two_accounts_are_one_person(client: Client, world: County, oidc: Provider) -> None:
    link_account(member_id=world.member.pk, provider="wecom", external_id="w1", as_of=timezone.now())
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    come_back(client, oidc, "zhang")
    assert who(client) == str(world.member.pk)
    assert list(AccountLink.objects.order_by("provider").values_list("member", "provider")) == [
        (world.member.pk, "oidc"),
        (world.member.pk, "wecom"),
    ]


# --- who does not -----------------------------------------------------------------------------------------------------
def test_somebody_elses_number_changes_nothing(client: Client, world: County, oidc: Provider) -> None:
    """The provider moved the number: its account is linked to one person, the number is another's here."""
    link_account(member_id=world.member.pk, provider="oidc", external_id="zhang", as_of=timezone.now())
    before = list(AccountLink.objects.values())
    oidc.knows("zhang", phone_number=phone_of(world.neighbour_member), phone_number_verified=True)
    answer = come_back(client, oidc, "zhang")
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "是另一个人的" in text
    assert world.neighbour_member.name not in text
    assert (who(client), list(AccountLink.objects.values())) == (None, before)


def test_a_number_of_somebody_with_another_account_there_changes_nothing(
    client: Client, world: County, oidc: Provider
) -> None:
    """The number went to a new colleague, and the roster has not heard of it."""
    link_account(member_id=world.member.pk, provider="oidc", external_id="old", as_of=timezone.now())
    oidc.knows("new", phone_number=phone_of(world.member), phone_number_verified=True)
    answer = come_back(client, oidc, "new")
    assert answer.status_code == 409
    assert "已经绑定了另一个" in answer.content.decode()
    assert (who(client), AccountLink.objects.get().external_id) == (None, "old")


@pytest.mark.parametrize("is_linked", [True, False])
def test_whoever_left_stays_outside(client: Client, world: County, oidc: Provider, is_linked: bool) -> None:
    if is_linked:
        link_account(member_id=world.member.pk, provider="oidc", external_id="zhang", as_of=timezone.now())
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    User.objects.filter(pk=world.member.pk).update(is_active=False)
    answer = come_back(client, oidc, "zhang")
    assert answer.status_code == 403
    assert "已停用" in answer.content.decode()
    assert who(client) is None
    assert AccountLink.objects.count() == int(is_linked)


def test_leaving_and_coming_back(client: Client, world: County, oidc: Provider) -> None:
    link_account(member_id=world.member.pk, provider="oidc", external_id="zhang", as_of=timezone.now())
    oidc.knows("zhang")
    today, now = timezone.localdate(), timezone.now()
    do.end_membership(
        member_id=world.member.pk, because=Left.TRANSFERRED, on_date=today, as_of=now, actor_id=world.operator.pk
    )
    assert come_back(client, oidc, "zhang").status_code == 403
    do.take_back(
        member_id=world.member.pk, node_id=world.branch.pk, on_date=today, phone="", as_of=now,
        actor_id=world.operator.pk,
    )  # fmt: skip
    assert come_back(client, oidc, "zhang").status_code == 302
    assert who(client) == str(world.member.pk)


# --- what goes wrong on the way ---------------------------------------------------------------------------------------
def test_somebody_who_does_not_agree(client: Client, oidc: Provider) -> None:
    back = urlsplit(oidc.visit(leave(client), sub="zhang", agrees=False))
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    answer = client.get(f"{BACK}?{back.query}&state={state}")
    assert answer.status_code == 403
    assert "没有同意" in answer.content.decode()
    assert who(client) is None


def test_an_answer_is_good_once(client: Client, world: County, oidc: Provider) -> None:
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    back = urlsplit(oidc.visit(leave(client), sub="zhang"))
    assert client.get(f"{BACK}?{back.query}").status_code == 302
    again = client.get(f"{BACK}?{back.query}")
    assert again.status_code == 400
    assert "已经用过" in again.content.decode()
    assert "您已经登录" in again.content.decode()
    assert who(client) == str(world.member.pk)


def test_an_answer_that_another_browser_asked_for_is_nobodys(client: Client, world: County, oidc: Provider) -> None:
    """Login CSRF: an attacker's own answer, put before somebody else."""
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    back = urlsplit(oidc.visit(leave(Client()), sub="zhang"))
    answer = client.get(f"{BACK}?{back.query}")
    assert (answer.status_code, who(client), AccountLink.objects.count()) == (400, None, 0)


def test_an_answer_after_ten_minutes_is_over(client: Client, oidc: Provider, time_machine: Any) -> None:
    time_machine.move_to("2026-11-28 10:00:00+08:00", tick=False)
    back = urlsplit(oidc.visit(leave(client), sub="zhang"))
    time_machine.move_to("2026-11-28 10:10:01+08:00", tick=False)
    answer = client.get(f"{BACK}?{back.query}")
    assert answer.status_code == 400
    assert "过时" in answer.content.decode()


@pytest.mark.parametrize("query", ["", "?code=1", "?state=x", "?state=x&code=1", "?error=access_denied", "?code=%00"])
def test_an_answer_that_nobody_asked_for(client: Client, query: str) -> None:
    answer = client.get(BACK + query)
    assert (answer.status_code, who(client)) == (400, None)


def test_a_code_that_is_none(client: Client, oidc: Provider) -> None:
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    answer = client.get(BACK, {"state": state, "code": "made-up"})
    assert answer.status_code == 502
    assert "看不懂" in answer.content.decode()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ("others signature", 502),
        ("unsigned", 502),
        ("others audience", 502),
        ("others issuer", 502),
        ("others azp", 502),
        ("old", 502),
        ("no id_token", 502),
        ("others userinfo", 502),
        ("others nonce", 502),
        ("null nonce", 502),
        ("no nonce", 502),
        ("moved /userinfo", 502),
        ("moved /jwks", 502),
        ("moved /oauth2/token", 502),
        ("moved /.well-known/openid-configuration", 502),
        ("long sub", 502),
        ("down /userinfo", 503),
        ("silly /userinfo", 502),
        ("list /userinfo", 502),
        ("down /jwks", 503),
        ("list /jwks", 502),
        ("strange /jwks", 502),
        ("down /oauth2/token", 502),
        ("silly /oauth2/token", 502),
        ("down /.well-known/openid-configuration", 503),
        ("list /.well-known/openid-configuration", 502),
    ],
)
def test_an_answer_that_proves_nothing(
    client: Client, world: County, oidc: Provider, wrong: str, status: int, caplog: Any
) -> None:
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    back = urlsplit(oidc.visit(leave(client), sub="zhang"))
    oidc.goes_wrong(wrong)
    answer = client.get(f"{BACK}?{back.query}")
    text = answer.content.decode()
    assert answer.status_code == status, text
    assert ("连不上" if status == 503 else "看不懂") in text
    assert (who(client), AccountLink.objects.count()) == (None, 0)
    assert "access_token" not in caplog.text
    assert parse_qs(back.query)["code"][0] not in caplog.text


def test_each_sign_in_has_its_own_nonce(client: Client, oidc: Provider) -> None:
    asked = [parse_qs(urlsplit(leave(client)).query) for _ in range(2)]
    nonces = {one["nonce"][0] for one in asked}
    assert len(nonces) == 2
    assert min(map(len, nonces)) >= 43
    assert not nonces & {one["code_challenge"][0] for one in asked}


def test_an_id_token_of_another_sign_in_of_the_same_person(
    client: Client, world: County, oidc: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed, in time, for this site and this person: all but the nonce is right."""
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    told: list[str] = []
    decode = OidcAdapter._decode_id_token

    def keeps(self: OidcAdapter, app: Any, id_token: str) -> dict[str, Any]:
        told.append(id_token)
        return decode(self, app, told[0])

    monkeypatch.setattr(OidcAdapter, "_decode_id_token", keeps)
    assert come_back(Client(), oidc, "zhang").status_code == 302
    assert come_back(client, oidc, "zhang").status_code == 502
    assert (who(client), len(told)) == (None, 2)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://id.example.cn/token", True),
        ("http://127.0.0.1:8080/token", True),
        ("http://localhost/token", True),
        ("http://id.example.cn/token", False),
        ("http://127.0.0.1.example.cn/token", False),
        ("http://127.0.0.1@example.cn/token", False),
        ("https:///token", False),
        ("ftp://127.0.0.1/token", False),
    ],
)
def test_where_a_token_may_travel(address: str, safe: bool) -> None:
    assert is_safe(address) is safe


def test_a_provider_on_this_machine_names_no_other_by_http(
    client: Client, oidc: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = requests.Response.json

    def elsewhere(self: requests.Response, **kwargs: Any) -> Any:
        found = read(self, **kwargs)
        return {**found, "token_endpoint": "http://id.example.cn/token"} if "token_endpoint" in found else found

    monkeypatch.setattr(requests.Response, "json", elsewhere)
    assert client.post(START).status_code == 502


@pytest.mark.parametrize("wrong", ["down", "silly", "list"])
def test_a_provider_that_is_away_before_anything_begins(client: Client, oidc: Provider, wrong: str) -> None:
    oidc.goes_wrong(f"{wrong} /.well-known/openid-configuration")
    answer = client.post(START)
    assert answer.status_code == (503 if wrong == "down" else 502)
    assert NAME in answer.content.decode()


def test_nobody_answers_at_all(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(settings, monkeypatch, OIDC_SERVER=f"http://127.0.0.1:{closed_port()}")
    answer = client.post(START)
    assert answer.status_code == 503
    assert "过几分钟再试" in answer.content.decode()


# --- the door itself --------------------------------------------------------------------------------------------------
def test_only_a_form_of_ours_begins(oidc: Provider) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.get(START).status_code == 405
    assert client.post(START).status_code == 403
    page = client.get("/accounts/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    assert client.post(START, {"csrfmiddlewaretoken": token}).status_code == 200
    assert Client().post(BACK).status_code == 405


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_it_leads_to_no_other_site(client: Client, world: County, oidc: Provider, target: str) -> None:
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    answer = come_back(client, oidc, "zhang", next=target)
    assert answer["Location"] == "/"


def test_what_the_address_asks_for_is_not_passed_on(client: Client, oidc: Provider) -> None:
    page = client.post(f"{START}?scope=admin&auth_params=prompt%3Dnone&process=connect", {"process": "connect"})
    address = html.unescape(re.search(r"content=\"0;url=([^\"]+)", page.content.decode())[1])
    asked = parse_qs(urlsplit(address).query)
    assert set(asked["scope"][0].split()) == {"openid", "phone"}
    assert "prompt" not in asked
    assert not requests.get(address, timeout=10).history


def test_the_host_that_was_asked_is_not_believed(client: Client, settings: Any, oidc: Provider) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    page = client.post(START, headers={"host": "evil.example"}).content.decode()
    assert "evil.example" not in html.unescape(re.search(r"content=\"0;url=([^\"]+)", page)[1])


@pytest.mark.parametrize("path", ["wecom/", "openid_connect/", "nothing/"])
def test_a_provider_that_is_not_set_up_is_not_there(client: Client, path: str) -> None:
    assert client.post(f"/accounts/with/{path}").status_code == 404
    assert client.get(f"/accounts/with/{path}callback/").status_code == 404


def test_without_providers_there_are_no_buttons(client: Client, settings: Any) -> None:
    settings.ACCOUNT_WAYS = []
    assert "/accounts/with/" not in client.get("/accounts/login/").content.decode()


def test_somebody_else_on_the_same_phone(client: Client, world: County, oidc: Provider) -> None:
    client.force_login(world.secretary)
    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    key = client.session.session_key
    come_back(client, oidc, "zhang")
    assert who(client) == str(world.member.pk)
    assert client.session.session_key != key


def test_too_many_visits_from_one_address(client: Client, settings: Any, oidc: Provider) -> None:
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "account": {"address": [(2, 600)]}}
    for _ in range(2):
        leave(client)
    answer = client.post(START, follow=True)
    assert "登录的人太多" in answer.content.decode()


# --- one's own page ---------------------------------------------------------------------------------------------------
def test_oneself_sees_and_ends_a_link(client: Client, world: County, oidc: Provider) -> None:
    link = link_account(
        member_id=world.member.pk,
        provider="oidc",
        external_id="zhang",
        as_of=timezone.now(),
        actor_id=world.operator.pk,
    )
    others = link_account(member_id=world.neighbour_member.pk, provider="oidc", external_id="li", as_of=timezone.now())
    client.force_login(world.member)
    assert "/me/sign-in/" in client.get("/me/").content.decode()
    page = client.get("/me/sign-in/").content.decode()
    assert (NAME in page, "zhang" in page, ">li<" in page) == (True, True, False)
    for wrong in (str(others.pk), "", "x", "9" * 30, "²"):
        assert client.post("/me/sign-in/", {"link": wrong}).status_code == 302
    assert AccountLink.objects.count() == 2
    done = client.post("/me/sign-in/", {"link": str(link.pk)}, follow=True).content.decode()
    assert "已解除" in done
    assert list(AccountLink.objects.all()) == [others]
    assert AccessEntry.objects.get(what="account_ended").subject == world.member
    assert end_account_link(link_id=link.pk, member_id=world.member.pk, as_of=timezone.now()) is None
    told = client.get("/me/access/").content.decode()
    assert f"绑定了可以登录您账号的一个账号（{NAME}）" in told


def test_what_oneself_ended_is_linked_by_a_number_only_once_one_allows_it(
    client: Client, world: County, oidc: Provider
) -> None:
    """An account that the provider gave to somebody else, or that one no longer wants, must not come back by itself."""
    member = world.member
    oidc.knows("zhang", phone_number=phone_of(member), phone_number_verified=True)
    come_back(client, oidc, "zhang")
    client.post("/me/sign-in/", {"link": str(AccountLink.objects.get().pk)})
    for account in ("zhang", "another"):
        oidc.knows(account, phone_number=phone_of(member), phone_number_verified=True)
        answer = come_back(Client(), oidc, account)
        assert (answer.status_code, "这个账号解除过" in answer.content.decode()) == (403, True)
    assert not AccountLink.objects.exists()
    ended = EndedAccount.objects.get()
    assert ("重新允许" in client.get("/me/sign-in/").content.decode(), str(ended)) == (True, f"oidc / {member.pk}")
    other = Client()
    other.force_login(world.neighbour_member)
    other = prove(other)
    assert "由管理员绑定" in other.post("/me/sign-in/", {"allow": str(ended.pk)}, follow=True).content.decode()
    # It opens a way in: a session that somebody left open does not.
    left = Client()
    left.force_login(member)
    assert "/accounts/factor/confirm/" in left.post("/me/sign-in/", {"allow": str(ended.pk)}).headers["Location"]
    assert EndedAccount.objects.exists()
    assert "已允许" in client.post("/me/sign-in/", {"allow": str(ended.pk)}, follow=True).content.decode()
    assert "已经允许了" in client.post("/me/sign-in/", {"allow": str(ended.pk)}, follow=True).content.decode()
    assert AccessEntry.objects.get(what="account_allowed").subject == member
    back = Client()
    assert (come_back(back, oidc, "zhang").status_code, who(back)) == (302, str(member.pk))


def test_what_an_operator_ended_an_operator_links_again(client: Client, world: County, oidc: Provider) -> None:
    member, now = world.member, timezone.now()
    oidc.knows("zhang", phone_number=phone_of(member), phone_number_verified=True)
    come_back(client, oidc, "zhang")
    for _again in range(2):  # and once more: the row of before is the row of now
        link = AccountLink.objects.get()
        end_account_link(link_id=link.pk, member_id=member.pk, as_of=now, actor_id=world.operator.pk)
        assert come_back(Client(), oidc, "zhang").status_code == 403
        page = client.get("/me/sign-in/").content.decode()
        assert ("请管理员重新绑定" in page, "重新允许" in page) == (True, False)
        ended = EndedAccount.objects.get()
        assert allow_account(ended_id=ended.pk, member_id=member.pk, as_of=now) is None
        link_account(member_id=member.pk, provider="oidc", external_id="zhang", as_of=now, actor_id=world.operator.pk)
        assert not EndedAccount.objects.exists()
    assert come_back(Client(), oidc, "zhang").status_code == 302


def test_a_link_of_a_provider_that_is_gone_can_still_be_ended(client: Client, settings: Any) -> None:
    settings.ACCOUNT_WAYS = []
    person = UserFactory()
    link = link_account(member_id=person.pk, provider="wecom", external_id="zhang", as_of=timezone.now())
    client.force_login(person)
    assert "wecom" in client.get("/me/sign-in/").content.decode()
    client.post("/me/sign-in/", {"link": str(link.pk)})
    assert AccountLink.objects.count() == 0


# --- the operator -----------------------------------------------------------------------------------------------------
def test_an_operator_links_and_ends_an_account(client: Client, world: County, oidc: Provider) -> None:
    client.force_login(world.operator)
    assert "/accounts/factor/confirm/" in client.get(f"/people/{world.member.pk}/account/").headers["Location"]
    prove(client)
    page, form = f"/people/{world.member.pk}/", f"/people/{world.member.pk}/account/"
    assert form in client.get(page).content.decode()
    assert NAME in client.get(form).content.decode()
    wrong = client.post(form, {"provider": "wecom", "external_id": "zhang"})
    assert wrong.status_code == 422
    assert 'value="zhang"' in wrong.content.decode()
    assert client.post(form, {"provider": "oidc", "external_id": "110101199003071234"}).status_code == 422
    assert client.post(form, {"provider": "oidc", "external_id": "zhang"}).status_code == 302
    link = AccountLink.objects.get()
    assert (link.member, link.made_by, link.used_at) == (world.member, world.operator, None)
    shown = client.get(page).content.decode()
    assert ("zhang" in shown, "还没有用过" in shown, "绑定了一个账号" in shown) == (True, True, True)
    assert client.post(form, {"provider": "oidc", "external_id": "zhang"}).status_code == 302  # the same again
    second = client.post(form, {"provider": "oidc", "external_id": "other"})
    assert "请先解除原来的" in second.content.decode()
    taken = client.post(f"/people/{world.neighbour_member.pk}/account/", {"provider": "oidc", "external_id": "zhang"})
    assert "已经绑定给另一个人" in taken.content.decode()
    assert world.member.name not in taken.content.decode()
    oidc.knows("zhang")
    phone = Client()
    come_back(phone, oidc, "zhang")
    assert who(phone) == str(world.member.pk)
    end = f"/people/{world.member.pk}/accounts/{link.pk}/end/"
    assert "zhang" in client.get(end).content.decode()
    assert client.get(f"/people/{world.neighbour_member.pk}/accounts/{link.pk}/end/").status_code == 404
    assert "已解除" in client.post(end, follow=True).content.decode()
    assert client.post(end).status_code == 404
    assert come_back(Client(), oidc, "zhang").status_code == 403
    entries = AccessEntry.objects.filter(what__startswith="account_").order_by("pk")
    assert [(entry.what, entry.reader, entry.subject) for entry in entries] == [
        ("account_linked", world.operator, world.member),
        ("account_ended", world.operator, world.member),
    ]


def test_nobody_is_linked_who_left(world: County) -> None:
    User.objects.filter(pk=world.member.pk).update(is_active=False)
    with pytest.raises(UnableToLinkAccount, match="已经离开"):
        link_account(member_id=world.member.pk, provider="oidc", external_id="zhang", as_of=timezone.now())


@pytest.mark.parametrize("account", ["", "  ", "x" * 192, "a\x00b", "a\nb"])
def test_what_is_no_account(world: County, account: str) -> None:
    with pytest.raises(UnableToLinkAccount, match="账号的编号"):
        link_account(member_id=world.member.pk, provider="oidc", external_id=account, as_of=timezone.now())


def test_without_providers_an_operator_is_offered_nothing(client: Client, world: County, settings: Any) -> None:
    settings.ACCOUNT_WAYS = []
    client.force_login(world.operator)
    assert "绑定" not in client.get(f"/people/{world.member.pk}/").content.decode()
    assert client.get(f"/people/{world.member.pk}/account/").status_code == 404


def command(path: Any, *argv: str) -> str:
    out = io.StringIO()
    call_command("link_accounts", str(path), "--provider", "oidc", *argv, stdout=out)
    return out.getvalue()


def test_a_file_links_many(world: County, tmp_path: Any) -> None:
    User.objects.filter(pk=world.neighbour_member.pk).update(number="A007")
    first, second = national(world.member), national(world.secretary)
    path = tmp_path / "accounts.csv"
    path.write_bytes(f"手机号,编号,账号\r\n{first},,zhang\r\n,A007,li\r\n\r\n{second},,Zhao \r\n".encode("gb18030"))
    assert "会绑定 3 个" in command(path, "--dry-run")
    assert AccountLink.objects.count() == 0
    assert "绑定了 3 个，已经绑定的 0 个" in command(path)
    assert "绑定了 0 个，已经绑定的 3 个" in command(path)
    assert dict(AccountLink.objects.values_list("external_id", "member")) == {
        "zhang": world.member.pk, "li": world.neighbour_member.pk, "Zhao": world.secretary.pk,
    }  # fmt: skip
    assert "由服务器上的命令绑定" in {entry.reason for entry in AccessEntry.objects.filter(reader=None)}


def test_a_file_with_mistakes_links_nobody(world: County, tmp_path: Any) -> None:
    User.objects.filter(pk=world.neighbour_member.pk).update(number="A007")
    path = tmp_path / "accounts.csv"
    rows = [
        f"{national(world.member)},,zhang", f"{national(world.secretary)},,zhang", "13900009999,,wu",
        f"{national(world.member)},A007,x", f"{national(world.organiser)}", ",,y",
    ]  # fmt: skip
    path.write_text("\n".join(["手机号,编号,账号", *rows]))
    with pytest.raises(CommandError) as error:
        command(path)
    told = str(error.value).split("\n")
    assert [line[:6] for line in told] == [
        "第 3 行：",
        "第 4 行：",
        "第 5 行：",
        "第 6 行：",
        "第 7 行：",
        "一个也没有绑",
    ]
    assert AccountLink.objects.count() == 0
    for data in (b"", "姓名,账号\n".encode(), b"\xff\xff\xff"):
        path.write_bytes(data)
        with pytest.raises(CommandError):
            command(path)
    with pytest.raises(CommandError, match="没有这个文件"):
        command(tmp_path / "none.csv")
    with pytest.raises(CommandError, match="没有设置 wecom"):
        call_command("link_accounts", str(path), "--provider", "wecom")


def test_two_at_once_are_asked_to_try_again(
    client: Client, world: County, oidc: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_kwargs: Any) -> None:
        raise IntegrityError

    oidc.knows("zhang", phone_number=phone_of(world.member), phone_number_verified=True)
    monkeypatch.setattr(AccountLink.objects, "create", refuse)
    answer = come_back(client, oidc, "zhang")
    assert answer.status_code == 409
    assert "请再试一次" in answer.content.decode()
