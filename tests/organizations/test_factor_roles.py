"""Whose role asks for a second step (SECOND_FACTOR_ROLES): what stays closed without it, and who helps (ADR 94)."""

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from auditlog.models import LogEntry
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from attendance.models import Notice
from config import factor_settings
from config.guard import SIGNED_IN, holds_role
from organizations.door import of_session
from organizations.models import AccessEntry, Role, User
from organizations.operations.departures import take_out_access
from organizations.permissions import rules_the_whole_tree
from organizations.queries import phone_of
from tests.factories.live import make_lecture
from tests.factories.organizations import PASSWORD, County, RoleGrantFactory, UserFactory, make_county
from tests.organizations.authenticator import code_now, give_app, prove

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOON = dt.datetime(2026, 11, 28, 4, 0, tzinfo=dt.UTC)
STAGE, DOOR, OWN = "/accounts/factor/sign-in/", "/accounts/factor/confirm/", "/accounts/factor/"
DESK, OFFICE = "/desk/", "/admin/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


@pytest.fixture
def world(settings: Any) -> County:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.SECOND_FACTOR_ROLES = frozenset({"operator", "organiser", "auditor"})
    return make_county()


def national(person: User) -> str:
    return phone_of(person).removeprefix("+86")


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def asked_by(client: Client) -> HttpRequest:
    """A request that no middleware has seen yet."""
    request = RequestFactory().get("/")
    key = client.session.session_key or ""
    request.COOKIES[settings.SESSION_COOKIE_NAME] = key
    request.session = SessionStore(key)
    return request


def through_the_door(person: User) -> Client:
    client = signed_in(person)
    client.post(DOOR, {"code": code_now()})
    return client


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("organiser", DESK),
        ("organiser", OFFICE),
        ("operator", "/people/"),
        ("operator", OFFICE),
        ("auditor", "/audit/"),
    ],
)
def test_without_one_it_is_set_up_first(world: County, role: str, path: str) -> None:
    person = getattr(world, role)
    client = signed_in(person)
    led = client.get(path)
    assert led.headers["Location"] == f"{OWN}?next={path.replace('/', '%2F')}"
    assert "您的职责需要登录验证" in client.get(led.headers["Location"]).content.decode()
    # What is everybody's stays open, and the way to the closed pages is on it.
    for open_page in ("/", "/me/", "/me/sign-in/", "/courses/"):
        answer = client.get(open_page)
        assert answer.status_code == 200
        assert f'href="{path}"' in answer.content.decode()


def test_whom_no_role_asks_meets_nothing(world: County) -> None:
    for person, pages in (
        (world.member, ["/", "/me/"]),
        (world.secretary, ["/branch/"]),
        (world.lecturer, [DESK, OFFICE]),
    ):
        client = signed_in(person)
        assert [client.get(page).status_code for page in pages] == [200] * len(pages)
    assert signed_in(world.member).get("/people/").status_code == 404


def test_by_default_nobody_is_asked(world: County, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset()
    assert signed_in(world.organiser).get(DESK).status_code == 200
    assert signed_in(world.operator).get(OFFICE).status_code == 200


def test_the_whole_way_in(world: County, client: Client) -> None:
    """From the first sign-in with the role to the desk, with the secret in hand."""
    person = world.organiser
    person.set_password(PASSWORD)
    person.save()
    client.post("/accounts/login/", {"login": phone_of(person), "password": PASSWORD})
    assert client.get(DESK, follow=True).request["PATH_INFO"] == OWN
    client.get(f"{OWN}app/")
    client.post(f"{OWN}app/", {"code": code_now(client.session["mfa.totp.secret"])})
    codes = client.get(f"{OWN}codes/").content.decode()
    assert f'href="{DESK}"' in codes
    assert client.get(DESK).status_code == 200
    assert client.get(OFFICE).status_code == 200


def test_a_session_that_has_not_shown_it_is_asked_at_the_door(world: County) -> None:
    give_app(world.organiser)
    client = signed_in(world.organiser)
    led = client.get(f"{DESK}plan/")
    assert led.headers["Location"] == f"{DOOR}?next=%2Fdesk%2Fplan%2F"
    assert client.post(led.headers["Location"], {"code": "000000"}).status_code == 200
    assert client.get(DESK).status_code == 302
    done = client.post(DOOR, {"code": code_now(), "next": f"{DESK}plan/"})
    assert done.headers["Location"] == f"{DESK}plan/"
    assert client.get(f"{DESK}plan/").status_code == 200
    # Another session of the same person has shown nothing.
    assert signed_in(world.organiser).get(DESK).status_code == 302


def test_what_is_sent_goes_nowhere(world: County) -> None:
    """A form is not sent again after the door: it leads to the first page."""
    answer = signed_in(world.organiser).post(f"{DESK}plan/", {"title": "x"})
    assert answer.headers["Location"] == f"{OWN}?next=%2F"


def test_a_page_that_answers_by_other_rules_leads_there_too(world: County) -> None:
    """A lecture's host page is not there for whom it is not; whoever may be its host by the role is led on."""
    lecture = make_lecture(world)
    path, html = f"/live/{lecture.pk}/host/", {"accept": "text/html"}
    client = signed_in(world.organiser)
    assert client.get(path, headers=html).headers["Location"].startswith(OWN)
    assert client.get(path, headers={"accept": "application/json"}).status_code == 404
    assert signed_in(world.member).get(path, headers=html).status_code == 404
    give_app(world.organiser)
    client.post(DOOR, {"code": code_now()})
    assert client.get(path, headers=html).status_code == 200
    assert client.get("/live/999999/host/", headers=html).status_code == 404


def test_the_door_leads_nowhere_else(world: County) -> None:
    give_app(world.organiser)
    client = signed_in(world.organiser)
    led = client.post(DOOR, {"code": code_now(), "next": "https://elsewhere.example/"})
    assert led.headers["Location"] == "/"


def test_a_role_that_came_later_asks_the_session_that_is_there(world: County) -> None:
    client = signed_in(world.member)
    assert client.get("/people/").status_code == 404
    RoleGrantFactory(user=world.member, node=world.branch, role=Role.OPERATOR)
    assert client.get("/people/").headers["Location"].startswith(OWN)


def test_what_was_shown_counts_for_nothing_once_it_is_gone(world: County) -> None:
    give_app(world.organiser)
    client = through_the_door(world.organiser)
    assert client.get(DESK).status_code == 200
    Authenticator.objects.all().delete()
    assert client.get(DESK).headers["Location"].startswith(OWN)


def test_only_the_role_that_asks_is_withheld(world: County) -> None:
    """A secretary who is an organiser too goes on as a secretary, and may do nothing as an organiser."""
    RoleGrantFactory(user=world.secretary, node=world.county, role=Role.ORGANISER)
    client = signed_in(world.secretary)
    assert client.get("/branch/").status_code == 200
    assert client.get(DESK).status_code == 302
    assert client.get("/branch/people/" + str(world.neighbour_member.pk) + "/").status_code == 404


def test_what_a_phone_kept_waits_for_the_second_step(world: County, settings: Any) -> None:
    """404 is for good: the phone would forget the hall's list."""
    settings.SECOND_FACTOR_ROLES = frozenset({"secretary"})
    client = Client()
    client.force_login(world.secretary)
    answer = client.post("/branch/1/hall/sync?occasion=1&node=1", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (401, "second_step")
    client.force_login(world.member)
    assert client.post("/branch/1/hall/sync", "{}", content_type="application/json").status_code == 404


def test_a_superuser_meets_the_door_of_the_back_office(world: County) -> None:
    superuser = get_user_model().objects.create(name="超级用户", username="super", is_superuser=True)
    client = signed_in(superuser)
    assert client.get(OFFICE).headers["Location"].startswith(OWN)
    # Nor are the site's own things theirs elsewhere, until it is shown.
    assert not rules_the_whole_tree(of_session(asked_by(client)))
    give_app(superuser)
    shown = through_the_door(superuser)
    assert shown.get(OFFICE).status_code == 200
    assert rules_the_whole_tree(of_session(asked_by(shown)))


def test_what_asks_before_any_page_asks_for_it_too(world: County) -> None:
    """The guard of what is sent, and /readyz."""
    give_app(world.operator)
    without, shown = signed_in(world.operator), through_the_door(world.operator)
    assert [holds_role(asked_by(one), ("operator",)) for one in (without, shown)] == [False, True]
    assert [holds_role(asked_by(one), SIGNED_IN) for one in (without, shown, Client())] == [True, True, False]
    told = [one.get("/readyz").json() for one in (without, shown)]
    assert ["checks" in one for one in told] == [False, True]


def test_the_last_one_stays_where_a_role_asks_for_it(world: County) -> None:
    row = give_app(world.operator)
    client = through_the_door(world.operator)
    page = client.post(f"{OWN}{row.pk}/end/", follow=True)
    assert "至少要留一种" in page.content.decode()
    assert Authenticator.objects.filter(pk=row.pk).exists()


def test_a_page_costs_one_query_more_for_whom_a_role_asks(world: County, settings: Any) -> None:
    give_app(world.organiser)
    client = through_the_door(world.organiser)
    client.get(DESK)
    counts = []
    for roles in (frozenset({"organiser"}), frozenset({"operator"}), frozenset()):
        settings.SECOND_FACTOR_ROLES = roles
        with CaptureQueriesContext(connection) as asked:
            client.get(DESK)
        counts.append(len(asked))
    assert counts == [counts[2] + 1, counts[2], counts[2]]


# --- somebody who has lost it -----------------------------------------------------------------------------------------
def test_an_operator_takes_it_away(world: County, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset()
    world.member.set_password(PASSWORD)
    world.member.save()
    theirs = Client()
    theirs.post("/accounts/login/", {"login": phone_of(world.member), "password": PASSWORD})
    give_app(world.member)
    client, page = signed_in(world.operator), f"/people/{world.member.pk}/factors/take/"
    assert client.post(page).headers["Location"].startswith(f"{DOOR}?next=%2Fpeople%2F")
    assert "刚才的没有保存" in client.get(DOOR).content.decode()
    assert Authenticator.objects.filter(user=world.member).exists()
    prove(client)
    assert page in client.get(f"/people/{world.member.pk}/").content.decode()
    assert "核对清楚是本人" in client.get(page).content.decode()
    assert Authenticator.objects.filter(user=world.member).exists()
    done = client.post(page, follow=True)
    assert "已移除" in done.content.decode()
    assert page not in done.content.decode()
    assert "登录验证被移除" in done.content.decode()
    assert not Authenticator.objects.filter(user=world.member).exists()
    assert theirs.get("/me/").status_code == 302
    assert not UserSession.objects.filter(user=world.member).exists()
    entry = AccessEntry.objects.get(what="factors_taken")
    assert (entry.reader, entry.subject) == (world.operator, world.member)
    assert LogEntry.objects.filter(changes__has_key="factors_taken", object_pk=str(world.member.pk)).count() == 1
    assert client.get(page).status_code == 404


def test_the_person_is_told(world: County, django_capture_on_commit_callbacks: Any) -> None:
    give_app(world.member)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("remove_factors", phone_of(world.member), stdout=io.StringIO())
    assert Notice.objects.get(member=world.member).kind == "factors_taken"
    mine = signed_in(world.member)
    assert "您的登录验证已由管理员移除" in mine.get("/me/notices/").content.decode()
    assert "由服务器上的命令移除" in mine.get("/me/access/").content.decode()


def test_who_may_not_take_it_away(world: County, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset()
    for person in (world.member, world.operator):
        give_app(person)
    page = f"/people/{world.member.pk}/factors/take/"
    for who in (world.organiser, world.secretary, world.auditor, world.member):
        assert signed_in(who).post(page).status_code == 404
    small = UserFactory()
    RoleGrantFactory(user=small, node=world.neighbour, role=Role.OPERATOR)
    assert signed_in(small).post(page).status_code == 404
    own = f"/people/{world.operator.pk}/factors/take/"
    assert signed_in(world.operator).post(own).status_code == 404
    assert Authenticator.objects.count() == 2


def test_the_command_says_what_it_did(world: County) -> None:
    give_app(world.operator)
    out = io.StringIO()
    call_command("remove_factors", phone_of(world.operator), stdout=out)
    assert f"已移除{world.operator.name}的登录验证" in out.getvalue()
    with pytest.raises(CommandError, match="没有设登录验证"):
        call_command("remove_factors", phone_of(world.operator))
    for nobody in ("13899999999", "A-77", " "):
        with pytest.raises(CommandError, match="没有人登记"):
            call_command("remove_factors", nobody)
    assert AccessEntry.objects.get(what="factors_taken").reader is None


def test_the_command_finds_by_the_number_of_the_roster(world: County) -> None:
    """Whoever lost the phone may have lost its number, too."""
    User.objects.filter(pk=world.operator.pk).update(number="A007", phone_index=None, phone_cipher=None)
    give_app(world.operator)
    out = io.StringIO()
    call_command("remove_factors", "a007", stdout=out)
    assert (world.operator.name in out.getvalue(), Authenticator.objects.exists()) == (True, False)
    User.objects.filter(pk=world.secretary.pk).update(number=national(world.member))
    with pytest.raises(CommandError, match="不止一个人"):
        call_command("remove_factors", national(world.member))


def test_it_goes_with_who_left_long_ago(world: County) -> None:
    give_app(world.member)
    take_out_access(member_id=world.member.pk)
    assert not Authenticator.objects.exists()


# --- the setting ------------------------------------------------------------------------------------------------------
def test_the_roles_are_those_of_the_model() -> None:
    assert set(factor_settings.ROLES) == set(Role.values)


def test_roles_are_named_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECOND_FACTOR_ROLES", raising=False)
    assert factor_settings.roles() == frozenset()
    monkeypatch.setenv("SECOND_FACTOR_ROLES", " operator, auditor ,")
    assert factor_settings.roles() == {"operator", "auditor"}
    monkeypatch.setenv("SECOND_FACTOR_ROLES", "operator,admin")
    with pytest.raises(ImproperlyConfigured, match="admin"):
        factor_settings.roles()
