"""微信: linked by oneself, then one tap; inside WeChat by a service account, on a computer by a code to scan."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from attendance.models import Notice
from config import account_settings
from organizations import operations as do
from organizations.models import AccessEntry, AccountLink, EndedAccount, Left, User
from organizations.operations.accounts import UnableToUseAccount, end_account_link, link_account, link_own_account
from organizations.queries import phone_of
from tests.factories.organizations import PASSWORD, County, UserFactory, make_county
from tests.organizations.authenticator import code_now, give_app, prove
from tests.organizations.sms_gateway import closed_port, gateway
from tests.organizations.test_elsewhere import set_up, who
from tests.organizations.wechat_server import (
    IN_WECHAT,
    IN_WECOM,
    ON_A_PC,
    ON_A_PHONE,
    SERVICE,
    SERVICE_SECRET,
    WEB,
    WEB_SECRET,
    Wechat,
    error,
    openid_of,
    unionid_of,
)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
OWN, LOGIN = "/me/sign-in/", "/accounts/login/"
KEYS = {"WECHAT_APP_ID": SERVICE, "WECHAT_APP_SECRET": SERVICE_SECRET}
WEB_KEYS = {"WECHAT_WEB_APP_ID": WEB, "WECHAT_WEB_APP_SECRET": WEB_SECRET}
APPS = {"wechat": SERVICE, "wechat_web": WEB}
AGENTS = {"wechat": IN_WECHAT, "wechat_web": ON_A_PC}


@pytest.fixture
def wechat() -> Iterator[Wechat]:
    with gateway() as server:
        yield Wechat(server)


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture(autouse=True)
def ways(settings: Any, monkeypatch: pytest.MonkeyPatch, wechat: Wechat) -> None:
    set_up(settings, monkeypatch, **KEYS, WECHAT_ENDPOINT=wechat.server.url)


@pytest.fixture
def both(settings: Any, monkeypatch: pytest.MonkeyPatch, ways: None) -> None:
    set_up(settings, monkeypatch, **KEYS, **WEB_KEYS)


def browser(agent: str = IN_WECHAT, person: User | None = None) -> Client:
    """A browser in which the person has just signed in."""
    client = Client(headers={"user-agent": agent})
    if person is not None:
        client.force_login(person)
        prove(client)
    return client


def asked_at(page: Any) -> tuple[str, dict[str, str]]:
    """Where a page leads to by itself, and what is asked for there."""
    address = html.unescape(re.search(r'content="0;url=([^"]+)"', page.content.decode())[1])
    assert address.endswith("#wechat_redirect")
    return address.split("?")[0], dict(parse_qsl(urlsplit(address).query))


def come_back(client: Client, wechat: Wechat, name: str, page: Any, way: str = "wechat") -> Any:
    """Agree at WeChat as ``name``, and be sent back."""
    _where, asked = asked_at(page)
    back = urlsplit(asked["redirect_uri"])
    assert f"{back.scheme}://{back.netloc}" == "http://127.0.0.1"
    code = wechat.scan(asked["appid"], asked["scope"], name)
    return client.get(f"/accounts/with/{way}/callback/", {"code": code, "state": asked["state"]})


def sign_in(client: Client, wechat: Wechat, name: str, way: str = "wechat", **data: str) -> Any:
    return come_back(client, wechat, name, client.post(f"/accounts/with/{way}/", data), way)


def link(client: Client, wechat: Wechat, name: str, way: str = "wechat") -> str:
    """Press the button of one's own page, agree, and return what that page says then."""
    answer = come_back(client, wechat, name, client.post(OWN, {"bind": way}), way)
    assert answer.headers["Location"] == OWN, answer.content.decode()
    return str(client.get(OWN).content.decode())


# --- linked once, then one tap ----------------------------------------------------------------------------------------
def test_a_member_links_it_once_and_signs_in_by_one_tap(
    world: County, wechat: Wechat, django_capture_on_commit_callbacks: Any
) -> None:
    phone = browser()
    assert "用微信登录" in phone.get(f"{LOGIN}?next=/me/").content.decode()
    refused = sign_in(phone, wechat, "zhang")
    page = refused.content.decode()
    assert (refused.status_code, who(phone)) == (403, None)
    assert ("这个微信还没有绑定" in page, "点“以后用微信登录”" in page) == (True, True)
    assert openid_of(SERVICE, "zhang") in page  # by which an operator could link it, too
    following = html.unescape(re.search(r'class="btn" href="([^"]+)"', page)[1])
    assert following.endswith(f"?next={OWN}")
    assert phone.get(following).status_code == 200
    signed = phone.post(following, {"login": with_password(world.member), "password": PASSWORD, "next": OWN})
    assert signed.headers["Location"] == OWN
    assert "以后用微信登录" in phone.get(OWN).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        page = link(phone, wechat, "zhang")
    assert ("已绑定。以后在登录页点“用微信登录”" in page, 'name="bind"' in page) == (True, False)
    found = AccountLink.objects.get()
    assert (found.member, found.provider, found.made_by) == (world.member, "wechat", world.member)
    assert (found.external_id, found.used_at) == (openid_of(SERVICE, "zhang"), None)
    entry = AccessEntry.objects.get(what="account_linked")
    assert (entry.reader, entry.subject, entry.title, entry.reason) == (world.member, world.member, "微信", "本人绑定")
    assert Notice.objects.get(member=world.member).kind == "account_bound"
    notice = phone.get("/me/notices/").content.decode()
    assert ("不是您本人绑定的，请马上解除" in notice, f'href="{OWN}"' in notice) == (True, True)
    again = browser()
    assert sign_in(again, wechat, "zhang", next="/me/").headers["Location"] == "/me/"
    assert who(again) == str(world.member.pk)
    found.refresh_from_db()
    assert found.used_at is not None
    assert set(wechat.asked()) == {"/sns/oauth2/access_token"}  # name and picture are asked for nowhere


def with_password(person: User) -> str:
    """Give the person a password; return their number."""
    person.set_password(PASSWORD)
    person.save()
    return phone_of(person)


def test_inside_wechat_nothing_is_asked_of_people_but_the_tap() -> None:
    where, asked = asked_at(browser().post("/accounts/with/wechat/"))
    assert where == "https://open.weixin.qq.com/connect/oauth2/authorize"
    assert list(asked) == ["appid", "redirect_uri", "response_type", "scope", "state"]
    assert (asked["appid"], asked["scope"], asked["response_type"]) == (SERVICE, "snsapi_base", "code")
    assert asked["redirect_uri"] == "http://127.0.0.1/accounts/with/wechat/callback/"
    assert re.fullmatch(r"[A-Za-z0-9]{16,128}", asked["state"])


def test_on_a_computer_there_is_a_code_to_scan(both: None) -> None:
    where, asked = asked_at(browser(ON_A_PC).post("/accounts/with/wechat_web/"))
    assert where == "https://open.weixin.qq.com/connect/qrconnect"
    assert (asked["appid"], asked["scope"]) == (WEB, "snsapi_login")
    assert asked["redirect_uri"] == "http://127.0.0.1/accounts/with/wechat_web/callback/"
    assert asked_at(browser().post("/accounts/with/wechat/"))[1]["scope"] == "snsapi_userinfo"


@pytest.mark.parametrize(
    ("keys", "offered"),
    [
        (KEYS, {IN_WECHAT: "wechat", IN_WECOM: None, ON_A_PC: None, ON_A_PHONE: None}),
        (WEB_KEYS, {IN_WECHAT: None, IN_WECOM: None, ON_A_PC: "wechat_web", ON_A_PHONE: None}),
        (KEYS | WEB_KEYS, {IN_WECHAT: "wechat", IN_WECOM: None, ON_A_PC: "wechat_web", ON_A_PHONE: None}),
    ],
)
def test_each_browser_is_offered_what_can_be_gone_in_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], offered: dict[str, str | None]
) -> None:
    set_up(settings, monkeypatch, **{**dict.fromkeys(KEYS | WEB_KEYS, ""), **keys})
    person = UserFactory()
    for agent, way in offered.items():
        page = browser(agent).get(LOGIN).content.decode()
        assert re.findall(r"/accounts/with/(\w+)/", page) == ([way] if way else []), agent
        own = browser(agent, person).get(OWN).content.decode()
        assert re.findall(r'name="bind" value="(\w+)"', own) == ([way] if way else []), agent
        told = "请在微信里打开这个网址" if keys is not WEB_KEYS else "请在电脑上打开这个网址"
        assert (told in own) is (way is None), agent
    absent = {"wechat", "wechat_web"} - {way for way in offered.values() if way}
    assert all(Client().post(f"/accounts/with/{way}/").status_code == 404 for way in [*absent, "weixin"])


# --- two programs, one account ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("first", ["wechat", "wechat_web"])
def test_what_is_linked_in_one_lets_in_by_the_other(
    world: County, wechat: Wechat, both: None, first: str, late: bool
) -> None:
    wechat.tells_union_late = late
    assert "已绑定" in link(browser(AGENTS[first], world.member), wechat, "zhang", first)
    assert AccountLink.objects.get().external_id == unionid_of("zhang")
    for way, agent in AGENTS.items():
        client = browser(agent)
        assert sign_in(client, wechat, "zhang", way).status_code == 302
        assert who(client) == str(world.member.pk)
    assert ("/sns/userinfo" in wechat.asked()) is late


def test_links_of_before_go_on_once_the_website_is_added(
    world: County, wechat: Wechat, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service account alone knew people by its own names."""
    link(browser(person=world.member), wechat, "zhang")
    set_up(settings, monkeypatch, **KEYS, **WEB_KEYS)
    computer = browser(ON_A_PC)
    assert sign_in(computer, wechat, "zhang", "wechat_web").status_code == 403
    phone = browser()
    assert sign_in(phone, wechat, "zhang").status_code == 302
    assert (who(phone), AccountLink.objects.get().external_id) == (str(world.member.pk), unionid_of("zhang"))
    assert sign_in(computer, wechat, "zhang", "wechat_web").status_code == 302
    link(browser(person=world.neighbour_member), wechat, "li")
    left = AccountLink.objects.get(member=world.neighbour_member)
    User.objects.filter(pk=world.neighbour_member.pk).update(is_active=False)
    AccountLink.objects.filter(pk=left.pk).update(external_id=openid_of(SERVICE, "li"))
    assert sign_in(browser(), wechat, "li").status_code == 403
    left.refresh_from_db()
    assert left.external_id == openid_of(SERVICE, "li")  # where it is refused nothing changes


def test_an_older_name_is_left_to_whoever_has_it_where_the_new_one_is_linked(world: County) -> None:
    now, neighbour = timezone.now(), world.neighbour_member
    for person, name in ((world.member, "new"), (neighbour, "old")):
        link_own_account(member_id=person.pk, provider="wechat", external_id=name, as_of=now)
    link_own_account(member_id=world.member.pk, provider="wechat", external_id="new", known_as="old", as_of=now)
    assert AccountLink.objects.get(member=neighbour).external_id == "old"


def test_programs_that_have_no_account_in_common(world: County, wechat: Wechat, both: None) -> None:
    """The service account is not bound to the open-platform account of the website: the operator's to mend."""
    wechat.has_union = False
    answer = sign_in(browser(), wechat, "zhang")
    assert (answer.status_code, "微信登录没有设好（no unionid）" in answer.content.decode()) == (502, True)
    assert "本站的微信登录没有设好" in link(browser(person=world.member), wechat, "zhang")
    assert not AccountLink.objects.exists()


# --- who is not linked, and who does not come in ----------------------------------------------------------------------
def test_one_account_is_of_one_person_and_one_person_has_one(world: County, wechat: Wechat) -> None:
    mine = browser(person=world.member)
    link(mine, wechat, "zhang")
    other = browser(person=world.neighbour_member)
    page = link(other, wechat, "zhang")
    assert "没有绑定：这个微信已经绑定给另一个人。请用您自己的微信" in page
    assert world.member.name not in page
    assert "您已经绑定了另一个微信" in link(mine, wechat, "second")
    assert "已绑定" in link(mine, wechat, "zhang")  # the same again is nothing new
    assert AccountLink.objects.get().member == world.member
    assert AccessEntry.objects.filter(what="account_linked").count() == 1


def test_unlinked_it_lets_nobody_in_until_it_is_linked_again(world: County, wechat: Wechat) -> None:
    mine = browser(person=world.member)
    link(mine, wechat, "zhang")
    done = mine.post(OWN, {"link": str(AccountLink.objects.get().pk)}, follow=True).content.decode()
    # Not by its number, for there is none: by its own button.
    assert ("已解除" in done, "以后用微信登录" in done, "重新允许" in done) == (True, True, False)
    assert sign_in(browser(), wechat, "zhang").status_code == 403
    other = browser(person=world.neighbour_member)
    assert "已绑定" in link(other, wechat, "zhang")  # it may be somebody else's phone by now
    assert "已经绑定给另一个人" in link(mine, wechat, "zhang")
    other.post(OWN, {"link": str(AccountLink.objects.get().pk)})
    assert "已绑定" in link(mine, wechat, "zhang")
    assert EndedAccount.objects.get().member == world.neighbour_member
    again = browser()
    sign_in(again, wechat, "zhang")
    assert who(again) == str(world.member.pk)


def test_what_an_operator_ended_an_operator_links(world: County, wechat: Wechat) -> None:
    now, member = timezone.now(), world.member
    mine = browser(person=member)
    link(mine, wechat, "zhang")
    end_account_link(link_id=AccountLink.objects.get().pk, member_id=member.pk, as_of=now, actor_id=world.operator.pk)
    page = mine.get(OWN).content.decode()
    assert ('name="bind"' in page, "请管理员重新绑定" in page) == (False, True)
    assert "管理员解除过您的微信" in link(mine, wechat, "zhang")
    link_account(
        member_id=member.pk, provider="wechat", external_id=openid_of(SERVICE, "zhang"), as_of=now,
        actor_id=world.operator.pk,
    )  # fmt: skip
    again = browser()
    sign_in(again, wechat, "zhang")
    assert who(again) == str(member.pk)


def test_an_operator_links_it_by_the_name_that_the_page_shows(world: County, wechat: Wechat) -> None:
    page = sign_in(browser(), wechat, "zhang").content.decode()
    name = re.search(r"<b>(o0123\S+)</b>", page)[1]
    operator = browser(ON_A_PC, world.operator)
    form = f"/people/{world.member.pk}/account/"
    assert '<option value="wechat">微信</option>' in operator.get(form).content.decode()
    assert operator.post(form, {"provider": "wechat", "external_id": name}).status_code == 302
    phone = browser()
    sign_in(phone, wechat, "zhang")
    assert who(phone) == str(world.member.pk)


def test_whoever_left_stays_outside(world: County, wechat: Wechat) -> None:
    mine = browser(person=world.member)
    link(mine, wechat, "zhang")
    late = browser(person=world.neighbour_member)
    waiting = late.post(OWN, {"bind": "wechat"})
    today, now = timezone.localdate(), timezone.now()
    for person in (world.member, world.neighbour_member):
        do.end_membership(
            member_id=person.pk, because=Left.TRANSFERRED, on_date=today, as_of=now, actor_id=world.operator.pk
        )
    answer = sign_in(browser(), wechat, "zhang")
    assert (answer.status_code, "已停用" in answer.content.decode()) == (403, True)
    come_back(late, wechat, "li", waiting)  # their session is over by now
    assert AccountLink.objects.get().member == world.member
    with pytest.raises(UnableToUseAccount, match="left"):
        link_own_account(member_id=world.neighbour_member.pk, provider="wechat", external_id="x", as_of=now)


def test_a_session_that_was_left_open_links_nothing(world: County, wechat: Wechat) -> None:
    left = Client(headers={"user-agent": IN_WECHAT})
    left.force_login(world.member)
    assert left.post(OWN, {"bind": "wechat"}).headers["Location"].startswith("/accounts/factor/confirm/")
    assert Client().post(OWN, {"bind": "wechat"}).headers["Location"].startswith(LOGIN)


@pytest.mark.parametrize("way", ["", "weixin", "wechat_web", "oidc", "wecom"])
def test_only_peoples_own_accounts_are_linked_by_themselves(
    world: County, settings: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    set_up(settings, monkeypatch, WECOM_CORP_ID="ww1", WECOM_AGENT_ID="1", WECOM_SECRET="s")
    assert browser(person=world.member).post(OWN, {"bind": way}).status_code == 404


def test_the_second_step_is_asked_for_and_no_token_waits_for_it(world: County, wechat: Wechat) -> None:
    give_app(world.member)
    link_own_account(
        member_id=world.member.pk, provider="wechat", external_id=openid_of(SERVICE, "zhang"), as_of=timezone.now()
    )
    phone = browser()
    answer = sign_in(phone, wechat, "zhang")
    assert (answer.headers["Location"].split("?")[0], who(phone)) == ("/accounts/factor/sign-in/", None)
    assert "secret-" not in repr(dict(phone.session.items()))
    assert phone.post("/accounts/factor/sign-in/", {"code": code_now()}).status_code == 302
    assert who(phone) == str(world.member.pk)


# --- what goes wrong on the way ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        (error(40029, "invalid code"), 400, "等得太久了"),
        (error(40163, "code been used"), 400, "已经用过一次"),
        (error(-1, "system error"), 503, "微信现在连不上"),
        (error(45011, "api minute-quota reach limit"), 503, "过几分钟再试"),
        (error(40125, "invalid appsecret"), 502, "没有设好（40125）"),
        (error(48001, "api unauthorized"), 502, "没有设好（48001）"),
        ((500, "no"), 503, "微信现在连不上"),
        ((404, "no"), 502, "微信的回答看不懂"),
        ((200, "<html>"), 502, "微信的回答看不懂"),
        ((200, "[]"), 502, "微信的回答看不懂"),
        ((200, "{}"), 502, "微信的回答看不懂"),
        ((200, '{"errcode": "x"}'), 502, "微信的回答看不懂"),
        ((200, '{"access_token": "t", "openid": ""}'), 502, "微信的回答看不懂"),
        ((200, '{"access_token": "t", "openid": null}'), 502, "微信的回答看不懂"),
        ((200, '{"access_token": "t", "openid": "a\\u0000b"}'), 502, "微信的回答看不懂"),
    ],
)
def test_what_wechat_refuses(
    world: County, wechat: Wechat, caplog: Any, wrong: tuple[int, str], status: int, said: str
) -> None:
    wechat.wrong = wrong
    phone = browser()
    answer = sign_in(phone, wechat, "zhang")
    assert (answer.status_code, said in answer.content.decode()) == (status, True)
    page = link(browser(person=world.member), wechat, "zhang")
    assert ("没有绑定：" in page, said in page) == (True, True)
    assert (who(phone), AccountLink.objects.exists()) == (None, False)
    assert not any(secret in caplog.text for secret in (SERVICE_SECRET, "WeChatCode", "secret-token"))


def test_nobody_answers_at_all(world: County, wechat: Wechat, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(settings, monkeypatch, WECHAT_ENDPOINT=f"http://127.0.0.1:{closed_port()}")
    assert sign_in(browser(), wechat, "zhang").status_code == 503
    assert "没有绑定：微信现在连不上" in link(browser(person=world.member), wechat, "zhang")


def test_a_preview_of_the_page_is_nobodys_account(world: County, wechat: Wechat) -> None:
    wechat.preview = True
    answer = sign_in(browser(), wechat, "zhang")
    assert (answer.status_code, "使用完整服务" in answer.content.decode()) == (403, True)
    mine = browser(person=world.member)
    shown = come_back(mine, wechat, "zhang", mine.post(OWN, {"bind": "wechat"}))
    assert ("使用完整服务" in shown.content.decode(), AccountLink.objects.exists()) == (True, False)


def test_whoever_says_no_comes_back_with_neither_code_nor_error(world: County) -> None:
    phone = browser()
    back = "/accounts/with/wechat/callback/"
    answer = phone.get(back, {"state": asked_at(phone.post("/accounts/with/wechat/"))[1]["state"]})
    assert (answer.status_code, "您在微信那里没有同意" in answer.content.decode()) == (403, True)
    mine = browser(person=world.member)
    state = asked_at(mine.post(OWN, {"bind": "wechat"}))[1]["state"]
    assert "没有绑定：您在微信那里没有同意" in mine.get(back, {"state": state}, follow=True).content.decode()


def test_a_state_is_of_one_browser_one_way_and_one_visit(world: County, wechat: Wechat, both: None) -> None:
    mine = browser(person=world.member)
    leaving = mine.post(OWN, {"bind": "wechat"})
    _where, asked = asked_at(leaving)
    back = {"code": wechat.scan(SERVICE, asked["scope"], "zhang"), "state": asked["state"]}
    other = browser(person=world.neighbour_member)
    assert other.get("/accounts/with/wechat/callback/", back).status_code == 400
    assert mine.get("/accounts/with/wechat_web/callback/", back).status_code == 400
    assert mine.get("/accounts/with/wechat/callback/", {**back, "state": "made-up"}).status_code == 400
    assert not AccountLink.objects.exists()
    assert mine.get("/accounts/with/wechat/callback/", back).status_code == 302
    again = mine.get("/accounts/with/wechat/callback/", back)
    assert (again.status_code, "您已经登录" in again.content.decode()) == (400, True)
    assert AccountLink.objects.get().member == world.member


def test_a_link_is_of_whoever_began_it(world: County, wechat: Wechat) -> None:
    mine = browser(person=world.member)
    leaving = mine.post(OWN, {"bind": "wechat"})
    session = mine.session
    (state, *rest) = session["socialaccount_states"][asked_at(leaving)[1]["state"]]
    state["data"]["person"] = world.neighbour_member.pk
    session["socialaccount_states"] = {asked_at(leaving)[1]["state"]: (state, *rest)}
    session.save()
    assert come_back(mine, wechat, "zhang", leaving).status_code == 400
    assert not AccountLink.objects.exists()


def test_too_many_visits_from_one_address(world: County, settings: Any) -> None:
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "account": {"address": [(1, 600)]}}
    mine = browser(person=world.member)
    assert mine.post(OWN, {"bind": "wechat"}).status_code == 200
    answer = mine.post(OWN, {"bind": "wechat"})
    assert answer.headers["Location"] == OWN
    assert "请在" in mine.get(OWN).content.decode()


def test_whose_domain_this_is(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERIFY_FILES", "MP_verify_AbCd123.txt WW_verify_x.txt")
    settings.VERIFY_FILES = account_settings.verify_files()
    answer = client.get("/MP_verify_AbCd123.txt")
    assert (answer.content, answer.headers["Content-Type"]) == (b"AbCd123", "text/plain")
    assert client.get("/WW_verify_x.txt").content == b"x"
    assert client.get("/MP_verify_x.txt").status_code == 404
