"""A link that lets one person in once: its whole life, through the door."""

import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client
from django.utils import timezone

from config.logs import without_tokens
from organizations import operations as do
from organizations.models import AccessEntry, Left, Membership, SignInLink, User
from organizations.operations import links
from organizations.operations.links import MOST_BY_ONE, MOST_FOR_ONE
from organizations.queries import phone_of
from tests.factories.organizations import PASSWORD, County, UserFactory, make_county
from tests.organizations.authenticator import prove

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NEW_PASSWORD = "a-new-password-7"
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world() -> County:
    return make_county()


@pytest.fixture(autouse=True)
def address(settings: Any) -> None:
    settings.SITE_URL = "https://classroom.example"


def fresh(member: User, **more: Any) -> str:
    """The path of a new link."""
    link = do.make_link(member_id=member.pk, as_of=timezone.now(), **more)
    assert link.startswith("https://classroom.example/accounts/link/")
    return link.removeprefix("https://classroom.example")


def who(client: Client) -> str | None:
    found = client.session.get("_auth_user_id")
    return None if found is None else str(found)


def command(*argv: str) -> str:
    out = io.StringIO()
    call_command(*argv, stdout=out)
    return out.getvalue()


# --- through the door -------------------------------------------------------------------------------------------------
def test_a_command_lets_somebody_in_who_then_sets_a_password(client: Client, world: County) -> None:
    """Finding: ops 8."""
    phone = phone_of(world.member)
    told = command("sign_in_link", phone)
    path = re.search(r"https://classroom\.example(/accounts/link/[\w-]{43}/)", told)[1]
    assert "15 分钟" in told
    assert phone not in told
    for _ in range(3):  # a messenger looks at what it was given
        page = client.get(path)
        assert (page.status_code, who(client)) == (200, None)
    assert client.head(path).status_code == 200
    text = page.content.decode()
    assert world.member.name not in text
    assert world.member.name[0] + "＊" in text
    assert page.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    done = client.post(path, follow=True)
    assert who(client) == str(world.member.pk)
    assert done.request["PATH_INFO"] == "/accounts/password/set/"
    assert "oldpassword" not in done.content.decode()
    client.post("/accounts/password/set/", {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    client.logout()
    client.post("/accounts/login/", {"login": phone, "password": NEW_PASSWORD})
    assert who(client) == str(world.member.pk)


def test_somebody_without_a_number_gets_in(client: Client) -> None:
    person = UserFactory(phone="")
    client.post(fresh(person))
    assert who(client) == str(person.pk)


def test_whoever_forgot_a_password_sets_another_without_the_old_one(client: Client) -> None:
    member, other = UserFactory(password=PASSWORD), UserFactory()
    client.force_login(other)  # a phone on which somebody else is signed in
    page = client.post(fresh(member), follow=True)
    assert page.request["PATH_INFO"] == "/accounts/password/change/"
    assert "oldpassword" not in page.content.decode()
    client.post("/accounts/password/change/", {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)
    assert who(client) == str(member.pk)


def gone(client: Client, path: str) -> bool:
    """Whether the link is dead for looking and for using, and says so."""
    looked, used = client.get(path), client.post(path)
    said = "这条登录链接不能用了" in used.content.decode()
    return (looked.status_code, used.status_code, said, who(client)) == (410, 410, True, None)


def test_a_link_lets_in_once(client: Client, world: County) -> None:
    path = fresh(world.member)
    client.post(path)
    assert who(client) == str(world.member.pk)
    assert gone(Client(), path)


def test_what_ends_a_link(world: County) -> None:
    member, today = world.member, timezone.localdate()

    def another_link() -> None:
        fresh(member)

    def another_number() -> None:
        do.set_phone(member_id=member.pk, phone="13700009999")

    def another_unit() -> None:
        do.transfer_member(member_id=member.pk, node_id=world.neighbour.pk, on_date=today)

    def another_password() -> None:
        member.set_password(NEW_PASSWORD)
        member.save()

    def leaving() -> None:
        do.end_membership(member_id=member.pk, because=Left.DIED, on_date=today, as_of=timezone.now())

    for change in (another_link, another_number, another_unit, another_password, leaving):
        SignInLink.objects.update(made_at=timezone.now() - 2 * HOUR)
        path = fresh(member)
        assert Client().get(path).status_code == 200, change
        change()
        assert gone(Client(), path), change


def test_a_link_runs_out_after_a_quarter_of_an_hour(world: County) -> None:
    made = timezone.now()
    link = do.make_link(member_id=world.member.pk, as_of=made)
    token = link.rstrip("/").rsplit("/", 1)[1]
    with pytest.raises(do.UnableToUseLink):
        do.use_link(token=token, as_of=made + dt.timedelta(minutes=15))
    with pytest.raises(do.UnableToUseLink):
        do.use_link(token=token, as_of=made - dt.timedelta(seconds=1))
    assert do.use_link(token=token, as_of=made + dt.timedelta(minutes=14, seconds=59)) == world.member


@pytest.mark.parametrize("token", ["A" * 43, "x", "%00", "..%2f", "é" * 50, "A" * 2000])
def test_any_other_token_is_gone_and_no_error(client: Client, token: str) -> None:
    for answer in (client.get(f"/accounts/link/{token}/"), client.post(f"/accounts/link/{token}/")):
        assert answer.status_code in {404, 410}


def test_only_looking_and_posting(client: Client, world: County) -> None:
    path = fresh(world.member)
    assert {client.put(path).status_code, client.delete(path).status_code, client.patch(path).status_code} == {405}
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    assert client.get(path).status_code == 200


# --- what is kept -----------------------------------------------------------------------------------------------------
def test_the_link_itself_is_nowhere(client: Client, world: County, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    path = fresh(world.member)
    token = path.split("/")[3]
    client.get(path)
    client.post(path)
    stored = SignInLink.objects.get()
    assert token not in repr(list(SignInLink.objects.values_list()))
    assert (stored.used_at is not None, len(stored.token_hash)) == (True, 64)
    lines = [str(record.msg) + record.getMessage() for record in caplog.records if record.name == "config.middleware"]
    assert lines
    assert not any(token in line for line in lines)
    assert without_tokens(None, "", {"event": f"Gone: {path}"})["event"] == "Gone: /accounts/link/…/"


def test_the_person_and_the_auditor_read_who_made_it_and_that_it_was_used(client: Client, world: County) -> None:
    client.force_login(world.operator)
    prove(client)
    page = client.post(f"/people/{world.member.pk}/link/", follow=True)
    path = re.search(r"/accounts/link/[\w-]{43}/", page.content.decode())[0]
    phone = Client()
    phone.post(path)
    mine = phone.get("/me/access/").content.decode()
    assert "郑管理员" in mine
    assert "给您生成了一个登录链接" in mine
    assert "用登录链接登录了" in mine
    client.force_login(world.auditor)
    listed = client.get("/audit/").content.decode()
    assert "生成登录链接" in listed
    assert "用登录链接登录" in listed
    client.force_login(world.operator)
    card = client.get(f"/people/{world.member.pk}/").content.decode()
    assert "生成了登录链接" in card
    assert "用登录链接登录了" in card


def test_a_command_is_written_down_too(world: County) -> None:
    command("sign_in_link", phone_of(world.member))
    entry = AccessEntry.objects.get()
    assert (entry.reader, entry.subject, entry.what, entry.reason) == (
        None, world.member, "sign_in_link", "由服务器上的命令生成",
    )  # fmt: skip


# --- who may ----------------------------------------------------------------------------------------------------------
def test_only_an_operator_above_makes_one(client: Client, world: County) -> None:
    person = world.member
    for user in (world.member, world.secretary, world.organiser, world.lecturer, world.auditor):
        client.force_login(user)
        assert client.get(f"/people/{person.pk}/link/").status_code == 404
        assert client.post(f"/people/{person.pk}/link/").status_code == 404
    neighbour = UserFactory(name="邻管理员")
    do.grant_role(user_id=neighbour.pk, node_id=world.neighbour.pk, role="operator", on_date=timezone.localdate())
    client.force_login(neighbour)
    assert client.post(f"/people/{person.pk}/link/").status_code == 404
    led = client.post(f"/people/{world.neighbour_member.pk}/link/")
    assert led.headers["Location"].startswith("/accounts/factor/confirm/?next=")
    assert SignInLink.objects.count() == 0
    prove(client)
    assert client.post(f"/people/{world.neighbour_member.pk}/link/").status_code == 302
    assert client.post(f"/people/{10**18}/link/").status_code == 404
    client.logout()
    assert client.post(f"/people/{person.pk}/link/").headers["Location"].startswith("/accounts/login/")
    assert SignInLink.objects.count() == 1


def test_the_page_asks_before_and_shows_the_link_once(client: Client, world: County) -> None:
    client.force_login(world.operator)
    prove(client)
    assert f"/people/{world.member.pk}/link/" in client.get(f"/people/{world.member.pk}/").content.decode()
    asked = client.get(f"/people/{world.member.pk}/link/")
    assert "核对清楚是本人" in asked.content.decode()
    assert SignInLink.objects.count() == 0
    made = client.post(f"/people/{world.member.pk}/link/")
    assert made.headers["Location"] == f"/people/{world.member.pk}/link/"  # loading the answer again makes no other
    assert "/accounts/link/" not in client.get(f"/people/{world.members[1].pk}/link/").content.decode()
    shown = client.get(f"/people/{world.member.pk}/link/")
    assert "classroom.example/accounts/link/" in shown.content.decode()
    assert 'data-copy="link"' in shown.content.decode()
    assert shown.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert SignInLink.objects.count() == 1
    assert "/accounts/link/" not in client.get(f"/people/{world.member.pk}/link/").content.decode()


def test_nobody_who_left_gets_one(client: Client, world: County) -> None:
    phone = phone_of(world.member)
    do.end_membership(
        member_id=world.member.pk, because=Left.STOPPED, on_date=timezone.localdate(), as_of=timezone.now()
    )
    with pytest.raises(do.UnableToMakeLink, match="已经离开"):
        fresh(world.member)
    with pytest.raises(CommandError, match="没有人登记"):
        command("sign_in_link", phone)
    client.force_login(world.operator)
    prove(client)
    answer = client.post(f"/people/{world.member.pk}/link/")
    assert (answer.status_code, "已经离开" in answer.content.decode()) == (422, True)
    other = world.members[1]
    Membership.objects.filter(member=other).update(active_to_date=timezone.localdate())
    with pytest.raises(do.UnableToMakeLink):
        fresh(other)
    assert SignInLink.objects.count() == 0


def test_links_are_few(world: County) -> None:
    for _ in range(MOST_FOR_ONE):
        fresh(world.member)
    with pytest.raises(do.UnableToMakeLink, match="太多"):
        fresh(world.member)
    assert SignInLink.objects.filter(ended_at=None).count() == 1
    SignInLink.objects.update(made_at=timezone.now() - 25 * HOUR)
    fresh(world.member)
    now, rest = timezone.now(), MOST_BY_ONE
    SignInLink.objects.bulk_create(
        SignInLink(
            member=world.members[1], made_by=world.operator, token_hash=str(n), standing="", made_at=now,
            expires_at=now, ended_at=now,
        )
        for n in range(rest)
    )  # fmt: skip
    with pytest.raises(do.UnableToMakeLink, match="太多"):
        fresh(world.members[2], actor_id=world.operator.pk)


def test_a_new_operator_gets_a_link_at_once(client: Client, world: County) -> None:
    """Finding: ops 8."""
    told = command("add_operator", "13700001234", "--name", "新管理员")
    client.post(re.search(r"/accounts/link/[\w-]{43}/", told)[0])
    assert who(client) == str(User.objects.get(name="新管理员").pk)
    assert client.get("/people/").status_code == 200


def test_links_are_deleted_a_day_later_whoever_gets_another(
    world: County, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[[int], Any]
) -> None:
    """Finding: rows of people who never got a second link stayed for good."""
    monkeypatch.setattr(links, "PRUNE_AT_MOST", 2)
    for one in world.members:
        fresh(one)
    with django_assert_num_queries(1):
        assert do.prune_links(as_of=timezone.now() + 23 * HOUR) == 0
    SignInLink.objects.update(made_at=timezone.now() - 25 * HOUR)
    kept = fresh(world.neighbour_member)
    assert [do.prune_links(as_of=timezone.now()) for _turn in range(3)] == [2, 1, 0]
    assert Client().get(kept).status_code == 200


def test_what_changed_while_it_waited_for_the_person_ends_a_link(
    world: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link was looked at, then somebody else had the person's row: another password, and the link is dead."""
    token = fresh(world.member).split("/")[3]
    look = links.open_link

    def looked_at_too_early(token: str, *, as_of: dt.datetime) -> SignInLink | None:
        found = look(token, as_of=as_of)
        if found is not None:
            world.member.set_password(NEW_PASSWORD)
            world.member.save()
        return found

    monkeypatch.setattr(links, "open_link", looked_at_too_early)
    with pytest.raises(do.UnableToUseLink):
        do.use_link(token=token, as_of=timezone.now())
    assert SignInLink.objects.get().used_at is None


@pytest.mark.django_db(transaction=True)
def test_of_two_that_come_together_one_gets_in(world: County) -> None:
    import threading

    path, answers = fresh(world.member), []
    start = threading.Barrier(4)

    def come() -> None:
        start.wait()
        answers.append(Client().post(path).status_code)
        connections.close_all()

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 410, 410, 410]
