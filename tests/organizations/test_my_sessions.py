"""Where oneself is signed in: listed, ended one by one or all others at once, forgotten when over."""

import datetime as dt
import re
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from organizations import operations as do
from organizations.core.devices import device_and_browser
from organizations.models import User
from organizations.operations import sessions
from organizations.operations.sessions import prune_sessions
from organizations.queries import phone_of
from tests.factories.organizations import PASSWORD, UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
PAGE = "/me/sign-in/"
PHONE = "Mozilla/5.0 (Linux; Android 10; HLK-AL00) Chrome/86 MMWEBID/1 MicroMessenger/8.0"
OFFICE = "Mozilla/5.0 (Windows NT 6.1) Chrome/109.0 Safari/537.36"


@pytest.fixture
def person() -> User:
    return UserFactory(password=PASSWORD)


def sign_in(person: User, agent: str, **more: Any) -> Client:
    client = Client(headers={"user-agent": agent}, **more)
    answer = client.post("/accounts/login/", {"login": phone_of(person), "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/me/").status_code == 200


def test_each_sign_in_is_listed_and_can_be_ended(person: User) -> None:
    here, there, other = sign_in(person, OFFICE), sign_in(person, PHONE), sign_in(UserFactory(password=PASSWORD), PHONE)
    text = here.get(PAGE).content.decode()
    assert (text.count("Windows 电脑 · Chrome 浏览器"), text.count("安卓手机 · 微信")) == (1, 1)
    assert text.count("就是这里") == 1
    assert "127.0.0.1" in text
    row = int(re.search(r'name="session" value="(\d+)"', text)[1])
    others = UserSession.objects.exclude(user=person).get()
    mine = UserSession.objects.get(session_key=here.session.session_key)
    for wrong in (others.pk, mine.pk, 0, "x", "9" * 30):
        assert "早已退出" in here.post(PAGE, {"session": wrong}, follow=True).content.decode()
    assert (is_in(here), is_in(there), is_in(other)) == (True, True, True)
    assert "那里已经退出" in here.post(PAGE, {"session": row}, follow=True).content.decode()
    assert (is_in(here), is_in(there), is_in(other)) == (True, False, True)
    assert UserSession.objects.filter(user=person).count() == 1
    assert here.post(PAGE, {}).status_code == 302


def test_all_others_at_once(person: User) -> None:
    here, *rest = [sign_in(person, PHONE) for _ in range(3)]
    assert "共 2 处" in here.post(PAGE, {"others": "1"}, follow=True).content.decode()
    assert [is_in(client) for client in (here, *rest)] == [True, False, False]
    assert "退出别处的全部登录" not in here.get(PAGE).content.decode()


def test_a_session_from_before_the_list_is_on_it_once_its_page_is_opened(client: Client, person: User) -> None:
    client.force_login(person)
    assert UserSession.objects.count() == 0
    assert "就是这里" in client.get(PAGE).content.decode()
    assert UserSession.objects.get().user == person


def test_a_new_password_ends_the_others_and_keeps_this_one_listed(person: User) -> None:
    here, there = sign_in(person, OFFICE), sign_in(person, PHONE)
    new = {"oldpassword": PASSWORD, "password1": "another-pass-9", "password2": "another-pass-9"}
    assert here.post("/accounts/password/change/", new).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    assert here.get(PAGE).content.decode().count("就是这里") == 1


def test_what_is_over_is_forgotten(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = sign_in(person, OFFICE), sign_in(person, PHONE)
    now = timezone.now()
    assert prune_sessions(as_of=now) == 0
    monkeypatch.setattr(sessions, "PRUNE_AT_MOST", 2)
    Session.objects.filter(pk=there.session.session_key).update(expire_date=now - dt.timedelta(seconds=1))
    assert "安卓手机" not in here.get(PAGE).content.decode()
    assert prune_sessions(as_of=now) == 1
    here.post("/accounts/logout/")
    assert prune_sessions(as_of=now) == 1
    assert UserSession.objects.count() == 0


def test_whoever_asks_from_nowhere_can_sign_in(person: User) -> None:
    """Behind a UNIX socket without a word from the proxy; PostgreSQL's column takes addresses alone."""
    there = sign_in(person, PHONE, REMOTE_ADDR="")
    assert UserSession.objects.get().ip == "0.0.0.0"
    assert "0.0.0.0" not in there.get(PAGE).content.decode()


def test_the_page_costs_the_same_for_many(person: User, django_assert_num_queries: Any) -> None:
    here = sign_in(person, OFFICE)
    here.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        here.get(PAGE)
    count = len(few)
    for _ in range(3):
        sign_in(person, PHONE)
    with django_assert_num_queries(count):
        here.get(PAGE)


def test_leaving_ends_them(person: User) -> None:
    here = sign_in(person, PHONE)
    do.set_phone(member_id=person.pk, phone="13900001234")
    assert not is_in(here)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("agent", "keys"),
    [
        (PHONE, ("android", "wechat")),
        (OFFICE, ("windows", "chrome")),
        (PHONE + " wxwork/4.1", ("android", "wecom")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 14_0) Version/14.0 Safari/604.1", ("iphone", "safari")),
        ("Mozilla/5.0 (Macintosh) Chrome/120 Safari/537 Edg/120", ("mac", "edge")),
        ("curl/8", ("", "")),
        ("", ("", "")),
    ],
)
def test_devices(agent: str, keys: tuple[str, str]) -> None:
    assert device_and_browser(agent) == keys
